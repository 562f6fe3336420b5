"""A run as server-sent events (HTML standard, section 9.2), which resume where they broke off."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from starlette.concurrency import run_in_threadpool

from modelyard.kit import db
from modelyard.kit.errors import ModelyardError
from modelyard.kit.http import problem_of
from modelyard.rooms.runs import logs, rules, service, store
from modelyard.rooms.runs.errors import RunMissing
from modelyard.rooms.runs.logs import LogTools
from modelyard.rooms.runs.schemas import Run

LOG_EVERY_S = 0.05
STATE_EVERY_S = 0.25
PARTIAL_AFTER_S = 1.0
"""How long a line without its end is held back."""
PING_S = 15.0
RECHECK_S = 30.0
POINTS = 5_000

AskAgain = Callable[[], Awaitable[None]]
"""Raises what a new request of whoever follows would be answered with."""


@dataclass(slots=True)
class Position:
    """How far a follower has read: which attempt, how many bytes of its log, which metric."""

    attempt: int = 0
    offset: int = 0
    sequence: int = 0

    @classmethod
    def parse(cls, text: str) -> "Position":
        """What an event's id says; the beginning for anything else."""
        if not re.fullmatch(r"\d{1,9}\.\d{1,15}\.\d{1,18}", text):
            return cls()
        return cls(*map(int, text.split(".")))

    def __str__(self) -> str:
        return f"{self.attempt}.{self.offset}.{self.sequence}"


async def follow_run(tools: LogTools, run_id: UUID, position: Position, ask_again: AskAgain) -> AsyncIterator[str]:
    """``run`` when its state changed, ``log`` and ``metrics`` as they come, then ``end``; or ``gone`` with the problem.

    The log of an attempt begins anew with each attempt.
    """
    follower = _Follower(tools, run_id, position)
    asked = said = time.monotonic()
    while True:
        try:
            for event in await run_in_threadpool(follower.look):
                yield event
                said = time.monotonic()
            if follower.ended:
                return
            await asyncio.sleep(LOG_EVERY_S)
            if time.monotonic() - said >= PING_S:
                said = time.monotonic()
                yield ": waiting\n\n"
            if time.monotonic() - asked >= RECHECK_S:
                asked = time.monotonic()
                await ask_again()
        except ModelyardError as e:
            yield f"event: gone\ndata: {problem_of(e).model_dump_json(exclude_none=True)}\n\n"
            return


class _Follower:
    """What one follower has seen; its verbs block."""

    def __init__(self, tools: LogTools, run_id: UUID, position: Position) -> None:
        self.ended = False
        self._tools, self._run_id, self._position = tools, run_id, position
        self._run: Run | None = None
        self._shown = ""
        self._looked = 0.0
        self._held_since: float | None = None

    def look(self) -> list[str]:
        """What there is to say now."""
        events: list[str] = []
        due = time.monotonic() - self._looked >= STATE_EVERY_S
        if due:
            self._looked = time.monotonic()
            self._read_run()
        run = self._run
        assert run is not None  # the first look is always due
        if run.attempt != self._position.attempt:
            self._position.attempt, self._position.offset = run.attempt, 0
        if due:
            events += self._state(run)
        is_over = run.state in rules.ENDED
        events += self._log(run, is_over=is_over)
        if due:
            events += self._metrics(run)
        if is_over and due:
            self.ended = True
            events.append(self._event("end", run.model_dump_json()))
        return events

    def _read_run(self) -> None:
        with self._tools.database.read() as session:
            self._run = service.find_run(session, self._run_id)
        if self._run is None:
            raise RunMissing("The run was deleted.")

    def _state(self, run: Run) -> list[str]:
        shown = run.model_dump_json()
        if shown == self._shown:
            return []
        self._shown = shown
        return [self._event("run", shown)]

    def _log(self, run: Run, *, is_over: bool) -> list[str]:
        events = []
        while piece := self._piece(run, is_over=is_over):
            text = db.storable_text(piece.decode(errors="replace"))
            data = json.dumps({"attempt": run.attempt, "offset": self._position.offset, "text": text})
            self._position.offset += len(piece)
            events.append(self._event("log", data))
        return events

    def _piece(self, run: Run, *, is_over: bool) -> bytes:
        """The next whole lines; what has no end yet only when it is over, or has been held back for long."""
        offset = self._position.offset
        if is_over:
            return logs.cut_letters(data) or data if (data := logs.read_kept(self._tools, run.id, offset)) else b""
        data = logs.read_live(self._tools, run.id, run.attempt, offset) or b""
        lines = logs.cut_whole(data)
        if lines or not data:
            self._held_since = None
            return lines
        self._held_since = self._held_since or time.monotonic()
        return logs.cut_letters(data) if time.monotonic() - self._held_since >= PARTIAL_AFTER_S else b""

    def _metrics(self, run: Run) -> list[str]:
        with self._tools.database.read() as session:
            found = store.metrics(session, run.id, attempt=run.attempt, after=self._position.sequence, limit=POINTS)
        if not found:
            return []
        self._position.sequence = found[-1].sequence
        points = [{"name": one.name, "step": one.step, "value": one.value} for one in found]
        return [self._event("metrics", json.dumps({"attempt": run.attempt, "points": points}))]

    def _event(self, kind: str, data: str) -> str:
        return f"event: {kind}\nid: {self._position}\ndata: {data}\n\n"
