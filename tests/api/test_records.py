"""The flight recorder over HTTP: a file that proves itself, a page to print, and another plan tried on it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sqlalchemy import update

from community.storage import Store
from community.storage.tables import timeline
from tests.api.conftest import Browser, StoppedClock, Town

QUIET = {"title": "只响铃", "kinds": ["sos"], "rungs": [{"after_s": 0, "tell": [{"whom": "desk"}]}]}


def digest_of(before: str, entry: dict[str, Any]) -> str:
    """As the field's description says, with nothing of ours."""
    content = [
        before,
        entry["seq"],
        entry["at"],
        entry["entry"],
        entry["actor"],
        entry["text"],
        entry["detail"],
    ]
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def close(operator: Browser, incident_id: int, clock: StoppedClock) -> None:
    clock.pass_time(seconds=30)
    operator.post(f"/api/incidents/{incident_id}/claim")
    clock.pass_time(seconds=90)
    operator.post(f"/api/incidents/{incident_id}/close", {"code": "false_press", "note": "误按"})


def test_a_stranger_can_prove_the_exported_timeline_with_nothing_but_a_hash(
    operator: Browser, incident_id: int, clock: StoppedClock
) -> None:
    close(operator, incident_id, clock)

    record = operator.get(f"/api/incidents/{incident_id}/record").json()

    before = ""
    for entry in record["timeline"]:
        assert entry["digest"] == digest_of(before, entry)
        before = entry["digest"]
    assert (record["head"], record["broken_at"], record["format"]) == (before, None, "anxin-record/1")
    assert record["close_code"] == "false_press"
    assert record["plan"]["name"] == "emergency"
    assert "+86" not in json.dumps(record["messages"])


def test_what_was_altered_is_named(
    operator: Browser, incident_id: int, clock: StoppedClock, store: Store
) -> None:
    close(operator, incident_id, clock)
    whole = [
        entry["text"] for entry in operator.get(f"/api/incidents/{incident_id}/record").json()["timeline"]
    ]
    second = timeline.c.incident_id == incident_id, timeline.c.seq == 2
    with store.write() as connection:
        connection.execute(update(timeline).where(*second).values(text="没有按过"))

    assert operator.get(f"/api/incidents/{incident_id}/record").json()["broken_at"] == 2
    assert "第 2 条起被改动或缺失" in operator.get(f"/incidents/{incident_id}/record").text
    with store.write() as connection:
        connection.execute(update(timeline).where(*second).values(text=whole[1]))


def test_the_page_tells_the_case_and_what_todays_plan_would_have_done(
    operator: Browser, incident_id: int, clock: StoppedClock
) -> None:
    close(operator, incident_id, clock)

    page = operator.get(f"/incidents/{incident_id}/record").text

    assert "✓ 记录完整" in page
    assert "误按" in page
    assert "若按现行预案" in page
    assert operator.get("/incidents/404/record").status_code == 404


def test_another_plan_is_tried_and_nobody_is_told(
    operator: Browser, incident_id: int, clock: StoppedClock
) -> None:
    close(operator, incident_id, clock)
    messages = operator.get(f"/api/incidents/{incident_id}").json()["messages"]

    today = operator.post(f"/api/incidents/{incident_id}/replay", {}).json()
    quiet = operator.post(f"/api/incidents/{incident_id}/replay", {"plan": QUIET}).json()

    assert any(event["who"].startswith("contact:") for event in today["would"])
    assert not any(event["who"].startswith("contact:") for event in quiet["would"])
    assert [event["after_s"] for event in quiet["happened"]] == sorted(
        event["after_s"] for event in quiet["happened"]
    )
    assert operator.get(f"/api/incidents/{incident_id}").json()["messages"] == messages
    refused = operator.post(f"/api/incidents/{incident_id}/replay", {"plan": {**QUIET, "rungs": []}})
    assert refused.status_code == 422


def test_a_case_that_became_worse_is_played_with_both_plans(
    operator: Browser, town: Town, clock: StoppedClock
) -> None:
    home = {"household_id": town.household_id}
    told = {**home, "kind": "leak", "text": "漏水"}
    incident_id = operator.post("/api/incidents", told).json()["id"]
    clock.pass_time(minutes=2)
    worse = {**home, "kind": "sos", "text": "她倒下了"}
    assert operator.post("/api/incidents", worse).json()["id"] == incident_id
    clock.pass_time(minutes=2)

    today = operator.post(f"/api/incidents/{incident_id}/replay", {}).json()

    first, second = today["plans"]
    assert "leak" in first["kinds"]
    assert second["name"] == "emergency"
    relatives = [event["after_s"] for event in today["would"] if event["who"].startswith("contact:")]
    assert min(after_s for after_s in relatives if after_s >= 120) == 120
    page = operator.get(f"/incidents/{incident_id}/record").text
    assert first["title"] in page
    assert second["title"] in page
