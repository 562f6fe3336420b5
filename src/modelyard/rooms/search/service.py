"""Verbs of search: keep entries up to date, find pages of them, count facets. Repositories are known by their ids."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from modelyard.kit.fulltext import Term
from modelyard.kit.paging import decode_cursor, encode_cursor, moment
from modelyard.rooms.access import service as access
from modelyard.rooms.accounts.schemas import Principal
from modelyard.rooms.search import rules, store
from modelyard.rooms.search.schemas import Count, Entry, Facets, Popularity, Sort, Wanted
from modelyard.rooms.search.tables import EntryRow, TextRow

FACET_VALUES, FACET_ENTRIES = 20, 10_000
"""What is shown of each facet, and the entries that are counted: a browser asks with every letter typed."""
COLUMNS = {
    Sort.RELEVANCE: "quality",
    Sort.RECENT: "updated_at",
    Sort.STARS: "stars",
    Sort.DOWNLOADS: "downloads",
    Sort.RATING: "score",
}


def put_entry(session: Session, entry: Entry) -> None:
    """Makes the entry of a repository, or brings it up to date. Counts and ratings stay."""
    values = {
        "owner_id": entry.owner_id,
        "kind": entry.kind,
        "visibility": entry.visibility,
        "updated_at": entry.updated_at,
    }
    new = {"stars": 0, "downloads": 0, "ratings": 0, "score": 0, "quality": 0}
    store.insert(session, {"repository_id": entry.repository_id} | new | values)
    row = store.entry(session, entry.repository_id)
    if row is None:
        return  # the repository went away
    for name, value in values.items():
        setattr(row, name, value)
    _write_labels(session, row.number, entry)
    _write_words(session, row.number, entry)


def remove_entry(session: Session, repository_id: UUID) -> None:
    """The repository is found no more."""
    store.delete(session, repository_id)


def count(session: Session, repository_id: UUID, *, stars: int = 0, downloads: int = 0) -> None:
    """Adds to the counts of a repository (or, below zero, takes from them)."""
    row = store.entry(session, repository_id)
    if row is not None:
        row.stars, row.downloads = max(row.stars + stars, 0), max(row.downloads + downloads, 0)
        _weigh(row)


def set_rating(session: Session, repository_id: UUID, *, rating: float | None, ratings: int) -> None:
    """The mean of ``ratings`` accounts; None and 0 for none."""
    row = store.entry(session, repository_id)
    if row is not None:
        row.rating, row.ratings = rating, ratings
        row.score = rules.score(rating, ratings)
        _weigh(row)


def popularity(session: Session, repository_ids: Collection[UUID]) -> dict[UUID, Popularity]:
    """Of those that have an entry."""
    rows = store.entries(session, repository_ids) if repository_ids else []
    labels = store.labels(session, [row.number for row in rows], "data") if rows else []
    kinds: dict[int, list[str]] = {row.number: [] for row in rows}
    for found in labels:
        kinds[found.number].append(found.label)
    return {
        row.repository_id: Popularity(row.stars, row.downloads, row.rating, row.ratings, tuple(kinds[row.number]))
        for row in rows
    }


def entered() -> sa.Select[tuple[UUID]]:
    """The ids of all repositories that have an entry, as a subquery."""
    return store.entered()


def says_nothing(text: str) -> bool:
    """Whether there is something to look for, but no word in it."""
    return bool(text.strip()) and not rules.words(text)


def find(
    session: Session,
    *,
    principal: Principal,
    require_sign_in: bool,
    wanted: Wanted,
    sort: Sort,
    cursor: str | None,
    limit: int,
) -> tuple[list[UUID], str | None]:
    """A page of repositories that the principal may read, and the cursor of the next; raises ``BadCursor``."""
    where = [_readable(principal, require_sign_in=require_sign_in)]
    text = bool(rules.words(wanted.text))
    if sort is Sort.RELEVANCE and text:
        rows, more = _by_level(session, wanted, where, cursor, limit)
    else:
        rows, more = _by_column(session, wanted, where, sort, cursor, limit)
    return [row.repository_id for row in rows], more


def count_facets(session: Session, *, principal: Principal, require_sign_in: bool, wanted: Wanted) -> Facets:
    """How what a search finds is spread. ``owners`` are named by id."""
    where = [_readable(principal, require_sign_in=require_sign_in)]
    if terms := _terms(wanted, rules.LEVELS[-1]):
        where.append(store.among_matches(session, terms))
    found: dict[str, list[Count]] = {name: [] for name in ("kind", "visibility", "owner", "tag", "data")}
    for facet, value, number in store.counts(session, where, entries=FACET_ENTRIES, limit=FACET_VALUES):
        found[facet].append(Count(value=value, count=number))
    for counts in found.values():
        counts.sort(key=lambda c: (-c.count, c.value))
    total = sum(c.count for c in found["kind"])
    return Facets(
        total=total,
        is_whole=total < FACET_ENTRIES,
        kinds=found["kind"],
        visibilities=found["visibility"],
        owners=found["owner"],
        tags=found["tag"],
        data_types=found["data"],
    )


def _by_column(
    session: Session, wanted: Wanted, where: list[Any], sort: Sort, cursor: str | None, limit: int
) -> tuple[list[EntryRow], str | None]:
    column = COLUMNS[sort]
    after = _position(cursor, sort) if cursor else None
    if terms := _terms(wanted, rules.LEVELS[-1]):
        where = [*where, store.matching(session, terms)]
    rows = store.page(session, column, where, after=after, limit=limit + 1)
    if len(rows) <= limit:
        return rows, None
    last = rows[limit - 1]
    return rows[:limit], encode_cursor(sort.value, _plain(getattr(last, column)), last.number)


def _by_level(
    session: Session, wanted: Wanted, where: list[Any], cursor: str | None, limit: int
) -> tuple[list[EntryRow], str | None]:
    """Level after level, each in falling order of quality, without what a level before has shown."""
    level, after = _level_position(cursor) if cursor else (0, None)
    rows: list[EntryRow] = []
    for number in range(level, len(rules.LEVELS)):
        here = [*where, store.matching(session, _terms(wanted, rules.LEVELS[number]))]
        if number:
            here.append(store.missing(session, _terms(wanted, rules.LEVELS[number - 1])))
        found = store.page(session, "quality", here, after=after, limit=limit + 1 - len(rows))
        rows, after = rows + found, None
        if len(rows) > limit:
            break
        level = number + 1
    if len(rows) <= limit:
        return rows, None
    last = rows[limit - 1]
    return rows[:limit], encode_cursor("level", _level_of(rows, found, number, limit), last.quality, last.number)


def _level_of(rows: Sequence[EntryRow], found: Sequence[EntryRow], number: int, limit: int) -> int:
    """The level of the last entry shown: the present one, or an earlier one where only the entry behind it is new."""
    return number if len(rows) - len(found) < limit else number - 1


def _terms(wanted: Wanted, fields: tuple[str, ...]) -> list[Term]:
    return [*rules.terms_of_text(wanted.text, fields), *rules.terms_of_labels(wanted)]


def _position(cursor: str, sort: Sort) -> tuple[Any, int]:
    if sort is Sort.RECENT:
        _, at, number = decode_cursor(cursor, _exactly(sort.value), moment, int)
        return at, number
    _, value, number = decode_cursor(cursor, _exactly(sort.value), int, int)
    return value, number


def _level_position(cursor: str) -> tuple[int, tuple[Any, int]]:
    _, level, quality, number = decode_cursor(cursor, _exactly("level"), int, int, int)
    return level, (quality, number)


def _exactly(word: str) -> Any:
    """Reads this word and no other: a cursor belongs to one order."""

    def read(value: str) -> str:
        if value != word:
            raise ValueError(f"a cursor of {value}")
        return value

    return read


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _readable(principal: Principal, *, require_sign_in: bool) -> sa.ColumnElement[bool]:
    return access.readable(
        principal,
        id=EntryRow.repository_id,
        owner_id=EntryRow.owner_id,
        visibility=EntryRow.visibility,
        require_sign_in=require_sign_in,
    )


def _weigh(row: EntryRow) -> None:
    row.quality = rules.quality(stars=row.stars, downloads=row.downloads, score=row.score)


def _write_labels(session: Session, number: int, entry: Entry) -> None:
    store.replace_labels(session, number, "tag", entry.tags)
    if entry.data_types is not None:
        store.replace_labels(session, number, "data", entry.data_types)


def _write_words(session: Session, number: int, entry: Entry) -> None:
    row = store.text(session, number)
    if row is None:
        row = TextRow(number=number, name="", title="", text="", labels="")
        store.add_text(session, row)
    row.name = rules.indexed(entry.name, entry.owner)
    row.title = rules.indexed(entry.title, *entry.tags)
    card = row.text.partition("\n")[2] if entry.card is None else rules.indexed(entry.card)
    row.text = f"{rules.indexed(entry.description)}\n{card}"  # no word holds the line break
    kinds = [found.label for found in store.labels(session, [number], "data")]
    row.labels = " ".join(
        [
            rules.label("kind", entry.kind),
            rules.label("visibility", entry.visibility),
            rules.owner_label(entry.owner_id),
            *(rules.label("tag", tag) for tag in entry.tags),
            *(rules.label("data", kind) for kind in kinds),
        ]
    )
    session.flush()
