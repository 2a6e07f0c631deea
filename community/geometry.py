"""What a survey says about the register: outlines of cells, houses, and where homes are.

Pure. The register wins: what it does not know is reported and never created, and where it and the ground
disagree its word stays and the row says so. Every row is looked at before anything is written.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import pi, sqrt

from community.model import Area, AreaLevel, Building, Polygon, Position
from maps.coords import Point
from maps.gate import Pair, Verdict, judge
from maps.grid import Cell, Grid, area_m2, label_point
from maps.survey import Feature, System
from maps.topology import Outline

SURVEYED = "survey"  # where a position came from
DOOR_M = 50.0  # within which two surveys of one door or house lie
STOREY_M = 3.0

_CODE = ("网格编码", "社区编码", "编码", "网格代码", "code", "grid_code", "cell")
_CELL_NAME = ("网格名称", "社区名称", "网格", "所属网格", "名称", "name")
_OF_CELL = ("网格编码", "网格代码", "网格", "所属网格", "cell", "cell_code")
_HOUSE = ("楼栋", "楼栋名称", "幢", "楼号", "名称", "building", "name")
_STOREYS = ("层数", "楼层数", "地上层数", "storeys", "floors", "levels", "building:levels")
_HEIGHT = ("高度", "height")
_ADDRESS = ("地址", "住址", "家庭住址", "详细地址", "address")


class What(StrEnum):
    CELLS = "cells"  # and communities: whatever area has the code, but never the street
    BUILDINGS = "buildings"
    HOMES = "homes"


@dataclass(frozen=True, slots=True)
class Placed:
    """A home of the register, as far as geometry is concerned."""

    household_id: int
    area_id: int
    address: str
    building: str
    position: Position | None


@dataclass(frozen=True, slots=True)
class Register:
    """What is known already."""

    areas: Sequence[Area]
    homes: Sequence[Placed]
    buildings: Sequence[Building]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the file: with `wrong` nothing of it is imported, with a `note` somebody should look."""

    number: int
    name: str
    wrong: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Looked:
    """All that the file says, and what the gate says about it. Ids are those of the register."""

    rows: tuple[Row, ...]
    verdict: Verdict
    outlines: Mapping[int, Polygon]  # by area
    buildings: tuple[Building, ...]
    positions: Mapping[int, Position]  # by household
    new: tuple[Area, ...] = ()  # areas that the register does not know, where that was wished

    @property
    def bad(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.wrong)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What whoever imports has said beside the file."""

    storeys: int | None = None  # of houses whose height nobody says
    create: bool = False  # areas with a right code that the register does not know, below one that it knows


def look(
    what: What, features: Iterable[Feature], system: System, known: Register, wishes: Wishes = Wishes()
) -> Looked:
    """What to import of a file, row by row."""
    reader = _Reader(known, wishes)
    read = {What.CELLS: reader.area, What.BUILDINGS: reader.building, What.HOMES: reader.home}[what]
    rows = tuple(read(each) for each in features)
    return Looked(
        rows,
        judge(reader.pairs, system),
        reader.outlines,
        tuple(reader.houses.values()),
        reader.positions,
        tuple(reader.new.values()),
    )


def report(looked: Looked) -> Iterator[str]:
    """For whoever imports: the gate first, then counts, and each row that is wrong or to be looked at."""
    yield looked.verdict.text
    good, bad = len(looked.rows) - len(looked.bad), len(looked.bad)
    yield f"可导入{good}行,有误{bad}行 {good} good, {bad} bad"
    for row in looked.rows:
        if row.wrong or row.note:
            yield f"第{row.number}行 {row.name}:{row.wrong or f'请核对:{row.note}'}"


def given_back(looked: Looked) -> bytes:
    """The rows that are wrong, with their reasons, as a table for a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("行", "名称", "错误"))
    writer.writerows((row.number, f"'{row.name}", row.wrong) for row in looked.bad)
    return out.getvalue().encode("utf-8-sig")


def wrong_code(area: Area, parent: Area | None) -> str:
    """What is wrong with the code of a cell; "" when nothing is.

    A cell has 15 digits: the 12 of its community, and 3 of a sequence (DB11 单元网格划分; CJ/T 349 has 20).
    """
    if area.level is not AreaLevel.CELL:
        return ""
    if not re.fullmatch(r"\d{15}", area.code):
        return f"编码{area.code}不是15位数字 a cell's code has 15 digits"
    if parent is None or parent.level is not AreaLevel.COMMUNITY:
        return f"{area.code}不属于任何社区 it belongs to no community"
    if not area.code.startswith(parent.code):
        return f"编码{area.code}应以社区编码{parent.code}开头 it must begin with its community's code"
    if area.code.endswith("000"):
        return f"编码{area.code}的序号应从001起 sequences begin with 001"
    return ""


