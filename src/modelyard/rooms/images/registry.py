"""The registry's read side: what Docker, Podman, skopeo and oras read below ``/v2/`` (OCI distribution-spec 1.1)."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from modelyard.kit.http import Reading, provided
from modelyard.kit.ranges import count_sent
from modelyard.rooms.access import policies as access
from modelyard.rooms.content import service as content
from modelyard.rooms.content.ports import BlobStore
from modelyard.rooms.images import pushed, records, rules
from modelyard.rooms.images.documents import is_digest
from modelyard.rooms.images.errors import DigestRefused
from modelyard.rooms.images.records import INDEX
from modelyard.rooms.images.registry_answers import VERSION_HEADER, RegistryRoute, error_response
from modelyard.rooms.repos.policies import Fetchable
from modelyard.rooms.repos.ports import Traffic, Use, UseLog

TAGS = 1000

Blobs = Annotated[BlobStore, Depends(provided(BlobStore))]
Uses = Annotated[UseLog, Depends(provided(UseLog))]
Sent = Annotated[Traffic, Depends(provided(Traffic))]


router = APIRouter(prefix="/v2", route_class=RegistryRoute, include_in_schema=False)


@router.api_route("/{owner}/{name}/manifests/{reference}", methods=["GET", "HEAD"])
def read_manifest(
    request: Request,
    session: Reading,
    principal: access.Reader,
    repository: Fetchable,
    blobs: Blobs,
    uses: Uses,
    reference: str,
) -> Response:
    """A manifest or index by tag or digest. Reading that of a version's tag is a download of the version."""
    found = records.find_manifest(session, repository_id=repository.id, reference=reference)
    headers = VERSION_HEADER | {"Docker-Content-Digest": found.digest, "Content-Length": str(found.size)}
    if request.method == "HEAD":
        return Response(headers=headers, media_type=found.media_type)
    blob = content.open_granted(session, store=blobs, holder_id=repository.id, digest=found.digest)
    response = Response(b"".join(blob.chunks), headers=headers, media_type=found.media_type)
    if reference[:1] == "v" and reference[1:].isdecimal():
        session.close()  # what follows writes
        uses.note(principal, repository_id=repository.id, version=int(reference[1:]), how=Use.DOWNLOAD)
    return response


@router.api_route("/{owner}/{name}/blobs/{digest}", methods=["GET", "HEAD"])
def read_blob(
    request: Request, session: Reading, repository: Fetchable, blobs: Blobs, traffic: Sent, digest: str
) -> Response:
    """A layer or config, whole or one range of it."""
    asked = rules.parse_range(request.headers.get("range"))
    offset, length = asked or (0, None)
    blob = content.open_granted(
        session, store=blobs, holder_id=repository.id, digest=digest, offset=offset, length=length
    )
    headers = VERSION_HEADER | {"Docker-Content-Digest": digest, "Accept-Ranges": "bytes"}
    if asked and offset >= blob.size:
        return error_response(
            416, "BLOB_UNKNOWN", headers | {"Content-Range": f"bytes */{blob.size}"}, "No such range."
        )
    sent = min(blob.size - offset, blob.size if length is None else length)
    headers["Content-Length"] = str(sent)
    if asked:
        headers["Content-Range"] = f"bytes {offset}-{offset + sent - 1}/{blob.size}"
    status = 206 if asked else 200
    if request.method == "HEAD":
        return Response(None, status, headers=headers, media_type="application/octet-stream")
    response = StreamingResponse(blob.chunks, status, headers=headers, media_type="application/octet-stream")
    return count_sent(response, partial(traffic.count, repository_id=repository.id))


@router.get("/{owner}/{name}/tags/list")
def list_tags(
    session: Reading,
    repository: Fetchable,
    n: Annotated[int, Query(ge=0)] = TAGS,
    last: Annotated[str | None, Query(max_length=128)] = None,
) -> Response:
    """The tags in alphabetical order, ``n`` at most, after ``last``."""
    limit = min(n, TAGS)
    found = records.list_tags(session, repository_id=repository.id, after=last, limit=limit + 1)
    tags, headers = found[:limit], dict(VERSION_HEADER)
    if tags and len(found) > limit:
        headers["Link"] = f'</v2/{repository.address}/tags/list?n={limit}&last={tags[-1]}>; rel="next"'
    return JSONResponse({"name": repository.address, "tags": tags}, headers=headers)


@router.get("/{owner}/{name}/referrers/{digest}")
def list_referrers(
    session: Reading,
    repository: Fetchable,
    digest: str,
    artifact_type: Annotated[str | None, Query(alias="artifactType", max_length=255)] = None,
) -> Response:
    """An index of what is about a manifest, whether or not there is that manifest; of one type where it is given."""
    if not is_digest(digest):
        raise DigestRefused(f"{digest!r} is not a digest.", remedy="Write it as sha256:…", field="digest")
    found = pushed.list_referrers(session, repository_id=repository.id, subject=digest, artifact_type=artifact_type)
    headers = VERSION_HEADER | ({"OCI-Filters-Applied": "artifactType"} if artifact_type else {})
    body = {"schemaVersion": 2, "mediaType": INDEX, "manifests": found}
    return JSONResponse(body, headers=headers, media_type=INDEX)
