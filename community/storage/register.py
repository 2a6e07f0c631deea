"""Read and change the register: areas, homes, people, devices, responders. Rows stay here, values leave.

Every function works in the caller's transaction. Reading functions take many ids and answer with a dict, so
that a batch costs a handful of queries however large it is; an id that does not exist is simply absent.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    String,
    and_,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.exc import IntegrityError

from community import phones
from community.errors import Conflict, Invalid, NotFound
from community.model import (
    Area,
    AreaLevel,
    Contact,
    Device,
    Duty,
    HomeRecord,
    Household,
    Known,
    Match,
    Polygon,
    Position,
    Resident,
    Responder,
    ResponderKind,
    Site,
)
from community.storage import tables as t
from community.storage.prepared import Among, Query
from community.storage.rows import insert_row, readable, update_row, upsert
from devices.signal import INVERTIBLE, Role

# ---- the site and its grid ----


def site(connection: Connection) -> Site:
    """The sub-district this database belongs to. NotFound while it is empty."""
    row = connection.execute(select(t.site).order_by(t.site.c.code)).first()
    if row is None:
        raise NotFound(
            "no_site", "this database has no site yet: run `python3 -m community seed --site kenli`"
        )
    return Site(
        code=row.code,
        name=row.name,
        hotline=row.hotline,
        signature=row.signature,
        timezone=row.timezone,
        secret=row.secret,
    )


def areas(
    connection: Connection, level: AreaLevel | None = None, with_polygons: bool = True
) -> tuple[Area, ...]:
    """All areas (of one level), by code. Without polygons it is cheap."""
    query = select(*_area_columns(with_polygons)).order_by(t.area.c.code)
    if level is not None:
        query = query.where(t.area.c.level == level)
    return tuple(_area(row) for row in connection.execute(query))


def area(connection: Connection, area_id: int) -> Area:
    """One area with its polygon. NotFound when there is none."""
    row = connection.execute(select(t.area).where(t.area.c.id == area_id)).first()
    if row is None:
        raise NotFound("no_such_area", f"there is no area {area_id}: choose one from the list of areas")
    return _area(row)


def set_site(connection: Connection, site: Site) -> None:
    """Say which sub-district this database belongs to; it has exactly one."""
    connection.execute(delete(t.site))
    connection.execute(
        insert(t.site).values(
            code=site.code,
            name=site.name,
            hotline=site.hotline,
            signature=site.signature,
            timezone=site.timezone,
            secret=site.secret,
        )
    )


def add_area(connection: Connection, area: Area) -> Area:
    """Keep a new area (`id` is ignored). Conflict when its code exists already in its scheme."""
    if area.parent_id is not None:
        _require(connection, t.area, area.parent_id)
    row = {
        "level": area.level,
        "code": area.code,
        "code_scheme": area.code_scheme,
        "name": _named(area.name),
        "parent_id": area.parent_id,
        "polygon": area.polygon,
        "synthetic": area.synthetic,
    }
    try:
        added = replace(area, id=insert_row(connection, t.area, row))
    except IntegrityError as error:
        raise Conflict(
            "area_code_taken",
            f"code {area.code} ({area.code_scheme}) is taken: codes are given once and never reused",
        ) from error
    map_changed(connection)
    return added


Chains = dict[int, tuple[Area, ...]]  # by the id of the first: an area, its parent, and so on up to the root


def area_chains(connection: Connection, area_ids: Collection[int]) -> dict[int, tuple[Area, ...]]:
    """For each area itself, its parent, and so on up to the root; without polygons."""
    if not area_ids:
        return {}
    found: dict[int, list[Area]] = defaultdict(list)
    for row in _AREA_CHAINS.rows(connection, ids=list(area_ids)):
        found[row.start].append(_area(row))
    return {start: tuple(steps) for start, steps in found.items()}


# Statements of the hot path are built once: building one costs more than running it.


def _area_chains(among: Among) -> Select[Any]:
    chain = (
        select(t.area.c.id.label("start"), t.area.c.id, t.area.c.parent_id, literal(0).label("depth"))
        .where(among(t.area.c.id, "ids"))
        .cte("chain", recursive=True)
    )
    parent = t.area.alias("parent")
    chain = chain.union_all(
        select(chain.c.start, parent.c.id, parent.c.parent_id, chain.c.depth + 1).where(
            parent.c.id == chain.c.parent_id
        )
    )
    return (
        select(chain.c.start, *_area_columns(False))
        .join_from(chain, t.area, t.area.c.id == chain.c.id)
        .order_by(chain.c.start, chain.c.depth)
    )


_AREA_CHAINS = Query(_area_chains)
_HOUSEHOLDS = Query(lambda among: select(t.household).where(among(t.household.c.id, "ids")))
_RESIDENTS_OF = Query(
    lambda among: select(t.resident).where(among(t.resident.c.household_id, "ids")).order_by(t.resident.c.id)
)
_CONTACTS_OF = Query(
    lambda among: (
        select(t.contact, t.withdrawal.c.withdrawn_at)
        .outerjoin(
            t.withdrawal,
            and_(t.withdrawal.c.phone == t.contact.c.phone, t.withdrawal.c.restored_at.is_(None)),
        )
        .where(among(t.contact.c.household_id, "ids"))
        .order_by(t.contact.c.rank)
    )
)
_DEVICES_BY_KEY = Query(lambda among: select(t.device).where(among(t.device.c.key, "keys")))
_REVISIONS = Query(lambda _: select(t.revision.c.of, t.revision.c.number))


# ---- homes ----


def homes(
    connection: Connection, household_ids: Collection[int], chains: Chains | None = None
) -> dict[int, HomeRecord]:
    """Everything known of these homes, in four queries.

    `chains` are areas that are known already, which are not asked for again, and get those that are new.
    """
    ids = list(set(household_ids))
    if not ids:
        return {}
    households = [_household(row) for row in _HOUSEHOLDS.rows(connection, ids=ids)]
    residents: dict[int, list[Resident]] = defaultdict(list)
    for row in _RESIDENTS_OF.rows(connection, ids=ids):
        residents[row.household_id].append(_resident(row))
    contacts: dict[int, list[Contact]] = defaultdict(list)
    for row in _CONTACTS_OF.rows(connection, ids=ids):
        contacts[row.household_id].append(_contact(row))
    chains = {} if chains is None else chains
    chains.update(area_chains(connection, {household.area_id for household in households} - chains.keys()))
    return {
        household.id: HomeRecord(
            household=household,
            residents=tuple(residents[household.id]),
            contacts=tuple(contacts[household.id]),
            cell=chains[household.area_id][0],
            community=next(
                (step for step in chains[household.area_id] if step.level is AreaLevel.COMMUNITY), None
            ),
        )
        for household in households
    }


def household_by_id(connection: Connection, household_id: int) -> HomeRecord:
    """One home. NotFound when there is none."""
    found = homes(connection, (household_id,)).get(household_id)
    if found is None:
        raise NotFound(
            "no_such_household", f"there is no household {household_id}: search by name, telephone or address"
        )
    return found


def list_households(
    connection: Connection, after_id: int = 0, limit: int = 50, search: str | None = None
) -> tuple[HomeRecord, ...]:
    """At most `limit` homes with an id above `after_id`, in the order of ids.

    `search` is one or more words, or a part of a telephone number. Each word must be found in the address or
    building, in a resident's name, or in a telephone number of the home, a resident or a contact.
    """
    query = (
        select(t.household.c.id).where(t.household.c.id > after_id).order_by(t.household.c.id).limit(limit)
    )
    said = unicodedata.normalize("NFKC", search or "")
    is_number = phones.digits(said) and not re.search(r"[^\d\s()+-]", said)
    words = [phones.digits(said)] if is_number else said.split()
    for word in words:
        query = query.where(_home_mentions(word))
    ids = connection.execute(query).scalars().all()
    found = homes(connection, ids)
    return tuple(found[household_id] for household_id in ids)


def add_household(connection: Connection, household: Household) -> Household:
    """Keep a new household (its `id` is ignored) and return it with the id it got."""
    row = _household_row(connection, household)
    map_changed(connection)
    return replace(household, id=insert_row(connection, t.household, row), **_numbers(row))


def update_household(connection: Connection, household: Household) -> Household:
    """Replace a household as a whole. NotFound when there is none."""
    row = _household_row(connection, household)
    update_row(connection, t.household, household.id, row)
    map_changed(connection)
    return replace(household, **_numbers(row))


def add_resident(connection: Connection, resident: Resident) -> Resident:
    """Keep a new resident of an existing household (`id` is ignored)."""
    _require(connection, t.household, resident.household_id)
    row = _resident_row(resident)
    return replace(resident, id=insert_row(connection, t.resident, row), phone=row["phone"])


def update_resident(connection: Connection, resident: Resident) -> Resident:
    """Replace a resident as a whole. NotFound when there is none."""
    _require(connection, t.household, resident.household_id)
    row = _resident_row(resident)
    update_row(connection, t.resident, resident.id, row)
    return replace(resident, phone=row["phone"])


def set_contacts(
    connection: Connection, household_id: int, contacts: Sequence[Contact]
) -> tuple[Contact, ...]:
    """Make these the contacts of a household; their order is the order in which they are told.

    A contact with the id of a present one changes it, one with another id (0) is new, those left out are
    forgotten. `rank` and `household_id` of the given values are ignored.
    """
    _require(connection, t.household, household_id)
    rows = [
        {"name": _named(contact.name), "relation": contact.relation, "phone": _phone(contact.phone, True)}
        for contact in contacts
    ]
    mine = t.contact.c.household_id == household_id
    present = set(connection.execute(select(t.contact.c.id).where(mine)).scalars())
    kept = present & {contact.id for contact in contacts}
    connection.execute(delete(t.contact).where(mine, t.contact.c.id.not_in(kept)))
    highest = connection.execute(
        select(func.coalesce(func.max(t.contact.c.rank), 0)).where(mine)
    ).scalar_one()
    out_of_the_way = highest + len(contacts)
    connection.execute(update(t.contact).where(mine).values(rank=t.contact.c.rank + out_of_the_way))
    settled = []
    for rank, (contact, row) in enumerate(zip(contacts, rows, strict=True), start=1):
        full: dict[str, Any] = {**row, "rank": rank, "household_id": household_id}
        if contact.id in kept:
            update_row(connection, t.contact, contact.id, full)
            settled.append(Contact(id=contact.id, **full))
        else:
            settled.append(Contact(id=insert_row(connection, t.contact, full), **full))
    return tuple(settled)


def contact_phone(connection: Connection, household_id: int, contact_id: int) -> str:
    """The number of one contact of a home. NotFound."""
    mine = t.contact.c.household_id == household_id, t.contact.c.id == contact_id
    phone = connection.execute(select(t.contact.c.phone).where(*mine)).scalar()
    if phone is None:
        raise NotFound("no_such_contact", f"household {household_id} has no contact {contact_id}")
    return str(phone)


# ---- devices ----


def devices(connection: Connection) -> tuple[Device, ...]:
    """Every device, by id. Who keeps them in memory reads `device_revision` first, in one transaction."""
    rows = connection.execute(select(t.device).order_by(t.device.c.id))
    return tuple(readable("device", rows, _device))


def enabled_keys(connection: Connection) -> tuple[str, ...]:
    """The keys of all devices that somebody waits for."""
    query = select(t.device.c.key).where(t.device.c.enabled).order_by(t.device.c.key)
    return tuple(connection.execute(query).scalars())


def devices_by_key(connection: Connection, keys: Collection[str]) -> dict[str, Device]:
    """The enrolled devices among `keys`."""
    if not keys:
        return {}
    rows = _DEVICES_BY_KEY.rows(connection, keys=list(set(keys)))
    return {device.key: device for device in readable("device", rows, _device)}


def device_by_id(connection: Connection, device_id: int) -> Device:
    """One device. NotFound when there is none."""
    row = connection.execute(select(t.device).where(t.device.c.id == device_id)).first()
    if row is None:
        raise NotFound(
            "no_such_device", f"there is no device {device_id}: search by its key or its household"
        )
    return _device(row)


def list_devices(
    connection: Connection,
    after_id: int = 0,
    limit: int = 50,
    household_id: int | None = None,
    search: str | None = None,
) -> tuple[Device, ...]:
    """At most `limit` devices with an id above `after_id`; `search` looks at key, label, vendor and model."""
    query = select(t.device).where(t.device.c.id > after_id).order_by(t.device.c.id).limit(limit)
    if household_id is not None:
        query = query.where(t.device.c.household_id == household_id)
    for word in (search or "").split():
        query = query.where(
            _mentions((t.device.c.key, t.device.c.label, t.device.c.vendor, t.device.c.model), word)
        )
    return tuple(_device(row) for row in connection.execute(query))


@dataclass(frozen=True, slots=True)
class Revisions:
    """How often each part of what is kept in memory has changed."""

    device: int = 0
    responder: int = 0
    plan: int = 0
    level: int = 0
    map: int = 0
    road: int = 0
    place: int = 0


def revisions(connection: Connection) -> Revisions:
    """All of them in one look, for whoever keeps several parts in memory."""
    found = {row.of: row.number for row in _REVISIONS.rows(connection)}
    return Revisions(**{of: found.get(of, 0) for of in Revisions.__slots__})


def plans_changed(connection: Connection) -> None:
    """Tell whoever keeps response plans in memory; others who want to wait until this transaction ends."""
    bump(connection, "plan")


def scripts_changed(connection: Connection) -> None:
    """Others who want to change an operator's script wait until this transaction ends."""
    bump(connection, "script")


