"""Draft houses for a site without a survey: rows of them facing south, as estates here are built.

A draft for a demo or for a person to edit; whatever shows it says that it is synthetic.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians, sin

import numpy as np
import shapely
from numpy.typing import NDArray

from maps.coords import Point
from maps.grid import DECIMALS, Polygon, Shape, metres_per_degree

STOREY_M = 3.0  # of a dwelling house, floor to floor
STREET_M = 7.0  # from the edge of a cell to its nearest house
CLOSER = 0.88  # by how much houses move together when a cell must hold more of them

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Style:
    """How a quarter is built: metres of a house along its row and across, and from one to the next."""

    storeys: tuple[int, int]  # lowest and highest
    long_m: float
    deep_m: float
    gap_m: float
    row_m: float  # from row to row: the sun of the shortest day reaches the ground floor
    share: float  # of the plots that are built on; the others are yards and parks


SLABS = Style((5, 6), 46.0, 12.0, 13.0, 29.0, 0.92)  # the walk-ups with four entrances
TOWERS = Style((11, 18), 28.0, 16.0, 24.0, 50.0, 0.9)
TERRACES = Style((1, 3), 22.0, 9.0, 10.0, 26.0, 0.5)  # what was a village
STYLES = ((SLABS, 0.62), (TOWERS, 0.16), (TERRACES, 0.22))


@dataclass(frozen=True, slots=True)
class House:
    """The four corners of one house on the ground, its south side first, and how many storeys it has."""

    polygon: Polygon
    storeys: int

    def entrance(self, unit: int, units: int) -> Point:
        """The middle of its `unit`, the 1st to the last of `units` from west to east."""
        (west, east, _, back, _) = (np.array(corner) for corner in self.polygon[0])
        lon, lat = west + (east - west) * (unit - 0.5) / units + (back - west) / 2
        return Point(round(float(lon), DECIMALS), round(float(lat), DECIMALS))


def draft_houses(cell: Polygon, turned: float, seed: int, homes: int = 0) -> tuple[House, ...]:
    """Houses inside `cell` in reading order, their rows turned by `turned` degrees; none where none fits.

    With `homes` the cell gets at least so many walk-ups of six storeys, smaller ones where it is small, else
    whatever its seed says. The same arguments give the same houses.
    """
    rng = np.random.default_rng(seed)
    style = SLABS if homes else STYLES[rng.choice(len(STYLES), p=[share for _, share in STYLES])][0]
    lon, lat = np.array(cell[0][:-1]).mean(axis=0)
    scale = metres_per_degree(float(lat))
    angle = radians(turned)
    turn = np.array([[cos(angle), sin(angle)], [-sin(angle), cos(angle)]])
    flat = shapely.transform(
        shapely.Polygon(cell[0], cell[1:]), lambda corners: (corners - (lon, lat)) * scale @ turn.T
    )
    plots = _plots(flat, style, 1.0)
    size = 1.0
    while len(plots) < homes:
        size *= CLOSER
        plots = _plots(flat, style, size)
    if not homes:
        plots = plots[rng.random(len(plots)) < style.share]
    low, high = (style.storeys[1],) * 2 if homes else style.storeys
    corners = np.round(plots @ turn / scale + (lon, lat), DECIMALS)
    heights = rng.integers(low, high + 1, len(plots))
    return tuple(
        House((tuple((float(x), float(y)) for x, y in (*four, four[0])),), int(storeys))
        for four, storeys in zip(corners, heights, strict=True)
    )


def _plots(flat: Shape, style: Style, size: float) -> Floats:
    """The houses that fit into `flat`, in metres, everything `size` as large: (n, 4, 2), from the north."""
    ground = shapely.buffer(flat, -STREET_M * size, join_style="mitre")
    if ground.is_empty:
        return np.empty((0, 4, 2))
    shapely.prepare(ground)
    west, south, east, north = ground.bounds
    long_m, deep_m = style.long_m * size, style.deep_m * size
    x = np.arange(west, east - long_m, (style.long_m + style.gap_m) * size)
    y = np.arange(north - deep_m, south, -style.row_m * size)
    left, bottom = (each.ravel() for each in np.meshgrid(x, y))
    right, top = left + long_m, bottom + deep_m
    fits = shapely.contains(ground, shapely.box(left, bottom, right, top))
    corners = np.stack(
        [np.stack(at, axis=-1) for at in ((left, bottom), (right, bottom), (right, top), (left, top))], axis=1
    )
    found: Floats = corners[fits]
    return found
