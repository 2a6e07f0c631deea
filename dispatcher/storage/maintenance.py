"""Work on devices: what goes on, and which cases wait for its end."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, exists, insert, or_, select, update

from community.storage.tables import account, alarm, device, household, incident, maintenance
from dispatcher.maintenance import Maintenance
from dispatcher.storms import TECHNICAL

_GOES_ON = maintenance.c.ended_at.is_(None)
_NOT_ONLY_DEVICES = exists().where(
    alarm.c.incident_id == incident.c.id,
    alarm.c.ended_at.is_(None),
    alarm.c.kind.not_in([kind.value for kind in sorted(TECHNICAL)]),
)
_MEANS_IT = or_(
    maintenance.c.device_id.is_(None),
    device.c.household_id == incident.c.household_id,
    and_(device.c.household_id.is_(None), incident.c.subject == "device:" + device.c.key),
)


def begin(
    connection: Connection,
    device_id: int | None,
    reason: str,
    account_id: int,
    begins_at: datetime,
    ends_at: datetime,
) -> int:
    row = {"device_id": device_id, "reason": reason, "account_id": account_id}
    statement = insert(maintenance).values(**row, begins_at=begins_at, ends_at=ends_at)
    id: int = connection.execute(statement.returning(maintenance.c.id)).scalar_one()
    return id


def going_on(connection: Connection) -> list[Maintenance]:
    """All that nobody has said to be over, the first to end first."""
    query = _known().where(_GOES_ON).order_by(maintenance.c.ends_at, maintenance.c.id)
    return [_from(row) for row in connection.execute(query)]


def ended_since(connection: Connection, since: datetime) -> list[Maintenance]:
    """All that ended at `since` or later, the last first."""
    query = _known().where(maintenance.c.ended_at >= since).order_by(maintenance.c.ended_at.desc())
    return [_from(row) for row in connection.execute(query)]


def end(connection: Connection, id: int, now: datetime) -> bool:
    """Say that it is over; False when somebody has, or there is none."""
    statement = update(maintenance).where(maintenance.c.id == id, _GOES_ON).values(ended_at=now)
    return connection.execute(statement).rowcount == 1


def waiting(connection: Connection, ids: Collection[int] | None = None) -> dict[int, Maintenance]:
    """Those of the open cases `ids`, or of all, that some work lets wait; the work that ends last."""
    query = (
        _known()
        .add_columns(incident.c.id.label("incident_id"))
        .join(incident, _MEANS_IT)
        .where(
            _GOES_ON,
            incident.c.closed_at.is_(None),
            ~_NOT_ONLY_DEVICES,
        )
        .order_by(maintenance.c.ends_at)
    )
    if ids is not None:
        query = query.where(incident.c.id.in_(list(ids)))
    return {row.incident_id: _from(row) for row in connection.execute(query)}


def _known() -> Select[Any]:
    return (
        select(maintenance, account.c.name, device.c.key, device.c.label, household.c.address)
        .join_from(maintenance, account, account.c.id == maintenance.c.account_id)
        .outerjoin(device, device.c.id == maintenance.c.device_id)
        .outerjoin(household, household.c.id == device.c.household_id)
    )


def _from(row: Any) -> Maintenance:
    what = " ".join(part for part in (row.address or "", row.label or row.key or "") if part)
    return Maintenance(
        row.id, row.device_id, what, row.reason, row.name, row.begins_at, row.ends_at, row.ended_at
    )
