"""The reports count what the timeline says, on both databases, and a table for spreadsheets names nobody."""

from __future__ import annotations

from community import spreadsheets
from community.storage import Store
from devices.signal import Kind, Reading, Signal
from dispatcher import intake, plans
from tests.api.conftest import Browser, StoppedClock, Town


def press(store: Store, clock: StoppedClock, key: str) -> int:
    signal = Signal("care:kenli/KL-0001", Kind.SOS, unique_key=key, received_at=clock.now())
    with store.write() as connection:
        return intake.take(connection, [Reading(signals=(signal,))], plans.shipped(), clock.now()).opened[0]


def evening(operator: Browser, colleague: Browser, store: Store, town: Town, clock: StoppedClock) -> None:
    """A press answered after 40 s and attended after ten minutes; another answered after 100 s, a mistake."""
    first = press(store, clock, "first")
    clock.pass_time(seconds=40)
    operator.post(f"/api/incidents/{first}/claim")
    clock.pass_time(seconds=5)
    colleague.post(f"/api/incidents/{first}/take-over")
    offer = colleague.post(f"/api/incidents/{first}/offers", {"responder_id": town.worker_id}).json()
    clock.pass_time(seconds=555)
    colleague.post(f"/api/offers/{offer['id']}/answer", {"state": "arrived"})
    colleague.post(f"/api/incidents/{first}/close", {"code": "helped"})
    second = press(store, clock, "second")
    clock.pass_time(seconds=100)
    operator.post(f"/api/incidents/{second}/claim")
    operator.post(f"/api/incidents/{second}/close", {"code": "false_press"})


def test_an_evening_in_figures(
    operator: Browser, colleague: Browser, store: Store, town: Town, clock: StoppedClock
) -> None:
    evening(operator, colleague, store, town, clock)
    clock.pass_time(seconds=1)
    found = operator.get("/api/figures", params={"days": 1}).json()
    assert (found["cases"], found["emergencies"]) == (2, 2)
    in_time = {(one["what"], one["within_s"]): (one["in_time"], one["judged"]) for one in found["shares"]}
    assert in_time == {
        ("answered", 60): (1, 2),
        ("answered", 180): (2, 2),
        ("attended", 2700): (1, 1),
        ("attended", 3600): (1, 1),
    }
    assert [(load["name"], load["cases"]) for load in found["loads"]] == [("刘芳", 2)], "who answered first"
    assert found["models"] == [{"name": "Anxin one-touch", "cases": 2, "false": 1}]
    assert found["by_code"] == {"helped": 1, "false_press": 1}
    phases = {one["name"]: one["p99_s"] for one in found["phases"]}
    assert (phases["answered"], phases["attended"]) == (100, 600)
    clock.pass_time(hours=25)
    operator.log_in("liufang")
    assert operator.get("/api/figures", params={"days": 1}).json()["cases"] == 0


def test_every_case_is_a_line_of_a_table_that_names_nobody(
    operator: Browser, colleague: Browser, store: Store, town: Town, clock: StoppedClock
) -> None:
    evening(operator, colleague, store, town, clock)
    clock.pass_time(seconds=1)
    answer = operator.get("/api/figures.xlsx")
    assert answer.headers["content-disposition"].startswith('attachment; filename="anxin-20261121')
    heads, first, second = spreadsheets.rows(answer.content)
    assert heads[0] == "事件 incident"
    assert first[2:7] == ["sos", "emergency", "和平一网格", "Anxin one-touch", "刘芳"]
    assert first[7:] == ["40", "600", "600", "600", "helped"]
    assert second[-1] == "false_press"
    assert "王" not in str([heads, first, second])


def test_a_map_of_ones_own_shows_how_many_cases_each_cell_had(
    operator: Browser, colleague: Browser, store: Store, town: Town, clock: StoppedClock
) -> None:
    evening(operator, colleague, store, town, clock)
    clock.pass_time(seconds=1)

    cells = operator.get("/api/figures.geojson").json()["features"]

    [mine] = [each["properties"] for each in cells if each["id"] == f"area:{town.cell_id}"]
    assert (mine["cases"], mine["false_alarms"]) == (2, 1)
    assert {each["geometry"]["type"] for each in cells} == {"Polygon"}


def test_the_page_says_what_was_missed(
    operator: Browser, colleague: Browser, store: Store, town: Town, clock: StoppedClock
) -> None:
    assert "没有数据" in operator.get("/reports").text
    evening(operator, colleague, store, town, clock)
    clock.pass_time(seconds=1)
    page = operator.get("/reports?days=7").text
    assert "50.0%" in page
    assert "✕ 未达标 missed" in page
    assert "10分00秒" in page
    assert page.count("<rect") == 7, "a bar for each day"
    assert operator.get("/reports?days=0").status_code == 422
