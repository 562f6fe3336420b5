"""HTTP of accounts: the session, one's own account and tokens, and what administrators do with people."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response, status

from modelyard.kit.clock import Clock
from modelyard.kit.http import Reading, Writing, clock_of, part_of, provided
from modelyard.kit.paging import Cursor, Limit, Page, PageRequest
from modelyard.rooms.access import policies
from modelyard.rooms.access.idempotency import HOLDS_SECRET, IdempotentRoute
from modelyard.rooms.access.policies import COOKIE, Administrator, Anyone, InPerson, SignedIn
from modelyard.rooms.accounts import rules, service, sign_in, site
from modelyard.rooms.accounts.ports import AccountOptions
from modelyard.rooms.accounts.schemas import (
    Account,
    AccountChanges,
    CreatedAccount,
    CreatedInvitation,
    CreatedToken,
    Credentials,
    Invitation,
    NewAccount,
    NewInvitation,
    NewSignUp,
    NewToken,
    OwnChanges,
    PasswordChange,
    ResetPassword,
    SessionInfo,
    Site,
    SiteChanges,
    Token,
)
from modelyard.rooms.accounts.throttle import SignInThrottle

router = APIRouter(prefix="/api/v1", tags=["accounts"], route_class=IdempotentRoute)


def _clock(request: Request) -> Clock:
    return clock_of(request.app)


def _address(request: Request) -> str:
    return rules.client_address(
        request.client.host if request.client else None,
        request.headers.get("x-forwarded-for"),
        trusted=part_of(request.app, AccountOptions).trusted_proxies,
    )


Options = Annotated[AccountOptions, Depends(provided(AccountOptions))]
Throttle = Annotated[SignInThrottle, Depends(provided(SignInThrottle))]
Now = Annotated[Clock, Depends(_clock)]
Address = Annotated[str, Depends(_address)]
ONLY_HERE = [Depends(policies.from_this_site)]
SECRET = [HOLDS_SECRET]


@router.get("/session", operation_id="get_session")
def get_session(session: Reading, principal: Anyone, options: Options) -> SessionInfo:
    """Who is signed in, if anybody, and how this site takes new people."""
    account = service.get_account(session, principal.account_id) if principal.account_id else None
    return sign_in.describe_session(session, account, options)


@router.post("/session", dependencies=[*ONLY_HERE, *SECRET], operation_id="sign_in")
def open_session(
    reading: Reading,
    session: Writing,
    response: Response,
    credentials: Credentials,
    address: Address,
    options: Options,
    throttle: Throttle,
    clock: Now,
) -> SessionInfo:
    """Signs in: sets the session cookie."""
    account = sign_in.check_credentials(
        reading, username=credentials.username, password=credentials.password, address=address, throttle=throttle
    )
    opened = sign_in.open_session(session, account, options=options, clock=clock)
    _set_cookie(response, opened, options)
    return sign_in.describe_session(reading, account, options)


@router.delete("/session", status_code=status.HTTP_204_NO_CONTENT, operation_id="sign_out")
def close_session(session: Writing, principal: Anyone, response: Response) -> None:
    """Signs out and removes the cookie. Harmless when nobody is signed in."""
    sign_in.close_session(session, principal)
    response.delete_cookie(COOKIE, path="/")


@router.post("/sign-up", dependencies=[*ONLY_HERE, *SECRET], operation_id="sign_up")
def sign_up(
    reading: Reading,
    session: Writing,
    response: Response,
    newcomer: NewSignUp,
    address: Address,
    options: Options,
    throttle: Throttle,
    clock: Now,
) -> SessionInfo:
    """Makes an account for a newcomer and signs it in, where the site or an invitation allows it."""
    opened = sign_in.sign_up(
        session, newcomer, reading=reading, address=address, options=options, throttle=throttle, clock=clock
    )
    _set_cookie(response, opened, options)
    return sign_in.describe_session(reading, opened.account, options)


@router.put("/account/password", status_code=status.HTTP_204_NO_CONTENT, operation_id="change_password")
def change_password(
    reading: Reading, session: Writing, principal: InPerson, change: PasswordChange, throttle: Throttle
) -> None:
    """Changes one's own password, and signs out everywhere else."""
    sign_in.check_own_password(reading, principal, password=change.old_password, throttle=throttle)
    sign_in.set_own_password(session, principal, password=change.new_password)


@router.patch("/account", operation_id="change_own_account")
def change_own_account(session: Writing, principal: SignedIn, changes: OwnChanges) -> Account:
    """Changes what others see of the caller."""
    return service.rename_account(session, policies.own_id(principal), display_name=changes.display_name)


@router.get("/account/tokens", operation_id="list_tokens")
def list_tokens(session: Reading, principal: InPerson) -> Page[Token]:
    """The caller's API tokens, without their secrets, newest first."""
    return Page[Token](items=service.list_tokens(session, policies.own_id(principal)))


