"""Accounts, and the tokens that act for them: the verbs that other rooms and the routes use.

Signing in and up, sessions and invitations are in ``sign_in``; how the site takes people is in ``site``.
"""

import hashlib
import threading
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit.clock import Clock, system_clock
from modelyard.kit.db import insert_or_ignore
from modelyard.kit.ids import new_id, new_secret
from modelyard.kit.paging import Page, PageRequest, decode_cursor, encode_cursor
from modelyard.rooms.accounts import passwords, rules, store
from modelyard.rooms.accounts.errors import (
    AccountDisabled,
    AccountMissing,
    ExpiredToken,
    InvalidToken,
    LastAdministrator,
    NotAPerson,
    TokenMissing,
    TooManyTokens,
    UsernameTaken,
)
from modelyard.rooms.accounts.schemas import (
    Account,
    AccountKind,
    CreatedAccount,
    CreatedToken,
    Principal,
    Role,
    Scope,
    Token,
    Via,
)
from modelyard.rooms.accounts.tables import AccountRow, TokenRow
from modelyard.rooms.audit import service as audit
from modelyard.rooms.audit.schemas import Action

EXPIRED_TOKENS_SHOWN_FOR = timedelta(days=30)


def principal_of_token(session: Session, secret: str, *, clock: Clock = system_clock) -> Principal:
    """Whom a token stands for; raises ``InvalidToken``, ``ExpiredToken`` or ``AccountDisabled``. Writes nothing."""
    found = store.token_with_account(session, secret_digest(secret))
    if found is None:
        raise InvalidToken(remedy="Make a new token in the settings.")
    token, account = found
    now = clock()
    if rules.is_over(token.expires_at, now=now):
        raise ExpiredToken(f"The token '{token.name}' has expired.", remedy="Make a new token in the settings.")
    if account.disabled:
        raise AccountDisabled(remedy="Ask an administrator.")
    return Principal(
        account_id=account.id,
        username=account.username,
        role=Role(account.role),
        scopes=frozenset(Scope(scope) for scope in token.scopes),
        via=Via.TOKEN,
        only_repository=token.only_repository,
        credential_id=token.id,
        credential=token.name,
        asked_at=now,
    )


def principal_of_session(session: Session, secret: str, *, clock: Clock = system_clock) -> Principal | None:
    """Whom a session cookie stands for; None when it is unknown, over, or its account is disabled."""
    found = store.session_with_account(session, secret_digest(secret))
    if found is None:
        return None
    signed_in, account = found
    now = clock()
    if account.disabled or rules.is_over(signed_in.expires_at, now=now):
        return None
    return Principal(
        account_id=account.id,
        username=account.username,
        role=Role(account.role),
        scopes=frozenset(Scope),
        via=Via.SESSION,
        credential_id=signed_in.id,
        asked_at=now,
    )


def create_account(
    session: Session,
    *,
    username: str,
    password: str | None,
    role: Role,
    display_name: str = "",
    clock: Clock = system_clock,
) -> Account:
    """Makes an account; without a password nobody can sign in to it until one is set.

    Raises ``UsernameRefused``, ``PasswordRefused`` or ``UsernameTaken``. Hashes before it first touches the database,
    so that no lock is held meanwhile.
    """
    password_hash = checked_hash(username=username, password=password) if password is not None else None
    return add_account(
        session, username=username, password_hash=password_hash, role=role, display_name=display_name, clock=clock
    )


def create_account_for(
    session: Session,
    *,
    username: str,
    password: str | None,
    role: Role,
    by: Principal,
    display_name: str = "",
    clock: Clock = system_clock,
) -> CreatedAccount:
    """As ``create_account``, for somebody else: without a password one is generated, and is in the answer."""
    generated = None if password else passwords.new_password()
    account = create_account(
        session,
        username=username,
        password=password or generated,
        role=role,
        display_name=display_name,
        clock=clock,
    )
    tell(session, by, Action.ACCOUNT_CREATED, account, role=role)
    return CreatedAccount(account=account, password=generated)


def add_account(
    session: Session, *, username: str, password_hash: str | None, role: Role, display_name: str, clock: Clock
) -> Account:
    """As ``create_account``, for a password that ``checked_hash`` has seen."""
    rules.check_username(username)
    values = {
        "id": new_id(),
        "username": username,
        "display_name": display_name,
        "role": role.value,
        "password_hash": password_hash,
        "disabled": False,
        "created_at": clock(),
    }
    if not insert_or_ignore(session, AccountRow, values):
        raise UsernameTaken(f"The user name '{username}' is taken.", remedy="Choose another name.", field="username")
    return account_of(require_account(session, username))


