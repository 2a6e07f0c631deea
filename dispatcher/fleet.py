"""Who could be sent, best first, with the reason: by straight distance, else the cell's own staff.

The map never blocks an alert: without a position of the home the cell's staff on duty are taken, and without
those the desk is all that is left, which every plan rings anyway.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from functools import cache

from community.model import Duty, HomeRecord, Responder, ResponderKind, areas_of, is_staff_of, on_duty
from dispatcher.model import Candidate, Plan, Tell, Whom
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
        self, responders: Iterable[Responder], duties: Mapping[int, tuple[Duty, ...]], zone: tzinfo
    ) -> None:
        self._everybody = {r.id: r for r in responders}
        self._responders = {str(r.id): r for r in self._everybody.values() if r.active and r.phone}
        self._duties = duties
        self._zone = zone
        self._minute: datetime | None = None
        self._available: list[Responder] = []
        self._without_position: list[Responder] = []
        self._supervisors: list[Responder] = []
        self._staff: defaultdict[int, list[Responder]] = defaultdict(list)
        self._skilled: defaultdict[str, list[Responder]] = defaultdict(list)
        self._places: Places[ResponderKind] = Places({})

    def people(self, ids: Iterable[int]) -> dict[int, Responder]:
        """Those of `ids` who are in the register, on duty or not."""
        return {id: self._everybody[id] for id in ids if id in self._everybody}

    def candidates(self, home: HomeRecord, now: datetime, plan: Plan | None = None) -> tuple[Candidate, ...]:
        """Those on duty, by kind, best first; with those whom only `plan` means."""
        found = self.candidates_for([home], now)[home.household.id]
        return found if plan is None else self.with_those_of(plan, home, found)

    def candidates_for(
        self, homes: Collection[HomeRecord], now: datetime, beyond: int = 0
    ) -> dict[int, tuple[Candidate, ...]]:
        """The same for many homes at once, by the id of the household; for no plan in particular.

        `beyond` is how many have been asked already, and may all have refused.
        """
        self._turn_to(now.replace(second=0, microsecond=0))
        found: dict[int, tuple[Candidate, ...]] = {}
        located: list[HomeRecord] = []
        doors: list[Point] = []
        for home in homes:
            position = home.household.position
            if position is None:
                found[home.household.id] = tuple(self._by_cell(self._available, home))
            else:
                located.append(home)
                doors.append(Point(position.lon, position.lat))
        for home, near in zip(located, self._places.nearest_to_each(doors, SHORTLIST + beyond), strict=True):
            found[home.household.id] = (
                *self._by_distance(near, home),
                *self._by_cell(self._without_position, home),
            )
        return found

    def with_those_of(
        self, plan: Plan, home: HomeRecord, found: tuple[Candidate, ...]
    ) -> tuple[Candidate, ...]:
        """The candidates just `found`, and after them those whom `plan` means though others are nearer."""
        for tell in plan.tells:
            if tell.whom is Whom.STAFF or tell.skill or ResponderKind.SUPERVISOR in tell.kinds:
                found += tuple(self._also(tell, home, {c.responder.id for c in found}))
        return found

    def _turn_to(self, minute: datetime) -> None:
        if minute == self._minute:
            return
        there = [
            responder
            for responder in self._responders.values()
            if on_duty(self._duties.get(responder.id, ()), minute, self._zone)
        ]
        self._available = [r for r in there if r.kind is not ResponderKind.SUPERVISOR]
        self._supervisors = [r for r in there if r.kind is ResponderKind.SUPERVISOR]
        self._staff.clear()
        self._skilled.clear()
        for responder in self._available:
            for area in responder.cells:
                self._staff[area].append(responder)
            for skill in responder.skills:
                self._skilled[skill].append(responder)
        located: defaultdict[ResponderKind, list[Place]] = defaultdict(list)
        for responder in self._available:
            where = responder.position
            if where is not None:
                located[responder.kind].append(Place(str(responder.id), Point(where.lon, where.lat)))
        self._without_position = [r for r in self._available if r.position is None]
        self._places = Places(located)
        self._minute = minute

    def _by_distance(
        self, near: Mapping[ResponderKind, Sequence[Near]], home: HomeRecord
    ) -> Iterator[Candidate]:
        areas = areas_of(home)
        for kind, ranked in near.items():
            speed = SPEED_M_PER_MIN[kind]
            for rank, one in enumerate(ranked, start=1):
                responder = self._responders[one.id]
                why = _why(kind, rank, is_staff=not areas.isdisjoint(responder.cells))
                yield Candidate(responder, why, one.distance_m, minutes(one.distance_m, speed))

    def _by_cell(self, available: Iterable[Responder], home: HomeRecord) -> Iterator[Candidate]:
        areas = areas_of(home)
        for responder in sorted(available, key=lambda r: r.id):
            if not areas.isdisjoint(responder.cells):
                yield Candidate(
                    responder, why="没有坐标,本网格在岗人员 no position: the cell's own duty staff"
                )

    def _also(self, tell: Tell, home: HomeRecord, found: set[int]) -> Iterator[Candidate]:
        """Whom `tell` means beyond the nearest of each kind: own staff, the skilled, and supervisors."""
        if ResponderKind.SUPERVISOR in tell.kinds:
            own_first = sorted(self._supervisors, key=lambda r: (not is_staff_of(r, home), r.id))
            for responder in own_first:
                if responder.id not in found and tell.fits(responder, home):
                    yield Candidate(responder, why="在岗值班长 supervisor on duty")
        if tell.whom is Whom.STAFF:
            pool = [responder for area in areas_of(home) for responder in self._staff[area]]
        else:
            pool = self._skilled.get(tell.skill, [])
        places = [
            Place(str(r.id), Point(r.position.lon, r.position.lat))
            for r in {r.id: r for r in pool}.values()
            if r.position is not None and r.id not in found and tell.fits(r, home)
        ]
        door = home.household.position
        if door is None or not places:
            return
        whose = "本网格" if tell.whom is Whom.STAFF else tell.skill
        for near in nearest(Point(door.lon, door.lat), places, SHORTLIST):
            responder = self._responders[near.id]
            yield Candidate(
                responder=responder,
                why=f"{whose}{RESPONDER_WORD[responder.kind][0]},在岗 {tell.whom}, on duty",
                distance_m=near.distance_m,
                eta_min=minutes(near.distance_m, SPEED_M_PER_MIN[responder.kind]),
            )


@cache
def _why(kind: ResponderKind, rank: int, *, is_staff: bool) -> str:
    chinese, english = RESPONDER_WORD[kind]
    own, near = "本网格" if is_staff else "", "最近" if rank == 1 else f"第{rank}近"
    return f"{own}{chinese},在岗,直线距离{near} no. {rank} {english} by straight distance, on duty"
