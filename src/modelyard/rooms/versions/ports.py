"""What versions ask of the rooms above them."""

from typing import Protocol
from uuid import UUID

from sqlalchemy.orm import Session


class VersionUsers(Protocol):
    """Knows what stands on a version; implemented by the room that serves."""

    def why_kept(self, session: Session, *, repository_id: UUID, number: int) -> str | None:
        """Why the version may not be deleted now (``the alias production points at it``), or None."""
        ...
