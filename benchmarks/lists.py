"""Lists of runs among 1,000,000 of them, on SQLite and PostgreSQL: the first page, and one far behind.

Accounts have few runs or many (Pareto); most runs have ended well, some failed, and very few are under way. Each list
is what the API's route answers with, without HTTP. The rows are what a server would write, put in many at a time.
"""

import itertools
import math
import random
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from measure import Bar, private_services, report
from modelyard.kit.db import Database
from modelyard.kit.ids import new_id
from modelyard.kit.paging import encode_cursor
from modelyard.rooms.accounts.schemas import Principal, Role, Scope, Via
from modelyard.rooms.accounts.tables import AccountRow
from modelyard.rooms.repos.tables import RepositoryRow
from modelyard.rooms.runs import service
from modelyard.rooms.runs.rules import RunState
from modelyard.rooms.runs.tables import RunRow
from support import databases

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
ACCOUNTS, REPOSITORIES, BATCH, SAMPLES = 2000, 3000, 5000, 60
UNDER_WAY = 200
BAR_MS = 50.0
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
Listing = Callable[[Any], Any]


def main() -> None:
    figures, bars = {}, []
    accounts, repositories = [new_id() for _ in range(ACCOUNTS)], [new_id() for _ in range(REPOSITORIES)]
    with private_services() as scratch:
        for kind in databases.KINDS:
            database = Database(databases.create(kind, scratch))
            began = time.perf_counter()
            _fill(database, accounts, repositories)
            print(f"{kind}: filled in {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
            found = _measure(database, accounts, repositories)
            for name, taken in found.items():
                figures |= {f"{kind}: {name}, p50 ms": statistics.median(taken), f"{kind}: {name}, p95 ms": _p95(taken)}
            worst = max(_p95(taken) for name, taken in found.items() if "far behind" not in name)
            bars.append(Bar(f"{kind}: first page, the slowest list's p95 ms", worst, BAR_MS, at_most=True))
            _explain(database, accounts, repositories)
            database.close()
    report("lists", figures, bars)


def _fill(database: Database, accounts: list[UUID], repositories: list[UUID]) -> None:
    chance, now = random.Random(7), datetime.now(UTC)
    account = {"display_name": "", "role": "creator", "disabled": False, "created_at": now}
    text = {"kind": "operation", "visibility": "public", "title": "", "description": "", "tags": [], "picture": None}
    rest = {"next_version": 2, "deleting": False, "created_at": now, "updated_at": now}
    with database.write() as session:
        named = [{"id": id, "username": f"u{number}"} | account for number, id in enumerate(accounts)]
        session.execute(sa.insert(AccountRow), named)
        owned = [
            {"id": id, "owner_id": accounts[number % ACCOUNTS], "name": f"r{number}"} | text | rest
            for number, id in enumerate(repositories)
        ]
        session.execute(sa.insert(RepositoryRow), owned)
    for first in range(0, COUNT, BATCH):
        rows = [_run(chance, number, accounts, repositories) for number in range(first, min(first + BATCH, COUNT))]
        with database.write() as session:
            session.execute(sa.insert(RunRow), rows)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE" if database.dialect == "sqlite" else "VACUUM ANALYZE")


def _run(chance: random.Random, number: int, accounts: list[UUID], repositories: list[UUID]) -> dict[str, Any]:
    at = FIRST + timedelta(seconds=number)
    is_old = number < COUNT - UNDER_WAY
    state = chance.choices(["succeeded", "failed", "cancelled"], [90, 8, 2])[0] if is_old else "running"
    return {
        "id": _id(at, chance),
        "account_id": _unevenly(chance, accounts),
        "repository_id": _unevenly(chance, repositories),
        "address": "somebody/something",
        "version": 1,
        "purpose": "operation",
        "title": "",
        "state": state,
        "attempt": 1,
        "image_digest": f"sha256:{number:064x}",
        "environment": {"MODELYARD_PARAM_ANGLE": "90"},
        "parameters": {"angle": 90, "scale": 0.5},
        "inputs": [],
        "resources": {"memory_bytes": 2**31, "cpus": 1.0},
        "labels": [],
        "exit_code": 0 if state == "succeeded" else 1,
        "created_at": at,
        "started_at": at,
        "ended_at": at if is_old else None,
    }


def _id(at: datetime, chance: random.Random) -> UUID:
    """As ``kit.ids`` makes them (RFC 9562, version 7), for another time than now."""
    value = int(at.timestamp() * 1000) << 80 | 7 << 76 | chance.getrandbits(12) << 64 | 2 << 62 | chance.getrandbits(62)
    return UUID(int=value)


def _unevenly(chance: random.Random, ids: list[UUID]) -> UUID:
    return ids[min(int(chance.paretovariate(0.5)) - 1, len(ids) - 1)]


def _listings(accounts: list[UUID], repositories: list[UUID], number: int) -> dict[str, Listing]:
    """The lists, for one of the accounts and repositories; 0 has the most runs."""
    me, administrator = _principal(accounts[number], Role.CREATOR), _principal(accounts[1], Role.ADMINISTRATOR)
    mine, everybody = {"principal": me, "cursor": None}, {"principal": administrator, "everybody": True}
    return {
        "own": lambda s: _page(s, **mine),
        "own, running": lambda s: _page(s, **mine, states=[RunState.RUNNING]),
        "own, failed or cancelled": lambda s: _page(s, **mine, states=[RunState.FAILED, RunState.CANCELLED]),
        "own, of a repository": lambda s: _page(s, **mine, repository_id=repositories[number]),
        "own, failed of a repository": lambda s: _page(
            s, **mine, repository_id=repositories[number], states=[RunState.FAILED]
        ),
        "everybody's, of a repository": lambda s: _page(s, **everybody, repository_id=repositories[number]),
        "everybody's, cancelled of a repository": lambda s: _page(
            s, **everybody, repository_id=repositories[number], states=[RunState.CANCELLED]
        ),
        "everybody's": lambda s: _page(s, **everybody),
        "everybody's, running": lambda s: _page(s, **everybody, states=[RunState.RUNNING]),
        "everybody's, queued (none is)": lambda s: _page(s, **everybody, states=[RunState.QUEUED]),
        "everybody's, cancelled": lambda s: _page(s, **everybody, states=[RunState.CANCELLED]),
        "own, far behind": lambda s: _page(s, **mine | {"cursor": _far_behind()}),
        "everybody's, far behind": lambda s: _page(s, **everybody, cursor=_far_behind()),
    }


def _page(session: Any, **options: Any) -> Any:
    return service.list_runs(session, **{"cursor": None, "limit": 50} | options)


def _far_behind() -> str:
    return encode_cursor(_id(FIRST + timedelta(seconds=COUNT // 2), random.Random(1)))


def _principal(id: UUID, role: Role) -> Principal:
    return Principal(id, "somebody", role, frozenset({Scope.READ, Scope.ADMIN}), Via.TOKEN)


def _measure(database: Database, accounts: list[UUID], repositories: list[UUID]) -> dict[str, list[float]]:
    """Milliseconds of each list, time and again."""
    times: dict[str, list[float]] = {}
    turns = itertools.cycle([0, 1, 2, 5, 20, 100, 500, 1500])
    for number in itertools.islice(turns, SAMPLES + 8):
        for name, listing in _listings(accounts, repositories, number).items():
            times.setdefault(name, []).append(_timed(database, listing))
    return {name: taken[8:] for name, taken in times.items()}  # the first ones warm the cache


def _timed(database: Database, listing: Listing) -> float:
    start = time.perf_counter()
    with database.read() as session:
        listing(session)
    return (time.perf_counter() - start) * 1000


def _p95(taken: list[float]) -> float:
    return sorted(taken)[max(math.ceil(len(taken) * 0.95) - 1, 0)]


def _explain(database: Database, accounts: list[UUID], repositories: list[UUID]) -> None:
    """Prints the plan of each list."""
    noted: list[tuple[str, Any]] = []

    @sa.event.listens_for(database.engine, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "FROM runs" in statement and statement.startswith("SELECT"):
            noted.append((statement, parameters))

    for number in (0, 500):
        for name, listing in _listings(accounts, repositories, number).items():
            noted.clear()
            _timed(database, listing)
            plans, prefix = list(noted), "EXPLAIN QUERY PLAN " if database.dialect == "sqlite" else "EXPLAIN "
            with database.engine.connect() as connection:
                for statement, parameters in plans:
                    print(f"\n{database.dialect}: {name}, account {number}", file=sys.stderr)
                    for row in connection.exec_driver_sql(prefix + statement, parameters):
                        print(f"    {row[-1]}", file=sys.stderr)


if __name__ == "__main__":
    main()
