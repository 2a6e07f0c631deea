"""Put a generated street into an empty database, in bulk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, Table, insert, select

from community.model import Contact, Household, Position, Responder
from community.sites.generate import SiteData
from community.storage import register
from community.storage import tables as t
from community.storage.rows import number_on


def is_seeded(connection: Connection) -> bool:
    """Whether the database belongs to a site already."""
    return connection.execute(select(t.site.c.code)).first() is not None


def load(connection: Connection, data: SiteData) -> None:
    """Write every value with the id it has. The register must be empty."""
    register.set_site(connection, data.site)
    _fill(connection, t.area, ({**_plain(each), "polygon": each.polygon} for each in data.areas))
    _fill(connection, t.building, (_plain(each) for each in data.buildings))
    _fill(connection, t.household, (_household(each) for each in data.households))
    _fill(connection, t.contact, (_contact(each) for each in data.contacts))
    for table, values in (
        (t.resident, data.residents),
        (t.device, data.devices),
        (t.provider, data.providers),
        (t.catalogue_item, data.items),
    ):
        _fill(connection, table, (_plain(each) for each in values))
    _fill(connection, t.responder, (_responder(each) for each in data.responders))
    for table, rows in (
        (t.staffing, list(_staffing(data.responders))),
        (t.duty, [{**_plain(each), "days": register.days_as_text(each.days)} for each in data.duties]),
    ):
        if rows:
            connection.execute(insert(table), rows)
    register.devices_changed(connection)
    register.responders_changed(connection)
    register.map_changed(connection)


def _fill(connection: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    if not (written := list(rows)):
        return
    connection.execute(insert(table), written)
    number_on(connection, table)


def _plain(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__}


def _household(household: Household) -> dict[str, Any]:
    row = {**_plain(household), **_place(household.position)}
    row["accuracy_m"] = household.position.accuracy_m if household.position else None
    del row["position"]
    return row


def _contact(contact: Contact) -> dict[str, Any]:
    row = _plain(contact)
    del row["no_texts_since"]
    return row


def _responder(responder: Responder) -> dict[str, Any]:
    row = {**_plain(responder), **_place(responder.position), "skills": sorted(responder.skills)}
    del row["position"], row["cells"]
    return row


def _place(position: Position | None) -> dict[str, Any]:
    if position is None:
        return {"lon": None, "lat": None, "position_source": ""}
    return {"lon": position.lon, "lat": position.lat, "position_source": position.source}


def _staffing(responders: Iterable[Responder]) -> Iterator[dict[str, int]]:
    for responder in responders:
        for area_id in sorted(responder.cells):
            yield {"responder_id": responder.id, "area_id": area_id}
