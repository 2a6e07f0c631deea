"""The rota: who works when, week after week, who is on leave, and where an hour has nobody."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from api.deps import AdminDep, NowDep, PartsDep, ReadDep, ZoneDep
from api.problems import Unauthenticated, describe
from api.routes.responders import ResponderId
from api.schemas import DutyIn, LeaveIn
from community import calendars
from community.calendars import DAYS, shifts
from community.errors import Invalid
from community.model import Duty, Leave, ResponderKind
from community.storage import register, rota
from dispatcher import passes
from dispatcher.passes import Pass
from dispatcher.wording import RESPONDER_WORD

LeaveId = Annotated[int, Path(ge=1, lt=2**63, examples=[3])]
CALENDAR_LASTS = timedelta(days=366)
LONGEST_LEAVE = timedelta(days=366)

router = APIRouter(tags=["register"])
calendar = APIRouter(include_in_schema=False)


class CalendarLink(BaseModel):
    """For a calendar on a telephone; whoever has it sees when this responder works, and nothing else."""

    url: str = Field(examples=["https://anxin.example.org/rota/7.ics?pass=…"])


class Shifts(BaseModel):
    """When a responder works: the week, and the leaves that are not over."""

    duties: tuple[Duty, ...]
    leaves: tuple[Leave, ...]


class Cover(BaseModel):
    """How many of a kind are there in each hour: one row of 24 numbers for each day."""

    kind: ResponderKind
    days: tuple[tuple[int, ...], ...]


class Rota(BaseModel):
    """The days from `since` on, in the site's time. An hour's number is the fewest in any minute of it."""

    since: date
    covers: tuple[Cover, ...]


@router.get("/rota", operation_id="getRota", summary="How many work in each hour of the days to come")
def get_rota(
    connection: ReadDep, now: NowDep, zone: ZoneDep, days: Annotated[int, Query(ge=1, le=DAYS)] = 7
) -> Rota:
    duties, leaves = register.duties(connection), rota.leaves(connection, now)
    since = now.astimezone(zone).date()
    worked: dict[ResponderKind, list[calendars.Shift]] = {kind: [] for kind in ResponderKind}
    for one in register.responders(connection):
        if one.active and one.phone:
            worked[one.kind] += shifts(duties.get(one.id, ()), leaves.get(one.id, ()), since, zone, days)
    covers = (
        Cover(kind=kind, days=calendars.fewest(there, since, zone, days)) for kind, there in worked.items()
    )
    return Rota(since=since, covers=tuple(covers))


@router.get(
    "/responders/{responder_id}/shifts",
    operation_id="getShifts",
    summary="When a responder works",
    responses=describe(404),
)
def get_shifts(responder_id: ResponderId, connection: ReadDep, now: NowDep) -> Shifts:
    register.responder_by_id(connection, responder_id)
    return Shifts(
        duties=register.duties(connection).get(responder_id, ()),
        leaves=rota.leaves(connection, now).get(responder_id, ()),
    )


@router.put(
    "/responders/{responder_id}/duties",
    operation_id="setDuties",
    summary="Say when a responder works, week after week",
    responses=describe(403, 404, 422),
)
def set_duties(
    responder_id: ResponderId, given: list[DutyIn], parts: PartsDep, _admin: AdminDep, now: NowDep
) -> Shifts:
    """The whole week. Minutes of the day in the site's time; `ends` beyond 1440 is the next morning."""
    week = [Duty(responder_id, frozenset(each.days), each.starts, each.ends) for each in given]
    with parts.store.write() as connection:
        rota.set_duties(connection, responder_id, week)
        return get_shifts(responder_id, connection, now)


@router.post(
    "/responders/{responder_id}/leaves",
    operation_id="addLeave",
    summary="Somebody is away: nobody asks her to come",
    status_code=201,
    responses=describe(403, 404, 422),
)
def add_leave(
    responder_id: ResponderId, given: LeaveIn, parts: PartsDep, _admin: AdminDep, now: NowDep
) -> Leave:
    if not now < given.ends <= given.starts + LONGEST_LEAVE or given.ends <= given.starts:
        raise Invalid(
            "no_such_leave_time",
            "请假要在开始和现在之后结束,最长一年 a leave ends after it starts and after now, within a year",
        )
    with parts.store.write() as connection:
        return rota.add_leave(connection, Leave(0, responder_id, given.starts, given.ends, given.reason))


@router.delete(
    "/responders/{responder_id}/leaves/{leave_id}",
    operation_id="endLeave",
    summary="Back at work",
    status_code=204,
    responses=describe(403, 404, 422),
)
def end_leave(
    responder_id: ResponderId, leave_id: LeaveId, parts: PartsDep, _admin: AdminDep, now: NowDep
) -> None:
    with parts.store.write() as connection:
        rota.end_leave(connection, responder_id, leave_id, now)


@router.post(
    "/responders/{responder_id}/calendar",
    operation_id="makeCalendarLink",
    summary="A link to subscribe to a responder's duty times",
    responses=describe(403, 404),
)
def make_calendar_link(
    responder_id: ResponderId, parts: PartsDep, connection: ReadDep, _admin: AdminDep, now: NowDep
) -> CalendarLink:
    """Lasts a year. A new secret of the site ends all of them."""
    register.responder_by_id(connection, responder_id)
    token = passes.seal(register.site(connection).secret, _calendar_of(responder_id), now + CALENDAR_LASTS)
    return CalendarLink(url=f"{parts.settings.base_url}/rota/{responder_id}.ics?pass={token}")


@calendar.get("/rota/{responder_id}.ics")
def get_calendar(
    responder_id: ResponderId,
    connection: ReadDep,
    now: NowDep,
    zone: ZoneDep,
    pass_: Annotated[str, Query(alias="pass", max_length=400)] = "",
) -> Response:
    """What a calendar asks for again and again: the weeks to come, without the leaves."""
    site = register.site(connection)
    if passes.unseal(site.secret, pass_, now) != _calendar_of(responder_id):
        raise Unauthenticated(
            "link_ended", "链接已失效,请向管理员要新的 this link has ended: ask for a new one"
        )
    responder = register.responder_by_id(connection, responder_id)
    worked = shifts(
        register.duties(connection).get(responder_id, ()),
        rota.leaves(connection, now).get(responder_id, ()),
        now.astimezone(zone).date(),
        zone,
    )
    word = f"{site.name} {RESPONDER_WORD[responder.kind]}值班"
    return Response(
        calendars.as_ics(f"{word} {responder.name}", word, f"rota-{responder_id}@{site.code}", worked, now),
        media_type="text/calendar; charset=utf-8",
        headers={"cache-control": "private, max-age=900"},
    )


def _calendar_of(responder_id: int) -> Pass:
    return Pass(0, f"rota:{responder_id}")
