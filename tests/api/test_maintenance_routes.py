"""Maintenance over HTTP."""

from __future__ import annotations

from tests.api.conftest import Browser, StoppedClock, Town


def test_work_on_a_device_is_begun_seen_and_ended_once(
    operator: Browser, town: Town, clock: StoppedClock
) -> None:
    wanted = {"device_id": town.device_id, "reason": "换电池", "minutes": 60}
    begun = operator.post("/api/maintenance", wanted)
    assert begun.status_code == 201, begun.text
    [one] = operator.get("/api/maintenance").json()["going_on"]
    assert (one["id"], one["device_id"], one["reason"], one["by"]) == (
        begun.json(),
        town.device_id,
        "换电池",
        "刘芳",
    )
    headers = {"X-CSRF-Token": operator.csrf_token, "Origin": "http://127.0.0.1:8000"}
    ends = [operator.client.delete(f"/api/maintenance/{one['id']}", headers=headers) for _ in range(2)]
    assert [end.status_code for end in ends] == [204, 404]
    assert [each["id"] for each in operator.get("/api/maintenance").json()["ended"]] == [one["id"]]
    clock.pass_time(minutes=31)
    assert operator.get("/api/maintenance").json()["ended"] == []


def test_what_cannot_be_meant_is_refused(operator: Browser, admin: Browser, town: Town) -> None:
    wanted = {"device_id": town.device_id, "reason": "换电池", "minutes": 60}
    for wrong in ({"reason": " "}, {"minutes": 1441}, {"minutes": 0}):
        assert operator.post("/api/maintenance", {**wanted, **wrong}).status_code == 422
    assert operator.post("/api/maintenance", {**wanted, "device_id": 999}).status_code == 404
    site = {"reason": "机房检修", "minutes": 60}
    assert operator.post("/api/maintenance", site).status_code == 403
    assert admin.post("/api/maintenance", site).status_code == 201
