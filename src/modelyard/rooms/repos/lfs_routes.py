"""The Git LFS API below ``/{owner}/{name}.git/info/lfs``: batches, objects both ways, verification.

(https://github.com/git-lfs/git-lfs/tree/main/docs/api). Objects stream: their routes hold no database session.
"""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from modelyard.kit.bodies import announced_length, drain
from modelyard.kit.db import Database
from modelyard.kit.errors import Invalid, ModelyardError
from modelyard.kit.http import Reading, part_of, policy, provided
from modelyard.kit.ranges import count_sent, download_response
from modelyard.kit.secrets import SecretBox
from modelyard.rooms.access import policies as access
from modelyard.rooms.content import service as content
from modelyard.rooms.content.deliveries import receive_blob
from modelyard.rooms.content.errors import BlobMissing
from modelyard.rooms.content.ports import StorageBounds
from modelyard.rooms.content.uploads import UploadTools
from modelyard.rooms.repos import lfs, service
from modelyard.rooms.repos.errors import LfsLocksUnsupported, LfsUnsupported
from modelyard.rooms.repos.policies import Fetchable, pushable, pushing
from modelyard.rooms.repos.ports import Traffic
from modelyard.rooms.repos.schemas import LfsBatch, LfsObject, Repository

BATCH_BYTES = 1024**2
MEDIA_TYPE = "application/vnd.git-lfs+json"


