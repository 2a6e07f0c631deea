"""The flight recorder: a case as a file that proves itself, and what another plan would have done with it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from api.deps import FleetDep, NowDep, PlansDep, ReadDep
from api.problems import describe
from api.routes.incidents import IncidentId
from api.routes.plans import meant
from api.schemas import ReplayIn
from community.errors import Conflict
from community.storage import register
from devices.signal import Kind
from dispatcher import replay as recorder
from dispatcher import views
from dispatcher.chain import first_break
from dispatcher.model import CloseCode, Entry, MessageState, Plan, Purpose, Severity
from dispatcher.plans import Plans
from dispatcher.replay import Event
from dispatcher.storms import area_of
from dispatcher.wording import KIND_WORD, Voice

FORMAT = "anxin-record/1"

router = APIRouter(tags=["incidents"])


class EntryOut(BaseModel):
    """One entry. `digest` is the SHA-256, in hex, of this as compact UTF-8 JSON with sorted keys:

    `[digest of the entry before or "", seq, at, entry, actor, text, detail]`.
    """

    seq: int
    at: str = Field(examples=["2026-11-22T06:05:00.123456+00:00"], description="exactly as it was hashed")
    entry: Entry
    actor: str = Field(examples=["device:care:kenli/KL-0001"])
    text: str
    detail: dict[str, Any]
    digest: str


class SentOut(BaseModel):
    """A message of the case, without the telephone number."""

    key: str
    who: str = Field(examples=["contact:12"])
    name: str
    purpose: Purpose
    body: str
    state: MessageState
    created_at: datetime
    sent_at: datetime | None
    delivered_at: datetime | None


class RecordOut(BaseModel):
    """Everything that happened in one incident. `broken_at` is the first entry that was altered, if any."""

    format: str = FORMAT
    exported_at: datetime
    incident_id: int
    subject: str
    address: str
    who: str
    opened_at: datetime
    closed_at: datetime | None
    close_code: CloseCode | None
    plan: Plan | None = Field(description="as it was frozen into the case; None when it cannot be read")
    timeline: list[EntryOut]
    messages: list[SentOut]
    head: str = Field(description="the last digest, as the case itself keeps it")
    broken_at: int | None


class ReplayOut(BaseModel):
    """The case as it was, and as it would have been with `plans`, in the order in which it met them."""

    plans: tuple[Plan, ...]
    happened: tuple[Event, ...]
    would: tuple[Event, ...]


@router.get(
    "/incidents/{incident_id}/record",
    operation_id="exportRecord",
    summary="The whole case as a file whose timeline proves itself",
    responses=describe(404),
)
def export_record(incident_id: IncidentId, connection: ReadDep, now: NowDep) -> RecordOut:
    detail = views.detail(connection, incident_id)
    frozen = views.frozen(connection, incident_id)
    card = detail.card
    return RecordOut(
        exported_at=now,
        incident_id=incident_id,
        subject=card.subject,
        address=card.address,
        who=card.who,
        opened_at=card.opened_at,
        closed_at=card.closed_at,
        close_code=card.close_code,
        plan=frozen.plan,
        timeline=[
            EntryOut(
                seq=entry.seq,
                at=entry.at.astimezone(UTC).isoformat(),
                entry=entry.entry,
                actor=entry.actor,
                text=entry.text,
                detail=dict(entry.detail),
                digest=entry.digest,
            )
            for entry in detail.timeline
        ],
        messages=[
            SentOut(
                key=message.key,
                who=message.to.who,
                name=message.to.name,
                purpose=message.purpose,
                body=message.body,
                state=message.state,
                created_at=message.created_at,
                sent_at=message.sent_at,
                delivered_at=message.delivered_at,
            )
            for message in detail.messages
        ],
        head=frozen.head,
        broken_at=broken_at(detail, frozen),
    )


@router.post(
    "/incidents/{incident_id}/replay",
    operation_id="replayIncident",
    summary="What would another plan have done?",
    responses=describe(404, 409, 422),
)
def replay_incident(
    incident_id: IncidentId,
    given: ReplayIn,
    plans: PlansDep,
    connection: ReadDep,
    fleet: FleetDep,
    now: NowDep,
) -> ReplayOut:
    """Nobody is told anything. Without `plan`: today's plan for each trouble of the case."""
    plan = None if given.plan is None else meant("draft", given.plan)
    return play(connection, views.detail(connection, incident_id), plans, plan, fleet, now)


def play(
    connection: Connection,
    detail: views.Detail,
    plans: Plans,
    plan: Plan | None,
    fleet: FleetDep,
    now: datetime,
) -> ReplayOut:
    """The case with `plan`, or with today's. Conflict: today none is for what the homes of an area shared."""
    card = detail.card
    is_area = area_of(card.subject) is not None
    home = views.area_place(connection, card.id) if is_area else detail.home

    def plan_of(kind: Kind, severity: Severity) -> Plan:
        found = plan or (plans.for_area(kind) if is_area else plans.of(kind, severity))
        if found is None:
            words = f"现行预案中没有多户{KIND_WORD[kind][0]} today no plan is for that in many homes"
            raise Conflict("no_plan_for_area", words)
        return found

    offers = views.offers(connection, card.id)
    turns = recorder.turns_in(detail.timeline, plan_of)
    would = recorder.replay(
        turns,
        home,
        recorder.answers_in(detail.timeline, detail.messages, offers),
        card.closed_at or now,
        lambda then: fleet.candidates(home, then) if home is not None else None,
        Voice.of(register.site(connection)),
    )
    return ReplayOut(
        plans=tuple(dict.fromkeys(turn.plan for turn in turns)),
        happened=recorder.happened(detail.timeline),
        would=would,
    )


def broken_at(detail: views.Detail, frozen: views.Frozen) -> int | None:
    """The seq of the first entry that was altered, lost or moved; also when the end was cut off."""
    broken = first_break(detail.timeline)
    if broken is None and (not detail.timeline or detail.timeline[-1].digest != frozen.head):
        return len(detail.timeline) + 1
    return broken
