"""Who sends the fuzzed requests."""

from dataclasses import dataclass, field

import requests

from support.server import Server

OF_ADMINISTRATORS = {
    "list_accounts",
    "create_account",
    "change_account",
    "set_quotas",
    "reset_password",
    "change_site",
    "diagnose",
    "list_all_runs",
    "list_runners",
}
OF_PEOPLE = {"reset_password"}
"""Operations of administrators that no token may call."""


@dataclass
class People:
    """The owner of what is there, with a token and in a browser, and an administrator in a browser."""

    server: Server
    owner: str
    password: str
    token: str
    administrator: tuple[str, str]
    cookies: dict[str, dict[str, str]] = field(default_factory=dict)
    addresses: int = 0

    def sender(self, label: str, operation_id: str) -> requests.Session:
        """Somebody who may do it: an administrator, the owner with a token, or one of the two in a browser."""
        if operation_id in OF_PEOPLE:
            return self.signed_in(*self.administrator)
        if "/account" in label and "/accounts" not in label:
            return self.owner_in_browser()
        administrator = operation_id in OF_ADMINISTRATORS or "/v1/invitations" in label
        connection = requests.Session()
        connection.headers["Authorization"] = f"Bearer {self.server.token if administrator else self.token}"
        return connection

    def signed_in(self, username: str, password: str) -> requests.Session:
        """Signed in once: sign-in is itself fuzzed, until it is rate-limited."""
        connection = requests.Session()
        connection.headers["Origin"] = self.server.url.replace("127.0.0.1", "localhost")
        if username not in self.cookies:
            credentials = {"username": username, "password": password}
            connection.post(f"{self.server.url}/api/v1/session", json=credentials).raise_for_status()
            self.cookies[username] = connection.cookies.get_dict()
        connection.cookies.update(self.cookies[username])
        return connection

    def next_address(self) -> str:
        """Somewhere else each time, so that attempts to sign in are not counted together."""
        self.addresses += 1
        return f"10.9.{self.addresses // 250}.{self.addresses % 250 + 1}"

    def owner_in_browser(self) -> requests.Session:
        return self.signed_in(self.owner, self.password)