class LfsRoute(APIRoute):
    """Answers errors in the form that LFS clients read, after taking in what a client is still sending."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except ModelyardError as e:
                await drain(request)
                return _error(e.status, e.code, f"{e.detail} {e.remedy}".strip(), e.headers())
            except RequestValidationError as e:
                first = e.errors()[0]
                return _error(422, Invalid.code, f"{'.'.join(str(p) for p in first['loc'][1:])}: {first['msg']}", {})

        return answer


def _error(status: int, code: str, message: str, headers: dict[str, str]) -> Response:
    if "WWW-Authenticate" in headers:
        headers = headers | {"LFS-Authenticate": headers["WWW-Authenticate"]}
    return JSONResponse({"message": message, "code": code}, status, headers=headers, media_type=MEDIA_TYPE)


BASE = "/{owner}/{name}.git/info/lfs"

router = APIRouter(route_class=LfsRoute, include_in_schema=False)


@policy("repository pusher")
def storing(request: Request, owner: str, name: str, oid: str, ticket: str = "") -> Repository:
    """Those who may push, or whoever was given a ticket for this object by a batch of somebody who may."""
    if not ticket:
        return pushing(request, owner, name)
    tools = part_of(request.app, UploadTools)
    repository_id = lfs.read_ticket(part_of(request.app, SecretBox), ticket, oid=oid, clock=tools.clock)
    with part_of(request.app, Database).read() as session:
        return service.get_repository(session, repository_id)


Storing = Annotated[Repository, Depends(storing)]
Tools = Annotated[UploadTools, Depends(provided(UploadTools))]
Secrets = Annotated[SecretBox, Depends(provided(SecretBox))]
Bounds = Annotated[StorageBounds, Depends(provided(StorageBounds))]
Sent = Annotated[Traffic, Depends(provided(Traffic))]


@router.post(f"{BASE}/objects/batch", max_body_size=BATCH_BYTES)
@router.post(f"/datasets{BASE}/objects/batch", max_body_size=BATCH_BYTES)  # where Hugging Face's client looks for it
def batch(
    request: Request,
    repository: Fetchable,
    principal: access.Reader,
    session: Reading,
    asked: LfsBatch,
    tools: Tools,
    secrets: Secrets,
    bounds: Bounds,
) -> Response:
    """Says where to fetch or send objects; what is wrong with one is said of that object alone."""
    if asked.hash_algo != "sha256" or asked.operation not in ("download", "upload"):
        raise LfsUnsupported("Only objects named by their SHA-256 are kept.", remedy="Use Git LFS 2 or newer.")
    held = lfs.held_objects(session, repository.id, asked.objects)
    base = f"{access.site_url(request)}/{repository.address}.git/info/lfs/objects"
    if asked.operation == "download":
        return _answer([_download(item, base, held) for item in asked.objects])
    pushable(repository, access.writer(principal))
    bounds.require_room(repository.owner_id, sum(item.size for item in asked.objects if item.oid not in held))
    if held:
        with tools.database.write() as writing:
            lfs.keep_held(writing, repository.id, held, clock=tools.clock)
    return _answer([_upload(item, base, held, repository, tools, secrets) for item in asked.objects])


@router.get(BASE + "/objects/{oid}")
@router.head(BASE + "/objects/{oid}")
def download(
    request: Request, repository: Fetchable, session: Reading, tools: Tools, traffic: Sent, oid: str
) -> Response:
    """The bytes of one object, or a range of them, if this repository holds it."""
    blob = content.find_granted(session, store=tools.store, holder_id=repository.id, digest=lfs.digest_of(oid))
    response = download_response(request, blob, etag=oid, filename=oid)
    return count_sent(response, partial(traffic.count, repository_id=repository.id))


@router.put(BASE + "/objects/{oid}")
async def upload(request: Request, repository: Storing, tools: Tools, bounds: Bounds, oid: str) -> Response:
    """Keeps an object whose bytes have its id; nothing is kept of others."""
    announced = announced_length(request)
    await run_in_threadpool(bounds.require_room, repository.owner_id, announced or 0)
    stored = await receive_blob(tools, request.stream(), digest=lfs.digest_of(oid), size=announced)
    if announced is None:
        await run_in_threadpool(bounds.require_room, repository.owner_id, stored.size)
    await run_in_threadpool(lfs.keep_object, tools, repository.id, stored)
    return Response(status_code=200)


@router.post(BASE + "/objects/{oid}/verify", max_body_size=BATCH_BYTES)
def verify(repository: Storing, session: Reading, oid: str, item: LfsObject) -> Response:
    """Whether an object has come, whole."""
    if item.oid != oid or lfs.held_objects(session, repository.id, [item]).get(oid) != item.size:
        raise BlobMissing(f"This repository does not hold {oid} of {item.size} bytes.", remedy="Push it again.")
    return Response(status_code=200)


@router.get(f"{BASE}/locks")
@router.post(f"{BASE}/locks")
@router.post(f"{BASE}/locks/verify")
@router.post(BASE + "/locks/{lock}/unlock")
def locks(repository: Fetchable) -> Response:
    """There are none."""
    raise LfsLocksUnsupported(f"{repository.address} takes no locks.", remedy="Agree by branches who changes what.")


def _answer(objects: list[dict[str, Any]]) -> Response:
    body = {"transfer": "basic", "objects": objects, "hash_algo": "sha256"}
    return JSONResponse(body, media_type=MEDIA_TYPE)


def _download(item: LfsObject, base: str, held: dict[str, int]) -> dict[str, Any]:
    if item.oid not in held:
        return _refused(item, 404, "This repository does not hold the object.")
    return _shown(item) | {"authenticated": False, "actions": {"download": {"href": f"{base}/{item.oid}"}}}


def _upload(
    item: LfsObject, base: str, held: dict[str, int], repository: Repository, tools: UploadTools, secrets: SecretBox
) -> dict[str, Any]:
    """Nothing is to be done for what is held."""
    if held.get(item.oid, item.size) != item.size:
        return _refused(item, 422, f"The object has {held[item.oid]} bytes.")
    if item.oid in held:
        return _shown(item)
    if item.size > tools.options.max_upload_bytes:
        return _refused(item, 413, f"At most {tools.options.max_upload_bytes} bytes are allowed.")
    query = urlencode({"ticket": lfs.write_ticket(secrets, repository, item.oid, clock=tools.clock)})
    until = {"expires_in": int(lfs.TICKET_LIFETIME.total_seconds())}
    actions = {
        "upload": {"href": f"{base}/{item.oid}?{query}"} | until,
        "verify": {"href": f"{base}/{item.oid}/verify?{query}"} | until,
    }
    return _shown(item) | {"authenticated": True, "actions": actions}


def _shown(item: LfsObject) -> dict[str, Any]:
    return {"oid": item.oid, "size": item.size}


def _refused(item: LfsObject, code: int, message: str) -> dict[str, Any]:
    return _shown(item) | {"error": {"code": code, "message": message}}
