"""What the accounts room is told by the configuration."""

from dataclasses import dataclass, field
from datetime import timedelta

from modelyard.rooms.accounts.schemas import SignUp


@dataclass(frozen=True, slots=True)
class AccountOptions:
    """``public_url`` is the address people open (scheme decides whether cookies are Secure).

    ``require_sign_in``: whether ``public`` means every account instead of the world. ``trusted_proxies``: addresses
    whose ``X-Forwarded-For`` is believed.
    """

    public_url: str
    sign_up: SignUp = SignUp.CLOSED
    require_sign_in: bool = False
    session_lifetime: timedelta = timedelta(days=14)
    trusted_proxies: tuple[str, ...] = field(default=())
