"""Is it alive, and can it work? For whatever watches the process; says nothing about residents."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from api.deps import PartsDep
from api.problems import problem
from api.wellbeing import Wellbeing, described
from community.storage.schema import SchemaOutOfDate, require_newest
from dispatcher.health import Grade

router = APIRouter(tags=["health"])


class Health(BaseModel):
    status: str = "ok"


@router.get("/healthz", operation_id="isAlive", summary="The process answers")
async def is_alive() -> Health:
    """Never asks the database: a process must not be restarted because a database is."""
    return Health()


@router.get("/readyz", operation_id="isReady", summary="The database answers and has this program's schema")
def is_ready(parts: PartsDep) -> Response:
    try:
        require_newest(parts.store)
    except SchemaOutOfDate as out_of_date:
        return problem(503, "schema_out_of_date", str(out_of_date))
    return JSONResponse(Health().model_dump())


class HealthReport(BaseModel):
    """`status` is pass, warn or fail; `checks` has one list for each thing that was looked at."""

    status: Grade
    time: str
    checks: dict[str, list[dict[str, Any]]]


@router.get(
    "/health",
    operation_id="howIsTheCentre",
    summary="Whether the whole centre does its work",
    response_model=HealthReport,
    responses={503: {"description": "something fails: somebody may not be helped", "model": HealthReport}},
)
async def how_is_the_centre(request: Request) -> Response:
    """Workers whose loop stands still, incidents nobody looks at, texts that do not leave, the last synthetic
    presses, the providers. 200 for pass and warn, 503 for fail: what an outside monitor should ask.
    """
    wellbeing: Wellbeing = request.app.state.wellbeing
    health = await wellbeing.look()
    status = 503 if health.grade is Grade.FAIL else 200
    return JSONResponse(described(health), status, media_type="application/health+json")
