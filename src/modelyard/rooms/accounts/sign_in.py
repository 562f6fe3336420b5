"""Signing in, up and out; invitations; changing one's own password."""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit.clock import Clock, system_clock
from modelyard.kit.ids import new_id, new_secret
from modelyard.rooms.accounts import passwords, rules, service, site, store
from modelyard.rooms.accounts.errors import (
    AccountDisabled,
    AccountMissing,
    InvitationMissing,
    InvitationUnusable,
    SignUpNotOpen,
    WrongCredentials,
    WrongPassword,
)
from modelyard.rooms.accounts.ports import AccountOptions
from modelyard.rooms.accounts.schemas import (
    Account,
    CreatedInvitation,
    Invitation,
    NewSignUp,
    Principal,
    Role,
    SessionInfo,
)
from modelyard.rooms.accounts.tables import AccountRow, InvitationRow, SessionRow
from modelyard.rooms.accounts.throttle import SignInThrottle
from modelyard.rooms.audit import service as audit
from modelyard.rooms.audit.schemas import Action


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A fresh session; ``secret`` is the cookie's value and is kept nowhere."""

    account: Account
    secret: str
    lifetime: timedelta


def describe_session(session: Session, account: Account | None, options: AccountOptions) -> SessionInfo:
    """Who is signed in (None: nobody), and how the site takes new people."""
    now = site.read_site(session, options)
    return SessionInfo(account=account, sign_up=now.sign_up, require_sign_in=now.require_sign_in)


def check_credentials(
    session: Session, *, username: str, password: str, address: str, throttle: SignInThrottle
) -> Account:
    """Whose user name and password these are. Only reads: the hash takes time, and no write lock must be held for it.

    Raises ``TooManySignIns`` before the password is looked at, ``WrongCredentials`` (after the same work for an unknown
    name as for a wrong password), or ``AccountDisabled``, which only the right password gets to see.
    """
    username = username.strip().lower()
    throttle.count(address=address, username=username)
    row = store.account_named(session, username)
    if not passwords.verify_password(password, row.password_hash if row else None) or row is None:
        raise WrongCredentials(remedy="Check both, or ask an administrator to reset the password.")
    throttle.forget(address=address, username=username)
    if row.disabled:
        raise AccountDisabled(remedy="Ask an administrator.")
    return service.account_of(row)


def open_session(
    session: Session, account: Account, *, options: AccountOptions, clock: Clock = system_clock
) -> OpenedSession:
    """Signs the account in, after its credentials were checked."""
    secret, now = new_secret("my_session"), clock()
    row = SessionRow(
        id=new_id(),
        account_id=account.id,
        secret_hash=service.secret_digest(secret),
        created_at=now,
        expires_at=now + options.session_lifetime,
    )
    session.add(row)
    session.flush()
    return OpenedSession(account, secret, options.session_lifetime)


def close_session(session: Session, principal: Principal) -> None:
    """Signs out; harmless when nobody is signed in."""
    if principal.credential_id:
        store.delete_session(session, principal.credential_id)


def sign_up(
    session: Session,
    newcomer: NewSignUp,
    *,
    reading: Session,
    address: str,
    options: AccountOptions,
    throttle: SignInThrottle,
    clock: Clock = system_clock,
) -> OpenedSession:
    """Makes the newcomer's account and signs it in, where the site or an invitation allows it.

    Asks ``reading`` first, so that ``session`` holds no lock while the password is hashed. Raises ``SignUpNotOpen``,
    ``InvitationUnusable``, ``TooManySignIns`` and what ``create_account`` raises.
    """
    throttle.count(address=address, username=newcomer.username)
    _welcome(reading, newcomer.invitation, options=options, clock=clock, lock=False)
    password_hash = service.checked_hash(username=newcomer.username, password=newcomer.password)
    role, invitation = _welcome(session, newcomer.invitation, options=options, clock=clock, lock=True)
    account = service.add_account(
        session,
        username=newcomer.username,
        password_hash=password_hash,
        role=role,
        display_name=newcomer.display_name,
        clock=clock,
    )
    if invitation:
        invitation.used_by = account.id
    return open_session(session, account, options=options, clock=clock)