def levels_changed(connection: Connection) -> int:
    """Tell other gateways, which keep levels in memory; returns their new revision."""
    return bump(connection, "level")


def map_changed(connection: Connection) -> None:
    """Tell whoever has drawn areas, buildings and homes; the functions of this module do it by themselves."""
    bump(connection, "map")


def devices_of_homes(connection: Connection, household_ids: Collection[int]) -> tuple[Device, ...]:
    """The devices of these homes, by id."""
    query = select(t.device).where(t.device.c.household_id.in_(list(household_ids))).order_by(t.device.c.id)
    return tuple(_device(row) for row in connection.execute(query))


def device_revision(connection: Connection) -> int:
    """Grows with every enrolment or change of a device, not with signs of life."""
    return revision(connection, "device")


def devices_changed(connection: Connection) -> None:
    """Tell whoever keeps devices in memory; the functions of this module do it by themselves."""
    bump(connection, "device")


def enrol_device(connection: Connection, device: Device, secret_hash: str = "") -> Device:
    """Keep a new device (`id` is ignored). Conflict when its key is enrolled already."""
    if device.household_id is not None:
        _require(connection, t.household, device.household_id)
    try:
        device_id = insert_row(connection, t.device, {**_device_row(device), "secret_hash": secret_hash})
    except IntegrityError as error:
        raise Conflict(
            "device_enrolled",
            f"{device.key} is enrolled already: open that device and move it to this household instead",
        ) from error
    devices_changed(connection)
    return replace(device, id=device_id)


