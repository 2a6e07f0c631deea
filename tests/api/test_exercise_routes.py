"""A drill over HTTP: only the shift leader begins one."""

from __future__ import annotations

from tests.api.conftest import Browser, StoppedClock, Town


def test_the_shift_leader_begins_a_drill_and_finds_it_among_drills(
    admin: Browser, town: Town, clock: StoppedClock
) -> None:
    wanted = {"household_id": town.household_id, "kind": "sos"}
    begun = admin.post("/api/exercises", wanted)
    assert begun.status_code == 201, begun.text
    assert admin.post("/api/exercises", wanted).json()["code"] == "exercise_runs"
    [card] = admin.get("/api/board").json()
    assert (card["exercise"], card["who"].split(" ")[0]) == (True, "王秀英")
    clock.pass_time(seconds=1)
    [course] = admin.get("/api/exercises").json()
    assert course["incident_id"] == begun.json()["id"]
    assert admin.get("/api/figures").json()["cases"] == 0
    wish = admin.post("/api/exercises", {**wanted, "kind": "offline"})
    assert wish.json()["code"] == "not_an_emergency"


def test_an_operator_may_not(operator: Browser, town: Town) -> None:
    refused = operator.post("/api/exercises", {"household_id": town.household_id, "kind": "sos"})
    assert refused.status_code == 403
