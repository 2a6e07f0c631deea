"""Incidents: the board, one case with everything about it, and what an operator can do about it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from api import pages
from api.deps import CallerDep, NowDep, PartsDep, PlansDep, ReadDep
from api.problems import describe
from api.schemas import AnswerIn, AskIn, CalledIn, CloseIn, DialIn, NoteIn, PassIn, ReportIn, SaidIn
from community.storage import register
from dispatcher import desk, guests, intake, looking, passes, responses, views
from dispatcher.model import Alarm, Incident, Offer, Stage, TimelineEntry
from dispatcher.scripts import Line
from hotline import exchange

IncidentId = Annotated[int, Path(ge=1, lt=2**63, examples=[12])]

router = APIRouter(tags=["incidents"])


@router.get("/board", operation_id="getBoard", summary="Every open incident, most urgent first")
def get_board(connection: ReadDep) -> tuple[views.Card, ...]:
    """Ordered by severity, then by deadline. The live stream's `snapshot` holds the same cards."""
    return views.board(connection)


@router.get(
    "/incidents",
    operation_id="listIncidents",
    summary="All incidents, newest first",
    responses=describe(422),
)
def list_incidents(
    connection: ReadDep,
    limit: pages.Limit = 50,
    cursor: pages.Cursor = None,
    stage: Annotated[Stage | None, Query(description="only those in this stage")] = None,
) -> pages.Page[views.Card]:
    before_id = pages.decode(cursor) if cursor else None
    found = views.page(connection, before_id=before_id, limit=limit + 1, stage=stage)
    return pages.page(found, limit, lambda card: card.id)


@router.post(
    "/incidents",
    operation_id="reportTrouble",
    summary="A human says that there is trouble",
    status_code=201,
    responses=describe(404, 422),
)
def report_trouble(
    given: ReportIn, parts: PartsDep, plans: PlansDep, caller: CallerDep, now: NowDep
) -> Incident:
    """Opens an incident for the household, or adds to the one that is open."""
    incident = intake.report(
        parts.store, given.household_id, given.kind, given.text, caller.actor, plans, now
    )
    parts.bell.ring()
    return incident


@router.get(
    "/incidents/{incident_id}",
    operation_id="getIncident",
    summary="One incident with its home, alarms, offers, messages and timeline",
    responses=describe(404),
)
def get_incident(incident_id: IncidentId, connection: ReadDep) -> views.Detail:
    return views.detail(connection, incident_id)


@router.get(
    "/incidents/{incident_id}/timeline",
    operation_id="getTimeline",
    summary="What happened, to the second, oldest first",
    responses=describe(404),
)
def get_timeline(incident_id: IncidentId, connection: ReadDep) -> tuple[TimelineEntry, ...]:
    """Append-only; each entry's `digest` is chained to the one before."""
    return views.detail(connection, incident_id).timeline


@router.post(
    "/incidents/{incident_id}/claim",
    operation_id="claimIncident",
    summary="接警: make it mine",
    responses=describe(404, 409),
)
def claim(incident_id: IncidentId, parts: PartsDep, caller: CallerDep, now: NowDep) -> Incident:
    """Refused with `already_claimed` when somebody else has it; by the owner it renews the lease."""
    incident = responses.claim(parts.store, incident_id, caller.account, now)
    parts.bell.ring()
    return incident


@router.post(
    "/incidents/{incident_id}/renew",
    operation_id="renewClaim",
    summary="I am still on it (every 15 s)",
    responses=describe(404, 409),
)
def renew(incident_id: IncidentId, parts: PartsDep, caller: CallerDep, now: NowDep) -> Incident:
    return responses.renew(parts.store, incident_id, caller.account, now)


@router.post(
    "/incidents/{incident_id}/take-over",
    operation_id="takeOverIncident",
    summary="Take it over from whoever has it; never silent",
    responses=describe(404, 409),
)
def take_over(incident_id: IncidentId, parts: PartsDep, caller: CallerDep, now: NowDep) -> Incident:
    incident = responses.take_over(parts.store, incident_id, caller.account, now)
    parts.bell.ring()
    return incident


@router.post(
    "/incidents/{incident_id}/notes",
    operation_id="addNote",
    summary="Write on the timeline",
    status_code=204,
    responses=describe(404, 422),
)
def add_note(incident_id: IncidentId, given: NoteIn, parts: PartsDep, caller: CallerDep, now: NowDep) -> None:
    responses.note(parts.store, incident_id, caller.account, given.text, now)
    parts.bell.ring()


@router.get(
    "/incidents/{incident_id}/script",
    operation_id="getScript",
    summary="What to ask on the telephone, and what was answered",
    responses=describe(404, 409),
)
def get_script(incident_id: IncidentId, connection: ReadDep) -> tuple[Line, ...]:
    """Three to six questions for its kind of trouble; none for the case of an area. `not_claimed` before."""
    return desk.script(connection, incident_id)


@router.post(
    "/incidents/{incident_id}/script",
    operation_id="answerScript",
    summary="An answer to a question of the script",
    responses=describe(404, 409, 422),
)
def answer_script(
    incident_id: IncidentId, given: SaidIn, parts: PartsDep, caller: CallerDep, now: NowDep
) -> tuple[Line, ...]:
    """Goes on the timeline; of several answers to a question the last one counts."""
    lines = desk.answer(parts.store, incident_id, given.question, given.answer, caller.account, now)
    parts.bell.ring()
    return lines


