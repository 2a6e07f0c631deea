"""Devices: which button or sensor belongs to which home, and what it is for."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from math import ceil
from typing import Annotated

import structlog
from fastapi import APIRouter, Path, Query, Response
from sqlalchemy import Connection

from api import pages
from api.deps import AdminDep, Caller, CallerDep, NowDep, PartsDep, ReadDep
from api.parts import Parts
from api.problems import Forbidden, describe
from api.schemas import DeviceIn, DevicePatch, SupervisionIn, TrialOut, WiringIn
from api.versions import IfMatch, require, tag
from community.errors import Conflict
from community.logins import by_hand
from community.model import AccountRole, Device
from community.storage import device_logins, labels, register, trials
from community.storage.trials import Trial, Tried
from dispatcher.proving import Proof
from dispatcher.storage import proofs, supervised
from dispatcher.supervision import Status

DeviceId = Annotated[int, Path(ge=1, lt=2**63, examples=[9])]
OldId = Annotated[int, Path(ge=1, lt=2**63, examples=[7])]

router = APIRouter(tags=["register"])
log = structlog.get_logger(__name__)


@router.get("/devices", operation_id="listDevices", summary="Find devices", responses=describe(422))
def list_devices(
    connection: ReadDep,
    limit: pages.Limit = 50,
    cursor: pages.Cursor = None,
    household_id: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
    search: Annotated[str | None, Query(max_length=100, description="in key, label, vendor, model")] = None,
) -> pages.Page[Device]:
    after_id = pages.decode(cursor) if cursor else 0
    found = register.list_devices(connection, after_id, limit + 1, household_id, search)
    return pages.page(found, limit, lambda device: device.id)


@router.get("/devices/{device_id}", operation_id="getDevice", summary="One device", responses=describe(404))
def get_device(device_id: DeviceId, connection: ReadDep, response: Response) -> Device:
    """The ETag is of what people say of it, not of what it says: send it back as `If-Match` with a change."""
    found = register.device_by_id(connection, device_id)
    response.headers["ETag"] = _tag(found)
    return found


@router.post(
    "/devices",
    operation_id="enrolDevice",
    summary="Enrol a device",
    status_code=201,
    responses=describe(403, 404, 409, 422),
)
def enrol_device(given: DeviceIn, parts: PartsDep, _admin: AdminDep) -> Device:
    """Running gateways know it within a second."""
    with parts.store.write() as connection:
        return register.enrol_device(connection, Device(id=0, **given.model_dump()))


@router.patch(
    "/devices/{device_id}",
    operation_id="changeDevice",
    summary="Move, rename or disable a device",
    responses=describe(403, 404, 412, 422),
)
def change_device(
    device_id: DeviceId,
    given: DevicePatch,
    parts: PartsDep,
    _admin: AdminDep,
    response: Response,
    if_match: IfMatch = None,
) -> Device:
    """412: somebody has changed it since. Without `If-Match` whoever comes last is right."""
    changes = {
        key: value
        for key, value in given.model_dump(exclude_unset=True).items()
        if value is not None or key == "household_id"
    }
    with parts.store.write() as connection:
        before = register.device_by_id(connection, device_id)
        require(if_match, _tag(before))
        after = register.update_device(connection, replace(before, **changes))
        login = device_logins.login_of(connection, after) if before.enabled != after.enabled else ""
    if login:
        tell_the_door(parts, login, may_enter=after.enabled)
    response.headers["ETag"] = _tag(after)
    return after


def _tag(device: Device) -> str:
    return tag(replace(device, last_seen_at=None, battery=None))


@router.get(
    "/devices/{device_id}/supervision",
    operation_id="getSupervision",
    summary="Whether a device is still there",
    responses=describe(404),
)
def get_supervision(device_id: DeviceId, connection: ReadDep) -> Status:
    register.device_by_id(connection, device_id)
    return supervised.statuses(connection, [device_id]).get(device_id, Status())


@router.put(
    "/devices/{device_id}/supervision",
    operation_id="setSupervision",
    summary="Say what carries a device, and how often it is to be heard",
    responses=describe(403, 404, 422),
)
def set_supervision(
    device_id: DeviceId, given: SupervisionIn, parts: PartsDep, _admin: AdminDep, now: NowDep
) -> Status:
    """Two signs of life that do not come in time make it a case; what a hub carries goes with its hub."""
    with parts.store.write() as connection:
        register.device_by_id(connection, device_id)
        return supervised.arrange(connection, device_id, given.hub_id, given.expect_every_s, now)


@router.get(
    "/devices/{device_id}/trial",
    operation_id="getTrial",
    summary="Whether a device was tried, and heard",
    responses=describe(404),
)
def get_trial(device_id: DeviceId, connection: ReadDep, now: NowDep) -> TrialOut | None:
    """`null` for a device that was never tried."""
    register.device_by_id(connection, device_id)
    found = trials.of_device(connection, device_id)
    return None if found is None else _counting(found, now)


@router.put(
    "/devices/{device_id}/trial",
    operation_id="beginTrial",
    summary="Try a device: its first alarm within ten minutes is a test",
    responses=describe(403, 404),
)
def begin_trial(device_id: DeviceId, parts: PartsDep, caller: CallerDep, now: NowDep) -> TrialOut:
    """It is recorded and pages nobody; the second alarm is real. For administrators and who installed it."""
    with parts.store.write() as connection:
        if not may_try(connection, caller, device_id):
            raise Forbidden(
                "not_yours_to_try", "试机请找管理员或安装的人 ask an administrator or who installed it"
            )
        return _counting(trials.begin(connection, device_id, now), now)


@router.put(
    "/devices/{device_id}/wiring",
    operation_id="setWiring",
    summary="Say which way round the contact of a door or bed sensor is",
    responses=describe(403, 404, 422),
)
def set_wiring(device_id: DeviceId, given: WiringIn, parts: PartsDep, caller: CallerDep) -> Device:
    """Counts from the next change on that it reports. For administrators and who installed it."""
    with parts.store.write() as connection:
        if not may_try(connection, caller, device_id):
            raise Forbidden(
                "not_yours_to_wire", "请找管理员或安装的人 ask an administrator or who installed it"
            )
        before = register.device_by_id(connection, device_id)
        return register.update_device(connection, replace(before, inverted=given.inverted))


@router.post(
    "/devices/{device_id}/replaces/{old_id}",
    operation_id="replaceDevice",
    summary="换下旧设备: a device has taken the place of another, which goes out of service",
    responses=describe(403, 404, 409),
)
def replace_device(device_id: DeviceId, old_id: OldId, parts: PartsDep, caller: CallerDep) -> Device:
    """Not before the new one has proved itself. The past of the old one stays; its place is taken over by a
    new one without a place. For administrators and who installed it.
    """
    with parts.store.write() as connection:
        if not may_try(connection, caller, device_id):
            raise Forbidden(
                "not_yours_to_replace", "请找管理员或安装的人 ask an administrator or who installed it"
            )
        fresh, old = register.device_by_id(connection, device_id), register.device_by_id(connection, old_id)
        if (
            old.id == fresh.id
            or fresh.household_id is None
            or (old.household_id, old.role) != (fresh.household_id, fresh.role)
        ):
            raise Conflict(
                "not_in_its_place",
                "旧设备不在这家,或者用途不同 the old one is of another home or another use",
            )
        if not fresh.enabled:
            raise Conflict(
                "out_of_service", "新设备已停用,旧的不能再停 the new one is out of service: the old one stays"
            )
        if not proofs.of(connection, [fresh])[fresh.id].is_proven:
            raise Conflict("not_proven", "请先试一下新设备:没有联通以前,旧的还要用 try the new one first")
        if not fresh.label:
            register.update_device(connection, replace(fresh, label=old.label))
        after = register.update_device(connection, replace(old, enabled=False))
        login = device_logins.login_of(connection, after) if old.enabled else ""
    if login:
        tell_the_door(parts, login, may_enter=False)
    log.info("device replaced", device=device_id, old=old_id, account=caller.account.id)
    return after


@router.get("/trials", operation_id="listTrials", summary="Devices being tried now, newest first")
def list_trials(connection: ReadDep, now: NowDep) -> list[Tried]:
    """At most a hundred: those that go on, and those whose alarm came within the last ten minutes."""
    return trials.recent(connection, now, 100)


@router.get(
    "/devices/{device_id}/proof",
    operation_id="getProof",
    summary="Whether a press of it has ever come all the way",
    responses=describe(404),
)
def get_proof(device_id: DeviceId, connection: ReadDep) -> Proof:
    """Until then it is installed, not proven; its alarms count all the same."""
    device = register.device_by_id(connection, device_id)
    return proofs.of(connection, [device])[device_id]


def tell_the_door(parts: Parts, login: str, *, may_enter: bool) -> None:
    """Who was taken out of service is put out at the broker; what could not be done there is said to do."""
    wrong = (
        "ANXIN_BROKER_ADMIN is not set" if parts.door is None else parts.door.tell(login, may_enter=may_enter)
    )
    if wrong:
        log.warning("the broker was not told", why=wrong, run=by_hand(login, may_enter=may_enter))


def may_try(connection: Connection, caller: Caller, device_id: int) -> bool:
    """Who tries a device keeps its first alarm from everybody: an administrator, or who installed it."""
    is_admin = caller.account.role is AccountRole.ADMIN
    return is_admin or labels.installer(connection, device_id) == caller.account.id


def _counting(trial: Trial, now: datetime) -> TrialOut:
    left = 0 if trial.heard_at is not None else max(0, ceil((trial.until - now).total_seconds()))
    return TrialOut(until=trial.until, heard_at=trial.heard_at, left_s=left)
