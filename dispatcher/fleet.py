"""Who could be sent, best first, with the reason: by road, by straight distance, else the cell's own staff.

The map never blocks an alert: without a position of the home the cell's staff on duty are taken, and without
those the desk is all that is left, which every plan rings anyway.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from functools import lru_cache, partial
from heapq import merge
from math import inf
from types import MappingProxyType

from community.model import (
    Duty,
    HomeRecord,
    Leave,
    Position,
    Responder,
    ResponderKind,
    Whereabouts,
    areas_of,
    is_staff_of,
    on_duty,
)
from community.whereabouts import FRESH, placed
from dispatcher.model import GO, Candidate, Candidates, Tell, Whom
from dispatcher.travel import SPEED_M_PER_MIN, Approach, Budget, Travel, Trip
from dispatcher.wording import RESPONDER_WORD, Pair
from maps.coords import Point
from maps.nearest import Near, Place, Places, minutes, nearest
from maps.roads import UNKNOWN, Ground

_NOT_SEEN: Mapping[int, datetime] = MappingProxyType({})
_ROUGHLY = " (住户没有坐标,按网格中心 home unsurveyed, its cell's middle)"
_BASE: Pair = "", ""  # said of who is where the register has her
SHORTLIST = 8  # of each kind, beside those who have been asked already: more than a plan asks at once


class Fleet:
    """Everybody who can be sent. Duties are whole minutes, so who is on duty is worked out once a minute.

    Where `ground` has roads they are ranked by the time they need, else by straight distance.
    """

    def __init__(
        self,
        responders: Iterable[Responder],
        duties: Mapping[int, tuple[Duty, ...]],
        zone: tzinfo,
        leaves: Mapping[int, tuple[Leave, ...]] = MappingProxyType({}),
        ground: Ground = UNKNOWN,
        seen: Mapping[int, Whereabouts] = MappingProxyType({}),
    ) -> None:
        self._everybody = {r.id: r for r in responders}
        self._responders = sorted(
            (r for r in self._everybody.values() if r.active and r.phone), key=lambda r: r.id
        )
        self._middles = ground.middles
        self._travel = Travel(ground.roads) if ground.roads is not None else None
        self._duties = duties
        self._leaves = leaves
        self._zone = zone
        self._seen = seen
        self._minute: datetime | None = None
        self._until = datetime.min.replace(tzinfo=UTC)  # when the first place is too old
        self._present = _Present(())

    def move(self, seen: Mapping[int, Whereabouts]) -> None:
        """From now on they are where they were seen last, as far as that is of use."""
        self._seen = seen
        self._minute = None  # whoever asks next sorts them anew

    def people(self, ids: Iterable[int]) -> dict[int, Responder]:
        """Those of `ids` who are in the register, on duty or not."""
        return {id: self._everybody[id] for id in ids if id in self._everybody}

    def supervisors(self, now: datetime) -> tuple[Responder, ...]:
        """The shift leaders on duty."""
        self._turn_to(now)
        return tuple(self._present.supervisors)

    def candidates(self, home: HomeRecord, now: datetime) -> Candidates:
        """Those on duty, as `home` sees them."""
        return self.candidates_for([home], now)[home.household.id]

    def candidates_for(
        self, homes: Collection[HomeRecord], now: datetime, beyond: int = 0
    ) -> dict[int, Candidates]:
        """The same for many homes at once, by the id of the household.

        `beyond` is how many have been asked already, and may all have refused.
        """
        self._turn_to(now)
        found: dict[int, Candidates] = {}
        located: list[HomeRecord] = []
        doors: list[Point] = []
        for home in homes:
            position = home.household.position
            door = self._middles.get(home.cell.id)  # for want of a better
            if position is not None:
                door = Point(position.lon, position.lat)
            if door is None:
                found[home.household.id] = _Ranked(self._present, home, _nobody, self._present.available)
            else:
                located.append(home)
                doors.append(door)
        present, budget = self._present, Budget()
        seen = present.places.seen_from(doors, SHORTLIST + beyond)
        for at, home in enumerate(located):
            approach = Approach(present.travel, doors[at], budget) if present.travel is not None else None
            found[home.household.id] = _Ranked(
                present,
                home,
                partial(seen.nearest, at),
                present.placeless,
                doors[at],
                approach,
                SHORTLIST + beyond,
            )
        return found

    def _turn_to(self, now: datetime) -> None:
        """Who is there, and where: found once a minute, and when somebody has moved or a place grew old."""
        minute = now.replace(second=0, microsecond=0)
        if minute == self._minute and now < self._until:
            return
        by_register = [one for one in self._responders if self._is_there(one.id, minute)]
        there = [placed(one, self._seen.get(one.id), now) for one in by_register]
        moved = [one.id for one, before in zip(there, by_register, strict=True) if one is not before]
        seen_at = {id: self._seen[id].at for id in moved}
        self._until = min(seen_at.values(), default=now) + FRESH
        local = {id: at.astimezone(self._zone) for id, at in seen_at.items()}
        self._present = _Present(there, local, self._travel.of(there) if self._travel is not None else None)
        self._minute = minute

    def _is_there(self, responder_id: int, minute: datetime) -> bool:
        duties, leaves = self._duties.get(responder_id, ()), self._leaves.get(responder_id, ())
        return on_duty(duties, minute, self._zone, leaves)


class _Present:
    """Who is on duty in one minute, in the order of their ids, prepared for all that a plan may ask.

    `seen_at` says of whom her telephone tells the place, and when it did, in local time.
    """

    def __init__(
        self,
        there: Sequence[Responder],
        seen_at: Mapping[int, datetime] = _NOT_SEEN,
        travel: Travel | None = None,
    ) -> None:
        self.travel = travel
        self.seen = {id: _seen(at) for id, at in seen_at.items()}
        self.by_id = {str(responder.id): responder for responder in there}
        self.available = [r for r in there if r.kind is not ResponderKind.SUPERVISOR]
        self.supervisors = [r for r in there if r.kind is ResponderKind.SUPERVISOR]
        self.placeless = [r for r in self.available if r.position is None]
        self.staff: defaultdict[int, list[Responder]] = defaultdict(list)
        self.skilled: defaultdict[str, list[Responder]] = defaultdict(list)
        located: defaultdict[ResponderKind, list[Place]] = defaultdict(list)
        for responder in self.available:
            for area in responder.cells:
                self.staff[area].append(responder)
            for skill in responder.skills:
                self.skilled[skill].append(responder)
            if responder.position is not None:
                located[responder.kind].append(_place(responder, responder.position))
        self.located = {kind: {place.id: place for place in places} for kind, places in located.items()}
        self.places = Places(located)


class _Ranked:
    """The candidates of one home. A rung asks two or three of them, so the others are never spelt out."""

    def __init__(
        self,
        present: _Present,
        home: HomeRecord,
        near: Callable[[ResponderKind], Iterable[Near]],
        placeless: Sequence[Responder],
        door: Point | None = None,
        approach: Approach | None = None,
        k: int = SHORTLIST,
    ) -> None:
        self._present = present
        self._home = home
        self._near = near
        self._placeless = placeless
        self._door = door
        self._approach = approach
        self._k = k
        self._roughly = _ROUGHLY if home.household.position is None else ""

    def fitting(self, tell: Tell) -> Iterable[Candidate]:
        kinds = tell.kinds or GO
        found = merge(*(self._of(kind) for kind in kinds), key=_order) if kinds[1:] else self._of(kinds[0])
        if tell.whom is Whom.NEAREST and not tell.skill and ResponderKind.SUPERVISOR not in kinds:
            return found
        fit = [candidate for candidate in found if tell.fits(candidate.responder, self._home)]
        fit += self._beyond(tell, {candidate.responder.id for candidate in fit})
        return sorted(fit, key=_order)

    def _of(self, kind: ResponderKind) -> Iterator[Candidate]:
        if self._approach is None:
            yield from self._by_distance(kind)
            yield from self._by_cell(kind)
            return
        near = list(self._by_road(self._approach, kind))
        yield from (one for one in near if one.order < inf)
        yield from self._by_cell(kind)
        yield from (one for one in near if one.order == inf)

    def _by_road(self, approach: Approach, kind: ResponderKind) -> Iterator[Candidate]:
        """Who is there first by road, and who is near without being on the roads, or without a way."""
        straight = list(self._near(kind))
        door = self._door
        assert door is not None, "an approach is one to a door"
        places = self._present.located.get(kind, {})
        there = {near.id for near in straight}
        missing = [places[id] for id in approach.quickest(kind, places, self._k) if id not in there]
        if missing:
            straight += nearest(door, missing, len(missing))
        trips = []
        for near in straight:
            responder = self._present.by_id[near.id]
            trips.append((responder, near.distance_m, approach.trip(responder, near.distance_m)))
        areas = areas_of(self._home)
        for rank, (responder, distance_m, trip) in enumerate(sorted(trips, key=_soonest), start=1):
            own = not areas.isdisjoint(responder.cells)
            seen = self._present.seen.get(responder.id, _BASE)
            why = _why_by(kind, rank, trip.how, seen, is_staff=own)
            yield _travelling(responder, distance_m, trip, why + self._roughly)

    def _by_distance(self, kind: ResponderKind) -> Iterator[Candidate]:
        areas, speed = areas_of(self._home), SPEED_M_PER_MIN[kind]
        for rank, one in enumerate(self._near(kind), start=1):
            responder = self._present.by_id[one.id]
            seen = self._present.seen.get(responder.id, _BASE)
            why = _why(kind, rank, seen, is_staff=not areas.isdisjoint(responder.cells))
            yield Candidate(responder, why + self._roughly, one.distance_m, minutes(one.distance_m, speed))

    def _by_cell(self, kind: ResponderKind) -> Iterator[Candidate]:
        for responder in self._placeless:
            if responder.kind is kind and is_staff_of(responder, self._home):
                yield Candidate(
                    responder, why="没有坐标,本网格在岗人员 no position: the cell's own duty staff"
                )

    def _beyond(self, tell: Tell, found: set[int]) -> Iterator[Candidate]:
        """Whom `tell` means beyond the nearest of each kind: own staff, the skilled, and supervisors."""
        home, present = self._home, self._present
        own_first = sorted(present.supervisors, key=lambda r: (not is_staff_of(r, home), r.id))
        for responder in own_first:
            if responder.id not in found and tell.fits(responder, home):
                yield Candidate(responder, why="在岗值班长 supervisor on duty")
        if tell.whom is Whom.STAFF:
            pool = [responder for area in areas_of(home) for responder in present.staff[area]]
        else:
            pool = present.skilled.get(tell.skill, [])
        places = [
            _place(responder, responder.position)
            for responder in {r.id: r for r in pool}.values()
            if responder.position is not None and responder.id not in found and tell.fits(responder, home)
        ]
        if self._door is None or not places:
            return
        whose = "本网格" if tell.whom is Whom.STAFF else tell.skill
        for near in nearest(self._door, places, SHORTLIST):
            responder = present.by_id[near.id]
            zh, en = present.seen.get(responder.id, _BASE)
            who = f"{whose}{RESPONDER_WORD[responder.kind][0]},在岗{zh}"
            if self._approach is None:
                eta_min = minutes(near.distance_m, SPEED_M_PER_MIN[responder.kind])
                yield Candidate(
                    responder, f"{who} {tell.whom}, on duty{en}{self._roughly}", near.distance_m, eta_min
                )
            else:
                trip = self._approach.trip(responder, near.distance_m)
                why = f"{who},{trip.how[0]} {tell.whom}, on duty{en}, {trip.how[1]}{self._roughly}"
                yield _travelling(responder, near.distance_m, trip, why)


def _soonest(one: tuple[Responder, float, Trip]) -> tuple[float, float, int]:
    responder, distance_m, trip = one
    return trip.seconds, distance_m, responder.id


def _travelling(responder: Responder, distance_m: float, trip: Trip, why: str) -> Candidate:
    return Candidate(responder, why, distance_m, trip.minutes, trip.seconds, trip.by_road)


def _nobody(_kind: ResponderKind) -> Iterable[Near]:
    return ()


def _order(candidate: Candidate) -> float:
    return candidate.order


def _place(responder: Responder, where: Position) -> Place:
    return Place(str(responder.id), Point(where.lon, where.lat))


def _seen(at: datetime) -> Pair:
    return f",按{at:%H:%M}的手机定位", f", by her telephone's place of {at:%H:%M}"


@lru_cache(maxsize=4096)
def _why(kind: ResponderKind, rank: int, seen: Pair, *, is_staff: bool) -> str:
    chinese, english = RESPONDER_WORD[kind]
    own, near = "本网格" if is_staff else "", "最近" if rank == 1 else f"第{rank}近"
    english = f"no. {rank} {english} by straight distance, on duty{seen[1]}"
    return f"{own}{chinese},在岗{seen[0]},直线距离{near} {english}"


@lru_cache(maxsize=4096)
def _why_by(kind: ResponderKind, rank: int, how: Pair, seen: Pair, *, is_staff: bool) -> str:
    chinese, english = RESPONDER_WORD[kind]
    own, first = "本网格" if is_staff else "", "最快" if rank == 1 else f"第{rank}快"
    return f"{own}{chinese},在岗{seen[0]},{how[0]},{first} no. {rank} {english}, on duty{seen[1]}, {how[1]}"
