"""the homes that belong to the trouble of their area.

Revision 0013, after 0012.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "storm_home",
        sa.Column("incident_id", number, autoincrement=False, nullable=False),
        sa.Column("household_id", number, autoincrement=False, nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incident.id"], name=op.f("fk_storm_home_incident_id_incident")
        ),
        sa.ForeignKeyConstraint(
            ["household_id"], ["household.id"], name=op.f("fk_storm_home_household_id_household")
        ),
        sa.PrimaryKeyConstraint("incident_id", "household_id", name=op.f("pk_storm_home")),
    )
    op.create_index(op.f("ix_storm_home_household_id"), "storm_home", ["household_id"], unique=False)


def downgrade() -> None:
    op.drop_table("storm_home")
