"""How well the centre did: targets, phases, load, devices that cry for nothing; and every case as a line."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.deps import NowDep, ReadDep, ZoneDep
from community import spreadsheets
from community.model import AreaLevel
from community.storage import register
from dispatcher import reports
from dispatcher.figures import Figures
from dispatcher.model import FALSE_ALARMS
from maps.geojson import Json, feature_collection, polygon_feature

Days = Annotated[int, Query(ge=1, le=366, description="how many days back from now", examples=[30])]

router = APIRouter(tags=["figures"])


@router.get("/figures", operation_id="getFigures", summary="Targets, phases, load and false alarms")
def get_figures(connection: ReadDep, zone: ZoneDep, now: NowDep, days: Days = 30) -> Figures:
    """Of the cases opened in the last `days`. Tests, duplicates and trouble of devices are not measured."""
    return reports.report(connection, now - timedelta(days=days), now, zone)


@router.get(
    "/figures.xlsx",
    operation_id="getCourses",
    summary="Every case as a line of a spreadsheet",
    response_class=Response,
    responses={200: {"content": {spreadsheets.MEDIA_TYPE: {}}}},
)
def get_courses(connection: ReadDep, zone: ZoneDep, now: NowDep, days: Days = 30) -> Response:
    """No line names a resident."""
    found = reports.courses(connection, now - timedelta(days=days), now)
    name = f"anxin-{now.astimezone(zone):%Y%m%d}-{days}d.xlsx"
    return Response(
        spreadsheets.sheet(reports.HEADS, reports.lines(found, zone)),
        media_type=spreadsheets.MEDIA_TYPE,
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


@router.get(
    "/figures.geojson",
    operation_id="getFiguresByCell",
    summary="How many cases each cell had, with its outline, for a map of your own",
    responses={200: {"description": "an RFC 7946 FeatureCollection, degrees WGS-84"}},
)
def get_figures_by_cell(connection: ReadDep, now: NowDep, days: Days = 30) -> Json:
    """Cells without an outline are left out, and so are cases of no cell. Nobody's home is shown."""
    found = reports.courses(connection, now - timedelta(days=days), now)
    cases = Counter(one.area_id for one in found)
    calls = Counter(one.area_id for one in found if one.counts)
    false = Counter(one.area_id for one in found if one.close_code in FALSE_ALARMS)
    return feature_collection(
        polygon_feature(
            f"area:{area.id}",
            area.polygon,
            {
                "code": area.code,
                "name": area.name,
                "cases": cases[area.id],
                "calls_for_help": calls[area.id],
                "false_alarms": false[area.id],
                "synthetic": area.synthetic,
            },
        )
        for area in register.areas(connection, AreaLevel.CELL)
        if area.polygon is not None
    )
