"""Whoever sees little, hears a reader, has only a keyboard or a trembling finger can use every page.

Twice, by day and by night, on the width of a desk and of a hand: axe finds nothing serious (what it is unsure
about is not counted), nothing that is tapped is smaller than 44 px, and no page has to be pushed sideways.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from api.console.pages import FOR_ADMINS, MENU
from tests import judge
from tests.api.conftest import Town
from tests.api.console.centre import Centre
from tests.api.console.conftest import Desk
from tests.api.console.judged import found

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("only_refusals"),
    pytest.mark.parametrize("store", ["sqlite"], indirect=True),
]

BUTTON = "care:kenli/KL-0001"
OF_THE_REGISTER = [
    "/households/1",
    "/households/new",
    "/households/import",
    "/catalogue/edit",
    "/devices/1",
]  # for administrators
PATHS = [path for _, _, inside in MENU for path, *_ in inside if path != "/"] + [
    "/atlas/2",
    *OF_THE_REGISTER,
]
LOOKS = ("light", "dark")


@pytest.fixture(scope="module")
def axe() -> str:
    return judge.axe()


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


# A copy, for the card itself is drawn anew with each change of its case.
A_LATE_ONE = """() => {
  const late = document.querySelector(".card").cloneNode(true);
  late.classList.add("late");
  late.querySelector("[data-deadline]").dataset.deadline = "2020-01-01T00:00:00Z";
  document.querySelector(".queue").appendChild(late);
}"""
MOVES = "document.getAnimations().filter((one) => one.playState === 'running').length"


@pytest.mark.parametrize(("wish", "moves"), [("no-preference", True), ("reduce", False)])
def test_who_wants_nothing_to_move_sees_that_time_is_up_in_words(
    centre: Centre, desk: Desk, wish: str, moves: bool
) -> None:
    desk.tab.emulate_media(reduced_motion=wish)
    desk.log_in()
    centre.press(BUTTON)
    expect(desk.tab.locator(".card .deadline")).to_be_visible()
    desk.tab.evaluate(A_LATE_ONE)
    expect(desk.tab.locator(".late .deadline")).to_contain_text("已超时")

    assert bool(desk.tab.evaluate(MOVES)) is moves
