"""who puts right what follows from a clock that was set back.

Revision 0031, after 0030.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "clock_step",
        sa.Column("host", sa.String(120), nullable=False),
        sa.Column("noticed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_s", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_clock_step")),
    )


def downgrade() -> None:
    op.drop_table("clock_step")
