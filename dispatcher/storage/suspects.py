"""Devices whose alarms were false again and again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, or_, select

from community.storage.rows import upsert
from community.storage.tables import alarm, device, incident, suspect
from dispatcher.model import CloseCode


@dataclass(frozen=True, slots=True)
class Liar:
    """A device with `times` false alarms since it was last told of; `last_at` is when the last was closed."""

    device_id: int
    key: str
    label: str
    household_id: int | None
    times: int
    last_at: datetime


def liars(connection: Connection, codes: Collection[CloseCode], since: datetime, times: int) -> list[Liar]:
    """Devices that raised an alarm in at least so many cases that were closed with `codes` since `since`."""
    cases = func.count(incident.c.id.distinct())
    query = (
        select(
            device.c.id,
            device.c.key,
            device.c.label,
            device.c.household_id,
            cases.label("times"),
            func.max(incident.c.closed_at).label("last_at"),
        )
        .join_from(incident, alarm, alarm.c.incident_id == incident.c.id)
        .join(device, device.c.key == alarm.c.device_key)
        .outerjoin(suspect, suspect.c.id == device.c.id)
        .where(
            incident.c.closed_at >= since,
            incident.c.close_code.in_([code.value for code in codes]),
            or_(suspect.c.since.is_(None), incident.c.closed_at > suspect.c.since),
        )
        .group_by(device.c.id, device.c.key, device.c.label, device.c.household_id)
        .having(cases >= times)
        .order_by(device.c.id)
    )
    return [
        Liar(row.id, row.key, row.label, row.household_id, row.times, row.last_at)
        for row in connection.execute(query)
    ]


def mark(connection: Connection, liar: Liar, now: datetime) -> bool:
    """Mark it; False when a colleague has done so for the same alarms."""
    statement = upsert(connection, suspect).values(id=liar.device_id, since=now)
    statement = statement.on_conflict_do_update(
        index_elements=[suspect.c.id], set_={"since": now}, where=suspect.c.since < liar.last_at
    )
    return connection.execute(statement.returning(suspect.c.id)).first() is not None
