"""Who may do what, as pure decisions.

Visibility ``private``: the owner and administrators. ``internal``: every account. ``public``: the world, or every
account where the site requires sign-in.
"""

import re
from datetime import timedelta
from uuid import UUID

from modelyard.rooms.access.errors import BadIdempotencyKey
from modelyard.rooms.access.schemas import Visibility
from modelyard.rooms.accounts.schemas import Principal, Role, Scope

ANSWERS_KEPT_FOR = timedelta(days=1)
_KEY = re.compile(r"[!-~]{1,200}")


def may_read(principal: Principal, *, owner_id: UUID, visibility: Visibility, require_sign_in: bool) -> bool:
    if owns(principal, owner_id=owner_id):
        return True
    if visibility is Visibility.PUBLIC:
        return not (principal.is_anonymous and require_sign_in)
    return visibility is Visibility.INTERNAL and not principal.is_anonymous


def owns(principal: Principal, *, owner_id: UUID) -> bool:
    """Whether the principal may change, publish and delete what the account owns."""
    return principal.is_administrator or (not principal.is_anonymous and principal.account_id == owner_id)


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
