"""Durable work: workflows that continue after a crash from their last finished step (DBOS).

A room's ``tasks.py`` decorates its functions with ``workflow`` and ``step`` and fetches the parts it needs with
``part``. Work is started after the commit of the row it is about, under the row's id, and swept for at start-up;
starting the same id twice does nothing.

DBOS keeps its tables in a database file of its own on SQLite (starting a workflow never waits for our writers), in the
schema ``dbos`` on PostgreSQL.
"""

import contextvars
import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast
from uuid import uuid4

import sqlalchemy as sa
from dbos import DBOS, DBOSConfig, SetWorkflowID

Part = TypeVar("Part")

log = logging.getLogger("modelyard.durable")

workflow = DBOS.workflow
step = DBOS.step

PROMPT_S, PATIENT_S = 0.15, 1.0
"""How long work may wait for an idle server to notice it, where somebody waits for it and where nobody does. Each look
costs some queries, about 4 ms of processor time, so an idle server is not free."""
NOTIFICATION_INTERVAL_S = 5.0
"""Nothing here waits for DBOS's notifications."""
UNFINISHED = ["PENDING", "ENQUEUED", "DELAYED"]
BROKEN = ["ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]

ENDED = frozenset({"SUCCESS", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"})

_parts: dict[type, object] = {}


def launch(
    database_url: str, *, data_dir: Path, version: str, queues: dict[str, int], prompt: Collection[str] = ()
) -> None:
    """Opens the workflow tables, starts the queues (name → how many at a time) and takes up unfinished work. Those in
    ``prompt`` are looked at more often.

    ``version`` is that of the workflow code: unfinished work of the same version continues from its last finished
    step. That of another version, or of a server whose data folder was another, is forgotten, so that the sweep starts
    it from its first step.
    """
    config: DBOSConfig = {
        "name": "modelyard",
        "system_database_url": _system_url(database_url, data_dir),
        "executor_id": server_id(data_dir),
        "application_version": version,
        "enable_otlp": False,
        "log_level": "WARNING",
        "notification_listener_polling_interval_sec": NOTIFICATION_INTERVAL_S,
    }
    DBOS(config=config)
    DBOS.launch()
    _forget_stranded(version, server_id(data_dir))
    for name, concurrency in queues.items():
        pause = PROMPT_S if name in prompt else PATIENT_S
        DBOS.register_queue(name, worker_concurrency=concurrency, polling_interval_sec=pause)


def shutdown(*, wait_seconds: int = 0) -> None:
    """Stops taking up work; what is unfinished continues at the next launch."""
    DBOS.destroy(workflow_completion_timeout_sec=wait_seconds)


def enqueue(queue: str, function: Callable[..., Any], *args: Any, id: str) -> None:
    """Puts a workflow on a queue under ``id``; an id that is known already is left alone, unless it broke off: then it
    starts again. (What a workflow expects to go wrong it settles itself, so this was the machine's fault.)

    What a step starts is no child of its workflow: it stands for itself.
    """
    contextvars.Context().run(_enqueue, queue, function, args, id)


def _enqueue(queue: str, function: Callable[..., Any], args: tuple[Any, ...], id: str) -> None:
    known = DBOS.list_workflows(workflow_ids=[id], status=BROKEN, load_input=False, load_output=False)
    if known:
        DBOS.delete_workflow(id)
    with SetWorkflowID(id):
        DBOS.enqueue_workflow(queue, function, *args)


@contextmanager
def left_to_sweep(what: str) -> Iterator[None]:
    """For work that is started after a commit: what was written stands, so a failure to start is logged and no more."""
    try:
        yield
    except Exception:
        log.exception("%s could not be started; the next sweep starts it", what)


def has_ended(id: str) -> bool:
    """Whether no more is to come of the workflow: it has returned, was cancelled, or took the server with it too often.

    False for one that is not known, and for one that broke off, which ``enqueue`` starts again.
    """
    status = DBOS.get_workflow_status(id)
    return status is not None and status.status in ENDED


def server_id(data_dir: Path) -> str:
    """This server's name among others', as in the workflow tables: 32 hex digits that stay with the data folder,
    whatever the machine is called."""
    file = data_dir / "server-id"
    if not (file.is_file() and file.read_text().strip()):
        partial = file.with_suffix(".partial")
        partial.write_text(f"{uuid4().hex}\n")
        partial.rename(file)
    return file.read_text().strip()


def provide_part(kind: type[Part], part: Part) -> None:
    """Makes a part available to workflows, before ``launch``."""
    _parts[kind] = part


def part(kind: type[Part]) -> Part:
    """The part that was provided for ``kind``; a missing one is a programming error (``KeyError``)."""
    return cast(Part, _parts[kind])


def _forget_stranded(version: str, executor_id: str) -> None:
    """Nobody would ever take up these: DBOS continues only work of the same version and executor."""
    found = DBOS.list_workflows(status=UNFINISHED, load_input=False, load_output=False)
    stranded = [
        w.workflow_id
        for w in found
        if w.app_version not in (None, version) or (w.status == "PENDING" and w.executor_id != executor_id)
    ]
    if stranded:
        DBOS.delete_workflows(stranded)


def _system_url(database_url: str, data_dir: Path) -> str:
    if sa.make_url(database_url).get_backend_name() != "sqlite":
        return database_url
    path = data_dir / "workflows.sqlite"
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    engine.dispose()
    return f"sqlite:///{path}"
