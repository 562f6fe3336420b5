"""The full-text index of search: FTS5 on SQLite, a generated column with a GIN index on PostgreSQL.

Autogenerate sees neither. PostgreSQL has a column for each set of fields that is searched (``kit.fulltext``).
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SQLITE = (
    """
    CREATE VIRTUAL TABLE search_index USING fts5(
        name, title, text, labels,
        content='search_texts', content_rowid='number', detail=column, prefix='1 2 3', tokenize='ascii'
    )
    """,
    """
    CREATE TRIGGER search_texts_inserted AFTER INSERT ON search_texts BEGIN
        INSERT INTO search_index(rowid, name, title, text, labels)
        VALUES (new.number, new.name, new.title, new.text, new.labels);
    END
    """,
    """
    CREATE TRIGGER search_texts_deleted AFTER DELETE ON search_texts BEGIN
        INSERT INTO search_index(search_index, rowid, name, title, text, labels)
        VALUES ('delete', old.number, old.name, old.title, old.text, old.labels);
    END
    """,
    """
    CREATE TRIGGER search_texts_updated AFTER UPDATE ON search_texts BEGIN
        INSERT INTO search_index(search_index, rowid, name, title, text, labels)
        VALUES ('delete', old.number, old.name, old.title, old.text, old.labels);
        INSERT INTO search_index(rowid, name, title, text, labels)
        VALUES (new.number, new.name, new.title, new.text, new.labels);
    END
    """,
)
TOASTED = "ALTER TABLE search_texts SET (toast_tuple_target = 256)"
"""Most searches read no words: those lie elsewhere."""
POSTGRESQL = (("name",), ("name", "title"), ("name", "title", "text"), ("labels",))


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for statement in SQLITE:
            op.execute(statement)
        return
    op.execute(TOASTED)
    for fields in POSTGRESQL:
        name = "_".join(("search_index", *fields))
        words = " || ".join(f"to_tsvector('simple', {field})" for field in fields)
        op.execute(f"ALTER TABLE search_texts ADD COLUMN {name} tsvector GENERATED ALWAYS AS ({words}) STORED")
        op.execute(f"CREATE INDEX ix_search_texts_{name} ON search_texts USING gin ({name})")
