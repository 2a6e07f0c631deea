"""Devices under supervision: who has not been heard, looked at a thousand at a time, and what came of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, case, func, insert, or_, select, union, update

from community.errors import Invalid
from community.storage.prepared import Changes
from community.storage.rows import readable, upsert
from community.storage.tables import alarm, carrier, device, device_proposal, household, resident, supervision
from devices.profiles import shipped
from devices.signal import Kind, Role
from dispatcher.supervision import LOOK_AGAIN, LOOK_AT_LEAST, RECENT, Presence, Status, Supervised, every

_CHANGES = Changes(supervision, "presence", "since", "told", "look_at")
_HUB = supervision.alias("hub")
_CALLS = (Kind.SOS.value, Kind.FALL.value)


def begin(connection: Connection, now: datetime, most: int, *, enrolled_anew: bool = True) -> int:
    """Supervise devices that are not supervised yet, below the hub that carries them; returns how many.

    A telephone of staff may sleep. What was never heard is awaited from the day on which it belongs to a
    home: until then it lies in a box.
    Where nothing was enrolled or changed since all were (not `enrolled_anew`), only what was taken out of its
    box by being heard can be new: an index finds it.
    """
    hub = device.alias()
    new = (
        select(device.c.id, device.c.key, device.c.role, hub.c.id.label("hub_id"))
        .outerjoin(supervision, supervision.c.id == device.c.id)
        .outerjoin(carrier, carrier.c.key == device.c.key)
        .outerjoin(hub, and_(hub.c.key == carrier.c.hub_key, hub.c.role == Role.HUB, hub.c.id != device.c.id))
        .where(device.c.enabled, device.c.role != Role.STAFF_PHONE, ~_is_in_a_box())
        .where(supervision.c.id.is_(None))
        .limit(most)
    )
    if not enrolled_anew:
        new = new.where(device.c.household_id.is_(None), device.c.last_seen_at.is_not(None))
    found = connection.execute(new).all()
    rows = [
        {
            "id": row.id,
            "hub_id": row.hub_id,
            "presence": Presence.HEARD.value,
            "since": now,
            "awaited_at": now,
            "look_at": now,
        }
        for row in found
    ]
    if rows:
        connection.execute(insert(supervision), rows)
    for row in found:
        if row.role == Role.HUB:
            _carry(connection, row.id, row.key)
    return len(rows)


def _carry(connection: Connection, hub_id: int, hub_key: str) -> None:
    """A hub that is enrolled after its devices takes those that its network says it carries."""
    carried = select(device.c.id).join(carrier, carrier.c.key == device.c.key)
    of_it = carried.where(carrier.c.hub_key == hub_key, device.c.id != hub_id)
    free = and_(supervision.c.hub_id.is_(None), supervision.c.id.in_(of_it))
    connection.execute(update(supervision).where(free).values(hub_id=hub_id))


def carried(connection: Connection, told: Mapping[str, str]) -> None:
    """Networks tell which hub carries which device, both by key; what somebody chose against it stays.

    Of devices that are neither enrolled nor proposed nothing is kept.
    """
    query = select(carrier.c.key, carrier.c.hub_key).where(carrier.c.key.in_(list(told)))
    before = {row.key: row.hub_key for row in connection.execute(query)}
    ours = union(
        select(device.c.key).where(device.c.key.in_(list(told))),
        select(device_proposal.c.key).where(device_proposal.c.key.in_(list(told))),
    )
    known = set(connection.execute(ours).scalars())
    moved = {key: hub_key for key, hub_key in told.items() if key in known and before.get(key) != hub_key}
    if not moved:
        return
    both = {*moved.values(), *(before[key] for key in moved.keys() & before.keys())}
    query = select(device.c.key, device.c.id).where(device.c.key.in_(both), device.c.role == Role.HUB)
    hubs = {row.key: row.id for row in connection.execute(query)}
    for key, hub_key in sorted(moved.items()):
        statement = upsert(connection, carrier).values(key=key, hub_key=hub_key)
        connection.execute(
            statement.on_conflict_do_update(index_elements=[carrier.c.key], set_={"hub_key": hub_key})
        )
        of_it = select(device.c.id).where(device.c.key == key, device.c.id != hubs.get(hub_key, 0))
        was = supervision.c.hub_id.is_(None) | (supervision.c.hub_id == hubs.get(before.get(key, ""), 0))
        connection.execute(
            update(supervision).where(supervision.c.id.in_(of_it), was).values(hub_id=hubs.get(hub_key))
        )


def statuses(connection: Connection, ids: Collection[int]) -> dict[int, Status]:
    """How these devices are supervised. A device that is awaited for the first time has no presence yet."""
    columns = (supervision, device.c.last_seen_at, device.c.key, device.c.role, device.c.vendor)
    query = select(*columns, device.c.model).join(device, device.c.id == supervision.c.id)
    return {row.id: _status(row) for row in connection.execute(query.where(supervision.c.id.in_(list(ids))))}


def _status(row: Row[Any]) -> Status:
    presence, beat = Presence(row.presence), int(_every(row).total_seconds())
    if row.last_seen_at is None and presence is Presence.HEARD:
        return Status(row.hub_id, row.expect_every_s, beat)
    return Status(row.hub_id, row.expect_every_s, beat, presence, row.since)


def _every(row: Row[Any]) -> timedelta:
    role = Role(row.role)
    return every(role, row.expect_every_s, _usual(row.key.partition(":")[0], role, row.vendor, row.model))


@lru_cache(maxsize=4096)
def _usual(family: str, role: Role, vendor: str, model: str) -> timedelta | None:
    return shipped().expected_every(f"{family}:", role, vendor, model)


def arrange(
    connection: Connection, id: int, hub_id: int | None, expect_every_s: int | None, now: datetime
) -> Status:
    """Say what carries a device, and how often it is to be heard. Invalid: that is no hub."""
    hub = connection.execute(select(device.c.role).where(device.c.id == hub_id)).scalar()
    if hub_id is not None and (hub != Role.HUB or hub_id == id):
        raise Invalid("no_hub", f"device {hub_id} is no hub: choose a device with the role hub, or null")
    said = {"hub_id": hub_id, "expect_every_s": expect_every_s, "look_at": now}
    statement = upsert(connection, supervision).values(
        id=id, presence=Presence.HEARD.value, since=now, awaited_at=now, **said
    )
    connection.execute(statement.on_conflict_do_update(index_elements=[supervision.c.id], set_=said))
    return statuses(connection, [id])[id]


def is_anything_due(connection: Connection, now: datetime) -> bool:
    return connection.execute(select(supervision.c.id).where(_is_due(now)).limit(1)).first() is not None


def take_due(connection: Connection, now: datetime, most: int) -> list[Supervised]:
    """Lock and load devices whose presence may have changed, but those that another worker looks at.

    A device that is disabled, or lies in a box, is left to itself for a while.
    """
    query = _supervised().where(_is_due(now)).limit(most)  # in any order: sorted, each device would be read
    rows = connection.execute(query.with_for_update(skip_locked=True, of=supervision)).all()
    idle = {
        row.id for row in rows if not row.enabled or (row.last_seen_at is None and row.household_id is None)
    }
    if idle:
        left = {"presence": Presence.HEARD.value, "told": False, "since": now, "awaited_at": now}
        connection.execute(
            update(supervision)
            .where(supervision.c.id.in_(idle))
            .values(look_at=now + 10 * LOOK_AGAIN, **left)
        )
    lost: list[int] = []
    found = list(readable("device", (row for row in rows if row.id not in idle), _device, lost.append))
    if lost:  # or it would be found again and again
        later = update(supervision).where(supervision.c.id.in_(lost)).values(look_at=now + 10 * LOOK_AGAIN)
        connection.execute(later)
    return found


def keep(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Write what was found: rows of `id`, `presence`, `since`, `told`, `look_at`, locked by `take_due`."""
    if rows:
        _CHANGES.run(connection, rows)


