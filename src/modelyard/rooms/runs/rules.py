"""The life of a run, as a table, what an exit means, and whose code may be executed."""

from collections.abc import Collection
from enum import StrEnum

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


ENDED = frozenset({RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED})

# Back to STARTING: taken up again after a crash.
NEXT: dict[RunState, frozenset[RunState]] = {
    RunState.QUEUED: frozenset({RunState.STARTING, RunState.FAILED, RunState.CANCELLED}),
    RunState.STARTING: frozenset(
        {RunState.STARTING, RunState.RUNNING, RunState.QUEUED, RunState.FAILED, RunState.CANCELLED}
    ),
    RunState.RUNNING: frozenset(
        {RunState.STARTING, RunState.FINISHING, RunState.QUEUED, RunState.FAILED, RunState.CANCELLED}
    ),
    RunState.FINISHING: frozenset({RunState.STARTING, RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED}),
    RunState.SUCCEEDED: frozenset(),
    RunState.FAILED: frozenset(),
    RunState.CANCELLED: frozenset(),
}


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


def container_name(run_id: str, attempt: int) -> str:
    """The engine's name of an attempt: unique, and found again after a restart."""
    return f"run-{run_id}-{attempt}"
