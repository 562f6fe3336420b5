"""FastAPI dependencies that routes declare: who may call. Each gives the route its ``Principal``.

A caller proves who they are by session cookie, ``Authorization: Bearer <token>``, or Basic with a token as password
(git, Docker). A session cookie counts on unsafe methods only when ``Origin`` is this site (CSRF).
"""

import base64
import binascii
from dataclasses import replace
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from modelyard.kit.http import Reading, clock_of, part_if_any, part_of, policy
from modelyard.rooms.access import rules
from modelyard.rooms.access.errors import CrossSiteRequest, RoleMissing, ScopeMissing, SessionRequired, SignInRequired
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.ports import AccountOptions
from modelyard.rooms.accounts.schemas import ANONYMOUS, Principal, Scope, Via

COOKIE = "modelyard_session"
NOBODY = "nobody"
"""A bearer token that stands for the anonymous principal; registry clients insist on having one."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def authenticate(request: Request, session: Session) -> Principal:
    """Who asks; anonymous when nothing is presented. Wrong credentials raise ``Unauthenticated``."""
    principal = _shown(request, session)
    return principal if principal.is_anonymous else replace(principal, address=client_address(request)[:100])


def bearer_of(authorization: str | None) -> str | None:
    """The token in an ``Authorization`` header: Bearer, or the password of Basic."""
    kind, _, value = (authorization or "").partition(" ")
    if kind.lower() == "bearer":
        return value.strip() or None
    basic = basic_of(authorization)
    return basic[1] or None if basic else None


def basic_of(authorization: str | None) -> tuple[str, str] | None:
    """User name and password in an ``Authorization: Basic`` header; None for anything else."""
    kind, _, value = (authorization or "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        username, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return username, password


def site_url(request: Request) -> str:
    """The site's address for clients that are told to call another of its routes, without a slash at its end.

    Where only the default is configured, which is this machine's name for itself, it is the address that was called:
    another name would be another site to the client, with other credentials, or none at all on another machine.
    """
    configured = part_of(request.app, AccountOptions).public_url.rstrip("/")
    is_default = urlsplit(configured).hostname == "localhost"
    return str(request.base_url).rstrip("/") if is_default else configured


def client_address(request: Request) -> str:
    """Where the request comes from, for counting attempts."""
    return accounts.client_address(
        request.client.host if request.client else None,
        request.headers.get("x-forwarded-for"),
        trusted=part_of(request.app, AccountOptions).trusted_proxies,
    )


def own_id(principal: Principal) -> UUID:
    """The id of a caller whom a policy has found to be signed in."""
    if principal.account_id is None:
        raise SignInRequired
    return principal.account_id


def _shown(request: Request, session: Session) -> Principal:
    clock = clock_of(request.app)
    secret = bearer_of(request.headers.get("authorization"))
    if secret == NOBODY:
        return ANONYMOUS
    if secret:
        principal = accounts.principal_of_token(session, secret, clock=clock)
        if uses := part_if_any(request.app, accounts.TokenUses):
            uses.note(principal, at=clock())
        return principal
    cookie = request.cookies.get(COOKIE)
    signed_in = accounts.principal_of_session(session, cookie, clock=clock) if cookie else None
    if signed_in is None:
        return ANONYMOUS
    if request.method not in SAFE_METHODS:
        _require_same_origin(request)
    return signed_in


def _authenticated(request: Request, session: Reading) -> Principal:
    principal = authenticate(request, session)
    if principal.only_repository and rules.needed_scope(request.method) is Scope.WRITE:
        raise ScopeMissing(remedy="Use a token that is not limited to one repository.")
    return principal


Caller = Annotated[Principal, Depends(_authenticated)]


@policy("anyone")
def anyone(request: Request, principal: Caller) -> Principal:
    """Everybody, known or not; a token still needs the scope of the method."""
    require_scope(principal, rules.needed_scope(request.method))
    return principal


def ask_again(request: Request, session: Session) -> Principal:
    """As ``anyone``, for answers that last: who asks, by what they showed at the beginning, as it counts now."""
    return anyone(request, _authenticated(request, session))


@policy("reader")
def reader(principal: Caller) -> Principal:
    """Everybody, known or not, for reading whatever the HTTP method (Git, LFS and registry clients POST to read)."""
    require_scope(principal, Scope.READ)
    return principal


@policy("writer")
def writer(principal: Caller) -> Principal:
    """Everybody, known or not, for writing whatever the HTTP method (foreign clients GET what a push begins with)."""
    require_scope(principal, Scope.WRITE)
    return principal


@policy("public")
def public() -> None:
    """Everybody; the route does not care who asks."""


@policy("signed in")
def signed_in(request: Request, principal: Caller) -> Principal:
    if principal.is_anonymous:
        raise SignInRequired(remedy="Sign in, or send a token in the Authorization header.")
    require_scope(principal, rules.needed_scope(request.method))
    return principal


@policy("from this site")
def from_this_site(request: Request) -> None:
    """Everybody, but a browser only from this site's pages: nobody is to be signed in by another site unawares."""
    if "origin" in request.headers:
        _require_same_origin(request)


@policy("in person")
def in_person(principal: Annotated[Principal, Depends(signed_in)]) -> Principal:
    """Signed in with a password: a token cannot make itself another token, or take the account over."""
    if principal.via is not Via.SESSION:
        raise SessionRequired(remedy="Sign in on the site, or with POST /api/v1/session.")
    return principal


@policy("creator")
def creator(principal: Annotated[Principal, Depends(signed_in)]) -> Principal:
    if not rules.may_create(principal):
        raise RoleMissing("Readers cannot create.", remedy="Ask an administrator for the role 'creator'.")
    return principal


@policy("administrator")
def administrator(principal: Annotated[Principal, Depends(signed_in)]) -> Principal:
    if not principal.is_administrator:
        raise RoleMissing("Only administrators may do this.", remedy="Ask an administrator.")
    require_scope(principal, Scope.ADMIN)
    return principal


Anyone = Annotated[Principal, Depends(anyone)]
Reader = Annotated[Principal, Depends(reader)]
Writer = Annotated[Principal, Depends(writer)]
InPerson = Annotated[Principal, Depends(in_person)]
SignedIn = Annotated[Principal, Depends(signed_in)]
Creator = Annotated[Principal, Depends(creator)]
Administrator = Annotated[Principal, Depends(administrator)]


def require_scope(principal: Principal, scope: Scope) -> None:
    """Raises ``ScopeMissing`` for a token without the scope."""
    if principal.via is Via.TOKEN and scope not in principal.scopes:
        raise ScopeMissing(f"The token lacks the scope '{scope}'.", remedy="Make a token with that scope.")


def _require_same_origin(request: Request) -> None:
    """Browsers send ``Origin`` with every unsafe request; a foreign or missing one is refused."""
    origin = request.headers.get("origin", "")
    here = {request.headers.get("host", ""), urlsplit(part_of(request.app, AccountOptions).public_url).netloc}
    if urlsplit(origin).netloc not in here - {""}:
        raise CrossSiteRequest(remedy="Open the site itself and try again there.")
