"""The gateway: an ASGI application below ``/serve`` that passes requests to boxes and their answers back.

What answers is a stranger's code, so the session never crosses: the caller is known by bearer token alone, ``Cookie``
and ``Authorization`` are dropped on the way in, and of the answer's headers only harmless ones come out, with
``Content-Security-Policy: sandbox`` and ``nosniff`` added.
"""

import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import UUID

import anyio.to_thread

from modelyard.kit.errors import ModelyardError
from modelyard.kit.http import problem_of
from modelyard.rooms.access.errors import ScopeMissing, SignInRequired
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.ports import AccountOptions
from modelyard.rooms.accounts.schemas import ANONYMOUS, Principal, Scope
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.errors import RepositoryMissing
from modelyard.rooms.serving import rules, service
from modelyard.rooms.serving.errors import BoxUnreachable, ServeAddressInvalid
from modelyard.rooms.serving.pool import Lease, Pool
from modelyard.rooms.serving.rules import ServeAddress
from modelyard.rooms.serving.upstream import Answer, request_head

Scope_ = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

log = logging.getLogger("modelyard.gateway")

ROUTES_KEPT = 10_000
SAFE_IN_PATH = "/:@!$&'()*+,;=~"


@dataclass(frozen=True, slots=True)
class Route:
    """Where an address leads for a caller: remembered for ``ServingOptions.route_memory``."""

    repository_id: UUID
    version: int
    previous: int | None


class Gateway:
    """Mounted beside the API, outside its middleware, to add as little as possible."""

    def __init__(self, pool: Pool, accounts_options: AccountOptions) -> None:
        self._pool = pool
        self._accounts = accounts_options
        self._memory = pool.tools.options.route_memory.total_seconds()
        self._answer_timeout = pool.tools.options.answer_timeout.total_seconds()
        self._routes: dict[tuple[str | None, str], tuple[float, int, Route]] = {}

    async def __call__(self, scope: Scope_, receive: Receive, send: Send) -> None:
        """Serves one HTTP request; everything that goes wrong before the answer began is a problem response."""
        started = _Started(send)
        try:
            await self._serve(scope, receive, started)
        except ModelyardError as e:
            if started.begun:
                raise  # the connection is cut, which is all that is left to say
            await _send_problem(send, e)
        except Exception:
            log.exception("gateway: %s", scope["path"])
            if started.begun:
                raise
            await _send_problem(send, ModelyardError("An unexpected error happened; it is in the server's log."))

    async def _serve(self, scope: Scope_, receive: Receive, send: "_Started") -> None:
        address = rules.parse_address(scope["path"])
        if address is None:
            raise ServeAddressInvalid(remedy="Call /serve/{owner}/{name}/model/predict.")
        token = _bearer(scope)
        route = await self._route(token, scope["path"], address)
        version = self._answering(route)
        async with self._pool.lease(route.repository_id, version) as lease:
            await self._exchange(scope, receive, send, lease, version, address)

    async def _route(self, token: str | None, path: str, address: ServeAddress) -> Route:
        key = (token, path[: len(path) - len(address.path)] if address.path != "/" else path.rstrip("/"))
        known = self._routes.get(key)
        now = time.monotonic()
        if known and known[0] > now and known[1] == self._pool.generation:
            return known[2]
        generation = self._pool.generation
        route = await anyio.to_thread.run_sync(self._find_route, token, address)
        if len(self._routes) >= ROUTES_KEPT:
            self._routes.clear()
        self._routes[key] = (now + self._memory, generation, route)
        return route

    def _find_route(self, token: str | None, address: ServeAddress) -> Route:
        """Runs in a thread: who asks, whether they may, and which version is meant."""
        with self._pool.tools.database.read() as session:
            principal = self._principal(session, token)
            try:
                repository = repos.find_repository(
                    session,
                    principal=principal,
                    owner=address.owner,
                    name=address.name,
                    require_sign_in=self._accounts.require_sign_in,
                )
            except RepositoryMissing as e:
                if principal.is_anonymous:
                    raise SignInRequired(e.detail, remedy="Send a token in the Authorization header.") from e
                raise
            version, previous = service.choose_version(
                session, principal=principal, repository=repository, version=address.version, alias=address.alias
            )
            return Route(repository.id, version, previous)

    def _principal(self, session: Any, token: str | None) -> Principal:
        if token is None:
            return ANONYMOUS
        principal = accounts.principal_of_token(session, token)
        if Scope.PREDICT not in principal.scopes:
            raise ScopeMissing("The token lacks the scope 'predict'.", remedy="Make a token with that scope.")
        return principal

    def _answering(self, route: Route) -> int:
        """The version that answers now; one that is wanted but not ready is started behind the one that answers."""
        if route.previous is None:
            return route.version
        version = rules.answering_version(route.version, route.previous, self._pool.ready_versions(route.repository_id))
        if version != route.version:
            self._pool.start_in_background(route.repository_id, route.version)
        return version

    async def _exchange(
        self, scope: Scope_, receive: Receive, send: "_Started", lease: Lease, version: int, address: ServeAddress
    ) -> None:
        upstream = lease.member.upstream
        headers = rules.request_headers(scope["headers"])
        body, framed = await _body_of(headers, receive)
        head = request_head(
            scope["method"].encode(), _target(address, scope["query_string"]), headers, chunked=not framed
        )
        try:
            connection = await upstream.connect()
        except BoxUnreachable:
            self._pool.report_unreachable(lease.member)
            raise
        try:
            await connection.send(head, body, framed=framed)
            answer = await connection.answer(within=self._answer_timeout)
            await _send_answer(send, answer, _added_headers(version, lease.cold_start))
        finally:
            upstream.give_back(connection)