def update_device(connection: Connection, device: Device) -> Device:
    """Replace what people decide of a device; last-seen and battery are what it said itself and stay."""
    if device.household_id is not None:
        _require(connection, t.household, device.household_id)
    try:
        update_row(connection, t.device, device.id, _device_row(device))
    except IntegrityError as error:
        raise Conflict(
            "device_enrolled", f"{device.key} is enrolled already as another device: disable that one first"
        ) from error
    devices_changed(connection)
    return device


def device_secret_hash(connection: Connection, username: str) -> str | None:
    """The hash of the password a device logs in with at the broker; None for nobody we know, or disabled."""
    return connection.execute(
        select(t.device.c.secret_hash).where(
            t.device.c.username == username, t.device.c.username != "", t.device.c.enabled
        )
    ).scalar()


# Thousands of devices a second are heard: the driver's own bulk forms, past SQLAlchemy's compiler.
_TOUCH_SQLITE = (
    "UPDATE device SET last_seen_at = ?2, battery = coalesce(?3, battery) "
    "WHERE key = ?1 AND (last_seen_at IS NULL OR last_seen_at < ?2)"
)
_TOUCH_POSTGRES = (
    "UPDATE device SET last_seen_at = heard.at, battery = coalesce(heard.battery, device.battery) "
    "FROM unnest(%s::text[], %s::timestamptz[], %s::int[]) AS heard (key, at, battery) "
    "WHERE device.key = heard.key AND (device.last_seen_at IS NULL OR device.last_seen_at < heard.at)"
)


