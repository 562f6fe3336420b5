"""HTTP of repositories: ``/api/v1/repos``."""

import mimetypes
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response, status
from fastapi.responses import StreamingResponse

from modelyard.kit.clock import Clock
from modelyard.kit.http import Reading, Writing, provided
from modelyard.kit.paging import Cursor, Limit, Page
from modelyard.kit.ranges import count_sent
from modelyard.rooms.access.idempotency import IdempotentRoute
from modelyard.rooms.access.policies import Anyone, Creator, SignedIn
from modelyard.rooms.access.schemas import Visibility
from modelyard.rooms.accounts.ports import AccountOptions
from modelyard.rooms.content import service as content
from modelyard.rooms.content.ports import BlobStore, StorageBounds
from modelyard.rooms.repos import forking, service
from modelyard.rooms.repos.forking import PreparedFork
from modelyard.rooms.repos.git import LfsPointer
from modelyard.rooms.repos.policies import Maintained, Readable
from modelyard.rooms.repos.ports import RepositoryOptions, Traffic
from modelyard.rooms.repos.schemas import (
    Comparison,
    Kind,
    NewFork,
    NewRepository,
    Repository,
    RepositoryChange,
    TreeEntry,
)

router = APIRouter(prefix="/api/v1/repos", tags=["repositories"], route_class=IdempotentRoute)

Options = Annotated[RepositoryOptions, Depends(provided(RepositoryOptions))]
Accounts = Annotated[AccountOptions, Depends(provided(AccountOptions))]
Now = Annotated[Clock, Depends(provided(Clock))]
Sent = Annotated[Traffic, Depends(provided(Traffic))]
Blobs = Annotated[BlobStore, Depends(provided(BlobStore))]
Bounds = Annotated[StorageBounds, Depends(provided(StorageBounds))]
Revision = Annotated[str, Query(max_length=200, description="A branch, tag or commit.")]
FilePath = Annotated[str, Query(max_length=1000)]

SAFE_HEADERS = {"Content-Security-Policy": "sandbox", "X-Content-Type-Options": "nosniff"}
SHOWN_INLINE = frozenset({"text/plain", "image/png", "image/jpeg", "image/gif", "image/webp"})


@router.get("", operation_id="list_repositories")
def list_repositories(
    session: Reading,
    principal: Anyone,
    accounts: Accounts,
    q: Annotated[str | None, Query(max_length=200, description="Looked for in name, title, description, tags.")] = None,
    kind: Kind | None = None,
    owner: Annotated[str | None, Query(max_length=39)] = None,
    visibility: Visibility | None = None,
    tag: Annotated[str | None, Query(max_length=40, description="One of the repository's tags, to the letter.")] = None,
    mine: Annotated[bool, Query(description="Only the caller's own; none where nobody is signed in.")] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Repository]:
    """The repositories that the caller may read, newest first."""
    return service.list_repositories(
        session,
        principal=principal,
        require_sign_in=accounts.require_sign_in,
        kind=kind,
        owner=owner,
        visibility=visibility,
        text=q,
        tag=tag,
        mine=mine,
        cursor=cursor,
        limit=limit,
    )


@router.post("", status_code=status.HTTP_201_CREATED, operation_id="create_repository")
def create_repository(
    session: Writing, principal: Creator, wanted: NewRepository, options: Options, clock: Now
) -> Repository:
    """Creates an empty repository."""
    return service.create_repository(session, principal=principal, wanted=wanted, options=options, clock=clock)


@router.get("/{owner}/{name}", operation_id="get_repository")
def get_repository(repository: Readable) -> Repository:
    """One repository."""
    return repository


@router.patch("/{owner}/{name}", operation_id="change_repository")
def change_repository(
    session: Writing, principal: SignedIn, repository: Maintained, change: RepositoryChange, clock: Now
) -> Repository:
    """Renames, shows or describes a repository."""
    return service.change_repository(session, principal=principal, repository=repository, change=change, clock=clock)


def _copied(principal: Creator, repository: Readable, options: Options) -> PreparedFork:
    """The slow part; as the first dependency it is over before the write transaction begins."""
    return forking.prepare_fork(options, principal=principal, source=repository)


@router.post("/{owner}/{name}/fork", status_code=status.HTTP_201_CREATED, operation_id="fork_repository")
def fork_repository(
    fork: Annotated[PreparedFork, Depends(_copied)],
    session: Writing,
    principal: Creator,
    repository: Readable,
    wanted: NewFork,
    options: Options,
    bounds: Bounds,
    clock: Now,
) -> Repository:
    """Copies files and history into a repository of the caller's, to be changed and pushed to; it has no versions."""
    return forking.record_fork(
        session, options, bounds, principal=principal, source=repository, wanted=wanted, fork=fork, clock=clock
    )


@router.get("/{owner}/{name}/files", operation_id="list_files")
def list_files(
    repository: Readable, options: Options, revision: Revision = "main", path: FilePath = ""
) -> list[TreeEntry]:
    """The entries of one folder at a revision, folders first."""
    return service.list_files(options, repository.id, revision=revision, folder=path)


@router.get("/{owner}/{name}/raw", operation_id="read_file", response_class=Response)
def read_file(
    repository: Readable,
    session: Reading,
    options: Options,
    blobs: Blobs,
    traffic: Sent,
    path: FilePath,
    revision: Revision = "main",
) -> Response:
    """A file's bytes, also of a file kept by Git LFS."""
    data = service.read_file(options, repository.id, revision=revision, path=path)
    pointer = LfsPointer.parse(data)
    if pointer is None:
        return _file_response(path, data)
    blob = content.open_granted(session, store=blobs, holder_id=repository.id, digest=f"sha256:{pointer.oid}")
    headers = {"Content-Length": str(blob.size), "Content-Disposition": "attachment"} | SAFE_HEADERS
    response = StreamingResponse(blob.chunks, media_type="application/octet-stream", headers=headers)
    return count_sent(response, partial(traffic.count, repository_id=repository.id))


@router.get("/{owner}/{name}/compare", operation_id="compare_revisions")
def compare_revisions(repository: Readable, options: Options, base: Revision, head: Revision = "main") -> Comparison:
    """The files that differ between two revisions, such as `v1` and `v2`."""
    return service.compare(options, repository.id, base=base, head=head)


def _file_response(path: str, data: bytes) -> Response:
    """What strangers wrote is never run by a browser: sandboxed, not sniffed, attached unless harmless."""
    kind = "text/plain" if _is_text(data) else (mimetypes.guess_type(path)[0] or "application/octet-stream")
    headers = dict(SAFE_HEADERS)
    if kind not in SHOWN_INLINE:
        kind, headers["Content-Disposition"] = "application/octet-stream", "attachment"
    return Response(data, media_type=kind, headers=headers)


def _is_text(data: bytes) -> bool:
    try:
        return "\x00" not in data.decode()
    except UnicodeDecodeError:
        return False
