"""The grid atlas: what stands on each of its printed sheets. It reads; `maps.sheets` draws."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from community.errors import NotFound
from community.model import Area, AreaLevel, Responder, ResponderKind
from community.storage import atlas, register
from maps.coords import Point, geodesic_m
from maps.grid import label_point
from maps.sheets import Around, Drawing, House, Named, cell_sheet, hectares, key_sheet

STAFF, OF_COMMUNITY, CLINICS = 8, 4, 2  # as many as a sheet has room for; how many more there are is said
KEY_MM, SHELF_MM = 105.0, 150.0  # how high the key to a book is on paper, and that to all books
_FIRST = {kind: rank for rank, kind in enumerate(ResponderKind)}


@dataclass(frozen=True, slots=True)
class Helpers:
    """People of a list, the first there in front, and how many more there are."""

    shown: Sequence[Responder]
    more: int


@dataclass(frozen=True, slots=True)
class Leaf:
    """One sheet: a cell with all that is to be said of it. `drawing` is None where it has no outline."""

    number: int
    cell: Area
    name: str  # without that of its community
    homes: int
    unplaced: int  # of them have no position
    houses: int
    hectares: float
    drawing: Drawing | None
    staff: Helpers
    of_community: Helpers
    clinics: Sequence[tuple[Responder, int]]  # the nearest, with metres in a straight line

    @property
    def grid_workers(self) -> str:
        """Their names, for the list of sheets."""
        return "、".join(one.name for one in self.staff.shown if one.kind is ResponderKind.GRID_WORKER)


@dataclass(frozen=True, slots=True)
class Book:
    """The sheets of a community (or whatever else has cells), with the key to them."""

    area: Area
    above: Sequence[Area]  # its street, and what that is in
    key: Drawing | None
    leaves: Sequence[Leaf]
    synthetic: bool


@dataclass(frozen=True, slots=True)
class Title:
    """A book on the shelf."""

    area: Area
    cells: int
    homes: int


@dataclass(frozen=True, slots=True)
class Shelf:
    """All books of the site, with a picture of where each is."""

    key: Drawing | None
    titles: Sequence[Title]


def shelf(connection: Connection) -> Shelf:
    """Each area that has cells of its own, by code."""
    areas = {area.id: area for area in register.areas(connection)}
    counted = atlas.homes_of_cells(connection)
    inside: dict[int, list[Area]] = defaultdict(list)
    for area in areas.values():
        if area.level is AreaLevel.CELL:
            inside[area.parent_id if area.parent_id in areas else area.id].append(area)
    titles = [
        Title(areas[area_id], len(cells), sum(counted.get(cell.id, (0, 0))[0] for cell in cells))
        for area_id, cells in inside.items()
    ]
    titles.sort(key=lambda one: one.area.code)
    drawn = [Named(one.area.name, one.area.polygon) for one in titles if one.area.polygon]
    return Shelf(key_sheet(drawn, SHELF_MM) if drawn else None, titles)


def book(connection: Connection, area_id: int) -> Book:
    """The sheets of all cells of an area, or of the cell that it is, by code. NotFound when it has none."""
    areas = {area.id: area for area in register.areas(connection)}
    here = areas.get(area_id)
    every = [area for area in areas.values() if area.level is AreaLevel.CELL]
    cells = [area for area in every if area_id in (area.parent_id, area.id)]
    if here is None or not cells:
        raise NotFound("no_such_book", f"area {area_id} has no cells: choose a community at /atlas")
    above = _above(here, areas)
    around = Around(Named(_name(each, areas, here), each.polygon) for each in every if each.polygon)
    draft = _Draft(connection, areas, cells)
    leaves = [draft.leaf(number, cell, here, around) for number, cell in enumerate(cells, start=1)]
    drawn = [Named(str(leaf.number), leaf.cell.polygon) for leaf in leaves if leaf.cell.polygon]
    return Book(
        here,
        above,
        key_sheet(drawn, KEY_MM) if len(drawn) > 1 else None,
        leaves,
        any(cell.synthetic for cell in cells),
    )


class _Draft:
    """What the sheets of one book have in common, read once."""

    def __init__(self, connection: Connection, areas: Mapping[int, Area], cells: Sequence[Area]) -> None:
        self._areas = areas
        self._counted = atlas.homes_of_cells(connection)
        lived = Counter(home.building_id for home in atlas.homes(connection))
        self._houses: dict[int, list[House]] = defaultdict(list)
        for one in atlas.buildings(connection, [cell.id for cell in cells]):
            self._houses[one.area_id].append(House(one.name, one.polygon, lived[one.id]))
        present = [one for one in register.responders(connection) if one.active]
        self._responders = sorted(present, key=lambda one: (_FIRST[one.kind], one.id))
        self._clinics = [
            (one, Point(one.position.lon, one.position.lat))
            for one in self._responders
            if one.kind is ResponderKind.CLINIC and one.position is not None
        ]

    def leaf(self, number: int, cell: Area, here: Area, around: Around) -> Leaf:
        homes, unplaced = self._counted.get(cell.id, (0, 0))
        houses = self._houses.get(cell.id, ())
        drawing, near = None, []
        if cell.polygon:
            clinics = [(one.name, where) for one, where in self._clinics]
            drawing = cell_sheet(cell.polygon, houses, around, clinics)
            middle = label_point(cell.polygon)
            near = sorted(
                ((one, round(geodesic_m(middle, where))) for one, where in self._clinics),
                key=lambda pair: pair[1],
            )[:CLINICS]
        return Leaf(
            number,
            cell,
            _name(cell, self._areas, here),
            homes,
            unplaced,
            len(houses),
            hectares(cell.polygon) if cell.polygon else 0.0,
            drawing,
            self._helpers(lambda one: cell.id in one.cells, STAFF),
            self._helpers(lambda one: cell.parent_id in one.cells, OF_COMMUNITY),
            near,
        )

    def _helpers(self, fits: Callable[[Responder], bool], most: int) -> Helpers:
        found = [one for one in self._responders if one.kind is not ResponderKind.CLINIC and fits(one)]
        return Helpers(found[:most], len(found[most:]))


def _above(area: Area, areas: Mapping[int, Area]) -> list[Area]:
    found = []
    while area.parent_id is not None and area.parent_id in areas:
        area = areas[area.parent_id]
        found.append(area)
    return found


def _name(cell: Area, areas: Mapping[int, Area], here: Area) -> str:
    """第7网格 of 和平社区第7网格 among its own; in full beside another community's."""
    parent = areas.get(cell.parent_id) if cell.parent_id is not None else None
    if parent is None or parent.id not in (here.id, here.parent_id):
        return cell.name
    return cell.name.removeprefix(parent.name) or cell.name
