"""since when a device is awaited, and what carries it.

Revision 0022, after 0021.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    with op.batch_alter_table("supervision") as table:
        table.add_column(sa.Column("awaited_at", moment, nullable=True))
    op.execute("UPDATE supervision SET awaited_at = since")
    with op.batch_alter_table("supervision") as table:
        table.alter_column("awaited_at", existing_type=moment, nullable=False)
    op.create_table(
        "carrier",
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("hub_key", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_carrier")),
    )
    op.create_index(op.f("ix_carrier_hub_key"), "carrier", ["hub_key"])


def downgrade() -> None:
    op.drop_table("carrier")
    with op.batch_alter_table("supervision") as table:
        table.drop_column("awaited_at")
