"""Who could be sent, best first, with the reason: by straight distance, else the cell's own staff.

The map never blocks an alert: without a position of the home the cell's staff on duty are taken, and without
those the desk is all that is left, which every plan rings anyway.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from community.model import Duty, HomeRecord, Responder, ResponderKind, on_duty
from dispatcher.model import Candidate
from maps.coords import Point
from maps.nearest import Place, minutes, nearest

SPEED_M_PER_MIN: Mapping[ResponderKind, float] = {
    # An e-bike in streets, about 15 km/h; a clinic's car with getting ready; on foot for neighbours.
    ResponderKind.GRID_WORKER: 250.0,
    ResponderKind.COMMUNITY_WORKER: 250.0,
    ResponderKind.CLINIC: 300.0,
    ResponderKind.CONNECTOR: 70.0,
    ResponderKind.VOLUNTEER: 70.0,
}
SHORTLIST = 8  # of each kind: more than any plan asks before it starts over


@dataclass(frozen=True, slots=True)
class Fleet:
    """Everybody who can be sent, with their duty times."""

    responders: tuple[Responder, ...]
    duties: Mapping[int, tuple[Duty, ...]]
    zone: tzinfo

    def candidates(self, home: HomeRecord, now: datetime) -> tuple[Candidate, ...]:
        """Those on duty, by kind, best first."""
        available = [
            r
            for r in self.responders
            if r.active and r.phone and on_duty(self.duties.get(r.id, ()), now, self.zone)
        ]
        position = home.household.position
        if position is None:
            return tuple(self._by_cell(available, home))
        return tuple(self._by_distance(available, Point(position.lon, position.lat), home))

    def _by_distance(self, available: list[Responder], door: Point, home: HomeRecord) -> Iterator[Candidate]:
        by_id = {str(r.id): r for r in available if r.position is not None}
        places = [
            Place(id, Point(r.position.lon, r.position.lat), frozenset({r.kind.value}))
            for id, r in by_id.items()
            if r.position is not None
        ]
        for kind in ResponderKind:
            ranked = nearest(door, places, SHORTLIST, tags={kind.value})
            for place, near in enumerate(ranked, start=1):
                responder = by_id[near.id]
                own = "本网格" if home.cell.id in responder.cells else ""
                yield Candidate(
                    responder=responder,
                    why=f"直线第{place}近的{own}在岗 no. {place} by straight distance, on duty",
                    distance_m=near.distance_m,
                    eta_min=minutes(near.distance_m, SPEED_M_PER_MIN[kind]),
                )

    def _by_cell(self, available: list[Responder], home: HomeRecord) -> Iterator[Candidate]:
        for responder in sorted(available, key=lambda r: r.id):
            if home.cell.id in responder.cells:
                yield Candidate(
                    responder, why="住户没有坐标,本网格在岗人员 no position: the cell's own duty staff"
                )
