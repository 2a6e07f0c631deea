"""roads of the site, and how long who is asked needs.

Revision 0036, after 0035.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "road_network",
        sa.Column("id", number, autoincrement=True, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("packed", sa.LargeBinary(), nullable=False),
        sa.Column("pieces", sa.Integer(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_road_network")),
    )
    op.create_table(
        "road_closure",
        sa.Column("way", sa.String(120), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("way", name=op.f("pk_road_closure")),
    )
    op.add_column("offer", sa.Column("eta_min", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("offer", "eta_min")
    op.drop_table("road_closure")
    op.drop_table("road_network")
