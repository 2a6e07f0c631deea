"""The drawings of the printed grid atlas: a cell with its houses and neighbours, and the key to many.

Plain values in, an SVG in millimetres of paper out, to scale; its colours are in the style sheet of the page.
It names no resident, and nothing is loaded from anywhere.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import count
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from maps.coords import Point
from maps.grid import Polygon, area_m2, label_point, metres_per_degree

Shape = Any  # a shapely geometry; shapely ships no types
Box = tuple[float, float, float, float]  # west, north, east, south in mm of paper

WIDE, HIGH, FOOT = 190.0, 182.0, 10.0  # mm: the picture, and scale and legend below it
MARGIN = 15.0  # mm around the cell, in which its neighbours are named
SCALES = (
    500, 750, 1000, 1250, 1500, 1750, 2000, 2500, 3000, 3500, 4000, 5000, 6000, 7500, 10_000,
    12_500, 15_000, 20_000, 25_000, 30_000, 40_000, 50_000, 75_000,
)  # fmt: skip
_COARSEST_STEP = 100_000
_BAR_MM = 55.0  # the scale bar is at most as long
_SMALLEST_HOUSE = 1.2  # mm across: smaller ones get no word


@dataclass(frozen=True, slots=True)
class House:
    """A house in the cell. `homes` is how many homes of the register are in it."""

    name: str
    polygon: Polygon
    homes: int


@dataclass(frozen=True, slots=True)
class Named:
    """Another cell, with the name under which it is known beside this one."""

    name: str
    polygon: Polygon


class Around:
    """All cells of a site, of which each sheet asks for those that lie on it."""

    def __init__(self, cells: Iterable[Named]) -> None:
        self._cells = tuple(cells)
        shapes = [shapely.Polygon(one.polygon[0], one.polygon[1:]) for one in self._cells]
        self._tree = shapely.STRtree(shapes)

    def within(self, degrees: Shape) -> list[Named]:
        """Those whose rectangles meet the box `degrees`."""
        return [self._cells[index] for index in sorted(self._tree.query(degrees))]


@dataclass(frozen=True, slots=True)
class Drawing:
    """`svg` for the page, as it is; printed at full size one metre of paper is `scale` metres of ground."""

    svg: str
    scale: int


def cell_sheet(
    cell: Polygon, houses: Sequence[House], around: Around, clinics: Iterable[tuple[str, Point]]
) -> Drawing:
    """One cell as large as the paper allows, north up, with what lies around it named at its edges.

    `around` and `clinics` may hold the whole site's: those on the paper are drawn.
    """
    paper = _Paper(cell, WIDE, HIGH)
    taken = _Taken(WIDE, HIGH)
    taken.add((WIDE - 14, 0, WIDE, 18))  # the arrow
    drawn = [f'<path class="cell" d="{paper.path(cell)}"/>']
    others = [one for one in around.within(paper.degrees) if one.polygon is not cell]
    neighbours = [(one, part) for one in others if not (part := paper.on_paper(one.polygon)).is_empty]
    drawn += [f'<path class="beside" d="{paper.path(one.polygon)}"/>' for one, _ in neighbours]
    drawn += [
        f'<path class="{"lived" if each.homes else "house"}" d="{paper.path(each.polygon)}"/>'
        for each in houses
    ]
    drawn.append(f'<path class="outline" d="{paper.path(cell)}"/>')
    for name, where in clinics:
        x, y = paper.at(where.lon, where.lat)
        if 3 < x < WIDE - 3 and 3 < y < HIGH - 3:
            taken.add((x - 3, y - 3, x + 3, y + 3))
            drawn.append(f'<path class="clinic" d="M{x - 2.5:.1f},{y - 2.5:.1f}h5v5h-5Z"/>')
            drawn.append(f'<path class="cross" d="M{x:.1f},{y - 1.7:.1f}v3.4M{x - 1.7:.1f},{y:.1f}h3.4"/>')
            drawn += taken.word(name, x, y + 5, 2.6, "clinic-name")
    drawn += _house_names(paper, taken, houses)
    for one, part in neighbours:
        circle = shapely.maximum_inscribed_circle(part)
        if circle.length > 2:
            x, y = shapely.get_coordinates(circle)[0]
            drawn += taken.word(one.name, float(x), float(y), 3.2, "beside-name")
    arrow = (
        f'<path class="north" d="M{WIDE - 7},3l3.4,10l-3.4,-2.4l-3.4,2.4Z"/>'
        f'<text class="north-name" x="{WIDE - 7}" y="17.4" font-size="3.6">北 N</text>'
    )
    frame = f'<rect class="frame" x="0.2" y="0.2" width="{WIDE - 0.4}" height="{HIGH - 0.4}"/>'
    body = f'<svg width="{WIDE:g}" height="{HIGH:g}">{"".join(drawn)}{arrow}</svg>{frame}{_foot(paper.scale)}'
    return Drawing(_svg(body, HIGH + FOOT, "网格图 map of the cell"), paper.scale)


def key_sheet(areas: Sequence[Named], high: float) -> Drawing:
    """All of `areas` in one picture `high` mm high, each with its name in it. ValueError without any."""
    if not areas:
        raise ValueError("没有可画的网格 there is no cell to draw")
    paper = _Paper(tuple(ring for one in areas for ring in one.polygon[:1]), WIDE, high, margin=4)
    taken = _Taken(WIDE, high)
    drawn = [f'<path class="key" d="{paper.path(one.polygon)}"/>' for one in areas]
    for one in areas:
        middle = label_point(one.polygon)
        drawn += taken.word(one.name, *paper.at(middle.lon, middle.lat), 3, "key-name")
    return Drawing(_svg("".join(drawn), high, "网格索引图 key to the sheets"), paper.scale)


def short_name(name: str) -> str:
    """What is left of a house's name where its estate is named once for all: 3幢 of 幸福里3幢."""
    number = re.search(r"[0-9A-Za-z]+[-—]?[0-9A-Za-z]*\D{0,2}$", name)
    return number[0] if number and number.start() else name


