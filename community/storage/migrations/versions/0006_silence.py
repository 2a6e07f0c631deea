"""silence: signs of life, what homes are watched for, and welfare checks.

Revision 0006, after 0005.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "listened",
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_listened")),
    )
    op.create_table(
        "meter",
        sa.Column("device_key", sa.String(length=200), nullable=False),
        sa.Column("readings", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("device_key", name=op.f("pk_meter")),
    )
    op.create_table(
        "unheard",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unheard")),
    )
    op.create_index(op.f("ix_unheard_ends_at"), "unheard", ["ends_at"], unique=False)
    op.create_table(
        "home_watch",
        sa.Column("household_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("look_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("presets", sa.JSON(), nullable=False),
        sa.Column("daily_starts", sa.Integer(), nullable=True),
        sa.Column("daily_ends", sa.Integer(), nullable=True),
        sa.Column("call_days", sa.String(length=7), server_default="", nullable=False),
        sa.Column("call_minute", sa.Integer(), nullable=True),
        sa.Column("away", sa.String(length=16), nullable=True),
        sa.Column("away_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("blind", sa.JSON(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("daily_asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(call_days = '') = (call_minute IS NULL)", name=op.f("ck_home_watch_calls_are_whole")
        ),
        sa.CheckConstraint(
            "(away IS NULL) = (away_until IS NULL)", name=op.f("ck_home_watch_away_has_an_end")
        ),
        sa.CheckConstraint(
            "(daily_starts IS NULL) = (daily_ends IS NULL)", name=op.f("ck_home_watch_daily_is_whole")
        ),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_home_watch_household_id")),
        sa.PrimaryKeyConstraint("household_id", name=op.f("pk_home_watch")),
    )
    op.create_index(op.f("ix_home_watch_look_at"), "home_watch", ["look_at"], unique=False)
    op.create_table(
        "life",
        sa.Column("household_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("said", sa.String(length=48), nullable=False),
        sa.Column("by_hand_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_life_household_id")),
        sa.PrimaryKeyConstraint("household_id", name=op.f("pk_life")),
    )
    op.create_table(
        "welfare_check",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("household_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("why", sa.String(length=64), nullable=False),
        sa.Column("is_call", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("message_key", sa.String(length=120), server_default="", nullable=False),
        sa.Column("wants_help", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("incident_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint(
            "(state = 'open') = (settled_at IS NULL)", name=op.f("ck_welfare_check_settled_has_a_time")
        ),
        sa.CheckConstraint(
            "state IN ('open', 'well', 'moved', 'help', 'no_answer', 'dropped')",
            name=op.f("ck_welfare_check_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["household_id"], ["household.id"], name=op.f("fk_welfare_check_household_id")
        ),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_welfare_check_incident_id")),
        sa.ForeignKeyConstraint(["settled_by"], ["account.id"], name=op.f("fk_welfare_check_settled_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_welfare_check")),
    )
    op.create_index("ix_welfare_check_calls", "welfare_check", ["is_call", "since"], unique=False)
    op.create_index(op.f("ix_welfare_check_household_id"), "welfare_check", ["household_id"], unique=False)
    op.create_index(
        "uq_welfare_check_open",
        "welfare_check",
        ["household_id", "is_call"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )


def downgrade() -> None:

    op.drop_index(
        "uq_welfare_check_open",
        table_name="welfare_check",
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.drop_index(op.f("ix_welfare_check_household_id"), table_name="welfare_check")
    op.drop_index("ix_welfare_check_calls", table_name="welfare_check")
    op.drop_table("welfare_check")
    op.drop_table("life")
    op.drop_index(op.f("ix_home_watch_look_at"), table_name="home_watch")
    op.drop_table("home_watch")
    op.drop_index(op.f("ix_unheard_ends_at"), table_name="unheard")
    op.drop_table("unheard")
    op.drop_table("meter")
    op.drop_table("listened")
