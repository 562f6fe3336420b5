"""Everybody's runs of one repository, by state: an index, so that the list stays quick however many there are."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_runs_repository_id_state_id", "runs", ["repository_id", "state", "id"])
