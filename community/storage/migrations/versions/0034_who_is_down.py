"""who is down, found without looking at who is not.

Revision 0034, after 0033.
"""

from __future__ import annotations

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_supervision_presence"), "supervision", ["presence"])


def downgrade() -> None:
    op.drop_index(op.f("ix_supervision_presence"), "supervision")