@router.get(
    "/incidents/{incident_id}/brief",
    operation_id="getBrief",
    summary="120 交接单: what is read out to the ambulance",
    responses=describe(404, 409, 422),
)
def get_brief(incident_id: IncidentId, connection: ReadDep, now: NowDep) -> desk.Brief:
    return desk.ambulance(connection, incident_id, now)


@router.post(
    "/incidents/{incident_id}/dial",
    operation_id="callSomebody",
    summary="打电话: ring the telephone of the desk, and connect it with somebody of the case",
    status_code=204,
    responses=describe(404, 409, 422, 503),
)
def call_somebody(
    incident_id: IncidentId, given: DialIn, parts: PartsDep, caller: CallerDep, now: NowDep
) -> None:
    """Written on the timeline, also when the telephone could not be rung. The number is the register's."""
    at = exchange.Desk(caller.account, given.extension)
    try:
        exchange.dial(parts.store, parts.exchange, incident_id, given.who, at, now)
    finally:
        parts.bell.ring()


@router.post(
    "/incidents/{incident_id}/calls",
    operation_id="sayHowACallWent",
    summary="接通 / 无人接 / 空号: how a call by hand went",
    status_code=204,
    responses=describe(404, 422),
)
def say_how_a_call_went(
    incident_id: IncidentId, given: CalledIn, parts: PartsDep, caller: CallerDep, now: NowDep
) -> None:
    desk.called(parts.store, incident_id, given.who, given.result, caller.account, now)
    parts.bell.ring()


@router.post(
    "/incidents/{incident_id}/close",
    operation_id="closeIncident",
    summary="结案: close it with a code",
    responses=describe(404, 409, 422),
)
def close(
    incident_id: IncidentId, given: CloseIn, parts: PartsDep, caller: CallerDep, now: NowDep
) -> Incident:
    """Only by whoever has claimed it (`not_claimed`, `already_claimed`), and not over a call for help that
    came after `seen` (`heard_meanwhile`). What was not sent yet is cancelled, open offers are withdrawn, and
    those who were told hear the end.
    """
    incident = responses.close(
        parts.store, incident_id, caller.account, given.code, given.note, now, seen=given.seen
    )
    parts.bell.ring()
    return incident


@router.post(
    "/incidents/{incident_id}/offers",
    operation_id="askResponder",
    summary="派单: send somebody by hand",
    status_code=201,
    responses=describe(404, 409, 422),
)
def ask_responder(
    incident_id: IncidentId, given: AskIn, parts: PartsDep, caller: CallerDep, now: NowDep
) -> Offer:
    offer = responses.ask_responder(parts.store, incident_id, given.responder_id, caller.account, now)
    parts.bell.ring()
    return offer


class PassOut(BaseModel):
    """What opens the page of one case to one person, to be read out or passed on."""

    code: str = Field(examples=["482913"], description="empty: this site has no such pages")
    url: str = Field(examples=["https://anxin.example.org/p/open?pass=…"])


@router.post(
    "/incidents/{incident_id}/passes",
    operation_id="makePass",
    summary="Open the case's page to somebody once more, by a link or six digits",
    responses=describe(404, 422),
)
def make_pass(
    incident_id: IncidentId, given: PassIn, parts: PartsDep, connection: ReadDep, now: NowDep
) -> PassOut:
    """For somebody who was told of it, and has lost the text. The link lasts for a shift."""
    held = passes.Pass(incident_id, given.who)
    guests.look(connection, held, now)
    secret = register.site(connection).secret
    token = passes.seal(secret, held, now + passes.LASTS)
    return PassOut(code=passes.code(secret, held), url=f"{parts.settings.base_url}/p/open?pass={token}")


@router.post(
    "/offers/{offer_id}/answer",
    operation_id="answerOffer",
    summary="接单 → 已出发 → 已到达 → 处理完毕, or 拒绝",
    responses=describe(404, 409, 422),
)
def answer_offer(
    offer_id: Annotated[int, Path(ge=1, lt=2**63, examples=[31])],
    given: AnswerIn,
    parts: PartsDep,
    caller: CallerDep,
    now: NowDep,
) -> Offer:
    """An operator writes down what a responder said on the telephone. Harmless to repeat."""
    offer = responses.answer_offer(
        parts.store, offer_id, given.state, caller.actor, now, eta_min=given.eta_min, remark=given.note
    )
    parts.bell.ring()
    return offer


@router.post(
    "/offers/{offer_id}/check-in",
    operation_id="checkIn",
    summary="报平安: whoever is on scene is well",
    responses=describe(404, 409),
)
def check_in(
    offer_id: Annotated[int, Path(ge=1, lt=2**63, examples=[31])],
    parts: PartsDep,
    caller: CallerDep,
    now: NowDep,
) -> Offer:
    """Starts the clock again after which the desk is told to ask after her. `not_on_scene`: she is not."""
    offer = responses.check_in(parts.store, offer_id, caller.actor, now)
    parts.bell.ring()
    return offer


@router.post(
    "/alarms/{alarm_id}/look",
    operation_id="lookAtAlarm",
    summary="已查看: a human has looked at what a device reported over",
    responses=describe(404, 409),
)
def look_at_alarm(
    alarm_id: Annotated[int, Path(ge=1, lt=2**63, examples=[17])],
    parts: PartsDep,
    caller: CallerDep,
    now: NowDep,
) -> Alarm:
    """Until then the card says so. Harmless to repeat. `not_cleared`: the device still reports trouble."""
    alarm = looking.look(parts.store, alarm_id, caller.account, now)
    parts.bell.ring()
    return alarm
