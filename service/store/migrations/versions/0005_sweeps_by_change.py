"""Sweeps ask for changes: where the tracker's list goes on, and what was looked at already."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the cursor, and the table of changes that were seen."""
    op.add_column("sweep", sa.Column("cursor", sa.String(), nullable=True))
    op.create_table(
        "seen",
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("connection", "task"),
    )
    op.create_index("ix_seen_at", "seen", ["at"])
