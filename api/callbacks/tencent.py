"""Tencent Cloud's callbacks: what became of texts, and a text that comes in.

It repeats until it hears result 0, and signs nothing. A text that comes in has no number of its own.
Source: cloud.tencent.com, 短信下发状态通知 and 短信回复状态通知.
"""

from __future__ import annotations

from hashlib import sha256

import structlog
from fastapi import APIRouter
from pydantic import BaseModel, Field

from api import deps
from api.callbacks.unsigned import Lenient, TokenDep
from api.problems import describe
from dispatcher import responses
from dispatcher.model import MessageState

log = structlog.get_logger(__name__)

router = APIRouter(
    prefix="/callbacks/tencent", tags=["callbacks"], dependencies=[TokenDep], responses=describe(403, 422)
)


class Status(Lenient):
    sid: str
    report_status: str = Field(examples=["SUCCESS", "FAIL"])
    errmsg: str = ""


class Text(Lenient):
    mobile: str
    text: str = Field(examples=["1"])
    nationcode: str = "86"
    time: str = ""


class Taken(BaseModel):
    """What Tencent wants to hear; anything else, and it sends again."""

    result: int = 0
    errmsg: str = "OK"


@router.post("/report", operation_id="tencentReport", summary="What became of texts")
def reports(given: list[Status], parts: deps.PartsDep) -> Taken:
    now = parts.clock.now()
    for status in given:
        arrived = status.report_status == "SUCCESS"
        state = MessageState.DELIVERED if arrived else MessageState.UNDELIVERABLE
        if not responses.receipt(parts.store, status.sid, state, "" if arrived else status.errmsg, now):
            log.info("tencent_receipt_for_no_message")
    parts.bell.ring()
    return Taken()


@router.post("/sms", operation_id="tencentText", summary="A text came in")
def text_came_in(given: Text, parts: deps.PartsDep) -> Taken:
    phone = f"+{given.nationcode}{given.mobile}"
    same = sha256(f"{phone} {given.time} {given.text}".encode()).hexdigest()[:32]
    responses.reply(parts.store, phone, given.text, f"tencent:{same}", parts.clock.now())
    parts.bell.ring()
    return Taken()
