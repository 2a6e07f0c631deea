"""a secret of the site, from which the codes follow that open a case's page.

Revision 0026, after 0025.
"""

from __future__ import annotations

from secrets import token_hex

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("site", sa.Column("secret", sa.String(64), nullable=False, server_default=""))
    site = sa.table("site", sa.column("secret"))
    op.execute(site.update().values(secret=token_hex(32)))


def downgrade() -> None:
    op.drop_column("site", "secret")
