"""Devices that were heard or announced and that nobody has enrolled yet: proposed, until a person decides."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Row, delete, exists, func, or_, select, update

from community.errors import NotFound
from community.model import Device
from community.storage import register
from community.storage.rows import upsert
from community.storage.tables import device, device_proposal
from devices.signal import Found, Role

# Whoever may speak at the broker could invent devices for ever: the list ends somewhere.
MOST: Final = 2000
_ENROLLED = exists().where(device.c.key.in_([device_proposal.c.key, device_proposal.c.also]))


@dataclass(frozen=True, slots=True)
class Proposal:
    """A device of nobody. `role` is what its network or its model says that it is for, if either does."""

    id: int
    key: str
    vendor: str
    model: str
    name: str
    role: Role | None
    found_at: datetime
    heard_at: datetime | None


def keep(
    connection: Connection, found: Collection[Found], heard: Mapping[str, datetime], now: datetime
) -> None:
    """What networks tell of devices of nobody, and when such were heard. What was dismissed stays so.

    What is there no more is not proposed any longer.
    """
    gone = {one.device_key for one in found if one.is_gone}
    if gone:
        not_asked = device_proposal.c.key.in_(gone), device_proposal.c.dismissed_at.is_(None)
        connection.execute(delete(device_proposal).where(*not_asked))
        found = [one for one in found if not one.is_gone]
    keys = {one.device_key for one in found} | heard.keys()
    query = select(device_proposal.c.key, device_proposal.c.also)
    known = connection.execute(
        query.where(or_(device_proposal.c.key.in_(keys), device_proposal.c.also.in_(keys)))
    ).all()
    names = {row.key for row in known} | {row.also for row in known} | {one.also for one in found}
    told = {one.device_key: one for one in found}
    told |= {key: Found(key) for key in heard if key not in told and key not in names and not _is_named(key)}
    room = MOST - (connection.execute(select(func.count()).select_from(device_proposal)).scalar() or 0)
    present = {row.key for row in known}
    for key, one in sorted(told.items()):
        if key not in present:
            room -= 1
            if room < 0:
                continue
        said = {"also": one.also, "vendor": one.vendor, "model": one.model, "name": one.name}
        row = {**said, "role": one.role.value if one.role is not None else None}
        statement = upsert(connection, device_proposal).values(key=key, found_at=now, **row)
        if any(said.values()):
            statement = statement.on_conflict_do_update(index_elements=[device_proposal.c.key], set_=row)
        else:
            statement = statement.on_conflict_do_nothing()
        connection.execute(statement)
    for key, at in sorted(heard.items()):
        of_it = or_(device_proposal.c.key == key, device_proposal.c.also == key)
        connection.execute(update(device_proposal).where(of_it).values(heard_at=at))


def waiting(connection: Connection, after_id: int, limit: int) -> list[Proposal]:
    """At most `limit` that are neither enrolled nor dismissed, with an id above `after_id`."""
    query = select(device_proposal).where(
        device_proposal.c.id > after_id, device_proposal.c.dismissed_at.is_(None), ~_ENROLLED
    )
    return [_proposal(row) for row in connection.execute(query.order_by(device_proposal.c.id).limit(limit))]


def accept(connection: Connection, id: int, chosen: Device) -> Device:
    """Enrol what is proposed as `chosen` says (its key, vendor and model apart). NotFound, or Conflict."""
    one = _waiting(connection, id)
    enrolled = register.enrol_device(
        connection, replace(chosen, key=one.key, vendor=one.vendor, model=one.model)
    )
    connection.execute(delete(device_proposal).where(device_proposal.c.id == id))
    return enrolled


def dismiss(connection: Connection, id: int, now: datetime) -> None:
    """It is none of ours: not proposed again. NotFound."""
    _waiting(connection, id)
    connection.execute(update(device_proposal).where(device_proposal.c.id == id).values(dismissed_at=now))


def _is_named(key: str) -> bool:
    """A Zigbee device by its name: its hub tells of it by its address."""
    return key.startswith("z2m:") and not key.endswith("bridge")


def _waiting(connection: Connection, id: int) -> Proposal:
    query = select(device_proposal).where(
        device_proposal.c.id == id, device_proposal.c.dismissed_at.is_(None)
    )
    row = connection.execute(query).first()
    if row is None:
        raise NotFound("no_such_proposal", f"no device {id} is proposed: look at the list again")
    return _proposal(row)


def _proposal(row: Row[tuple[object, ...]]) -> Proposal:
    return Proposal(
        row.id,
        row.key,
        row.vendor,
        row.model,
        row.name,
        Role(row.role) if row.role else None,
        row.found_at,
        row.heard_at,
    )