def hectares(polygon: Polygon) -> float:
    """The ground of a cell, to a tenth."""
    return round(area_m2(polygon) / 10_000, 1)


class _Paper:
    """Degrees to millimetres of a picture `wide` by `high` around a polygon, at a scale that can be said."""

    def __init__(self, polygon: Polygon, wide: float, high: float, margin: float = MARGIN) -> None:
        corners = np.array([corner for ring in polygon for corner in ring])
        west, south = corners.min(axis=0)
        east, north = corners.max(axis=0)
        self._middle = np.array([(west + east) / 2, (south + north) / 2])
        per_degree = metres_per_degree(float(self._middle[1]))
        across, along = (east - west) * per_degree[0], (north - south) * per_degree[1]
        least = max(across / (wide - 2 * margin), along / (high - 2 * margin)) * 1000
        self.scale = next((one for one in SCALES if one >= least), 0) or (
            -int(-least // _COARSEST_STEP) * _COARSEST_STEP
        )
        self._mm = per_degree * 1000 / self.scale * np.array([1, -1])
        reach = np.array([wide, high]) / 2 / np.abs(self._mm)
        self.degrees = shapely.box(*(self._middle - reach), *(self._middle + reach))
        self._centre = np.array([wide / 2, high / 2])
        self._frame = shapely.box(0, 0, wide, high)

    def at(self, lon: float, lat: float) -> tuple[float, float]:
        x, y = self._moved(np.array([[lon, lat]]))[0]
        return float(x), float(y)

    def path(self, polygon: Polygon) -> str:
        """For `d` of a path, hundredths of a millimetre."""
        return " ".join(
            "M" + "L".join(f"{x:.2f},{y:.2f}" for x, y in self._moved(np.array(ring[:-1]))) + "Z"
            for ring in polygon
        )

    def flat(self, polygon: Polygon) -> Shape:
        """In millimetres, valid."""
        rings = [self._moved(np.array(ring)) for ring in polygon]
        return shapely.make_valid(shapely.Polygon(rings[0], rings[1:]))

    def on_paper(self, polygon: Polygon) -> Shape:
        """The largest part of it that is on the paper; empty if nothing is."""
        parts = shapely.get_parts(shapely.intersection(self.flat(polygon), self._frame))
        flat = [part for part in parts if part.geom_type == "Polygon"]
        return max(flat, key=lambda part: part.area, default=shapely.Polygon())

    def _moved(self, corners: NDArray[np.float64]) -> NDArray[np.float64]:
        moved: NDArray[np.float64] = (corners - self._middle) * self._mm + self._centre
        return moved


class _Taken:
    """Where words stand already: a word that would lie on another one is left out."""

    def __init__(self, wide: float, high: float) -> None:
        self._wide, self._high = wide, high
        self._boxes: list[Box] = []

    def add(self, box: Box) -> None:
        self._boxes.append(box)

    def word(self, text: str, x: float, y: float, size: float, name: str) -> Iterator[str]:
        """`text` with its middle at x, y, pushed inside the picture; nothing where no room is left for it."""
        half = sum(size if ord(letter) > 0x2E7F else size * 0.58 for letter in text) / 2
        x = min(max(x, half + 1), self._wide - half - 1)
        y = min(max(y, size * 0.6 + 1), self._high - size * 0.6 - 1)
        box = (x - half, y - size * 0.6, x + half, y + size * 0.6)
        if any(box[0] < o[2] and o[0] < box[2] and box[1] < o[3] and o[1] < box[3] for o in self._boxes):
            return
        self._boxes.append(box)
        yield (
            f'<text class="{name}" x="{x:.1f}" y="{y + size * 0.36:.1f}" font-size="{size}">'
            f"{escape(text)}</text>"
        )


def _house_names(paper: _Paper, taken: _Taken, houses: Sequence[House]) -> Iterator[str]:
    """Each house's number with its homes in it, and the name of an estate once, amidst its houses."""
    estates: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for house in sorted(houses, key=lambda one: -one.homes):
        shape = paper.flat(house.polygon)
        middle = shapely.point_on_surface(shape)
        short = short_name(house.name)
        estates[house.name.removesuffix(short)].append((middle.x, middle.y))
        west, north, east, south = shape.bounds
        if min(east - west, south - north) >= _SMALLEST_HOUSE:
            said = f"{short}·{house.homes}户" if house.homes else short
            yield from taken.word(said, middle.x, middle.y, 2.4, "house-name")
    for estate, middles in estates.items():
        if not estate:
            continue
        x, y = np.array(middles).mean(axis=0)
        for step in range(12):  # beside the houses if there is no room in their midst
            aside = (step + 1) // 2 * 4 * (-1) ** step
            found = list(taken.word(estate, float(x), float(y + aside), 3.4, "estate-name"))
            if found:
                yield from found
                break


def _foot(scale: int) -> str:
    """The scale as a bar and in words, and what the colours mean."""
    steps = (step * 10**power for power in range(6) for step in (1, 2, 5))
    metres = max((step for step in steps if step * 1000 <= _BAR_MM * scale), default=1)
    long, y = metres * 1000 / scale, HIGH + 3.5
    half = long / 2
    parts = [
        f'<rect class="bar" x="0.5" y="{y}" width="{half:.2f}" height="1.6"/>',
        f'<rect class="bar bar--light" x="{0.5 + half:.2f}" y="{y}" width="{half:.2f}" height="1.6"/>',
        _said("0", 0.5, y + 5.4, "first"),
        _said(f"{metres / 2:g}", 0.5 + half, y + 5.4),
        _said(f"{metres}米 m", 0.5 + long, y + 5.4),
        _said(f"约 about 1:{scale}", WIDE - 0.5, y + 1.8, "last"),
    ]
    left = count(int(long) + 22, 34)
    for kind, said in (("lived", "有登记住户 homes"), ("house", "其他楼房 other houses")):
        x = next(left)
        parts.append(f'<rect class="{kind}" x="{x}" y="{y - 0.6}" width="4.5" height="2.8"/>')
        parts.append(_said(said, x + 6, y + 1.8, "first"))
    return "".join(parts)


def _said(text: str, x: float, y: float, aligned: str = "middle") -> str:
    return f'<text class="foot foot--{aligned}" x="{x:.2f}" y="{y:.1f}" font-size="2.8">{text}</text>'


def _svg(body: str, high: float, title: str) -> str:
    return (
        f'<svg class="atlas" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE:g} {high:g}"'
        f' width="{WIDE:g}mm" height="{high:g}mm" role="img" aria-label="{escape(title)}">{body}</svg>'
    )
