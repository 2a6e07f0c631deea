"""What the devices at home are to be told of their case: written with the change, gone when it was said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import Connection, and_, func, select

from community.storage.rows import upsert
from community.storage.tables import alarm, carrier, device, device_word, incident, offer
from devices.signal import Role
from dispatcher.answering import Standing, Strobe
from dispatcher.model import OfferState, Severity, Stage

_COMING = (OfferState.ACCEPTED.value, OfferState.ON_THE_WAY.value)
_COMES = and_(offer.c.incident_id == incident.c.id, offer.c.state.in_(_COMING))


def tell(connection: Connection, versions: Mapping[int, int]) -> None:
    """The devices of these incidents are to hear how it stands now, at these versions."""
    for id, version in sorted(versions.items()):
        statement = upsert(connection, device_word).values(id=id, version=version)
        connection.execute(
            statement.on_conflict_do_update(index_elements=[device_word.c.id], set_={"version": version})
        )


def pending(connection: Connection, most: int) -> list[Standing]:
    """Cases whose devices have something to hear, as they stand this moment."""
    first_to_come = select(func.min(offer.c.eta_at)).where(_COMES).scalar_subquery()
    rows = connection.execute(
        select(device_word.c.id, device_word.c.version, incident.c.stage, first_to_come.label("eta_at"))
        .join(incident, incident.c.id == device_word.c.id)
        .order_by(device_word.c.id)
        .limit(most)
    ).all()
    keys: dict[int, list[str]] = {row.id: [] for row in rows}
    spoken = select(alarm.c.incident_id, alarm.c.device_key).where(alarm.c.incident_id.in_(list(keys)))
    for incident_id, key in connection.execute(spoken.distinct().order_by(alarm.c.device_key)):
        keys[incident_id].append(key)
    lights = _strobes(connection, list(keys))
    return [
        Standing(
            row.id, row.version, Stage(row.stage), row.eta_at, tuple(keys[row.id]), tuple(lights[row.id])
        )
        for row in rows
    ]


def _strobes(connection: Connection, ids: Collection[int]) -> Mapping[int, list[Strobe]]:
    """The lights of the homes of these cases, where somebody called for help or may be in danger."""
    query = (
        select(incident.c.id, device.c.key, device.c.vendor, device.c.model, carrier.c.hub_key)
        .join(device, device.c.household_id == incident.c.household_id)
        .outerjoin(carrier, carrier.c.key == device.c.key)
        .where(
            incident.c.id.in_(list(ids)),
            incident.c.severity == Severity.EMERGENCY.value,
            device.c.role == Role.STROBE.value,
            device.c.enabled,
        )
    )
    found: defaultdict[int, list[Strobe]] = defaultdict(list)
    for row in connection.execute(query.order_by(device.c.id)):
        found[row.id].append(Strobe(row.key, row.vendor, row.model, row.hub_key or ""))
    return found


def said(connection: Connection, told: Iterable[Standing]) -> None:
    """These were told; what has changed meanwhile is told again."""
    for one in told:
        connection.execute(
            device_word.delete().where(
                device_word.c.id == one.incident_id, device_word.c.version == one.version
            )
        )
