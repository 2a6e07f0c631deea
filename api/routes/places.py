"""Where: the grid, the live picture as GeoJSON, and the incident map that can be printed.

Every feature has its `category` and `id` in its properties. Names are in this JSON only, for the page to put
into `textContent`; the folium map carries ids, codes and distances and no resident's words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, tzinfo
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse

from api.deps import NowDep, ReadDep, ZoneDep
from api.problems import describe
from api.routes.incidents import IncidentId
from community.errors import Conflict
from community.model import Area, AreaLevel, Duty, Responder, ResponderKind, on_duty
from community.storage import register
from dispatcher import views
from dispatcher.fleet import Fleet
from dispatcher.model import GO, Tell, Whom
from dispatcher.model import Candidate as Choice
from maps.coords import Point
from maps.geojson import feature_collection, point_feature, polygon_feature
from maps.grid import Cell
from maps.page import Candidate, Category, IncidentMap, draw

Json = dict[str, object]
GEOJSON: dict[int | str, dict[str, Any]] = {
    200: {"description": "an RFC 7946 FeatureCollection, degrees WGS-84"},
}
SHOWN_RESPONDERS, SHOWN_CLINICS = 4, 2  # as many as a sheet of paper can tell apart

router = APIRouter(tags=["map"])


@router.get("/areas", operation_id="listAreas", summary="The tree of areas: street › community › cell")
def list_areas(connection: ReadDep, level: Annotated[AreaLevel | None, Query()] = None) -> tuple[Area, ...]:
    """Without polygons; those are in `/api/map/areas`."""
    return register.areas(connection, level, with_polygons=False)


@router.get(
    "/map/areas", operation_id="getAreaMap", summary="The grid as GeoJSON polygons", responses=GEOJSON
)
def get_area_map(connection: ReadDep, level: Annotated[AreaLevel | None, Query()] = None) -> Json:
    """`synthetic` geometry was drafted, not surveyed: say so wherever it is shown."""
    return feature_collection(
        polygon_feature(
            f"area:{area.id}",
            area.polygon,
            {
                "category": "area",
                "id": area.id,
                "level": area.level,
                "code": area.code,
                "name": area.name,
                "parent_id": area.parent_id,
                "synthetic": area.synthetic,
            },
        )
        for area in register.areas(connection, level)
        if area.polygon is not None
    )


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
            *_responders(register.responders(connection), register.duties(connection), now, zone),
        )
    )


@router.get(
    "/incidents/{incident_id}/map",
    operation_id="getIncidentMap",
    summary="The incident map: one page that works with no network",
    response_class=HTMLResponse,
    responses=describe(404, 409),
)
def get_incident_map(
    incident_id: IncidentId, connection: ReadDep, now: NowDep, zone: ZoneDep
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
    fleet = Fleet(register.responders(connection), register.duties(connection), zone)
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
            candidates=tuple(_shown(fleet.candidates(home, now).fitting(Tell(Whom.NEAREST, kinds=GO)))),
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


def _responders(
    responders: Iterable[Responder], duties: Mapping[int, tuple[Duty, ...]], now: datetime, zone: tzinfo
) -> Iterator[Json]:
    for responder in responders:
        present = on_duty(duties.get(responder.id, ()), now, zone)
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
            },
        )


def _shown(choices: Iterable[Choice]) -> Iterator[Candidate]:
    """The nearest of each category, in the map's words."""
    left = {Category.RESPONDER: SHOWN_RESPONDERS, Category.CLINIC: SHOWN_CLINICS}
    for choice in sorted(choices, key=lambda one: (one.distance_m is None, one.distance_m)):
        responder, position = choice.responder, choice.responder.position
        category = Category.CLINIC if responder.kind is ResponderKind.CLINIC else Category.RESPONDER
        if position is None or choice.distance_m is None or not left[category]:
            continue
        left[category] -= 1
        yield Candidate(
            str(responder.id),
            category,
            Point(position.lon, position.lat),
            choice.distance_m,
            choice.eta_min,
        )
