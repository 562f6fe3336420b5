"""How many bytes Git holds of a repository."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("repositories", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "git_bytes", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="0", nullable=False
            )
        )
