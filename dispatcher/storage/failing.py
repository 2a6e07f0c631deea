"""Open cases about a weak battery or a silent device of which no contact has been told yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, String, and_, cast, exists, literal, or_, select

from community.storage.tables import contact, incident, message, withdrawal
from devices.signal import Kind
from dispatcher.failing import OLDEST, WAITS, key
from dispatcher.model import Severity
from dispatcher.storage import maintenance, storms


@dataclass(frozen=True, slots=True)
class Failing:
    """A case of a home about its device."""

    incident_id: int
    household_id: int
    kind: Kind
    opened_at: datetime


def untold(connection: Connection, now: datetime) -> list[Failing]:
    """The longest open first: cases old enough, of homes with a contact who takes texts, of which nothing was
    said, that rest in no storm and wait for no maintenance.
    """
    listens = exists().where(
        contact.c.household_id == incident.c.household_id,
        ~exists().where(withdrawal.c.phone == contact.c.phone, withdrawal.c.restored_at.is_(None)),
    )
    query = (
        select(incident.c.id, incident.c.household_id, incident.c.kind, incident.c.opened_at)
        .where(
            incident.c.opened_at > now - OLDEST,
            incident.c.closed_at.is_(None),
            incident.c.severity == int(Severity.TROUBLE),
            ~incident.c.subject.startswith("exercise:"),
            or_(*(_is_old_enough(kind, now) for kind in sorted(WAITS))),
            listens,
            ~exists().where(message.c.key == literal(key("")) + cast(incident.c.id, String)),
        )
        .order_by(incident.c.opened_at)
    )
    found = [
        Failing(row.id, row.household_id, Kind(row.kind), row.opened_at) for row in connection.execute(query)
    ]
    resting = storms.open_for_homes(connection, [one.household_id for one in found])
    worked_on = maintenance.waiting(connection, [one.incident_id for one in found]) if found else {}
    return [one for one in found if one.household_id not in resting and one.incident_id not in worked_on]


def _is_old_enough(kind: Kind, now: datetime) -> ColumnElement[bool]:
    return and_(incident.c.kind == kind.value, incident.c.opened_at <= now - WAITS[kind])
