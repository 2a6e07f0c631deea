"""What an administrator does on the page of the reports, in a real browser on a real server."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from community.storage import Store, register
from tests.api.conftest import Town
from tests.api.console.conftest import Desk

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("only_refusals"),
    pytest.mark.parametrize("store", ["sqlite"], indirect=True),
]


def test_a_screen_on_a_wall_gets_its_link_from_an_administrator(desk: Desk, store: Store, town: Town) -> None:
    with store.write() as connection:
        register.set_site(connection, replace(register.site(connection), secret="a-secret"))
    desk.log_in("/reports", login=town.admin.login)
    tab = desk.tab
    expect(tab.locator(".top__time")).to_have_text(re.compile(r"\d\d:\d\d:\d\d"))
    expect(tab.locator('.button[aria-current="true"]')).to_contain_text("30天")
    tab.get_by_role("button", name="大屏免登录链接").click()
    link = tab.locator(".wall-link__url b")
    expect(link).to_contain_text("/wall/open?pass=")

    tab.context.clear_cookies()
    tab.goto(f"{desk.url}/wall/open?{link.inner_text().partition('?')[2]}")
    tab.get_by_role("button").click()
    tab.wait_for_url(f"{desk.url}/wall")
    expect(tab.locator(".calm")).to_contain_text("现在没有事件")


def test_an_operator_makes_no_link(desk: Desk) -> None:
    desk.log_in("/reports")
    expect(desk.tab.get_by_role("link", name="指挥大屏")).to_be_visible()
    expect(desk.tab.get_by_role("button", name="大屏免登录链接")).to_have_count(0)
