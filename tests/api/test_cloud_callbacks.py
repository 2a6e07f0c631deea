"""Aliyun's and Tencent Cloud's callbacks: only from who knows the token, harmless when they come again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import insert
from starlette.testclient import TestClient

from api.app import create_app
from api.parts import Parts
from community.storage import Store
from community.storage.tables import message
from dispatcher import views
from dispatcher.model import MessageState
from dispatcher.storage import outbox
from tests.api.conftest import URL, StoppedClock

TOKEN = "a-token-that-only-they-know"
JSON = {"Content-Type": "application/json"}
ALIYUN, TENCENT = "/callbacks/aliyun", "/callbacks/tencent"
REPORT = {
    "phone_number": "13800000002",
    "send_time": "2026-11-21 14:05:02",
    "report_time": "2026-11-21 14:05:09",
    "success": True,
    "err_code": "DELIVERED",
    "err_msg": "用户接收成功",
    "sms_size": "1",
    "biz_id": "9006^1",
    "out_id": "k1",
}
UP = {
    "phone_number": "13800000002",
    "send_time": "2026-11-21 14:06:00",
    "content": "马上到",
    "sign_name": "垦利街道",
    "dest_code": "123456",
    "sequence_id": 1234567890,
}
STATUS = {
    "user_receive_time": "2026-11-21 14:05:09",
    "nationcode": "86",
    "mobile": "13800000002",
    "report_status": "SUCCESS",
    "errmsg": "DELIVRD",
    "description": "用户短信送达成功",
    "sid": "5000:1",
}
REPLY = {
    "extend": "",
    "mobile": "13800000002",
    "nationcode": "86",
    "sign": "垦利街道",
    "text": "去不了",
    "time": 1795241160,
}
TAKEN = {ALIYUN: {"code": 0, "msg": "接收成功"}, TENCENT: {"result": 0, "errmsg": "OK"}}


@pytest.fixture
def provider(parts: Parts) -> TestClient:
    settings = parts.settings.model_copy(
        update={"callback_token": type(parts.settings.callback_token)(TOKEN)}
    )
    return TestClient(create_app(replace(parts, settings=settings)), base_url=URL)


def post(client: TestClient, path: str, body: object, token: str = TOKEN):  # type: ignore[no-untyped-def]
    return client.post(path, json=body, params={"token": token} if token else {})


@pytest.fixture
def sent(store: Store, clock: StoppedClock) -> None:
    """Two texts are on their way: k1 by Aliyun, k2 by Tencent."""
    with store.write() as connection:
        for key, channel, id in (("k1", "aliyun", "9006^1"), ("k2", "tencent", "5000:1")):
            connection.execute(
                insert(message).values(
                    key=key,
                    who="contact:1",
                    name="女儿",
                    phone="+8613800000002",
                    purpose="raised",
                    rung=1,
                    body="…",
                    channel=channel,
                    lane=1,
                    state="sent",
                    attempts=1,
                    created_at=clock.moment,
                    due_at=clock.moment,
                    sent_at=clock.moment,
                    provider_id=id,
                )
            )


def state(store: Store, key: str) -> tuple[MessageState, str]:
    with store.read() as connection:
        found = outbox.find(connection, key=key)
    assert found is not None
    return found.state, found.error


def replies(store: Store) -> list[str]:
    with store.read() as connection:
        return [reply.body for reply in views.replies_waiting(connection, 10)]


@pytest.mark.usefixtures("sent")
def test_a_report_says_that_a_text_arrived(provider: TestClient, store: Store) -> None:
    assert post(provider, f"{ALIYUN}/report", [REPORT]).json() == TAKEN[ALIYUN]
    assert post(provider, f"{TENCENT}/report", [STATUS]).json() == TAKEN[TENCENT]

    assert state(store, "k1") == (MessageState.DELIVERED, "")
    assert state(store, "k2") == (MessageState.DELIVERED, "")


@pytest.mark.usefixtures("sent")
def test_a_report_says_that_it_did_not_and_why(provider: TestClient, store: Store) -> None:
    post(provider, f"{ALIYUN}/report", [{**REPORT, "success": False, "err_code": "MOBILE_NOT_ON_SERVICE"}])
    post(provider, f"{TENCENT}/report", [{**STATUS, "report_status": "FAIL", "errmsg": "MK:0001"}])

    assert state(store, "k1") == (MessageState.UNDELIVERABLE, "MOBILE_NOT_ON_SERVICE")
    assert state(store, "k2") == (MessageState.UNDELIVERABLE, "MK:0001")


@pytest.mark.usefixtures("sent")
def test_aliyuns_report_that_overtakes_its_own_answer_is_known_by_our_key(
    provider: TestClient, store: Store
) -> None:
    post(provider, f"{ALIYUN}/report", [{**REPORT, "biz_id": "not-stored-yet"}])

    assert state(store, "k1")[0] is MessageState.DELIVERED


@pytest.mark.usefixtures("sent")
def test_reports_of_nobodys_texts_come_among_others_and_do_no_harm(
    provider: TestClient, store: Store
) -> None:
    stranger = {**REPORT, "out_id": "k404", "biz_id": "404"}

    assert post(provider, f"{ALIYUN}/report", [stranger, REPORT, REPORT]).status_code == 200
    assert post(provider, f"{ALIYUN}/report", []).json() == TAKEN[ALIYUN]
    assert state(store, "k1")[0] is MessageState.DELIVERED


@pytest.mark.parametrize(
    "path, body, said", [(f"{ALIYUN}/sms", [UP], "马上到"), (f"{TENCENT}/sms", REPLY, "去不了")]
)
def test_an_answer_is_taken_once_however_often_it_comes(
    provider: TestClient, store: Store, path: str, body: object, said: str
) -> None:
    for _ in range(3):
        assert post(provider, path, body).status_code == 200

    assert replies(store) == [said]


def test_the_same_words_a_minute_later_are_another_answer(provider: TestClient, store: Store) -> None:
    post(provider, f"{TENCENT}/sms", REPLY)
    post(provider, f"{TENCENT}/sms", {**REPLY, "time": 1795241220})

    assert replies(store) == ["去不了", "去不了"]


BODIES = {
    f"{ALIYUN}/report": [REPORT],
    f"{ALIYUN}/sms": [UP],
    f"{TENCENT}/report": [STATUS],
    f"{TENCENT}/sms": REPLY,
}


@pytest.mark.usefixtures("sent")
def test_who_does_not_know_the_token_is_refused_and_forgotten(provider: TestClient, store: Store) -> None:
    for path, body in BODIES.items():
        for token in ("", "guessed", TOKEN + "x", TOKEN[:-1], "口令"):
            answer = post(provider, path, body, token)
            assert (answer.status_code, answer.json()["code"]) == (403, "bad_token")
    assert replies(store) == []
    assert state(store, "k1")[0] is MessageState.SENT


def test_without_a_token_of_ours_nobody_is_believed(stranger: TestClient) -> None:
    for path, body in BODIES.items():
        for token in ("", TOKEN):
            answer = post(stranger, path, body, token)
            assert (answer.status_code, answer.json()["code"]) == (403, "callbacks_not_configured")


def test_what_they_would_never_send_is_told_what_is_wrong_and_is_no_error_of_ours(
    provider: TestClient,
) -> None:
    for path in BODIES:
        for body in (None, 5, "x", [5], [[]], {"a": 1}, [{"a": 1}]):
            assert post(provider, path, body).status_code == 422


def test_what_no_database_keeps_is_kept_as_well_as_it_can_be(provider: TestClient, store: Store) -> None:
    for text in ("\\u0000", "\\ud83d"):
        body = f'[{{"phone_number": "138", "content": "去{text}", "sequence_id": "{text}"}}]'.encode()
        said = provider.post(f"{ALIYUN}/sms", content=body, params={"token": TOKEN}, headers=JSON)
        assert said.status_code == 200

    assert sorted(replies(store)) == ["去?", "去\ufffd"]
