"""operators' scripts that people edit.

Revision 0043, after 0042.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    id_type = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "script",
        sa.Column("id", id_type, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", id_type, nullable=True),
        sa.CheckConstraint("version >= 0", name=op.f("ck_script_version_counts")),
        sa.ForeignKeyConstraint(["by"], ["account.id"], name=op.f("fk_script_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_script")),
        sa.UniqueConstraint("name", "version", name=op.f("uq_script_name_version")),
    )


def downgrade() -> None:
    op.drop_table("script")
