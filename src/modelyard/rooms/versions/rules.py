"""The life of a version and the stages of its build, as tables."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from modelyard.rooms.runs.ports import Limits
from modelyard.rooms.versions.errors import VersionStateInvalid


class VersionState(StrEnum):
    QUEUED = "queued"
    BUILDING = "building"
    READY = "ready"
    FAILED = "failed"


class StageState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"


NEXT: dict[VersionState, frozenset[VersionState]] = {
    VersionState.QUEUED: frozenset({VersionState.BUILDING, VersionState.FAILED}),
    # Building again: the build was taken up after a crash.
    VersionState.BUILDING: frozenset({VersionState.BUILDING, VersionState.READY, VersionState.FAILED}),
    VersionState.READY: frozenset(),
    VersionState.FAILED: frozenset({VersionState.QUEUED}),
}

STAGES = ("base", "lock", "wheels", "layers", "manifest", "check", "publish")
"""What a build does, in order. Images reports the first five."""

ENDED = frozenset({VersionState.READY, VersionState.FAILED})


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened in a build: a stage's change of state, or (``state`` ``log``) lines of its log."""

    sequence: int
    attempt: int
    stage: str
    state: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Stage:
    name: str
    state: StageState
    text: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None


LOG = "log"


def require_step(now: VersionState, wanted: VersionState) -> None:
    """Raises ``VersionStateInvalid`` unless a version in state ``now`` may go to ``wanted``."""
    if wanted not in NEXT[now]:
        raise VersionStateInvalid(f"A version that is {now} cannot become {wanted}.")


def stages_of(events: Iterable[Event], *, attempt: int) -> list[Stage]:
    """Where each stage of the present attempt stands, from what happened."""
    stages = {name: Stage(name, StageState.WAITING) for name in STAGES}
    for event in events:
        if event.attempt != attempt or event.state == LOG or event.stage not in stages:
            continue
        stages[event.stage] = _advance(stages[event.stage], event)
    return list(stages.values())


def limits_of(project: Mapping[str, Any]) -> Limits:
    """The bounds that a project asks for its containers, over the defaults."""
    asked = project.get("resources") or {}
    return Limits(**{name: asked[name] for name in ("memory_bytes", "cpus", "disk_bytes", "pids") if asked.get(name)})


def _advance(stage: Stage, event: Event) -> Stage:
    state = StageState(event.state)
    ended = event.at if state in (StageState.COMPLETE, StageState.FAILED) else None
    return Stage(stage.name, state, event.text or stage.text, stage.started_at or event.at, ended)