def touch_devices(connection: Connection, seen: Mapping[str, tuple[datetime, int | None]]) -> None:
    """Write when devices were last heard and their battery (percent; None keeps the old), all at once.

    Unknown keys are ignored, and last-seen never goes back. Does not count as a change of the register.
    """
    rows = sorted((key, at, battery) for key, (at, battery) in seen.items())
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_TOUCH_SQLITE, [(key, t.as_sqlite(at), left) for key, at, left in rows])
    else:
        columns = tuple(list(column) for column in zip(*rows, strict=True))
        connection.exec_driver_sql(_TOUCH_POSTGRES, columns)


# ---- responders ----


def responders(connection: Connection) -> tuple[Responder, ...]:
    """Every responder with the areas it is staff of, by id; also those who are not active."""
    return _responders(connection, select(t.responder).order_by(t.responder.c.id))


def responder_by_id(connection: Connection, responder_id: int) -> Responder:
    """One responder. NotFound when there is none."""
    found = _responders(connection, select(t.responder).where(t.responder.c.id == responder_id))
    if not found:
        raise NotFound("no_such_responder", f"there is no responder {responder_id}: choose one from the list")
    return found[0]


def responders_by_id(connection: Connection, ids: Collection[int]) -> dict[int, Responder]:
    """Those of `ids` who are in the register, active or not, by id."""
    query = select(t.responder).where(t.responder.c.id.in_(list(ids))).order_by(t.responder.c.id)
    return {found.id: found for found in (_responders(connection, query) if ids else ())}


