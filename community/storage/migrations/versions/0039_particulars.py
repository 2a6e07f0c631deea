"""what 120 is told has fields of its own; what was written before stays as the remark.

Revision 0039, after 0038.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

ADDED = {
    "household": (
        ("gate", sa.Text()),
        ("door_notes", sa.Text()),
        ("key_holder", sa.Text()),
        ("key_holder_phone", sa.String(32)),
    ),
    "resident": (("conditions", sa.Text()), ("medicines", sa.Text()), ("allergies", sa.Text())),
}


def upgrade() -> None:
    for table, columns in ADDED.items():
        for name, kind in columns:
            op.add_column(table, sa.Column(name, kind, server_default="", nullable=False))


def downgrade() -> None:
    for table, columns in ADDED.items():
        for name, _ in columns:
            op.drop_column(table, name)
