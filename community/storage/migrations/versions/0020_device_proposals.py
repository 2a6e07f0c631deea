"""devices that were heard and nobody has enrolled.

Revision 0020, after 0019.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "device_proposal",
        sa.Column("id", number, nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("also", sa.String(200), server_default="", nullable=False),
        sa.Column("vendor", sa.Text(), server_default="", nullable=False),
        sa.Column("model", sa.Text(), server_default="", nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("role", sa.String(32), nullable=True),
        sa.Column("found_at", moment, nullable=False),
        sa.Column("heard_at", moment, nullable=True),
        sa.Column("dismissed_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_proposal")),
        sa.UniqueConstraint("key", name=op.f("uq_device_proposal_key")),
    )
    op.create_index(op.f("ix_device_proposal_also"), "device_proposal", ["also"])


def downgrade() -> None:
    op.drop_table("device_proposal")