def list_responders(
    connection: Connection,
    after_id: int = 0,
    limit: int = 50,
    kind: ResponderKind | None = None,
    search: str | None = None,
) -> tuple[Responder, ...]:
    """At most `limit` responders with an id above `after_id`; `search` looks at name and telephone."""
    query = select(t.responder).where(t.responder.c.id > after_id).order_by(t.responder.c.id).limit(limit)
    if kind is not None:
        query = query.where(t.responder.c.kind == kind)
    for word in (search or "").split():
        query = query.where(_mentions((t.responder.c.name, t.responder.c.phone), word))
    return _responders(connection, query)


def duties(connection: Connection, of: Collection[int] | None = None) -> dict[int, tuple[Duty, ...]]:
    """The weekly duty times of each responder (`of` these) who has any."""
    found: dict[int, list[Duty]] = defaultdict(list)
    query = select(t.duty).order_by(t.duty.c.id)
    if of is not None:
        query = query.where(t.duty.c.responder_id.in_(list(of)))

    def made(row: Any) -> Duty:
        days = frozenset(int(day) for day in row.days)
        return Duty(responder_id=row.responder_id, days=days, starts=row.starts, ends=row.ends)

    for duty in readable("duty", connection.execute(query), made):
        found[duty.responder_id].append(duty)
    return {responder_id: tuple(times) for responder_id, times in found.items()}


def responders_changed(connection: Connection) -> None:
    """Tell whoever keeps responders in memory; the functions of this module do it by themselves."""
    bump(connection, "responder")


