"""The embedded runner: takes runs from the queue as cores and memory allow, and carries each out in a thread.

It may be killed at any moment: containers outlive it, leases are its own until they expire, and the next one of the
same name takes up what it had. While the database or the engine is away it waits.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar
from uuid import UUID

from modelyard.kit.errors import ModelyardError, Unavailable
from modelyard.kit.faults import fault_of
from modelyard.kit.ids import new_id
from modelyard.rooms.runs import queue, store
from modelyard.rooms.runs.attempts import AttemptTools, carry_out, clear_attempt
from modelyard.rooms.runs.errors import AttemptOutdated
from modelyard.rooms.runs.queue import LEASE, Lease, Room
from modelyard.rooms.runs.rules import Outcome
from modelyard.rooms.runs.watching import Orders, RunnerLeaves

log = logging.getLogger("modelyard.runner")

IDLE_S = 1.0
BUSY_S = 0.2
"""How often it looks for runs to end, and for others to take."""
RENEW_S = LEASE.total_seconds() / 4
FIRST_WAIT_S, LONGEST_WAIT_S = 0.2, 5.0
AWAY_S = 600.0
"""How long it waits for a database that is away before it gives a run up to whoever comes next."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class RunnerOptions:
    """What the embedded runner has: cores, bytes. ``per_account``: how many runs of one account may be under way."""

    name: str
    cpus: float
    memory_bytes: int
    labels: Sequence[str] = ()
    gpus: int = 0
    per_account: int = 64


@dataclass(slots=True)
class _Taken:
    lease: Lease
    orders: Orders = field(default_factory=Orders)


