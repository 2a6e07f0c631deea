"""The simulated phones: everybody's texts, and answering them. Only there while no real phone is texted."""

from __future__ import annotations

from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Path
from pydantic import BaseModel

from api.deps import NowDep, PartsDep, ReadDep
from api.problems import describe
from api.schemas import PhoneReplyIn
from dispatcher import responses, views
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