def add_responder(connection: Connection, responder: Responder, duty_times: Iterable[Duty] = ()) -> Responder:
    """Keep a new responder (`id` is ignored, also in its duty times)."""
    row = _responder_row(responder)
    responder_id = insert_row(connection, t.responder, row)
    added = replace(responder, id=responder_id, phone=row["phone"])
    _staff(connection, added)
    _set_duties(connection, responder_id, duty_times)
    responders_changed(connection)
    return added


def update_responder(
    connection: Connection, responder: Responder, duty_times: Iterable[Duty] | None = None
) -> Responder:
    """Replace a responder as a whole; `duty_times` of None keeps the present ones."""
    row = _responder_row(responder)
    update_row(connection, t.responder, responder.id, row)
    connection.execute(delete(t.staffing).where(t.staffing.c.responder_id == responder.id))
    _staff(connection, responder)
    if duty_times is not None:
        connection.execute(delete(t.duty).where(t.duty.c.responder_id == responder.id))
        _set_duties(connection, responder.id, duty_times)
    responders_changed(connection)
    return replace(responder, phone=row["phone"])


# ---- who has this number ----


def by_phone(connection: Connection, number: str) -> tuple[Match, ...]:
    """Everybody the register knows under this number, however it was written; empty for a withheld one.

    Residents come first, then the home's own line, contacts, responders and providers.
    """
    wanted = phones.normalise(number)
    if not wanted:
        return ()

    def known(order: int, known_as: Known, table: Any, name: Any, detail: Any, household_id: Any) -> Any:
        return select(
            literal(order).label("order"),
            literal(known_as.value, String).label("known_as"),
            table.c.id.label("id"),
            name.label("name"),
            detail.label("detail"),
            household_id.label("household_id"),
        ).where(_has_number(table.c.phone, wanted))

    nothing, no_home = literal("", String), literal(None, t.Id)
    matches = union_all(
        known(1, Known.RESIDENT, t.resident, t.resident.c.name, nothing, t.resident.c.household_id),
        known(2, Known.HOUSEHOLD, t.household, t.household.c.address, nothing, t.household.c.id),
        known(3, Known.CONTACT, t.contact, t.contact.c.name, t.contact.c.relation, t.contact.c.household_id),
        known(4, Known.RESPONDER, t.responder, t.responder.c.name, t.responder.c.kind, no_home),
        known(5, Known.PROVIDER, t.provider, t.provider.c.name, t.provider.c.category, no_home),
    )
    return tuple(
        Match(
            known_as=Known(row.known_as),
            id=row.id,
            name=row.name,
            detail=row.detail,
            household_id=row.household_id,
        )
        for row in connection.execute(matches.order_by("order", "id"))
    )


# ---- rows to values ----


def _area_columns(with_polygons: bool) -> list[Column[Any]]:
    return [column for column in t.area.c if with_polygons or column is not t.area.c.polygon]


def _area(row: Any) -> Area:
    return Area(
        id=row.id,
        level=AreaLevel(row.level),
        code=row.code,
        code_scheme=row.code_scheme,
        name=row.name,
        parent_id=row.parent_id,
        polygon=_polygon(row.polygon) if "polygon" in row._fields else None,
        synthetic=row.synthetic,
    )


def _polygon(rings: list[list[list[float]]] | None) -> Polygon | None:
    if rings is None:
        return None
    return tuple(tuple((lon, lat) for lon, lat in ring) for ring in rings)


def _position(row: Any, accuracy_m: float | None = None) -> Position | None:
    if row.lon is None:
        return None
    return Position(lon=row.lon, lat=row.lat, source=row.position_source, accuracy_m=accuracy_m)


def _household(row: Any) -> Household:
    return Household(
        id=row.id,
        area_id=row.area_id,
        address=row.address,
        building=row.building,
        unit=row.unit,
        floor=row.floor,
        room=row.room,
        position=_position(row, row.accuracy_m),
        access_notes=row.access_notes,
        phone=row.phone,
        gate=row.gate,
        door_notes=row.door_notes,
        key_holder=row.key_holder,
        key_holder_phone=row.key_holder_phone,
    )


