"""Draft cells by homes: a community cut with straight lines, again and again, until each has its share.

Straight cuts across the longer side give plain shapes that a person can mend; real cells follow roads. What
comes out is a draft, and says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from maps.coords import Point
from maps.grid import Polygon, Shape, area_of, fitted, in_reading_order, metres_per_degree, plain

Floats = NDArray[np.float64]


def divide(outline: Polygon, n: int, homes: Sequence[Point]) -> tuple[Polygon, ...]:
    """`n` cells that cover `outline` exactly once, with about as many of `homes` in each, in reading order.

    A house is never cut: homes at one place stay together. ValueError when the outline cannot be divided so.
    """
    if n < 1:
        raise ValueError(f"divide into at least one cell, not {n}")
    whole = area_of(outline)
    scale = metres_per_degree(whole.centroid.y)
    flat = shapely.transform(whole, lambda corners: corners * scale)
    doors = np.array([(home.lon, home.lat) for home in homes]).reshape(-1, 2) * scale
    inside = doors[shapely.contains_xy(flat, doors[:, 0], doors[:, 1])] if len(doors) else doors
    if (places := len(np.unique(inside, axis=0))) < n:
        raise ValueError(f"{n} cells need homes at as many different places inside; there are {places}")
    parts = [shapely.transform(part, lambda corners: corners / scale) for part in _cut(flat, n, inside)]
    (cells,) = fitted([parts], whole)
    return tuple(plain(cell) for cell in in_reading_order(cells))


def _cut(ground: Shape, n: int, doors: Floats) -> Iterator[Shape]:
    if n == 1:
        yield ground
        return
    first = n // 2
    # The axes of the compass first: cells of a plan look like cells. Across the longer of the two.
    west, south, east, north = ground.bounds
    axes = (0, 1) if east - west >= north - south else (1, 0)
    for axis in axes:
        line = _between(doors[:, axis], first / n, first, n - first)
        if line is not None:
            break
    else:
        raise ValueError("too many homes at one place for so many cells; ask for fewer")
    low = [west - 1, south - 1, east + 1, north + 1]
    high = list(low)
    low[axis + 2] = line
    high[axis] = line
    below = doors[:, axis] < line
    yield from _cut(shapely.intersection(ground, shapely.box(*low)), first, doors[below])
    yield from _cut(shapely.intersection(ground, shapely.box(*high)), n - first, doors[~below])


def _between(values: Floats, share: float, before: int, after: int) -> float | None:
    """Where to cut so that about `share` of the values lie before it, with so many different ones at least on
    each side; None where no cut does that.
    """
    places = np.unique(values)
    if len(places) < 2:
        return None
    cuts = (places[:-1] + places[1:]) / 2
    behind = np.searchsorted(np.sort(values), cuts)
    enough = (behind >= before) & (len(values) - behind >= after)
    if not enough.any():
        return None
    off = np.where(enough, np.abs(behind - share * len(values)), np.inf)
    return float(cuts[int(np.argmin(off))])
