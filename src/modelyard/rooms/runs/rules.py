"""The life of a run, as a table; what an exit means, what follows a failed attempt, and whose code may be executed."""

from collections.abc import Collection
from datetime import timedelta
from enum import StrEnum
from signal import SIGKILL, SIGTERM

from modelyard.rooms.runs.errors import RunStateInvalid
from modelyard.rooms.runs.ports import Isolation


class RunState(StrEnum):
    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    FINISHING = "finishing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Outcome(StrEnum):
    """How an attempt ended. ``lost``: its runner or its engine went away, which says nothing of the code."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"


ENDED = frozenset({RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED})
ACTIVE = frozenset({RunState.STARTING, RunState.RUNNING, RunState.FINISHING})

# Back to STARTING: taken up again after a crash. Back to QUEUED: the next attempt.
NEXT: dict[RunState, frozenset[RunState]] = {
    RunState.QUEUED: frozenset({RunState.STARTING, RunState.FAILED, RunState.CANCELLED}),
    RunState.STARTING: frozenset(
        {RunState.STARTING, RunState.RUNNING, RunState.QUEUED, RunState.FAILED, RunState.CANCELLED}
    ),
    RunState.RUNNING: frozenset(
        {RunState.STARTING, RunState.FINISHING, RunState.QUEUED, RunState.FAILED, RunState.CANCELLED}
    ),
    RunState.FINISHING: frozenset(
        {RunState.STARTING, RunState.QUEUED, RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED}
    ),
    RunState.SUCCEEDED: frozenset(),
    RunState.FAILED: frozenset(),
    RunState.CANCELLED: frozenset(),
}

MAX_LOSSES = 10
"""So often may attempts be lost before a run fails: something ends them whatever we do."""

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(minutes=1)
ENDED_FROM_OUTSIDE = frozenset({128 + SIGKILL, 128 + SIGTERM})
LOST_REASONS = frozenset({"its supervisor was killed", "the machine was restarted"})
"""What engine ``local`` says where a container did not end by itself, nor by our doing."""


def require_step(now: RunState, wanted: RunState) -> None:
    """Raises ``RunStateInvalid`` unless a run in state ``now`` may go to ``wanted``."""
    if wanted not in NEXT[now]:
        raise RunStateInvalid(f"A run that is {now} cannot become {wanted}.")


def may_run(isolation: Isolation, *, username: str | None, is_administrator: bool, trusted: Collection[str]) -> bool:
    """Whether code that ``username`` brought may be executed: below namespaces only that of administrators and of
    those whom they named. ``username`` None: the account is gone, and nobody answers for the code."""
    if isolation in (Isolation.VM, Isolation.NAMESPACES):
        return True
    return username is not None and (is_administrator or username in trusted)


def verdict(exit_code: int | None) -> RunState:
    """What an exit code says of a run: 0 succeeded, anything else failed."""
    return RunState.SUCCEEDED if exit_code == 0 else RunState.FAILED


def outcome_of(exit_code: int | None, reason: str | None, *, cancelled: bool) -> Outcome:
    """How an attempt ended. A signal that is not ours came with its engine's end: the attempt is lost, not failed.

    An engine that is asked to end gives its containers TERM first.
    """
    if cancelled:
        return Outcome.CANCELLED
    if exit_code == 0 and reason is None:
        return Outcome.SUCCEEDED
    lost = exit_code in ENDED_FROM_OUTSIDE and (reason is None or reason in LOST_REASONS)
    return Outcome.LOST if lost else Outcome.FAILED


def state_after(outcome: Outcome, *, attempt: int, max_attempts: int, losses: int, cancelled: bool) -> RunState:
    """Where a run goes when its attempt has ended. ``losses`` counts lost attempts, this one included: they do not
    count against ``max_attempts``."""
    if cancelled or outcome is Outcome.CANCELLED:
        return RunState.SUCCEEDED if outcome is Outcome.SUCCEEDED else RunState.CANCELLED
    if outcome is Outcome.SUCCEEDED:
        return RunState.SUCCEEDED
    if outcome is Outcome.LOST:
        return RunState.QUEUED if losses < MAX_LOSSES else RunState.FAILED
    return RunState.QUEUED if attempt - losses < max_attempts else RunState.FAILED


def pause_before(attempt: int) -> timedelta:
    """How long the attempt after ``attempt`` waits: twice as long each time."""
    return min(FIRST_PAUSE * (1 << min(attempt - 1, 16)), LONGEST_PAUSE)


def container_name(run_id: str, attempt: int) -> str:
    """The engine's name of an attempt: unique, and found again after a restart."""
    return f"run-{run_id}-{attempt}"


def why(run_id: object) -> str:
    """The reason of the grants on what a run took and left."""
    return f"run:{run_id}"
