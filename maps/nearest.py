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
    """Groups of places, prepared for asking many times who of each is nearest."""

    def __init__(self, groups: Mapping[G, Iterable[Place]]) -> None:
        self._groups = {group: _Group(members) for group, members in groups.items()}

    def nearest(self, origin: Point, k: int) -> dict[G, tuple[Near, ...]]:
        """The `k` nearest to `origin` of each group, nearest first; equal distances by id.

        Fewer when there are fewer. ValueError when `k` is not positive.
        """
        seen = self.seen_from([origin], k)
        return {group: tuple(seen.nearest(0, group)) for group in self._groups}

    def seen_from(self, origins: Sequence[Point], k: int) -> Seen[G]:
        """The same for many origins at once, when it is asked for, at a tenth of the time."""
        if k < 1:
            raise ValueError(f"ask for at least one place, not {k}")
        return Seen(self._groups, origins, k)


class Seen(Generic[G]):
    """Places from many origins. Asking for one works its group out for all of them: most ask for the same."""

    def __init__(self, groups: Mapping[G, _Group], origins: Sequence[Point], k: int) -> None:
        self._groups = groups
        self._doors = np.array([(origin.lon, origin.lat) for origin in origins]).reshape(-1, 2)
        self._vectors: Vectors | None = None
        self._k = k
        self._found: dict[G, Sequence[_Ranks]] = {}

    def nearest(self, at: int, group: G) -> Iterator[Near]:
        """The nearest of `group` to the origin number `at`, nearest first; equal distances by id."""
        if group not in self._groups:
            return iter(())
        if group not in self._found:
            if self._vectors is None:
                self._vectors = _ecef(self._doors)
            self._found[group] = self._groups[group].ranked(self._doors, self._vectors, self._k)
        places, metres = self._found[group][at]
        return map(Near, places, metres)


_Ranks = tuple[Sequence[str], Sequence[float]]  # ids, and how many metres away each is


class _Group:
    """Places of one kind; k of them are looked for at a time."""

    def __init__(self, members: Iterable[Place]) -> None:
        ordered = sorted(members, key=lambda place: place.id)  # equally far: the lower index is first
        self._ids = [place.id for place in ordered]
        points = [(place.point.lon, place.point.lat) for place in ordered]
        self._degrees = np.array(points).reshape(-1, 2)
        self._vectors = _ecef(self._degrees)

    def ranked(self, doors: Vectors, vectors: Vectors, k: int) -> list[_Ranks]:
        """For each of n doors, degrees (n, 2) and `vectors` (n, 3): the k nearest."""
        size = len(self._ids)
        differences = self._vectors[None, :, :] - vectors[:, None, :]
        chords: Vectors = np.sqrt(np.einsum("ijk,ijk->ij", differences, differences))
        every = np.arange(len(doors))[:, None]
        is_certain = [True] * len(doors)
        if size > k:
            order = np.argpartition(chords, k, axis=1)
            chosen = np.sort(order[:, :k], axis=1)
            metres = self._geodesics(doors, chosen)
            # Whether the next chord is longer than the farthest of the chosen ways.
            following = chords[every[:, 0], order[:, k]]
            is_certain = (following > metres.max(axis=1) + ROUNDING_M).tolist()
        else:
            chosen = np.broadcast_to(np.arange(size), (len(doors), size))
            metres = self._geodesics(doors, chosen)
        ranks = np.argsort(metres, axis=1, kind="stable")
        chosen, metres = chosen[every, ranks], metres[every, ranks]
        ids = self._ids
        found: list[_Ranks] = []
        for at, (indices, distances) in enumerate(zip(chosen.tolist(), metres.tolist(), strict=True)):
            if is_certain[at]:
                found.append(([ids[index] for index in indices], distances))
            else:
                found.append(self._all_that_could_win(doors[at : at + 1], chords[at], distances[-1], k))
        return found

    def _all_that_could_win(self, door: Vectors, chords: Vectors, limit_m: float, k: int) -> _Ranks:
        chosen = np.flatnonzero(chords <= limit_m + ROUNDING_M)
        metres = self._geodesics(door, chosen[None, :])[0]
        ranked = sorted(zip(metres.tolist(), chosen.tolist(), strict=True))[:k]
        return [self._ids[index] for _, index in ranked], [distance for distance, _ in ranked]

    def _geodesics(self, doors: Vectors, which: NDArray[np.intp]) -> Vectors:
        """Metres from each of n doors to its own row of m places: (n, m)."""
        places = self._degrees[which.ravel()]
        from_lons, from_lats = np.repeat(doors, which.shape[1], axis=0).T
        _, _, metres = GEOD.inv(from_lons, from_lats, places[:, 0], places[:, 1])
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
