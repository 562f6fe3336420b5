"""The registry's door: clients are sent to ``/v2/token`` with their user name and password, or an API token as the
password, and come back with a short-lived token for one repository.

A client that asks to push where there is nothing yet pushes for the first time: the repository is made for the token.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from modelyard.kit.db import Database
from modelyard.kit.http import provided
from modelyard.rooms.access import policies as access
from modelyard.rooms.access.errors import ScopeMissing
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts import sign_in
from modelyard.rooms.accounts.schemas import Principal, Scope, Via
from modelyard.rooms.accounts.throttle import SignInThrottle
from modelyard.rooms.images import policies
from modelyard.rooms.images.errors import RegistrySignIn
from modelyard.rooms.images.registry_answers import VERSION_HEADER, RegistryRoute
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.errors import RepositoryMissing
from modelyard.rooms.repos.schemas import Repository

NOTHING = UUID(int=0)
TOKEN_PREFIX = "my_token_"  # noqa: S105 (how every token begins)
TOKEN_LIFETIME = timedelta(minutes=15)

router = APIRouter(prefix="/v2", route_class=RegistryRoute, include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The one repository that a token is asked for, and whether to push to it."""

    owner: str
    name: str
    push: bool


@router.get("/")
def check(principal: access.Reader, request: Request) -> Response:
    """Says that this is a registry, to those who have a token."""
    if not access.bearer_of(request.headers.get("authorization")):
        raise RegistrySignIn
    return JSONResponse({}, headers=VERSION_HEADER)


@router.get("/token")
def give_token(
    request: Request,
    database: Annotated[Database, Depends(provided(Database))],
    throttle: Annotated[SignInThrottle, Depends(provided(SignInThrottle))],
    _: Annotated[None, Depends(access.public)],
    scope: Annotated[list[str] | None, Query(description="`repository:owner/name:pull,push`")] = None,
) -> Response:
    """Exchanges user name and password for a token for one repository; without them, for nobody's."""
    basic = access.basic_of(request.headers.get("authorization"))
    if basic is None:
        return _token_response(access.NOBODY)
    wanted = parse_scopes(scope or [])
    with database.read() as session:
        principal = _principal(session, request, basic, throttle)
    repository = _repository(request, database, principal, wanted) if wanted else None
    pushes = bool(wanted and wanted.push and repository and repository.can_write and Scope.WRITE in principal.scopes)
    with database.write() as session:
        token = accounts.create_token(
            session,
            account_id=access.own_id(principal),
            name="registry",
            scopes=[Scope.READ, Scope.WRITE] if pushes else [Scope.READ],
            lifetime=TOKEN_LIFETIME,
            only_repository=repository.id if repository else NOTHING,
        )
    return _token_response(token.secret)


def parse_scopes(scopes: list[str]) -> Wanted | None:
    """The repository to push to, else the first one; None for none. What else is asked for is not given."""
    found = [wanted for text in scopes for each in text.split(" ") if (wanted := _parse_scope(each))]
    return next((wanted for wanted in found if wanted.push), found[0] if found else None)


def _parse_scope(text: str) -> Wanted | None:
    kind, _, rest = text.partition(":")
    address, _, actions = rest.partition(":")
    owner, _, name = address.partition("/")
    return Wanted(owner, name, "push" in actions.split(",")) if kind == "repository" and name else None


def _principal(session: Session, request: Request, basic: tuple[str, str], throttle: SignInThrottle) -> Principal:
    """Whom a user name and password stand for; the password may be an API token."""
    username, password = basic
    if password.startswith(TOKEN_PREFIX):
        principal = accounts.principal_of_token(session, password)
        if Scope.READ not in principal.scopes or principal.only_repository is not None:
            raise ScopeMissing("This token cannot be exchanged.", remedy="Use a token with the scope 'read'.")
        return principal
    address = access.client_address(request)
    account = sign_in.check_credentials(
        session, username=username, password=password, address=address, throttle=throttle
    )
    return Principal(account.id, account.username, account.role, frozenset({Scope.READ, Scope.WRITE}), Via.TOKEN)


def _repository(request: Request, database: Database, principal: Principal, wanted: Wanted) -> Repository | None:
    """The repository that is wanted, made for a first push; None for one that may not be read."""
    try:
        with database.read() as session:
            return policies.find_repository(request, session, principal, wanted.owner, wanted.name)
    except RepositoryMissing:
        if not wanted.push or Scope.WRITE not in principal.scopes:
            return None
    with database.read() as session:
        may_create = repos.may_create_for(session, principal, wanted.owner)
    return policies.create_repository(request, principal, wanted.owner, wanted.name) if may_create else None


def _token_response(secret: str) -> Response:
    seconds = int(TOKEN_LIFETIME.total_seconds())
    return JSONResponse({"token": secret, "access_token": secret, "expires_in": seconds})
