"""The schema on both databases: what the migrations make is what the tables say."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from community.storage import Store
from community.storage.schema import current, migrate, newest
from community.storage.tables import metadata


def test_migrations_lead_to_exactly_the_tables_we_write_to(store: Store) -> None:
    with store.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_migrating_twice_is_harmless(store: Store) -> None:
    assert migrate(store) == newest() == current(store)
