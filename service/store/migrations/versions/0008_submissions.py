"""Forms: which task each submission became."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of submissions."""
    op.create_table(
        "submission",
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("task_id", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("form", "key"),
    )
