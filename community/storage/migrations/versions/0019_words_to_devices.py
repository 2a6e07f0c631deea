"""cases whose devices are to be told how it stands.

Revision 0019, after 0018.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "device_word",
        sa.Column("id", number, autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["incident.id"], name=op.f("fk_device_word_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_word")),
    )


def downgrade() -> None:
    op.drop_table("device_word")
