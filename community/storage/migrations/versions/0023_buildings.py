"""buildings on the map.

Revision 0023, after 0022.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "building",
        sa.Column("id", number, autoincrement=True, nullable=False),
        sa.Column("area_id", number, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("storeys", sa.Integer(), nullable=False),
        sa.Column("polygon", sa.JSON(), nullable=False),
        sa.Column("synthetic", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("storeys >= 1", name=op.f("ck_building_storeys_at_least_one")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_building_area_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_building")),
        sa.UniqueConstraint("area_id", "name", name=op.f("uq_building_area_id_name")),
    )


def downgrade() -> None:
    op.drop_table("building")
