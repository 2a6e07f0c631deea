"""Who could be sent, best first, with the reason: by straight distance, else the cell's own staff.

The map never blocks an alert: without a position of the home the cell's staff on duty are taken, and without
those the desk is all that is left, which every plan rings anyway.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, tzinfo

from community.model import Duty, HomeRecord, Responder, ResponderKind, on_duty
from dispatcher.model import Candidate
from dispatcher.wording import RESPONDER_WORD
from maps.coords import Point
from maps.nearest import Place, Places, minutes

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
        self._places: Places[ResponderKind] = Places({})

    def candidates(self, home: HomeRecord, now: datetime) -> tuple[Candidate, ...]:
        """Those on duty, by kind, best first."""
        self._turn_to(now.replace(second=0, microsecond=0))
        position = home.household.position
        if position is None:
            return tuple(self._by_cell(self._available, home))
        near = self._by_distance(Point(position.lon, position.lat), home)
        return (*near, *self._by_cell([r for r in self._available if r.position is None], home))

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
        self._places = Places(located)
        self._minute = minute

    def _by_distance(self, door: Point, home: HomeRecord) -> Iterator[Candidate]:
        for kind, ranked in self._places.nearest(door, SHORTLIST).items():
            for rank, near in enumerate(ranked, start=1):
                responder = self._responders[near.id]
                own = "本网格" if _is_staff(responder, home) else ""
                yield Candidate(
                    responder=responder,
                    why=f"{own}{RESPONDER_WORD[kind][0]},在岗,直线距离{_ordinal(rank)} "
                    f"no. {rank} {RESPONDER_WORD[kind][1]} by straight distance, on duty",
                    distance_m=near.distance_m,
                    eta_min=minutes(near.distance_m, SPEED_M_PER_MIN[kind]),
                )

    def _by_cell(self, available: Iterable[Responder], home: HomeRecord) -> Iterator[Candidate]:
        for responder in sorted(available, key=lambda r: r.id):
            if _is_staff(responder, home):
                yield Candidate(
                    responder, why="没有坐标,本网格在岗人员 no position: the cell's own duty staff"
                )


def _ordinal(rank: int) -> str:
    return "最近" if rank == 1 else f"第{rank}近"


def _is_staff(responder: Responder, home: HomeRecord) -> bool:
    """Whether the home's cell, or its community, has this responder on its staff."""
    areas = {home.cell.id} if home.community is None else {home.cell.id, home.community.id}
    return not areas.isdisjoint(responder.cells)
