"""Responders: who can be sent, where they are, and whether they are on duty now."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from api import pages
from api.deps import CallerDep, NowDep, PartsDep, ReadDep, ZoneDep
from api.problems import describe
from api.schemas import ResponderPatch
from community.model import Duty, Leave, Position, Responder, ResponderKind, on_duty
from community.storage import register, rota

ResponderId = Annotated[int, Path(ge=1, lt=2**63, examples=[7])]

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


@router.get(
    "/responders/{responder_id}",
    operation_id="getResponder",
    summary="One responder",
    responses=describe(404),
)
def get_responder(responder_id: ResponderId, connection: ReadDep) -> Responder:
    return register.responder_by_id(connection, responder_id)


@router.patch(
    "/responders/{responder_id}",
    operation_id="changeResponder",
    summary="Where a responder is, and whether they can be sent at all",
    responses=describe(404, 422),
)
def change_responder(
    responder_id: ResponderId, given: ResponderPatch, parts: PartsDep, _caller: CallerDep
) -> Responder:
    with parts.store.write() as connection:
        responder = register.responder_by_id(connection, responder_id)
        if "position" in given.model_fields_set:
            position = Position(**given.position.model_dump()) if given.position else None
            responder = replace(responder, position=position)
        if given.active is not None:
            responder = replace(responder, active=given.active)
        return register.update_responder(connection, responder)
