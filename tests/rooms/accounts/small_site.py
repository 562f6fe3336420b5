"""A server with the accounts room only, on a real database, with a clock that tests turn."""

from datetime import UTC, datetime, timedelta

from fastapi import FastAPI
from starlette.testclient import TestClient

from modelyard.kit.clock import Clock
from modelyard.kit.db import Database
from modelyard.kit.http import check_policies, install_problem_handlers, provide
from modelyard.rooms.accounts import routes, service
from modelyard.rooms.accounts.ports import AccountOptions
from modelyard.rooms.accounts.schemas import Account, Role, Scope
from modelyard.rooms.accounts.throttle import SignInThrottle

URL = "http://site.test"
PASSWORD = "correct horse battery"


class TurnedClock:
    def __init__(self) -> None:
        self.now = datetime(2030, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        self.now += by


class SmallSite:
    def __init__(self, database: Database, *, throttle: SignInThrottle | None = None, **options: object) -> None:
        self.database = database
        self.clock = TurnedClock()
        self.uses = service.TokenUses()
        self.options = AccountOptions(**{"public_url": URL, **options})  # type: ignore[arg-type]
        self.app = FastAPI()
        install_problem_handlers(self.app)
        self.app.include_router(routes.router)
        for kind, part in (
            (Database, database),
            (AccountOptions, self.options),
            (SignInThrottle, throttle or SignInThrottle()),
            (service.TokenUses, self.uses),
            (Clock, self.clock),
        ):
            provide(self.app, kind, part)  # type: ignore[arg-type]
        check_policies(self.app)

    def account(self, username: str, role: Role = Role.CREATOR) -> Account:
        """An account whose password is ``PASSWORD``."""
        with self.database.write() as session:
            return service.create_account(session, username=username, password=PASSWORD, role=role, clock=self.clock)

    def token(self, account: Account, *scopes: Scope, lifetime: timedelta | None = None) -> str:
        with self.database.write() as session:
            made = service.create_token(
                session, account_id=account.id, name="t", scopes=scopes, lifetime=lifetime, clock=self.clock
            )
        return made.secret

    def browser(self, *, origin: str | None = URL, url: str = URL, address: str = "203.0.113.7") -> TestClient:
        """Somebody with a browser: keeps cookies, sends ``Origin``."""
        client = TestClient(
            self.app, base_url=url, client=(address, 50000), headers={"Origin": origin} if origin else {}
        )
        client.base_url = client.base_url.join("/api/v1/")
        return client

    def signed_in(self, username: str) -> TestClient:
        browser = self.browser()
        answer = browser.post("session", json={"username": username, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return browser

    def script(self, secret: str) -> TestClient:
        """A program with a token."""
        return TestClient(self.app, base_url=f"{URL}/api/v1/", headers={"Authorization": f"Bearer {secret}"})
