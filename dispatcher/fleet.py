"""Who could be sent, best first, with the reason: by straight distance, else the cell's own staff.

The map never blocks an alert: without a position of the home the cell's staff on duty are taken, and without
those the desk is all that is left, which every plan rings anyway.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from functools import cache, partial
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
    areas_of,
    is_staff_of,
    on_duty,
)
from dispatcher.model import GO, Candidate, Candidates, Tell, Whom
from dispatcher.wording import RESPONDER_WORD
from maps.coords import Point
from maps.nearest import Near, Place, Places, minutes, nearest

SPEED_M_PER_MIN: Mapping[ResponderKind, float] = {
    # An e-bike in streets, about 15 km/h; a clinic's car with getting ready; on foot for neighbours.
    ResponderKind.GRID_WORKER: 250.0,
    ResponderKind.COMMUNITY_WORKER: 250.0,
    ResponderKind.CLINIC: 300.0,
    ResponderKind.CONNECTOR: 70.0,
    ResponderKind.VOLUNTEER: 70.0,
    ResponderKind.SUPERVISOR: 300.0,
}
SHORTLIST = 8  # of each kind, beside those who have been asked already: more than a plan asks at once


class Fleet:
    """Everybody who can be sent. Duties are whole minutes, so who is on duty is worked out once a minute."""

    def __init__(
        self,
        responders: Iterable[Responder],
        duties: Mapping[int, tuple[Duty, ...]],
        zone: tzinfo,
        leaves: Mapping[int, tuple[Leave, ...]] = MappingProxyType({}),
    ) -> None:
        self._everybody = {r.id: r for r in responders}
        self._responders = sorted(
            (r for r in self._everybody.values() if r.active and r.phone), key=lambda r: r.id
        )
        self._duties = duties
        self._leaves = leaves
        self._zone = zone
        self._minute: datetime | None = None
        self._present = _Present(())

    def people(self, ids: Iterable[int]) -> dict[int, Responder]:
        """Those of `ids` who are in the register, on duty or not."""
        return {id: self._everybody[id] for id in ids if id in self._everybody}

    def supervisors(self, now: datetime) -> tuple[Responder, ...]:
        """The shift leaders on duty."""
        self._turn_to(now.replace(second=0, microsecond=0))
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
        self._turn_to(now.replace(second=0, microsecond=0))
        found: dict[int, Candidates] = {}
        located: list[HomeRecord] = []
        doors: list[Point] = []
        for home in homes:
            position = home.household.position
            if position is None:
                found[home.household.id] = _Ranked(self._present, home, _nobody, self._present.available)
            else:
                located.append(home)
                doors.append(Point(position.lon, position.lat))
        present = self._present
        seen = present.places.seen_from(doors, SHORTLIST + beyond)
        for at, home in enumerate(located):
            found[home.household.id] = _Ranked(present, home, partial(seen.nearest, at), present.placeless)
        return found

    def _turn_to(self, minute: datetime) -> None:
        if minute != self._minute:
            self._present = _Present(
                [responder for responder in self._responders if self._is_there(responder.id, minute)]
            )
            self._minute = minute

    def _is_there(self, responder_id: int, minute: datetime) -> bool:
        duties, leaves = self._duties.get(responder_id, ()), self._leaves.get(responder_id, ())
        return on_duty(duties, minute, self._zone, leaves)


class _Present:
    """Who is on duty in one minute, in the order of their ids, prepared for all that a plan may ask."""

    def __init__(self, there: Sequence[Responder]) -> None:
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
        self.places = Places(located)


class _Ranked:
    """The candidates of one home. A rung asks two or three of them, so the others are never spelt out."""

    def __init__(
        self,
        present: _Present,
        home: HomeRecord,
        near: Callable[[ResponderKind], Iterable[Near]],
        placeless: Sequence[Responder],
    ) -> None:
        self._present = present
        self._home = home
        self._near = near
        self._placeless = placeless

    def fitting(self, tell: Tell) -> Iterable[Candidate]:
        kinds = tell.kinds or GO
        found = merge(*(self._of(kind) for kind in kinds), key=_distance) if kinds[1:] else self._of(kinds[0])
        if tell.whom is Whom.NEAREST and not tell.skill and ResponderKind.SUPERVISOR not in kinds:
            return found
        fit = [candidate for candidate in found if tell.fits(candidate.responder, self._home)]
        fit += self._beyond(tell, {candidate.responder.id for candidate in fit})
        return sorted(fit, key=_distance)

    def _of(self, kind: ResponderKind) -> Iterator[Candidate]:
        yield from self._by_distance(kind)
        yield from self._by_cell(kind)

    def _by_distance(self, kind: ResponderKind) -> Iterator[Candidate]:
        areas, speed = areas_of(self._home), SPEED_M_PER_MIN[kind]
        for rank, one in enumerate(self._near(kind), start=1):
            responder = self._present.by_id[one.id]
            why = _why(kind, rank, is_staff=not areas.isdisjoint(responder.cells))
            yield Candidate(responder, why, one.distance_m, minutes(one.distance_m, speed))

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
        door = home.household.position
        if door is None or not places:
            return
        whose = "本网格" if tell.whom is Whom.STAFF else tell.skill
        for near in nearest(Point(door.lon, door.lat), places, SHORTLIST):
            responder = present.by_id[near.id]
            yield Candidate(
                responder=responder,
                why=f"{whose}{RESPONDER_WORD[responder.kind][0]},在岗 {tell.whom}, on duty",
                distance_m=near.distance_m,
                eta_min=minutes(near.distance_m, SPEED_M_PER_MIN[responder.kind]),
            )


def _nobody(_kind: ResponderKind) -> Iterable[Near]:
    return ()


def _distance(candidate: Candidate) -> float:
    return inf if candidate.distance_m is None else candidate.distance_m


def _place(responder: Responder, where: Position) -> Place:
    return Place(str(responder.id), Point(where.lon, where.lat))


@cache
def _why(kind: ResponderKind, rank: int, *, is_staff: bool) -> str:
    chinese, english = RESPONDER_WORD[kind]
    own, near = "本网格" if is_staff else "", "最近" if rank == 1 else f"第{rank}近"
    return f"{own}{chinese},在岗,直线距离{near} no. {rank} {english} by straight distance, on duty"
