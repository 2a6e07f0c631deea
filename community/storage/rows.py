"""Reading many rows and writing single ones, in the one way that every query module here needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection, Table, func, insert, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from community.errors import NotFound

T = TypeVar("T")

log = structlog.get_logger()


def readable(
    what: str,
    rows: Iterable[Any],
    make: Callable[[Any], T],
    otherwise: Callable[[int], object] = lambda _: None,
) -> Iterator[T]:
    """What `make` makes of each row. One that it cannot read - a word of a newer release, a slip of whoever
    mended it by hand - is said to be `what`, and keeps no other from being read; `otherwise` is told its id.
    """
    for row in rows:
        try:
            yield make(row)
        except (LookupError, TypeError, ValueError):
            log.exception("a row cannot be read and is left out", what=what, id=row.id)
            otherwise(row.id)


def insert_row(connection: Connection, table: Table, row: Mapping[str, Any]) -> int:
    """Insert one row; returns the id it got."""
    key = connection.execute(insert(table).values(**row)).inserted_primary_key
    assert key is not None, "a single-row insert has a primary key"
    return int(key[0])


def update_row(connection: Connection, table: Table, row_id: int, row: Mapping[str, Any]) -> None:
    """Change columns of one row. NotFound when there is none."""
    if connection.execute(update(table).where(table.c.id == row_id).values(**row)).rowcount == 0:
        raise NotFound(
            f"no_such_{table.name}",
            f"there is no {table.name} {row_id}: it may have been removed; load the list again",
        )


def upsert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An insert that knows ON CONFLICT, in the words of the database behind `connection`."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def number_on(connection: Connection, table: Table) -> None:
    """Let the next row of `table` be numbered after those that came with ids of their own."""
    if connection.dialect.name != "postgresql" or "id" not in table.c:
        return
    highest = connection.execute(select(func.max(table.c.id))).scalar_one()
    connection.execute(
        text("SELECT setval(pg_get_serial_sequence(:table, 'id'), :highest)"),
        {"table": table.name, "highest": highest},
    )