def untold(connection: Connection) -> list[Supervised]:
    """Devices that are down and nobody was told of: new ones, and those a hub or a network took along."""
    query = _supervised().where(
        supervision.c.presence == Presence.DOWN.value, supervision.c.told.is_(False), device.c.enabled
    )
    return list(readable("device", connection.execute(query.order_by(supervision.c.id)), _device))


@dataclass(frozen=True, slots=True)
class Down:
    """A device that is silent, as people know it."""

    device_id: int
    name: str
    address: str
    since: datetime


def down(connection: Connection) -> list[Down]:
    """Every device that is down, the longest first; not those that only their hub took along."""
    query = (
        select(device.c.id, device.c.key, device.c.label, household.c.address, supervision.c.since)
        .join(supervision, supervision.c.id == device.c.id)
        .outerjoin(household, household.c.id == device.c.household_id)
        .outerjoin(_HUB, _HUB.c.id == supervision.c.hub_id)
        .where(supervision.c.presence == Presence.DOWN.value, device.c.enabled, ~_hub_is_away())
        .order_by(supervision.c.since, device.c.id)
    )
    return [
        Down(row.id, row.label or row.key, row.address or "", row.since) for row in connection.execute(query)
    ]


def tell_of(connection: Connection, ids: Collection[int]) -> set[int]:
    """Mark devices as told of; returns those that nobody else had: whose it is to tell."""
    update = (
        supervision.update()
        .where(
            supervision.c.id.in_(list(ids)),
            supervision.c.presence == Presence.DOWN.value,
            supervision.c.told.is_(False),
        )
        .values(told=True)
    )
    return set(connection.execute(update.returning(supervision.c.id)).scalars())


