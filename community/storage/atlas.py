"""What stands still on the map: buildings, and where in them the homes are. Areas are in the register."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, and_, insert, select

from community.model import Building, Position
from community.storage import register
from community.storage import tables as t


@dataclass(frozen=True, slots=True)
class PlacedHome:
    """A home with a position. `building_id` is None where no building of its cell has its building's name."""

    household_id: int
    address: str
    floor: int | None
    position: Position
    building_id: int | None


def revision(connection: Connection) -> int:
    """Grows when an area, a building or a home has changed."""
    return register.revision(connection, "map")


def buildings(connection: Connection) -> tuple[Building, ...]:
    """All buildings, by id."""
    return tuple(
        Building(
            id=row.id,
            area_id=row.area_id,
            name=row.name,
            storeys=row.storeys,
            polygon=tuple(tuple((lon, lat) for lon, lat in ring) for ring in row.polygon),
            synthetic=row.synthetic,
        )
        for row in connection.execute(select(t.building).order_by(t.building.c.id))
    )


def homes(connection: Connection) -> tuple[PlacedHome, ...]:
    """All homes that have a position, by id."""
    home, house = t.household.c, t.building.c
    query = (
        select(home.id, home.address, home.floor, home.lon, home.lat, house.id.label("building_id"))
        .outerjoin_from(
            t.household, t.building, and_(house.area_id == home.area_id, house.name == home.building)
        )
        .where(home.lon.is_not(None))
        .order_by(home.id)
    )
    return tuple(
        PlacedHome(row.id, row.address, row.floor, Position(row.lon, row.lat), row.building_id)
        for row in connection.execute(query)
    )


def add_buildings(connection: Connection, new: Iterable[Building]) -> None:
    """Keep new buildings (their ids are ignored)."""
    rows = [
        {
            "area_id": each.area_id,
            "name": each.name,
            "storeys": each.storeys,
            "polygon": each.polygon,
            "synthetic": each.synthetic,
        }
        for each in new
    ]
    if rows:
        connection.execute(insert(t.building), rows)
        register.map_changed(connection)
