"""What waits for a human eye: messages nobody could read, answers nobody understood, and the counters."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Base64Bytes, BaseModel, Field

from api.deps import CallerDep, NowDep, PartsDep, ReadDep
from api.pages import Limit
from api.problems import describe
from api.schemas import AssignIn
from community.model import HomeRecord
from community.storage import register
from dispatcher import responses, views
from dispatcher.model import Incident

ItemId = Annotated[int, Path(ge=1, lt=2**63, examples=[3])]

router = APIRouter(tags=["inbox"])


@router.get(
    "/counters", operation_id="getCounters", summary="Open incidents by severity and stage, and the inbox"
)
def get_counters(connection: ReadDep) -> views.Counters:
    return views.counters(connection)


class SenderOut(BaseModel):
    """The home that a device belongs to: whose it is, and the number to call back."""

    household_id: int
    who: str = Field(examples=["王秀英"])
    address: str
    phone: str


class UnreadOut(BaseModel):
    """A message to look at: an ordinary wish (a green button), an old alarm, or what no rule understood.

    `text` is the payload as far as it is text, `payload` its bytes.
    """

    id: int
    device_key: str
    reason: str
    topic: str
    text: str = Field(examples=['{"action":"hold"}'])
    payload: Base64Bytes = Field(description="base64")
    received_at: datetime
    home: SenderOut | None


@router.get(
    "/unread", operation_id="listUnread", summary="Wishes and unclear messages of devices, to be looked at"
)
def list_unread(connection: ReadDep, limit: Limit = 50) -> list[UnreadOut]:
    found = views.unread(connection, limit)
    devices = register.devices_by_key(connection, {one.device_key for one in found if one.device_key})
    homes = register.homes(connection, {d.household_id for d in devices.values() if d.household_id})
    at = {key: homes[d.household_id] for key, d in devices.items() if d.household_id in homes}
    return [
        UnreadOut(
            id=one.id,
            device_key=one.device_key,
            reason=one.reason,
            topic=one.topic,
            text=one.payload.decode("utf-8", "replace"),
            payload=b64encode(one.payload),
            received_at=one.received_at,
            home=_sender(at[one.device_key]) if one.device_key in at else None,
        )
        for one in found
    ]


def _sender(home: HomeRecord) -> SenderOut:
    phones = [one.phone for one in home.residents] + [home.household.phone]
    return SenderOut(
        household_id=home.household.id,
        who="、".join(one.name for one in home.residents),
        address=home.household.address,
        phone=next(filter(None, phones), ""),
    )


@router.post(
    "/unread/{unread_id}/seen",
    operation_id="seeUnread",
    summary="I have looked at it",
    status_code=204,
    responses=describe(404),
)
def see_unread(unread_id: ItemId, parts: PartsDep, caller: CallerDep, now: NowDep) -> None:
    responses.see_unread(parts.store, unread_id, caller.account, now)


@router.get("/replies", operation_id="listReplies", summary="Answers that nobody could understand by rule")
def list_replies(connection: ReadDep, limit: Limit = 50) -> tuple[views.ReplyLine, ...]:
    """One that belongs to no case yet has as `candidates` the open cases in which its phone was asked."""
    return views.replies_waiting(connection, limit)


@router.post(
    "/replies/{reply_id}/seen",
    operation_id="seeReply",
    summary="I have looked at it",
    status_code=204,
    responses=describe(404),
)
def see_reply(reply_id: ItemId, parts: PartsDep, caller: CallerDep, now: NowDep) -> None:
    responses.see_reply(parts.store, reply_id, caller.account, now)


@router.post(
    "/replies/{reply_id}/incident",
    operation_id="assignReply",
    summary="Say which incident an answer is about",
    responses=describe(404, 409, 422),
)
def assign_reply(
    reply_id: ItemId, given: AssignIn, parts: PartsDep, caller: CallerDep, now: NowDep
) -> Incident:
    """It then counts as if it had been joined by itself, and is seen."""
    incident = responses.assign_reply(parts.store, reply_id, given.incident_id, caller.account, now)
    parts.bell.ring()
    return incident
