"""Every query of the search room."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from modelyard.kit import db
from modelyard.kit.fulltext import FullText, Term
from modelyard.rooms.search.tables import EntryRow, LabelRow, TextRow

INDEX = FullText(table="search_texts", key="number", index="search_index")
Condition = sa.ColumnElement[bool]


def entry(session: Session, repository_id: UUID) -> EntryRow | None:
    """Locked, so that counts do not get lost."""
    return session.scalar(db.lock_row(sa.select(EntryRow).where(EntryRow.repository_id == repository_id)))


def entries(session: Session, repository_ids: Collection[UUID]) -> list[EntryRow]:
    return list(session.scalars(sa.select(EntryRow).where(EntryRow.repository_id.in_(repository_ids))))


def entered() -> sa.Select[tuple[UUID]]:
    return sa.select(EntryRow.repository_id)


def insert(session: Session, values: dict[str, Any]) -> None:
    db.insert_or_ignore(session, EntryRow, values)


def delete(session: Session, repository_id: UUID) -> None:
    session.execute(sa.delete(EntryRow).where(EntryRow.repository_id == repository_id))


def text(session: Session, number: int) -> TextRow | None:
    return session.get(TextRow, number)


def add_text(session: Session, row: TextRow) -> None:
    session.add(row)
    session.flush()


def labels(session: Session, numbers: Collection[int], facet: str) -> list[LabelRow]:
    query = sa.select(LabelRow).where(LabelRow.number.in_(numbers), LabelRow.facet == facet)
    return list(session.scalars(query.order_by(LabelRow.number, LabelRow.label)))


def replace_labels(session: Session, number: int, facet: str, values: Iterable[str]) -> None:
    session.execute(sa.delete(LabelRow).where(LabelRow.number == number, LabelRow.facet == facet))
    rows = [{"number": number, "facet": facet, "label": value} for value in sorted(set(values))]
    if rows:
        session.execute(sa.insert(LabelRow), rows)


def matching(session: Session, terms: Sequence[Term]) -> Condition:
    """An entry matches, for a page of entries in some order."""
    return INDEX.has(session, EntryRow.number, terms)


def missing(session: Session, terms: Sequence[Term]) -> Condition:
    """An entry does not match, beside what brings the entries."""
    return INDEX.lacks(session, EntryRow.number, terms)


def among_matches(session: Session, terms: Sequence[Term]) -> Condition:
    """An entry matches, for all entries that do."""
    return EntryRow.number.in_(INDEX.keys(session, terms))


def page(
    session: Session, column: str, where: Sequence[Condition], *, after: tuple[Any, int] | None, limit: int
) -> list[EntryRow]:
    """Entries in falling order of ``column``, behind the position ``after``."""
    key = sa.tuple_(getattr(EntryRow, column), EntryRow.number)
    query = sa.select(EntryRow).where(*where)
    if after is not None:
        value, number = after
        query = query.where(key < sa.tuple_(sa.literal(value, getattr(EntryRow, column).type), sa.literal(number)))
    query = query.order_by(getattr(EntryRow, column).desc(), EntryRow.number.desc()).limit(limit)
    return list(session.scalars(query))


def counts(session: Session, where: Sequence[Condition], *, entries: int, limit: int) -> list[tuple[str, str, int]]:
    """(facet, value, how many) over at most ``entries`` that ``where`` lets through; ``limit`` values of each facet."""
    found = (
        sa.select(EntryRow.number, EntryRow.kind, EntryRow.visibility, EntryRow.owner_id)
        .where(*where)
        .limit(entries)
        .cte("found")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    owner = sa.cast(found.c.owner_id, sa.String)
    queries = [
        _counted(sa.literal("kind"), found.c.kind, found, limit),
        _counted(sa.literal("visibility"), found.c.visibility, found, limit),
        _counted(sa.literal("owner"), owner, found, limit),
    ]
    queries += [
        _counted(
            sa.literal(facet),
            LabelRow.label,
            sa.join(found, LabelRow, sa.and_(LabelRow.number == found.c.number, LabelRow.facet == facet)),
            limit,
        )
        for facet in ("tag", "data")
    ]
    return [(facet, value, count) for facet, value, count in session.execute(sa.union_all(*queries))]


def _counted(facet: Any, value: Any, source: Any, limit: int) -> sa.Select[Any]:
    query = sa.select(facet.label("facet"), value.label("value"), sa.func.count().label("n")).select_from(source)
    inner = query.group_by(value).order_by(sa.desc("n"), "value").limit(limit).subquery()
    return sa.select(inner)
