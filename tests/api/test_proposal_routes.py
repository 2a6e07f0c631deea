"""An administrator says whose a device is that was heard."""

from __future__ import annotations

from datetime import datetime

from community.storage import Store, proposals
from devices.signal import Found
from tests.api.conftest import Browser, Town


def propose(store: Store, now: datetime, *found: Found) -> None:
    with store.write() as connection:
        proposals.keep(connection, found, {found[0].device_key: now}, now)


def test_a_device_that_was_heard_is_enrolled_to_a_home(
    admin: Browser, operator: Browser, store: Store, town: Town, now: datetime
) -> None:
    propose(store, now, Found("z2m:0x00158d0001020304", "HEIMAN", "HS1EB", "bedside"), Found("lora:1"))
    assert operator.get("/api/device-proposals").status_code == 403
    second, first = admin.get("/api/device-proposals").json()["items"]
    assert (first["key"], first["model"], first["role"]) == ("z2m:0x00158d0001020304", "HS1EB", "help_button")
    assert (second["role"], second["heard_at"]) == (None, None)
    path = f"/api/device-proposals/{first['id']}"
    said = {"household_id": town.household_id, "role": "help_button", "label": "床头"}
    assert operator.post(f"{path}/accept", said).status_code == 403
    assert admin.post(f"{path}/accept", said | {"household_id": 999_999}).status_code == 404
    assert admin.post(f"{path}/accept", {"role": "help_button"}).status_code == 422
    enrolled = admin.post(f"{path}/accept", said)
    assert (enrolled.status_code, enrolled.json()["vendor"]) == (201, "HEIMAN")
    assert admin.get(f"/api/devices/{enrolled.json()['id']}").json()["key"] == first["key"]
    assert admin.post(f"{path}/accept", said).status_code == 404
    assert admin.post(f"/api/device-proposals/{second['id']}/dismiss", {}).status_code == 204
    assert admin.get("/api/device-proposals").json()["items"] == []


def test_a_siren_that_can_flash_is_proposed_as_a_strobe(admin: Browser, store: Store, now: datetime) -> None:
    propose(store, now, Found("z2m:0x00158d0001020309", "Heiman", "HS2WD-E", "hall"))
    [one] = admin.get("/api/device-proposals").json()["items"]
    assert one["role"] == "strobe"
