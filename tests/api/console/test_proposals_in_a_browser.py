"""An administrator enrols a device that was heard, in a real browser on a real server."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from community.storage import Store, proposals, register
from devices.signal import Found, Role
from tests.api.conftest import Town
from tests.api.console.centre import Centre
from tests.api.console.conftest import Desk

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("store", ["sqlite"], indirect=True)]


def test_a_device_that_was_heard_is_given_to_a_home_and_another_is_dismissed(
    centre: Centre, desk: Desk, store: Store, town: Town
) -> None:
    button = Found("z2m:0x00158d0001020304", "HEIMAN", "HS1EB", "home17/<b>bedside")
    with store.write() as connection:
        proposals.keep(connection, [button, Found("lora:24e124fffef00001")], {}, centre.clock.now())
    desk.log_in("/devices/proposals", login=town.admin.login)
    tab = desk.tab
    tab.get_by_text("home17/<b>bedside").click()
    expect(tab.locator("#role")).to_have_value("help_button")
    tab.fill("input[type=search]", "王秀英")
    tab.get_by_text("是这家").click()
    tab.fill("#label", "床头")
    tab.get_by_role("button", name="登记").click()
    expect(tab.locator("[data-proposal]")).to_have_count(1)
    tab.locator("[data-proposal]").click()
    tab.locator("[data-dismiss]").click()
    expect(tab.locator(".plans__list")).to_contain_text("没有新设备")
    with store.read() as connection:
        (device,) = [one for one in register.devices(connection) if one.key == button.device_key]
    assert (device.household_id, device.role, device.label) == (town.household_id, Role.HELP_BUTTON, "床头")
    assert (device.vendor, device.model) == ("HEIMAN", "HS1EB")
    assert desk.asked_elsewhere == []
    assert desk.wrong == []