@router.post("/account/tokens", status_code=status.HTTP_201_CREATED, dependencies=SECRET, operation_id="create_token")
def create_token(session: Writing, principal: InPerson, wanted: NewToken, clock: Now) -> CreatedToken:
    """Makes an API token; the answer is the only place where it is ever shown."""
    lifetime = timedelta(days=wanted.expires_in_days) if wanted.expires_in_days else None
    return service.create_token(
        session,
        account_id=policies.own_id(principal),
        name=wanted.name,
        scopes=wanted.scopes,
        lifetime=lifetime,
        by=principal,
        clock=clock,
    )


@router.delete("/account/tokens/{token_id}", status_code=status.HTTP_204_NO_CONTENT, operation_id="revoke_token")
def revoke_token(session: Writing, principal: InPerson, token_id: UUID) -> None:
    """Revokes a token at once."""
    service.revoke_token(session, account_id=policies.own_id(principal), token_id=token_id, by=principal)


@router.get("/accounts", operation_id="list_accounts")
def list_accounts(
    session: Reading,
    _principal: Administrator,
    q: Annotated[str, Query(max_length=200, description="Looked for in user name and display name.")] = "",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Account]:
    """All accounts, by user name."""
    return service.list_accounts(session, query=q, page=PageRequest(limit=limit, cursor=cursor))


@router.post("/accounts", status_code=status.HTTP_201_CREATED, dependencies=SECRET, operation_id="create_account")
def create_account(session: Writing, principal: Administrator, wanted: NewAccount, clock: Now) -> CreatedAccount:
    """Makes an account; without a password, the one generated is in the answer and nowhere else."""
    service.require_may_grant(principal, wanted.role)
    return service.create_account_for(
        session,
        username=wanted.username,
        password=wanted.password,
        role=wanted.role,
        by=principal,
        display_name=wanted.display_name,
        clock=clock,
    )


@router.patch("/accounts/{username}", operation_id="change_account")
def change_account(session: Writing, principal: Administrator, username: str, changes: AccountChanges) -> Account:
    """Changes an account's role or display name, or disables or enables it. The last administrator stays one."""
    service.require_may_grant(principal, changes.role)
    return service.change_account(
        session,
        username,
        role=changes.role,
        disabled=changes.disabled,
        display_name=changes.display_name,
        by=principal,
    )


@router.post("/accounts/{username}/password", dependencies=SECRET, operation_id="reset_password")
def reset_password(session: Writing, principal: Administrator, _person: InPerson, username: str) -> ResetPassword:
    """Gives the account a generated password, shown this once, and signs it out everywhere."""
    return ResetPassword(password=service.reset_password(session, username, by=principal))


@router.get("/invitations", operation_id="list_invitations")
def list_invitations(session: Reading, _principal: Administrator, clock: Now) -> Page[Invitation]:
    """Invitations that can still be used, newest first."""
    return Page[Invitation](items=sign_in.list_invitations(session, clock=clock))


@router.post("/invitations", status_code=status.HTTP_201_CREATED, dependencies=SECRET, operation_id="create_invitation")
def create_invitation(
    session: Writing, principal: Administrator, wanted: NewInvitation, options: Options, clock: Now
) -> CreatedInvitation:
    """Makes a single-use right to sign up; the answer is the only place where its address is ever shown."""
    service.require_may_grant(principal, wanted.role)
    return sign_in.create_invitation(
        session,
        role=wanted.role,
        lifetime=timedelta(days=wanted.expires_in_days),
        by=principal,
        options=options,
        clock=clock,
    )


@router.delete("/invitations/{invitation_id}", status_code=status.HTTP_204_NO_CONTENT, operation_id="delete_invitation")
def delete_invitation(session: Writing, _principal: Administrator, invitation_id: UUID) -> None:
    """Takes an invitation back."""
    sign_in.delete_invitation(session, invitation_id)


@router.get("/site", operation_id="get_site")
def get_site(session: Reading, _principal: Anyone, options: Options) -> Site:
    """How this site takes new people."""
    return site.read_site(session, options)


@router.patch("/site", operation_id="change_site")
def change_site(session: Writing, principal: Administrator, changes: SiteChanges, options: Options, clock: Now) -> Site:
    """Opens or closes sign-up; it holds at once."""
    return site.change_site(
        session, options, sign_up=changes.sign_up, sign_up_role=changes.sign_up_role, by=principal, clock=clock
    )


def _set_cookie(response: Response, opened: sign_in.OpenedSession, options: AccountOptions) -> None:
    response.set_cookie(
        COOKIE,
        opened.secret,
        max_age=int(opened.lifetime.total_seconds()),
        path="/",
        secure=options.public_url.startswith("https:"),
        httponly=True,
        samesite="lax",
    )
