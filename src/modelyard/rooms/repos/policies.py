"""Dependencies for routes below ``/…/{owner}/{name}``: they find the repository and decide whether the caller may."""

from typing import Annotated

from fastapi import Depends, Request

from modelyard.kit.http import Reading, part_of, policy
from modelyard.rooms.access import policies as access
from modelyard.rooms.accounts.ports import AccountOptions
from modelyard.rooms.repos import service
from modelyard.rooms.repos.schemas import Repository


@policy("repository reader")
def readable(request: Request, session: Reading, principal: access.Anyone, owner: str, name: str) -> Repository:
    """Those who may read the repository; for everybody else it does not exist."""
    require_sign_in = part_of(request.app, AccountOptions).require_sign_in
    return service.find_repository(
        session, principal=principal, owner=owner, name=name, require_sign_in=require_sign_in
    )


@policy("repository owner")
def owned(repository: Annotated[Repository, Depends(readable)], principal: access.SignedIn) -> Repository:
    """The owner and administrators."""
    service.require_owner(principal, repository)
    return repository


Readable = Annotated[Repository, Depends(readable)]
Owned = Annotated[Repository, Depends(owned)]
