"""Twilio's callbacks: texts that come in, and what became of those we sent.

Twilio's reports are unordered, doubled and late; its signature has no timestamp. So everything here may be
repeated without harm: a text by its sid, a receipt by (sid, status), and the dispatcher's rank decides.
Source: Twilio's documentation of Messaging webhooks and of request validation.
"""

from __future__ import annotations

from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Request
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.responses import Response
from twilio.request_validator import RequestValidator, get_signature_algorithm

from api import deps
from api.problems import Forbidden, describe
from community.errors import Invalid
from dispatcher import responses
from dispatcher.model import MessageState

log = structlog.get_logger(__name__)

STATES = {
    "accepted": MessageState.SENDING,
    "scheduled": MessageState.SENDING,
    "queued": MessageState.SENDING,
    "sending": MessageState.SENDING,
    "sent": MessageState.SENT,
    "delivered": MessageState.DELIVERED,
    "read": MessageState.DELIVERED,
    "undelivered": MessageState.UNDELIVERABLE,
    "failed": MessageState.FAILED,
    "canceled": MessageState.FAILED,
}

_SAY_NOTHING = '<?xml version="1.0" encoding="UTF-8"?><Response></Response>'


async def signed_form(request: Request, parts: deps.PartsDep) -> FormData:
    """The form of a request that Twilio signed. Forbidden for any other, whatever is wrong with it.

    The signature covers the address *as Twilio was told it*, so it is built from the public URL and not from
    what a proxy made of the request; and the form object, because a dict would lose doubled fields.
    """
    token = parts.settings.twilio_auth_token.get_secret_value()
    if not token:
        raise Forbidden("twilio_not_configured", "set ANXIN_TWILIO_AUTH_TOKEN to take callbacks from Twilio")
    try:
        form = await request.form(max_files=0, max_fields=100)
    except HTTPException:
        form = FormData()  # unreadable: it cannot carry a good signature either
    address = parts.settings.base_url + request.url.path
    if request.url.query:
        address += f"?{request.url.query}"
    signed = all(isinstance(value, str) for value in form.values()) and RequestValidator(token).validate(
        address,
        form,
        request.headers.get("x-twilio-signature", ""),
        get_signature_algorithm(request.headers.get("x-twilio-webhooks-signature-settings")),
    )
    if not signed:
        log.warning("twilio_signature_refused", path=request.url.path)
        raise Forbidden(
            "bad_signature",
            "the signature does not fit: ANXIN_PUBLIC_URL must be the address Twilio calls, "
            "and ANXIN_TWILIO_AUTH_TOKEN that account's",
        )
    return form


SignedForm = Annotated[FormData, Depends(signed_form)]

router = APIRouter(prefix="/callbacks/twilio", tags=["callbacks"], responses=describe(403))


@router.post("/sms", operation_id="twilioText", summary="A text came in", response_class=Response)
def text_came_in(form: SignedForm, parts: deps.PartsDep) -> Response:
    """An answer by SMS. What it means, the dispatcher says; Twilio gets an empty answer and sends nothing."""
    sid, sender = _field(form, "MessageSid"), _field(form, "From")
    responses.reply(parts.store, sender, _text(form, "Body"), f"twilio:{sid}", parts.clock.now())
    parts.bell.ring()
    return Response(_SAY_NOTHING, media_type="text/xml")


@router.post("/status", operation_id="twilioStatus", summary="What became of a text", status_code=204)
def status_changed(form: SignedForm, parts: deps.PartsDep, key: str = "") -> None:
    """A delivery receipt. `key` is our own message key, which we put in the callback's address."""
    word = _field(form, "MessageStatus")
    state = STATES.get(word)
    if state is None:
        log.warning(
            "twilio_status_unknown", status=word
        )  # a new word of theirs must not be an error for ever
        return
    error = _text(form, "ErrorCode")
    known = responses.receipt(
        parts.store, _field(form, "MessageSid"), state, error, parts.clock.now(), key=key
    )
    if known:
        parts.bell.ring()
    else:
        log.info("twilio_receipt_for_no_message")


def _field(form: FormData, name: str) -> str:
    value = _text(form, name)
    if not value:
        raise Invalid("missing_field", f"Twilio sends {name} with every callback of this kind")
    return value


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""
