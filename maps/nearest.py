"""Who is nearest: exact geodesic ranking of the people and places that can be sent.

A straight chord through the earth is never longer than the way along its surface. So the geodesics of a few
best chords give a limit, and a candidate whose chord is longer than that limit cannot win: the rest need no
geodesic. Exact for any data, with no index that could go stale (7-where: a tree on degrees is wrong in 10 %).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from math import ceil, isfinite, pi
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod

from maps.coords import Point

WGS84_A = 6378137.0
WGS84_E2 = 6.69437999014e-3
GEOD = Geod(ellps="WGS84")

# Distances are kept to the millimetre, so that places equally far tie on every machine and their ids decide.
DECIMALS = 3
ROUNDING_M = 0.01  # more than all rounding of chords and distances together
SHORTLIST = 8

Vectors = NDArray[np.float64]
G = TypeVar("G", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Place:
    """Somebody or something that can be sent: where it is, and what it can do ("clinic", "on_duty")."""

    id: str
    point: Point
    tags: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Near:
    """One answer: the place's id and its geodesic distance in metres, to the millimetre."""

    id: str
    distance_m: float


class Places(Generic[G]):
    """Groups of places, prepared for asking many times who of each is nearest; one pass serves them all."""

    def __init__(self, groups: Mapping[G, Iterable[Place]]) -> None:
        self._places: list[Place] = []
        self._slices: dict[G, slice] = {}
        for group, members in groups.items():
            begins = len(self._places)
            self._places.extend(members)
            self._slices[group] = slice(begins, len(self._places))
        self._degrees = np.array([(p.point.lon, p.point.lat) for p in self._places]).reshape(-1, 2)
        self._vectors = _ecef(self._degrees)

    def nearest(self, origin: Point, k: int) -> dict[G, tuple[Near, ...]]:
        """The `k` nearest to `origin` of each group, nearest first; equal distances by id.

        Fewer when there are fewer. ValueError when `k` is not positive.
        """
        if k < 1:
            raise ValueError(f"ask for at least one place, not {k}")
        if not self._places:
            return dict.fromkeys(self._slices, ())
        differences = self._vectors - _ecef(np.array([(origin.lon, origin.lat)]))
        chords: Vectors = np.sqrt(np.einsum("ij,ij->i", differences, differences))
        short = {
            group: np.argsort(chords[own])[: max(k, SHORTLIST)] + own.start
            for group, own in self._slices.items()
        }
        metres = np.split(
            self._geodesics(origin, np.concatenate(list(short.values()))),
            np.cumsum([len(chosen) for chosen in short.values()])[:-1],
        )
        return {
            group: self._certain(origin, chords, self._slices[group], chosen, distances, k)
            for (group, chosen), distances in zip(short.items(), metres, strict=True)
        }

    def _certain(
        self,
        origin: Point,
        chords: Vectors,
        own: slice,
        chosen: NDArray[np.intp],
        metres: Vectors,
        k: int,
    ) -> tuple[Near, ...]:
        """The `k` best of a group, after widening its shortlist by all that could still win."""
        if len(chosen) < own.stop - own.start:
            limit = np.sort(metres)[k - 1] + ROUNDING_M
            if chords[chosen[-1]] <= limit:
                chosen = np.flatnonzero(chords[own] <= limit) + own.start
                metres = self._geodesics(origin, chosen)
        ranked = sorted(zip(metres.tolist(), (self._places[at].id for at in chosen.tolist()), strict=True))
        return tuple(Near(id, distance) for distance, id in ranked[:k])

    def _geodesics(self, origin: Point, which: NDArray[np.intp]) -> Vectors:
        lons, lats = self._degrees[which].T
        _, _, metres = GEOD.inv(np.full_like(lons, origin.lon), np.full_like(lats, origin.lat), lons, lats)
        rounded: Vectors = np.round(metres, DECIMALS)
        return rounded


def nearest(
    origin: Point, places: Iterable[Place], k: int, tags: AbstractSet[str] = frozenset()
) -> tuple[Near, ...]:
    """The `k` places nearest to `origin` that carry all of `tags`, nearest first; equal distances by id.

    Fewer than `k` when there are fewer. ValueError when `k` is not positive.
    """
    return Places({"all": (place for place in places if tags <= place.tags)}).nearest(origin, k)["all"]


def minutes(distance_m: float, speed_m_per_min: float, detour: float = 1.3) -> int:
    """Whole minutes, at least 1, to walk or ride a straight-line distance; rounded up, never down.

    `detour` is how much longer streets are than the straight line. An estimate for where there is no road
    network: it knows no river. ValueError for a negative or infinite distance, a speed not above 0, a detour
    below 1.
    """
    if not (isfinite(distance_m) and distance_m >= 0):
        raise ValueError(f"the distance must be 0 metres or more, not {distance_m}")
    if not (isfinite(speed_m_per_min) and speed_m_per_min > 0):
        raise ValueError(f"the speed must be above 0 metres a minute, not {speed_m_per_min}")
    if not (isfinite(detour) and detour >= 1):
        raise ValueError(f"no way is shorter than the straight line: detour must be 1 or more, not {detour}")
    # a product that is whole on paper must not be rounded up because of its last bit
    return max(1, ceil(round(distance_m * detour / speed_m_per_min, 9)))


def _ecef(degrees: Vectors) -> Vectors:
    """Earth-centred x, y, z in metres of points on the WGS-84 ellipsoid: (n, 2) degrees to (n, 3)."""
    lon, lat = (degrees * (pi / 180)).T
    normal = WGS84_A / np.sqrt(1 - WGS84_E2 * np.sin(lat) ** 2)
    flat = normal * np.cos(lat)
    return np.column_stack((flat * np.cos(lon), flat * np.sin(lon), normal * (1 - WGS84_E2) * np.sin(lat)))
