"""A server with accounts, repositories and members on a real database, with a clock that tests turn."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from starlette.testclient import TestClient

from modelyard.kit.db import Database
from modelyard.kit.http import check_policies, provide
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.schemas import Role, Scope
from modelyard.rooms.content.ports import StorageBounds
from modelyard.rooms.members import audit_routes, organisation_routes, routes
from modelyard.rooms.repos import discovery_routes, store
from modelyard.rooms.repos import routes as repos_routes
from modelyard.rooms.repos.ports import RepositoryOptions
from modelyard.rooms.usage import service as usage
from modelyard.rooms.usage.ports import UsageOptions
from modelyard.rooms.usage.quotas import StorageQuotas
from modelyard.rooms.usage.schemas import QuotaKind
from rooms.accounts.small_site import SmallSite


class Town(SmallSite):
    def __init__(self, database: Database, root: Path) -> None:
        super().__init__(database)
        provide(self.app, RepositoryOptions, RepositoryOptions(root))
        provide(self.app, StorageBounds, StorageQuotas(database, UsageOptions(), clock=self.clock))
        for module in (repos_routes, discovery_routes, routes, organisation_routes, audit_routes):
            self.app.include_router(module.router)
        check_policies(self.app)
        self.people: dict[str, TestClient] = {}

    def person(self, name: str, role: Role = Role.CREATOR) -> TestClient:
        """A program with a token of this account, which is made at first."""
        if name not in self.people:
            scopes = tuple(Scope) if role is Role.ADMINISTRATOR else (Scope.READ, Scope.WRITE)
            self.people[name] = self.script(self.token(self.account(name, role), *scopes))
        return self.people[name]

    def repository(self, address: str, **wanted: Any) -> str:
        """Made by its owner, who is made where there is nobody; returns the address below ``/api/v1``."""
        owner, _, name = address.partition("/")
        answer = self.person(owner).post("repos", json={"name": name, **wanted})
        assert answer.status_code == 201, answer.text
        return f"repos/{address}"

    def organisation(self, name: str, owner: str) -> str:
        answer = self.person(owner).post("organisations", json={"username": name})
        assert answer.status_code == 201, answer.text
        return f"organisations/{name}"

    def join(self, place: str, by: str, name: str, role: str, *, until: timedelta | None = None) -> None:
        """``by`` invites, ``name`` accepts."""
        ends = {"member_until": (self.clock() + until).isoformat()} if until else {}
        self.person(name)
        asked = self.person(by).post(f"{place}/invitations", json={"username": name, "role": role, **ends})
        assert asked.status_code == 201, asked.text
        joined = self.person(name).post(f"account/invitations/{asked.json()['id']}/accept")
        assert joined.status_code == 200, joined.text

    def hold(self, address: str, size: int) -> None:
        """As if Git held so many bytes of it."""
        found = self.person(address.partition("/")[0]).get(f"repos/{address}").json()
        with self.database.write() as session:
            store.set_git_bytes(session, UUID(found["id"]), size)

    def allow(self, name: str, size: int) -> None:
        """The account may hold so many bytes."""
        with self.database.write() as session:
            account = accounts.find_account(session, name)
            assert account
            usage.set_quotas(session, account.id, {QuotaKind.STORAGE_BYTES: size})
