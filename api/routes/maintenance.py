"""Work on devices: what only says that a device is not well waits for its end."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel

from api.deps import CallerDep, NowDep, PartsDep, ReadDep
from api.problems import Forbidden, describe
from api.schemas import MaintenanceIn
from community.model import AccountRole
from dispatcher import maintaining
from dispatcher.maintenance import Maintenance
from dispatcher.storage import maintenance as rows

SAID_FOR = timedelta(minutes=30)  # how long the desk still reads that some work is over

router = APIRouter(tags=["devices"])


class MaintenanceOut(BaseModel):
    now: datetime  # by the server's clock: a count-down needs no other
    going_on: list[Maintenance]
    ended: list[Maintenance]


@router.get(
    "/maintenance", operation_id="listMaintenance", summary="Work on devices, and what has just ended"
)
def list_maintenance(connection: ReadDep, now: NowDep) -> MaintenanceOut:
    ended = rows.ended_since(connection, now - SAID_FOR)
    return MaintenanceOut(now=now, going_on=rows.going_on(connection), ended=ended)


@router.post(
    "/maintenance",
    operation_id="beginMaintenance",
    summary="维护: begin work on a device, or on the whole site",
    status_code=201,
    responses=describe(403, 404, 422),
)
def begin_maintenance(given: MaintenanceIn, parts: PartsDep, caller: CallerDep, now: NowDep) -> int:
    """For 24 hours at most, then it ends by itself. Cases are opened and shown as ever. Those that are
    nothing but trouble of devices of that home, or of the site, tell nobody until then; nothing else waits.
    """
    if given.device_id is None and caller.account.role is not AccountRole.ADMIN:
        raise Forbidden(
            "admins_only", "整个平台的维护由管理员开始 only an administrator begins it for the site"
        )
    lasts = timedelta(minutes=given.minutes)
    return maintaining.begin(parts.store, given.device_id, given.reason, lasts, caller.account, now)


@router.delete(
    "/maintenance/{maintenance_id}",
    operation_id="endMaintenance",
    summary="The work is over",
    status_code=204,
    responses=describe(404),
)
def end_maintenance(
    maintenance_id: Annotated[int, Path(ge=1, lt=2**63)], parts: PartsDep, caller: CallerDep, now: NowDep
) -> None:
    maintaining.end(parts.store, maintenance_id, caller.account, now)
    parts.bell.ring()
