"""Sites that sign-ins have opened: calls of OAuth apps need the vendor's id of theirs."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; who signed in before has to do it again where the vendor has such ids."""
    op.add_column("credential", sa.Column("site", sa.String(), nullable=True))
