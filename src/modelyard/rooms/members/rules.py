"""Decisions about members, without input or output."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from modelyard.rooms.access import service as access
from modelyard.rooms.access.schemas import MemberRole, Membership
from modelyard.rooms.members.errors import LastOwner, MembershipInvalid, RoleTooHigh

TRANSFER_LIFETIME = timedelta(days=7)


def check_gift(given: MemberRole, *, own: MemberRole | None) -> None:
    """Raises ``RoleTooHigh`` where somebody whose role is ``own`` gives a higher one."""
    if not access.allows(own, given):
        raise RoleTooHigh(f"The role '{given}' is more than yours.", remedy="Ask an owner.", field="role")


def check_end(until: datetime | None, *, now: datetime, field: str = "expires_at") -> None:
    """Raises ``MembershipInvalid`` for a membership that would be over already; ``field`` is what asked for it."""
    if until is not None and until <= now:
        raise MembershipInvalid("It would have ended already.", remedy="Choose a later time, or none.", field=field)


def check_owner_stays(
    members: Iterable[Membership], account_id: UUID, *, role: MemberRole | None, expires_at: datetime | None
) -> None:
    """Raises ``LastOwner`` where nobody would own it for good once the account has this role (None: none).

    An owner whose membership ends by itself does not count: its end would leave nobody.
    """
    stays = role is MemberRole.OWNER and expires_at is None
    others = (m for m in members if m.account_id != account_id)
    if not stays and not any(m.role is MemberRole.OWNER and m.expires_at is None for m in others):
        raise LastOwner("Nobody would own it for good.", remedy="Make somebody else an owner first, without an end.")
