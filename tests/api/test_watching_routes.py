"""Watched homes and welfare calls over the API, and the page from which the calls are made."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from community.model import Device
from community.storage import Store, register
from devices.signal import Role
from dispatcher import presets
from dispatcher.plans import shipped
from dispatcher.rounds import Rounds
from dispatcher.storage.planbook import Planbook
from tests.api.conftest import URL, Browser, StoppedClock, Town


def put(browser: Browser, path: str, json: object = None):  # type: ignore[no-untyped-def]
    return browser.client.put(path, json=json, headers={"X-CSRF-Token": browser.csrf_token, "Origin": URL})


def delete(browser: Browser, path: str):  # type: ignore[no-untyped-def]
    return browser.client.delete(path, headers={"X-CSRF-Token": browser.csrf_token, "Origin": URL})


@pytest.fixture
def home(admin: Browser, store: Store, town: Town) -> str:
    """A home with a motion sensor, watched in the mornings and called each day at three in the afternoon."""
    with store.write() as connection:
        register.enrol_device(
            connection, Device(0, "care:kenli/KL-0009", Role.MOTION_SENSOR, town.household_id)
        )
        register.enrol_device(connection, Device(0, "care:kenli/KL-0010", Role.BED_SENSOR, town.household_id))
    path = f"/api/households/{town.household_id}"
    chosen = put(
        admin,
        f"{path}/watch",
        {
            "presets": ["morning", "morning", "half_day"],
            "night": {"starts": "22:00", "ends": "06:00", "minutes": 30},
            "daily": {"starts": "07:00", "ends": "09:00"},
            "calls": {"days": [1, 2, 3, 4, 5, 6, 7], "at": "15:00"},
        },
    )
    assert chosen.status_code == 200, chosen.text
    return path


def test_presets_say_what_they_mean_and_who_found_the_figure(operator: Browser) -> None:
    by_name = {preset["name"]: preset for preset in operator.get("/api/watch-presets").json()}
    assert by_name["morning"]["hours"] == ["05:00", "10:30"]
    assert by_name["morning"]["after_min"] == 300
    assert all(preset["source"] for preset in by_name.values())


def test_a_home_is_watched_and_seen_in_the_list(operator: Browser, home: str) -> None:
    seen = operator.get(f"{home}/watch").json()
    assert seen["presets"] == ["morning", "half_day"]
    assert seen["daily"] == {"starts": 420, "ends": 540}
    assert seen["night"] == {"hours": {"starts": 1320, "ends": 1800}, "minutes": 30}
    assert (seen["call_minute"], seen["life_at"], seen["away"]) == (900, None, None)
    listed = operator.get("/api/watches?limit=1").json()
    assert [one["home"]["household"]["id"] for one in listed["items"]] == [seen["home"]["household"]["id"]]
    assert listed["next"] is None


@pytest.mark.parametrize(
    "wish, code",
    [
        ({"presets": ["water_12h"]}, "nothing_sees"),
        ({"night": {"starts": "02:00", "ends": "03:00", "minutes": 60}}, "bad_hours"),
        ({"presets": ["evening"]}, "no_such_preset"),
        ({"daily": {"starts": "7:00", "ends": "09:00"}}, "invalid_input"),
        ({"calls": {"days": [], "at": "09:00"}}, "invalid_input"),
    ],
)
def test_what_cannot_be_watched_is_refused_with_a_reason(
    admin: Browser, home: str, wish: object, code: str
) -> None:
    answer = put(admin, f"{home}/watch", wish)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text


def test_only_an_administrator_chooses_and_any_operator_says_that_she_is_away(
    operator: Browser, admin: Browser, home: str, clock: StoppedClock
) -> None:
    assert put(operator, f"{home}/watch", {}).status_code == 403
    end = (clock.moment + timedelta(days=3)).isoformat()
    away = put(operator, f"{home}/away", {"kind": "hospital", "until": end})
    assert (away.status_code, away.json()["away"]) == (200, "hospital")
    past = (clock.moment - timedelta(days=3)).isoformat()
    assert put(operator, f"{home}/away", {"kind": "trip", "until": past}).json()["code"] == "bad_end"
    assert delete(operator, f"{home}/away").json()["away"] is None
    assert delete(operator, f"{home}/watch").status_code == 403
    assert delete(admin, f"{home}/watch").status_code == 204
    assert delete(admin, f"{home}/watch").status_code == 404
    assert operator.get(f"{home}/watch").json() is None
    assert put(operator, f"{home}/away", {"kind": "trip", "until": end}).status_code == 404


def test_the_list_of_calls_is_worked_off_from_its_page(
    operator: Browser, home: str, store: Store, clock: StoppedClock
) -> None:
    rounds = Rounds(store, Planbook(shipped()), presets.shipped())
    assert "今天没有要打的问安电话" in operator.get("/welfare").text
    clock.pass_time(minutes=55)  # 15:00
    rounds.tick(clock.moment)

    [line] = operator.get("/api/welfare-calls").json()
    assert (line["check"]["state"], line["is_late"]) == ("open", False)
    page = operator.get("/welfare").text
    for word in ("15:00", "王秀英", "幸福里3幢2单元501", "待打"):
        assert word in page
    buttons = re.findall(r'data-call="(\d+)" data-step="(\w+)"( data-reasoned)?', page)
    assert [button[1:] for button in buttons] == [("well", ""), ("no_answer", ""), ("help", " data-reasoned")]

    path = f"/api/welfare-calls/{buttons[0][0]}/outcome"
    assert operator.post(path, {"outcome": "no_answer"}).json()["attempts"] == 1
    clock.pass_time(minutes=61)
    assert operator.get("/api/welfare-calls").json()[0]["is_late"] is True
    assert "请尽快打" in operator.get("/welfare").text
    assert operator.post(path, {"outcome": "well", "note": "在午睡"}).json()["state"] == "well"
    again = operator.post(path, {"outcome": "well"})
    assert (again.status_code, again.json()["code"]) == (409, "call_settled")
    page = operator.get("/welfare").text
    assert "在午睡" in page
    assert "data-call" not in page
    assert operator.get(f"{home}/watch").json()["life_at"] is not None
    assert operator.get("/api/welfare-calls?day=2026-11-22").json() == []
    assert operator.post("/api/welfare-calls/999/outcome", {"outcome": "well"}).status_code == 404
