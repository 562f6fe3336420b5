"""Who may do what, as pure decisions.

Visibility ``private``: members, the owner and administrators. ``internal``: every account. ``public``: the world, or
every account where the site requires sign-in.
"""

import re
from datetime import timedelta

from modelyard.rooms.access.errors import BadIdempotencyKey
from modelyard.rooms.access.schemas import MemberRole, Visibility
from modelyard.rooms.accounts.schemas import Principal, Role, Scope

ROLES = tuple(MemberRole)
"""From the one that may least on: each may what those before it may."""
ANSWERS_KEPT_FOR = timedelta(days=1)
_KEY = re.compile(r"[!-~]{1,200}")


def may_read(principal: Principal, *, role: MemberRole | None, visibility: Visibility, require_sign_in: bool) -> bool:
    """``role`` is what the principal has there, None for none."""
    return role is not None or visibility in visible_levels(principal, require_sign_in=require_sign_in)


def allows(role: MemberRole | None, needed: MemberRole) -> bool:
    """Whether who has the role (None: none) may do what takes the ``needed`` one."""
    return role is not None and ROLES.index(role) >= ROLES.index(needed)


def highest(*roles: MemberRole | None) -> MemberRole | None:
    """The one that allows most; None where there is none."""
    return max((role for role in roles if role is not None), key=ROLES.index, default=None)


def may_create(principal: Principal) -> bool:
    return principal.role in (Role.CREATOR, Role.ADMINISTRATOR)


def needed_scope(method: str) -> Scope:
    """The scope that a token needs for an HTTP method of the API."""
    return Scope.READ if method in {"GET", "HEAD", "OPTIONS"} else Scope.WRITE


def visible_levels(principal: Principal, *, require_sign_in: bool) -> set[Visibility]:
    """The visibilities that the principal may read in other people's repositories."""
    if not principal.is_anonymous:
        return {Visibility.PUBLIC, Visibility.INTERNAL}
    return set() if require_sign_in else {Visibility.PUBLIC}


def checked_key(key: str) -> str:
    """The ``Idempotency-Key``; raises ``BadIdempotencyKey`` unless it is 1 to 200 printable ASCII characters."""
    if not _KEY.fullmatch(key):
        raise BadIdempotencyKey(
            "The key is not 1 to 200 printable characters without spaces.",
            remedy="Use a random one, such as a UUID.",
            field="Idempotency-Key",
        )
    return key
