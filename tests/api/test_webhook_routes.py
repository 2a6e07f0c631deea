"""An administrator says who is told of cases, tries it, and sends again what was given up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from community.storage import Store, audit
from community.storage.tables import webhook_delivery
from tests.api.conftest import URL, Browser, StoppedClock

WANTED = {
    "label": "大数据平台",
    "url": "https://grid.example.org/anxin",
    "events": ["incident.raised", "incident.closed"],
}


@pytest.fixture
def made(admin: Browser) -> dict[str, Any]:
    answer = admin.post("/api/webhooks", WANTED)
    assert answer.status_code == 201, answer.text
    said: dict[str, Any] = answer.json()
    return said


def test_a_secret_is_shown_once_and_never_again(admin: Browser, made: dict[str, Any], store: Store) -> None:
    assert made["secret"].startswith("whsec_")
    hook = made["webhook"]["id"]
    shown = [admin.get(path).text for path in ("/api/webhooks", f"/api/webhooks/{hook}")]
    assert not any("whsec_" in one for one in shown)
    renewed = admin.post(f"/api/webhooks/{hook}/secret").json()["secret"]
    assert renewed != made["secret"]
    with store.read() as connection:
        deeds = [deed.what for deed in audit.newest(connection, None, 10)]
    assert deeds == ["renewWebhookSecret", "addWebhook"]


def test_by_default_a_receiver_learns_nothing_of_people(made: dict[str, Any]) -> None:
    assert made["webhook"]["includes"] == []


@pytest.mark.parametrize(
    "url", ["http://example.org/", "http://169.254.169.254/", "https://a:b@example.org/"]
)
def test_an_address_that_may_not_be_is_refused_when_typed_and_when_changed(
    admin: Browser, made: dict[str, Any], url: str
) -> None:
    hook = made["webhook"]["id"]
    for answer in (
        admin.post("/api/webhooks", {**WANTED, "url": url}),
        admin.put(f"/api/webhooks/{hook}", {**WANTED, "url": url}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_webhook_address")


def test_a_change_decided_on_something_older_is_refused(admin: Browser, made: dict[str, Any]) -> None:
    path = f"/api/webhooks/{made['webhook']['id']}"
    looked_at = admin.get(path).headers["etag"]
    headers = {"X-CSRF-Token": admin.csrf_token, "Origin": URL, "If-Match": looked_at}
    for status in (200, 412):
        answer = admin.client.put(path, json={**WANTED, "label": f"{status}"}, headers=headers)
        assert answer.status_code == status


def test_one_that_is_switched_on_again_hears_what_happens_from_then_on(
    admin: Browser, made: dict[str, Any], clock: StoppedClock
) -> None:
    path = f"/api/webhooks/{made['webhook']['id']}"
    admin.put(path, {**WANTED, "enabled": False})
    assert admin.post(f"{path}/test").json()["code"] == "webhook_is_off"
    clock.pass_time(hours=1)
    assert admin.put(path, {**WANTED, "enabled": True}).json()["since"] != made["webhook"]["since"]
    since = admin.get(path).json()["since"]
    clock.pass_time(hours=1)
    assert admin.put(path, {**WANTED, "label": "改名"}).json()["since"] == since


def test_a_test_event_is_on_its_way_and_what_was_given_up_is_sent_again(
    admin: Browser, made: dict[str, Any], store: Store, clock: StoppedClock
) -> None:
    hook = made["webhook"]["id"]
    sent = admin.post(f"/api/webhooks/{hook}/test")
    assert sent.status_code == 202
    delivery = sent.json()
    assert admin.get("/api/webhooks").json()[0]["waiting"] == 1
    replay = f"/api/webhook-deliveries/{delivery}/replay"
    assert admin.post(replay).json()["code"] == "still_waiting"

    with store.write() as connection:
        connection.execute(update(webhook_delivery).values(due_at=None, error="HTTP 500", attempts=8))
    dead = admin.get(f"/api/webhooks/{hook}/deliveries?given_up=true").json()["items"]
    assert [(one["id"], one["event"], one["error"]) for one in dead] == [
        (delivery, "webhook.test", "HTTP 500")
    ]
    assert admin.get("/api/webhooks").json()[0]["given_up"] == 1
    clock.moment += timedelta(minutes=1)
    again = admin.post(replay).json()
    assert (again["name"], again["attempts"]) == (f"evt_{delivery}", 0)
    assert admin.get(f"/api/webhooks/{hook}/deliveries?given_up=true").json()["items"] == []


def test_one_that_is_removed_is_gone_with_all_that_was_sent(admin: Browser, made: dict[str, Any]) -> None:
    hook = made["webhook"]["id"]
    admin.post(f"/api/webhooks/{hook}/test")
    gone = admin.client.delete(
        f"/api/webhooks/{hook}", headers={"X-CSRF-Token": admin.csrf_token, "Origin": URL}
    )
    assert gone.status_code == 204
    assert admin.get("/api/webhooks").json() == []
    assert admin.get(f"/api/webhooks/{hook}/deliveries").status_code == 404


def test_operators_neither_see_nor_send_any_of_it(operator: Browser, made: dict[str, Any]) -> None:
    hook = made["webhook"]["id"]
    answers = [
        operator.get("/api/webhooks"),
        operator.post("/api/webhooks", WANTED),
        operator.post(f"/api/webhooks/{hook}/test"),
        operator.post(f"/api/webhooks/{hook}/secret"),
        operator.get(f"/api/webhooks/{hook}/deliveries"),
        operator.get("/webhooks"),
    ]
    assert {answer.status_code for answer in answers} == {403}
