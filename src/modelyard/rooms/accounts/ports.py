"""What the accounts room is told by the configuration."""

from dataclasses import dataclass, field
from datetime import timedelta

from modelyard.rooms.accounts.schemas import Role, SignUp


@dataclass(frozen=True, slots=True)
class AccountOptions:
    """``public_url`` is the address people open (scheme decides whether cookies are Secure).

    ``sign_up`` and ``sign_up_role`` (what an uninvited newcomer gets) hold until an administrator changes them in the
    running site. ``require_sign_in``: whether ``public`` means every account instead of the world.
    ``trusted_proxies``: addresses or networks whose ``X-Forwarded-For`` is believed; ``local`` is a proxy on a Unix
    socket.
    """

    public_url: str
    sign_up: SignUp = SignUp.CLOSED
    sign_up_role: Role = Role.READER
    require_sign_in: bool = False
    session_lifetime: timedelta = timedelta(days=14)
    trusted_proxies: tuple[str, ...] = field(default=())