def _resident(row: Any) -> Resident:
    return Resident(
        id=row.id,
        household_id=row.household_id,
        name=row.name,
        sex=row.sex,
        birth_date=row.birth_date,
        phone=row.phone,
        lives_alone=row.lives_alone,
        health_notes=row.health_notes,
        conditions=row.conditions,
        medicines=row.medicines,
        allergies=row.allergies,
    )


def _contact(row: Any) -> Contact:
    return Contact(
        id=row.id,
        household_id=row.household_id,
        rank=row.rank,
        name=row.name,
        relation=row.relation,
        phone=row.phone,
        no_texts_since=row.withdrawn_at,
    )


def _device(row: Any) -> Device:
    return Device(
        id=row.id,
        key=row.key,
        role=Role(row.role),
        household_id=row.household_id,
        vendor=row.vendor,
        model=row.model,
        label=row.label,
        username=row.username,
        inverted=row.inverted,
        enabled=row.enabled,
        last_seen_at=row.last_seen_at,
        battery=row.battery,
    )


def _responders(connection: Connection, query: Any) -> tuple[Responder, ...]:
    rows = connection.execute(query).all()
    cells: dict[int, set[int]] = defaultdict(set)
    if rows:
        low, high = min(row.id for row in rows), max(row.id for row in rows)
        for staffed in connection.execute(
            select(t.staffing).where(t.staffing.c.responder_id.between(low, high))
        ):
            cells[staffed.responder_id].add(staffed.area_id)

    def made(row: Any) -> Responder:
        return Responder(
            id=row.id,
            kind=ResponderKind(row.kind),
            name=row.name,
            phone=row.phone,
            position=_position(row),
            cells=frozenset(cells[row.id]),
            skills=frozenset(row.skills),
            active=row.active,
        )

    return tuple(readable("responder", rows, made))


# ---- values to rows ----


def _household_row(connection: Connection, household: Household) -> dict[str, Any]:
    _require(connection, t.area, household.area_id)
    if not household.address.strip():
        raise Invalid(
            "no_address", "a household needs an address in words: help must find the door without a map"
        )
    position = household.position
    return {
        "area_id": household.area_id,
        "address": household.address.strip(),
        "building": household.building,
        "unit": household.unit,
        "floor": household.floor,
        "room": household.room,
        "lon": position.lon if position else None,
        "lat": position.lat if position else None,
        "position_source": position.source if position else "",
        "accuracy_m": position.accuracy_m if position else None,
        "access_notes": household.access_notes,
        "phone": _phone(household.phone),
        "gate": household.gate,
        "door_notes": household.door_notes,
        "key_holder": household.key_holder,
        "key_holder_phone": _phone(household.key_holder_phone),
    }


def _numbers(row: dict[str, Any]) -> dict[str, Any]:
    """The telephone numbers of a household as they were kept."""
    return {name: row[name] for name in ("phone", "key_holder_phone")}


def _resident_row(resident: Resident) -> dict[str, Any]:
    return {
        "household_id": resident.household_id,
        "name": _named(resident.name),
        "sex": resident.sex,
        "birth_date": resident.birth_date,
        "phone": _phone(resident.phone),
        "lives_alone": resident.lives_alone,
        "health_notes": resident.health_notes,
        "conditions": resident.conditions,
        "medicines": resident.medicines,
        "allergies": resident.allergies,
    }


def _device_row(device: Device) -> dict[str, Any]:
    if ":" not in device.key:
        raise Invalid(
            "bad_device_key",
            f"{device.key!r} is not a device key: write family:identity, such as care:kenli/KL-0001",
        )
    if device.inverted and device.role not in INVERTIBLE:
        raise Invalid(
            "no_contact",
            f"触点可以反接的只有门磁和床垫 only door and bed sensors have a contact that may be inverted, "
            f"and {device.key} is a {device.role}: take inverted back",
        )
    return {
        "key": device.key,
        "role": device.role,
        "household_id": device.household_id,
        "vendor": device.vendor,
        "model": device.model,
        "label": device.label,
        "username": device.username,
        "inverted": device.inverted,
        "enabled": device.enabled,
    }


