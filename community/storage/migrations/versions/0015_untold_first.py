"""cases whose plan has told nobody yet are found among all that are due.

Revision 0015, after 0014.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

UNTOLD = sa.text("due_at IS NOT NULL AND rung = ladder_rung")


def upgrade() -> None:
    op.create_index(
        "ix_incident_untold",
        "incident",
        ["severity", "due_at"],
        sqlite_where=UNTOLD,
        postgresql_where=UNTOLD,
    )


def downgrade() -> None:
    op.drop_index("ix_incident_untold", "incident")