def check_own_password(session: Session, principal: Principal, *, password: str, throttle: SignInThrottle) -> None:
    """Raises ``WrongPassword`` unless it is the caller's. Only reads.

    Guessing is limited as signing in is: a stolen session must not become a stolen password.
    """
    row = _own_account(session, principal)
    address = f"account {row.id}"
    throttle.count(address=address, username=row.username)
    if not passwords.verify_password(password, row.password_hash):
        raise WrongPassword(remedy="Type the password that you signed in with.", field="old_password")
    throttle.forget(address=address, username=row.username)


def set_own_password(session: Session, principal: Principal, *, password: str) -> None:
    """Sets the caller's password and ends their other sessions; raises ``PasswordRefused``."""
    password_hash = service.checked_hash(username=principal.username or "", password=password, field="new_password")
    row = _own_account(session, principal)
    row.password_hash = password_hash
    store.delete_sessions(session, row.id, but=principal.credential_id)


def create_invitation(
    session: Session,
    *,
    role: Role,
    lifetime: timedelta,
    by: Principal,
    options: AccountOptions,
    clock: Clock = system_clock,
) -> CreatedInvitation:
    """A single-use right to sign up. Its secret is in the answer and nowhere else."""
    secret, now = new_secret("my_invitation"), clock()
    row = InvitationRow(
        id=new_id(),
        secret_hash=service.secret_digest(secret),
        role=role.value,
        created_by=by.account_id,
        used_by=None,
        created_at=now,
        expires_at=now + lifetime,
    )
    session.add(row)
    session.flush()
    audit.record(session, by, Action.SITE_INVITED, subject="site", role=role, expires_at=row.expires_at.isoformat())
    url = f"{options.public_url.rstrip('/')}/sign-up?invitation={quote(secret)}"
    return CreatedInvitation(**_invitation_of(row).model_dump(), secret=secret, url=url)


def list_invitations(session: Session, *, clock: Clock = system_clock) -> list[Invitation]:
    """Invitations that can still be used, newest first."""
    return [_invitation_of(row) for row in store.open_invitations(session, now=clock())]


def delete_invitation(session: Session, invitation_id: UUID) -> None:
    """Takes an invitation back; raises ``InvitationMissing``."""
    if not store.delete_invitation(session, invitation_id):
        raise InvitationMissing


def _welcome(
    session: Session, secret: str | None, *, options: AccountOptions, clock: Clock, lock: bool
) -> tuple[Role, InvitationRow | None]:
    """The role for a newcomer, and the invitation that gives it; raises when the site does not take them."""
    invitation = _usable_invitation(session, secret, clock=clock, lock=lock) if secret else None
    now = site.read_site(session, options)
    invited_as = Role(invitation.role) if invitation else None
    role = rules.sign_up_role(now.sign_up, invited_as=invited_as, open_role=now.sign_up_role)
    if role is None:
        raise SignUpNotOpen(remedy="Ask an administrator for an invitation or an account.")
    return role, invitation


def _usable_invitation(session: Session, secret: str, *, clock: Clock, lock: bool) -> InvitationRow:
    row = store.invitation_for(session, service.secret_digest(secret), lock=lock)
    if row is None or row.used_by is not None or rules.is_over(row.expires_at, now=clock()):
        raise InvitationUnusable(
            "The invitation was used, taken back, or is too old.", remedy="Ask for a new one.", field="invitation"
        )
    return row


def _own_account(session: Session, principal: Principal) -> AccountRow:
    row = store.account(session, principal.account_id) if principal.account_id else None
    if row is None:
        raise AccountMissing
    return row


def _invitation_of(row: InvitationRow) -> Invitation:
    return Invitation.model_validate(row, from_attributes=True)
