"""codes by which a phone tells several cases apart.

Revision 0007, after 0006.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reply_code",
        sa.Column("phone", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=3), nullable=False),
        sa.Column("incident_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_reply_code_incident_id")),
        sa.PrimaryKeyConstraint("phone", "code", name=op.f("pk_reply_code")),
        sa.UniqueConstraint("phone", "incident_id", name=op.f("uq_reply_code_phone_incident_id")),
    )
    op.create_index(op.f("ix_reply_code_incident_id"), "reply_code", ["incident_id"], unique=False)
    op.drop_index(op.f("ix_message_phone"), table_name="message")
    op.create_index("ix_message_phone_id", "message", ["phone", "id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_message_phone_id", table_name="message")
    op.create_index(op.f("ix_message_phone"), "message", ["phone"], unique=False)
    op.drop_index(op.f("ix_reply_code_incident_id"), table_name="reply_code")
    op.drop_table("reply_code")
