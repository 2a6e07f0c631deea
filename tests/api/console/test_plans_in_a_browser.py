"""An administrator changes a plan and tries it, in a real browser on a real server."""

from __future__ import annotations

from datetime import datetime

import pytest
from playwright.sync_api import expect

from community.storage import Store
from devices.signal import Kind
from dispatcher.model import Severity, Threshold
from dispatcher.plans import shipped
from dispatcher.storage.planbook import Planbook
from tests.api.conftest import Town
from tests.api.console.conftest import Desk

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("only_refusals"),
    pytest.mark.parametrize("store", ["sqlite"], indirect=True),
]


def test_a_rung_is_added_tried_on_a_home_and_kept(desk: Desk, store: Store, town: Town) -> None:
    desk.log_in("/plans", login=town.admin.login)
    tab = desk.tab
    expect(tab.locator('[data-plan="emergency"]')).to_contain_text("出厂预案")
    tab.click('[data-plan="routine"]')
    expect(tab.locator("[data-rung]")).to_have_count(3)
    tab.click('[data-plan="emergency"]')

    third = tab.locator('[data-rung="3"]')
    third.locator("input[type=number]").first.fill("150")
    third.get_by_role("button", name="再通知").press("Enter")
    whom = third.locator(".tell:last-of-type select")
    expect(whom).to_be_focused()
    whom.select_option("staff")
    expect(whom).to_be_focused()  # also after the form was drawn anew
    third.locator('.tell:last-of-type input[value="clinic"]').check()
    third.locator('.tell:last-of-type input[type="text"]').fill("医生")

    tab.fill(".plans__trial input[type=search]", "王秀英")
    tab.get_by_text("是这家").click()
    tab.click("[data-try]")
    first = tab.locator('[data-rehearsed="1"]')
    expect(first).to_contain_text("女儿李梅")
    expect(first).to_contain_text("和平卫生服务站")
    expect(tab.locator('[data-rehearsed="3"]')).to_contain_text("2分30秒")
    expect(tab.locator('[data-rehearsed="3"]')).to_contain_text("没有在岗的本网格卫生服务中心(医生)")

    tab.click(".plans__form [type=submit]")
    expect(tab.locator('[data-plan="emergency"]')).to_contain_text("管理员")
    expect(tab.locator(".plans__form h2")).to_contain_text("v1")
    with store.read() as connection:
        kept = Planbook(shipped()).current(connection).of(Kind.SOS, Severity.EMERGENCY)
    assert (kept.version, kept.rungs[2].after_s) == (1, 150)
    assert kept.rungs[2].tell[-1].skill == "医生"
    assert kept.rungs[:2] == shipped().of(Kind.SOS, Severity.EMERGENCY).rungs[:2]


def test_from_how_many_homes_on_it_is_the_areas_is_edited_like_every_plan(
    desk: Desk, store: Store, town: Town
) -> None:
    desk.log_in("/plans", login=town.admin.login)
    tab = desk.tab
    expect(tab.locator('[data-plan="area-cries"]')).to_contain_text("60秒内3户,或全街道20户")
    tab.click('[data-plan="area-gas"]')
    expect(tab.locator('[data-rung="1"] select option')).to_have_count(3)  # an area has no relatives
    tab.fill("#threshold-street_homes", "9")
    tab.click(".plans__form [type=submit]")
    expect(tab.locator(".plans__form .warn")).to_contain_text("只有呼救按全街道计")

    tab.fill("#threshold-street_homes", "0")
    tab.fill("#threshold-homes", "4")
    tab.check('.plans__form .kinds input[value="co"] >> nth=0')
    tab.click(".plans__form [type=submit]")

    expect(tab.locator('[data-plan="area-gas"]')).to_contain_text("300秒内4户")
    with store.read() as connection:
        kept = Planbook(shipped()).current(connection).for_area(Kind.CO)
    assert kept is not None
    assert (kept.name, kept.version, kept.threshold) == ("area-gas", 1, Threshold(4, 300))


def test_who_was_slower_is_told_and_sees_what_the_other_made_of_it(
    desk: Desk, store: Store, town: Town, now: datetime
) -> None:
    desk.log_in("/plans", login=town.admin.login)
    tab = desk.tab
    expect(tab.locator("[data-rung]")).to_have_count(3)
    emergency = shipped().of(Kind.SOS, Severity.EMERGENCY)
    with store.write() as connection:
        Planbook(shipped()).edit(connection, emergency, 0, town.operator.id, now)

    tab.fill("#plan-title", "十万火急")
    tab.click(".plans__form [type=submit]")

    expect(tab.locator(".plans__form .warn")).to_contain_text("已被别人修改")
    tab.get_by_text("看别人改成了什么").click()
    expect(tab.locator("#plan-title")).to_have_value("紧急")
    expect(tab.locator(".plans__form h2")).to_contain_text("v1")


def test_changes_are_not_lost_by_a_slip_and_a_plan_that_cannot_be_meant_says_why(
    desk: Desk, town: Town
) -> None:
    desk.log_in("/plans", login=town.admin.login)
    tab = desk.tab
    tab.click('[data-plan="unreadable"]')
    tab.locator('[data-rung="1"] select').select_option("relatives")
    tab.click('[data-plan="emergency"]')
    expect(tab.locator("dialog")).to_contain_text("还没有保存")
    tab.keyboard.press("Escape")
    tab.click(".plans__form [type=submit]")
    expect(tab.locator(".plans__form .warn")).to_contain_text("最后一级要有值班台响铃")


def test_an_administrator_checks_the_homes_again_and_sees_what_is_missing(desk: Desk, town: Town) -> None:
    desk.log_in("/reach", login=town.admin.login)
    tab = desk.tab
    expect(tab.locator("main")).to_contain_text("还没有检查过")

    tab.click("[data-check]")

    expect(tab.locator("main")).to_contain_text("检查了 1 户")
    expect(tab.locator("main")).to_contain_text("没有这样的住户")
    expect(tab.locator("nav [aria-current=page]")).to_contain_text("缺口")
