"""Who acts, as this room sees them: the room of accounts stands above it."""

from datetime import datetime
from typing import Protocol
from uuid import UUID


class Actor(Protocol):
    """A principal. ``asked_at``: when they asked; ``credential``: the name of the token that they showed, if any."""

    @property
    def account_id(self) -> UUID | None: ...
    @property
    def username(self) -> str | None: ...
    @property
    def via(self) -> str: ...
    @property
    def credential(self) -> str | None: ...
    @property
    def address(self) -> str | None: ...
    @property
    def asked_at(self) -> datetime: ...
