"""On PostgreSQL, a full-text index for each set of fields that is searched (decision 0014); SQLite's stays as it is.

Autogenerate does not see them. How the columns are called, ``kit.fulltext`` says. For a while 0003 made these columns
itself: where they are, they stay.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TOASTED = "ALTER TABLE search_texts SET (toast_tuple_target = 256)"
"""Most searches read no words: those lie elsewhere."""
SETS = (("name",), ("name", "title"), ("name", "title", "text"), ("labels",))


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("ALTER TABLE search_texts DROP COLUMN IF EXISTS search_index")  # and its index with it
    op.execute(TOASTED)
    for fields in SETS:
        name = "_".join(("search_index", *fields))
        words = " || ".join(f"to_tsvector('simple', {field})" for field in fields)
        column = f"tsvector GENERATED ALWAYS AS ({words}) STORED"
        op.execute(f"ALTER TABLE search_texts ADD COLUMN IF NOT EXISTS {name} {column}")
        op.execute(f"CREATE INDEX IF NOT EXISTS ix_search_texts_{name} ON search_texts USING gin ({name})")
