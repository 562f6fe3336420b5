"""A box among the others of the pool, and the right to send it a request."""

from dataclasses import dataclass
from datetime import datetime

from modelyard.rooms.serving.fleet import Box
from modelyard.rooms.serving.rules import Key
from modelyard.rooms.serving.upstream import Upstream


@dataclass(slots=True, eq=False)
class Member:
    """A box that is ready, with its connections and its present load.

    ``stored`` is the number of its last prediction that is in the database; ``asked`` is when it had last been used,
    and what the pool's generation was, when it was last asked for more.
    """

    box: Box
    upstream: Upstream
    last_used: datetime
    busy: int = 0
    leaving: bool = False
    stored: int = 0
    asked: tuple[datetime, int] | None = None

    @property
    def key(self) -> Key:
        return self.box.repository_id, self.box.version


@dataclass(slots=True)
class Lease:
    """The right to send one request to a box. ``cold_start`` is how long its start was waited for, in seconds."""

    member: Member
    cold_start: float | None
