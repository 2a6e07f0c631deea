"""Is it alive, and can it work? For whatever watches the process; says nothing about residents."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from api.deps import PartsDep
from api.problems import problem
from community.storage.schema import SchemaOutOfDate, require_newest

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
