"""Administrators read and edit scripts; who decided on an older version is told."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from api.schemas import QuestionIn, ScriptIn
from dispatcher.scripts import Question, Script, shipped
from tests.api.conftest import URL, Browser, StoppedClock


def put(browser: Browser, name: str, body: object, **headers: str):  # type: ignore[no-untyped-def]
    sent = {"X-CSRF-Token": browser.csrf_token, "Origin": URL, **headers}
    return browser.client.put(f"/api/scripts/{name}", json=body, headers=sent)


def fall(admin: Browser, **changes: object) -> dict[str, Any]:
    """The script for falls as it was read, as it is sent back."""
    script = admin.get("/api/scripts/fall").json()["script"]
    return {key: value for key, value in script.items() if key not in ("name", "version")} | changes


@pytest.mark.parametrize("path", ["/api/scripts", "/api/scripts/fall", "/api/scripts/fall/versions"])
def test_scripts_are_for_administrators(operator: Browser, admin: Browser, path: str) -> None:
    assert operator.get(path).status_code == 403
    assert admin.get(path).status_code == 200
    assert put(operator, "fall", fall(admin), **{"If-Match": '"0"'}).status_code == 403


def test_a_script_is_read_edited_and_sent_back(admin: Browser, clock: StoppedClock) -> None:
    read = admin.get("/api/scripts/fall")
    assert read.headers["etag"] == '"0"'
    assert (read.json()["changed_at"], read.json()["changed_by"]) == (None, "")

    saved = put(admin, "fall", fall(admin, title="摔倒"), **{"If-Match": '"0"'})

    assert (saved.status_code, saved.headers["etag"]) == (200, '"1"')
    assert saved.json() == {**read.json()["script"], "title": "摔倒", "version": 1}
    listed = {one["script"]["name"]: one for one in admin.get("/api/scripts").json()}
    assert list(listed) == [script.name for script in shipped().all]
    assert listed["fall"]["changed_by"] == "管理员"
    assert listed["fall"]["changed_at"] == clock.moment.isoformat().replace("+00:00", "Z")
    assert listed["sos"]["changed_by"] == ""
    versions = admin.get("/api/scripts/fall/versions").json()
    assert [(one["script"]["version"], one["script"]["title"]) for one in versions] == [
        (1, "摔倒"),
        (0, "跌倒"),
    ]
    noted = admin.get("/api/audit").json()["items"][0]
    assert noted["path"] == "PUT /api/scripts/fall"


def test_of_two_administrators_the_second_is_told(admin: Browser) -> None:
    given = fall(admin)
    assert put(admin, "fall", given | {"title": "摔倒"}, **{"If-Match": '"0"'}).status_code == 200
    lost = put(admin, "fall", given, **{"If-Match": '"0"'})
    assert (lost.status_code, lost.json()["code"]) == (412, "script_changed")
    assert fall(admin)["title"] == "摔倒"
    unsaid = put(admin, "fall", given)
    assert (unsaid.status_code, unsaid.json()["code"]) == (428, "say_which_version")


def test_a_new_script_takes_its_kinds_over(admin: Browser) -> None:
    made = put(admin, "co", fall(admin, title="一氧化碳", kinds=["co"]), **{"If-None-Match": "*"})
    assert (made.status_code, made.json()["version"]) == (200, 1)
    assert admin.get("/api/scripts/gas").json()["script"]["kinds"] == ["gas"]
    assert admin.get("/api/scripts/night").json()["code"] == "no_such_script"
    assert admin.get("/api/scripts/night/versions").json()["code"] == "no_such_script"


def test_what_cannot_be_asked_is_refused_with_what_to_do(admin: Browser) -> None:
    questions = fall(admin)["questions"]
    silent = {**questions[0], "steps": {}, "call_120": "no"}
    for changes, code, says in (
        ({"questions": questions[:2]}, "bad_script", "问题要3到6个,现在2个"),
        ({"questions": [*questions[:2], {"name": "q1", "ask": ["", ""]}]}, "bad_script", "第3个问题还没有写"),
        ({"questions": [silent, *questions[1:]]}, "bad_script", "第1个问题答“否”要代叫120,请写上怎么做"),
        ({"kinds": []}, "scripts_incomplete", "没有问询的警情:跌倒报警,请先给它们另选一份"),
        ({"kinds": ["flood"]}, "invalid_input", "body.kinds.0"),
        ({"title": ""}, "invalid_input", "body.title"),
        ({"questions": [{**questions[0], "name": "Is She?"}]}, "invalid_input", "name"),
        ({"questions": [{**questions[0], "ask": ["问" * 121, ""]}]}, "invalid_input", "ask"),
        ({"colour": "red"}, "invalid_input", "body.colour"),
    ):
        refused = put(admin, "fall", fall(admin, **changes), **{"If-Match": '"0"'})
        assert (refused.status_code, refused.json()["code"]) == (422, code), changes
        assert says in refused.json()["detail"]
    assert admin.get("/api/scripts/fall").headers["etag"] == '"0"'


def test_whatever_a_script_says_can_be_edited() -> None:
    """A field that the form did not send back would silently fall back to its default."""
    assert set(ScriptIn.model_fields) == {field.name for field in fields(Script)} - {"name", "version"}
    assert set(QuestionIn.model_fields) == {field.name for field in fields(Question)}
