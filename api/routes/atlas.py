"""What stands still on the map: areas, buildings and homes as GeoJSON, with an ETag.

Eight thousand buildings are one and a half megabytes: they are drawn once per revision of the register, and a
console that has them already is told so. Every feature has its `category` and `id` in its properties.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from pydantic_core import to_json
from sqlalchemy import Connection
from starlette.responses import Response

from api.deps import ReadDep
from community.model import AreaLevel
from community.storage import atlas, register
from maps.buildings import STOREY_M
from maps.coords import Point
from maps.geojson import Json, feature_collection, point_feature, polygon_feature
from maps.grid import label_point

router = APIRouter(tags=["map"])

IfNoneMatch = Annotated[str | None, Header(description="the ETag of the collection that is there already")]
GEOJSON: dict[int | str, dict[str, Any]] = {
    200: {"description": "an RFC 7946 FeatureCollection, degrees WGS-84, with an ETag"},
    304: {"description": "it is still the one with the ETag in `If-None-Match`"},
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """One collection as bytes, plain and compressed. Its tag is of its content: databases may be swapped."""

    revision: int
    etag: str
    plain: bytes
    packed: bytes


class Atlas:
    """The sheets of one application. Two requests may draw the same sheet; the later one stays."""

    def __init__(self) -> None:
        self._sheets: dict[str, Sheet] = {}

    def sheet(self, connection: Connection, name: str, draw: Callable[[Connection], Iterator[Json]]) -> Sheet:
        """The sheet `name`, drawn again when the register has changed since."""
        revision = atlas.revision(connection)  # before what it stands for: a change in between draws it again
        kept = self._sheets.get(name)
        if kept is None or kept.revision != revision:
            plain = to_json(feature_collection(draw(connection)))
            etag = f'W/"{hashlib.sha256(plain).hexdigest()[:20]}"'
            kept = self._sheets[name] = Sheet(revision, etag, plain, gzip.compress(plain, 5, mtime=0))
        return kept


@router.get(
    "/map/areas", operation_id="getAreaMap", summary="The grid as GeoJSON polygons", responses=GEOJSON
)
def get_area_map(
    request: Request,
    connection: ReadDep,
    level: Annotated[AreaLevel | None, Query()] = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """`label` is a point inside, for the name. `synthetic` geometry was drafted: say so where it is shown."""
    return _answer(request, connection, f"areas {level or ''}", lambda db: _areas(db, level), if_none_match)


@router.get(
    "/map/buildings",
    operation_id="getBuildingMap",
    summary="The buildings as GeoJSON polygons with their height",
    responses=GEOJSON,
)
def get_building_map(request: Request, connection: ReadDep, if_none_match: IfNoneMatch = None) -> Response:
    """`height_m` is worked out from `storeys`; `homes` says how many homes of the register are in it."""
    return _answer(request, connection, "buildings", _buildings, if_none_match)


@router.get(
    "/map/homes",
    operation_id="getHomeMap",
    summary="The homes of the register as GeoJSON points, with building and floor",
    responses=GEOJSON,
)
def get_home_map(request: Request, connection: ReadDep, if_none_match: IfNoneMatch = None) -> Response:
    """Nobody's name is in it. A home without a position is not on the map."""
    return _answer(request, connection, "homes", _homes, if_none_match)


def _answer(
    request: Request,
    connection: Connection,
    name: str,
    draw: Callable[[Connection], Iterator[Json]],
    if_none_match: str | None,
) -> Response:
    shelf: Atlas = request.app.state.atlas
    sheet = shelf.sheet(connection, name, draw)
    headers = {"ETag": sheet.etag, "Cache-Control": "private, no-cache", "Vary": "Accept-Encoding"}
    if sheet.etag in (if_none_match or ""):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(sheet.packed, media_type="application/geo+json", headers=headers)
    return Response(sheet.plain, media_type="application/geo+json", headers=headers)


def _areas(connection: Connection, level: AreaLevel | None) -> Iterator[Json]:
    for area in register.areas(connection, level):
        if area.polygon is None:
            continue
        label = label_point(area.polygon)
        yield polygon_feature(
            f"area:{area.id}",
            area.polygon,
            {
                "category": "area",
                "id": area.id,
                "level": area.level,
                "code": area.code,
                "name": area.name,
                "parent_id": area.parent_id,
                "label": (round(label.lon, 7), round(label.lat, 7)),
                "synthetic": area.synthetic,
            },
        )


def _buildings(connection: Connection) -> Iterator[Json]:
    homes: dict[int, int] = {}
    for home in atlas.homes(connection):
        if home.building_id is not None:
            homes[home.building_id] = homes.get(home.building_id, 0) + 1
    for building in atlas.buildings(connection):
        yield polygon_feature(
            f"building:{building.id}",
            building.polygon,
            {
                "category": "building",
                "id": building.id,
                "area_id": building.area_id,
                "name": building.name,
                "storeys": building.storeys,
                "height_m": building.storeys * STOREY_M,
                "homes": homes.get(building.id, 0),
                "synthetic": building.synthetic,
            },
        )


def _homes(connection: Connection) -> Iterator[Json]:
    for home in atlas.homes(connection):
        yield point_feature(
            f"home:{home.household_id}",
            Point(home.position.lon, home.position.lat),
            {
                "category": "home",
                "id": home.household_id,
                "address": home.address,
                "building_id": home.building_id,
                "floor": home.floor,
            },
        )
