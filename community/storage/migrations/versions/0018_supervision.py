"""whether a device is still there.

Revision 0018, after 0017.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "supervision",
        sa.Column("id", number, autoincrement=False, nullable=False),
        sa.Column("hub_id", number, nullable=True),
        sa.Column("expect_every_s", sa.Integer(), nullable=True),
        sa.Column("presence", sa.String(8), nullable=False),
        sa.Column("since", moment, nullable=False),
        sa.Column("told", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("look_at", moment, nullable=False),
        sa.CheckConstraint(
            "presence IN ('heard', 'late', 'down')", name=op.f("ck_supervision_presence_known")
        ),
        sa.CheckConstraint("expect_every_s >= 60", name=op.f("ck_supervision_expected_at_most_each_minute")),
        sa.CheckConstraint("NOT told OR presence = 'down'", name=op.f("ck_supervision_told_of_what_is_down")),
        sa.CheckConstraint("hub_id <> id", name=op.f("ck_supervision_no_hub_of_itself")),
        sa.ForeignKeyConstraint(["hub_id"], ["device.id"], name=op.f("fk_supervision_hub_id")),
        sa.ForeignKeyConstraint(["id"], ["device.id"], name=op.f("fk_supervision_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervision")),
    )
    op.create_index(op.f("ix_supervision_hub_id"), "supervision", ["hub_id"])
    op.create_index(op.f("ix_supervision_look_at"), "supervision", ["look_at"])


def downgrade() -> None:
    op.drop_table("supervision")
