"""where responders are by their own telephones.

Revision 0037, after 0036.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "responder_place",
        sa.Column("id", number, autoincrement=False, nullable=False),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("accuracy_m", sa.Float(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(8), nullable=False),
        sa.CheckConstraint(
            "lon BETWEEN -180 AND 180 AND lat BETWEEN -90 AND 90",
            name=op.f("ck_responder_place_position_in_degrees"),
        ),
        sa.CheckConstraint("source IN ('page', 'phone')", name=op.f("ck_responder_place_source_known")),
        sa.ForeignKeyConstraint(
            ["id"], ["responder.id"], name=op.f("fk_responder_place_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_responder_place")),
    )
    op.create_table(
        "staff_phone",
        sa.Column("id", number, autoincrement=False, nullable=False),
        sa.Column("device_id", number, nullable=False),
        sa.ForeignKeyConstraint(["id"], ["responder.id"], name=op.f("fk_staff_phone_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_staff_phone_device_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_phone")),
        sa.UniqueConstraint("device_id", name=op.f("uq_staff_phone_device_id")),
    )


def downgrade() -> None:
    op.drop_table("staff_phone")
    op.drop_table("responder_place")
