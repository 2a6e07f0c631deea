"""Responders: who can be sent, where they are, whether on duty now, and which telephones tell of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel
from sqlalchemy import Connection

from api import pages
from api.deps import AdminDep, CallerDep, NowDep, PartsDep, ReadDep, ZoneDep, admin
from api.problems import describe
from api.routes.devices import tell_the_door
from api.schemas import PhoneIn, ResponderIn, ResponderPatch
from api.versions import IfMatch, require, tag
from community.errors import NotFound
from community.model import Device, Duty, Leave, Position, Responder, ResponderKind, on_duty
from community.storage import device_logins, register, rota, whereabouts

ResponderId = Annotated[int, Path(ge=1, lt=2**63, examples=[7])]

_OF_EVERYBODY = {
    "position",
    "active",
}  # an operator hears on the telephone where somebody is, or that she is ill
_NOBODY = Responder(0, ResponderKind.GRID_WORKER, "", "", None)

router = APIRouter(tags=["register"])


class ResponderOut(BaseModel):
    """A responder, the weekly duty times, the leaves not yet over, and whether she works at this moment."""

    responder: Responder
    duties: tuple[Duty, ...]
    leaves: tuple[Leave, ...]
    on_duty: bool


@router.get("/responders", operation_id="listResponders", summary="Find responders", responses=describe(422))
def list_responders(
    connection: ReadDep,
    now: NowDep,
    zone: ZoneDep,
    limit: pages.Limit = 50,
    cursor: pages.Cursor = None,
    kind: Annotated[ResponderKind | None, Query()] = None,
    search: Annotated[str | None, Query(max_length=100, description="in name and telephone")] = None,
) -> pages.Page[ResponderOut]:
    after_id = pages.decode(cursor) if cursor else 0
    found = register.list_responders(connection, after_id, limit + 1, kind, search)
    duties, leaves = register.duties(connection), rota.leaves(connection, now)
    shown = [
        ResponderOut(
            responder=each,
            duties=duties.get(each.id, ()),
            leaves=leaves.get(each.id, ()),
            on_duty=each.active and on_duty(duties.get(each.id, ()), now, zone, leaves.get(each.id, ())),
        )
        for each in found
    ]
    return pages.page(shown, limit, lambda each: each.responder.id)


@router.post(
    "/responders",
    operation_id="addResponder",
    summary="Enter somebody who can be sent",
    status_code=201,
    responses=describe(403, 404, 422),
)
def add_responder(given: ResponderIn, parts: PartsDep, _admin: AdminDep, response: Response) -> Responder:
    """She is asked from her first duty time on: see `setDuties`."""
    with parts.store.write() as connection:
        _check(connection, given.areas)
        kept = register.add_responder(connection, replace(_NOBODY, **_changes(given)))
    response.headers["ETag"] = _tag(kept)
    return kept


@router.get(
    "/responders/{responder_id}",
    operation_id="getResponder",
    summary="One responder",
    responses=describe(404),
)
def get_responder(responder_id: ResponderId, connection: ReadDep, response: Response) -> Responder:
    """The ETag is of all that is shown: send it back as `If-Match` with a change."""
    found = register.responder_by_id(connection, responder_id)
    response.headers["ETag"] = _tag(found)
    return found


@router.patch(
    "/responders/{responder_id}",
    operation_id="changeResponder",
    summary="Who a responder is, where, and whether she can be sent at all",
    responses=describe(403, 404, 412, 422),
)
def change_responder(
    responder_id: ResponderId,
    given: ResponderPatch,
    parts: PartsDep,
    caller: CallerDep,
    response: Response,
    if_match: IfMatch = None,
) -> Responder:
    """412: somebody has changed her since. Without `If-Match` whoever comes last is right."""
    if given.model_fields_set - _OF_EVERYBODY:
        admin(caller)
    with parts.store.write() as connection:
        before = register.responder_by_id(connection, responder_id)
        require(if_match, _tag(before))
        _check(connection, given.areas or ())
        after = register.update_responder(connection, replace(before, **_changes(given)))
    response.headers["ETag"] = _tag(after)
    return after


@router.get(
    "/responders/{responder_id}/phone",
    operation_id="getResponderPhone",
    summary="The telephone that tells where a responder is",
    responses=describe(403, 404),
)
def get_phone(responder_id: ResponderId, connection: ReadDep, _admin: AdminDep) -> Device | None:
    """`null`: only her page tells it, when she wants that."""
    register.responder_by_id(connection, responder_id)
    return whereabouts.phone_of(connection, responder_id)


@router.put(
    "/responders/{responder_id}/phone",
    operation_id="setResponderPhone",
    summary="Let a telephone tell where a responder is",
    responses=describe(403, 404, 409, 422),
)
def set_phone(responder_id: ResponderId, given: PhoneIn, parts: PartsDep, _admin: AdminDep) -> Device:
    """OwnTracks or Traccar. It counts while she is on duty or on a case, and is forgotten in ten minutes."""
    with parts.store.write() as connection:
        before = whereabouts.phone_of(connection, responder_id)
        device = whereabouts.set_phone(connection, responder_id, given.key)
        ends = device_logins.login_of(connection, before) if before and before.id != device.id else ""
        begins = device_logins.login_of(connection, device)
    for login, may_enter in ((ends, False), (begins, True)):
        if login:
            tell_the_door(parts, login, may_enter=may_enter)
    return device


@router.delete(
    "/responders/{responder_id}/phone",
    operation_id="dropResponderPhone",
    summary="Let no telephone tell where a responder is",
    status_code=204,
    responses=describe(403, 404),
)
def drop_phone(responder_id: ResponderId, parts: PartsDep, _admin: AdminDep) -> None:
    """Where it was last is forgotten at once, and its login at the broker ends."""
    with parts.store.write() as connection:
        register.responder_by_id(connection, responder_id)
        device = whereabouts.drop_phone(connection, responder_id)
        login = device_logins.login_of(connection, device) if device is not None else ""
    if login:
        tell_the_door(parts, login, may_enter=False)


def _changes(given: ResponderIn | ResponderPatch) -> dict[str, Any]:
    found = given.model_dump(
        exclude_unset=isinstance(given, ResponderPatch), exclude={"areas", "skills", "position"}
    )
    changes = {name: value for name, value in found.items() if value is not None}
    if given.areas is not None:
        changes["cells"] = frozenset(given.areas)
    if given.skills is not None:
        changes["skills"] = frozenset(given.skills)
    if "position" in given.model_fields_set:
        changes["position"] = Position(**given.position.model_dump()) if given.position else None
    return changes


def _check(connection: Connection, areas: Collection[int]) -> None:
    known = {area.id for area in register.areas(connection)}
    if missing := sorted(set(areas) - known):
        raise NotFound("no_such_area", f"there is no area {missing[0]}: choose one of the list")


def _tag(one: Responder) -> str:
    return tag(
        one.id, one.kind, one.name, one.phone, one.position, sorted(one.cells), sorted(one.skills), one.active
    )
