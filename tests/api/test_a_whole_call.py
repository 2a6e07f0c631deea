"""From the press to the key in the call, by Twilio: the addresses we gave it are those that it calls back."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient

from community.storage import Store
from dispatcher import views
from dispatcher.chase import Chaser
from dispatcher.courier import LEASE, carry, settle
from dispatcher.engine import Engine
from dispatcher.model import Meaning, MessageState
from dispatcher.settings import DispatcherSettings
from dispatcher.storage import outbox
from dispatcher.wiring import Parts, switchboard
from tests.api.conftest import TWILIO_TOKEN, URL, StoppedClock
from tests.api.test_twilio_callbacks import post
from tests.dispatcher.provider import ACCOUNT, NUMBER, Provider, running
from tests.exchange import AtOnce

DAUGHTER = "+8613800000002"


@pytest.fixture
def provider(now: datetime) -> Iterator[Provider]:
    with running(Provider(now)) as started:
        yield started


def test_whom_no_text_reaches_is_called_and_answers_with_a_key(
    stranger: TestClient, store: Store, clock: StoppedClock, incident_id: int, provider: Provider
) -> None:
    settings = DispatcherSettings.model_validate(
        {
            "channels": "twilio,twilio-voice",
            "public_url": URL,
            "twilio_account_sid": ACCOUNT,
            "twilio_auth_token": TWILIO_TOKEN,
            "twilio_from": NUMBER,
            "twilio_base_url": provider.url,
        }
    )
    channel = switchboard(Parts(settings, store, clock))
    chaser = Chaser(store, channel.channels.values(), clock, AtOnce())

    def work() -> None:
        Engine(store).tick(clock.now())
        chaser.turn(clock.now())
        with store.write() as connection:
            taken = outbox.take(
                connection, worker="w", now=clock.now(), lease_until=clock.now() + LEASE, limit=100
            )
        settle(store, [carry(channel, message, clock) for message in taken])

    work()
    assert [text["to"] for text in provider.texts].count(DAUGHTER) == 1
    clock.pass_time(seconds=15)
    work()
    [call] = [form for form in provider.forms if form["To"] == DAUGHTER and "Url" in form]

    # Twilio calls back: it rang, it was taken up, a human has it, a key is pressed, it is over.
    sid = next(str(each["sid"]) for each in provider.calls if each["to"] == DAUGHTER)
    said = {"CallSid": sid, "AccountSid": ACCOUNT, "From": NUMBER, "To": DAUGHTER}

    def calls_back(address: str, **fields: str) -> str:
        assert address.startswith(URL)
        parts = urlsplit(address)
        answer = post(stranger, f"{parts.path}?{parts.query}", {**said, **fields})
        assert answer.status_code in (200, 204), answer.text
        return str(answer.text)

    calls_back(call["StatusCallback"], CallStatus="initiated")
    twiml = calls_back(call["Url"], CallStatus="in-progress")
    calls_back(call["AsyncAmdStatusCallback"], AnsweredBy="human")
    gather = ElementTree.fromstring(twiml).find("Gather")
    assert gather is not None
    calls_back(str(gather.get("action")), CallStatus="in-progress", Digits="1")
    calls_back(call["StatusCallback"], CallStatus="completed", AnsweredBy="human")

    with store.read() as connection:
        detail = views.detail(connection, incident_id)
    assert [answer.meaning for answer in detail.card.answers] == [Meaning.COMING]
    [spoken] = [m for m in detail.messages if m.is_call and m.to.phone == DAUGHTER]
    assert (spoken.state, spoken.provider_id, spoken.channel) == (MessageState.DELIVERED, sid, "twilio-voice")
