"""Bring a database to the newest schema, and say which one it has."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from community.storage.store import Store

_SCRIPTS = Path(__file__).parent / "migrations"


class SchemaOutOfDate(RuntimeError):
    """The database has another schema than this program; the message says what to run."""


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    if connection is not None:
        config.attributes["connection"] = connection
    return config


def newest() -> str:
    """The revision this program was written for."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None, "there is at least one migration"
    return head


def known() -> frozenset[str]:
    """Every revision that this program can bring up to date, its own among them."""
    return frozenset(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def current(store: Store) -> str | None:
    """The revision the database has; None for an empty one."""
    with store.read() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def migrate(store: Store, revision: str = "head") -> str:
    """Upgrade to the newest schema, or `revision`, in one transaction. Harmless to repeat."""
    with store.write() as connection:
        command.upgrade(_config(connection), revision)
    return newest()


def require_newest(store: Store) -> None:
    """Raise SchemaOutOfDate unless the database has the newest schema."""
    found = current(store)
    if found != newest():
        raise SchemaOutOfDate(
            f"the database has schema {found or 'none'}, this program needs {newest()}: "
            "run `python3 anxin.py migrate`"
        )


def write_migration(store: Store, message: str, revision: str) -> None:
    """For developers: compare the tables with a migrated database and write the next script."""
    with store.write() as connection:
        command.revision(_config(connection), message=message, autogenerate=True, rev_id=revision)
