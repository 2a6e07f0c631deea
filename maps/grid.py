"""The grid: which cell a home lies in, whether the cells fit together, and drafts for a site without any.

Polygons are plain: a tuple of rings, each a closed tuple of (lon, lat) in degrees WGS-84, the outer ring
first and its holes after it, as in GeoJSON. Callers need no geometry library. Sites that cross the date line
or touch a pole are not supported.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import cos, pi, radians, sin, sqrt
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from maps.coords import Point
from maps.nearest import WGS84_A, WGS84_E2

Ring = tuple[tuple[float, float], ...]
Polygon = tuple[Ring, ...]
Floats = NDArray[np.float64]
Shape = Any  # a shapely geometry; shapely ships no types

WITHIN_M = 50.0  # how far outside its cell a surveyed door may lie: a street's width, not the next estate
CROSSING_M2 = 0.01  # neighbours share edges; what they share of their insides, below this, is rounding

# Drafts are snapped to about a centimetre, so that neighbours share their corners to the last digit.
DECIMALS = 7
SNAP = 10.0**-DECIMALS
LLOYD_ROUNDS = 5  # enough for even cells, few enough that they do not look like a honeycomb
SAMPLES_PER_CELL = 60


@dataclass(frozen=True, slots=True)
class Cell:
    """One polygon of the grid under its code. A cell in several parts is several entries of one code."""

    code: str
    polygon: Polygon


@dataclass(frozen=True, slots=True)
class Located:
    """The cell a point belongs to, and how many metres outside of it the point lies (0.0 when inside)."""

    code: str
    off_m: float


class Flaw(StrEnum):
    INVALID = "invalid"  # a polygon that crosses itself, or has no area
    OVERLAP = "overlap"  # two cells claim the same ground
    GAP = "gap"  # a sliver between neighbours, or edges whose corners do not coincide
    SLIVER = "sliver"  # a cell too narrow to be one
    OUTSIDE = "outside"  # of its community
    UNCOVERED = "uncovered"  # ground of a community in none of its cells


@dataclass(frozen=True, slots=True)
class Finding:
    """One flaw of the grid: the codes of the cells concerned, a point to look at, a size, and words.

    `size`: square metres, metres of edge along a gap, 0.0 for an invalid polygon; `ground` is to be coloured.
    """

    flaw: Flaw
    codes: tuple[str, ...]
    at: Point
    size: float
    text: str
    ground: tuple[Polygon, ...] = ()


@dataclass(frozen=True, slots=True)
class Community:
    """A drafted community: its outline, and the cells that fill exactly that outline, in reading order."""

    outline: Polygon
    cells: tuple[Polygon, ...]


class Grid:
    """The cells of a site, ready to be asked. Never changes: when the cells do, build a new one.

    ValueError when a ring is not a ring (fewer than four corners, or not closed).
    """

    def __init__(self, cells: Iterable[Cell]) -> None:
        self._cells = tuple(cells)
        self._shapes = [_shape(cell.polygon) for cell in self._cells]
        self._tree = shapely.STRtree(self._shapes)

    def locate(self, point: Point, within_m: float = WITHIN_M) -> Located | None:
        """The cell of `point`; on a shared edge the lower code; in none the nearest within `within_m` metres.

        None when every cell is farther away: a person has to decide. Of two equally near, the lower code.
        """
        covering = self._tree.query(shapely.Point(point.lon, point.lat), predicate="intersects")
        if covering.size:
            return Located(min(self._cells[index].code for index in covering), 0.0)
        scale = metres_per_degree(point.lat)
        east, north = within_m / scale * 1.01  # a little more: the tree only preselects
        around = shapely.box(point.lon - east, point.lat - north, point.lon + east, point.lat + north)
        off = [
            (_metres_off(self._shapes[index], point, scale), self._cells[index].code)
            for index in self._tree.query(around)
        ]
        return next((Located(code, off_m) for off_m, code in sorted(off) if off_m <= within_m), None)

    def flaws(self, gap_m: float = 5.0) -> tuple[Finding, ...]:
        """What keeps the cells from covering their ground exactly once; empty when nothing does.

        Gaps narrower than `gap_m` metres are flaws, wider ones (a lake, a barracks) are taken for meant.
        A sharp bay of the outer line can be narrow enough to be named too: look before you mend.
        Invalid polygons are reported alone, and overlapping cells not searched for gaps: mend those first.
        """
        if not self._cells:
            return ()
        invalid = tuple(self._invalid())
        if invalid:
            return invalid
        _, south, _, north = shapely.total_bounds(self._shapes)
        scale = metres_per_degree((south + north) / 2)  # one for all, so that equal corners stay equal
        flat = np.array([_scaled(shape, scale) for shape in self._shapes])
        overlaps = tuple(self._overlaps(flat, scale))
        overlapping = {code for finding in overlaps for code in finding.codes}
        return overlaps + tuple(self._gaps(flat, scale, gap_m, overlapping))

    def _invalid(self) -> Iterator[Finding]:
        for cell, shape in zip(self._cells, self._shapes, strict=True):
            if not shape.is_valid:
                text = f"cell {cell.code}: {shapely.is_valid_reason(shape)}; redraw it"
                yield Finding(Flaw.INVALID, (cell.code,), Point(*cell.polygon[0][0]), 0.0, text)

    def _overlaps(self, flat: NDArray[Any], scale: Floats) -> Iterator[Finding]:
        first, second = shapely.STRtree(flat).query(flat, predicate="intersects")
        for one, other in sorted(zip(first, second, strict=True)):
            if one >= other:
                continue
            shared = shapely.intersection(flat[one], flat[other])
            if shared.area > CROSSING_M2:
                codes = tuple(sorted((self._cells[one].code, self._cells[other].code)))
                text = (
                    f"cells {codes[0]} and {codes[1]} overlap by {shared.area:.1f} m²; give the ground to one"
                )
                at, both = _look_at(shared, scale), ground(shared, scale)
                yield Finding(Flaw.OVERLAP, codes, at, float(shared.area), text, both)

    def _gaps(self, flat: NDArray[Any], scale: Floats, gap_m: float, skip: set[str]) -> Iterator[Finding]:
        edges = shapely.coverage_invalid_edges(flat, gap_width=gap_m)
        for cell, edge in zip(self._cells, edges, strict=True):
            if edge.is_empty or cell.code in skip:
                continue
            text = f"cell {cell.code}: {edge.length:.1f} m of edge do not meet the neighbour; close the gap"
            yield Finding(Flaw.GAP, (cell.code,), _look_at(edge, scale), float(edge.length), text)


def draft_cells(outline: Polygon, n: int, seed: int) -> tuple[Polygon, ...]:
    """`n` polygons that cover `outline` exactly once, in reading order (rows from north, west to east).

    Seeded points, a few Lloyd rounds, their Voronoi cells: about equally large (by homes: `maps.division`).
    The same arguments give the same cells.
    A draft for a person to edit: real cells follow roads. ValueError when the outline cannot be divided so.
    """
    whole = area_of(outline)
    sites = _sites(whole, n, np.random.default_rng(seed))
    (cells,) = _fitted([(whole, sites)])
    return tuple(plain(cell) for cell in in_reading_order(cells))


def draft_communities(outline: Polygon, communities: int, cells: int, seed: int) -> tuple[Community, ...]:
    """`outline` divided into communities, and those into `cells` cells in all, each its share by area.

    Communities and the cells of each are in reading order; all cells together fit without gap or overlap,
    and each community's cells join to exactly its outline. ValueError when there are fewer cells than
    communities.
    """
    if cells < communities:
        raise ValueError(f"{communities} communities need at least as many cells, not {cells}")
    rng = np.random.default_rng(seed)
    whole = area_of(outline)
    (parts,) = _fitted([(whole, _sites(whole, communities, rng))])
    parts = in_reading_order(parts)
    counts = _shares(cells, [part.area for part in parts])
    filled = _fitted([(part, _sites(part, count, rng)) for part, count in zip(parts, counts, strict=True)])
    return tuple(
        Community(
            outline=plain(shapely.coverage_union_all(inside)),
            cells=tuple(plain(cell) for cell in in_reading_order(inside)),
        )
        for inside in filled
    )


def points_inside(polygon: Polygon, n: int, seed: int) -> tuple[Point, ...]:
    """`n` seeded random points inside `polygon`, evenly spread: where a made-up site may put its homes."""
    spots = _random_inside(area_of(polygon), n, np.random.default_rng(seed))
    return tuple(Point(float(lon), float(lat)) for lon, lat in spots)


def label_point(polygon: Polygon) -> Point:
    """A point certainly inside `polygon`, for its label."""
    inside = _shape(polygon).representative_point()
    return Point(inside.x, inside.y)


def ground(flat: Shape, scale: Floats) -> tuple[Polygon, ...]:
    """The polygons of a shape in metres, `scale` metres a degree, as they lie on the ground."""
    parts = shapely.get_parts(_scaled(flat, 1 / scale))
    return tuple(plain(part) for part in parts if part.geom_type == "Polygon")


def area_m2(polygon: Polygon) -> float:
    """Square metres of a polygon as large as a district at most, to a thousandth."""
    shape = _shape(polygon)
    return float(_scaled(shape, metres_per_degree(shape.centroid.y)).area)


def metres_per_degree(lat: float) -> Floats:
    """East and north, on the WGS-84 ellipsoid at `lat`; good to millimetres over the reach of a street."""
    phi = radians(lat)
    bend = 1 - WGS84_E2 * sin(phi) ** 2
    east = WGS84_A * cos(phi) / sqrt(bend)
    north = WGS84_A * (1 - WGS84_E2) / bend**1.5
    return np.array([east, north]) * pi / 180


def _metres_off(shape: Shape, point: Point, scale: Floats) -> float:
    here = np.array([point.lon, point.lat])
    flat = shapely.transform(shape, lambda corners: (corners - here) * scale)
    return float(shapely.distance(flat, shapely.Point(0, 0)))


def _scaled(shape: Shape, scale: Floats) -> Shape:
    return shapely.transform(shape, lambda corners: corners * scale)


def _look_at(flat: Shape, scale: Floats) -> Point:
    x, y = np.array(shapely.point_on_surface(flat).coords[0]) / scale
    return Point(float(x), float(y))


def _shape(polygon: Polygon) -> Shape:
    if not polygon:
        raise ValueError("a polygon needs at least its outer ring; got none")
    for ring in polygon:
        if len(ring) < 4 or ring[0] != ring[-1]:
            raise ValueError(f"a ring needs at least four corners, the last equal to the first; got {ring!r}")
    return shapely.Polygon(polygon[0], polygon[1:])


def area_of(polygon: Polygon) -> Shape:
    """Its shapely polygon. ValueError when it is none, or crosses itself."""
    shape = _shape(polygon)
    if not shape.is_valid:
        raise ValueError(f"the outline cannot be divided, redraw it: {shapely.is_valid_reason(shape)}")
    return shape


def plain(shape: Shape) -> Polygon:
    """The rings of a shapely polygon, the outer one anticlockwise, to about a centimetre."""
    oriented = shapely.orient_polygons(shape)
    return tuple(
        tuple((round(lon, DECIMALS), round(lat, DECIMALS)) for lon, lat in ring.coords)
        for ring in (oriented.exterior, *oriented.interiors)
    )


def _random_inside(shape: Shape, n: int, rng: np.random.Generator) -> Floats:
    west, south, east, north = shape.bounds
    found = np.empty((0, 2))
    while len(found) < n:
        tried = rng.uniform((west, south), (east, north), (max(n, 64), 2))
        found = np.vstack((found, tried[shapely.contains_xy(shape, tried[:, 0], tried[:, 1])]))
    return found[:n]


def _sites(shape: Shape, n: int, rng: np.random.Generator) -> Floats:
    """Where the `n` cells gather, (n, 2) degrees: means of the samples nearest to each."""
    if n < 1:
        raise ValueError(f"divide into at least one cell, not {n}")
    samples = _random_inside(shape, n * SAMPLES_PER_CELL, rng)
    scale = metres_per_degree(float(samples[:, 1].mean()))
    flat = samples * scale
    sites = rng.choice(flat, n, replace=False)
    for _ in range(LLOYD_ROUNDS):
        _, owner = cKDTree(sites).query(flat)
        held = np.bincount(owner, minlength=n)
        sums = np.column_stack([np.bincount(owner, flat[:, axis], minlength=n) for axis in (0, 1)])
        # a site that lost all its samples stays where it is
        sites = np.where(held[:, None] > 0, sums / np.maximum(held, 1)[:, None], sites)
    return sites / scale


def _fitted(areas: Sequence[tuple[Shape, Floats]]) -> list[list[Shape]]:
    """Per area and site one polygon: the ground nearest to the site, fitted to all the others."""
    return fitted([_voronoi(area, sites) for area, sites in areas], shapely.union_all([a for a, _ in areas]))


def fitted(rough: Sequence[Sequence[Shape]], whole: Shape) -> list[list[Shape]]:
    """The cells of each area, snapped together into one coverage of `whole`: one polygon for each.

    All lines are noded at once, so a corner on the border between two areas is a corner on both sides.
    ValueError when one of them is left with no ground.
    """
    owners = [(area, site) for area, cells in enumerate(rough) for site in range(len(cells))]
    clipped = [cell for cells in rough for cell in cells]
    lines = shapely.union_all(shapely.boundary(clipped), grid_size=SNAP)
    faces = np.array(shapely.polygonize(shapely.get_parts(lines)).geoms)
    spots = shapely.point_on_surface(faces)
    faces, spots = (kept[shapely.intersects(spots, whole)] for kept in (faces, spots))  # without its holes
    owner = shapely.STRtree(clipped).nearest(spots)

    found: list[list[Shape]] = [[None] * len(cells) for cells in rough]
    loose: list[tuple[int, Shape]] = []  # parts that a bay of the outline cut off from their cell
    for index in np.argsort(-shapely.area(faces), kind="stable"):
        area, site = owners[owner[index]]
        if found[area][site] is None:
            found[area][site] = faces[index]
        else:
            loose.append((area, faces[index]))
    if any(cell is None for cells in found for cell in cells):
        raise ValueError("the outline is too small or too crowded for so many cells; ask for fewer")
    while loose:
        best = max(
            (shapely.intersection(part.boundary, cell.boundary).length, -number, -site)
            for number, (area, part) in enumerate(loose)
            for site, cell in enumerate(found[area])
        )
        area, part = loose.pop(-best[1])
        found[area][-best[2]] = shapely.coverage_union(found[area][-best[2]], part)
    return found


def _voronoi(area: Shape, sites: Floats) -> list[Shape]:
    if len(sites) == 1:
        return [area]
    scale = metres_per_degree(float(sites[:, 1].mean()))
    cells = shapely.voronoi_polygons(
        shapely.MultiPoint(sites * scale), extend_to=_scaled(area, scale), ordered=True
    )
    return [shapely.intersection(_scaled(cell, 1 / scale), area) for cell in cells.geoms]


def in_reading_order(shapes: Sequence[Shape]) -> list[Shape]:
    """Rows from north to south, each from west to east: how grid standards number cells."""
    rows = max(1, round(sqrt(len(shapes))))
    from_north = sorted(shapes, key=lambda shape: -shape.centroid.y)
    row_of = {id(shape): rank * rows // len(shapes) for rank, shape in enumerate(from_north)}
    return sorted(from_north, key=lambda shape: (row_of[id(shape)], shape.centroid.x))


def _shares(total: int, weights: Sequence[float]) -> list[int]:
    """`total` in whole shares by weight, at least one each: the largest remainders get what is left."""
    spare = total - len(weights)
    exact = [spare * weight / sum(weights) for weight in weights]
    shares = [1 + int(share) for share in exact]
    by_remainder = sorted(range(len(weights)), key=lambda index: int(exact[index]) - exact[index])
    for index in by_remainder[: total - sum(shares)]:
        shares[index] += 1
    return shares