def next_codes(community: Area, areas: Iterable[Area], n: int) -> tuple[str, ...]:
    """The next `n` codes of cells of a community: after the highest ever given. ValueError beyond 999."""
    taken = (int(area.code[-3:]) for area in areas if re.fullmatch(community.code + r"\d{3}", area.code))
    first = max(taken, default=0) + 1
    if first + n - 1 > 999:
        raise ValueError(f"{community.code} has no {n} codes left: its sequences end with 999")
    return tuple(f"{community.code}{number:03d}" for number in range(first, first + n))


def outlines_of(areas: Sequence[Area], drawn: Mapping[int, Polygon]) -> tuple[Outline, ...]:
    """The cells as they would be with `drawn` over what the register has, for `maps.topology`."""
    communities = {area.id: area for area in areas if area.level is AreaLevel.COMMUNITY}
    found = []
    for area in areas:
        polygon = drawn.get(area.id, area.polygon)
        if area.level is AreaLevel.CELL and polygon is not None:
            parent = communities.get(area.parent_id or 0)
            whole = drawn.get(parent.id, parent.polygon) if parent is not None else None
            found.append(Outline(area.code, polygon, parent.code if parent is not None else "", whole))
    return tuple(found)


class _Reader:
    """Takes row after row, and keeps what the good ones say and what the gate may compare."""

    def __init__(self, known: Register, wishes: Wishes) -> None:
        self.pairs: list[Pair] = []
        self.outlines: dict[int, Polygon] = {}
        self.houses: dict[tuple[int, str], Building] = {}
        self.positions: dict[int, Position] = {}
        self.new: dict[str, Area] = {}
        self._wishes = wishes
        # A code that two bureaus have given, and a name that two cells have, name neither.
        codes = Counter(area.code for area in known.areas)
        self._by_code = {area.code: area for area in known.areas if codes[area.code] == 1}
        names = Counter(area.name for area in known.areas)
        self._by_name = {area.name: area for area in known.areas if names[area.name] == 1}
        self._by_id = {area.id: area for area in known.areas}
        cells = [area for area in known.areas if area.level is AreaLevel.CELL]
        self._grid = Grid(Cell(cell.code, cell.polygon) for cell in cells if cell.polygon is not None)
        self._houses = {(house.area_id, house.name): house for house in known.buildings}
        self._homes: dict[str, list[Placed]] = defaultdict(list)
        self._inside: dict[int, list[Point]] = defaultdict(list)
        for home in known.homes:
            self._homes[home.address].append(home)
            if home.position is not None:
                self._inside[home.area_id].append(Point(home.position.lon, home.position.lat))

    def area(self, one: Feature) -> Row:
        code, name = one.of(_CODE), one.of(_CELL_NAME)
        called = code or name or "?"
        if one.wrong:
            return Row(one.number, called, one.wrong)
        area = self._by_code.get(code) if code else self._by_name.get(name)
        if area is None and self._wishes.create:
            return self._new(one, code, name)
        if area is None:
            return Row(one.number, called, f"登记中没有“{called}” the register does not know it (--create?)")
        if area.level not in (AreaLevel.CELL, AreaLevel.COMMUNITY):
            # A made-up street says by its outline that its people are made up: no drawing takes that away.
            return Row(one.number, called, "只导入社区和网格的边界 communities and cells only")
        if len(one.polygons) != 1:
            found = len(one.polygons)
            return Row(
                one.number, called, f"应有一个面,现有{found}个 one polygon, not {found}: join or split"
            )
        if area.id in self.outlines:
            return Row(one.number, called, "与前面的行重复 there twice")
        (outline,) = one.polygons
        self._compare(one, self._place_of(area))
        self.outlines[area.id] = outline
        differs = f"登记的名称是“{area.name}” named otherwise in the register"
        return Row(one.number, called, note=differs if name and code and name != area.name else "")

    def _new(self, one: Feature, code: str, name: str) -> Row:
        parent = self._by_code.get(code[:-3])
        below = {AreaLevel.STREET: AreaLevel.COMMUNITY, AreaLevel.COMMUNITY: AreaLevel.CELL}
        if parent is None or parent.level not in below or not re.fullmatch(r"\d{12}(\d{3})?", code):
            why = f"编码“{code}”不属于登记中的街道或社区 below no street or community of the register"
            return Row(one.number, code or name or "?", why)
        scheme = parent.code_scheme if below[parent.level] is AreaLevel.COMMUNITY else "local"
        area = Area(0, below[parent.level], code, scheme, name or code, parent.id)
        wrong = wrong_code(area, parent) or ("与前面的行重复 there twice" if code in self.new else "")
        if not wrong and len(one.polygons) != 1:
            wrong = f"应有一个面,现有{len(one.polygons)}个 one polygon, not {len(one.polygons)}"
        if wrong:
            return Row(one.number, code, wrong)
        self._compare(one, self._place_of(parent))
        self.new[code] = replace(area, polygon=one.polygons[0])
        return Row(one.number, code, note=f"新建于{parent.name} is new there")

    def building(self, one: Feature) -> Row:
        name = one.of(_HOUSE)
        called = name or "?"
        if one.wrong:
            return Row(one.number, called, one.wrong)
        if not name:
            return Row(one.number, called, "没有楼栋名称 it has no name: homes are found by it")
        if len(one.polygons) != 1:
            found = len(one.polygons)
            return Row(one.number, called, f"应有一个面,现有{found}个 one polygon, not {found}")
        storeys = _storeys(one) or self._wishes.storeys
        if storeys is None:
            return Row(one.number, called, "没有层数 it says no storeys: add them, or give --storeys")
        (outline,) = one.polygons
        there = self._grid.locate(label_point(outline))
        said = one.of(_OF_CELL)
        cell = self._by_code.get(said) or self._by_name.get(said) if said else None
        if said and cell is None:
            return Row(one.number, called, f"登记中没有网格“{said}” the register knows no such cell")
        if cell is None and there is None:
            return Row(one.number, called, "不在任何网格内,请填写网格编码 in no cell: say its cell")
        note = ""
        if cell is None and there is not None:
            cell = self._by_code[there.code]
        elif cell is not None and there is not None and there.code != cell.code:
            note = f"图形在{there.code}内,以登记的{cell.code}为准 drawn in another cell; what it says stays"
        assert cell is not None, "said or found above"
        if cell.level is not AreaLevel.CELL:
            return Row(one.number, called, f"“{said}”不是网格 this is no cell")
        if (cell.id, name) in self.houses:
            return Row(one.number, called, "本网格有同名楼栋 there twice in its cell")
        before = self._houses.get((cell.id, name))
        if before is not None:
            self._compare(one, (label_point(before.polygon), DOOR_M))
        elif said:
            self._compare(one, self._place_of(cell))
        self.houses[cell.id, name] = Building(0, cell.id, name, storeys, outline)
        return Row(one.number, called, note=note)

    def home(self, one: Feature) -> Row:
        address = one.of(_ADDRESS)
        if one.wrong:
            return Row(one.number, address or "?", one.wrong)
        if one.point is None:
            return Row(one.number, address or "?", "应是一个点 a home is a point")
        homes = self._homes.get(address, [])
        if len(homes) != 1:
            why = (
                "登记中没有这个地址 no home has this address" if not homes else "有多户 several homes have it"
            )
            return Row(one.number, address or "?", why)
        (home,) = homes
        if home.household_id in self.positions:
            return Row(one.number, address, "与前面的行重复 there twice")
        if home.position is not None:
            self._compare(one, (Point(home.position.lon, home.position.lat), DOOR_M))
        else:
            self._compare(one, self._place_of(self._by_id[home.area_id]))
        self.positions[home.household_id] = Position(one.point.lon, one.point.lat, source=SURVEYED)
        there, cell = self._grid.locate(one.point), self._by_id[home.area_id]
        elsewhere = there is not None and there.code != cell.code
        note = f"位置在{there.code}内,登记在{cell.code} lies in another cell" if there and elsewhere else ""
        return Row(one.number, address, note=note)

    def _place_of(self, area: Area) -> tuple[Point, float] | None:
        """Where the register has an area, and within how many metres something of it may lie from there."""
        if area.polygon is not None:
            return label_point(area.polygon), sqrt(area_m2(area.polygon) / pi)
        if inside := self._inside.get(area.id):
            lon = sum(point.lon for point in inside) / len(inside)
            lat = sum(point.lat for point in inside) / len(inside)
            return Point(lon, lat), 150.0  # of a usual cell
        return None

    def _compare(self, one: Feature, known: tuple[Point, float] | None) -> None:
        if known is not None and one.centre is not None:
            self.pairs.append(Pair(*one.centre, *known))


def _storeys(one: Feature) -> int | None:
    """As it says, or by its height in metres."""
    try:
        if said := one.of(_STOREYS).removesuffix("层"):
            return max(1, round(float(said)))
        if said := one.of(_HEIGHT).removesuffix("m").strip():
            return max(1, round(float(said) / STOREY_M))
    except (ValueError, OverflowError):
        return None
    return None
