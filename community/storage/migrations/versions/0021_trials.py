"""devices that are being tried.

Revision 0021, after 0020.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "trial",
        sa.Column("id", number, autoincrement=False, nullable=False),
        sa.Column("until", moment, nullable=False),
        sa.Column("heard_at", moment, nullable=True),
        sa.ForeignKeyConstraint(["id"], ["device.id"], name=op.f("fk_trial_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trial")),
    )


def downgrade() -> None:
    op.drop_table("trial")
