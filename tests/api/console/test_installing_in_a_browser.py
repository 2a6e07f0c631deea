"""From the printed sheet to the green end, on an installer's phone that reaches nothing but the centre."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from community.model import Device
from community.storage import Store, labels, register, trials
from devices.signal import Role
from tests.api.conftest import Town
from tests.api.console.centre import Centre
from tests.api.console.conftest import Desk

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("store", ["sqlite"], indirect=True)]
PHONE = {"width": 390, "height": 800}


def test_a_scanned_label_leads_to_a_home_a_press_and_green(
    centre: Centre, desk: Desk, store: Store, town: Town
) -> None:
    with store.write() as connection:
        stock = [Device(0, "care:kenli/new", Role.HELP_BUTTON, None, "KL", "KL-1")]
        [label] = labels.prepare(connection, stock, centre.clock.now())
    tab = desk.tab
    tab.set_viewport_size(PHONE)
    desk.log_in(f"/install/{label.code}")
    expect(tab.locator(".install__device")).to_contain_text("care:kenli/new")
    tab.fill("input[type=search]", "王秀英")
    tab.get_by_text("是这家").click()
    tab.fill("#place", "床头")
    tab.get_by_role("button", name="装好了").click()
    expect(tab.locator(".device__proof")).to_contain_text("还没有证实")
    tab.locator("[data-begin]").click()
    expect(tab.get_by_role("timer")).to_contain_text(":")
    centre.press("care:kenli/new", test=True)
    with store.write() as connection:
        assert trials.heard(connection, {"care:kenli/new"}, centre.clock.now())
    expect(tab.locator("[data-proven]")).to_contain_text("已联通")
    old = tab.locator(f'[data-old="{town.device_id}"]')
    old.get_by_role("button", name="换下来了").click()
    tab.locator("dialog").get_by_role("button", name="停用").click()
    expect(old).to_contain_text("已停用,记录保留")
    with store.read() as connection:
        assert not register.device_by_id(connection, town.device_id).enabled
    width = tab.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE["width"], "nothing stands beside the screen"
    with store.read() as connection:
        device = register.device_by_id(connection, label.device.id)
    assert (device.household_id, device.label) == (town.household_id, "床头")
    tab.goto(f"{desk.url}/install/{label.code}")
    expect(tab.locator("#code")).to_be_visible()
    expect(tab.locator(".toast--bad")).to_contain_text("已经用过")
    assert desk.asked_elsewhere == []
    assert [said for said in desk.wrong if "status of 409" not in said] == []


def test_who_installs_a_pad_turns_its_contact_round(
    centre: Centre, desk: Desk, store: Store, town: Town
) -> None:
    with store.write() as connection:
        stock = [Device(0, "z2m:pad", Role.BED_SENSOR, None, "OWON", "SPM915")]
        [label] = labels.prepare(connection, stock, centre.clock.now())
    tab = desk.tab
    tab.set_viewport_size(PHONE)
    desk.log_in(f"/install/{label.code}")
    tab.fill("input[type=search]", "王秀英")
    tab.get_by_text("是这家").click()
    tab.get_by_role("button", name="装好了").click()
    tab.get_by_label("触点反接").check()
    expect(tab.locator(".toast")).to_contain_text("已记下")
    with store.read() as connection:
        device = register.device_by_id(connection, label.device.id)
    assert (device.household_id, device.inverted) == (town.household_id, True)
    width = tab.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE["width"], "nothing stands beside the screen"
    assert desk.wrong == []


def test_an_administrator_makes_labels_and_prints_24_on_a_page(
    centre: Centre,  # noqa: ARG001 - it runs
    desk: Desk,
    town: Town,
) -> None:
    desk.log_in("/devices/labels", login=town.admin.login)
    tab = desk.tab
    tab.fill("#keys", "\n".join(f"care:kenli/new-{number:02}" for number in range(30)))
    tab.select_option("#role", "help_button")
    tab.fill("#model", "KL-1")
    tab.get_by_role("button", name="做标签").click()
    expect(tab.locator("[data-label]")).to_have_count(30)
    tab.get_by_text("打印标签纸").click()
    expect(tab.locator(".label img")).to_have_count(30)
    assert tab.pdf(prefer_css_page_size=True).count(b"/Type /Page\n") == 2
    assert desk.asked_elsewhere == []
    assert desk.wrong == []
