"""Runs, as other rooms and the API see them: find, list, cancel, delete. What they left is in ``leftovers``,
their metrics in ``comparing``; other rooms find all of it here."""

import shutil
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit.clock import Clock
from modelyard.kit.paging import Page, decode_cursor, encode_cursor
from modelyard.rooms.access.policies import own_id
from modelyard.rooms.accounts.schemas import Account, Principal, Role
from modelyard.rooms.content import service as content
from modelyard.rooms.repos import service as repos
from modelyard.rooms.repos.schemas import Repository
from modelyard.rooms.runs import queue, rules, store
from modelyard.rooms.runs.comparing import (
    count_by_experiment,
    leave_experiment,
    read_curves,
    read_metrics,
    runs_of_experiment,
    set_experiment,
    summarise_metrics,
)
from modelyard.rooms.runs.containers import KIND_RUN, LABEL_KIND
from modelyard.rooms.runs.driving import driven
from modelyard.rooms.runs.errors import IsolationTooWeak, RunStateInvalid
from modelyard.rooms.runs.executing import RunTools, execute
from modelyard.rooms.runs.keeps import ask_to_keep, due_keep, due_keeps, note_kept
from modelyard.rooms.runs.leftovers import (
    OpenOutput,
    all_outputs,
    list_outputs,
    open_log,
    open_output,
    open_outputs,
    read_log,
)
from modelyard.rooms.runs.owning import own_row
from modelyard.rooms.runs.ports import Engine
from modelyard.rooms.runs.presenting import present, present_runner, summarise
from modelyard.rooms.runs.queue import queue_run, require_room
from modelyard.rooms.runs.rules import RunState
from modelyard.rooms.runs.schemas import (
    Input,
    Run,
    Runner,
    RunOrder,
    RunSummary,
)
from modelyard.rooms.runs.tables import RunRow

__all__ = [
    "OpenOutput",
    "RunOrder",
    "RunTools",
    "all_outputs",
    "ask_to_keep",
    "count_by_experiment",
    "driven",
    "due_keep",
    "due_keeps",
    "execute",
    "leave_experiment",
    "list_outputs",
    "note_kept",
    "open_log",
    "open_output",
    "open_outputs",
    "queue_run",
    "read_curves",
    "read_log",
    "read_metrics",
    "require_room",
    "runs_of_experiment",
    "set_experiment",
    "summarise_metrics",
]


def require_trust(engine: Engine, creator: Account | None, *, trusted: Collection[str]) -> None:
    """Raises ``IsolationTooWeak`` unless the engine may execute code that ``creator`` brought (None: nobody known)."""
    username = creator.username if creator else None
    is_administrator = creator is not None and creator.role is Role.ADMINISTRATOR
    if not rules.may_run(engine.isolation, username=username, is_administrator=is_administrator, trusted=trusted):
        raise IsolationTooWeak(
            f"This machine isolates code only as '{engine.isolation}', which is not enough for strangers'.",
            remedy="Ask the administrator to name you in MODELYARD_TRUSTED_CREATORS, or to allow namespaces.",
        )


def get_run(session: Session, principal: Principal, run_id: UUID) -> Run:
    """A run of the caller's, or anybody's for administrators; raises ``RunMissing``."""
    return present(session, own_row(session, principal, run_id))


def find_run(session: Session, run_id: UUID) -> Run | None:
    """Whoever asks; not for answers to callers."""
    row = store.get(session, run_id)
    return present(session, row) if row else None


def held_inputs(session: Session, run_id: UUID) -> list[Input]:
    """A run's inputs as they were found when it was asked for; their blobs are held for as long as it is known."""
    row = store.get(session, run_id)
    return [Input.model_validate(one) for one in (row.inputs if row else None) or ()]


def given_inputs(session: Session, run_id: UUID) -> dict[str, dict[str, Any]]:
    """What a run's inputs were asked for with, by name; whoever asks."""
    row = store.get(session, run_id)
    return {one["name"]: one["given"] for one in (row.inputs if row else None) or ()}


