"""How long who needs to a door: by road where the site has its roads, else guessed from the straight line.

Each step down is said on the offer: by road; the straight line, because she or the home is too far from any
road, or because so many homes ask at once that there is no time to search for all. A way is never waited for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, inf, isfinite, isnan

from community.model import Responder, ResponderKind
from maps.coords import Point
from maps.nearest import minutes
from maps.roads import LIMIT_S, Mode, Roads, Seconds, Stops

SPEED_M_PER_MIN: Mapping[ResponderKind, float] = {
    # An e-bike in streets, about 15 km/h; a clinic's car with getting ready; on foot for neighbours.
    ResponderKind.GRID_WORKER: 250.0,
    ResponderKind.COMMUNITY_WORKER: 250.0,
    ResponderKind.CLINIC: 300.0,
    ResponderKind.CONNECTOR: 70.0,
    ResponderKind.VOLUNTEER: 70.0,
    ResponderKind.SUPERVISOR: 300.0,
}
MODE_OF: Mapping[ResponderKind, Mode] = {
    ResponderKind.GRID_WORKER: Mode.EBIKE,
    ResponderKind.COMMUNITY_WORKER: Mode.EBIKE,
    ResponderKind.CLINIC: Mode.CAR,
    ResponderKind.CONNECTOR: Mode.FOOT,
    ResponderKind.VOLUNTEER: Mode.FOOT,
    ResponderKind.SUPERVISOR: Mode.CAR,
}
MODE_WORD: Mapping[Mode, tuple[str, str]] = {
    Mode.EBIKE: ("电动车", "e-bike"),
    Mode.CAR: ("汽车", "car"),
    Mode.FOOT: ("步行", "on foot"),
}
READY_S: Mapping[Mode, float] = {Mode.EBIKE: 0.0, Mode.CAR: 120.0, Mode.FOOT: 0.0}  # until it rolls
_NO_TIME, _HOME_OFF, _OFF = (
    ("事件太多,未查路网", "no time to search the roads"),
    ("住户离路网太远", "the home is off the roads"),
    ("离路网太远", "off the roads"),
)
SEARCHES = 40  # for homes nobody asked for yet, at one look: a millisecond or two each
REMEMBERED_BYTES = 200_000_000  # of their results: 2,500 doors of a site with 20,000 crossings
DETOUR = 1.3  # how much longer streets are than the straight line


@dataclass(frozen=True, slots=True)
class Trip:
    """One way to a door. Who does not get there by road within an hour is said to need that hour."""

    seconds: float  # to rank by, infinite when there is no way
    minutes: int
    by_road: bool
    how: tuple[str, str]  # for people, Chinese and English


class Travel:
    """The ways of all responders over the roads. A search is remembered, whoever stands where meanwhile."""

    def __init__(
        self,
        roads: Roads,
        responders: Iterable[Responder] = (),
        found: dict[tuple[Mode, int], Seconds] | None = None,
    ) -> None:
        self._roads = roads
        self._found = {} if found is None else found
        by_mode: defaultdict[Mode, list[tuple[str, Point]]] = defaultdict(list)
        for one in responders:
            if one.position is not None:
                where = Point(one.position.lon, one.position.lat)
                by_mode[MODE_OF[one.kind]].append((str(one.id), where))
        self._stops: dict[Mode, tuple[Sequence[str], Stops]] = {
            mode: ([id for id, _ in there], roads.stops([where for _, where in there], mode))
            for mode, there in by_mode.items()
        }

    def of(self, responders: Iterable[Responder]) -> Travel:
        """The ways of these, from where they are now; what either of us searches both remember."""
        return Travel(self._roads, responders, self._found)

    def times(self, door: Point, mode: Mode, budget: Budget) -> Mapping[str, float] | None:
        """Seconds to `door` by the ids of those who travel so; NaN: too far from any road, infinite: no way.

        None when the door itself is too far from any road, or the budget of searches is used up.
        """
        joined = self._roads.door(door, mode)
        if joined is None or mode not in self._stops:
            return None
        crossing, walk_s = joined
        if (mode, crossing) not in self._found:
            if not budget.take():
                return None
            searched = self._roads.towards(crossing, mode)
            if (len(self._found) + 1) * searched.nbytes > REMEMBERED_BYTES:
                self._found.clear()
            self._found[mode, crossing] = searched
        ids, stops = self._stops[mode]
        there = stops.times(self._found[mode, crossing], READY_S[mode])
        return {id: seconds + walk_s for id, seconds in zip(ids, there.tolist(), strict=True)}


class Budget:
    """How many searches one look at many homes may still make."""

    def __init__(self, searches: int = SEARCHES) -> None:
        self._left = searches

    @property
    def is_spent(self) -> bool:
        return self._left <= 0

    def take(self) -> bool:
        self._left -= 1
        return self._left >= 0


class Approach:
    """The ways to one door."""

    def __init__(self, travel: Travel, door: Point, budget: Budget) -> None:
        self._travel = travel
        self._door = door
        self._budget = budget
        self._times: dict[Mode, Mapping[str, float] | None] = {}

    def quickest(self, kind: ResponderKind, ids: Collection[str], k: int) -> list[str]:
        """The `k` of `ids`, all of `kind`, who are there first by road; of those who have a way."""
        times = self._of(MODE_OF[kind]) or {}
        ways = sorted((times[id], id) for id in ids if isfinite(times.get(id, inf)))
        return [id for _, id in ways[:k]]

    def trip(self, responder: Responder, distance_m: float) -> Trip:
        """How `responder`, so many metres away in a straight line, gets there."""
        mode = MODE_OF[responder.kind]
        times = self._of(mode)
        if times is None:
            return _guessed(responder.kind, distance_m, _NO_TIME if self._budget.is_spent else _HOME_OFF)
        seconds = times[str(responder.id)]
        if isnan(seconds):
            return _guessed(responder.kind, distance_m, _OFF)
        chinese, english = MODE_WORD[mode]
        if seconds > LIMIT_S:
            words = f"路网一小时内到不了({chinese})", f"not within an hour by road ({english})"
            return Trip(inf, int(LIMIT_S / 60), True, words)
        takes = max(1, ceil(seconds / 60))
        return Trip(seconds, takes, True, (f"路网{takes}分钟({chinese})", f"{takes} min by road ({english})"))

    def _of(self, mode: Mode) -> Mapping[str, float] | None:
        if mode not in self._times:
            self._times[mode] = self._travel.times(self._door, mode, self._budget)
        return self._times[mode]


def _guessed(kind: ResponderKind, distance_m: float, why: tuple[str, str]) -> Trip:
    speed = SPEED_M_PER_MIN[kind]
    takes = minutes(distance_m, speed, DETOUR)
    words = f"直线估算{takes}分钟({why[0]})", f"{takes} min by the straight line ({why[1]})"
    return Trip(distance_m * DETOUR / speed * 60, takes, False, words)
