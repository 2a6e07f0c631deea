"""Aliyun's callbacks (HTTP 批量推送模式): what became of texts, and texts that come in.

Aliyun pushes lists, repeats until it hears code 0, and signs nothing. A report carries our own key.
Source: help.aliyun.com, SmsReport and SmsUp.
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
    prefix="/callbacks/aliyun", tags=["callbacks"], dependencies=[TokenDep], responses=describe(403, 422)
)


class Report(Lenient):
    success: bool
    err_code: str = Field(default="", examples=["DELIVERED"])
    biz_id: str = ""
    out_id: str = ""


class Text(Lenient):
    phone_number: str
    content: str = Field(examples=["1"])
    send_time: str = ""
    sequence_id: str = ""


class Taken(BaseModel):
    """What Aliyun wants to hear; anything else, and it sends the list again."""

    code: int = 0
    msg: str = "接收成功"


@router.post("/report", operation_id="aliyunReport", summary="What became of texts")
def reports(given: list[Report], parts: deps.PartsDep) -> Taken:
    now = parts.clock.now()
    for report in given:
        state = MessageState.DELIVERED if report.success else MessageState.UNDELIVERABLE
        error = "" if report.success else report.err_code
        if not responses.receipt(parts.store, report.biz_id, state, error, now, key=report.out_id):
            log.info("aliyun_receipt_for_no_message")
    parts.bell.ring()
    return Taken()


@router.post("/sms", operation_id="aliyunText", summary="Texts came in")
def texts_came_in(given: list[Text], parts: deps.PartsDep) -> Taken:
    now = parts.clock.now()
    for text in given:
        said = f"{text.phone_number} {text.send_time} {text.content}"
        number = text.sequence_id or sha256(said.encode()).hexdigest()[:32]
        responses.reply(parts.store, text.phone_number, text.content, f"aliyun:{number}", now)
    parts.bell.ring()
    return Taken()
