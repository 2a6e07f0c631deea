"""A device is tried on its own page: blue while it goes on, green when proven, and never red at the desk."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.sync_api import expect

from community.model import Device
from community.storage import Store, register, trials
from devices.signal import Role
from tests.api.conftest import Town
from tests.api.console.centre import Centre
from tests.api.console.conftest import Desk

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("store", ["sqlite"], indirect=True)]


def test_a_trial_counts_down_in_blue_and_ends_in_green_and_the_desk_sees_both(
    centre: Centre, desk: Desk, store: Store, town: Town
) -> None:
    with store.write() as connection:
        new = Device(0, "care:kenli/new", Role.HELP_BUTTON, town.household_id, label="床头")
        id = register.enrol_device(connection, new).id
    desk.log_in(f"/devices/{id}", login=town.admin.login)
    tab = desk.tab
    expect(tab.locator(".device__proof")).to_contain_text("还没有证实")
    tab.locator("[data-begin]").click()
    expect(tab.get_by_role("timer")).to_contain_text(":")
    expect(tab.locator("[data-begin]")).to_have_count(0)
    console = desk.tab.context.new_page()
    console.goto(f"{desk.url}/")
    expect(console.locator(".trials")).to_contain_text("测试中")
    centre.press("care:kenli/new", test=True)
    with store.write() as connection:
        assert trials.heard(connection, {"care:kenli/new"}, centre.clock.now())
    expect(tab.locator("[data-proven]")).to_contain_text("已联通")
    expect(tab.locator(".device__trial")).to_contain_text("测试收到")
    expect(console.locator(".trials")).to_contain_text("测试收到")
    expect(console.locator('[data-count="emergency"] b')).to_have_text("0")
    colour = console.locator(".trials").evaluate("element => getComputedStyle(element).color")
    assert colour == "rgb(31, 82, 163)", "blue, never red"
    assert tab.locator(".device__wiring").inner_text() == "", "a button has no contact to turn round"
    assert desk.asked_elsewhere == []
    assert desk.wrong == []


def test_a_pad_whose_contact_is_the_other_way_round_is_turned_on_its_own_page(
    desk: Desk, store: Store, town: Town
) -> None:
    with store.write() as connection:
        id = register.enrol_device(connection, Device(0, "z2m:pad", Role.BED_SENSOR, town.household_id)).id
    desk.log_in(f"/devices/{id}", login=town.admin.login)
    tick = desk.tab.get_by_label("触点反接")
    expect(tick).not_to_be_checked()
    tick.check()
    expect(desk.tab.locator(".toast")).to_contain_text("已记下")
    desk.tab.reload()
    expect(tick).to_be_checked()
    with store.read() as connection:
        assert register.device_by_id(connection, id).inverted
    assert desk.wrong == []


def test_a_device_is_moved_to_another_home_and_taken_out_of_service(
    desk: Desk, store: Store, town: Town
) -> None:
    with store.write() as connection:
        here = register.household_by_id(connection, town.household_id).household
        there = register.add_household(connection, replace(here, id=0, address="和平社区幸福里9幢1单元101"))
    path = f"/devices/{town.device_id}"
    desk.log_in(path, login=town.admin.login)
    tab = desk.tab
    form = tab.locator(".device__edit")
    form.get_by_label("位置").fill("床头")
    form.get_by_label("查找住户").fill("幸福里9幢")
    form.get_by_role("button", name="是这家").click()
    expect(form.get_by_role("status")).to_contain_text("幸福里9幢1单元101")
    form.get_by_role("button", name="保存").click()
    expect(tab.locator(".page__lead")).to_contain_text("幸福里9幢1单元101")
    expect(tab.locator("h1")).to_contain_text("床头")

    form.get_by_label("在用").uncheck()
    form.get_by_role("button", name="从这家收回").click()
    form.get_by_role("button", name="保存").click()
    expect(tab.locator(".page__lead")).to_contain_text("还没有住户")
    expect(tab.locator(".facts")).to_contain_text("停用")
    with store.read() as connection:
        kept = register.device_by_id(connection, town.device_id)
    assert (kept.label, kept.household_id, kept.enabled) == ("床头", None, False)
    assert there.id != town.household_id

    tab.context.clear_cookies()
    desk.log_in(path)  # an operator changes nothing
    expect(tab.locator(".facts")).to_be_visible()
    expect(form).to_have_count(0)