def announced(connection: Connection, away: Mapping[int, bool], now: datetime) -> None:
    """The network itself says of devices whether they are away. Whose matter that is, the patrol finds."""
    for id, is_away in sorted(away.items()):
        values = {
            "presence": (Presence.DOWN if is_away else Presence.HEARD).value,
            "since": now,
            "awaited_at": now,
            "told": False,
            "look_at": now + LOOK_AGAIN,
        }
        connection.execute(
            upsert(connection, supervision)
            .values(id=id, **values)
            .on_conflict_do_update(index_elements=[supervision.c.id], set_=values)
        )


def counts(connection: Connection) -> tuple[int, int]:
    """How many devices are down, those behind an absent hub aside, of how many that were ever heard."""
    is_down = and_(supervision.c.presence == Presence.DOWN.value, ~_hub_is_away())
    query = select(func.coalesce(func.sum(case((is_down, 1), else_=0)), 0), func.count()).select_from(
        supervision.join(device, device.c.id == supervision.c.id).outerjoin(
            _HUB, _HUB.c.id == supervision.c.hub_id
        )
    )
    heard = query.where(device.c.enabled, device.c.last_seen_at.is_not(None))
    down, supervised = connection.execute(heard).one()
    return down, supervised


def behind(connection: Connection, hub_ids: Iterable[int]) -> Mapping[int, int]:
    """How many devices each of these hubs carries."""
    query = (
        select(supervision.c.hub_id, func.count().label("devices"))
        .where(supervision.c.hub_id.in_(list(hub_ids)))
        .group_by(supervision.c.hub_id)
    )
    return {row.hub_id: row.devices for row in connection.execute(query)}


def at_risk(connection: Connection, household_ids: Collection[int], now: datetime) -> set[int]:
    """Those of the homes in which somebody lives alone, or has called for help within a day."""
    ids = list(household_ids)
    alone = select(resident.c.household_id).where(resident.c.household_id.in_(ids), resident.c.lives_alone)
    subjects = {f"household:{id}": id for id in ids}
    called = select(alarm.c.subject).where(
        alarm.c.subject.in_(list(subjects)), alarm.c.kind.in_(_CALLS), alarm.c.last_at > now - RECENT
    )
    return set(connection.execute(alone).scalars()) | {
        subjects[subject] for subject in connection.execute(called).scalars()
    }


def is_any_down(connection: Connection, of: Supervised | None) -> bool:
    """Whether a device is down and was told of: of the home of this one, or any at all."""
    query = select(supervision.c.id).where(supervision.c.told).limit(1)
    if of is not None:
        where = (
            device.c.household_id == of.household_id if of.household_id is not None else device.c.id == of.id
        )
        query = query.join(device, device.c.id == supervision.c.id).where(where)
    return connection.execute(query).first() is not None


def _is_due(now: datetime) -> Any:
    return or_(supervision.c.look_at <= now, supervision.c.look_at > now + LOOK_AT_LEAST + LOOK_AGAIN)


def _is_in_a_box() -> Any:
    return and_(device.c.last_seen_at.is_(None), device.c.household_id.is_(None))


def _hub_is_away() -> Any:
    return func.coalesce(_HUB.c.presence, Presence.HEARD.value) != Presence.HEARD.value


def _supervised() -> Select[Any]:
    return (
        select(
            supervision,
            device.c.key,
            device.c.role,
            device.c.vendor,
            device.c.model,
            device.c.label,
            device.c.household_id,
            device.c.last_seen_at,
            device.c.enabled,
            _HUB.c.since.label("hub_since"),
            _hub_is_away().label("hub_is_away"),
        )
        .join(device, device.c.id == supervision.c.id)
        .outerjoin(_HUB, _HUB.c.id == supervision.c.hub_id)
    )


def _device(row: Row[Any]) -> Supervised:
    return Supervised(
        id=row.id,
        key=row.key,
        role=Role(row.role),
        label=row.label,
        household_id=row.household_id,
        heard_at=row.last_seen_at,
        every=_every(row),
        presence=Presence(row.presence),
        since=row.since,
        awaited_at=row.awaited_at,
        told=row.told,
        hub_id=row.hub_id,
        hub_is_away=row.hub_is_away,
        hub_back_at=None if row.hub_is_away else row.hub_since,
    )