def _responder_row(responder: Responder) -> dict[str, Any]:
    position = responder.position
    return {
        "kind": responder.kind,
        "name": _named(responder.name),
        "phone": _phone(responder.phone, True),
        "lon": position.lon if position else None,
        "lat": position.lat if position else None,
        "position_source": position.source if position else "",
        "skills": sorted(responder.skills),
        "active": responder.active,
    }


def days_as_text(days: Iterable[int]) -> str:
    """ISO weekdays as they are stored: 12345."""
    return "".join(str(day) for day in sorted(days))


def _staff(connection: Connection, responder: Responder) -> None:
    if not responder.cells:
        return
    known = set(connection.execute(select(t.area.c.id).where(t.area.c.id.in_(responder.cells))).scalars())
    if unknown := sorted(responder.cells - known):
        raise NotFound("no_such_area", f"there is no area {unknown[0]}: choose from the list of areas")
    connection.execute(
        insert(t.staffing),
        [{"responder_id": responder.id, "area_id": area_id} for area_id in sorted(responder.cells)],
    )


def _set_duties(connection: Connection, responder_id: int, duty_times: Iterable[Duty]) -> None:
    rows = [
        {
            "responder_id": responder_id,
            "days": days_as_text(duty.days),
            "starts": duty.starts,
            "ends": duty.ends,
        }
        for duty in duty_times
    ]
    if rows:
        connection.execute(insert(t.duty), rows)


def _named(name: str) -> str:
    if not name.strip():
        raise Invalid("no_name", "a name is missing: write the person's name")
    return name.strip()


def _phone(text: str, required: bool = False) -> str:
    if not text.strip():
        if required:
            raise Invalid("no_phone", "a telephone number is missing: a person who is to be told needs one")
        return ""
    try:
        return phones.checked(text)
    except ValueError as error:
        raise Invalid("bad_phone", str(error)) from error


# ---- small parts ----


def _require(connection: Connection, table: Any, row_id: int) -> None:
    if connection.execute(select(table.c.id).where(table.c.id == row_id)).first() is None:
        raise NotFound(f"no_such_{table.name}", f"there is no {table.name} {row_id}: choose one that exists")


def revision(connection: Connection, of: str) -> int:
    return next((row.number for row in _REVISIONS.rows(connection) if row.of == of), 0)


def bump(connection: Connection, of: str) -> int:
    number: int = connection.execute(
        upsert(connection, t.revision)
        .values(of=of, number=1)
        .on_conflict_do_update(index_elements=["of"], set_={"number": t.revision.c.number + 1})
        .returning(t.revision.c.number)
    ).scalar_one()
    return number


def _mentions(columns: Iterable[Column[Any]], word: str) -> ColumnElement[bool]:
    return or_(*(column.icontains(word, autoescape=True) for column in columns))


def _home_mentions(word: str) -> ColumnElement[bool]:
    home = t.household.c.id
    mine, theirs = t.resident.c, t.contact.c
    conditions = [
        _mentions((t.household.c.address, t.household.c.building), word),
        home.in_(select(mine.household_id).where(_mentions((mine.name,), word))),
    ]
    if len(numerals := phones.digits(word).removeprefix("0")) >= 4:  # stored without the trunk 0
        conditions += [
            t.household.c.phone.contains(numerals),
            t.household.c.key_holder_phone.contains(numerals),
            home.in_(select(mine.household_id).where(mine.phone.contains(numerals))),
            home.in_(select(theirs.household_id).where(theirs.phone.contains(numerals))),
        ]
    return or_(*conditions)


def _has_number(phone: Column[Any], wanted: str) -> ColumnElement[bool]:
    """The same number, also where one side has it with the area code and the other without."""
    local = phones.local_part(wanted)
    if wanted.startswith("+"):
        return phone.in_({wanted, local} - {""})
    if local:
        return or_(
            phone == wanted, and_(phone.startswith("+86"), phone.endswith(wanted), func.length(phone) < 14)
        )
    return phone == wanted
