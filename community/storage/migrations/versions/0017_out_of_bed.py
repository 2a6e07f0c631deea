"""who is to be back in bed, and which beds are empty.

Revision 0017, after 0016.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "night_watch",
        sa.Column("household_id", number, nullable=False),
        sa.Column("starts", sa.Integer(), nullable=False),
        sa.Column("ends", sa.Integer(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["household_id"], ["household.id"], name=op.f("fk_night_watch_household_id_household")
        ),
        sa.PrimaryKeyConstraint("household_id", name=op.f("pk_night_watch")),
    )
    op.create_table(
        "empty_bed",
        sa.Column("device_key", sa.String(200), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("device_key", name=op.f("pk_empty_bed")),
    )


def downgrade() -> None:
    op.drop_table("empty_bed")
    op.drop_table("night_watch")
