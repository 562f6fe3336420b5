"""Dependencies for routes below ``/…/{owner}/{name}``: they find the repository and decide whether the caller may."""

from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from modelyard.kit.db import Database
from modelyard.kit.http import Reading, part_of, policy
from modelyard.rooms.access import policies as access
from modelyard.rooms.access.errors import BasicSignInRequired
from modelyard.rooms.accounts.ports import AccountOptions
from modelyard.rooms.accounts.schemas import Principal, Scope
from modelyard.rooms.repos import service
from modelyard.rooms.repos.errors import RepositoryMissing
from modelyard.rooms.repos.schemas import Repository


@policy("repository reader")
def readable(request: Request, session: Reading, principal: access.Anyone, owner: str, name: str) -> Repository:
    """Those who may read the repository; for everybody else it does not exist."""
    require_sign_in = part_of(request.app, AccountOptions).require_sign_in
    return service.find_repository(
        session, principal=principal, owner=owner, name=name, require_sign_in=require_sign_in
    )


def still_readable(request: Request, session: Session, *, owner: str, name: str) -> Repository:
    """For answers that last: the repository as ``readable`` would give it now; raises what a new request would get."""
    return readable(request, session, access.ask_again(request, session), owner, name)


@policy("repository owner")
def owned(repository: Annotated[Repository, Depends(readable)], principal: access.SignedIn) -> Repository:
    """Those who decide who sees it, who belongs to it and whether it is there: owners, and administrators."""
    service.require_owner(principal, repository)
    return repository


@policy("repository contributor")
def contributed(repository: Annotated[Repository, Depends(readable)], principal: access.SignedIn) -> Repository:
    """Those who may add content beside ``main``."""
    service.require_contributor(principal, repository)
    return repository


@policy("repository maintainer")
def maintained(repository: Annotated[Repository, Depends(readable)], principal: access.SignedIn) -> Repository:
    """Those who may change ``main``, make versions and put them into service."""
    service.require_maintainer(principal, repository)
    return repository


@policy("repository member")
def joined(repository: Annotated[Repository, Depends(readable)], principal: access.SignedIn) -> Repository:
    """Those who have a role there."""
    service.require_member(principal, repository)
    return repository


@policy("repository fetcher")
def fetchable(request: Request, session: Reading, principal: access.Reader, owner: str, name: str) -> Repository:
    """As ``readable``, for foreign clients: reading is reading whatever the method, and they expect a challenge."""
    require_sign_in = part_of(request.app, AccountOptions).require_sign_in
    try:
        return service.find_repository(
            session, principal=principal, owner=owner, name=name, require_sign_in=require_sign_in
        )
    except RepositoryMissing as e:
        if principal.is_anonymous:
            raise BasicSignInRequired(e.detail, remedy="Send a token as the password.") from e
        raise


@policy("repository pusher")
def pushable(repository: Annotated[Repository, Depends(fetchable)], principal: access.Writer) -> Repository:
    """As ``contributed``, for foreign clients, which expect a challenge."""
    require_pushable(principal, repository)
    return repository


def require_pushable(principal: Principal, repository: Repository) -> None:
    """Raises ``BasicSignInRequired``, ``ScopeMissing`` or ``NotOwner`` unless the principal may push to it."""
    if principal.is_anonymous:
        raise BasicSignInRequired(remedy="Send a token as the password.")
    access.require_scope(principal, Scope.WRITE)
    service.require_contributor(principal, repository)


@policy("repository pusher")
def pushing(request: Request, owner: str, name: str) -> Repository:
    """As ``pushable``, for bodies that stream: it asks in a short session of its own."""
    with part_of(request.app, Database).read() as session:
        principal = access.ask_again(request, session)
        return pushable(fetchable(request, session, principal, owner, name), principal)


Contributed = Annotated[Repository, Depends(contributed)]
Fetchable = Annotated[Repository, Depends(fetchable)]
Joined = Annotated[Repository, Depends(joined)]
Maintained = Annotated[Repository, Depends(maintained)]
Pushing = Annotated[Repository, Depends(pushing)]
Pushable = Annotated[Repository, Depends(pushable)]
Readable = Annotated[Repository, Depends(readable)]
Owned = Annotated[Repository, Depends(owned)]
