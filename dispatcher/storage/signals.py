"""What devices said: stored once each, in one statement for a whole group."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime

import orjson
from sqlalchemy import Connection, insert, select, tuple_

from community.storage.prepared import as_document, as_hex, driver_cursor
from community.storage.rows import upsert
from community.storage.tables import as_sqlite, level, unread
from devices.signal import LevelKey, Signal, Ticket

# A group of signals is stored by one statement, past SQLAlchemy's row handling: most of what comes is this.
# PostgreSQL takes one document and says which rows were new. SQLite loops in C; it has one writer, so asking
# first which keys are there is exact.
_COLUMNS = (
    "unique_key, device_key, kind, state, received_at, device_time, is_old, is_test, battery, rule, text, "
    "topic, payload"
)
_NAMES = _COLUMNS.split(", ")
_POSTGRES = (
    f"INSERT INTO signal ({_COLUMNS}) SELECT {_COLUMNS} FROM json_to_recordset(%s::json) AS r("
    "unique_key text, device_key text, kind text, state text, received_at timestamptz, "
    "device_time timestamptz, is_old bool, is_test bool, battery int4, rule text, text text, topic text, "
    "payload bytea) ON CONFLICT (unique_key) DO NOTHING RETURNING unique_key"
)
_SQLITE = f"INSERT INTO signal ({_COLUMNS}) VALUES ({', '.join('?' * 13)})"
_SQLITE_KNOWN = "SELECT unique_key FROM signal WHERE unique_key IN (SELECT value FROM json_each(?))"


def keep(connection: Connection, signals: Iterable[Signal]) -> set[str]:
    """Store `signals`; return the unique keys of those that were not there before."""
    once: dict[str, Signal] = {}
    for said in signals:
        once.setdefault(said.unique_key, said)
    if not once:
        return set()
    if connection.dialect.name == "sqlite":
        with driver_cursor(connection, _SQLITE_KNOWN) as cursor:
            for (key,) in cursor.execute(_SQLITE_KNOWN, (orjson.dumps(list(once)).decode(),)).fetchall():
                del once[key]
        if once:
            rows = [_row(said, as_sqlite, said.payload) for said in once.values()]
            with driver_cursor(connection, _SQLITE) as cursor:
                cursor.executemany(_SQLITE, rows)
        return set(once)
    # Keys go in sorted: two gateways that hear the same things never wait for each other in a circle.
    rows = [_row(once[key], _as_is, as_hex(once[key].payload)) for key in sorted(once)]
    document = as_document([dict(zip(_NAMES, row, strict=True)) for row in rows])
    with driver_cursor(connection, _POSTGRES) as cursor:
        return {key for (key,) in cursor.execute(_POSTGRES, (document,)).fetchall()}


def keep_tickets(connection: Connection, tickets: Sequence[Ticket]) -> None:
    """Keep what nobody could read, bytes as they came, for a human to look at."""
    if tickets:
        connection.execute(
            insert(unread),
            [
                {
                    "device_key": ticket.device_key,
                    "reason": ticket.reason,
                    "topic": ticket.topic.replace("\x00", "\ufffd"),
                    "payload": ticket.payload,
                    "received_at": ticket.received_at,
                }
                for ticket in tickets
            ],
        )


def levels(connection: Connection, keys: Collection[LevelKey] | None = None) -> dict[LevelKey, str]:
    """The last value of each level in `keys`; of all that are known when `keys` is None."""
    query = select(level.c.device_key, level.c.property, level.c.value)
    if keys is not None:
        query = query.where(tuple_(level.c.device_key, level.c.property).in_(list(keys)))
    return {(device_key, name): value for device_key, name, value in connection.execute(query)}


def keep_levels(connection: Connection, changed: Mapping[LevelKey, str]) -> None:
    """Remember the values that changed, so that an edge is an edge also after a restart."""
    if not changed:
        return
    statement = upsert(connection, level)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[level.c.device_key, level.c.property], set_={"value": statement.excluded.value}
        ),
        [
            {"device_key": device_key, "property": name, "value": value}
            for (device_key, name), value in sorted(changed.items())
        ],
    )


def _row(said: Signal, moment: _Moment, payload: bytes | str) -> tuple[object, ...]:
    return (
        said.unique_key,
        said.device_key,
        said.kind.value,
        said.state.value,
        moment(said.received_at),
        moment(said.device_time) if said.device_time is not None else None,
        said.is_old,
        said.test,
        said.battery,
        said.rule,
        said.text,
        said.topic,
        payload,
    )


_Moment = Callable[[datetime], object]


def _as_is(moment: datetime) -> datetime:
    return moment
