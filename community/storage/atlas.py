"""What stands still on the map: buildings, and where in them the homes are. Areas are in the register."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, Text, and_, cast, delete, func, insert, select, update

from community.geometry import Looked, Placed, Register
from community.model import AreaLevel, Building, Position
from community.storage import register
from community.storage import tables as t
from maps.coords import Point
from maps.grid import label_point


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


def buildings(connection: Connection, cells: Collection[int] | None = None) -> tuple[Building, ...]:
    """All buildings (of these cells), by id."""
    query = select(t.building).order_by(t.building.c.id)
    if cells is not None:
        query = query.where(t.building.c.area_id.in_(cells))
    return tuple(
        Building(
            id=row.id,
            area_id=row.area_id,
            name=row.name,
            storeys=row.storeys,
            polygon=tuple(tuple((lon, lat) for lon, lat in ring) for ring in row.polygon),
            synthetic=row.synthetic,
        )
        for row in connection.execute(query)
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


def homes_of_cells(connection: Connection) -> dict[int, tuple[int, int]]:
    """For each cell with homes: how many, and how many of them have no position."""
    home = t.household.c
    query = select(home.area_id, func.count(home.id), func.count(home.lon)).group_by(home.area_id)
    return {area_id: (every, every - placed) for area_id, every, placed in connection.execute(query)}


def middles(connection: Connection) -> dict[int, Point]:
    """A point inside of each cell, by its id: of its own outline, or else of its community's."""
    areas = register.areas(connection)
    drawn = {area.id: label_point(area.polygon) for area in areas if area.polygon is not None}
    found = {}
    for area in areas:
        if area.level is AreaLevel.CELL and (area.id in drawn or area.parent_id in drawn):
            found[area.id] = drawn[area.id] if area.id in drawn else drawn[area.parent_id or 0]
    return found


def drawn_cells(connection: Connection) -> frozenset[int]:
    """The cells of which `middles` knows one: without looking at a single corner."""
    area = t.area.c
    is_drawn = func.coalesce(cast(area.polygon, Text), "null") != "null"
    rows = connection.execute(select(area.id, area.parent_id, area.level, is_drawn.label("is_drawn"))).all()
    drawn = {row.id for row in rows if row.is_drawn}
    return frozenset(
        row.id
        for row in rows
        if row.level == AreaLevel.CELL and not drawn.isdisjoint((row.id, row.parent_id))
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


def known(connection: Connection) -> Register:
    """What a survey is compared with."""
    home = t.household.c
    query = select(
        home.id, home.area_id, home.address, home.building, home.lon, home.lat, home.position_source
    ).order_by(home.id)
    return Register(
        register.areas(connection),
        tuple(
            Placed(
                row.id,
                row.area_id,
                row.address,
                row.building,
                Position(row.lon, row.lat, row.position_source) if row.lon is not None else None,
            )
            for row in connection.execute(query)
        ),
        buildings(connection),
    )


def survey(connection: Connection, looked: Looked) -> None:
    """Write what was surveyed over what was there: outlines by area, houses by cell and name, positions by
    household. Made-up houses of a cell that has got real ones go.
    """
    for area in looked.new:
        register.add_area(connection, area)
    for area_id, polygon in looked.outlines.items():
        connection.execute(
            update(t.area).where(t.area.c.id == area_id).values(polygon=polygon, synthetic=False)
        )
    real = looked.buildings
    house = t.building.c
    for each in real:
        same = (house.area_id == each.area_id) & (house.name == each.name)
        connection.execute(delete(t.building).where(same))
    for cell in {each.area_id for each in real}:
        connection.execute(delete(t.building).where(house.area_id == cell, house.synthetic))
    add_buildings(connection, real)
    for household_id, where in looked.positions.items():
        place = {"lon": where.lon, "lat": where.lat, "position_source": where.source}
        connection.execute(
            update(t.household)
            .where(t.household.c.id == household_id)
            .values(**place, accuracy_m=where.accuracy_m)
        )
    register.map_changed(connection)
