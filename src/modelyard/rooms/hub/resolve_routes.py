"""Files by the addresses that Hugging Face's client has for them, whole and in ranges."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from modelyard.kit.http import Reading, provided
from modelyard.kit.ranges import count_sent, download_response
from modelyard.kit.streams import PartStream, bytes_part
from modelyard.rooms.content import service as content
from modelyard.rooms.content.ports import BlobStore
from modelyard.rooms.hub import rules, service
from modelyard.rooms.hub.answers import HubRoute, error_response
from modelyard.rooms.hub.policies import Hosted
from modelyard.rooms.repos import lfs
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.errors import FileMissing
from modelyard.rooms.repos.ports import RepositoryOptions, Traffic
from modelyard.rooms.repos.schemas import Kind

router = APIRouter(route_class=HubRoute, include_in_schema=False)

Options = Annotated[RepositoryOptions, Depends(provided(RepositoryOptions))]
Sent = Annotated[Traffic, Depends(provided(Traffic))]


@router.get("/{owner}/{name}/resolve/{rest:path}")
@router.head("/{owner}/{name}/resolve/{rest:path}")
@router.get("/datasets/{owner}/{name}/resolve/{rest:path}")
@router.head("/datasets/{owner}/{name}/resolve/{rest:path}")
def resolve(
    request: Request,
    repository: Hosted,
    session: Reading,
    options: Options,
    blobs: Annotated[BlobStore, Depends(provided(BlobStore))],
    traffic: Sent,
) -> Response:
    """A file at a revision. Its ETag is Git's id of it, or the SHA-256 of what LFS keeps."""
    skip = 4 if repository.kind is Kind.DATASET else 3
    revision, *parts = rules.segments(request.scope["raw_path"], skip=skip)
    path = "/".join(parts)
    commit, item = service.find_file(options, repository, revision, path)
    at = {"X-Repo-Commit": commit.id}
    if item is None:
        missing = error_response(FileMissing(f"There is no {path} at {revision}.", field="path"))
        missing.headers.update(at)
        return missing
    if item.pointer:
        oid = item.pointer.oid
        stream = content.find_granted(session, store=blobs, holder_id=repository.id, digest=lfs.digest_of(oid))
        at |= {"X-Linked-Etag": f'"{oid}"', "X-Linked-Size": str(item.size)}
        response = download_response(request, stream, etag=oid, filename=parts[-1])
    else:
        data = repos.read_file(options, repository.id, revision=commit.id, path=path)
        response = download_response(request, PartStream([bytes_part(data)]), etag=item.oid, filename=parts[-1])
    response.headers.update(at)
    return count_sent(response, partial(traffic.count, repository_id=repository.id))
