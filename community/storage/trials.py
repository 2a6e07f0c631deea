"""Devices being tried: from when somebody says so until the first alarm, or for ten minutes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, and_, or_, select, update

from community.storage import register
from community.storage.rows import upsert
from community.storage.tables import device, household, trial

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


@dataclass(frozen=True, slots=True)
class Tried:
    """A device that is being tried, or proved itself minutes ago: not to be taken for trouble."""

    device_id: int
    label: str
    address: str
    trial: Trial


def recent(connection: Connection, now: datetime, most: int) -> list[Tried]:
    """Trials that go on, and those that ended with an alarm less than ten minutes ago."""
    shown = or_(
        and_(trial.c.heard_at.is_(None), trial.c.until > now),
        and_(trial.c.heard_at > now - LASTS, trial.c.heard_at <= now),
    )
    query = (
        select(trial, device.c.key, device.c.label, household.c.address)
        .join(device, device.c.id == trial.c.id)
        .outerjoin(household, household.c.id == device.c.household_id)
        .where(shown)
        .order_by(trial.c.until.desc(), trial.c.id)
        .limit(most)
    )
    return [
        Tried(row.id, row.label or row.key, row.address or "", Trial(row.until, row.heard_at))
        for row in connection.execute(query)
    ]


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
