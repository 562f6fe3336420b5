"""Search among 100,000 repositories, on SQLite and PostgreSQL: the first page of many kinds of search, and facets.

The words of names, titles, descriptions and cards are drawn as words of a language are (Zipf); owners, tags and
popularity unevenly too. Each search is made by an account that may read the public and the internal ones, and as a
member what 50 owners and 500 repositories have beside. The rows are what a server would write, put in many at a time.
"""

import itertools
import math
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from measure import Bar, private_services, report
from modelyard.kit.db import Database
from modelyard.kit.ids import new_id
from modelyard.rooms.access.tables import OrganisationMemberRow, RepositoryMemberRow
from modelyard.rooms.accounts import service as accounts
from modelyard.rooms.accounts.schemas import Principal, Role, Via
from modelyard.rooms.accounts.tables import AccountRow
from modelyard.rooms.repos import finding
from modelyard.rooms.repos.schemas import Kind, SearchQuery
from modelyard.rooms.repos.tables import RepositoryRow
from modelyard.rooms.search import rules
from modelyard.rooms.search.schemas import Sort
from modelyard.rooms.search.tables import EntryRow, LabelRow, TextRow
from support import databases

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
OWNERS, VOCABULARY, BATCH, SAMPLES = 2000, 30_000, 2000, 300
TAGS = [f"tag{number}" for number in range(300)]
DATA = ["image", "table", "text", "number", "audio", "array"]
BAR_MS = 50.0


def main() -> None:
    figures, bars = {}, []
    chance = random.Random(7)
    owners = [(new_id(), f"owner{number}") for number in range(OWNERS)]
    rows = _rows(chance, owners)
    with private_services() as scratch:
        for kind in databases.KINDS:
            database = Database(databases.create(kind, scratch))
            who = _fill(database, owners, rows)
            found = _measure(database, who)
            print(f"{kind}: {found}", file=sys.stderr, flush=True)
            figures |= {f"{kind} {name}": value for name, value in found.items()}
            bars.append(Bar(f"{kind}: first page, p95 ms", found["first page p95 ms"], BAR_MS, at_most=True))
            _explain(database, who)
            database.close()
    report("search", figures, bars)


def _rows(chance: random.Random, owners: list[tuple[Any, str]]) -> list[Any]:
    words = [_word(chance) for _ in range(VOCABULARY)]
    weights = list(itertools.accumulate(1 / (rank + 5) for rank in range(VOCABULARY)))

    def draw(count: int) -> str:
        return " ".join(chance.choices(words, cum_weights=weights, k=count))

    return [_row(chance, draw, owners, number) for number in range(1, COUNT + 1)]


def _fill(database: Database, owners: list[tuple[Any, str]], rows: list[Any]) -> Principal:
    """Repositories with their entries; returns somebody who owns none of them."""
    now = datetime.now(UTC)
    with database.write() as session:
        me = accounts.create_account(session, username="searcher", password=None, role=Role.CREATOR)
        account = {"display_name": "", "role": "creator", "disabled": False, "created_at": now}
        session.execute(sa.insert(AccountRow), [{"id": id, "username": name} | account for id, name in owners])
    for first in range(0, COUNT, BATCH):
        batch = rows[first : first + BATCH]
        with database.write() as session:
            for table, column in ((RepositoryRow, 0), (EntryRow, 1), (TextRow, 2)):
                session.execute(sa.insert(table), [row[column] for row in batch])
            session.execute(sa.insert(LabelRow), [label for row in batch for label in row[3]])
    _join(database, me.id, [id for id, _ in owners[100:150]], [row[0]["id"] for row in rows[:COUNT:200]], now)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE" if database.dialect == "sqlite" else "VACUUM ANALYZE")
    return Principal(me.id, "searcher", Role.CREATOR, frozenset(), Via.SESSION)


def _join(database: Database, me: Any, owners: list[Any], repositories: list[Any], now: datetime) -> None:
    member = {"account_id": me, "role": "reader", "expires_at": None, "created_at": now}
    with database.write() as session:
        session.execute(sa.insert(OrganisationMemberRow), [member | {"organisation_id": id} for id in owners])
        session.execute(sa.insert(RepositoryMemberRow), [member | {"repository_id": id} for id in repositories])


def _row(
    chance: random.Random, draw: Callable[[int], str], owners: list[tuple[Any, str]], number: int
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any], list[dict[str, Any]]]:
    owner_id, owner = owners[min(int(chance.paretovariate(0.5)) - 1, len(owners) - 1)]
    kind = chance.choices(["model", "dataset", "operation"], [6, 3, 1])[0]
    visibility = chance.choices(["public", "internal", "private"], [6, 2, 2])[0]
    tags = sorted({TAGS[min(int(chance.paretovariate(0.8)) - 1, len(TAGS) - 1)] for _ in range(chance.randint(0, 4))})
    data = sorted(set(chance.choices(DATA, k=chance.randint(1, 2))))
    stars, downloads = int(chance.paretovariate(0.9)) - 1, int(chance.paretovariate(0.7)) - 1
    ratings = min(stars, chance.randint(0, 20))
    rating = round(chance.uniform(1, 5), 2) if ratings else None
    score = rules.score(rating, ratings)
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=chance.randint(0, 20_000_000))
    name, title, description, card = draw(2).replace(" ", "-"), draw(5), draw(25), draw(80)
    repository = {
        "id": new_id(),
        "owner_id": owner_id,
        "name": f"{name}-{number}",
        "kind": kind,
        "visibility": visibility,
        "title": title,
        "description": description,
        "tags": tags,
        "picture": None,
        "next_version": 1,
        "deleting": False,
        "created_at": at,
        "updated_at": at,
    }
    entry = {
        "number": number,
        "repository_id": repository["id"],
        "owner_id": owner_id,
        "kind": kind,
        "visibility": visibility,
        "stars": stars,
        "downloads": downloads,
        "rating": rating,
        "ratings": ratings,
        "score": score,
        "quality": rules.quality(stars=min(stars, 10**6), downloads=min(downloads, 10**6), score=score),
        "updated_at": at,
    }
    labels = [rules.label("kind", kind), rules.label("visibility", visibility), rules.owner_label(owner_id)]
    labels += [rules.label("tag", tag) for tag in tags] + [rules.label("data", value) for value in data]
    text = {
        "number": number,
        "name": f"{name.replace('-', ' ')} {number} {owner}",  # as ``rules.indexed`` makes them
        "title": f"{title} {' '.join(tags)}",
        "text": f"{description}\n{card}",
        "labels": " ".join(labels),
    }
    counted = [{"number": number, "facet": "tag", "label": tag} for tag in tags]
    return repository, entry, text, counted + [{"number": number, "facet": "data", "label": value} for value in data]


