"""What every way to ring somebody up must do; each voice channel passes the same sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from community.storage import Store
from community.storage.tables import phone_call
from dispatcher.channels import Channel, Fate, Medium, Reporting, Sent
from dispatcher.channels.twilio import TwilioVoice
from dispatcher.model import MessageState, Recipient, speaks
from dispatcher.settings import DispatcherSettings
from dispatcher.wiring import CHANNELS, Parts
from tests.dispatcher.provider import ACCOUNT, NUMBER, Provider, running
from tests.dispatcher.test_channels import a_message
from tests.dispatcher.test_courier import Clock

SON = Recipient("contact:2", "儿子", "+8613900000002")


@dataclass(frozen=True)
class Line:
    channel: Channel
    rang: Callable[[str], int]


@pytest.fixture(params=["phones-voice", "twilio-voice"])
def line(
    request: pytest.FixtureRequest, now: datetime, tmp_path: Path, sqlite_template: Path
) -> Iterator[Line]:
    if request.param == "twilio-voice":
        with running(Provider(now)) as provider:
            yield Line(
                TwilioVoice(ACCOUNT, "secret", NUMBER, "http://127.0.0.1/voice", provider.url),
                lambda phone: [call["to"] for call in provider.calls].count(phone),
            )
        return
    path = tmp_path / "phones.db"
    path.write_bytes(sqlite_template.read_bytes())
    store = Store(f"sqlite:///{path}")

    def rang(phone: str) -> int:
        with store.read() as connection:
            query = select(func.count()).where(phone_call.c.phone == phone)
            return connection.execute(query).scalar_one()

    yield Line(CHANNELS["phones-voice"](Parts(DispatcherSettings(), store, Clock(now))), rang)
    store.close()


def test_it_says_by_its_name_and_its_capabilities_that_it_speaks(line: Line) -> None:
    assert speaks(line.channel.name)
    assert line.channel.capabilities.medium is Medium.VOICE


def test_a_call_rings_once_and_nobody_has_heard_it_yet(line: Line, now: datetime) -> None:
    outcome = line.channel.send(a_message(now))

    assert isinstance(outcome, Sent)
    assert (outcome.provider_id != "", outcome.delivered) == (True, False)
    assert (line.rang("+8613900000001"), line.rang(SON.phone)) == (1, 0)


def test_what_was_never_made_is_not_found(line: Line, now: datetime) -> None:
    assert line.channel.find(a_message(now)) is None


def test_what_was_made_is_found_under_the_same_id(line: Line, now: datetime) -> None:
    outcome = line.channel.send(a_message(now))

    assert line.channel.find(a_message(now, attempts=2)) == outcome


def test_a_call_to_somebody_else_is_not_taken_for_this_one(line: Line, now: datetime) -> None:
    line.channel.send(a_message(now))

    assert line.channel.find(a_message(now, key="i7.r1.contact:2", to=SON)) is None


def test_it_can_be_asked_and_a_call_that_rings_is_no_more_than_sent(line: Line, now: datetime) -> None:
    outcome = line.channel.send(a_message(now))

    assert isinstance(outcome, Sent)
    assert isinstance(line.channel, Reporting)
    assert line.channel.fate(a_message(now, provider_id=outcome.provider_id)) == Fate(MessageState.SENT)
    assert line.channel.fate(a_message(now, key="i404", to=SON, provider_id="CA404")) is None


def test_several_may_be_rung_at_once(line: Line, now: datetime) -> None:
    messages = [a_message(now, id=n, key=f"k{n}", to=Recipient("c", "", f"+86139{n:08d}")) for n in range(12)]

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(line.channel.send, messages))

    assert len({outcome.provider_id for outcome in outcomes if isinstance(outcome, Sent)}) == 12
