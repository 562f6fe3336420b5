"""The registry's read side: what Docker, Podman and skopeo call below ``/v2/`` (OCI distribution-spec 1.1).

Clients are sent to ``/v2/token`` with their user name and password (or an API token as password) and come back with a
short-lived token. Errors have the specification's form.
"""

from collections.abc import Callable, Coroutine
from datetime import timedelta
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.routing import APIRoute
from sqlalchemy.orm import Session

from modelyard.kit.db import Database
from modelyard.kit.errors import ModelyardError
from modelyard.kit.http import Reading, provided
from modelyard.kit.ranges import count_sent
from modelyard.rooms.access import policies as access
from modelyard.rooms.access.errors import ScopeMissing
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts import sign_in
from modelyard.rooms.accounts.ports import AccountOptions
from modelyard.rooms.accounts.schemas import Principal, Scope, Via
from modelyard.rooms.accounts.throttle import SignInThrottle
from modelyard.rooms.content import service as content
from modelyard.rooms.content.errors import BlobMissing
from modelyard.rooms.content.ports import BlobStore
from modelyard.rooms.images import records, rules
from modelyard.rooms.images.errors import ManifestMissing, RegistrySignIn
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.errors import RepositoryMissing
from modelyard.rooms.repos.policies import Fetchable
from modelyard.rooms.repos.ports import Traffic, Use, UseLog

NOTHING = UUID(int=0)
TOKEN_PREFIX = "my_token_"  # noqa: S105 (how every token begins)
TAGS = 1000
TOKEN_LIFETIME = timedelta(minutes=15)
VERSION_HEADER = {"Docker-Distribution-API-Version": "registry/2.0"}

Blobs = Annotated[BlobStore, Depends(provided(BlobStore))]
Uses = Annotated[UseLog, Depends(provided(UseLog))]  # type: ignore[type-abstract]
Sent = Annotated[Traffic, Depends(provided(Traffic))]  # type: ignore[type-abstract]
Accounts = Annotated[AccountOptions, Depends(provided(AccountOptions))]

CODES = {401: "UNAUTHORIZED", 403: "DENIED", 404: "NAME_UNKNOWN", 429: "TOOMANYREQUESTS", 405: "UNSUPPORTED"}
CODES_OF_KINDS: dict[type, str] = {ManifestMissing: "MANIFEST_UNKNOWN", BlobMissing: "BLOB_UNKNOWN"}


class RegistryRoute(APIRoute):
    """Answers errors in the form that registry clients read, and names the place where tokens are given."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except ModelyardError as e:
                return _error(request, e)
            except RequestValidationError as e:
                first = e.errors()[0]
                code = "PAGINATION_NUMBER_INVALID" if first["loc"][-1] == "n" else "UNSUPPORTED"
                return _error_response(400, code, VERSION_HEADER, f"{first['loc'][-1]}: {first['msg']}")

        return answer


router = APIRouter(prefix="/v2", route_class=RegistryRoute, include_in_schema=False)


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
    options: Accounts,
    throttle: Annotated[SignInThrottle, Depends(provided(SignInThrottle))],
    _: Annotated[None, Depends(access.public)],
    scope: Annotated[str | None, Query(max_length=1000, description="`repository:owner/name:pull`")] = None,
) -> Response:
    """Exchanges user name and password for a token to read one repository with; without them, for nobody's."""
    basic = access.basic_of(request.headers.get("authorization"))
    if basic is None:
        return _token_response(access.NOBODY)
    with database.read() as session:
        principal = _principal(session, request, basic, throttle)
        repository_id = _repository_id(session, principal, scope, require_sign_in=options.require_sign_in)
    with database.write() as session:
        token = accounts.create_token(
            session,
            account_id=access.own_id(principal),
            name="registry",
            scopes=[Scope.READ],
            lifetime=TOKEN_LIFETIME,
            only_repository=repository_id,
        )
    return _token_response(token.secret)


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
        return _error_response(
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


@router.api_route("/{path:path}", methods=["POST", "PUT", "PATCH", "DELETE"])
def refuse_writing(_: Annotated[None, Depends(access.public)], path: str) -> Response:
    """Images are made by pushing models; nothing is pushed or deleted here."""
    message = "This registry is read-only: images are made by `modelyard push`."
    return _error_response(405, "UNSUPPORTED", VERSION_HEADER | {"Allow": "GET, HEAD"}, message)


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
    return Principal(account.id, account.username, account.role, frozenset({Scope.READ}), Via.TOKEN)


def _repository_id(session: Session, principal: Principal, scope: str | None, *, require_sign_in: bool) -> UUID:
    """The repository that a scope names; the nil UUID, which opens nothing, for none or an unreadable one."""
    kind, _, rest = (scope or "").partition(":")
    owner, _, name = rest.partition(":")[0].partition("/")
    if kind != "repository" or not name:
        return NOTHING
    try:
        found = repos.find_repository(
            session, principal=principal, owner=owner, name=name, require_sign_in=require_sign_in
        )
    except RepositoryMissing:
        return NOTHING
    return found.id


def _token_response(secret: str) -> Response:
    seconds = int(TOKEN_LIFETIME.total_seconds())
    return JSONResponse({"token": secret, "access_token": secret, "expires_in": seconds})


def _error(request: Request, error: ModelyardError) -> Response:
    headers = VERSION_HEADER | error.headers()
    if error.status == 401:
        headers["WWW-Authenticate"] = f'Bearer realm="{access.site_url(request)}/v2/token",service="modelyard"'
    code = CODES_OF_KINDS.get(type(error)) or CODES.get(error.status, "UNKNOWN")
    return _error_response(error.status, code, headers, error.detail, error.remedy)


def _error_response(status: int, code: str, headers: dict[str, str], message: str, detail: str = "") -> Response:
    body = {"errors": [{"code": code, "message": message, "detail": detail}]}
    return JSONResponse(body, status, headers=headers)
