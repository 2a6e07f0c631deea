"""calls on the simulated phones, and phones on which no text arrives.

Revision 0012, after 0011.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "phone_call",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("phone", sa.String(length=32), nullable=False),
        sa.Column("message_key", sa.String(length=120), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone_call")),
        sa.UniqueConstraint("message_key", name=op.f("uq_phone_call_message_key")),
    )
    op.create_index(op.f("ix_phone_call_at"), "phone_call", ["at"], unique=False)
    op.create_table(
        "phone_deaf",
        sa.Column("phone", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("phone", name=op.f("pk_phone_deaf")),
    )


def downgrade() -> None:
    op.drop_table("phone_deaf")
    op.drop_table("phone_call")
