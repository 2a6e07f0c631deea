"""Where: the areas, the live picture as GeoJSON, who could be sent, and the incident map that can be printed.

Every feature has its `category` and `id` in its properties. Names are in this JSON only, for the page to put
into `textContent`; the folium map carries ids, codes and distances and no resident's words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy import Connection
from starlette.responses import HTMLResponse

from api.deps import FleetDep, NowDep, ReadDep, ZoneDep
from api.problems import describe
from api.routes.incidents import IncidentId
from community.errors import Conflict
from community.model import Area, AreaLevel, HomeRecord, Position, ResponderKind, on_duty
from community.storage import register, rota, whereabouts
from community.whereabouts import placed
from dispatcher import views
from dispatcher.fleet import Fleet
from dispatcher.model import GO, Tell, Whom
from dispatcher.model import Candidate as Choice
from maps.coords import Point
from maps.geojson import Json, feature_collection, point_feature
from maps.grid import Cell
from maps.page import Candidate, Category, IncidentMap, draw

GEOJSON: dict[int | str, dict[str, Any]] = {
    200: {"description": "an RFC 7946 FeatureCollection, degrees WGS-84"},
}
SHOWN_RESPONDERS, SHOWN_CLINICS = 4, 2  # as many as a sheet of paper or a screen can tell apart

router = APIRouter(tags=["map"])


@router.get("/areas", operation_id="listAreas", summary="The tree of areas: street › community › cell")
def list_areas(connection: ReadDep, level: Annotated[AreaLevel | None, Query()] = None) -> tuple[Area, ...]:
    """Without polygons; those are in `/api/map/areas`."""
    return register.areas(connection, level, with_polygons=False)


@router.get(
    "/map/live",
    operation_id="getLiveMap",
    summary="Homes with open incidents, responders on duty, clinics",
    responses=GEOJSON,
)
def get_live_map(connection: ReadDep, now: NowDep, zone: ZoneDep) -> Json:
    return feature_collection(
        (
            *_homes(views.board(connection)),
            *_responders(connection, now, zone),
        )
    )


@dataclass(frozen=True, slots=True)
class Ranked:
    """Somebody on duty who could be sent to a home, with the straight distance in metres."""

    rank: int  # 1 would be there first
    responder_id: int
    name: str
    kind: ResponderKind
    lon: float
    lat: float
    distance_m: float
    eta_min: int | None
    why: str


@router.get(
    "/incidents/{incident_id}/candidates",
    operation_id="listCandidates",
    summary="Who on duty would be there first: the nearest people and clinics",
    responses=describe(404),
)
def list_candidates(
    incident_id: IncidentId, connection: ReadDep, now: NowDep, fleet: FleetDep
) -> tuple[Ranked, ...]:
    """Empty when the incident has no home or the home no position. Whom the plan asks is on the card."""
    home = views.detail(connection, incident_id).home
    if home is None or home.household.position is None:
        return ()
    return tuple(
        Ranked(
            rank,
            choice.responder.id,
            choice.responder.name,
            choice.responder.kind,
            position.lon,
            position.lat,
            distance_m,
            choice.eta_min,
            choice.why,
        )
        for rank, (choice, _, position, distance_m) in enumerate(_nearest(fleet, home, now), start=1)
    )


@router.get(
    "/incidents/{incident_id}/map",
    operation_id="getIncidentMap",
    summary="The incident map: one page that works with no network",
    response_class=HTMLResponse,
    responses=describe(404, 409),
)
def get_incident_map(
    incident_id: IncidentId, connection: ReadDep, now: NowDep, zone: ZoneDep, fleet: FleetDep
) -> HTMLResponse:
    """Its own Content-Security-Policy allows exactly the scripts and styles it was drawn with."""
    detail = views.detail(connection, incident_id)
    home = detail.home
    position = home.household.position if home else None
    if home is None or position is None:
        raise Conflict(
            "no_position",
            f"the home of incident {incident_id} has no position on the map: go by the address, "
            "and give the household a position",
        )
    around = [
        area
        for area in register.areas(connection, AreaLevel.CELL)
        if area.polygon is not None and (area.parent_id == home.cell.parent_id)
    ]
    page = draw(
        IncidentMap(
            incident=str(incident_id),
            home=Point(position.lon, position.lat),
            drawn_at=now.astimezone(zone),
            cell_code=home.cell.code,
            cells=tuple(Cell(area.code, area.polygon) for area in around if area.polygon is not None),
            candidates=tuple(_shown(_nearest(fleet, home, now))),
            schematic=any(area.synthetic for area in around),
        )
    )
    return HTMLResponse(page.html, headers={"Content-Security-Policy": page.content_security_policy})


def _homes(cards: Iterable[views.Card]) -> Iterator[Json]:
    for card in cards:
        if card.lon is None or card.lat is None:
            continue  # the queue shows its address; a map cannot
        yield point_feature(
            f"incident:{card.id}",
            Point(card.lon, card.lat),
            {
                "category": "household",
                "id": card.household_id,
                "incident_id": card.id,
                "kind": card.kind,
                "severity": card.severity,
                "stage": card.stage,
                "who": card.who,
                "address": card.address,
            },
        )


def _responders(connection: Connection, now: datetime, zone: tzinfo) -> Iterator[Json]:
    duties, leaves = register.duties(connection), rota.leaves(connection, now)
    seen = whereabouts.newest(connection)
    for known in register.responders(connection):
        responder = placed(known, seen.get(known.id), now)
        present = on_duty(duties.get(responder.id, ()), now, zone, leaves.get(responder.id, ()))
        is_clinic = responder.kind is ResponderKind.CLINIC  # a clinic is drawn when it is shut, too
        if responder.position is None or not responder.active or not (present or is_clinic):
            continue
        yield point_feature(
            f"responder:{responder.id}",
            Point(responder.position.lon, responder.position.lat),
            {
                "category": "clinic" if is_clinic else "responder",
                "id": responder.id,
                "kind": responder.kind,
                "name": responder.name,
                "on_duty": present,
                "seen_at": None if responder is known else seen[known.id].at,
            },
        )


def _nearest(fleet: Fleet, home: HomeRecord, now: datetime) -> list[tuple[Choice, Category, Position, float]]:
    """The nearest of each category with position and distance in metres, who is there first in front."""
    left = {Category.RESPONDER: SHOWN_RESPONDERS, Category.CLINIC: SHOWN_CLINICS}
    found = []
    choices = fleet.candidates(home, now).fitting(Tell(Whom.NEAREST, kinds=GO))
    for choice in sorted(choices, key=lambda one: one.order):
        position, distance_m = choice.responder.position, choice.distance_m
        category = Category.CLINIC if choice.responder.kind is ResponderKind.CLINIC else Category.RESPONDER
        if position is None or distance_m is None or not left[category]:
            continue
        left[category] -= 1
        found.append((choice, category, position, distance_m))
    return sorted(found, key=lambda one: (one[0].eta_min is None, one[0].eta_min, one[0].order))


def _shown(
    nearest: Iterable[tuple[Choice, Category, Position, float]],
) -> Iterator[Candidate]:
    """The same in the map's words."""
    for choice, category, position, distance_m in nearest:
        yield Candidate(
            str(choice.responder.id),
            category,
            Point(position.lon, position.lat),
            distance_m,
            choice.eta_min,
        )
