"""Who may push to the registry. Pushes stream, so these policies ask in a short session of their own."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from pydantic import ValidationError
from sqlalchemy.orm import Session

from modelyard.kit.db import Database
from modelyard.kit.http import clock_of, part_of, policy
from modelyard.rooms.access import policies as access
from modelyard.rooms.accounts.ports import AccountOptions
from modelyard.rooms.accounts.schemas import Principal, Scope
from modelyard.rooms.images.errors import NameRefused, RegistryScopeMissing, RegistrySignIn
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.errors import RepositoryMissing
from modelyard.rooms.repos.ports import RepositoryOptions
from modelyard.rooms.repos.schemas import Kind, NewRepository, Repository


@dataclass(frozen=True, slots=True)
class Pusher:
    """Who pushes, and where to."""

    principal: Principal
    repository: Repository


@policy("registry pusher")
def pusher(request: Request, owner: str, name: str) -> Pusher:
    """Maintainers, owners and administrators, with a token that may write; also one for this repository alone."""
    with part_of(request.app, Database).read() as session:
        principal = _writer(request, session)
        try:
            repository = find_repository(request, session, principal, owner, name)
        except RepositoryMissing as e:
            raise _other_token(principal) or e from e
    repos.require_maintainer(principal, repository)
    return Pusher(principal, repository)


@policy("registry pusher")
def starter(request: Request, owner: str, name: str) -> Pusher:
    """As ``pusher``; where there is no such repository, those who may create one get it made by their first push."""
    try:
        return pusher(request, owner, name)
    except RepositoryMissing:
        with part_of(request.app, Database).read() as session:
            principal = _writer(request, session)
            may_create = repos.may_create_for(session, principal, owner)
        if principal.only_repository is not None or not may_create:
            raise
        return Pusher(principal, create_repository(request, principal, owner, name))


def find_repository(request: Request, session: Session, principal: Principal, owner: str, name: str) -> Repository:
    """The repository, if the principal may read it; raises ``RepositoryMissing``."""
    require_sign_in = part_of(request.app, AccountOptions).require_sign_in
    return repos.find_repository(session, principal=principal, owner=owner, name=name, require_sign_in=require_sign_in)


def create_repository(request: Request, principal: Principal, owner: str, name: str) -> Repository:
    """A private repository of kind operation, for a first push.

    Raises ``NameRefused`` and ``RoleMissing``.
    """
    try:
        wanted = NewRepository(owner=owner, name=name, kind=Kind.OPERATION)
    except ValidationError as e:
        raise NameRefused(f"{name!r}: {e.errors()[0]['msg']}.", remedy="Choose another name.", field="name") from e
    with part_of(request.app, Database).write() as session:
        return repos.create_repository(
            session,
            principal=principal,
            wanted=wanted,
            options=part_of(request.app, RepositoryOptions),
            clock=clock_of(request.app),
        )


def _writer(request: Request, session: Session) -> Principal:
    principal = access.authenticate(request, session)
    if principal.is_anonymous:
        raise RegistrySignIn
    if Scope.WRITE not in principal.scopes and (other := _other_token(principal)):
        raise other
    access.require_scope(principal, Scope.WRITE)
    return principal


def _other_token(principal: Principal) -> RegistryScopeMissing | None:
    """For somebody with a token that the registry gave for less than this."""
    if principal.only_repository is None:
        return None
    return RegistryScopeMissing("This token is not for pushing here.", remedy="Ask for one with the scope pull,push.")


Pushing = Annotated[Pusher, Depends(pusher)]
Starting = Annotated[Pusher, Depends(starter)]
