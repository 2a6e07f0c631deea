"""which slice of the topics each gateway reads.

Revision 0025, after 0024.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("worker", sa.Column("topics", sa.Text(), server_default="", nullable=False))
    op.create_index("ix_probe_ended", "probe", ["ended_at"])


def downgrade() -> None:
    op.drop_index("ix_probe_ended", "probe")
    op.drop_column("worker", "topics")
