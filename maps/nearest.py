"""Who is nearest: exact geodesic ranking of the people and places that can be sent.

A straight chord through the earth is never longer than the way along its surface. So the geodesics of a few
best chords give a limit, and a candidate whose chord is longer than that limit cannot win: the rest need no
geodesic. Exact for any data, with no index that could go stale (7-where: a tree on degrees is wrong in 10 %).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
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
        self._ids: list[str] = []
        self._slices: dict[G, slice] = {}
        points: list[Point] = []
        for group, members in groups.items():
            ordered = sorted(members, key=lambda place: place.id)  # equally far: the lower index is first
            self._slices[group] = slice(len(self._ids), len(self._ids) + len(ordered))
            self._ids += [place.id for place in ordered]
            points += [place.point for place in ordered]
        self._degrees = np.array([(point.lon, point.lat) for point in points]).reshape(-1, 2)
        self._vectors = _ecef(self._degrees)

    def nearest(self, origin: Point, k: int) -> dict[G, tuple[Near, ...]]:
        """The `k` nearest to `origin` of each group, nearest first; equal distances by id.

        Fewer when there are fewer. ValueError when `k` is not positive.
        """
        [found] = self.nearest_to_each([origin], k)
        return found

    def nearest_to_each(self, origins: Sequence[Point], k: int) -> list[dict[G, tuple[Near, ...]]]:
        """The same for many origins at once, at a tenth of the time."""
        if k < 1:
            raise ValueError(f"ask for at least one place, not {k}")
        found: list[dict[G, tuple[Near, ...]]] = [{} for _ in origins]
        if not origins:
            return found
        doors = np.array([(origin.lon, origin.lat) for origin in origins])
        differences = self._vectors[None, :, :] - _ecef(doors)[:, None, :]
        chords: Vectors = np.sqrt(np.einsum("ijk,ijk->ij", differences, differences))
        for group, own in self._slices.items():
            for answer, near in zip(found, self._of_group(doors, chords[:, own], own, k), strict=True):
                answer[group] = near
        return found

    def _of_group(self, doors: Vectors, chords: Vectors, own: slice, k: int) -> Iterator[tuple[Near, ...]]:
        order = np.argsort(chords, axis=1, kind="stable")
        chosen = np.sort(order[:, :k], axis=1)
        metres = self._geodesics(doors, chosen + own.start)
        ranks = np.argsort(metres, axis=1, kind="stable")
        chosen, metres = np.take_along_axis(chosen, ranks, 1), np.take_along_axis(metres, ranks, 1)
        certain = np.ones(len(doors), dtype=bool)
        if order.shape[1] > k:  # whether the next chord is longer than the farthest of the chosen ways
            following = np.take_along_axis(chords, order[:, k : k + 1], 1)[:, 0]
            certain = following > metres[:, -1] + ROUNDING_M
        ids, start = self._ids, own.start
        for at, (indices, distances, is_certain) in enumerate(
            zip(chosen.tolist(), metres.tolist(), certain.tolist(), strict=True)
        ):
            if is_certain:
                yield tuple([Near(ids[start + i], d) for i, d in zip(indices, distances, strict=True)])
            else:
                yield self._of_all_that_could_win(doors[at : at + 1], chords[at], distances[-1], own, k)

    def _of_all_that_could_win(
        self, door: Vectors, chords: Vectors, limit_m: float, own: slice, k: int
    ) -> tuple[Near, ...]:
        chosen = np.flatnonzero(chords <= limit_m + ROUNDING_M) + own.start
        metres = self._geodesics(door, chosen[None, :])[0]
        ranked = sorted(zip(metres.tolist(), chosen.tolist(), strict=True))
        return tuple(Near(self._ids[index], distance) for distance, index in ranked[:k])

    def _geodesics(self, doors: Vectors, which: NDArray[np.intp]) -> Vectors:
        """Metres from each of n doors to its own row of m places: (n, m)."""
        lons, lats = np.moveaxis(self._degrees[which], -1, 0)
        from_lons = np.repeat(doors[:, 0], which.shape[1])
        from_lats = np.repeat(doors[:, 1], which.shape[1])
        _, _, metres = GEOD.inv(from_lons, from_lats, lons.ravel(), lats.ravel())
        rounded: Vectors = np.round(metres, DECIMALS).reshape(which.shape)
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
