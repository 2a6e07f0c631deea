"""how responders want to be told, as contacts do.

Revision 0028, after 0027.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "responder_channel",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("responder_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("medium", sa.String(length=8), nullable=False),
        sa.Column("url", sa.Text(), server_default="", nullable=False),
        sa.Column("starts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("ends", sa.Integer(), server_default="1440", nullable=False),
        sa.CheckConstraint(
            "medium IN ('sms', 'voice', 'push')", name=op.f("ck_responder_channel_medium_known")
        ),
        sa.CheckConstraint(
            "(medium = 'push') = (url <> '')", name=op.f("ck_responder_channel_push_has_a_url")
        ),
        sa.CheckConstraint(
            "starts >= 0 AND starts < 1440 AND ends > starts AND ends <= starts + 1440",
            name=op.f("ck_responder_channel_within_a_day"),
        ),
        sa.ForeignKeyConstraint(
            ["responder_id"],
            ["responder.id"],
            name=op.f("fk_responder_channel_responder_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_responder_channel")),
        sa.UniqueConstraint("responder_id", "rank", name=op.f("uq_responder_channel_responder_id_rank")),
    )


def downgrade() -> None:
    op.drop_table("responder_channel")