class Runner:
    """Start it once; ``wake`` it when there may be something to do; ``close`` leaves what runs to the next one."""

    def __init__(self, tools: AttemptTools, options: RunnerOptions) -> None:
        self._tools, self._options = tools, options
        self._id: UUID | None = None
        self._taken: dict[tuple[UUID, int], _Taken] = {}
        self._threads: set[threading.Thread] = set()
        self._changed = threading.Event()
        self._closing = threading.Event()
        self._renewed = 0.0
        self._thread = threading.Thread(target=self._work, name="runner", daemon=True)

    @property
    def id(self) -> UUID:
        assert self._id is not None  # start comes first
        return self._id

    def start(self) -> None:
        """Makes itself known, takes up what it had, and begins to work."""
        with self._tools.database.write() as session:
            self._id = queue.register_runner(
                session,
                id=new_id(),
                name=self._options.name,
                labels=self._options.labels,
                room=self._empty(),
                isolation=self._tools.engine.isolation.value,
                clock=self._tools.clock,
            )
            leases = queue.take_up(session, self._id)
        for lease in leases:
            self._launch(lease)
        self._thread.start()

    def wake(self) -> None:
        """There may be something to do: a run was queued, or its end asked for."""
        self._changed.set()

    def close(self) -> None:
        """Stops working. Containers go on, and are taken up by the next runner of this name."""
        self._closing.set()
        self._changed.set()
        for taken in list(self._taken.values()):
            taken.orders.left = True
        self._thread.join()
        for thread in list(self._threads):
            thread.join()

    def _work(self) -> None:
        wait = FIRST_WAIT_S
        while not self._closing.is_set():
            self._changed.clear()
            try:
                self._turn()
                wait = FIRST_WAIT_S
            except Exception as e:
                if fault_of(e) is None:
                    log.exception("the runner stumbled")
                self._closing.wait(wait)
                wait = min(wait * 2, LONGEST_WAIT_S)
            self._changed.wait(BUSY_S if self._taken else IDLE_S)

    def _turn(self) -> None:
        self._look_after()
        with self._tools.database.read() as session:
            waiting = store.has_waiting(session, self._tools.clock())
        if not waiting:
            return
        with self._tools.database.write() as session:
            leases = queue.claim_runs(
                session, self.id, self._free(), per_account=self._options.per_account, clock=self._tools.clock
            )
        for lease in leases:
            self._launch(lease)

    def _look_after(self) -> None:
        """Tells attempts what has become of their runs, and says that it lives."""
        if self._taken:
            with self._tools.database.read() as session:
                held = store.held_by(session, self.id)
            for key, taken in list(self._taken.items()):
                taken.orders.cancelled = taken.orders.cancelled or held.get(key, False)
                taken.orders.outdated = key not in held
        if time.monotonic() - self._renewed < RENEW_S:
            return
        self._renewed = time.monotonic()
        with self._tools.database.write() as session:
            queue.renew_leases(session, self.id, clock=self._tools.clock)
            queue.sweep_lost(session, but=self.id, clock=self._tools.clock)

    def _empty(self) -> Room:
        options = self._options
        return Room(options.cpus, options.memory_bytes, options.gpus, frozenset(options.labels))

    def _free(self) -> Room:
        room = self._empty()
        for taken in list(self._taken.values()):
            room.take(taken.lease.resources)
        return room

    def _launch(self, lease: Lease) -> None:
        self._taken[lease.run_id, lease.attempt] = taken = _Taken(lease)
        thread = threading.Thread(target=self._carry, args=[taken], name=f"run-{lease.run_id.hex}", daemon=True)
        self._threads.add(thread)
        thread.start()

    def _carry(self, taken: _Taken) -> None:
        try:
            self._bring_to_end(taken)
            self._make_room(taken)
            clear_attempt(self._tools, taken.lease)
        except RunnerLeaves:
            self._make_room(taken)
        finally:
            self._threads.discard(threading.current_thread())

    def _bring_to_end(self, taken: _Taken) -> None:
        """Raises ``RunnerLeaves`` alone."""
        try:
            self._patiently(lambda: self._carry_out(taken))
        except RunnerLeaves:
            raise
        except AttemptOutdated:
            return
        except Unavailable as e:
            self._give_up(taken, Outcome.LOST, e.detail)
        except ModelyardError as e:
            self._give_up(taken, Outcome.FAILED, e.detail)
        except Exception as e:
            log.exception("run %s, attempt %s", taken.lease.run_id, taken.lease.attempt)
            fault = fault_of(e)
            self._give_up(taken, Outcome.FAILED, fault.detail if fault else "The platform failed; its log says why.")

    def _make_room(self, taken: _Taken) -> None:
        self._taken.pop((taken.lease.run_id, taken.lease.attempt), None)
        self.wake()

    def _carry_out(self, taken: _Taken) -> None:
        """Once more after a failure: what was started before is taken up."""
        lease = taken.lease
        taken.lease = replace(lease, taken_up=True)
        carry_out(self._tools, lease, taken.orders)

    def _give_up(self, taken: _Taken, outcome: Outcome, reason: str) -> None:
        """Ends an attempt that could not be carried out."""

        def write() -> None:
            with self._tools.database.write() as session:
                row = queue.current(session, taken.lease)
                queue.end_attempt(session, row, outcome, reason=reason, clock=self._tools.clock)

        try:
            self._patiently(write)
        except RunnerLeaves:
            raise
        except AttemptOutdated:
            return
        except Exception:
            log.exception("run %s could not be ended", taken.lease.run_id)

    def _patiently(self, work: Callable[[], Result]) -> Result:
        """Does the work, again and again while the database or the engine is away; each may be repeated."""
        wait, deadline = FIRST_WAIT_S, time.monotonic() + AWAY_S
        while True:
            try:
                return work()
            except (AttemptOutdated, RunnerLeaves):
                raise
            except Exception as e:
                away = isinstance(e, Unavailable) or isinstance(fault_of(e), Unavailable)
                if not away or time.monotonic() > deadline:
                    raise
            if self._closing.wait(wait):
                raise RunnerLeaves
            wait = min(wait * 2, LONGEST_WAIT_S)
