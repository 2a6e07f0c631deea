"""devices whose alarms are false again and again.

Revision 0030, after 0029.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "suspect",
        sa.Column("id", number, autoincrement=False, nullable=False),
        sa.Column("since", moment, nullable=False),
        sa.ForeignKeyConstraint(["id"], ["device.id"], name=op.f("fk_suspect_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspect")),
    )
    closed = sa.text("closed_at IS NOT NULL")
    op.create_index(
        "ix_incident_closed_at", "incident", ["closed_at"], sqlite_where=closed, postgresql_where=closed
    )


def downgrade() -> None:
    op.drop_index("ix_incident_closed_at", "incident")
    op.drop_table("suspect")
