"""Devices being tried: from when somebody says so until the first alarm, or for ten minutes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, select, update

from community.storage import register
from community.storage.rows import upsert
from community.storage.tables import device, trial

LASTS: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Trial:
    """`heard_at` is when its alarm came: it works. Without it, and after `until`, nothing came in time."""

    until: datetime
    heard_at: datetime | None = None


def begin(connection: Connection, device_id: int, now: datetime) -> Trial:
    """The first alarm of this device within ten minutes is a test. NotFound."""
    register.device_by_id(connection, device_id)
    said = {"until": now + LASTS, "heard_at": None}
    statement = upsert(connection, trial).values(id=device_id, **said)
    connection.execute(statement.on_conflict_do_update(index_elements=[trial.c.id], set_=said))
    register.devices_changed(connection)
    return Trial(now + LASTS)


def of_device(connection: Connection, device_id: int) -> Trial | None:
    """The last trial of this device; None when it was never tried."""
    row = connection.execute(select(trial).where(trial.c.id == device_id)).first()
    return None if row is None else Trial(row.until, row.heard_at)


def waiting(connection: Connection) -> dict[str, datetime]:
    """Until when the first alarm of a device is a test, by key; also of those whose time is over."""
    query = select(device.c.key, trial.c.until).join(trial, trial.c.id == device.c.id)
    return {row.key: row.until for row in connection.execute(query.where(trial.c.heard_at.is_(None)))}


def heard(connection: Connection, keys: Collection[str], now: datetime) -> bool:
    """The alarms of these devices came; False when another gateway was first with one of them."""
    ids = select(device.c.id).where(device.c.key.in_(keys))
    done = update(trial).where(trial.c.id.in_(ids), trial.c.heard_at.is_(None)).values(heard_at=now)
    ended = connection.execute(done).rowcount
    register.devices_changed(connection)
    return ended == len(keys)
