"""The pool of boxes in this process: hands the gateway one that is ready, starts what is missing, stops what is idle.

Belongs to the server's event loop; the slow parts (``fleet``) run in threads of their own.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar, TypeVarTuple
from uuid import UUID

import anyio
import anyio.to_thread

from modelyard.kit.errors import ModelyardError
from modelyard.rooms.serving import fleet, reports, rules, service
from modelyard.rooms.serving.endings import Endings
from modelyard.rooms.serving.errors import BoxUnreachable, ReplicaFailed, TooManyReplicas
from modelyard.rooms.serving.failures import Failures
from modelyard.rooms.serving.fleet import Box, FleetTools
from modelyard.rooms.serving.health import until_healthy
from modelyard.rooms.serving.members import Lease, Member
from modelyard.rooms.serving.rules import Claim, Key, ReplicaState, Standing, Wish
from modelyard.rooms.serving.slots import Slots

log = logging.getLogger("modelyard.serving")

TICK_S = 1.0
REPORTS_S = 2.0
SLOT_WAIT_S = 60.0
STOP_GRACE_S = 10.0
THREADS = 16
LEASE_TRIES = 3
DYING = 2.0
LOOK_AGAIN = 0.05

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")


@dataclass(slots=True)
class Pool:
    """``generation`` changes with every ``wake``: what was remembered of deployments before is void."""

    tools: FleetTools
    generation: int = 0
    _members: dict[Key, list[Member]] = field(default_factory=dict)
    _starts: dict[Key, asyncio.Task[Member]] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _wishes: list[Wish] = field(default_factory=list)
    _poke: asyncio.Event = field(default_factory=asyncio.Event)
    _threads: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(THREADS))
    _slots: Slots = field(init=False)
    _failures: Failures = field(init=False)
    _endings: Endings = field(init=False)
    _loop: asyncio.AbstractEventLoop | None = None

    def __post_init__(self) -> None:
        self._slots = Slots(self.tools.options.max_replicas)
        self._failures = Failures(self.tools.clock)
        self._endings = Endings(self.tools, self._slots, threads=self._threads, run=self._run)

    async def recover(self) -> None:
        """Takes over the boxes that still run from before a restart; to be awaited before the API opens."""
        self._loop = asyncio.get_running_loop()
        found: dict[Key, list[Box]] = {}
        for box in await anyio.to_thread.run_sync(fleet.recover, self.tools):
            await self._slots.take_over()
            found.setdefault((box.repository_id, box.version), []).append(box)
        for key, boxes in found.items():
            self._track(key, self._take_over(key, boxes))

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

    async def run_reports(self) -> None:
        """Fetches what the boxes predicted, until cancelled."""
        while True:
            await asyncio.sleep(REPORTS_S)
            await asyncio.gather(*map(self._fetch_reports, self._all()))

    async def close(self) -> None:
        """Lets go of the boxes without stopping them: they answer again when the server is back."""
        for member in self._all():
            member.upstream.close()
        for task in [*self._starts.values(), *self._tasks]:
            task.cancel()

    def wake(self, repository_id: UUID | None = None) -> None:
        """Has the boxes looked after now, and routes and this repository's failures forgotten; from any thread."""
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._on_wake, repository_id)

    def ready_versions(self, repository_id: UUID) -> set[int]:
        return {version for owner, version in self._members if owner == repository_id}

    def start_in_background(self, repository_id: UUID, version: int) -> None:
        """Begins to start a box of the version that an alias points at, which another answers for meanwhile; unless
        one stands, is starting, failed lately, or finds no room."""
        key = (repository_id, version)
        if key not in self._members:
            with contextlib.suppress(ModelyardError):
                self._begin_start(key, Claim.ALIAS)

    @asynccontextmanager
    async def lease(self, repository_id: UUID, version: int, claim: Claim) -> AsyncIterator[Lease]:
        """A box of the version for one request, started if need be; ``claim``: what the caller named.

        Raises ``ReplicaFailed`` with the reason when it cannot start, ``TooManyReplicas``.
        """
        began = time.monotonic()
        member, cold = await self._find((repository_id, version), claim)
        member.busy += 1
        try:
            yield Lease(member, time.monotonic() - began if cold else None)
        finally:
            member.busy -= 1
            member.last_used = self.tools.clock()

    async def has_ended(self, member: Member) -> bool:
        """The gateway could not speak to a box: whether it is dead; such a one is let go at once.

        A dying box refuses calls a moment before its engine knows, so this waits up to ``DYING`` seconds.
        """
        until = time.monotonic() + DYING
        while not member.leaving:
            why = await self._in_thread(fleet.why_ended, self.tools, member.box)
            if why is not None:
                self._bury(member, why)
            elif time.monotonic() > until:
                return False
            else:
                await asyncio.sleep(LOOK_AGAIN)
        return True

    # -- looking after

    async def _tick(self) -> None:
        members = self._all()
        wishes, stopped, ended = await self._in_thread(self._look, members)
        self._wishes = wishes
        for member, why in ended:
            self._bury(member, why)
        self._endings.try_again()
        standing = self._standing()
        for key, claim in rules.to_start(standing, wishes):
            with contextlib.suppress(ModelyardError):
                self._begin_start(key, claim)
        going = set(rules.to_stop(standing, wishes, now=self.tools.clock()))
        for member in self._all():
            if member.box.id in going or member.key[0] in stopped:
                self._dismiss(member)

    def _look(self, members: list[Member]) -> tuple[list[Wish], set[UUID], list[tuple[Member, str]]]:
        """In a thread: what is wanted, whose boxes must go, and which boxes have ended, with the reason."""
        with self.tools.database.read() as session:
            wishes = service.wishes(session)
            stopped = service.repositories_to_stop(session, {member.key[0] for member in members})
        looked = [(member, fleet.why_ended(self.tools, member.box)) for member in members]
        return wishes, stopped, [(member, why) for member, why in looked if why is not None]

    def _standing(self) -> list[Standing]:
        ready = [Standing(m.box.id, *m.key, ReplicaState.READY, m.last_used, m.busy) for m in self._all()]
        now = self.tools.clock()
        return ready + [Standing(UUID(int=0), *key, ReplicaState.STARTING, now, 0) for key in self._starts]

    def _bury(self, member: Member, why: str) -> None:
        if self._leave(member):
            log.warning("box %s of v%s ended: %s", member.box.id, member.box.version, why)
            member.upstream.close()
            self._endings.end(member.box, ReplicaState.FAILED, why)

    def _dismiss(self, member: Member) -> None:
        if self._leave(member):
            self._run(self._drain(member))

    async def _drain(self, member: Member) -> None:
        """Waits for requests under way, then stops the box."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(rules.DRAIN.total_seconds()):
                while member.busy:  # noqa: ASYNC110 (a replica that leaves is rare; no event for each request)
                    await asyncio.sleep(0.05)
        await self._fetch_reports(member)
        member.upstream.close()
        self._endings.end(member.box, ReplicaState.STOPPED, None, grace=STOP_GRACE_S)

    def _leave(self, member: Member) -> bool:
        """Takes a member out of the pool; says whether it was in it."""
        if member.leaving:
            return False
        member.leaving = True
        members = self._members[member.key]
        members.remove(member)
        if not members:
            del self._members[member.key]
        return True

    async def _fetch_reports(self, member: Member) -> None:
        """Stores what a box predicted since it was last asked, in a few steps; what fails is tried again later."""
        asked = (member.last_used, self.generation)
        if member.asked == asked:
            return
        try:
            keep_inputs = await self._in_thread(reports.keeps_inputs, self.tools, member.box.repository_id)
            for _ in range(reports.ROUNDS):
                answer = await reports.fetch(member.upstream, stored=member.stored, keep_inputs=keep_inputs)
                if answer is None:
                    return
                fetched = await self._in_thread(partial(self._keep, member, answer, keep_inputs))
                if fetched is None:
                    return
                member.stored = fetched.last
                if not fetched.more:
                    member.asked = asked
                    return
        except Exception:
            log.exception("fetching what box %s predicted", member.box.id)

    def _keep(self, member: Member, answer: bytes, keep_inputs: bool) -> reports.Fetched | None:
        return reports.keep(self.tools, member.box, answer, stored=member.stored, keep_inputs=keep_inputs)

    # -- starting

    async def _find(self, key: Key, claim: Claim) -> tuple[Member, bool]:
        """A box that is ready, and whether it was waited for."""
        cold = False
        for _ in range(LEASE_TRIES):
            if members := self._members.get(key):
                return min(members, key=_load) if len(members) > 1 else members[0], cold
            cold = True
            member = await asyncio.shield(self._begin_start(key, claim))
            if not member.leaving:
                return member, cold
        raise BoxUnreachable("The model was stopped.", remedy="Try again.")

    def _begin_start(self, key: Key, claim: Claim) -> asyncio.Task[Member]:
        """The task that starts a box; raises what a start failed with a moment ago, or ``TooManyReplicas``."""
        if key not in self._starts:
            self._failures.check(key)
            if self._slots.full:
                self._make_room(claim)
            self._track(key, self._start(key))
        return self._starts[key]

    def _make_room(self, claim: Claim) -> None:
        """Lets a box go for another; what nobody waits for does not wait for a place, but is tried again."""
        going = rules.to_evict(self._standing(), self._wishes, claim=claim)
        if going is not None:
            self._dismiss(next(member for member in self._all() if member.box.id == going))
        elif claim is Claim.UNASKED or not self._tasks:  # none is on its way out either
            raise TooManyReplicas("All places for models are taken.", retry_after=10)

    def _track(self, key: Key, start: Coroutine[None, None, Member]) -> None:
        task = asyncio.get_running_loop().create_task(self._noted(key, start))
        task.add_done_callback(_retrieve)
        self._starts[key] = task

    async def _noted(self, key: Key, start: Coroutine[None, None, Member]) -> Member:
        """Remembers how a start went, so that one that fails is not tried with every request."""
        try:
            member = await start
        except TooManyReplicas:
            raise
        except ModelyardError as e:
            self._failures.note(key, e)
            raise
        except Exception as e:
            log.exception("starting a box of v%s", key[1])
            error = ReplicaFailed("The model could not be started; the server's log says why.")
            self._failures.note(key, error)
            raise error from e
        finally:
            del self._starts[key]
        self._failures.forget(key)
        return member

    async def _start(self, key: Key) -> Member:
        await self._slots.take(within=SLOT_WAIT_S)
        try:
            box = await self._in_thread(lambda: fleet.start_box(self.tools, repository_id=key[0], version=key[1]))
        except BaseException:
            self._slots.give_back()
            raise
        return await self._admit(box)

    async def _take_over(self, key: Key, boxes: list[Box]) -> Member:
        """Admits what ran before the restart; fails with the first failure if none of it answers."""
        outcomes = await asyncio.gather(*map(self._admit, boxes), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, Member):
                return outcome
        assert isinstance(outcomes[0], BaseException)
        raise outcomes[0]

    async def _admit(self, box: Box) -> Member:
        """Waits until the box has loaded its model and lets it answer; one that does not is ended."""
        try:
            upstream = await until_healthy(self.tools, box, threads=self._threads)
            await self._in_thread(fleet.mark_ready, self.tools, box)
        except Exception as e:
            self._endings.end(box, ReplicaState.FAILED, e.detail if isinstance(e, ModelyardError) else repr(e))
            raise
        member = Member(box, upstream, self.tools.clock())
        self._members.setdefault(member.key, []).append(member)
        return member

    # -- small parts

    async def _in_thread(self, work: Callable[[*Arguments], Result], *arguments: *Arguments) -> Result:
        return await anyio.to_thread.run_sync(work, *arguments, limiter=self._threads)

    def _all(self) -> list[Member]:
        return [member for members in self._members.values() for member in members]

    def _run(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _on_wake(self, repository_id: UUID | None) -> None:
        self.generation += 1
        self._failures.forget_repository(repository_id)
        self._poke.set()


def _load(member: Member) -> int:
    return member.busy


def _retrieve(task: asyncio.Task[Member]) -> None:
    """A start that nobody waits for may fail; its failure is noted already."""
    if not task.cancelled():
        task.exception()