class _Started:
    """Remembers whether the answer has begun."""

    __slots__ = ("_send", "begun")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = False

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        self.begun = True
        await self._send(message)


async def _send_answer(send: _Started, answer: Answer, added: list[tuple[bytes, bytes]]) -> None:
    headers = [*rules.response_headers(answer.headers), *added]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    whole = answer.take_whole()
    if whole is None:
        async for chunk in answer.chunks():
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": whole or b""})


async def _send_problem(send: Send, error: ModelyardError) -> None:
    body = problem_of(error).model_dump_json(exclude_none=True).encode()
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
    headers += [(k.lower().encode(), v.encode()) for k, v in error.headers().items()]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _body_of(headers: list[tuple[bytes, bytes]], receive: Receive) -> tuple[bytes | AsyncIterator[bytes], bool]:
    """The request's body and whether its length is in the head; a body that is here already comes as bytes."""
    has_length = any(name == b"content-length" for name, _ in headers)
    message = await receive()
    if message["type"] != "http.request":
        return b"", True
    first = message.get("body", b"")
    if not message.get("more_body", False):
        if first and not has_length:
            headers.append((b"content-length", str(len(first)).encode()))
        return first, True
    return _rest(first, receive), has_length


async def _rest(first: bytes, receive: Receive) -> AsyncIterator[bytes]:
    yield first
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BoxUnreachable("The caller went away.")
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return


def _target(address: ServeAddress, query: bytes) -> bytes:
    path = quote(address.path, safe=SAFE_IN_PATH).encode()
    return path + b"?" + query if query else path


def _added_headers(version: int, cold_start: float | None) -> list[tuple[bytes, bytes]]:
    added = [(b"x-modelyard-version", str(version).encode())]
    if cold_start is not None:
        added.append((b"x-modelyard-cold-start", b"%.3f" % cold_start))
    return added


def _bearer(scope: Scope_) -> str | None:
    """The bearer token; a cookie or Basic credentials count for nothing here."""
    for name, value in scope["headers"]:
        if name == b"authorization" and value[:7].lower() == b"bearer ":
            return value[7:].strip().decode("latin-1") or None
    return None
