"""A simulated phone on which no text arrives rings, and somebody, a voicemail or nobody takes it up."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from community.storage import Store
from dispatcher import views
from dispatcher.chase import Chaser
from dispatcher.courier import LEASE, carry, settle
from dispatcher.engine import Engine
from dispatcher.model import Meaning, Message, MessageState
from dispatcher.settings import DispatcherSettings
from dispatcher.storage import outbox
from dispatcher.wiring import Parts, switchboard
from tests.api.conftest import Browser, StoppedClock
from tests.exchange import AtOnce

DAUGHTER = "+8613800000002"
Work = Callable[..., None]


@pytest.fixture
def work(store: Store, clock: StoppedClock) -> Work:
    """A dispatcher on the shipped settings, which works when the test says so."""
    channel = switchboard(Parts(DispatcherSettings(), store, clock))
    engine = Engine(store)
    chaser = Chaser(store, channel.channels.values(), clock, AtOnce())

    def go_on(seconds: int = 0) -> None:
        for _ in range(seconds + 1):
            engine.tick(clock.now())
            chaser.turn(clock.now())
            with store.write() as connection:
                taken = outbox.take(
                    connection, worker="w", now=clock.now(), lease_until=clock.now() + LEASE, limit=100
                )
            if taken:
                settle(store, [carry(channel, message, clock) for message in taken])
            clock.pass_time(seconds=1)

    return go_on


@pytest.fixture
def ringing(operator: Browser, work: Work, incident_id: int) -> int:  # noqa: ARG001 - she is told of it
    """The daughter's phone, on which no text arrives, rings; the call's id."""
    assert operator.post(f"/api/phones/{DAUGHTER}/reception", {"texts_arrive": False}).status_code == 204
    work(16)
    [call] = operator.get("/api/phones/calls").json()
    assert (call["phone"], call["name"], call["taken_at"]) == (DAUGHTER, "女儿李梅", None)
    return int(call["id"])


def the_call(store: Store, incident_id: int) -> Message:
    with store.read() as connection:
        [call] = [m for m in views.detail(connection, incident_id).messages if m.is_call]
    return call


def calls(operator: Browser) -> list[object]:
    found: list[object] = operator.get("/api/phones/calls").json()
    return found


def test_a_key_in_the_call_is_an_answer(
    operator: Browser, store: Store, incident_id: int, ringing: int
) -> None:
    script = operator.post(f"/api/phones/calls/{ringing}/take-up").json()
    assert script["words"].endswith("能赶到请按1,不能请按2,误按请按3。")
    assert script["asks"] is True

    pressed = operator.post(f"/api/phones/calls/{ringing}/key", {"digit": "1"}).json()

    assert pressed == {"meaning": "coming", "say": "已记下您能来。谢谢您,路上注意安全。"}
    with store.read() as connection:
        [answer] = views.detail(connection, incident_id).card.answers
    assert answer.meaning is Meaning.COMING
    assert the_call(store, incident_id).state is MessageState.DELIVERED
    assert calls(operator) == []


def test_a_wrong_key_is_said_to_be_none_and_the_call_goes_on(operator: Browser, ringing: int) -> None:
    operator.post(f"/api/phones/calls/{ringing}/take-up")
    assert operator.post(f"/api/phones/calls/{ringing}/key", {"digit": "9"}).json()["say"] == "没有这个选项。"
    assert len(calls(operator)) == 1


@pytest.mark.parametrize("how, error", [("voicemail", "语音信箱 voicemail"), ("rejected", "占线 busy")])
def test_a_voicemail_and_a_rejected_call_are_no_answer(
    operator: Browser, store: Store, incident_id: int, ringing: int, how: str, error: str
) -> None:
    for _ in range(2):
        assert operator.post(f"/api/phones/calls/{ringing}/end", {"how": how}).status_code == 204

    call = the_call(store, incident_id)
    assert (call.state, call.error) == (MessageState.UNDELIVERABLE, error)
    assert calls(operator) == []
    assert operator.post(f"/api/phones/calls/{ringing}/take-up").status_code == 409
    assert operator.post(f"/api/phones/calls/{ringing}/key", {"digit": "1"}).status_code == 409


def test_a_phone_that_nobody_takes_up_stops_ringing_and_is_no_answer(
    operator: Browser, store: Store, work: Work, incident_id: int, ringing: int
) -> None:
    work(32)

    assert calls(operator) == []
    call = the_call(store, incident_id)
    assert (call.state, call.error) == (MessageState.UNDELIVERABLE, "无人接听 no answer")
    assert operator.post(f"/api/phones/calls/{ringing}/take-up").status_code == 409


def test_a_phone_gets_texts_again_when_it_is_switched_back(
    operator: Browser,
    work: Work,
    incident_id: int,  # noqa: ARG001 - she is told of it
) -> None:
    for arrive in (False, False, True, True):
        operator.post(f"/api/phones/{DAUGHTER}/reception", {"texts_arrive": arrive})
    work(20)

    [phone] = [p for p in operator.get("/api/phones").json() if p["phone"] == DAUGHTER]
    assert (phone["count"], phone["texts_arrive"]) == (1, True)
    assert calls(operator) == []