def count_unfinished(session: Session, account_id: UUID) -> int:
    """How many runs of the account wait or are being executed."""
    return store.count_unfinished(session, account_id)


def list_runs(
    session: Session,
    principal: Principal,
    *,
    everybody: bool = False,
    repository_id: UUID | None = None,
    experiment_id: UUID | None = None,
    states: Sequence[RunState] = (),
    cursor: str | None,
    limit: int,
) -> Page[RunSummary]:
    """The caller's, the newest first; with ``everybody`` those of all accounts (administrators)."""
    rows = store.page(
        session,
        account_id=None if everybody else own_id(principal),
        repository_id=repository_id,
        experiment_id=experiment_id,
        states=[state.value for state in states],
        before=decode_cursor(cursor, UUID)[0] if cursor else None,
        limit=limit + 1,
    )
    more = encode_cursor(rows[limit - 1].id) if len(rows) > limit else None
    return Page(items=summarise(session, rows[:limit]), next_cursor=more)


def list_all_runs(
    session: Session,
    principal: Principal,
    *,
    repository: str = "",
    states: Sequence[RunState] = (),
    cursor: str | None,
    limit: int,
) -> Page[RunSummary]:
    """Everybody's, for administrators; only those of ``owner/name`` where it is given. Raises ``RepositoryMissing``."""
    found = _find_repository(session, principal, repository) if repository else None
    return list_runs(
        session,
        principal,
        everybody=True,
        repository_id=found.id if found else None,
        states=states,
        cursor=cursor,
        limit=limit,
    )


def cancel_run(session: Session, principal: Principal, run_id: UUID, *, clock: Clock, wake: Callable[[], None]) -> Run:
    """Asks for a run's end: TERM, and KILL after a while. One that has ended stays as it is."""
    own_row(session, principal, run_id)
    return present(session, queue.cancel_run(session, run_id, clock=clock, wake=wake))


def delete_run(session: Session, principal: Principal, run_id: UUID) -> None:
    """Forgets a run and gives up what it left; raises ``RunStateInvalid`` while it is under way."""
    row = own_row(session, principal, run_id)
    if RunState(row.state) not in rules.ENDED:
        raise RunStateInvalid(f"The run is {row.state}.", remedy="Cancel it first.")
    _forget(session, row)


def list_runners(session: Session) -> list[Runner]:
    taken = store.taken(session)
    return [present_runner(row, taken.get(row.id, [])) for row in store.runners(session)]


def checks_of(session: Session, repository_id: UUID, *, version: int | None = None) -> list[Run]:
    """What was executed to make the repository's versions."""
    return [present(session, row) for row in store.of_repository(session, repository_id, version=version)]


def delete_checks(session: Session, repository_id: UUID, *, version: int | None = None) -> None:
    """Forgets what was executed to make versions, and gives up what that had stored."""
    for row in store.of_repository(session, repository_id, version=version):
        _forget(session, row)


def remove_strays(tools: RunTools) -> list[str]:
    """Removes containers of runs that have ended or were never known, and their folders; returns their names."""
    with tools.database.read() as session:
        alive = {rules.container_name(id.hex, attempt) for id, attempt in store.active(session)}
    strays = [c.name for c in tools.engine.list({LABEL_KIND: KIND_RUN}) if c.name not in alive]
    for name in strays:
        tools.engine.remove(name)
    for folder in tools.scratch.iterdir():
        if f"run-{folder.name}" not in alive:
            _remove(folder)
    return strays


def _find_repository(session: Session, principal: Principal, address: str) -> Repository:
    owner, _, name = address.partition("/")
    return repos.find_repository(session, principal=principal, owner=owner, name=name, require_sign_in=True)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _forget(session: Session, row: RunRow) -> None:
    if holder := row.account_id or row.repository_id:
        content.revoke(session, holder_id=holder, why=rules.why(row.id))
    store.delete(session, [row.id])
