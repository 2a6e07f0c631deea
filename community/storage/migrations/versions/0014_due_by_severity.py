"""what is due is found by severity first.

Revision 0014, after 0013.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

OPEN = sa.text("due_at IS NOT NULL")


def upgrade() -> None:
    _index("severity", "due_at")


def downgrade() -> None:
    _index("due_at")


def _index(*columns: str) -> None:
    op.drop_index("ix_incident_due", "incident")
    op.create_index("ix_incident_due", "incident", list(columns), sqlite_where=OPEN, postgresql_where=OPEN)
