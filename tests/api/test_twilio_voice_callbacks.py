"""A call as Twilio leads it: what to say, a key, who took it up, how it ended; signed, and repeatable."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from urllib.parse import quote

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from community.storage import Store
from community.storage.tables import message
from dispatcher import views
from dispatcher.chase import Chaser
from dispatcher.engine import Engine
from dispatcher.model import Meaning, MessageState
from tests.api.conftest import Browser, StoppedClock
from tests.api.test_twilio_callbacks import post, signature
from tests.exchange import AtOnce, Exchange

VOICE = "/callbacks/twilio/voice"
SID = "CA" + "0" * 31 + "1"
CALL = {"CallSid": SID, "From": "+15005550006", "To": "+8613800000002", "CallStatus": "in-progress"}


@pytest.fixture
def key(store: Store, clock: StoppedClock, incident_id: int) -> str:
    """The key of the call to the daughter, whose text has not left after 15 s."""
    Engine(store).tick(clock.now())
    clock.pass_time(seconds=15)
    Chaser(store, [Exchange()], clock, AtOnce()).turn(clock.now())
    with store.read() as connection:
        found = connection.execute(
            select(message.c.key).where(
                message.c.incident_id == incident_id, message.c.is_call, message.c.who.startswith("contact:")
            )
        )
        return str(found.scalar_one())


def at(path: str, key: str) -> str:
    return f"{VOICE}{path}?key={quote(key)}"


def the_call(store: Store, incident_id: int, key: str) -> tuple[MessageState, str]:
    with store.read() as connection:
        [call] = [m for m in views.detail(connection, incident_id).messages if m.key == key]
    return call.state, call.error


def spoken(twiml: str) -> list[str]:
    """Every sentence that is said, in order; all of them in Chinese."""
    said = list(ElementTree.fromstring(twiml).iter("Say"))
    assert {element.get("language") for element in said} <= {"zh-CN"}
    return [element.text or "" for element in said]


def test_it_says_the_words_twice_and_waits_for_one_key(stranger: TestClient, key: str) -> None:
    answer = post(stranger, at("", key), CALL)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/xml; charset=utf-8")
    words, again, at_last = spoken(answer.text)
    assert words == again
    assert words.startswith("这里是二二二二九九九。王秀英14点05分")
    assert words.endswith("能赶到请按1,不能请按2,误按请按3。")
    assert at_last == "没有收到按键,我们继续联系别人。"
    gather = ElementTree.fromstring(answer.text).find("Gather")
    assert gather is not None
    assert (gather.get("numDigits"), gather.get("method")) == ("1", "POST")
    assert gather.get("action") == f"http://127.0.0.1:8000{at('/digit', key)}"


def test_a_key_is_an_answer_and_is_thanked_for(
    stranger: TestClient, store: Store, incident_id: int, key: str
) -> None:
    for _ in range(2):  # Twilio repeats what it has no answer to
        answer = post(stranger, at("/digit", key), {**CALL, "Digits": "1"})
        assert spoken(answer.text) == ["已记下您能来。谢谢您,路上注意安全。"]

    with store.read() as connection:
        detail = views.detail(connection, incident_id)
    assert [a.meaning for a in detail.card.answers] == [Meaning.COMING]
    assert sum("回复“1”" in entry.text for entry in detail.timeline) == 1
    assert the_call(store, incident_id, key) == (MessageState.DELIVERED, "")


def test_a_key_that_was_not_offered_is_asked_again(stranger: TestClient, key: str) -> None:
    answer = post(stranger, at("/digit", key), {**CALL, "Digits": "9"})

    assert spoken(answer.text)[0] == "没有这个选项。"
    assert ElementTree.fromstring(answer.text).find("Gather") is not None


def test_after_closing_nobody_is_asked_to_come(
    stranger: TestClient, operator: Browser, incident_id: int, key: str
) -> None:
    operator.post(f"/api/incidents/{incident_id}/claim")
    closed = operator.post(f"/api/incidents/{incident_id}/close", {"code": "false_press", "note": ""})
    assert closed.status_code == 200, closed.text

    over = "这件事已经处理完毕,您不用赶来了。谢谢您。"
    assert spoken(post(stranger, at("", key), CALL).text) == [over, over]
    assert spoken(post(stranger, at("/digit", key), {**CALL, "Digits": "1"}).text) == [over]


@pytest.mark.parametrize(
    "path, fields, became",
    [
        ("/answered-by", {"AnsweredBy": "human"}, (MessageState.DELIVERED, "")),
        (
            "/answered-by",
            {"AnsweredBy": "machine_start"},
            (MessageState.UNDELIVERABLE, "语音信箱 voicemail"),
        ),
        ("/answered-by", {"AnsweredBy": "unknown"}, (MessageState.QUEUED, "")),
        ("/status", {"CallStatus": "initiated"}, (MessageState.SENT, "")),
        ("/status", {"CallStatus": "in-progress"}, (MessageState.SENT, "")),
        ("/status", {"CallStatus": "busy"}, (MessageState.UNDELIVERABLE, "占线 busy")),
        ("/status", {"CallStatus": "no-answer"}, (MessageState.UNDELIVERABLE, "无人接听 no answer")),
        ("/status", {"CallStatus": "failed"}, (MessageState.FAILED, "呼叫失败 call failed")),
        ("/status", {"CallStatus": "completed", "AnsweredBy": "human"}, (MessageState.DELIVERED, "")),
        ("/status", {"CallStatus": "teleported"}, (MessageState.QUEUED, "")),
    ],
)
def test_what_became_of_it_is_known_and_may_be_said_twice(
    stranger: TestClient,
    store: Store,
    incident_id: int,
    key: str,
    path: str,
    fields: dict[str, str],
    became: tuple[MessageState, str],
) -> None:
    for _ in range(2):
        assert post(stranger, at(path, key), {**CALL, **fields}).status_code == 204
    assert the_call(store, incident_id, key) == became


def test_reports_out_of_order_leave_what_is_final(
    stranger: TestClient, store: Store, incident_id: int, key: str
) -> None:
    for status in ("no-answer", "ringing", "initiated"):
        post(stranger, at("/status", key), {**CALL, "CallStatus": status})

    assert the_call(store, incident_id, key)[0] is MessageState.UNDELIVERABLE


def test_who_rings_back_hears_whom_to_ring(stranger: TestClient) -> None:
    for address in (VOICE, at("", "i404.r1.contact:1.call")):
        assert spoken(post(stranger, address, CALL).text) == ["请拨打值班电话二二二二九九九。"] * 2
    assert post(stranger, at("/digit", "i404"), {**CALL, "Digits": "1"}).status_code == 200
    assert post(stranger, at("/status", "i404"), {**CALL, "CallStatus": "busy"}).status_code == 204


@pytest.mark.parametrize(
    "fault", ["no signature", "another token", "another key", "another digit", "garbage"]
)
def test_what_twilio_did_not_sign_is_refused(
    stranger: TestClient, store: Store, incident_id: int, key: str, fault: str
) -> None:
    fields = {**CALL, "Digits": "1", "AnsweredBy": "human", "CallStatus": "completed"}
    for path in ("", "/digit", "/answered-by", "/status"):
        signed = {
            "no signature": "",
            "another token": signature(at(path, key), fields, token="another-token"),
            "another key": signature(at(path, key + "0"), fields),
            "another digit": signature(at(path, key), {**fields, "Digits": "2"}),
            "garbage": "签名".encode().decode("latin-1"),
        }[fault]

        answer = stranger.post(
            at(path, key), data=fields, headers={"X-Twilio-Signature": signed.encode("latin-1")}
        )

        assert (answer.status_code, answer.json()["code"]) == (403, "bad_signature")
    assert the_call(store, incident_id, key) == (MessageState.QUEUED, "")
