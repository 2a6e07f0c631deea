"""Who is there first by road: one search backwards from a door tells the time of everybody.

A straight line knows no river. The network of a site is a handful of arrays; each way is open to some modes
of travel in one direction or both, and may be closed. Searching backwards from the door over a sparse matrix
takes a millisecond or two for a district (7-where), so there is no index that could go stale.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from math import ceil, hypot
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

from maps.coords import Point
from maps.grid import metres_per_degree

Floats = NDArray[np.float64]
Seconds = NDArray[np.float32]  # from every crossing: many are remembered, and half the bytes are enough
Ints = NDArray[np.int32]

SNAP_M = 250.0  # farther from any road nothing is known of the way there
LIMIT_S = 3600.0  # who needs longer is no help: the target is on scene within 45 to 60 minutes
WALK_M_PER_S = 70 / 60  # between a door and its road
LEAST_S = 0.001  # a way of no length is a way: scipy takes 0 for none
PIECE_M = 100.0  # of road at most between two places where one can join it
LEAST_PART = 30  # crossings of a part of the network that counts: not a yard that a gap in the data cuts off
MOST_PIECES = 1_000_000  # of road: a city; more is a mistake, and would be slow


class Mode(StrEnum):
    """How somebody travels. Walkers mind no one-way sign; electric bicycles do where no sign excepts them."""

    EBIKE = "ebike"
    CAR = "car"
    FOOT = "foot"


MODES = tuple(Mode)
KMH = {Mode.EBIKE: 15.0, Mode.FOOT: 4.2}  # a car goes as fast as its road


@dataclass(frozen=True, slots=True)
class Way:
    """One road as it is drawn. `corners` are degrees WGS-84; ways meet where their `nodes` are equal.

    `key` names it for closures, with `name` for people; `onward` and `back` are the modes that may use it in
    the direction of drawing, and against it; `kmh` is what a car makes there.
    """

    key: str
    name: str
    corners: Sequence[tuple[float, float]]
    nodes: Sequence[Hashable]
    onward: frozenset[Mode]
    back: frozenset[Mode]
    kmh: float


@dataclass(frozen=True, eq=False)
class Network:
    """The roads of a site: crossings with their place, and pieces of road between two of them."""

    lon: Floats
    lat: Floats
    start: Ints
    end: Ints
    metres: NDArray[np.float32]
    kmh: NDArray[np.uint8]
    open_to: NDArray[np.uint8]  # two bits for each mode: onward, back
    way: Ints  # which of `keys` a piece belongs to
    keys: tuple[str, ...]
    names: tuple[str, ...]

    def packed(self) -> bytes:
        """All of it, compressed; `unpacked` reads it."""
        out = io.BytesIO()
        arrays: dict[str, Any] = {field: getattr(self, field) for field in _ARRAYS}
        words: dict[str, Any] = {field: np.array(getattr(self, field), np.str_) for field in _WORDS}
        np.savez_compressed(out, **arrays, **words)
        return out.getvalue()


_ARRAYS = ("lon", "lat", "start", "end", "metres", "kmh", "open_to", "way")
_WORDS = ("keys", "names")


def unpacked(content: bytes) -> Network:
    """The network that `packed` gave. ValueError when it is none."""
    with np.load(io.BytesIO(content), allow_pickle=False) as found:
        parts: dict[str, Any] = {field: found[field] for field in _ARRAYS}
        return Network(**parts | {field: tuple(found[field].tolist()) for field in _WORDS})


def build(ways: Iterable[Way]) -> Network:
    """The network of `ways`. ValueError when there is none, or more than a city has."""
    drawn = list(ways)
    meets = Counter(node for way in drawn for node in way.nodes)
    index: dict[Hashable, int] = {}
    places: list[tuple[float, float]] = []
    pieces: list[tuple[int, int, float, int]] = []
    for number, way in enumerate(drawn):
        for one, other, metres in _pieces(way, meets):
            ends = []
            for node, corner in (one, other):
                if node not in index:
                    index[node] = len(places)
                    places.append(corner)
                ends.append(index[node])
            if ends[0] != ends[1]:
                pieces.append((ends[0], ends[1], metres, number))
        if len(pieces) > MOST_PIECES:
            raise ValueError(f"more than {MOST_PIECES} pieces of road: cut the extract to the site")
    if not pieces:
        raise ValueError("没有道路 there is no road in it that anybody may use")
    starts, ends_of, lengths, way_of = zip(*pieces, strict=True)
    way_at = np.array(way_of, np.int32)
    lon, lat = np.array(places).T
    return Network(
        lon.copy(),
        lat.copy(),
        np.array(starts, np.int32),
        np.array(ends_of, np.int32),
        np.array(lengths, np.float32),
        np.array([min(max(round(way.kmh), 1), 255) for way in drawn], np.uint8)[way_at],
        np.array([_bits(way) for way in drawn], np.uint8)[way_at],
        way_at,
        tuple(way.key for way in drawn),
        tuple(way.name for way in drawn),
    )


def _bits(way: Way) -> int:
    both = ((mode in way.onward) | (mode in way.back) << 1 for mode in MODES)
    return sum(bits << 2 * at for at, bits in enumerate(both))


_End = tuple[Hashable, tuple[float, float]]


def _pieces(way: Way, meets: Mapping[Hashable, int]) -> Iterator[tuple[_End, _End, float]]:
    """A way from crossing to crossing, in pieces of about PIECE_M: bends become one piece with their length,
    long straights several.
    """
    ends = list(zip(way.nodes, way.corners, strict=True))
    begin, run = ends[0], 0.0
    for number, (one, other) in enumerate(pairwise(ends), start=1):
        metres = _metres(one[1], other[1])
        count = ceil(metres / PIECE_M)
        if count > 1 and run:
            yield begin, one, run
            begin, run = one, 0.0
        for step in range(1, count):
            share = step / count
            at = tuple(a + (b - a) * share for a, b in zip(one[1], other[1], strict=True))
            between = (way.key, one[0], other[0], step), (at[0], at[1])
            yield begin, between, metres / count
            begin = between
        run += metres / max(1, count)
        if run >= PIECE_M / 2 or meets[other[0]] > 1 or number == len(ends) - 1:
            yield begin, other, run
            begin, run = other, 0.0


def _metres(one: tuple[float, float], other: tuple[float, float]) -> float:
    east, north = metres_per_degree((one[1] + other[1]) / 2).tolist()
    return hypot((other[0] - one[0]) * east, (other[1] - one[1]) * north)


class Stops:
    """Places on the network of one mode, ready to be asked again and again: those too far from it are out."""

    def __init__(self, nodes: NDArray[np.intp], walk_s: Floats) -> None:
        self._nodes = nodes
        self._walk_s = walk_s
        self._near = np.isfinite(walk_s)

    def times(self, seconds: Seconds, door_s: float) -> Floats:
        """Seconds from each stop, by those from each crossing and from the road to the door.

        NaN for who is too far from any road, infinite for who cannot get there within LIMIT_S.
        """
        found = np.full(len(self._nodes), np.nan)
        found[self._near] = seconds[self._nodes[self._near]] + self._walk_s[self._near] + door_s
        return found


class Roads:
    """A network ready to be searched, without the ways that are closed (by key). Never changes."""

    def __init__(self, network: Network, closed: Collection[str] = ()) -> None:
        shut = {number for number, key in enumerate(network.keys) if key in closed}
        is_open = ~np.isin(network.way, list(shut)) if shut else np.ones(len(network.way), bool)
        self._scale = metres_per_degree(float(network.lat.mean()))
        flat = np.column_stack((network.lon, network.lat)) * self._scale
        self._modes = {mode: _Mode(network, mode, is_open, flat) for mode in MODES}

    def stops(self, places: Sequence[Point], mode: Mode) -> Stops:
        """Where `places` come to the roads of `mode`."""
        return Stops(*self._modes[mode].snapped(self._flat(places)))

    def door(self, home: Point, mode: Mode) -> tuple[int, float] | None:
        """The crossing from which one walks to `home`, and for how many seconds; None when it is too far."""
        [node], [walk_s] = self._modes[mode].snapped(self._flat([home]))
        return (int(node), float(walk_s)) if np.isfinite(walk_s) else None

    def near(self, places: Sequence[Point], mode: Mode) -> int:
        """How many of `places` are near enough to a road."""
        _, walk_s = self._modes[mode].snapped(self._flat(places))
        return int(np.isfinite(walk_s).sum())

    def towards(self, crossing: int, mode: Mode) -> Seconds:
        """Seconds from every crossing to this one; infinite beyond LIMIT_S. A millisecond or two of work."""
        seconds: Floats = dijkstra(self._modes[mode].backwards, indices=crossing, limit=LIMIT_S)
        return seconds.astype(np.float32)

    def _flat(self, places: Sequence[Point]) -> Floats:
        degrees = np.array([(place.lon, place.lat) for place in places]).reshape(-1, 2)
        flat: Floats = degrees * self._scale
        return flat


class _Mode:
    """What one mode of travel may use."""

    def __init__(self, network: Network, mode: Mode, is_open: NDArray[np.bool_], flat: Floats) -> None:
        at = MODES.index(mode)
        onward = (network.open_to >> 2 * at & 1).astype(bool)
        back = (network.open_to >> 2 * at + 1 & 1).astype(bool)
        kmh = network.kmh if mode is Mode.CAR else KMH[mode]
        seconds = np.maximum(network.metres / (kmh / np.float32(3.6)), LEAST_S).astype(np.float64)
        size = len(network.lon)

        def matrix(use: NDArray[np.bool_]) -> csr_matrix:
            """From each crossing to those from which one gets here: all roads turned round."""
            fore, rear = onward & use, back & use
            rows = np.concatenate((network.end[fore], network.start[rear]))
            columns = np.concatenate((network.start[fore], network.end[rear]))
            weights = np.concatenate((seconds[fore], seconds[rear]))
            # Of two roads between the same crossings the faster one: a sparse matrix would add them up.
            order = np.lexsort((weights, columns, rows))
            rows, columns, weights = rows[order], columns[order], weights[order]
            first = np.ones(len(rows), bool)
            first[1:] = (rows[1:] != rows[:-1]) | (columns[1:] != columns[:-1])
            return csr_matrix((weights[first], (rows[first], columns[first])), shape=(size, size))

        everything = matrix(np.ones(len(is_open), bool))
        self.backwards = everything if is_open.all() else matrix(is_open)
        # Where one stands does not change when a bridge is closed, so parts are those of all roads. Beside a
        # real part, a yard that only a gap in the data cuts off is nowhere.
        _, part = connected_components(everything, directed=True, connection="strong")
        sizes = np.bincount(part)
        counts = sizes[part] >= min(LEAST_PART, int(sizes.max()))
        self._nodes = np.flatnonzero(counts)
        self._tree = cKDTree(flat[self._nodes])

    def snapped(self, flat: Floats) -> tuple[NDArray[np.intp], Floats]:
        """The nearest crossing of each place, and the seconds to walk there, infinite beyond SNAP_M."""
        if not len(flat):
            return np.empty(0, np.intp), np.empty(0)
        metres, index = self._tree.query(flat, distance_upper_bound=SNAP_M)
        near = np.isfinite(metres)
        nodes = np.zeros(len(flat), np.intp)
        nodes[near] = self._nodes[index[near]]
        return nodes, metres / WALK_M_PER_S


@dataclass(frozen=True, slots=True)
class Ground:
    """What is known of a site beside its people: its roads, and the middle of each cell, by its id.

    A home that nobody has surveyed is taken to be in the middle of its cell.
    """

    roads: Roads | None = None
    middles: Mapping[int, Point] = field(default_factory=dict)


UNKNOWN = Ground()
