"""What a repository was copied from. No foreign key: SQLite would have to make the table anew, and what is gone may be
remembered."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("repositories", schema=None) as batch_op:
        batch_op.add_column(sa.Column("forked_from", sa.Uuid(), nullable=True))
