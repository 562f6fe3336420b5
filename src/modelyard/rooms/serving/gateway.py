"""The gateway: an ASGI application below ``/serve`` that passes requests to boxes and their answers back.

What answers is a stranger's code, so the session never crosses: the caller is known by bearer token alone, ``Cookie``
and ``Authorization`` are dropped on the way in, and of the answer's headers only harmless ones come out, with
``Content-Security-Policy: sandbox`` and ``nosniff`` added.
"""

import asyncio
import logging
import time
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import anyio
import anyio.to_thread

from modelyard.kit.errors import ModelyardError
from modelyard.kit.faults import fault_of
from modelyard.rooms.access.errors import ScopeMissing, SignInRequired
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.ports import AccountOptions
from modelyard.rooms.accounts.schemas import ANONYMOUS, Principal, Scope
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.errors import RepositoryMissing
from modelyard.rooms.repos.ports import Traffic, Use, UseLog
from modelyard.rooms.serving import rules, service
from modelyard.rooms.serving.calls import (
    Call,
    CallerWatch,
    HttpScope,
    Receive,
    Send,
    Started,
    read_call,
    say_or_cut,
    send_answer,
)
from modelyard.rooms.serving.connection import Connection
from modelyard.rooms.serving.errors import BoxGone, BoxUnreachable, CallerGone, CodeRefused, ServeAddressInvalid
from modelyard.rooms.serving.pool import Pool
from modelyard.rooms.serving.rules import Claim, ServeAddress

log = logging.getLogger("modelyard.gateway")

ROUTES_KEPT = 10_000
TRIES = 3
"""For a call that reaches no box: one that dies closes its old connections first, and then takes no new ones."""
THREADS = 8
POLICY_VIOLATION = 1008
RouteKey = tuple[str | None, str]
"""The bearer token and the model's part of the path."""
REDIRECTED = 300
"""From this status on an answer is not what was asked for."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where an address leads for a caller: remembered for ``ServingOptions.route_memory``."""

    repository_id: UUID
    version: int
    previous: int | None
    principal: Principal
    claim: Claim


