"""How well the centre did: targets, phases, load, devices that cry for nothing; and every case as a line."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.deps import NowDep, ReadDep, ZoneDep
from community.ledger import harmless
from dispatcher import reports
from dispatcher.figures import Figures

Days = Annotated[int, Query(ge=1, le=366, description="how many days back from now", examples=[30])]

router = APIRouter(tags=["figures"])


@router.get("/figures", operation_id="getFigures", summary="Targets, phases, load and false alarms")
def get_figures(connection: ReadDep, zone: ZoneDep, now: NowDep, days: Days = 30) -> Figures:
    """Of the cases opened in the last `days`. Tests, duplicates and trouble of devices are not measured."""
    return reports.report(connection, now - timedelta(days=days), now, zone)


@router.get(
    "/figures.csv",
    operation_id="getCourses",
    summary="Every case as a line, for a spreadsheet",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}},
)
def get_courses(connection: ReadDep, zone: ZoneDep, now: NowDep, days: Days = 30) -> Response:
    """UTF-8 with a mark in front, as Excel wants it. No line names a resident."""
    found = reports.courses(connection, now - timedelta(days=days), now)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(reports.HEADS)
    writer.writerows([harmless(str(cell)) for cell in line] for line in reports.lines(found, zone))
    name = f"anxin-{_day(now, zone)}-{days}d.csv"
    return Response(
        "\ufeff" + text.getvalue(),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


def _day(moment: datetime, zone: ZoneDep) -> str:
    return f"{moment.astimezone(zone):%Y%m%d}"
