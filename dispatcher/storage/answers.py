"""What the devices at home are to be told of their case: written with the change, gone when it was said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, and_, func, select

from community.storage.rows import upsert
from community.storage.tables import alarm, device_word, incident, offer
from dispatcher.answering import Standing
from dispatcher.model import OfferState, Stage

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
    return [Standing(row.id, row.version, Stage(row.stage), row.eta_at, tuple(keys[row.id])) for row in rows]


def said(connection: Connection, told: Iterable[Standing]) -> None:
    """These were told; what has changed meanwhile is told again."""
    for one in told:
        connection.execute(
            device_word.delete().where(
                device_word.c.id == one.incident_id, device_word.c.version == one.version
            )
        )
