"""The top line: every page in three taps of a key, and nothing in the way of the desk."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.api.console.centre import Centre
from tests.api.console.conftest import PATIENCE_MS, Desk

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("only_refusals"),
    pytest.mark.parametrize("store", ["sqlite"], indirect=True),
]


def test_a_page_is_opened_by_keyboard_and_escape_shuts_the_menu(desk: Desk) -> None:
    desk.log_in()
    tab = desk.tab
    expect(tab.locator(".link")).to_contain_text("实时")
    menu = tab.locator(".menu", has_text="登记")
    menu.locator("summary").focus()
    tab.keyboard.press("Enter")
    expect(menu.get_by_role("link", name="住户")).to_be_visible()
    tab.keyboard.press("Tab")
    expect(menu.get_by_role("link", name="住户")).to_be_focused()
    tab.keyboard.press("Escape")
    expect(menu.locator("ul")).to_be_hidden()
    expect(menu.locator("summary")).to_be_focused()
    tab.keyboard.press(" ")  # the menu's own key, no claim
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    tab.wait_for_url(f"{desk.url}/households")
    expect(tab.locator(".menu summary.is-here")).to_contain_text("登记")
    expect(tab.locator('nav [aria-current="page"]')).to_have_attribute("href", "/households")


def test_one_menu_is_open_and_a_tap_elsewhere_shuts_it(desk: Desk) -> None:
    desk.log_in()
    tab = desk.tab
    expect(tab.locator(".link")).to_contain_text("实时")
    tab.get_by_text("服务", exact=False).first.click()
    expect(tab.locator(".menu[open]")).to_contain_text("热线")
    tab.locator(".menu summary", has_text="设备").click()
    expect(tab.locator(".menu[open]")).to_have_count(1)
    expect(tab.locator(".menu[open]")).to_contain_text("设备清单")
    tab.locator(".column--queue").click()
    expect(tab.locator(".menu[open]")).to_have_count(0)


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_the_top_line_fits_and_no_menu_leaves_the_screen(
    chromium: Browser, centre: Centre, width: int, height: int
) -> None:
    context = chromium.new_context(viewport={"width": width, "height": height})
    context.set_default_timeout(PATIENCE_MS)
    here = Desk(context.new_page(), centre.url)
    here.log_in("/households", login="admin")
    tab = here.tab
    assert tab.locator(".top").evaluate("(top) => top.scrollWidth <= top.clientWidth")
    for menu in tab.locator(".menu").all():
        menu.locator("summary").click()
        box = menu.locator("ul").bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        for link in menu.locator("a").all():
            size = link.bounding_box()
            assert size is not None
            assert size["height"] >= 44
    context.close()
