"""The names that DVC has for the bytes of a repository."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dvc_objects",
        sa.Column("repository_id", sa.Uuid(), nullable=False),
        sa.Column("layout", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=36), nullable=False),
        sa.Column("digest", sa.String(length=71), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"],
            ["repositories.id"],
            name=op.f("fk_dvc_objects_repository_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("repository_id", "layout", "name", name=op.f("pk_dvc_objects")),
    )
    with op.batch_alter_table("dvc_objects", schema=None) as batch_op:
        batch_op.create_index("ix_dvc_objects_repository_id_digest", ["repository_id", "digest"], unique=False)
