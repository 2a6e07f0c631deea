"""Who has looked at what a device reported over."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, select

from community.storage.rows import upsert
from community.storage.tables import alarm, alarm_look
from dispatcher.model import Alarm
from dispatcher.storage.casebook import alarm_from


def alarm_by_id(connection: Connection, alarm_id: int) -> Alarm | None:
    """One alarm, with when it was looked at."""
    query = select(alarm, alarm_look.c.at.label("looked_at")).outerjoin(
        alarm_look, alarm_look.c.alarm_id == alarm.c.id
    )
    row = connection.execute(query.where(alarm.c.id == alarm_id)).first()
    return None if row is None else replace(alarm_from(row), looked_at=row.looked_at)


def keep(connection: Connection, alarm_id: int, account_id: int, now: datetime) -> bool:
    """Write down who has looked; False when somebody had before."""
    values = {"alarm_id": alarm_id, "account_id": account_id, "at": now}
    statement = upsert(connection, alarm_look).values(**values).on_conflict_do_nothing()
    return connection.execute(statement.returning(alarm_look.c.alarm_id)).first() is not None
