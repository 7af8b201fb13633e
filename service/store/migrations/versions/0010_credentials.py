"""Tokens of connections that sign in with OAuth."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of sealed tokens."""
    op.create_table(
        "credential",
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("sealed_access", sa.String(), nullable=False),
        sa.Column("sealed_refresh", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("refused", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("connection"),
    )
