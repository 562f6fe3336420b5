"""``owner/name`` with or without a version, as people type it."""

import re
from dataclasses import dataclass

from modelyard.apps.cli.exits import UsageError
from modelyard_client import Client, NotSignedIn

_ADDRESS = re.compile(r"(?:(?P<owner>[^/:@\s]+)/)?(?P<name>[^/:@\s]+)(?:[:@]v?(?P<version>\d+))?")


@dataclass(frozen=True, slots=True)
class Address:
    """``repository`` is ``owner/name``; ``version`` None: none was named."""

    repository: str
    version: int | None

    @property
    def name(self) -> str:
        return self.repository.rpartition("/")[2]

    def __str__(self) -> str:
        return f"{self.repository}:v{self.version}" if self.version else self.repository


def read_address(client: Client, text: str) -> Address:
    """``owner/name``, ``owner/name:v3`` or ``owner/name@v3``; without an owner it is the caller's own.

    Raises ``UsageError`` for anything else.
    """
    found = _ADDRESS.fullmatch(text)
    if not found:
        raise UsageError(f"'{text}' is not a repository.", remedy="Write owner/name, or owner/name:v3 for a version.")
    owner = found["owner"] or own_name(client)
    return Address(f"{owner}/{found['name']}", int(found["version"]) if found["version"] else None)


def own_name(client: Client) -> str:
    """The caller's; raises ``NotSignedIn`` for nobody."""
    account = client.get_session()["account"]
    if account is None:
        raise NotSignedIn("Whose repository is it?", code="sign_in_required")
    return account["username"]
