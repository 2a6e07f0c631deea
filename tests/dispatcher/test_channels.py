"""What every way out to people must do; each channel passes the same sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from orjson import dumps

from community.storage import Store
from dispatcher.channels import Channel, Sent
from dispatcher.channels.gammu import GammuSms
from dispatcher.channels.phones import Phones
from dispatcher.channels.twilio import TwilioSms
from dispatcher.model import Lane, Message, MessageState, Purpose, Recipient
from dispatcher.storage import handsets
from dispatcher.storage.reading import phone_texts
from tests.dispatcher.channels import clouds, smsc
from tests.dispatcher.channels.heard import Heard
from tests.dispatcher.channels.modem import Modem
from tests.dispatcher.provider import Provider, running


@dataclass(frozen=True)
class Way:
    """A channel, what has arrived on a phone, and what a message reads like there."""

    channel: Channel
    arrived: Callable[[str], list[str]]
    says: Callable[[Message], str] = field(default=lambda message: message.body)


def a_message(now: datetime, **more: object) -> Message:
    plain = Message(
        id=1,
        key="i7.r1.contact:1",
        incident_id=7,
        to=Recipient("contact:1", "女儿", "+8613900000001"),
        purpose=Purpose.RAISED,
        body="【2222999】王秀英14:05按了紧急按钮。能赶到回1。",
        channel="",
        lane=Lane.PERSON,
        state=MessageState.SENDING,
        attempts=1,
        created_at=now,
        due_at=now,
        variables={"who": "王奶奶", "time": "14:05", "what": "按了紧急按钮"},
    )
    return replace(plain, **more)  # type: ignore[arg-type]


@pytest.fixture(params=["phones", "twilio", "aliyun", "tencent", "smpp", "gammu"])
def way(
    request: pytest.FixtureRequest, now: datetime, tmp_path: Path, sqlite_template: Path
) -> Iterator[Way]:
    if request.param == "twilio":
        with running(Provider(now)) as provider:
            yield Way(
                TwilioSms("AC1", "secret", "+15550001", "http://127.0.0.1/status", provider.url),
                provider.bodies,
            )
        return
    if request.param == "aliyun":
        with clouds.running(clouds.aliyun) as cloud:
            yield Way(clouds.aliyun_at(cloud, now), cloud.arrived, lambda m: dumps(m.variables).decode())
        return
    if request.param == "tencent":
        with clouds.running(clouds.tencent) as cloud:
            yield Way(clouds.tencent_at(cloud, now), cloud.arrived, lambda m: "|".join(m.variables.values()))
        return
    if request.param == "smpp":
        with smsc.running() as centre:
            line = smsc.bound(centre, Heard())
            yield Way(line, centre.arrived)
            line.close()
        return
    if request.param == "gammu":
        modem = Modem(tmp_path)
        sim = GammuSms(modem.settings(), Heard())
        yield Way(sim, modem.has_for)
        sim.close()
        return
    path = tmp_path / "phones.db"
    path.write_bytes(sqlite_template.read_bytes())
    store = Store(f"sqlite:///{path}")

    def receive(message: Message) -> str:
        with store.write() as connection:
            return handsets.receive(connection, message, now)

    def received(message: Message) -> str | None:
        with store.read() as connection:
            return handsets.received(connection, message)

    def arrived(phone: str) -> list[str]:
        with store.read() as connection:
            return [text.body for text in phone_texts(connection, phone) if text.incoming]

    yield Way(Phones(receive, received), arrived)
    store.close()


def test_a_text_arrives_as_it_was_written(way: Way, now: datetime) -> None:
    outcome = way.channel.send(a_message(now))

    assert isinstance(outcome, Sent)
    assert outcome.provider_id != ""
    assert way.arrived("+8613900000001") == [way.says(a_message(now))]
    assert way.arrived("+8613900000002") == []


def test_what_was_never_sent_is_not_found(way: Way, now: datetime) -> None:
    assert way.channel.find(a_message(now)) is None


def test_what_was_sent_is_found_under_the_same_id(way: Way, now: datetime) -> None:
    outcome = way.channel.send(a_message(now))

    found = way.channel.find(a_message(now, attempts=2))
    assert isinstance(outcome, Sent)
    assert isinstance(found, Sent)
    assert found.provider_id in (outcome.provider_id, "")  # "": Aliyun knows it only by our key


def test_a_text_to_somebody_else_is_not_taken_for_this_one(way: Way, now: datetime) -> None:
    way.channel.send(a_message(now))
    other = a_message(now, key="i7.r1.contact:2", to=Recipient("contact:2", "儿子", "+8613900000002"))

    assert way.channel.find(other) is None


def test_another_text_to_the_same_person_is_not_taken_for_this_one(way: Way, now: datetime) -> None:
    way.channel.send(a_message(now))
    other = a_message(now, key="i7.closed.contact:1", body="【2222999】王秀英误按按钮,人平安。")

    assert way.channel.find(other) is None


def test_the_same_words_of_an_earlier_rung_are_not_taken_for_this_one(way: Way, now: datetime) -> None:
    way.channel.send(a_message(now))
    later = a_message(now, key="i7.r4.contact:1", created_at=now + timedelta(minutes=3))

    assert way.channel.find(later) is None


def test_several_senders_may_use_it_at_once(way: Way, now: datetime) -> None:
    messages = [a_message(now, id=n, key=f"k{n}", body=f"第{n}条") for n in range(12)]

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(way.channel.send, messages))

    assert len({outcome.provider_id for outcome in outcomes if isinstance(outcome, Sent)}) == 12
    assert sorted(way.arrived("+8613900000001")) == sorted(map(way.says, messages))


def test_it_has_a_name_for_the_record(way: Way) -> None:
    assert way.channel.name in ("phones", "twilio", "aliyun", "tencent", "smpp", "gammu")


def test_it_says_what_it_can_do(way: Way, now: datetime) -> None:
    assert way.channel.capabilities.can_carry(a_message(now))
    assert way.channel.capabilities.segment <= 70
    assert way.channel.capabilities.rate_per_s > 0
