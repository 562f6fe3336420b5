"""HTTP of branches, tags and commits: ``/api/v1/repos/{owner}/{name}/…``."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, status

from modelyard.kit.clock import Clock
from modelyard.kit.http import Writing, provided
from modelyard.kit.paging import Limit
from modelyard.rooms.access.idempotency import IdempotentRoute
from modelyard.rooms.access.policies import SignedIn
from modelyard.rooms.repos import editing, revisions, service
from modelyard.rooms.repos.policies import Contributed, Readable
from modelyard.rooms.repos.ports import RepositoryOptions
from modelyard.rooms.repos.schemas import Branch, BranchName, Commit, CommitChanges, GitTag, NewBranch, NewCommit

router = APIRouter(prefix="/api/v1/repos/{owner}/{name}", tags=["repositories"], route_class=IdempotentRoute)

Options = Annotated[RepositoryOptions, Depends(provided(RepositoryOptions))]
Now = Annotated[Clock, Depends(provided(Clock))]
Revision = Annotated[str, Query(max_length=200, description="A branch, tag or commit.")]


@router.get("/branches", operation_id="list_branches")
def list_branches(repository: Readable, options: Options) -> list[Branch]:
    """The branches, `main` first."""
    return revisions.list_branches(options, repository.id)


@router.post("/branches", status_code=status.HTTP_201_CREATED, operation_id="create_branch")
def create_branch(
    session: Writing, principal: SignedIn, repository: Contributed, wanted: NewBranch, options: Options
) -> Branch:
    """Makes a branch that begins at a revision."""
    service.require_branch(session, principal, repository, wanted.name)
    return revisions.create_branch(options, repository.id, wanted)


@router.delete("/branches/{branch:path}", status_code=status.HTTP_204_NO_CONTENT, operation_id="delete_branch")
def delete_branch(
    session: Writing, principal: SignedIn, repository: Contributed, branch: BranchName, options: Options
) -> None:
    """Removes a branch; `main` stays."""
    service.require_branch(session, principal, repository, branch)
    revisions.delete_branch(options, repository.id, branch)


@router.get("/tags", operation_id="list_tags")
def list_tags(repository: Readable, options: Options) -> list[GitTag]:
    """The tags, those of versions included."""
    return revisions.list_tags(options, repository.id)


@router.get("/commits", operation_id="list_commits")
def list_commits(
    repository: Readable,
    options: Options,
    revision: Revision = "main",
    beyond: Annotated[
        str | None,
        Query(max_length=200, description="A revision whose commits are left out, as in `beyond..revision`."),
    ] = None,
    limit: Limit = 50,
    skip: Annotated[int, Query(ge=0, le=10_000_000, description="So many of the newest are left out.")] = 0,
) -> list[Commit]:
    """The history of a revision, newest first. To page through it, name the newest commit of the first page."""
    return service.list_commits(options, repository.id, revision=revision, beyond=beyond, limit=limit, skip=skip)


@router.get("/commits/{revision:path}", operation_id="show_commit")
def show_commit(repository: Readable, options: Options, revision: str) -> CommitChanges:
    """A commit and the files that it changed."""
    return revisions.show_commit(options, repository.id, revision=revision)


@router.post("/commits", status_code=status.HTTP_201_CREATED, operation_id="create_commit")
def create_commit(
    session: Writing, principal: SignedIn, repository: Contributed, wanted: NewCommit, options: Options, clock: Now
) -> Commit:
    """Writes text files of a branch, or removes them, as one commit; 409 where the branch has moved since `base`."""
    return editing.commit_by_hand(
        session, options, principal=principal, repository=repository, wanted=wanted, at=clock()
    )
