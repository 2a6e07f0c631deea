"""The rota over HTTP: the week, leaves, and a calendar that asks without a login."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from community.model import Responder, is_staff_of
from community.storage import Store, register
from dispatcher import roster
from dispatcher.model import GO, Tell, Whom
from tests.api.conftest import URL, Browser, StoppedClock, Town

NIGHTS = {"days": [1, 2, 3, 4, 5, 6, 7], "starts": 1200, "ends": 1920}


@pytest.fixture
def worker(store: Store, town: Town) -> Responder:
    with store.read() as connection:
        home = register.homes(connection, {town.household_id})[town.household_id]
        return next(one for one in register.responders(connection) if is_staff_of(one, home))


def send(browser: Browser, method: str, path: str, body: object = None):  # type: ignore[no-untyped-def]
    headers = {"X-CSRF-Token": browser.csrf_token, "Origin": URL}
    return browser.client.request(method, path, json=body, headers=headers)


def is_sent(store: Store, town: Town, worker: Responder, clock: StoppedClock) -> bool:
    """Whether the dispatcher would ask `worker` now."""
    with store.read() as connection:
        home = register.homes(connection, {town.household_id})[town.household_id]
        fleet = roster.fleet(connection, ZoneInfo(register.site(connection).timezone))
        asked = fleet.candidates(home, clock.now()).fitting(Tell(Whom.NEAREST, kinds=GO))
        return worker.id in {one.responder.id for one in asked}


def test_who_is_on_leave_is_not_asked_and_comes_back_by_herself(
    admin: Browser, store: Store, town: Town, worker: Responder, clock: StoppedClock
) -> None:
    always = {"days": [1, 2, 3, 4, 5, 6, 7], "starts": 0, "ends": 1440}
    assert send(admin, "PUT", f"/api/responders/{worker.id}/duties", [always]).status_code == 200
    assert is_sent(store, town, worker, clock)

    begins, ends = clock.now() + timedelta(hours=1), clock.now() + timedelta(hours=3)
    leave = {"starts": begins.isoformat(), "ends": ends.isoformat(), "reason": "看病"}
    assert send(admin, "POST", f"/api/responders/{worker.id}/leaves", leave).status_code == 201

    assert is_sent(store, town, worker, clock)
    clock.pass_time(hours=1)
    assert not is_sent(store, town, worker, clock)
    [listed] = admin.get(f"/api/responders?search={worker.name}").json()["items"]
    assert not listed["on_duty"]
    assert listed["leaves"][0]["reason"] == "看病"
    clock.pass_time(hours=2)
    assert is_sent(store, town, worker, clock)


def test_who_comes_back_early_is_asked_at_once(
    admin: Browser, store: Store, town: Town, worker: Responder, clock: StoppedClock
) -> None:
    always = {"days": [1, 2, 3, 4, 5, 6, 7], "starts": 0, "ends": 1440}
    send(admin, "PUT", f"/api/responders/{worker.id}/duties", [always])
    path = f"/api/responders/{worker.id}/leaves"
    until = (clock.now() + timedelta(days=3)).isoformat()
    begun = send(
        admin, "POST", path, {"starts": (clock.now() - timedelta(hours=1)).isoformat(), "ends": until}
    )
    later = (clock.now() + timedelta(days=1)).isoformat()
    planned = send(admin, "POST", path, {"starts": later, "ends": until})
    assert not is_sent(store, town, worker, clock)

    assert send(admin, "DELETE", f"{path}/{begun.json()['id']}").status_code == 204
    assert send(admin, "DELETE", f"{path}/{planned.json()['id']}").status_code == 204

    assert is_sent(store, town, worker, clock)
    assert admin.get(f"/api/responders/{worker.id}/shifts").json()["leaves"] == []
    assert send(admin, "DELETE", f"{path}/{begun.json()['id']}").status_code == 422  # it is over
    assert send(admin, "DELETE", f"{path}/{planned.json()['id']}").status_code == 404  # it never was


@pytest.mark.parametrize(
    ("method", "what", "body"),
    [
        ("PUT", "duties", [{"days": [0], "starts": 0, "ends": 60}]),
        ("PUT", "duties", [{"days": [], "starts": 0, "ends": 60}]),
        ("PUT", "duties", [{"days": [1], "starts": 60, "ends": 60}]),
        ("PUT", "duties", [{"days": [1], "starts": 60, "ends": 1501}]),
        ("POST", "leaves", {"starts": "2026-01-02T00:00:00Z", "ends": "2026-01-01T00:00:00Z"}),
        ("POST", "leaves", {"starts": "2020-01-01T00:00:00Z", "ends": "2020-01-02T00:00:00Z"}),
        ("POST", "leaves", {"starts": "2036-01-01T00:00:00Z", "ends": "2038-01-01T00:00:00Z"}),
        ("POST", "leaves", {"starts": "2036-01-01T00:00:00", "ends": "2036-01-02T00:00:00"}),
    ],
)
def test_what_is_no_shift_is_refused_and_changes_nothing(
    admin: Browser, worker: Responder, method: str, what: str, body: object
) -> None:
    before = admin.get(f"/api/responders/{worker.id}/shifts").json()

    assert send(admin, method, f"/api/responders/{worker.id}/{what}", body).status_code == 422
    assert admin.get(f"/api/responders/{worker.id}/shifts").json() == before


def test_hours_that_have_nobody_are_counted(admin: Browser, store: Store, worker: Responder) -> None:
    with store.read() as connection:
        others = [one for one in register.responders(connection) if one.kind == worker.kind]
    for one in others:
        send(admin, "PUT", f"/api/responders/{one.id}/duties", [NIGHTS] if one.id == worker.id else [])

    rota = admin.get("/api/rota?days=2").json()
    [cover] = [each for each in rota["covers"] if each["kind"] == worker.kind]

    assert cover["days"] == [[1] * 8 + [0] * 12 + [1] * 4] * 2


def test_a_telephone_subscribes_to_its_own_shifts_only(
    admin: Browser, store: Store, worker: Responder, clock: StoppedClock
) -> None:
    with store.write() as connection:
        register.set_site(connection, replace(register.site(connection), secret="a-secret"))
    send(admin, "PUT", f"/api/responders/{worker.id}/duties", [NIGHTS])
    url = send(admin, "POST", f"/api/responders/{worker.id}/calendar").json()["url"].removeprefix(URL)
    admin.client.cookies.clear()

    said = admin.client.get(url)

    assert said.status_code == 200, said.text
    assert said.headers["content-type"].startswith("text/calendar")
    assert len(Calendar.from_ical(said.content).walk("VEVENT")) >= 35
    assert worker.phone not in said.text
    other = url.replace(f"/rota/{worker.id}.ics", f"/rota/{worker.id + 1}.ics")
    assert admin.client.get(other).status_code == 401
    assert admin.client.get(url[:-2]).status_code == 401
    clock.pass_time(days=367)
    assert admin.client.get(url).status_code == 401


def test_an_operator_reads_the_rota_and_changes_nothing(operator: Browser, worker: Responder) -> None:
    assert operator.get("/api/rota").status_code == 200
    for method, what, body in (
        ("PUT", "duties", []),
        ("POST", "leaves", {"starts": "2036-01-01T00:00:00Z", "ends": "2036-01-02T00:00:00Z"}),
        ("POST", "calendar", None),
    ):
        assert send(operator, method, f"/api/responders/{worker.id}/{what}", body).status_code == 403
