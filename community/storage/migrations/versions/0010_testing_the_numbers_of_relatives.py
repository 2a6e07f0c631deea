"""the monthly test of each relative's number.

Revision 0010, after 0009.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "drill",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("phone", sa.String(length=32), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_hand", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("message_key", sa.String(length=120), server_default="", nullable=False),
        sa.CheckConstraint(
            "asked_at IS NOT NULL OR answered_at IS NULL", name=op.f("ck_drill_asked_before_answered")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drill")),
        sa.UniqueConstraint("phone", "month", name=op.f("uq_drill_phone_month")),
    )
    op.create_index(op.f("ix_drill_message_key"), "drill", ["message_key"], unique=False)
    op.create_index(
        "ix_drill_waiting",
        "drill",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("asked_at IS NULL"),
        postgresql_where=sa.text("asked_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_drill_waiting", table_name="drill")
    op.drop_index(op.f("ix_drill_message_key"), table_name="drill")
    op.drop_table("drill")
