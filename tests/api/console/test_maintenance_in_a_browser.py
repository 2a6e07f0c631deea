"""A technician works on a device: the desk sees it, waits with it, and hears who calls all the same."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from community.storage import Store
from devices.signal import Kind
from dispatcher.maintaining import Upkeep
from tests.api.conftest import Town
from tests.api.console.centre import Centre
from tests.api.console.conftest import Desk

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("only_refusals"),
    pytest.mark.parametrize("store", ["sqlite"], indirect=True),
]

BUTTON = "care:kenli/KL-0001"


def test_a_device_is_worked_on_the_desk_waits_and_a_press_rings(
    centre: Centre, desk: Desk, town: Town, store: Store
) -> None:
    desk.log_in(f"/devices/{town.device_id}")
    tab = desk.tab
    work = tab.locator(".device__work")
    expect(work).to_contain_text("没有维护")
    work.get_by_label("原因 reason").fill("更换网关")
    work.get_by_label("多久 how long").select_option("4")
    work.get_by_role("button", name="开始维护").click()
    expect(work.locator("[data-maintenance]")).to_contain_text(re.compile("更换网关 · 刘芳"))
    expect(work).to_contain_text("还剩 3小时59分")

    tab.goto(f"{desk.url}/")
    expect(tab.locator(".works")).to_contain_text("更换网关")
    incident_id = centre.press(BUTTON, Kind.MAINS_FAILURE)
    card = tab.locator(f'[data-incident="{incident_id}"]')
    expect(card).to_contain_text("维护中")
    expect(card).not_to_have_class(re.compile("is-unclaimed"))
    expect(card.locator(".deadline")).to_have_count(0)

    centre.press(BUTTON)  # she herself
    expect(card).to_have_class(re.compile("card--emergency is-unclaimed"))
    expect(card).not_to_contain_text("维护中")

    assert Upkeep(store).turn(centre.clock.now() + timedelta(hours=5)) == 1
    expect(tab.locator(".works")).to_contain_text("✓ 维护已结束")


def test_an_administrator_ends_the_work_on_the_whole_site(desk: Desk) -> None:
    desk.log_in("/maintenance", login="admin")
    tab = desk.tab
    tab.get_by_label("原因 reason").fill("机房断电检修")
    tab.get_by_role("button", name="开始维护").click()
    line = tab.locator("[data-maintenance]")
    expect(line).to_contain_text("整个平台")
    line.get_by_role("button", name="结束").click()
    expect(line).to_have_count(0)
    expect(tab.locator(".upkeep")).to_contain_text("已结束 ended")
