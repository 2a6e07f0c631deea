"""How a device is supervised, over HTTP and on the page of devices."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from fastapi import FastAPI

from community.model import Device
from community.storage import Store, device_logins, register, trials
from devices.signal import Kind, Reading, Role, Signal, State
from dispatcher import intake, plans
from tests.api.conftest import Browser, StoppedClock, Town


def enrol(store: Store, town: Town, key: str, role: Role) -> int:
    with store.write() as connection:
        return register.enrol_device(connection, Device(0, key, role, town.household_id)).id


def test_an_administrator_says_what_carries_a_device(
    admin: Browser, operator: Browser, store: Store, town: Town
) -> None:
    hub = enrol(store, town, "care:town/hub", Role.HUB)
    button = enrol(store, town, "care:town/button", Role.HELP_BUTTON)
    path = f"/api/devices/{button}/supervision"
    nothing = {"hub_id": None, "expect_every_s": None, "every_s": 90_000, "presence": None, "since": None}
    assert operator.get(path).json() == nothing | {"every_s": 0}, "nobody looks after it yet"
    assert operator.put(path, {"hub_id": hub}).status_code == 403
    said = admin.put(path, {"hub_id": hub, "expect_every_s": 3600})
    assert (said.status_code, said.json()) == (
        200,
        {**nothing, "hub_id": hub, "expect_every_s": 3600, "every_s": 3600},
    )
    assert operator.get(path).json() == said.json()
    assert admin.put(path, {}).json() == nothing


def test_only_a_hub_carries_devices(admin: Browser, store: Store, town: Town) -> None:
    button = enrol(store, town, "care:town/button", Role.HELP_BUTTON)
    other = enrol(store, town, "care:town/other", Role.HELP_BUTTON)
    for wrong in (other, button, 999):
        refused = admin.put(f"/api/devices/{button}/supervision", {"hub_id": wrong})
        assert (refused.status_code, refused.json()["code"]) == (422, "no_hub")
    assert admin.put("/api/devices/999/supervision", {}).status_code == 404
    assert admin.put(f"/api/devices/{button}/supervision", {"expect_every_s": 5}).status_code == 422


def test_the_page_of_devices_says_who_is_silent(operator: Browser, store: Store, town: Town) -> None:
    enrol(store, town, "care:town/button", Role.HELP_BUTTON)
    assert "没有信号 not heard yet" in operator.get("/devices").text


def test_a_device_is_tried(admin: Browser, operator: Browser, store: Store, town: Town) -> None:
    button = enrol(store, town, "care:town/button", Role.HELP_BUTTON)
    path = f"/api/devices/{button}/trial"
    assert operator.get(path).json() is None
    assert operator.put(path, {}).status_code == 403
    begun = admin.put(path, {})
    assert (begun.status_code, begun.json()["heard_at"]) == (200, None)
    assert begun.json()["left_s"] == 600
    assert operator.get(path).json() == begun.json()
    assert admin.put("/api/devices/999/trial", {}).status_code == 404


def cry(store: Store, key: str, kind: Kind, now: datetime, **more: Any) -> None:
    said = Signal(key, kind, f"{key}#{kind}{more}", now, **more)
    with store.write() as connection:
        intake.take(connection, [Reading(signals=(said,))], plans.shipped(), now)
        register.touch_devices(connection, {key: (now, None)})


def test_a_button_is_proven_by_its_press_and_by_no_sign_of_life(
    operator: Browser, store: Store, town: Town, now: datetime
) -> None:
    button = enrol(store, town, "care:town/button", Role.HELP_BUTTON)
    path = f"/api/devices/{button}/proof"
    for kind, more in (
        (Kind.LOW_BATTERY, {}),
        (Kind.SOS, {"historical": True}),
        (Kind.SOS, {"retained": True}),
        (Kind.SOS, {"state": State.CLEAR}),
    ):
        cry(store, "care:town/button", kind, now, **more)
        assert operator.get(path).json() == {"is_proven": False, "at": None}, (kind, more)
    cry(store, "care:town/button", Kind.SOS, now, test=True)
    assert operator.get(path).json()["is_proven"] is True
    assert operator.get("/api/devices/999/proof").status_code == 404


def test_a_motion_sensor_is_proven_when_it_is_heard(
    operator: Browser, store: Store, town: Town, now: datetime
) -> None:
    sensor = enrol(store, town, "care:town/motion", Role.MOTION_SENSOR)
    path = f"/api/devices/{sensor}/proof"
    assert operator.get(path).json()["is_proven"] is False
    with store.write() as connection:
        register.touch_devices(connection, {"care:town/motion": (now, None)})
    assert operator.get(path).json()["is_proven"] is True


def test_the_safety_net_says_that_a_device_is_installed_and_not_proven(
    operator: Browser, store: Store, town: Town, now: datetime
) -> None:
    enrol(store, town, "care:town/button", Role.HELP_BUTTON)
    path = f"/api/households/{town.household_id}/safety-net"

    def said() -> list[str]:
        return [hole["why"][0] for hole in operator.get(path).json()["holes"] if "证实" in hole["why"][0]]

    with store.write() as connection:
        register.touch_devices(connection, {"care:town/button": (now, None)})
    assert "设备“care:town/button”装好了,还没有证实" in said()
    cry(store, "care:town/button", Kind.SOS, now)
    assert "设备“care:town/button”装好了,还没有证实" not in said()


def test_who_sits_at_the_desk_sees_what_is_on_test_and_what_was(
    admin: Browser, operator: Browser, store: Store, town: Town, clock: StoppedClock
) -> None:
    button = enrol(store, town, "care:town/button", Role.HELP_BUTTON)
    assert operator.get("/api/trials").json() == []
    admin.put(f"/api/devices/{button}/trial", {})
    [one] = operator.get("/api/trials").json()
    assert (one["device_id"], one["label"], one["trial"]["heard_at"]) == (button, "care:town/button", None)
    assert one["address"].startswith("和平社区")
    clock.pass_time(minutes=9)
    with store.write() as connection:
        trials.heard(connection, {"care:town/button"}, clock.now())
    clock.pass_time(minutes=9)
    assert len(operator.get("/api/trials").json()) == 1, "heard nine minutes ago"
    clock.pass_time(minutes=1)
    assert operator.get("/api/trials").json() == []
    admin.put(f"/api/devices/{button}/trial", {})
    clock.pass_time(minutes=10)
    assert operator.get("/api/trials").json() == []


def test_the_page_of_a_device_says_what_it_is_and_who_may_try_it(
    admin: Browser, operator: Browser, store: Store, town: Town
) -> None:
    button = enrol(store, town, "care:town/<b>", Role.HELP_BUTTON)
    page = operator.get(f"/devices/{button}")
    assert page.status_code == 200
    assert "care:town/&lt;b&gt;" in page.text
    assert "data-may-try" not in page.text
    assert "data-may-try" in admin.get(f"/devices/{button}").text
    assert f'<a href="/devices/{button}">' in operator.get("/devices").text
    assert operator.get("/devices/999").status_code == 404


class Door:
    """A broker's door that remembers whom it was told about."""

    def __init__(self) -> None:
        self.told: list[tuple[str, bool]] = []

    def tell(self, name: str, *, may_enter: bool) -> str:
        self.told.append((name, may_enter))
        return ""


def test_a_device_taken_out_of_service_is_put_out_at_the_broker(
    admin: Browser, app: FastAPI, store: Store, town: Town
) -> None:
    door = Door()
    app.state.parts = replace(app.state.parts, door=door)
    button = enrol(store, town, "care:town/button", Role.HELP_BUTTON)
    path = f"/api/devices/{button}"
    admin.patch(path, {"enabled": False})
    admin.patch(path, {"enabled": True})
    assert door.told == [], "it has no login of its own"
    with store.write() as connection:
        device_logins.issue(connection, "care:town/button", "", "secret")
    for change in ({"enabled": False}, {"enabled": False}, {"label": "床头"}, {"enabled": True}):
        assert admin.patch(path, change).status_code == 200
    assert door.told == [("button", False), ("button", True)]
