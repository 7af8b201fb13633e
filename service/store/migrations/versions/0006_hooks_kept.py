"""The keeper of hooks: what is wrong with each, and what sweeps found meanwhile."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns that it reads and writes."""
    op.add_column("hook", sa.Column("unheard_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("hook", sa.Column("problem", sa.String(), nullable=True))
    op.add_column("sweep", sa.Column("moved_at", sa.DateTime(timezone=True), nullable=True))
