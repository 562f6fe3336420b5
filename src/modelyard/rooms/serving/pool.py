"""The pool of boxes in this process: hands the gateway one that is ready, starts what is missing, stops what is idle.

Belongs to the server's event loop; the slow parts (``fleet``) run in threads.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import anyio.to_thread

from modelyard.kit.errors import ModelyardError
from modelyard.rooms.serving import fleet, rules, service
from modelyard.rooms.serving.errors import BoxTimeout, BoxUnreachable, ReplicaFailed, TooManyReplicas
from modelyard.rooms.serving.fleet import Box, FleetTools
from modelyard.rooms.serving.rules import ReplicaState, Standing
from modelyard.rooms.serving.upstream import Upstream, request_head

log = logging.getLogger("modelyard.serving")

TICK_S = 1.0
HEALTH_POLL_S = 0.005
HEALTH_POLL_MAX_S = 0.1
BACKOFF = timedelta(seconds=30)
STOP_GRACE_S = 10.0

Key = tuple[UUID, int]


@dataclass(slots=True)
class Member:
    """A box that is ready, with its connections and its present load."""

    box: Box
    upstream: Upstream
    last_used: datetime
    busy: int = 0
    leaving: bool = False


@dataclass(slots=True)
class Lease:
    """The right to send one request to a box. ``cold_start`` is how long its start was waited for, in seconds."""

    member: Member
    cold_start: float | None


@dataclass(slots=True)
class _Failure:
    error: ModelyardError
    at: datetime


@dataclass(slots=True)
class Pool:
    tools: FleetTools
    _members: dict[Key, list[Member]] = field(default_factory=dict)
    _starts: dict[Key, asyncio.Task[Member]] = field(default_factory=dict)
    _failures: dict[Key, _Failure] = field(default_factory=dict)
    _ends: set[asyncio.Task[None]] = field(default_factory=set)
    _poke: asyncio.Event = field(default_factory=asyncio.Event)
    _loop: asyncio.AbstractEventLoop | None = None
    generation: int = 0

    async def recover(self) -> None:
        """Takes over the boxes that still run from before a restart; to be awaited before the API opens."""
        self._loop = asyncio.get_running_loop()
        for box in await anyio.to_thread.run_sync(fleet.recover, self.tools):
            key = (box.repository_id, box.version)
            task = self._loop.create_task(self._watch_start(box, key))
            task.add_done_callback(_note_outcome)
            self._starts[key] = task

    async def run(self) -> None:
        """Looks after the boxes until cancelled: starts what is wanted warm, stops what is idle, notices deaths."""
        while True:
            try:
                await self._tick()
            except Exception:
                log.exception("looking after the boxes")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._poke.wait(), TICK_S)
            self._poke.clear()

    async def close(self) -> None:
        """Lets go of the boxes without stopping them: they answer again when the server is back."""
        for members in self._members.values():
            for member in members:
                member.upstream.close()
        for task in [*self._starts.values(), *self._ends]:
            task.cancel()

    def wake(self) -> None:
        """Has the boxes looked after now and routes forgotten; callable from any thread."""
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._on_wake)

    def ready_versions(self, repository_id: UUID) -> set[int]:
        return {version for (owner, version), members in self._members.items() if owner == repository_id and members}

    def start_in_background(self, repository_id: UUID, version: int) -> None:
        """Begins to start a box of the version unless one stands, is starting, or failed a moment ago."""
        key = (repository_id, version)
        if not self._members.get(key) and not self._recent_failure(key):
            self._begin_start(key)

    @asynccontextmanager
    async def lease(self, repository_id: UUID, version: int) -> AsyncIterator[Lease]:
        """A box of the version for one request, started if need be.

        Raises ``ReplicaFailed`` with the reason when it cannot start, ``TooManyReplicas``.
        """
        key = (repository_id, version)
        began = time.monotonic()
        member = self._least_busy(key)
        cold = member is None
        if member is None:
            member = await asyncio.shield(self._begin_start(key))
        member.busy += 1
        try:
            yield Lease(member, time.monotonic() - began if cold else None)
        finally:
            member.busy -= 1
            member.last_used = self.tools.clock()

    def report_unreachable(self, member: Member) -> None:
        """The gateway could not speak to a box: look whether it still lives."""
        self._run_end(self._check_life(member))

    # -- looking after

    async def _tick(self) -> None:
        wishes, stopped = await anyio.to_thread.run_sync(self._load)
        await asyncio.gather(*(self._check_life(m) for members in list(self._members.values()) for m in list(members)))
        standing = self._standing()
        for wish in rules.to_start(standing, wishes.values()):
            key = (wish.repository_id, wish.version)
            if not self._recent_failure(key):
                self._begin_start(key)
        going = set(rules.to_stop(standing, wishes, now=self.tools.clock()))
        for key, members in list(self._members.items()):
            for member in list(members):
                if member.box.id in going or key[0] in stopped:
                    self._dismiss(key, member)

    def _load(self) -> tuple[dict[Key, rules.Wish], set[UUID]]:
        with self.tools.database.read() as session:
            wishes = {(w.repository_id, w.version): w for w in service.wishes(session)}
            return wishes, service.repositories_to_stop(session, self._known())

    def _known(self) -> set[UUID]:
        return {key[0] for key in list(self._members)}

    def _standing(self) -> list[Standing]:
        ready = [
            Standing(m.box.id, key[0], key[1], ReplicaState.READY, m.last_used, m.busy)
            for key, members in self._members.items()
            for m in members
        ]
        now = self.tools.clock()
        return ready + [Standing(UUID(int=0), k[0], k[1], ReplicaState.STARTING, now, 0) for k in self._starts]

    async def _check_life(self, member: Member) -> None:
        why = await anyio.to_thread.run_sync(fleet.why_ended, self.tools, member.box)
        if why is None or member.leaving:
            return
        member.leaving = True
        self._remove((member.box.repository_id, member.box.version), member)
        log.warning("box %s of v%s ended: %s", member.box.id, member.box.version, why)
        await self._end(member.box, ReplicaState.FAILED, why)

    def _dismiss(self, key: Key, member: Member) -> None:
        if member.leaving:
            return
        member.leaving = True
        self._remove(key, member)
        self._run_end(self._drain(member))

    async def _drain(self, member: Member) -> None:
        """Waits for requests under way, then stops the box."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(rules.DRAIN.total_seconds()):
                while member.busy:  # noqa: ASYNC110 (a replica that leaves is rare; no event for each request)
                    await asyncio.sleep(0.05)
        member.upstream.close()
        await self._end(member.box, ReplicaState.STOPPED, None, grace=STOP_GRACE_S)

    # -- starting

    def _begin_start(self, key: Key) -> asyncio.Task[Member]:
        if key not in self._starts:
            if failure := self._recent_failure(key):
                raise failure
            self._require_room()
            task = asyncio.get_running_loop().create_task(self._start(key))
            task.add_done_callback(_note_outcome)
            self._starts[key] = task
        return self._starts[key]

    def _require_room(self) -> None:
        count = sum(len(members) for members in self._members.values()) + len(self._starts)
        if count < self.tools.options.max_replicas:
            return
        idle = [(key, m) for key, members in self._members.items() for m in members if not m.busy]
        if not idle:
            raise TooManyReplicas(f"{count} models are running and busy.", retry_after=10)
        self._dismiss(*min(idle, key=lambda pair: pair[1].last_used))

    async def _start(self, key: Key) -> Member:
        try:
            box = await anyio.to_thread.run_sync(
                lambda: fleet.start_box(self.tools, repository_id=key[0], version=key[1])
            )
        except ModelyardError as e:
            self._starts.pop(key, None)
            self._failures[key] = _Failure(e, self.tools.clock())
            raise
        return await self._watch_start(box, key)

    async def _watch_start(self, box: Box, key: Key) -> Member:
        """Waits until the box has loaded its model, or says why it has not."""
        try:
            upstream = await self._until_healthy(box)
            await anyio.to_thread.run_sync(fleet.mark_ready, self.tools, box)
        except ModelyardError as e:
            self._failures[key] = _Failure(e, self.tools.clock())
            await self._end(box, ReplicaState.FAILED, e.detail)
            raise
        finally:
            self._starts.pop(key, None)
        self._failures.pop(key, None)
        member = Member(box, upstream, self.tools.clock())
        self._members.setdefault(key, []).append(member)
        return member

    async def _until_healthy(self, box: Box) -> Upstream:
        upstream = Upstream(box.socket)
        deadline = time.monotonic() + self.tools.options.start_timeout.total_seconds()
        pause, checked = HEALTH_POLL_S, time.monotonic()
        while time.monotonic() < deadline:
            with contextlib.suppress(BoxUnreachable, BoxTimeout):
                if await _is_healthy(upstream):
                    return upstream
            if time.monotonic() - checked > 0.25:
                checked = time.monotonic()
                if why := await anyio.to_thread.run_sync(fleet.why_ended, self.tools, box):
                    raise ReplicaFailed(f"The model did not start: {why}.", remedy="See the deployment's log.")
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, HEALTH_POLL_MAX_S)
        raise ReplicaFailed("The model did not load in time.", remedy="See the deployment's log.")

    # -- small parts

    def _least_busy(self, key: Key) -> Member | None:
        members = self._members.get(key)
        if not members:
            return None
        return members[0] if len(members) == 1 else min(members, key=lambda m: m.busy)

    def _recent_failure(self, key: Key) -> ModelyardError | None:
        failure = self._failures.get(key)
        if failure and self.tools.clock() - failure.at < BACKOFF:
            return failure.error
        self._failures.pop(key, None)
        return None

    def _remove(self, key: Key, member: Member) -> None:
        members = self._members.get(key, [])
        if member in members:
            members.remove(member)
        if not members:
            self._members.pop(key, None)

    async def _end(self, box: Box, state: ReplicaState, reason: str | None, *, grace: float = 0) -> None:
        await anyio.to_thread.run_sync(lambda: fleet.end_box(self.tools, box, state=state, reason=reason, grace=grace))

    def _run_end(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._ends.add(task)
        task.add_done_callback(self._ends.discard)

    def _on_wake(self) -> None:
        self.generation += 1
        self._failures.clear()
        self._poke.set()


def _note_outcome(task: "asyncio.Task[Member]") -> None:
    """A start that nobody waits for has its failure remembered by the pool; here it is only taken note of."""
    if not task.cancelled() and (error := task.exception()):
        log.warning("a box did not start: %s", error)


async def _is_healthy(upstream: Upstream) -> bool:
    connection = await upstream.connect()
    try:
        await connection.send(request_head(b"GET", b"/health", (), chunked=False), b"", framed=True)
        answer = await connection.answer(within=5.0)
        async for _ in answer.chunks():
            pass
        return answer.status == 200
    finally:
        upstream.give_back(connection)
