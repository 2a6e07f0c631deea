"""what each number has said about what may be sent to it, and who wants the weekly summary.

Revision 0040, after 0039.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "consent",
        sa.Column("id", number, nullable=False),
        sa.Column("phone", sa.String(32), nullable=False),
        sa.Column("topic", sa.String(8), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("way", sa.String(16), nullable=False),
        sa.Column("account_id", number, nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("topic IN ('texts', 'weekly')", name=op.f("ck_consent_topic_known")),
        sa.CheckConstraint(
            "way IN ('text', 'page', 'phone', 'in_person', 'paper', 'unknown')",
            name=op.f("ck_consent_way_known"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_consent_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    op.create_index(op.f("ix_consent_phone"), "consent", ["phone"])
    op.create_table(
        "weekly",
        sa.Column("phone", sa.String(32), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("phone", name=op.f("pk_weekly")),
    )
    op.create_index(op.f("ix_weekly_due_at"), "weekly", ["due_at"])
    # What is known of who wanted no texts before; how it was said is not.
    for wanted, at in (("false", "withdrawn_at"), ("true", "restored_at")):
        op.execute(
            "INSERT INTO consent (phone, topic, wanted, way, at) "
            f"SELECT phone, 'texts', {wanted}, 'unknown', {at} FROM withdrawal WHERE {at} IS NOT NULL "
            "ORDER BY phone"
        )


def downgrade() -> None:
    op.drop_index(op.f("ix_weekly_due_at"), "weekly")
    op.drop_table("weekly")
    op.drop_index(op.f("ix_consent_phone"), "consent")
    op.drop_table("consent")
