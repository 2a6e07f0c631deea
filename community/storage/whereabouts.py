"""The newest place of each responder, and which telephones tell theirs by themselves. No history is kept."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, insert, or_, select

from community.errors import Conflict, Invalid
from community.model import Device, Position, Whereabouts
from community.storage import register
from community.storage import tables as t
from community.storage.rows import upsert
from community.whereabouts import AHEAD, FRESH, is_of_use, moves
from devices.signal import Role

_place = t.responder_place
_phone = t.staff_phone


def keep(connection: Connection, found: Iterable[Whereabouts], now: datetime) -> int:
    """Keep those places that are of use and newer than what is known; returns of how many that is true.

    What was told ahead of our clock counts from now on, and what the clock left ahead of itself when it was
    set back stands in nobody's way.
    """
    kept = 0
    for one in sorted(found, key=lambda each: (each.responder_id, each.at)):
        if not is_of_use(one, now):
            continue
        row = {
            "lon": one.position.lon,
            "lat": one.position.lat,
            "accuracy_m": one.position.accuracy_m,
            "at": min(one.at, now),
            "source": one.position.source,
        }
        newer = or_(_place.c.at < row["at"], _place.c.at > now + AHEAD)
        statement = upsert(connection, _place).values(id=one.responder_id, **row)
        statement = statement.on_conflict_do_update(index_elements=[_place.c.id], set_=row, where=newer)
        kept += connection.execute(statement.returning(_place.c.id)).first() is not None
    if kept:
        register.bump(connection, "place")
    return kept


def newest(connection: Connection) -> dict[int, Whereabouts]:
    """The place of each responder who told one lately, by her id; whether it is of use says `is_of_use`."""
    return {row.id: _told(row) for row in connection.execute(select(_place))}


def of(connection: Connection, responder_id: int) -> Whereabouts | None:
    """The place of one responder, if she told one lately."""
    row = connection.execute(select(_place).where(_place.c.id == responder_id)).first()
    return None if row is None else _told(row)


def _told(row: Any) -> Whereabouts:
    return Whereabouts(row.id, Position(row.lon, row.lat, row.source, row.accuracy_m), row.at)


def forget(connection: Connection, responder_id: int, source: str = "page") -> None:
    """Forget the place of one responder, if it came from there."""
    mine = _place.c.id == responder_id, _place.c.source == source
    if connection.execute(delete(_place).where(*mine)).rowcount:
        register.bump(connection, "place")


def is_any_stale(connection: Connection, now: datetime) -> bool:
    """Whether there is a place to forget."""
    return connection.execute(select(_place.c.id).where(_is_stale(now)).limit(1)).first() is not None


def forget_stale(connection: Connection, now: datetime) -> None:
    """Forget the places that are of use to nobody any more."""
    connection.execute(delete(_place).where(_is_stale(now)))


def _is_stale(now: datetime) -> ColumnElement[bool]:
    return or_(_place.c.at <= now - FRESH, _place.c.at > now + AHEAD)


# ---- telephones that tell by themselves ----


def set_phone(connection: Connection, responder_id: int, key: str) -> Device:
    """From now on the telephone `key` (owntracks:li/phone) tells where this responder is, and no other one.

    It is enrolled as a staff phone when it is not yet. NotFound: no such responder. Invalid: a clinic stays
    where it is. Conflict: it is enrolled as something else, or tells of somebody else.
    """
    person = register.responder_by_id(connection, responder_id)
    if not moves(person.kind):
        raise Invalid("does_not_move", f"机构不会移动 {person.name} stays where it is: no telephone tells it")
    drop_phone(connection, responder_id)
    device = register.devices_by_key(connection, [key]).get(key)
    if device is None:
        device = register.enrol_device(connection, Device(0, key, Role.STAFF_PHONE, None, label=person.name))
    elif device.role is not Role.STAFF_PHONE or device.household_id is not None:
        raise Conflict(
            "device_enrolled", f"{key} is enrolled as a {device.role}: it is no telephone of staff"
        )
    elif connection.execute(select(_phone.c.id).where(_phone.c.device_id == device.id)).first() is not None:
        raise Conflict("phone_of_another", f"{key} tells of another responder: take it from them first")
    else:
        device = register.update_device(connection, replace(device, enabled=True, label=person.name))
    connection.execute(insert(_phone).values(id=responder_id, device_id=device.id))
    return device


def drop_phone(connection: Connection, responder_id: int) -> Device | None:
    """Her telephone tells of her no more, and where it was last is forgotten; returns it, out of service."""
    forget(connection, responder_id, "phone")
    query = delete(_phone).where(_phone.c.id == responder_id).returning(_phone.c.device_id)
    device_id = connection.execute(query).scalar()
    if device_id is None:
        return None
    device = replace(register.device_by_id(connection, device_id), enabled=False)
    return register.update_device(connection, device)


def bearers(connection: Connection, keys: Collection[str]) -> Mapping[str, int]:
    """Whose telephones these are: responders by the keys of theirs that are in service."""
    query = select(t.device.c.key, _phone.c.id).join(t.device, t.device.c.id == _phone.c.device_id)
    return {
        row.key: row.id
        for row in connection.execute(query.where(t.device.c.key.in_(list(keys)), t.device.c.enabled))
    }


def phone_of(connection: Connection, responder_id: int) -> Device | None:
    """The telephone that tells of her by itself."""
    query = select(_phone.c.device_id).where(_phone.c.id == responder_id)
    device_id = connection.execute(query).scalar()
    return None if device_id is None else register.device_by_id(connection, device_id)
