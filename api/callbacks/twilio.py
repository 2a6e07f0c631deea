"""Twilio's callbacks: texts that come in, calls that are taken up, and what became of those we sent.

Twilio's reports are unordered, doubled and late; its signature has no timestamp. So everything here may be
repeated without harm: a text by its sid, a receipt by (sid, status), and the dispatcher's rank decides.
Source: Twilio's documentation of Messaging and Voice webhooks, of TwiML and of request validation.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import structlog
from fastapi import APIRouter, Depends, Request
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.responses import Response
from twilio.request_validator import RequestValidator, get_signature_algorithm
from twilio.twiml.voice_response import Gather, VoiceResponse

from api import deps
from api.parts import Parts
from api.problems import Forbidden, describe
from community.errors import Invalid
from community.storage import register
from dispatcher import responses, views
from dispatcher.channels import Fate
from dispatcher.channels.twilio import call_fate, text_fate
from dispatcher.model import Meaning
from dispatcher.telephone import NO_KEY, call_the_desk

log = structlog.get_logger(__name__)

KEY_WITHIN_S = 8  # after the words were said twice

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
    _became(parts, key, _field(form, "MessageSid"), word, text_fate(word, _text(form, "ErrorCode")))


# ---- calls ----


@router.post("/voice", operation_id="twilioCall", summary="A call was taken up", response_class=Response)
def call_taken_up(form: SignedForm, parts: deps.PartsDep, key: str = "") -> Response:
    """What to say, as it stands at this moment: the case may have been closed while the telephone rang."""
    _field(form, "CallSid")
    return _twiml(_script(parts, key))


@router.post("/voice/digit", operation_id="twilioDigit", summary="A key was pressed", response_class=Response)
def key_pressed(form: SignedForm, parts: deps.PartsDep, key: str = "") -> Response:
    """A key is an answer, as the same digit by text would be; it belongs to the call's own case."""
    call_id, digit = _field(form, "CallSid"), _field(form, "Digits")
    pressed = responses.key_pressed(parts.store, key, digit, call_id, parts.clock.now())
    answer = VoiceResponse()
    if pressed is None:
        log.warning("twilio_key_for_no_call")
        return _twiml(answer)
    _say(answer, pressed.say)
    if pressed.meaning is Meaning.UNCLEAR:
        return _twiml(_script(parts, key, answer))
    parts.bell.ring()
    return _twiml(answer)


@router.post("/voice/answered-by", operation_id="twilioAnsweredBy", summary="Who took it up", status_code=204)
def answered_by(form: SignedForm, parts: deps.PartsDep, key: str = "") -> None:
    """A human or a voicemail, as far as Twilio can hear it; the call itself goes on."""
    who = _field(form, "AnsweredBy")
    known = call_fate("in-progress", who)
    if known is not None and not known.going_on:  # "unknown" says nothing
        _became(parts, key, _field(form, "CallSid"), who, known)


@router.post(
    "/voice/status", operation_id="twilioCallStatus", summary="What became of a call", status_code=204
)
def call_changed(form: SignedForm, parts: deps.PartsDep, key: str = "") -> None:
    """Rung, taken up, over; busy or nobody there: then the ladder moves on at once."""
    word = _field(form, "CallStatus")
    _became(parts, key, _field(form, "CallSid"), word, call_fate(word, _text(form, "AnsweredBy")))


def _became(parts: Parts, key: str, sid: str, word: str, fate: Fate | None) -> None:
    if fate is None:
        log.warning("twilio_status_unknown", status=word)  # a new word of theirs is no error for ever
        return
    known = responses.receipt(parts.store, sid, fate.state, fate.error, parts.clock.now(), key=key)
    if known:
        parts.bell.ring()
    else:
        log.info("twilio_receipt_for_no_message")


def _script(parts: Parts, key: str, said: VoiceResponse | None = None) -> VoiceResponse:
    """What a call says after `said`: its words twice, and then it waits for a key when it asks for one."""
    answer = said or VoiceResponse()
    with parts.store.read() as connection:
        script = views.call_script(connection, key)
        hotline = register.site(connection).hotline if script is None else ""
    if script is None:  # somebody rings back
        log.info("twilio_call_of_no_message")
        _say(answer, call_the_desk(hotline), times=2)
    elif script.asks:
        action = f"{parts.settings.base_url}/callbacks/twilio/voice/digit?key={quote(key)}"
        gather = answer.gather(num_digits=1, action=action, method="POST", timeout=KEY_WITHIN_S, input="dtmf")
        _say(gather, script.words, times=2)
        _say(answer, NO_KEY)
    else:
        _say(answer, script.words, times=2)
    return answer


def _say(answer: VoiceResponse | Gather, words: str, times: int = 1) -> None:
    for time in range(times):
        if time:
            answer.pause(length=1)
        answer.say(words, language="zh-CN")


def _twiml(answer: VoiceResponse) -> Response:
    return Response(str(answer), media_type="text/xml")


def _field(form: FormData, name: str) -> str:
    value = _text(form, name)
    if not value:
        raise Invalid("missing_field", f"Twilio sends {name} with every callback of this kind")
    return value


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""
