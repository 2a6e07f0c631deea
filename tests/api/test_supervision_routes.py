"""How a device is supervised, over HTTP and on the page of devices."""

from __future__ import annotations

from community.model import Device
from community.storage import Store, register
from devices.signal import Role
from tests.api.conftest import Browser, Town


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
    assert operator.get(path).json() == begun.json()
    assert admin.put("/api/devices/999/trial", {}).status_code == 404
