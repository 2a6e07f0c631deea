"""The shift leader begins a drill; the desk plays it in blue."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.api.console.centre import Centre
from tests.api.console.conftest import Desk

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("only_refusals"),
    pytest.mark.parametrize("store", ["sqlite"], indirect=True),
]


def test_a_drill_is_begun_from_the_list_of_homes_and_is_blue_at_the_desk(centre: Centre, desk: Desk) -> None:
    desk.log_in("/households", login="admin")
    tab = desk.tab
    tab.get_by_role("button", name="演练").click()
    confirm = tab.locator("dialog [type=submit]")
    expect(confirm).to_be_disabled()
    expect(tab.locator("dialog")).to_contain_text("真人会收到短信和电话")
    tab.check('dialog input[value="fall"]')
    confirm.click()
    tab.wait_for_url(re.compile(r"#case=\d+$"))
    card = tab.locator(".card")
    expect(card).to_have_class(re.compile("card--drill"))
    expect(card).not_to_have_class(re.compile("card--emergency"))
    expect(card).to_contain_text("演练")
    expect(tab.locator(".case")).to_have_class(re.compile("case--drill"))
    expect(tab.locator('[data-count="emergency"] b')).to_have_text("0")
    expect(tab.locator('[data-count="unclaimed"] b')).to_have_text("0")

    centre.work()
    real = centre.press("care:kenli/KL-0001")  # somebody really calls, in the same home
    first = tab.locator(".card").first
    expect(first).to_have_attribute("data-incident", str(real))
    expect(first).to_have_class(re.compile("card--emergency"))
    expect(tab.locator('[data-count="emergency"] b')).to_have_text("1")
    tab.keyboard.press("1")
    tab.keyboard.press(" ")
    expect(first).to_contain_text("管理员(我 me)")

    tab.goto(f"{desk.url}/reports")
    drills = tab.locator(".panel--drill")
    expect(drills).to_contain_text("跌倒报警")
    expect(tab.locator(".page__lead")).to_contain_text("1件事件,其中1件求助")
    tab.goto(f"{desk.url}/wall")
    expect(tab.locator(".wall__drill")).to_contain_text("演练 1 件")
    expect(tab.locator(".cases li")).to_have_count(1)


def test_an_operator_begins_no_drill(desk: Desk) -> None:
    desk.log_in("/households")
    expect(desk.tab.get_by_role("button", name="发测试短信")).to_be_visible()
    expect(desk.tab.get_by_role("button", name="演练")).to_have_count(0)
