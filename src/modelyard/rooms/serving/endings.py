"""Boxes on their way out: each is tried again until the engine has removed it, and keeps its place until then."""

import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

import anyio
import anyio.to_thread

from modelyard.rooms.serving import fleet
from modelyard.rooms.serving.fleet import Box, FleetTools
from modelyard.rooms.serving.rules import ReplicaState
from modelyard.rooms.serving.slots import Slots

log = logging.getLogger("modelyard.serving")


@dataclass(slots=True, eq=False)
class _Ending:
    box: Box
    state: ReplicaState
    reason: str | None
    grace: float
    trying: bool = False


class Endings:
    """``run`` makes a task of what it is given, and keeps it."""

    def __init__(
        self,
        tools: FleetTools,
        slots: Slots,
        *,
        threads: anyio.CapacityLimiter,
        run: Callable[[Coroutine[None, None, None]], None],
    ) -> None:
        self._tools = tools
        self._slots = slots
        self._threads = threads
        self._run = run
        self._endings: list[_Ending] = []

    def end(self, box: Box, state: ReplicaState, reason: str | None, *, grace: float = 0) -> None:
        """Stops the box within ``grace`` seconds, at once without, and removes it."""
        ending = _Ending(box, state, reason, grace)
        self._endings.append(ending)
        self._try(ending)

    def try_again(self) -> None:
        """To be called now and then, for what the engine could not do before."""
        for ending in self._endings:
            self._try(ending)

    def _try(self, ending: _Ending) -> None:
        if not ending.trying:
            ending.trying = True
            self._run(self._end(ending))

    async def _end(self, ending: _Ending) -> None:
        try:
            await anyio.to_thread.run_sync(self._end_box, ending, limiter=self._threads)
        except Exception:
            log.exception("box %s could not be ended; it is tried again", ending.box.id)
            ending.trying = False
            return
        self._endings.remove(ending)
        self._slots.give_back()

    def _end_box(self, ending: _Ending) -> None:
        fleet.end_box(self._tools, ending.box, state=ending.state, reason=ending.reason, grace=ending.grace)
