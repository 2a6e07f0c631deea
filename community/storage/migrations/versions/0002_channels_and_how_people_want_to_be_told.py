"""channels, and how people want to be told.

Revision 0002, after 0001.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contact_channel",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("medium", sa.String(length=8), nullable=False),
        sa.Column("url", sa.Text(), server_default="", nullable=False),
        sa.Column("starts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("ends", sa.Integer(), server_default="1440", nullable=False),
        sa.CheckConstraint(
            "medium IN ('sms', 'voice', 'push')", name=op.f("ck_contact_channel_medium_known")
        ),
        sa.CheckConstraint("(medium = 'push') = (url <> '')", name=op.f("ck_contact_channel_push_has_a_url")),
        sa.CheckConstraint(
            "starts >= 0 AND starts < 1440 AND ends > starts AND ends <= starts + 1440",
            name=op.f("ck_contact_channel_within_a_day"),
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_contact_channel_contact_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_channel")),
        sa.UniqueConstraint("contact_id", "rank", name=op.f("uq_contact_channel_contact_id_rank")),
    )
    op.add_column("message", sa.Column("variables", sa.JSON(), server_default="{}", nullable=False))
    op.add_column("message", sa.Column("refused", sa.Text(), server_default="", nullable=False))
    op.create_index(
        "ix_message_lost",
        "message",
        ["sent_at"],
        sqlite_where=sa.text("state IN ('failed', 'undeliverable')"),
        postgresql_where=sa.text("state IN ('failed', 'undeliverable')"),
    )


def downgrade() -> None:
    op.drop_index("ix_message_lost", table_name="message")
    op.drop_column("message", "refused")
    op.drop_column("message", "variables")
    op.drop_table("contact_channel")
