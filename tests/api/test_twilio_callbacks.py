"""Twilio's callbacks: signed or refused, and harmless when they come twice, late or in the wrong order."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient
from twilio.request_validator import RequestValidator

from community.storage import Store
from dispatcher import views
from tests.api.conftest import TWILIO_TOKEN, URL, Browser

SMS, STATUS = "/callbacks/twilio/sms", "/callbacks/twilio/status"
TEXT = {"MessageSid": "SM0001", "From": "+8613800000002", "To": "+15005550006", "Body": "我明天再打来"}


def signature(path: str, fields: dict[str, str], token: str = TWILIO_TOKEN, url: str = URL) -> str:
    signed: str = RequestValidator(token).compute_signature(url + path, fields)
    return signed


def post(client: TestClient, path: str, fields: dict[str, str], signed: str | None = None):  # type: ignore[no-untyped-def]
    signed = signature(path, fields) if signed is None else signed
    return client.post(path, data=fields, headers={"X-Twilio-Signature": signed})


def replies(store: Store) -> list[str]:
    with store.read() as connection:
        return [reply.body for reply in views.replies_waiting(connection, 10)]


def test_a_signed_text_is_taken_and_answered_with_nothing(stranger: TestClient, store: Store) -> None:
    answer = post(stranger, SMS, TEXT)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/xml; charset=utf-8")
    assert answer.text.endswith("<Response></Response>")
    assert replies(store) == ["我明天再打来"]


def test_the_same_text_twice_is_one_text(stranger: TestClient, store: Store) -> None:
    for _ in range(3):
        assert post(stranger, SMS, TEXT).status_code == 200
    assert len(replies(store)) == 1


@pytest.mark.parametrize(
    "signed",
    [
        "",
        "forged",
        "签名".encode().decode("latin-1"),
        signature(SMS, TEXT, token="another-token"),
        signature(STATUS, TEXT),
        signature(SMS, {**TEXT, "Body": "1"}),
        signature(SMS, TEXT, url="http://evil.example"),
    ],
)
def test_a_forged_text_is_refused_and_forgotten(stranger: TestClient, store: Store, signed: str) -> None:
    answer = stranger.post(SMS, data=TEXT, headers={"X-Twilio-Signature": signed.encode("latin-1")})
    assert (answer.status_code, answer.json()["code"]) == (403, "bad_signature")
    assert replies(store) == []


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"content": b"\xff\xfe", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        {"content": b"x", "headers": {"Content-Type": "multipart/form-data"}},
        {"content": b"x", "headers": {"Content-Type": "multipart/form-data; boundary=y"}},
        {"json": TEXT},
        {"files": {"Body": b"x"}},
        {"data": TEXT, "headers": {"X-Twilio-Webhooks-Signature-Settings": "key=k,algorithm=MD5"}},
    ],
)
@pytest.mark.parametrize("path", [SMS, STATUS])
def test_what_twilio_would_never_send_is_refused_and_never_an_error(
    stranger: TestClient, path: str, options: dict[str, object]
) -> None:
    assert stranger.post(path, **options).status_code == 403  # type: ignore[arg-type]


def test_a_field_sent_twice_is_signed_twice(stranger: TestClient) -> None:
    body = "MessageSid=SM9&From=%2B8613800000002&Body=1&Body=2"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    mac = signature(SMS, {"MessageSid": "SM9", "From": "+8613800000002", "Body": "1"})
    assert stranger.post(SMS, content=body, headers={**headers, "X-Twilio-Signature": mac}).status_code == 403


def test_the_query_is_part_of_what_is_signed(stranger: TestClient) -> None:
    fields = {"MessageSid": "SM1", "MessageStatus": "sent"}
    path = f"{STATUS}?key=i1.raised.contact:1"
    assert post(stranger, path, fields).status_code == 204
    assert post(stranger, path, fields, signature(STATUS, fields)).status_code == 403


def test_a_receipt_for_no_message_of_ours_and_a_new_word_are_taken_quietly(stranger: TestClient) -> None:
    assert post(stranger, STATUS, {"MessageSid": "SM404", "MessageStatus": "delivered"}).status_code == 204
    assert post(stranger, STATUS, {"MessageSid": "SM404", "MessageStatus": "teleported"}).status_code == 204


def test_a_signed_callback_without_its_fields_is_told_which(stranger: TestClient) -> None:
    answer = post(stranger, STATUS, {"MessageSid": "SM1"})
    assert (answer.status_code, answer.json()["code"]) == (422, "missing_field")
    assert "MessageStatus" in answer.json()["detail"]


def test_a_session_is_no_signature(operator: Browser) -> None:
    assert operator.client.post(SMS, data=TEXT).status_code == 403
