"""The courses of past cases, for the reports."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select

from community.storage.tables import account, alarm, area, device, household, incident, timeline
from devices.signal import Kind
from dispatcher.figures import Course
from dispatcher.model import CloseCode, Entry, Severity


def courses(
    connection: Connection, since: datetime, until: datetime, *, drills: bool = False
) -> list[Course]:
    """Of the cases opened in [`since`, `until`), oldest first; of the drills among them, or of the others."""
    is_drill = incident.c.subject.startswith("exercise:")
    opened = (
        incident.c.opened_at >= since,
        incident.c.opened_at < until,
        is_drill if drills else ~is_drill,
    )
    first_claims = (
        select(timeline.c.incident_id, func.min(timeline.c.id).label("id"))
        .join(incident, incident.c.id == timeline.c.incident_id)
        .where(*opened, timeline.c.entry == Entry.CLAIMED.value)
        .group_by(timeline.c.incident_id)
        .subquery()
    )
    claims = {
        row.incident_id: (row.at, row.actor)
        for row in connection.execute(
            select(timeline.c.incident_id, timeline.c.at, timeline.c.actor).join(
                first_claims, first_claims.c.id == timeline.c.id
            )
        )
    }
    names = {
        f"account:{row.id}": row.name for row in connection.execute(select(account.c.id, account.c.name))
    }
    first_alarms = (
        select(alarm.c.incident_id, func.min(alarm.c.id).label("id"))
        .join(incident, incident.c.id == alarm.c.incident_id)
        .where(*opened)
        .group_by(alarm.c.incident_id)
        .subquery()
    )
    models = {
        row.incident_id: f"{row.vendor} {row.model}".strip()
        for row in connection.execute(
            select(alarm.c.incident_id, device.c.vendor, device.c.model)
            .join(first_alarms, first_alarms.c.id == alarm.c.id)
            .join(device, device.c.key == alarm.c.device_key)
        )
    }
    query = (
        select(incident, func.coalesce(area.c.name, "").label("place"), household.c.area_id)
        .outerjoin(household, household.c.id == incident.c.household_id)
        .outerjoin(area, area.c.id == household.c.area_id)
        .where(*opened)
        .order_by(incident.c.id)
    )
    found = []
    for row in connection.execute(query):
        answered_at, actor = claims.get(row.id, (None, ""))
        found.append(
            Course(
                incident_id=row.id,
                opened_at=row.opened_at,
                kind=Kind(row.kind),
                severity=Severity(row.severity),
                place=row.place,
                model=models.get(row.id, ""),
                answered_at=answered_at,
                answered_by=names.get(actor, ""),
                covered_at=row.covered_at,
                attended_at=row.on_scene_at,
                closed_at=row.closed_at,
                area_id=row.area_id,
                close_code=None if row.close_code is None else CloseCode(row.close_code),
            )
        )
    return found
