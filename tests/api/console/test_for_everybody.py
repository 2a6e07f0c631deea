"""Whoever sees little, hears a reader or has only a keyboard can use every page: axe finds nothing serious.

Twice, by day and by night, on the width of a desk and of a hand. What axe is unsure about is not counted.
"""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from api.console.pages import FOR_ADMINS, MENU
from tests import judge
from tests.api.conftest import Town
from tests.api.console.centre import Centre
from tests.api.console.conftest import Desk

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("store", ["sqlite"], indirect=True)]

BUTTON = "care:kenli/KL-0001"
OF_THE_REGISTER = ["/households/1", "/households/import"]  # for administrators
PATHS = [path for _, _, inside in MENU for path, *_ in inside if path != "/"] + [
    "/devices/1",
    *OF_THE_REGISTER,
]
LOOKS = ("light", "dark")
DESK, HAND = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
ASK = """async () => {
  const found = await axe.run(document, {resultTypes: ["violations"], exclude: [".maplibregl-canvas"]});
  return found.violations
    .filter(({impact}) => impact === "serious" || impact === "critical")
    .map(({id, nodes}) => [id, nodes.slice(0, 3).map((node) => node.html + node.failureSummary)]);
}"""


@pytest.fixture(scope="module")
def axe() -> str:
    return judge.axe()


def found(tab: Page, axe: str) -> list[Any]:
    """What is serious, at both widths, as [rule, examples]."""
    tab.evaluate(axe)
    serious = []
    for size in (HAND, DESK):
        tab.set_viewport_size(size)
        serious += tab.evaluate(ASK)
    return serious


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("path", PATHS)
def test_a_page_shuts_nobody_out(desk: Desk, town: Town, axe: str, path: str, look: str) -> None:
    desk.tab.emulate_media(color_scheme=look)
    desk.log_in(
        path, login=town.admin.login if path in FOR_ADMINS.union(OF_THE_REGISTER) else town.operator.login
    )
    expect(desk.tab.locator("main")).to_be_visible()

    assert found(desk.tab, axe) == []


@pytest.mark.parametrize("look", LOOKS)
def test_the_console_with_a_case_shuts_nobody_out(centre: Centre, desk: Desk, axe: str, look: str) -> None:
    desk.tab.emulate_media(color_scheme=look)
    desk.log_in()
    centre.press(BUTTON)
    expect(desk.tab.locator(".card")).to_have_count(1)
    assert found(desk.tab, axe) == []

    desk.tab.keyboard.press("Space")
    expect(desk.tab.locator('[data-deed="close"]')).to_be_visible()
    assert found(desk.tab, axe) == []

    desk.tab.keyboard.press("x")
    expect(desk.tab.locator(".script__said")).to_be_visible()
    for key in ("e", "f"):
        desk.tab.keyboard.press(key)
        expect(desk.tab.locator("dialog[open] .call-rows")).to_be_visible()
        assert found(desk.tab, axe) == []
        desk.tab.keyboard.press("Escape")
        expect(desk.tab.locator("dialog")).to_have_count(0)

    desk.tab.click('[data-deed="close"]')
    expect(desk.tab.locator("dialog[open]")).to_be_visible()
    assert found(desk.tab, axe) == []


@pytest.mark.parametrize("look", LOOKS)
def test_the_door_shuts_nobody_out(desk: Desk, axe: str, look: str) -> None:
    desk.tab.emulate_media(color_scheme=look)
    for path in ("/login", "/p"):
        desk.tab.goto(f"{desk.url}{path}")
        assert found(desk.tab, axe) == [], path
