"""work on devices, while which their troubles wait.

Revision 0035, after 0034.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "maintenance",
        sa.Column("id", number, nullable=False),
        sa.Column("device_id", number, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("account_id", number, nullable=False),
        sa.Column("begins_at", moment, nullable=False),
        sa.Column("ends_at", moment, nullable=False),
        sa.Column("ended_at", moment),
        sa.CheckConstraint("ends_at > begins_at", name=op.f("ck_maintenance_ends_after_it_begins")),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_maintenance_device_id")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_maintenance_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_maintenance")),
    )
    op.create_index(op.f("ix_maintenance_ended_at"), "maintenance", ["ended_at"])


def downgrade() -> None:
    op.drop_table("maintenance")
