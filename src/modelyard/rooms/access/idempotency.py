"""``Idempotency-Key``: a mutation sent twice is carried out once (draft-ietf-httpapi-idempotency-key-header).

A router made with ``route_class=IdempotentRoute`` honours the header on its POST, PUT, PATCH and DELETE routes. The
answer is kept in the very transaction of the route's changes (``Writing``), before it is committed, so a crash at any
moment leaves both or neither. A request that failed changed nothing and keeps nothing: it may be sent again.
"""

import hashlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from modelyard.kit.db import Database
from modelyard.kit.http import clock_of, depends_on, depends_on_writing, part_of
from modelyard.rooms.access import policies, rules, store
from modelyard.rooms.access.errors import (
    AlreadyAnswered,
    IdempotencyKeyReused,
    SameRequestRunning,
)
from modelyard.rooms.access.tables import KeptAnswerRow
from modelyard.rooms.accounts.schemas import Via

HEADER = "idempotency-key"
REPLAYED = "Idempotency-Replayed"

PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Sent again with the same key within a day, the request is answered as before and does nothing.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
}

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


@dataclass(frozen=True, slots=True)
class Claim:
    """A key that an account uses for one request; ``request_hash`` covers method, address and body."""

    account_id: UUID
    key: str
    request_hash: str


class IdempotentRoute(APIRoute):
    """A route that honours ``Idempotency-Key``: it changes things through ``Writing``, and its bodies fit in memory."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        methods = {method.upper() for method in options.get("methods") or ("GET",)}
        if not methods <= policies.SAFE_METHODS:
            options["openapi_extra"] = _with_parameter(options.get("openapi_extra") or {})
        super().__init__(path, endpoint, **options)
        if not methods <= policies.SAFE_METHODS:
            _check(self)

    def get_route_handler(self) -> Handler:
        answer = super().get_route_handler()

        async def handle(request: Request) -> Response:
            if request.method in policies.SAFE_METHODS or HEADER not in request.headers:
                return await answer(request)
            body = await request.body()
            claim = await run_in_threadpool(_claim, request, body)
            if claim is None:
                return await answer(request)
            if replayed := await run_in_threadpool(_replay, request, claim):
                return replayed
            response = await answer(request)
            await run_in_threadpool(_keep, request, claim, response)
            return response

        return handle


def never_kept(response: Response) -> None:
    """What a route depends on whose answer holds a secret: no cache keeps it, and no idempotency key either."""
    response.headers["Cache-Control"] = "no-store"


HOLDS_SECRET = Depends(never_kept)
SECRET_FIELDS = frozenset({"secret", "password"})


def _check(route: APIRoute) -> None:
    """A mistake in a route's declaration ends the program at its start."""
    if not depends_on_writing(route):
        raise RuntimeError(f"{route.path}: a route without a Writing session cannot keep its answer with its changes")
    fields = getattr(route.response_model, "model_fields", {})
    if SECRET_FIELDS & fields.keys() and not depends_on(route, never_kept):
        raise RuntimeError(f"{route.path}: its answer holds a secret, which must not be kept; add HOLDS_SECRET")


def _claim(request: Request, body: bytes) -> Claim | None:
    """The key and whose it is; None for the anonymous, and for a token that could not have made the request."""
    with part_of(request.app, Database).read() as session:
        principal = policies.authenticate(request, session)
    if principal.account_id is None:
        return None
    if principal.via is Via.TOKEN and rules.needed_scope(request.method) not in principal.scopes:
        return None
    key = rules.checked_key(request.headers[HEADER])
    return Claim(principal.account_id, key, _hash(request, body))


def _hash(request: Request, body: bytes) -> str:
    digest = hashlib.sha256()
    for part in (request.method.encode(), request.url.path.encode(), request.url.query.encode(), body):
        digest.update(len(part).to_bytes(8) + part)
    return digest.hexdigest()


def _replay(request: Request, claim: Claim) -> Response | None:
    with part_of(request.app, Database).read() as session:
        kept = store.kept_answer(session, claim.account_id, claim.key)
        return _kept_response(kept, claim) if kept else None


def _kept_response(kept: KeptAnswerRow, claim: Claim) -> Response:
    if kept.request_hash != claim.request_hash:
        raise IdempotencyKeyReused(remedy="Use a new key for a new request.")
    if kept.body is None:
        raise AlreadyAnswered("The answer held a secret, which is not kept.", remedy="Use a new key to do it again.")
    headers = {REPLAYED: "true"} | ({"Location": kept.location} if kept.location else {})
    return Response(kept.body, status_code=kept.status, media_type=kept.media_type, headers=headers)


def _keep(request: Request, claim: Claim, response: Response) -> None:
    session: Session = request.state.writing
    secret = "no-store" in response.headers.get("cache-control", "")
    kept = store.keep_answer(
        session,
        account_id=claim.account_id,
        key=claim.key,
        request_hash=claim.request_hash,
        status=response.status_code,
        media_type=response.headers.get("content-type"),
        location=response.headers.get("location"),
        body=None if secret else bytes(response.body),
        created_at=clock_of(request.app)(),
    )
    if not kept:  # raising rolls back what this request did, so only the other one's changes stand
        raise SameRequestRunning(remedy="Send it again to get the answer of the other one.")


def _with_parameter(extra: dict[str, Any]) -> dict[str, Any]:
    parameters = [p for p in extra.get("parameters", []) if p.get("name") != PARAMETER["name"]]
    return {**extra, "parameters": [*parameters, PARAMETER]}
