"""Who may do what at the door for Hugging Face's client: the repository's own rules, for the kind in the address."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from modelyard.kit.db import Database
from modelyard.kit.http import part_of, policy
from modelyard.rooms.access import policies as access
from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.hub import rules
from modelyard.rooms.repos import policies as repos
from modelyard.rooms.repos.errors import RepositoryMissing
from modelyard.rooms.repos.schemas import Kind, Repository


@dataclass(frozen=True, slots=True)
class Committer:
    """Who writes, and where."""

    principal: Principal
    repository: Repository


def hosted(request: Request, repository: repos.Fetchable) -> Repository:
    """A repository of the kind that the address names; one of another kind is not there."""
    if repository.kind is not _kind(request):
        raise RepositoryMissing(
            f"{repository.address} is of kind {repository.kind}.", remedy="Give the other repo_type."
        )
    return repository


@policy("repository pusher")
def committer(request: Request, owner: str, name: str) -> Committer:
    """Those who may push; it asks in a short session of its own, for a body may take long to come."""
    with part_of(request.app, Database).read() as session:
        principal = access.ask_again(request, session)
        repository = hosted(request, repos.fetchable(request, session, principal, owner, name))
    repos.require_pushable(principal, repository)
    return Committer(principal, repository)


def _kind(request: Request) -> Kind:
    """``/api/models/…``, ``/api/datasets/…``, ``/datasets/…`` and, for models, ``/…``."""
    first, second = (*rules.segments(request.scope["raw_path"], skip=0), "")[:2]
    return rules.KINDS.get(second if first == "api" else first, Kind.MODEL)


Hosted = Annotated[Repository, Depends(hosted)]
Committing = Annotated[Committer, Depends(committer)]
