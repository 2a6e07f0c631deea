"""Labels: a device in a box gets a code, and who holds it in hand says with it where it is installed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from api import pages
from api.deps import AdminDep, CallerDep, NowDep, PartsDep, ReadDep
from api.problems import describe
from api.schemas import ClaimIn, LabelsIn
from community.model import Device
from community.storage import labels
from community.storage.labels import Label

Code = Annotated[str, Path(min_length=4, max_length=32, examples=["ABCD2345"])]

router = APIRouter(tags=["register"])


@router.get(
    "/device-labels",
    operation_id="listDeviceLabels",
    summary="Labels that nobody has used yet",
    responses=describe(403, 422),
)
def list_labels(
    connection: ReadDep, _admin: AdminDep, limit: pages.Limit = 50, cursor: pages.Cursor = None
) -> pages.Page[Label]:
    found = labels.unused(connection, pages.decode(cursor) if cursor else 0, limit + 1)
    return pages.page(found, limit, lambda one: one.device.id)


@router.post(
    "/device-labels",
    operation_id="makeDeviceLabels",
    summary="Make labels for devices in stock",
    status_code=201,
    responses=describe(403, 409, 422),
)
def make_labels(given: LabelsIn, parts: PartsDep, _admin: AdminDep, now: NowDep) -> list[Label]:
    """A label that nobody has used stays as it is; all of them are made, or none."""
    stock = [Device(0, key, given.role, None, given.vendor, given.model) for key in dict.fromkeys(given.keys)]
    with parts.store.write() as connection:
        return labels.prepare(connection, stock, now)


@router.get(
    "/claims/{code}",
    operation_id="getClaim",
    summary="The device with this code on its label",
    responses=describe(404, 409),
)
def get_claim(code: Code, connection: ReadDep) -> Device:
    return labels.find(connection, code).device


@router.post(
    "/claims/{code}",
    operation_id="claimDevice",
    summary="Say in which home a device is installed",
    responses=describe(404, 409, 422),
)
def claim(code: Code, given: ClaimIn, parts: PartsDep, caller: CallerDep, now: NowDep) -> Device:
    """Each code is good for one installation. From now on its alarms count; who installed it may try it."""
    with parts.store.write() as connection:
        return labels.claim(connection, code, given.household_id, given.label, caller.account.id, now)
