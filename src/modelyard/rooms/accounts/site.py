"""How the site takes new people: the configuration, until an administrator changes it in the running site."""

from sqlalchemy.orm import Session

from modelyard.kit.clock import Clock, system_clock
from modelyard.rooms.accounts import store
from modelyard.rooms.accounts.ports import AccountOptions
from modelyard.rooms.accounts.schemas import Principal, Role, SignUp, Site
from modelyard.rooms.audit import service as audit
from modelyard.rooms.audit.schemas import Action

SETTING = "sign_up"


def read_site(session: Session, options: AccountOptions) -> Site:
    changed = store.site_setting(session, SETTING) or {}
    return Site(
        sign_up=SignUp(changed.get("mode", options.sign_up)),
        sign_up_role=Role(changed.get("role", options.sign_up_role)),
        require_sign_in=options.require_sign_in,
    )


def change_site(
    session: Session,
    options: AccountOptions,
    *,
    sign_up: SignUp | None,
    sign_up_role: Role | None,
    by: Principal,
    clock: Clock = system_clock,
) -> Site:
    """Changes what is given; it holds from the next request on, for every process."""
    site = read_site(session, options)
    value = {"mode": (sign_up or site.sign_up).value, "role": (sign_up_role or site.sign_up_role).value}
    store.set_site_setting(session, SETTING, value, now=clock())
    audit.record(session, by, Action.SITE_CHANGED, subject="site", sign_up=value["mode"], sign_up_role=value["role"])
    return read_site(session, options)
