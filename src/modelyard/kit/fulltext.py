"""Full-text indexes: FTS5 on SQLite, tsvector with GIN on PostgreSQL. Migrations make them; here they are asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session

FEW, MANY = 2000, 20_000
"""Few matches are gathered and sorted. Of more, an index in the wanted order is walked until the page is full, with all
matches at hand where they are not many (on SQLite), else asking the full-text index about each row that is come by."""


@dataclass(frozen=True, slots=True)
class Term:
    """A word that must be in one of ``fields``; with ``is_prefix`` the beginning of a word will do.

    It consists of letters and digits only, in lower case, as the indexed text does.
    """

    word: str
    fields: tuple[str, ...]
    is_prefix: bool = False


@dataclass(frozen=True, slots=True)
class FullText:
    """A full-text index over columns of a table whose key is ``key``; every query has one term or more.

    On SQLite it is the FTS5 table ``index`` with that table's key as its rowid. On PostgreSQL each set of fields that
    terms name has a column of type tsvector, called after ``index`` and the fields: with one column and weights,
    every match would have to be read to see in which of its fields the word is.
    """

    table: str
    key: str
    index: str

    def has(self, session: Session, key: Any, terms: Sequence[Term]) -> sa.ColumnElement[bool]:
        """Whether the row with this key matches all terms, in the form that is quick for a page of rows in order."""
        keys = self.keys(session, terms)
        count = _count(session, keys)
        if _is_sqlite(session):
            return key.in_(keys) if count <= FEW else _among(keys, key, count)
        return _gather(keys, key) if count <= FEW else _probe(keys, key)

    def lacks(self, session: Session, key: Any, terms: Sequence[Term]) -> sa.ColumnElement[bool]:
        """Whether the row with this key does not match, for rows that are come by otherwise."""
        keys = self.keys(session, terms)
        return ~_among(keys, key, _count(session, keys))

    def keys(self, session: Session, terms: Sequence[Term]) -> sa.Select[tuple[int]]:
        """A query for the keys of the rows that match all terms."""
        if _is_sqlite(session):
            index = sa.table(self.index, sa.column("rowid", sa.Integer), sa.column(self.index, sa.Text))
            match = index.c[self.index].op("MATCH")(" AND ".join(map(_fts5, terms)))
            return sa.select(index.c.rowid).where(match)
        groups: dict[str, list[str]] = {}
        for term in terms:
            groups.setdefault("_".join((self.index, *term.fields)), []).append(_tsquery(term))
        columns = [sa.column(name, postgresql.TSVECTOR) for name in groups]
        table = sa.table(self.table, sa.column(self.key, sa.BigInteger), *columns)
        asked = [sa.cast(" & ".join(words), postgresql.TSQUERY) for words in groups.values()]
        matching = [column.op("@@")(query) for column, query in zip(columns, asked, strict=True)]
        return sa.select(table.c[self.key]).where(*matching)


def _is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def _gather(keys: sa.Select[tuple[int]], key: Any) -> sa.ColumnElement[bool]:
    """Finds all matches and comes by their rows, and by no others (PostgreSQL would rather join both tables)."""
    found: sa.ColumnElement[bool] = key == sa.any_(sa.func.array(keys.scalar_subquery()))
    return found


def _among(keys: sa.Select[tuple[int]], key: Any, count: int) -> sa.ColumnElement[bool]:
    """Looks each row up: among all matches, or in the index where they are many. The sum keeps SQLite from joining."""
    if count > MANY:
        return _probe(keys, key)
    by: sa.ColumnElement[int] = key + 0
    return by.in_(keys)


def _probe(keys: sa.Select[tuple[int]], key: Any) -> sa.ColumnElement[bool]:
    """Asks the index about one row at a time; the offset keeps PostgreSQL from joining."""
    return keys.where(keys.selected_columns[0] == key).offset(0).exists()


def _count(session: Session, keys: sa.Select[tuple[int]]) -> int:
    """How many match, up to more than ``MANY``; on PostgreSQL as its statistics of words have it, because to count
    them could mean to read them."""
    if _is_sqlite(session):
        return session.scalar(sa.select(sa.func.count()).select_from(keys.limit(MANY + 1).subquery())) or 0
    (plan,) = session.execute(_Explain(keys)).scalar_one()
    return int(plan["Plan"]["Plan Rows"])


class _Explain(sa.Executable, sa.ClauseElement):
    """``EXPLAIN`` of a query, on PostgreSQL."""

    inherit_cache = False

    def __init__(self, query: sa.Select[Any]) -> None:
        self.query = query


@compiles(_Explain)
def _compile_explain(element: _Explain, compiler: Any, **options: Any) -> str:
    return f"EXPLAIN (FORMAT JSON) {compiler.process(element.query, **options)}"


def _fts5(term: Term) -> str:
    return f'({{{" ".join(term.fields)}}} : "{term.word}"{" *" if term.is_prefix else ""})'


def _tsquery(term: Term) -> str:
    return f"'{term.word}'{':*' if term.is_prefix else ''}"
