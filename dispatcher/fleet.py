"""Who could be sent, best first, with the reason: by straight distance, else the cell's own staff.

The map never blocks an alert: without a position of the home the cell's staff on duty are taken, and without
those the desk is all that is left, which every plan rings anyway.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from functools import cache

from community.model import Duty, HomeRecord, Responder, ResponderKind, on_duty
from dispatcher.model import Candidate
from dispatcher.wording import RESPONDER_WORD
from maps.coords import Point
from maps.nearest import Near, Place, Places, minutes

SPEED_M_PER_MIN: Mapping[ResponderKind, float] = {
    # An e-bike in streets, about 15 km/h; a clinic's car with getting ready; on foot for neighbours.
    ResponderKind.GRID_WORKER: 250.0,
    ResponderKind.COMMUNITY_WORKER: 250.0,
    ResponderKind.CLINIC: 300.0,
    ResponderKind.CONNECTOR: 70.0,
    ResponderKind.VOLUNTEER: 70.0,
}
SHORTLIST = 8  # of each kind: more than any plan asks before it starts over


class Fleet:
    """Everybody who can be sent. Duties are whole minutes, so who is on duty is worked out once a minute."""

    def __init__(
        self, responders: Iterable[Responder], duties: Mapping[int, tuple[Duty, ...]], zone: tzinfo
    ) -> None:
        self._responders = {str(r.id): r for r in responders if r.active and r.phone}
        self._duties = duties
        self._zone = zone
        self._minute: datetime | None = None
        self._available: list[Responder] = []
        self._without_position: list[Responder] = []
        self._places: Places[ResponderKind] = Places({})

    def candidates(self, home: HomeRecord, now: datetime) -> tuple[Candidate, ...]:
        """Those on duty, by kind, best first."""
        return self.candidates_for([home], now)[home.household.id]

    def candidates_for(
        self, homes: Collection[HomeRecord], now: datetime
    ) -> dict[int, tuple[Candidate, ...]]:
        """The same for many homes at once, by the id of the household."""
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
        for home, near in zip(located, self._places.nearest_to_each(doors, SHORTLIST), strict=True):
            found[home.household.id] = (
                *self._by_distance(near, home),
                *self._by_cell(self._without_position, home),
            )
        return found

    def _turn_to(self, minute: datetime) -> None:
        if minute == self._minute:
            return
        self._available = [
            responder
            for responder in self._responders.values()
            if on_duty(self._duties.get(responder.id, ()), minute, self._zone)
        ]
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
        areas = _areas_of(home)
        for kind, ranked in near.items():
            speed = SPEED_M_PER_MIN[kind]
            for rank, one in enumerate(ranked, start=1):
                responder = self._responders[one.id]
                why = _why(kind, rank, is_staff=not areas.isdisjoint(responder.cells))
                yield Candidate(responder, why, one.distance_m, minutes(one.distance_m, speed))

    def _by_cell(self, available: Iterable[Responder], home: HomeRecord) -> Iterator[Candidate]:
        areas = _areas_of(home)
        for responder in sorted(available, key=lambda r: r.id):
            if not areas.isdisjoint(responder.cells):
                yield Candidate(
                    responder, why="没有坐标,本网格在岗人员 no position: the cell's own duty staff"
                )


@cache
def _why(kind: ResponderKind, rank: int, *, is_staff: bool) -> str:
    chinese, english = RESPONDER_WORD[kind]
    own, near = "本网格" if is_staff else "", "最近" if rank == 1 else f"第{rank}近"
    return f"{own}{chinese},在岗,直线距离{near} no. {rank} {english} by straight distance, on duty"


def _areas_of(home: HomeRecord) -> set[int]:
    """The home's cell and its community: whoever is on the staff of either counts as its own."""
    return {home.cell.id} if home.community is None else {home.cell.id, home.community.id}