def checked_hash(*, username: str, password: str, field: str = "password") -> str:
    """The hash to keep; raises ``UsernameRefused`` or ``PasswordRefused``. Takes tens of milliseconds."""
    rules.check_username(username)
    rules.check_password(password, username=username, field=field)
    return passwords.hash_password(password)


def find_account(session: Session, username: str) -> Account | None:
    row = store.account_named(session, username)
    return account_of(row) if row else None


def find_account_id(session: Session, username: str) -> UUID | None:
    row = store.account_named(session, username)
    return row.id if row else None


def get_account(session: Session, account_id: UUID) -> Account:
    """The account with this id; raises ``AccountMissing``."""
    row = store.account(session, account_id)
    if row is None:
        raise AccountMissing
    return account_of(row)


def list_accounts(session: Session, *, query: str, page: PageRequest) -> Page[Account]:
    """Accounts whose user name or display name contains ``query``, by user name."""
    after = decode_cursor(page.cursor, str)[0] if page.cursor else None
    rows = store.accounts_page(session, query=query, after=after, limit=page.limit)
    more = len(rows) > page.limit
    shown = rows[: page.limit]
    return Page[Account](
        items=[account_of(row) for row in shown], next_cursor=encode_cursor(shown[-1].username) if more else None
    )


def count_accounts(session: Session) -> int:
    return store.count_accounts(session)


def usernames(session: Session, ids: Iterable[UUID]) -> dict[UUID, str]:
    """The user name of each id that exists, in one query."""
    return store.usernames(session, ids)


def present_accounts(session: Session, ids: Iterable[UUID]) -> dict[UUID, Account]:
    """The account of each id that exists, in one query."""
    return {row.id: account_of(row) for row in store.accounts_of(session, ids)}


def ids() -> Any:
    """The ids of all accounts, as a subquery for other rooms."""
    return store.ids()


def rename_account(session: Session, account_id: UUID, *, display_name: str) -> Account:
    """Changes how the account is shown; its user name stays for ever."""
    row = store.account(session, account_id)
    if row is None:
        raise AccountMissing
    row.display_name = display_name
    return account_of(row)


def change_account(
    session: Session,
    username: str,
    *,
    role: Role | None = None,
    disabled: bool | None = None,
    display_name: str | None = None,
    by: Principal,
) -> Account:
    """Changes what is given. Disabling ends the account's sessions; its tokens are refused while it is disabled.

    Raises ``AccountMissing``, and ``LastAdministrator`` when nobody would be left who can administer.
    """
    administrators = store.lock_administrators(session)
    row = require_person(session, username)
    new_role = role or Role(row.role)
    new_disabled = row.disabled if disabled is None else disabled
    if rules.loses_administrator(
        role=Role(row.role), disabled=row.disabled, new_role=new_role, new_disabled=new_disabled
    ) and administrators <= {row.id}:
        raise LastAdministrator(f"'{username}' is the only administrator.", remedy="Make another one first.")
    row.role, row.disabled = new_role.value, new_disabled
    row.display_name = row.display_name if display_name is None else display_name
    if new_disabled:
        store.delete_sessions(session, row.id)
    tell(session, by, Action.ACCOUNT_CHANGED, account_of(row), role=row.role, disabled=row.disabled)
    return account_of(row)


def require_may_grant(principal: Principal, role: Role | None) -> None:
    """Whether an administrator may give this role (None: none is given) by what they showed; else raises
    ``AdministratorsInPerson``."""
    rules.check_grant(principal.via, role=role)


def reset_password(session: Session, username: str, *, by: Principal, password: str | None = None) -> str:
    """Sets a password (a generated one unless given), ends the account's sessions, and returns it."""
    password = password or passwords.new_password()
    password_hash = checked_hash(username=username, password=password)
    row = require_person(session, username)
    row.password_hash = password_hash
    store.delete_sessions(session, row.id)
    tell(session, by, Action.ACCOUNT_PASSWORD, account_of(row))
    return password


