"""consoles, and whether they can be heard.

Revision 0029, after 0028.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "console",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("seen_at", moment, nullable=False),
        sa.Column("audible_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_console")),
    )


def downgrade() -> None:
    op.drop_table("console")
