"""requests to one responder that leave as one text.

Revision 0016, after 0015.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "bundled",
        sa.Column("message_id", number, autoincrement=False, nullable=False),
        sa.Column("bundle_id", number, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("is_named", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_bundled_message_id_message")),
        sa.ForeignKeyConstraint(["bundle_id"], ["message.id"], name=op.f("fk_bundled_bundle_id_message")),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_bundled")),
    )
    op.create_index(op.f("ix_bundled_bundle_id"), "bundled", ["bundle_id"], unique=False)


def downgrade() -> None:
    op.drop_table("bundled")