class Gateway:
    """Mounted beside the API, outside its middleware, to add as little as possible."""

    def __init__(self, pool: Pool, accounts_options: AccountOptions, uses: UseLog, traffic: Traffic) -> None:
        self._pool = pool
        self._accounts = accounts_options
        self._uses = uses
        self._traffic = traffic
        self._noting: dict[tuple[UUID | None, UUID, int], asyncio.Task[None]] = {}
        self._memory = pool.tools.options.route_memory.total_seconds()
        self._answer_timeout = pool.tools.options.answer_timeout.total_seconds()
        self._threads = anyio.CapacityLimiter(THREADS)
        self._routes: dict[RouteKey, tuple[float, int, Route]] = {}
        self._finding: dict[tuple[RouteKey, int], asyncio.Task[Route]] = {}

    async def __call__(self, scope: HttpScope, receive: Receive, send: Send) -> None:
        """Serves one HTTP request; everything that goes wrong before the answer began is a problem response."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})  # 403: boxes speak plain HTTP
            return
        started = Started(send)
        try:
            await self._serve(scope, receive, started)
        except CallerGone:
            return
        except ModelyardError as e:
            await say_or_cut(started, e)
        except Exception as e:
            log.exception("gateway: %s", scope["path"])
            unknown = ModelyardError("An unexpected error happened; it is in the server's log.")
            await say_or_cut(started, fault_of(e) or unknown)

    async def _serve(self, scope: HttpScope, receive: Receive, send: Started) -> None:
        address = rules.parse_address(scope["raw_path"])
        if address is None or rules.is_private(address.path):
            raise ServeAddressInvalid(remedy="Call /serve/{owner}/{name}/model/predict.")
        if rules.becomes_code(scope["headers"]):
            raise CodeRefused(remedy="Fetch it as data.")
        route = await self._route(_bearer(scope), address)
        call = await read_call(scope, receive, address)
        version = self._answering(route)
        try:
            await self._send_to_some_box(call, receive, send, route, version)
        finally:
            if send.sent:
                self._traffic.count(send.sent, repository_id=route.repository_id, version=version)
        if scope["method"] == "POST" and send.status < REDIRECTED:
            self._note_run(route, version)

    async def _send_to_some_box(self, call: Call, receive: Receive, send: Started, route: Route, version: int) -> None:
        for tries_left in reversed(range(TRIES)):
            try:
                await self._send_to_box(call, receive, send, route, version)
                return
            except BoxGone:  # nothing reached it
                if not tries_left:
                    raise

    async def _send_to_box(self, call: Call, receive: Receive, send: Started, route: Route, version: int) -> None:
        async with self._pool.lease(route.repository_id, version, route.claim) as lease:
            upstream = lease.member.upstream
            try:
                connection = await upstream.connect()
            except BoxUnreachable as e:
                if await self._pool.has_ended(lease.member):
                    raise BoxGone from e
                raise
            try:
                await self._exchange(call, receive, send, connection, _added_headers(version, lease.cold_start))
            except BoxGone:
                upstream.close_idle()  # they are as old as this one was
                raise
            finally:
                upstream.give_back(connection)

    async def _exchange(
        self,
        call: Call,
        receive: Receive,
        send: Started,
        connection: Connection,
        added: list[tuple[bytes, bytes]],
    ) -> None:
        await connection.send(call.head, call.body, framed=call.framed, bodiless=call.bodiless)
        watch = CallerWatch(receive, connection)
        try:
            answer = await connection.answer(within=self._answer_timeout)
            await send_answer(send, answer, added)
        except BoxGone:
            if not isinstance(call.body, bytes):  # it cannot be sent again
                raise BoxUnreachable("The model closed the connection.", remedy="Try again.") from None
            raise
        except BoxUnreachable:
            if watch.gone:
                raise CallerGone from None
            raise
        finally:
            watch.stop()

    def _note_run(self, route: Route, version: int) -> None:
        """Has it remembered that the caller ran this version, beside the call and once."""
        facts: dict[str, Any] = {"repository_id": route.repository_id, "version": version, "how": Use.RUN}
        key = (route.principal.account_id, route.repository_id, version)
        if key in self._noting or not self._uses.is_new(route.principal, **facts):
            return
        note = partial(self._uses.note, route.principal, **facts)
        task = asyncio.create_task(anyio.to_thread.run_sync(note, limiter=self._threads))
        self._noting[key] = task
        task.add_done_callback(lambda _: self._noting.pop(key, None))

    async def _route(self, token: str | None, address: ServeAddress) -> Route:
        key, generation = (token, address.model), self._pool.generation
        known = self._routes.get(key)
        if known and known[0] > time.monotonic() and known[1] == generation:
            return known[2]
        finding = self._finding.get((key, generation))
        if finding is None:  # one looks for all who ask meanwhile
            finding = asyncio.create_task(self._remember_route(token, address, generation))
            self._finding[key, generation] = finding
            finding.add_done_callback(lambda done: self._found(done, key, generation))
        return await asyncio.shield(finding)

    def _found(self, done: "asyncio.Task[Route]", key: RouteKey, generation: int) -> None:
        del self._finding[key, generation]
        if not done.cancelled():
            done.exception()  # those who asked may all have gone

    async def _remember_route(self, token: str | None, address: ServeAddress, generation: int) -> Route:
        until = time.monotonic() + self._memory
        route = await anyio.to_thread.run_sync(self._find_route, token, address, limiter=self._threads)
        if len(self._routes) >= ROUTES_KEPT:
            self._routes.clear()
        self._routes[token, address.model] = (until, generation, route)
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
            claim = Claim.ALIAS if address.version is None else Claim.VERSION
            return Route(repository.id, version, previous, principal, claim)

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


def _added_headers(version: int, cold_start: float | None) -> list[tuple[bytes, bytes]]:
    added = [(b"x-modelyard-version", str(version).encode())]
    if cold_start is not None:
        added.append((b"x-modelyard-cold-start", b"%.3f" % cold_start))
    return added


def _bearer(scope: HttpScope) -> str | None:
    """The bearer token; a cookie or Basic credentials count for nothing here."""
    for name, value in scope["headers"]:
        if name == b"authorization" and value[:7].lower() == b"bearer ":
            return value[7:].strip().decode("latin-1") or None
    return None
