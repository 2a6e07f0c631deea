"""imported tables of homes, and what they changed.

Revision 0042, after 0041.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    counts = ("homes", "added", "changed", "same", "refused", "elders_out", "set_back", "stayed")
    op.create_table(
        "import_batch",
        sa.Column("id", number, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account_id", number, nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("undoes", number, nullable=True),
        *(sa.Column(count, sa.Integer(), nullable=False, server_default="0") for count in counts),
        sa.CheckConstraint("undoes < id", name=op.f("ck_import_batch_undoes_an_earlier_one")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_import_batch_account_id")),
        sa.ForeignKeyConstraint(["undoes"], ["import_batch.id"], name=op.f("fk_import_batch_undoes")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_batch")),
        sa.UniqueConstraint("undoes", name=op.f("uq_import_batch_undoes")),
    )
    op.create_index("ix_import_batch_at", "import_batch", ["at"])
    op.create_table(
        "import_change",
        sa.Column("id", number, nullable=False),
        sa.Column("batch_id", number, nullable=False),
        sa.Column("household_id", number, nullable=False),
        sa.Column("of", sa.String(16), nullable=False),
        sa.Column("row_id", number, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("stayed", sa.Text(), nullable=False, server_default=""),
        sa.CheckConstraint(
            "of IN ('household', 'resident', 'contact')", name=op.f("ck_import_change_of_known")
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["import_batch.id"], name=op.f("fk_import_change_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_change")),
    )
    op.create_index("ix_import_change_batch_home", "import_change", ["batch_id", "household_id"])
    op.create_index("ix_import_change_household", "import_change", ["household_id"])


def downgrade() -> None:
    op.drop_table("import_change")
    op.drop_table("import_batch")
