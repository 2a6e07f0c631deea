"""calls beside texts, and texts whose arrival nobody can confirm.

Revision 0003, after 0002.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_NOT_ARRIVED = sa.text("state IN ('queued', 'sending', 'sent', 'failed', 'undeliverable')")


def upgrade() -> None:
    with op.batch_alter_table("message") as message:
        message.add_column(
            sa.Column("is_call", sa.Boolean(), server_default=sa.text("(false)"), nullable=False)
        )
        message.drop_constraint(op.f("ck_message_state_known"), type_="check")
        message.create_check_constraint(
            op.f("ck_message_state_known"),
            "state IN ('queued', 'sending', 'sent', 'unconfirmed', "
            "'delivered', 'failed', 'undeliverable', 'cancelled')",
        )
    op.create_index(
        "ix_message_not_arrived",
        "message",
        ["created_at"],
        unique=False,
        sqlite_where=_NOT_ARRIVED,
        postgresql_where=_NOT_ARRIVED,
    )


def downgrade() -> None:
    op.drop_index("ix_message_not_arrived", table_name="message")
    op.execute("UPDATE message SET state = 'sent' WHERE state = 'unconfirmed'")
    with op.batch_alter_table("message") as message:
        message.drop_constraint(op.f("ck_message_state_known"), type_="check")
        message.create_check_constraint(
            op.f("ck_message_state_known"),
            "state IN ('queued', 'sending', 'sent', 'delivered', 'failed', 'undeliverable', 'cancelled')",
        )
        message.drop_column("is_call")
