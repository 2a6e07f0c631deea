"""Whether the cells of a grid fit together and into their communities, and a picture of what is wrong.

What keeps a grid from covering its ground exactly once is found by `maps.grid`. Here it is looked at as a
whole, and drawn as an SVG that needs nothing else: where a flaw is, with its number in the list beside it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import shapely

from maps.coords import Point
from maps.grid import Cell, Finding, Flaw, Grid, Polygon, Shape, ground, label_point, metres_per_degree

SLIVER_M = 8.0  # nobody lives in a cell that is nowhere wider than a street
STRAY_M2 = 100.0  # of a cell outside its community, or of a community in none of its cells

WORDS: Mapping[Flaw, str] = {
    Flaw.INVALID: "自相交",
    Flaw.OVERLAP: "重叠",
    Flaw.GAP: "缝隙",
    Flaw.SLIVER: "狭条",
    Flaw.OUTSIDE: "超出社区",
    Flaw.UNCOVERED: "没有网格",
}
_ACROSS = 900  # of the drawing, in its own units; the list stands to the right of it
_LIST = 700
_LINE = 22


@dataclass(frozen=True, slots=True)
class Outline:
    """One cell, and the outline of the community it belongs to, where that is drawn."""

    code: str
    polygon: Polygon
    community: str = ""  # its code
    community_polygon: Polygon | None = None


def check(outlines: Sequence[Outline]) -> tuple[Finding, ...]:
    """What is wrong with the grid as a whole; empty when nothing is. An invalid polygon is reported alone."""
    found = Grid(Cell(each.code, each.polygon) for each in outlines).flaws()
    if any(one.flaw is Flaw.INVALID for one in found) or not outlines:
        return found
    return (*found, *_slivers(outlines), *_beside_communities(outlines))


def report(findings: Sequence[Finding]) -> Iterator[str]:
    """For a person: how many of each, then each with its number in the picture."""
    if not findings:
        yield "网格拓扑无误 the cells fit together"
        return
    counts = [
        f"{words}{number}处 {number} {flaw}"
        for flaw, words in WORDS.items()
        if (number := sum(one.flaw is flaw for one in findings))
    ]
    yield f"网格有{len(findings)}处问题:{','.join(counts)}"
    for number, one in enumerate(findings, start=1):
        yield f"{number}. {WORDS[one.flaw]} {one.text} ({one.at.lon:.6f}, {one.at.lat:.6f})"


def picture(outlines: Sequence[Outline], findings: Sequence[Finding]) -> str:
    """The grid as an SVG with its flaws in red, numbered as in `report`. ValueError without any outline."""
    if not outlines:
        raise ValueError("没有可画的网格 there is no cell to draw")
    corners = np.array([corner for each in outlines for corner in each.polygon[0]])
    west, south = corners.min(axis=0)
    east, north = corners.max(axis=0)
    scale = metres_per_degree(float(south + north) / 2)
    metres = max(float((east - west) * scale[0]), float((north - south) * scale[1]), 1.0)
    unit = (_ACROSS - 40) / metres * scale
    high = max(float((north - south) * unit[1]) + 40, _LINE * (len(findings) + 3))

    def at(lon: float, lat: float) -> tuple[float, float]:
        return 20 + (lon - west) * float(unit[0]), 20 + (north - lat) * float(unit[1])

    def path(polygon: Polygon) -> str:
        return " ".join(
            "M" + " L".join("{:.1f},{:.1f}".format(*at(*corner)) for corner in ring[:-1]) + " Z"
            for ring in polygon
        )

    drawn = [f'<path class="cell" d="{path(each.polygon)}"/>' for each in outlines]
    communities = {each.community: each.community_polygon for each in outlines if each.community_polygon}
    drawn += [f'<path class="community" d="{path(one)}"/>' for one in communities.values() if one]
    for each in outlines:
        x, y = at(*_lonlat(label_point(each.polygon)))
        drawn.append(f'<text class="code" x="{x:.1f}" y="{y:.1f}">{escape(each.code[-3:])}</text>')
    for one in findings:
        drawn += [f'<path class="flaw" d="{path(part)}"/>' for part in one.ground]
    for number, one in enumerate(findings, start=1):
        x, y = at(*_lonlat(one.at))
        drawn.append(f'<circle class="mark" cx="{x:.1f}" cy="{y:.1f}" r="10"/>')
        drawn.append(f'<text class="number" x="{x:.1f}" y="{y + 4:.1f}">{number}</text>')
    for line, text in enumerate(report(findings)):
        drawn.append(f'<text x="{_ACROSS + 10}" y="{40 + _LINE * line}">{escape(text)}</text>')
    width = _ACROSS + _LIST
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {high:.0f}" width="{width}"'
        f' height="{high:.0f}" font-family="Noto Sans CJK SC, sans-serif" font-size="13" lang="zh-CN">'
        f"<title>网格检查 Grid check</title><style>{_STYLE}</style>"
        f'<rect width="100%" height="100%" fill="#ffffff"/>{"".join(drawn)}</svg>\n'
    )


_STYLE = (
    ".cell{fill:#eef2f5;stroke:#5c6773;stroke-width:1;fill-rule:evenodd}"
    ".community{fill:none;stroke:#1b4f8f;stroke-width:2}"
    ".flaw{fill:#b3261e;fill-opacity:.55;stroke:#b3261e;stroke-width:2;fill-rule:evenodd}"
    ".code{text-anchor:middle;fill:#5c6773;font-size:11px}"
    ".mark{fill:#b3261e;stroke:#ffffff;stroke-width:2}"
    ".number{text-anchor:middle;fill:#ffffff;font-weight:bold;font-size:11px}"
)


def _slivers(outlines: Iterable[Outline]) -> Iterator[Finding]:
    for each in outlines:
        flat, _ = _flat(each.polygon)
        if shapely.buffer(flat, -SLIVER_M / 2).is_empty:
            text = f"cell {each.code} is nowhere wider than {SLIVER_M:.0f} m; give its ground to a neighbour"
            at = label_point(each.polygon)
            yield Finding(Flaw.SLIVER, (each.code,), at, float(flat.area), text, (each.polygon,))


def _beside_communities(outlines: Iterable[Outline]) -> Iterator[Finding]:
    """Cells that leave their community, and ground of a community that lies in none of its cells."""
    members: dict[str, list[Outline]] = defaultdict(list)
    for each in outlines:
        if each.community_polygon is not None:
            members[each.community].append(each)
    for code, cells in members.items():
        assert cells[0].community_polygon is not None, "only such are members"
        whole, scale = _flat(cells[0].community_polygon)
        flats = [_flat(each.polygon, scale)[0] for each in cells]
        for each, flat in zip(cells, flats, strict=True):
            beyond = shapely.difference(flat, whole)
            if beyond.area > STRAY_M2:
                text = f"{beyond.area:.0f} m² of cell {each.code} lie outside its community {code}"
                yield _finding(Flaw.OUTSIDE, (each.code, code), beyond, scale, text)
        for bare in shapely.get_parts(shapely.difference(whole, shapely.union_all(flats))):
            if bare.area > STRAY_M2:
                text = f"{bare.area:.0f} m² of community {code} are in none of its cells"
                yield _finding(Flaw.UNCOVERED, (code,), bare, scale, text)


def _finding(flaw: Flaw, codes: tuple[str, ...], flat: Shape, scale: Shape, text: str) -> Finding:
    x, y = np.array(shapely.point_on_surface(flat).coords[0]) / scale
    return Finding(flaw, codes, Point(float(x), float(y)), float(flat.area), text, ground(flat, scale))


def _flat(polygon: Polygon, scale: Shape = None) -> tuple[Shape, Shape]:
    """In metres from the origin of degrees, by the scale of its own middle if none is given."""
    shape = shapely.Polygon(polygon[0], polygon[1:])
    used = metres_per_degree(shape.centroid.y) if scale is None else scale
    return shapely.transform(shape, lambda corners: corners * used), used


def _lonlat(point: Point) -> tuple[float, float]:
    return point.lon, point.lat
