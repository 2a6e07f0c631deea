"""The pages that people hold in their hands, judged as those of the desk are, and on the smallest phone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from community.storage import Store
from dispatcher.passes import Pass
from tests import judge
from tests.api.conftest import Town
from tests.api.console.centre import Centre
from tests.api.console.conftest import PATIENCE_MS, Desk, centre, chromium
from tests.api.console.judged import HAND, SMALL_HAND, found
from tests.api.pocket.conftest import daughter_of
from tests.api.pocket.test_in_a_browser import BUTTON, come_in

__all__ = ["centre", "chromium"]

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("store", ["sqlite"], indirect=True)]


@contextmanager
def a_phone(chromium: Browser, centre: Centre, **how: Any) -> Iterator[Desk]:
    """In the end it has asked nobody but us, and nothing went wrong in it."""
    context = chromium.new_context(viewport=HAND, is_mobile=True, has_touch=True, **how)
    context.set_default_timeout(PATIENCE_MS)
    held = Desk(context.new_page(), centre.url)
    yield held
    context.close()
    assert held.asked_elsewhere == []
    assert [said for said in held.wrong if "status of 4" not in said] == []


@pytest.mark.parametrize("look", ["light", "dark"])
def test_the_pages_in_hands_shut_nobody_out(
    chromium: Browser, centre: Centre, store: Store, with_pages: Town, look: str
) -> None:
    axe = judge.axe()
    incident_id = centre.press(BUTTON)
    daughter = daughter_of(store, with_pages, incident_id)
    worker = Pass(incident_id, f"responder:{with_pages.worker_id}")

    def judged(tab: Page) -> list[Any]:
        return found(tab, axe, SMALL_HAND, HAND)

    with a_phone(chromium, centre, color_scheme=look) as phone:
        tab = come_in(phone, daughter)
        assert judged(tab) == [], "as it begins"
        centre.claim(incident_id, with_pages.operator)
        centre.answer("13800000011", "1")
        expect(tab.locator("h1")).to_contain_text("正在赶来")
        expect(tab.locator(".steps__open").first).to_contain_text("还没有")
        assert judged(tab) == [], "somebody comes"
    with a_phone(chromium, centre, color_scheme=look) as phone:
        tab = come_in(phone, worker)
        assert judged(tab) == [], "on her way"
        tab.locator("summary").tap()
        assert judged(tab) == [], "with the reasons why not"
        tab.goto(f"{phone.url}/p/case?incident=999")
        expect(tab.locator("main")).to_be_visible()
        assert judged(tab) == [], "no case of hers"
