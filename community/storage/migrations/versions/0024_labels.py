"""labels of devices that wait to be installed.

Revision 0024, after 0023.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "label",
        sa.Column("id", number, autoincrement=False, nullable=False),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("made_at", moment, nullable=False),
        sa.Column("claimed_at", moment, nullable=True),
        sa.Column("claimed_by", number, nullable=True),
        sa.CheckConstraint(
            "(claimed_at IS NULL) = (claimed_by IS NULL)", name=op.f("ck_label_claimed_by_somebody")
        ),
        sa.ForeignKeyConstraint(["claimed_by"], ["account.id"], name=op.f("fk_label_claimed_by")),
        sa.ForeignKeyConstraint(["id"], ["device.id"], name=op.f("fk_label_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label")),
        sa.UniqueConstraint("code", name=op.f("uq_label_code")),
    )


def downgrade() -> None:
    op.drop_table("label")
