"""response plans that people edit.

Revision 0005, after 0004.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    id_type = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "plan",
        sa.Column("id", id_type, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", id_type, nullable=True),
        sa.CheckConstraint("version >= 0", name=op.f("ck_plan_version_counts")),
        sa.ForeignKeyConstraint(["by"], ["account.id"], name=op.f("fk_plan_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan")),
        sa.UniqueConstraint("name", "version", name=op.f("uq_plan_name_version")),
    )


def downgrade() -> None:
    op.drop_table("plan")
