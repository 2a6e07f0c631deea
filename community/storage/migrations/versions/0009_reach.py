"""gaps in the safety nets of homes, and the checks that find them.

Revision 0009, after 0008.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    id_type = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "reach_check",
        sa.Column("id", id_type, autoincrement=True, nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("after_id", id_type, nullable=False),
        sa.Column("homes", sa.Integer(), nullable=False),
        sa.Column("gaps", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reach_check")),
        sa.UniqueConstraint("day", name=op.f("uq_reach_check_day")),
    )
    op.create_table(
        "reach_gap",
        sa.Column("id", id_type, autoincrement=True, nullable=False),
        sa.Column("household_id", id_type, nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("plan", sa.String(length=64), nullable=False),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("hours", sa.JSON(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_reach_gap_household_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reach_gap")),
        sa.UniqueConstraint(
            "household_id", "reason", "plan", "rung", name=op.f("uq_reach_gap_household_id_reason_plan_rung")
        ),
    )
    op.create_index(op.f("ix_reach_gap_reason"), "reach_gap", ["reason"], unique=False)


def downgrade() -> None:
    op.drop_table("reach_gap")
    op.drop_table("reach_check")