def _word(chance: random.Random) -> str:
    return "".join(chance.choice("bcdfghklmnprstvz") + chance.choice("aeiou") for _ in range(chance.randint(1, 4)))


def _searches() -> Iterator[tuple[str, SearchQuery, Sort | None]]:
    """Kinds of searches, as people make them while they type, browse and filter: from everywhere in the vocabulary."""
    chance = random.Random(11)
    chance_words = random.Random(7)
    words = [_word(chance_words) for _ in range(VOCABULARY)]
    sorts = [None, *Sort]
    while True:
        common, middle, rare = (
            words[int(10 ** chance.uniform(low, high))] for low, high in ((0, 2), (2, 3.3), (3.3, 4.4))
        )
        yield "no words", SearchQuery(), chance.choice(sorts)
        yield "a common word", SearchQuery(q=common), chance.choice(sorts)
        yield "a usual word", SearchQuery(q=middle), chance.choice(sorts)
        yield "a rare word", SearchQuery(q=rare), chance.choice(sorts)
        yield "two letters", SearchQuery(q=common[:2]), chance.choice(sorts)
        yield "the beginning of a word", SearchQuery(q=middle[: max(3, len(middle) // 2)]), chance.choice(sorts)
        yield "two words", SearchQuery(q=f"{common} {middle}"), chance.choice(sorts)
        yield "a filter", SearchQuery(kind=chance.choice(list(Kind))), chance.choice(sorts)
        yield "a tag", SearchQuery(tag=[chance.choice(TAGS)]), chance.choice(sorts)
        yield "an owner", SearchQuery(owner=f"owner{chance.randint(0, 50)}"), chance.choice(sorts)
        yield "a word with filters", SearchQuery(q=common, kind=Kind.DATASET, data_type=["image"]), chance.choice(sorts)


def _measure(database: Database, who: Principal) -> dict[str, float]:
    times: dict[str, list[float]] = {}
    before = time.thread_time()
    for name, query, sort in itertools.islice(_searches(), SAMPLES + 33):
        times.setdefault(name, []).append(_timed(lambda q=query, s=sort: _first_page(database, who, q, s)))
    times = {name: taken[3:] for name, taken in times.items()}  # the first ones warm the cache
    every = [taken for list_ in times.values() for taken in list_]
    work = (time.thread_time() - before) * 1000 / (SAMPLES + 33)
    facets = [_timed(lambda q=query: _facets(database, who, q)) for _, query, _ in itertools.islice(_searches(), 33)]
    figures = {"first page p50 ms": statistics.median(every), "first page p95 ms": _p95(every)}
    figures["first page, mean ms of our own processor time"] = work  # what remains of it on a crowded machine
    figures |= {f"p95 ms, {name}": _p95(taken) for name, taken in times.items()}
    return figures | {"facets p50 ms": statistics.median(facets), "facets p95 ms": _p95(facets)}


def _first_page(database: Database, who: Principal, query: SearchQuery, sort: Sort | None) -> None:
    with database.read() as session:
        finding.search_repositories(
            session, principal=who, require_sign_in=False, query=query, sort=sort, cursor=None, limit=20
        )


def _facets(database: Database, who: Principal, query: SearchQuery) -> None:
    with database.read() as session:
        finding.count_facets(session, principal=who, require_sign_in=False, query=query)


def _timed(job: Callable[[], None]) -> float:
    start = time.perf_counter()
    job()
    return (time.perf_counter() - start) * 1000


def _p95(taken: list[float]) -> float:
    return sorted(taken)[max(math.ceil(len(taken) * 0.95) - 1, 0)]


def _explain(database: Database, who: Principal) -> None:
    """Prints the plans of a search for a common word by relevance, and of the newest."""
    statements: list[tuple[str, Any]] = []

    @sa.event.listens_for(database.engine, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "search_entries" in statement and statement.startswith("SELECT"):
            statements.append((statement, parameters))

    common = next(query for name, query, _ in _searches() if name == "a common word")
    for query, sort in ((common, Sort.RELEVANCE), (SearchQuery(), Sort.RECENT)):
        _first_page(database, who, query, sort)
    noted, prefix = list(statements), "EXPLAIN QUERY PLAN " if database.dialect == "sqlite" else "EXPLAIN "
    with database.engine.connect() as connection:
        for statement, parameters in noted:
            print(f"\n{database.dialect}: {' '.join(statement.split())[:160]}…", file=sys.stderr)
            for row in connection.exec_driver_sql(prefix + statement, parameters):
                print(f"    {row[-1]}", file=sys.stderr)


if __name__ == "__main__":
    main()
