"""From the box to the home, over HTTP: a label is made, read, used once; who installed it may try it."""

from __future__ import annotations

from community.storage import Store
from devices.signal import Kind, Reading, Signal
from dispatcher import intake, plans
from tests.api.conftest import Browser, StoppedClock, Town

STOCK = {"keys": ["care:town/1", "care:town/2"], "role": "help_button", "model": "KL-1"}


def test_an_operator_installs_what_an_administrator_labelled_and_tries_it(
    admin: Browser, operator: Browser, colleague: Browser, town: Town
) -> None:
    assert operator.post("/api/device-labels", STOCK).status_code == 403
    assert operator.get("/api/device-labels").status_code == 403
    first, second = admin.post("/api/device-labels", STOCK).json()
    assert [one["code"] for one in admin.get("/api/device-labels").json()["items"]] == [
        first["code"],
        second["code"],
    ]
    path = f"/api/claims/{first['code']}"
    assert operator.get(path).json()["key"] == "care:town/1"
    assert operator.get("/api/claims/ZZZZZZZZ").status_code == 404
    where = {"household_id": town.household_id, "label": "床头"}
    assert operator.post(path, where | {"household_id": 999}).status_code == 404
    installed = operator.post(path, where)
    assert (installed.status_code, installed.json()["household_id"]) == (200, town.household_id)
    used = colleague.post(path, where)
    assert (used.status_code, used.json()["code"]) == (409, "label_used")
    trial = f"/api/devices/{installed.json()['id']}/trial"
    assert colleague.put(trial, {}).status_code == 403
    assert operator.put(trial, {}).status_code == 200
    assert "data-may-try" in operator.get(f"/devices/{installed.json()['id']}").text
    again = admin.post("/api/device-labels", STOCK)
    assert (again.status_code, again.json()["code"]) == (409, "device_installed")


def test_a_press_in_the_box_proves_nothing_of_the_home(
    admin: Browser, operator: Browser, store: Store, town: Town, clock: StoppedClock
) -> None:
    [label] = admin.post("/api/device-labels", STOCK | {"keys": ["care:town/1"]}).json()
    proof = f"/api/devices/{label['device']['id']}/proof"

    def press(id: str) -> None:
        said = Signal("care:town/1", Kind.SOS, f"care:town/1#{id}", clock.now(), test=True)
        with store.write() as connection:
            intake.take(connection, [Reading(signals=(said,))], plans.shipped(), clock.now())

    press("1")
    assert operator.get(proof).json()["is_proven"] is True
    clock.pass_time(hours=1)
    operator.post(f"/api/claims/{label['code']}", {"household_id": town.household_id})
    assert operator.get(proof).json() == {"is_proven": False, "at": None}
    press("2")
    assert operator.get(proof).json()["is_proven"] is True


def test_the_old_device_goes_out_of_service_when_the_new_one_has_proved_itself(
    admin: Browser, operator: Browser, colleague: Browser, store: Store, town: Town, clock: StoppedClock
) -> None:
    [label] = admin.post("/api/device-labels", STOCK | {"keys": ["care:town/1"]}).json()
    operator.post(f"/api/claims/{label['code']}", {"household_id": town.household_id})
    admin.patch(f"/api/devices/{town.device_id}", {"label": "床头"})
    replaces = f"/api/devices/{label['device']['id']}/replaces"

    early = operator.post(f"{replaces}/{town.device_id}")
    assert (early.status_code, early.json()["code"]) == (409, "not_proven")
    assert operator.get(f"/api/devices/{town.device_id}").json()["enabled"] is True
    clock.pass_time(minutes=1)
    press = Signal("care:town/1", Kind.SOS, "care:town/1#1", clock.now(), test=True)
    with store.write() as connection:
        intake.take(connection, [Reading(signals=(press,))], plans.shipped(), clock.now())

    assert colleague.post(f"{replaces}/{town.device_id}").status_code == 403
    itself = operator.post(f"{replaces}/{label['device']['id']}")
    assert (itself.status_code, itself.json()["code"]) == (409, "not_in_its_place")
    assert operator.post(f"{replaces}/999").status_code == 404
    old = operator.post(f"{replaces}/{town.device_id}").json()
    assert (old["enabled"], old["household_id"], old["label"]) == (False, town.household_id, "床头")
    fresh = operator.get(f"/api/devices/{label['device']['id']}").json()
    assert (fresh["enabled"], fresh["label"]) == (True, "床头")
    assert operator.post(f"{replaces}/{town.device_id}").status_code == 200, "harmless to repeat"
    back = admin.post(f"/api/devices/{town.device_id}/replaces/{label['device']['id']}")
    assert (back.status_code, back.json()["code"]) == (409, "out_of_service")


def test_the_sheet_has_a_picture_for_each_label_that_waits(admin: Browser, operator: Browser) -> None:
    assert operator.get("/devices/labels/sheet").status_code == 403
    assert "没有待安装的设备" in admin.get("/devices/labels/sheet").text
    first, second = admin.post("/api/device-labels", STOCK).json()
    page = admin.get("/devices/labels/sheet").text
    assert page.count('<img src="data:image/svg+xml') == 2
    for one in (first, second):
        assert f"{one['code'][:4]}-{one['code'][4:]}" in page
    assert "2222999" in page
