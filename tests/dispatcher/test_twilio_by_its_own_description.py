"""The Twilio channels and our stand-in, both judged by Twilio's own description of its API."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import httpx2
import pytest

from dispatcher.channels import Fate, Sent, TryLater, Undeliverable
from dispatcher.channels.twilio import TwilioSms, TwilioVoice
from dispatcher.model import MessageState
from tests.conftest import NOW
from tests.dispatcher.provider import ACCOUNT, NUMBER, Provider, running
from tests.dispatcher.test_channels import a_message
from tests.judge import Prism, judging

pytestmark = pytest.mark.timeout(600)  # the first run installs the judge

CALLBACK = "https://anxin.example/callbacks/twilio"


@pytest.fixture(scope="module")
def stand_in() -> Iterator[Provider]:
    with running(Provider(NOW)) as started:
        yield started


@pytest.fixture(scope="module")
def judge(stand_in: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prism]:
    with judging(tmp_path_factory.mktemp("prism"), stand_in.url) as prism:
        yield prism


@pytest.fixture
def provider(stand_in: Provider) -> Provider:
    """The stand-in, with nothing left in it of the test before."""
    stand_in.texts.clear()
    stand_in.calls.clear()
    stand_in.forms.clear()
    stand_in.answers.clear()
    return stand_in


@pytest.fixture
def sms(judge: Prism) -> TwilioSms:
    return TwilioSms(ACCOUNT, "secret", NUMBER, f"{CALLBACK}/status", judge.url)


@pytest.fixture
def voice(judge: Prism) -> TwilioVoice:
    return TwilioVoice(ACCOUNT, "secret", NUMBER, f"{CALLBACK}/voice", judge.url)


def test_a_text_is_sent_found_and_followed_as_described(
    provider: Provider, sms: TwilioSms, now: datetime
) -> None:
    sent = sms.send(a_message(now))

    assert sent == Sent("SM" + "1".zfill(32))
    assert provider.forms[0]["StatusCallback"] == f"{CALLBACK}/status?key=i7.r1.contact%3A1"
    assert sms.find(a_message(now, attempts=2)) == sent
    taken = a_message(now, provider_id=sent.provider_id)
    assert sms.fate(taken) == Fate(MessageState.SENT)
    provider.texts[0]["status"] = "delivered"
    assert sms.fate(taken) == Fate(MessageState.DELIVERED)
    provider.texts[0].update(status="undelivered", error_code=30005, error_message="Unknown destination")
    assert sms.fate(taken) == Fate(MessageState.UNDELIVERABLE, "30005")


def test_a_call_is_made_found_and_followed_as_described(
    provider: Provider, voice: TwilioVoice, now: datetime
) -> None:
    call = a_message(now, key="i7.r1.contact:1.call", is_call=True)

    made = voice.send(call)

    assert made == Sent("CA" + "1".zfill(32))
    assert provider.forms[0] == {
        "To": call.to.phone,
        "From": NUMBER,
        "Url": f"{CALLBACK}/voice?key=i7.r1.contact%3A1.call",
        "Method": "POST",
        "StatusCallback": f"{CALLBACK}/voice/status?key=i7.r1.contact%3A1.call",
        "StatusCallbackEvent": "initiated answered completed",
        "StatusCallbackMethod": "POST",
        "Timeout": "25",
        "TimeLimit": "120",
        "MachineDetection": "Enable",
        "AsyncAmd": "true",
        "AsyncAmdStatusCallback": f"{CALLBACK}/voice/answered-by?key=i7.r1.contact%3A1.call",
        "AsyncAmdStatusCallbackMethod": "POST",
    }
    assert voice.find(call) == made
    taken = a_message(now, provider_id=made.provider_id, is_call=True)
    assert voice.fate(taken) == Fate(MessageState.SENT)
    provider.calls[0]["status"] = "in-progress"
    assert voice.fate(taken) == Fate(MessageState.SENT, going_on=True)
    provider.calls[0].update(status="completed", answered_by="machine_start")
    assert voice.fate(taken) == Fate(MessageState.UNDELIVERABLE, "语音信箱 voicemail")
    provider.calls[0].update(status="completed", answered_by="human")
    assert voice.fate(taken) == Fate(MessageState.DELIVERED)


def test_the_judge_refuses_a_request_that_is_not_as_described(judge: Prism, provider: Provider) -> None:
    address = f"{judge.url}/2010-04-01/Accounts/{ACCOUNT}/Calls.json"
    form = {"To": "+8613900000001", "From": NUMBER, "Url": "https://anxin.example/v", "Timeout": "soon"}

    answer = httpx2.post(address, data=form, auth=(ACCOUNT, "secret"))

    assert answer.status_code == 422
    assert "timeout" in answer.text.lower()
    assert provider.calls == []


def test_the_judge_refuses_an_answer_that_is_not_as_described(
    provider: Provider, sms: TwilioSms, voice: TwilioVoice, now: datetime
) -> None:
    provider.answers = ["teleported", "ringing loudly"]

    assert sms.send(a_message(now)) == TryLater("HTTP 500, code 500")
    assert voice.send(a_message(now)) == TryLater("HTTP 500, code 500")


def test_a_refusal_comes_through_the_judge_as_twilio_says_it(
    provider: Provider, sms: TwilioSms, voice: TwilioVoice, now: datetime
) -> None:
    provider.answers = [(400, 21211), (429, 20429)]

    assert sms.send(a_message(now)) == Undeliverable("HTTP 400, code 21211")
    assert voice.send(a_message(now)) == TryLater("HTTP 429, code 20429")
