"""Usage: a ledger that only grows, its daily sums, quotas."""

import sqlalchemy as sa
from alembic import op

from modelyard.kit.db import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

KEEP_ON_SQLITE = """
CREATE TRIGGER usage_records_keep_{event} BEFORE {event} ON usage_records
BEGIN SELECT RAISE(ABORT, 'the ledger of usage only grows'); END
"""
KEEP_ON_POSTGRESQL = """
CREATE FUNCTION keep_usage_records() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the ledger of usage only grows'; END $$;
CREATE TRIGGER usage_records_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON usage_records
FOR EACH STATEMENT EXECUTE FUNCTION keep_usage_records()
"""


def upgrade() -> None:
    op.create_table(
        "usage_days",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("repository_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("quantity", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "day", "kind", "repository_id", "version", name=op.f("pk_usage_days")),
    )
    with op.batch_alter_table("usage_days", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_usage_days_day"), ["day"], unique=False)

    op.create_table(
        "usage_meters",
        sa.Column("name", sa.String(length=150), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_usage_meters")),
    )
    op.create_table(
        "usage_names",
        sa.Column("repository_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", name=op.f("pk_usage_names")),
    )
    op.create_table(
        "usage_records",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("began_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("repository_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("attempt", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("quantity", sa.Double(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_records")),
        sa.UniqueConstraint("source", "kind", name=op.f("uq_usage_records_source_kind")),
    )
    with op.batch_alter_table("usage_records", schema=None) as batch_op:
        batch_op.create_index("ix_usage_records_account_id", ["account_id", "at", "id"], unique=False)
        batch_op.create_index("ix_usage_records_at", ["at", "id"], unique=False)
        batch_op.create_index(
            "ix_usage_records_run_id",
            ["run_id"],
            unique=False,
            sqlite_where=sa.text("run_id IS NOT NULL"),
            postgresql_where=sa.text("run_id IS NOT NULL"),
        )

    op.create_table(
        "usage_quotas",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("amount", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_usage_quotas_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "kind", name=op.f("pk_usage_quotas")),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(KEEP_ON_POSTGRESQL)
    else:
        for event in ("UPDATE", "DELETE"):
            op.execute(KEEP_ON_SQLITE.format(event=event))
