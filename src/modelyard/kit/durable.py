"""Durable work: workflows that continue after a crash from their last finished step (DBOS).

A room's ``tasks.py`` decorates its functions with ``workflow`` and ``step`` and fetches the parts it needs with
``part``. Work is started after the commit of the row it is about, under the row's id, and swept for at start-up;
starting the same id twice does nothing.

DBOS keeps its tables in a database file of its own on SQLite (starting a workflow never waits for our writers), in the
schema ``dbos`` on PostgreSQL.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import sqlalchemy as sa
from dbos import DBOS, DBOSConfig, SetWorkflowID

Part = TypeVar("Part")

workflow = DBOS.workflow
step = DBOS.step

POLLING_INTERVAL_S = 0.1

_parts: dict[type, object] = {}


def launch(database_url: str, *, data_dir: Path, executor_id: str, version: str, queues: dict[str, int]) -> None:
    """Opens the workflow tables, starts the queues (name → how many at a time) and takes up unfinished work.

    ``version`` is that of the workflow code: unfinished work of the same version is continued.
    """
    config: DBOSConfig = {
        "name": "modelyard",
        "system_database_url": _system_url(database_url, data_dir),
        "executor_id": executor_id,
        "application_version": version,
        "enable_otlp": False,
        "log_level": "WARNING",
        "notification_listener_polling_interval_sec": POLLING_INTERVAL_S,
    }
    DBOS(config=config)
    DBOS.launch()
    for name, concurrency in queues.items():
        DBOS.register_queue(name, worker_concurrency=concurrency, polling_interval_sec=POLLING_INTERVAL_S)


def shutdown(*, wait_seconds: int = 0) -> None:
    """Stops taking up work and forgets the parts; what is unfinished continues at the next launch."""
    DBOS.destroy(workflow_completion_timeout_sec=wait_seconds)
    _parts.clear()


def enqueue(queue: str, function: Callable[..., Any], *args: Any, id: str) -> None:
    """Puts a workflow on a queue under ``id``; an id that is known already is left alone."""
    with SetWorkflowID(id):
        DBOS.enqueue_workflow(queue, function, *args)


def provide_part(kind: type[Part], part: Part) -> None:
    """Makes a part available to workflows, before ``launch``."""
    _parts[kind] = part


def part(kind: type[Part]) -> Part:
    """The part that was provided for ``kind``; a missing one is a programming error (``KeyError``)."""
    return cast(Part, _parts[kind])


def _system_url(database_url: str, data_dir: Path) -> str:
    if sa.make_url(database_url).get_backend_name() != "sqlite":
        return database_url
    path = data_dir / "workflows.sqlite"
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    engine.dispose()
    return f"sqlite:///{path}"
