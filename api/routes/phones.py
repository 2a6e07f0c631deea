"""The simulated phones: everybody's texts, and answering them. Only there while no real phone is texted."""

from __future__ import annotations

from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Path
from pydantic import BaseModel

from api.deps import NowDep, PartsDep, ReadDep
from api.problems import describe
from api.schemas import PhoneCallEndIn, PhoneKeyIn, PhoneReceptionIn, PhoneReplyIn
from dispatcher import exchange, responses, views
from dispatcher.model import Meaning

Phone = Annotated[str, Path(min_length=3, max_length=32, pattern=r"^\+?[0-9]+$", examples=["+8613800138000"])]

router = APIRouter(tags=["simulated phones"])


class Understood(BaseModel):
    """What the dispatcher took the answer for, and for which incident; null: an operator has to decide."""

    meaning: Meaning
    incident_id: int | None


@router.get("/phones", operation_id="listPhones", summary="Every phone that was texted, newest first")
def list_phones(connection: ReadDep) -> tuple[views.Phone, ...]:
    return views.phones(connection)


@router.get("/phones/calls", operation_id="listPhoneCalls", summary="Calls that ring or go on, oldest first")
def list_calls(connection: ReadDep, now: NowDep) -> tuple[views.PhoneCall, ...]:
    return views.phone_calls(connection, now)


@router.post(
    "/phones/calls/{call_id}/take-up",
    operation_id="takeUpPhoneCall",
    summary="Answer the phone that rings",
    responses=describe(409),
)
def take_up(call_id: int, parts: PartsDep, now: NowDep) -> views.CallScript:
    script = exchange.take_up(parts.store, call_id, now)
    parts.bell.ring()
    return script


@router.post(
    "/phones/calls/{call_id}/key",
    operation_id="pressKeyInPhoneCall",
    summary="Press a key in the call",
    responses=describe(409, 422),
)
def press_key(call_id: int, given: PhoneKeyIn, parts: PartsDep, now: NowDep) -> responses.Pressed:
    pressed = exchange.press(parts.store, call_id, given.digit, now)
    parts.bell.ring()
    return pressed


@router.post(
    "/phones/calls/{call_id}/end",
    operation_id="endPhoneCall",
    summary="Let the voicemail answer, reject the call, or hang up",
    status_code=204,
    responses=describe(422),
)
def end_call(call_id: int, given: PhoneCallEndIn, parts: PartsDep, now: NowDep) -> None:
    exchange.end(parts.store, call_id, given.how, now)
    parts.bell.ring()


@router.post(
    "/phones/{phone}/reception",
    operation_id="setPhoneReception",
    summary="Switch whether texts arrive on this phone",
    status_code=204,
    responses=describe(422),
)
def set_reception(phone: Phone, given: PhoneReceptionIn, parts: PartsDep) -> None:
    """Where none arrives, the phone rings instead."""
    exchange.set_reception(parts.store, phone, given.texts_arrive)


@router.get("/phones/{phone}", operation_id="getPhoneTexts", summary="What one phone got and answered")
def get_phone_texts(phone: Phone, connection: ReadDep) -> tuple[views.PhoneText, ...]:
    return views.phone_texts(connection, phone)


@router.post(
    "/phones/{phone}/reply",
    operation_id="replyFromPhone",
    summary="Answer from this phone, as its owner would",
    responses=describe(422),
)
def reply_from_phone(phone: Phone, given: PhoneReplyIn, parts: PartsDep, now: NowDep) -> Understood:
    key = f"simulated:{uuid4().hex}"
    meaning = responses.reply(parts.store, phone, given.body, key, now)
    parts.bell.ring()
    with parts.store.read() as connection:
        return Understood(meaning=meaning, incident_id=views.reply_case(connection, key))