def create_token(
    session: Session,
    *,
    account_id: UUID,
    name: str,
    scopes: Collection[Scope],
    lifetime: timedelta | None,
    only_repository: UUID | None = None,
    by: Principal | None = None,
    clock: Clock = system_clock,
) -> CreatedToken:
    """Makes a token (``lifetime`` None: until revoked); its secret is in the answer and nowhere else.

    ``only_repository`` makes one that the site hands out for a single repository: it is not listed, and goes when it
    expires. ``by``: whose doing the audit log calls it; None for one that it does not tell of. Raises ``ScopeNotYours``
    or ``TooManyTokens``.
    """
    account = get_account(session, account_id)
    rules.check_scopes(scopes, role=account.role)
    if only_repository is None and len(store.tokens_of(session, account_id)) >= rules.MAX_TOKENS:
        raise TooManyTokens(f"There are {rules.MAX_TOKENS} tokens already.", remedy="Revoke one that you do not use.")
    secret, now = new_secret("my_token"), clock()
    row = TokenRow(
        id=new_id(),
        account_id=account_id,
        name=name,
        secret_hash=secret_digest(secret),
        hint=secret[-4:],
        scopes=sorted(scopes),
        only_repository=only_repository,
        created_at=now,
        expires_at=now + lifetime if lifetime else None,
        last_used_at=None,
    )
    session.add(row)
    session.flush()
    if by:
        tell(session, by, Action.TOKEN_CREATED, account, name=name, scopes=row.scopes)
    return CreatedToken(**_token_of(row).model_dump(), secret=secret)


def list_tokens(session: Session, account_id: UUID) -> list[Token]:
    """The account's own tokens, newest first."""
    return [_token_of(row) for row in store.tokens_of(session, account_id)]


def revoke_token(session: Session, *, account_id: UUID, token_id: UUID, by: Principal) -> None:
    """Raises ``TokenMissing`` when the account has no such token."""
    row = store.own_token(session, account_id, token_id)
    if row is None:
        raise TokenMissing
    tell(session, by, Action.TOKEN_REVOKED, get_account(session, account_id), name=row.name)
    store.delete_token(session, row)


class TokenUses:
    """When tokens were last used, in memory, so that a request that only reads writes nothing.

    Thread-safe; one per process. A crash forgets at most what came since ``write_token_uses``.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._uses: dict[UUID, datetime] = {}

    def note(self, principal: Principal, *, at: datetime) -> None:
        if principal.via is Via.TOKEN and principal.credential_id:
            with self._lock:
                self._uses[principal.credential_id] = at

    def take(self) -> dict[UUID, datetime]:
        """What was noted since the last time."""
        with self._lock:
            taken, self._uses = self._uses, {}
        return taken


def write_token_uses(session: Session, uses: TokenUses) -> int:
    """Records what was noted, to be called once a minute; says of how many tokens. Revoked ones are passed over."""
    taken = uses.take()
    store.note_token_uses(session, taken)
    return len(taken)


def sweep_expired(session: Session, *, clock: Clock = system_clock) -> int:
    """Removes sessions, invitations and tokens whose time is over; says how many. To be called now and then."""
    return store.delete_expired(session, now=clock(), keep_tokens=EXPIRED_TOKENS_SHOWN_FOR)


def require_account(session: Session, username: str) -> AccountRow:
    row = store.account_named(session, username)
    if row is None:
        raise AccountMissing(f"There is no account '{username[:60]}'.", remedy="Check the user name.")
    return row


def require_person(session: Session, username: str) -> AccountRow:
    """As ``require_account``; raises ``NotAPerson`` for an organisation, which nobody signs in to."""
    row = require_account(session, username)
    if row.kind != AccountKind.PERSON.value:
        raise NotAPerson(f"'{username}' is an organisation.", remedy="Change its members instead.")
    return row


def tell(session: Session, by: Principal, action: Action, account: Account, **details: Any) -> None:
    """Writes to the audit log, in this transaction, what somebody does to the account, or to what is the account's."""
    audit.record(session, by, action, subject=account.username, owner_id=account.id, **details)


def account_of(row: AccountRow) -> Account:
    return Account.model_validate(row, from_attributes=True)


def client_address(peer: str | None, forwarded_for: str | None, *, trusted: Sequence[str]) -> str:
    """Where a request comes from; what it says of that itself counts only where a trusted proxy passed it on."""
    return rules.client_address(peer, forwarded_for, trusted=trusted)


def secret_digest(secret: str) -> str:
    """What the database keeps of a secret. A plain hash is enough for 256 random bits."""
    return hashlib.sha256(secret.encode(errors="surrogateescape")).hexdigest()


def _token_of(row: TokenRow) -> Token:
    return Token.model_validate(row, from_attributes=True)
