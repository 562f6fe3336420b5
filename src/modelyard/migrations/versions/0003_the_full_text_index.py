"""The full-text index of search: FTS5 on SQLite, a generated column with a GIN index on PostgreSQL.

Autogenerate sees neither. The columns stand in the order of their weights.
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
POSTGRESQL = (
    """
    ALTER TABLE search_texts ADD COLUMN search_index tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('simple', name), 'A') || setweight(to_tsvector('simple', title), 'B') ||
        setweight(to_tsvector('simple', text), 'C') || setweight(to_tsvector('simple', labels), 'D')
    ) STORED
    """,
    "CREATE INDEX ix_search_texts_search_index ON search_texts USING gin (search_index)",
)


def upgrade() -> None:
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)
