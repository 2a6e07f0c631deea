"""Administrators read, edit and try response plans; who decided on an older version is told."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from api.parts import Parts
from api.schemas import PlanIn, RungIn, TellIn
from community.storage import Store, register
from devices.signal import Kind
from dispatcher.model import Plan, Rung, Severity, Tell
from dispatcher.plans import shipped
from tests.api.conftest import URL, Browser, StoppedClock, Town

DESK = {"whom": "desk"}
FIRE: dict[str, Any] = {
    "title": "火情",
    "kinds": ["smoke", "gas", "co"],
    "rungs": [{"after_s": 0, "tell": [DESK, {"whom": "relatives", "count": 0}]}],
}


def put(browser: Browser, name: str, body: object, **headers: str):  # type: ignore[no-untyped-def]
    sent = {"X-CSRF-Token": browser.csrf_token, "Origin": URL, **headers}
    return browser.client.put(f"/api/plans/{name}", json=body, headers=sent)


def as_sent(plan: dict[str, Any], **changes: object) -> dict[str, Any]:
    """A plan as it was read, as it is sent back."""
    return {key: value for key, value in plan.items() if key not in ("name", "version")} | changes


def emergency(admin: Browser) -> dict[str, Any]:
    plan: dict[str, Any] = admin.get("/api/plans/emergency").json()["plan"]
    return plan


@pytest.mark.parametrize("path", ["/api/plans", "/api/plans/emergency", "/api/plans/emergency/versions"])
def test_plans_are_for_administrators(operator: Browser, path: str) -> None:
    assert operator.get(path).status_code == 403
    assert put(operator, "emergency", FIRE, **{"If-Match": '"0"'}).status_code == 403
    assert operator.post("/api/plans/rehearsal", {"household_id": 1}).json()["code"] == "admins_only"


def test_a_plan_is_read_edited_and_sent_back(admin: Browser, parts: Parts, clock: StoppedClock) -> None:
    read = admin.get("/api/plans/emergency")
    assert read.headers["etag"] == '"0"'
    assert (read.json()["changed_at"], read.json()["changed_by"]) == (None, "")

    saved = put(admin, "emergency", as_sent(read.json()["plan"], repeat_s=90), **{"If-Match": '"0"'})

    assert (saved.status_code, saved.headers["etag"]) == (200, '"1"')
    assert saved.json() == {**read.json()["plan"], "repeat_s": 90, "version": 1}
    listed = {one["plan"]["name"]: one for one in admin.get("/api/plans").json()}
    assert list(listed) == [plan.name for plan in shipped().all]
    assert listed["emergency"]["changed_by"] == "管理员"
    assert listed["emergency"]["changed_at"] == clock.moment.isoformat().replace("+00:00", "Z")
    assert listed["routine"]["changed_by"] == ""
    with parts.store.read() as connection:
        assert parts.plans.current(connection).of(Kind.SOS, Severity.EMERGENCY).repeat_s == 90


def test_of_two_administrators_the_second_is_told(admin: Browser) -> None:
    plan = emergency(admin)
    assert put(admin, "emergency", as_sent(plan, repeat_s=90), **{"If-Match": '"0"'}).status_code == 200

    lost = put(admin, "emergency", as_sent(plan, repeat_s=120), **{"If-Match": '"0"'})

    assert (lost.status_code, lost.json()["code"]) == (412, "plan_changed")
    assert emergency(admin)["repeat_s"] == 90
    versions = admin.get("/api/plans/emergency/versions").json()
    assert [(one["plan"]["version"], one["plan"]["repeat_s"]) for one in versions] == [(1, 90), (0, 180)]


@pytest.mark.parametrize("headers", [{}, {"If-Match": "0"}, {"If-Match": "*"}, {"If-Match": 'W/"0"'}])
def test_an_edit_says_which_version_it_was_decided_on(admin: Browser, headers: dict[str, str]) -> None:
    answer = put(admin, "emergency", as_sent(emergency(admin)), **headers)
    assert (answer.status_code, answer.json()["code"]) == (428, "say_which_version")


def test_a_new_plan_takes_its_kinds_over(admin: Browser) -> None:
    made = put(admin, "fire", FIRE, **{"If-None-Match": "*"})

    assert (made.status_code, made.json()["version"]) == (200, 1)
    assert emergency(admin)["kinds"] == ["sos", "fall"]
    assert put(admin, "fire", FIRE, **{"If-None-Match": "*"}).status_code == 412
    assert put(admin, "flood", FIRE, **{"If-Match": '"1"'}).status_code == 412


@pytest.mark.parametrize(
    "changes, code, says",
    [
        ({"kinds": ["sos"]}, "plans_incomplete", "no plan for co, fall, gas, smoke"),
        ({"kinds": ["sos", "heartbeat"]}, "plans_incomplete", "heartbeat is no trouble"),
        ({"kinds": ["flood"]}, "invalid_input", "body.kinds.0"),
        ({"rungs": []}, "invalid_input", "body.rungs"),
        ({"rungs": [{"after_s": 0, "tell": [{"whom": "relatives"}]}]}, "bad_plan", "must ring the desk"),
        ({"rungs": [{"after_s": 0, "tell": [{"whom": "nearest"}, DESK]}]}, "bad_plan", "name the `kinds`"),
        ({"rungs": [{"after_s": 0, "tell": [{"whom": "police"}]}]}, "invalid_input", "whom"),
        ({"rungs": [{"after_s": 9, "tell": [DESK]}, {"after_s": 8, "tell": [DESK]}]}, "bad_plan", "fall"),
        ({"repeat_s": 5}, "invalid_input", "body.repeat_s"),
        ({"severity": 7}, "invalid_input", "body.severity"),
        ({"title": ""}, "invalid_input", "body.title"),
        ({"colour": "red"}, "invalid_input", "body.colour"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_reason(
    admin: Browser, changes: dict[str, Any], code: str, says: str
) -> None:
    answer = put(admin, "emergency", as_sent(emergency(admin), **changes), **{"If-Match": '"0"'})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert says in answer.json()["detail"]
    assert emergency(admin)["version"] == 0


@pytest.mark.parametrize("name", ["Emergency", "9", "a b", "x" * 41])
def test_a_name_is_short_and_plain(admin: Browser, name: str) -> None:
    assert put(admin, name, FIRE, **{"If-None-Match": "*"}).status_code == 422


def test_a_plan_that_is_not_there_is_said_to(admin: Browser) -> None:
    for path in ("/api/plans/night", "/api/plans/night/versions"):
        assert admin.get(path).json()["code"] == "no_such_plan"


def test_whatever_a_plan_says_can_be_edited() -> None:
    """A field that the form did not send back would silently fall back to its default."""
    assert set(PlanIn.model_fields) == {field.name for field in fields(Plan)} - {"name", "version"}
    assert set(TellIn.model_fields) == {field.name for field in fields(Tell)}
    assert set(RungIn.model_fields) == {field.name for field in fields(Rung)}


# ---- trying one ----


def test_a_rehearsal_shows_who_would_be_told_and_why_nobody(
    admin: Browser, town: Town, store: Store, clock: StoppedClock
) -> None:
    tried = admin.post("/api/plans/rehearsal", {"household_id": town.household_id}).json()

    first = tried["rungs"][0]
    assert [one["name"] for one in first["reached"]] == ["女儿李梅", "李强", "和平卫生服务站"]
    assert "本网格网格员,在岗" in first["reached"][1]["why"]
    assert tried["plan"]["name"] == "emergency"
    assert tried["at"] == clock.moment.isoformat().replace("+00:00", "Z")
    assert "没有在岗的值班长" in tried["rungs"][2]["nobody"][-1]
    with store.read() as connection:
        assert register.household_by_id(connection, town.household_id)
    assert admin.get("/api/incidents").json()["items"] == [], "nobody was told anything"


def test_a_rehearsal_knows_the_rota_of_the_hour(admin: Browser, town: Town, store: Store) -> None:
    with store.write() as connection:
        worker = register.responder_by_id(connection, town.worker_id)
        register.update_responder(connection, worker, [])

    night = {"household_id": town.household_id, "kind": "fall", "at": "2026-11-22T03:00:00"}
    tried = admin.post("/api/plans/rehearsal", night).json()

    assert tried["at"] == "2026-11-21T19:00:00Z", "03:00 there"
    assert [one["name"] for one in tried["rungs"][0]["reached"]] == ["女儿李梅", "和平卫生服务站"]
    assert "没有在岗的网格员/社区工作人员" in tried["rungs"][0]["nobody"][0]


def test_a_draft_is_tried_and_not_kept(admin: Browser, town: Town) -> None:
    draft = {"household_id": town.household_id, "kind": "smoke", "plan": FIRE}

    tried = admin.post("/api/plans/rehearsal", draft).json()

    assert [one["name"] for one in tried["rungs"][0]["reached"]] == ["女儿李梅"]
    assert tried["rungs"][0]["rings_desk"]
    assert admin.get("/api/plans/fire").status_code == 404


@pytest.mark.parametrize(
    "changes, code",
    [
        ({"household_id": 999}, "no_such_household"),
        ({"kind": "heartbeat"}, "not_a_trouble"),
        ({"at": "2099-01-01T00:00:00Z"}, "too_far"),
        ({"at": "0001-01-01T00:00:00+08:00"}, "too_far"),
        ({"plan": {**FIRE, "rungs": [{"after_s": 0, "tell": [{"whom": "relatives"}]}]}}, "bad_plan"),
    ],
)
def test_what_cannot_be_tried_is_said(admin: Browser, town: Town, changes: dict[str, Any], code: str) -> None:
    asked = {"household_id": town.household_id, **changes}
    assert admin.post("/api/plans/rehearsal", asked).json()["code"] == code
