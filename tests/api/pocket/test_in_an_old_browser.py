"""The pages that people hold in their hands, in a browser ten years behind its time, or without scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Route, expect

from api.pocket import static_dir
from community.storage import Store
from dispatcher.model import OfferState
from dispatcher.passes import Pass
from tests import judge
from tests.api.conftest import Town
from tests.api.console.centre import Centre
from tests.api.console.conftest import centre, chromium
from tests.api.pocket.conftest import daughter_of
from tests.api.pocket.test_for_everybody import a_phone
from tests.api.pocket.test_in_a_browser import BUTTON, come_in, place_of, state_of
from tests.servers import until

__all__ = ["centre", "chromium"]

on_sqlite = pytest.mark.parametrize("store", ["sqlite"], indirect=True)

SCRIPTS = (
    "follow.js",
    "errand.js",
    "place.js",
)  # the worker of the cache is asked for only where there is such a thing
STYLES_OF_LATER = ("grid", r"(?<!-)gap:", ":has", ":is", ":where", "clamp", "inset", r"\bmin\(", r"\bmax\(")
# Browsers inside WeChat of 2016 were as old as Chrome 37 and the iOS of 2015.
FORGET = """() => {
  const of_window = ["fetch", "EventSource", "URLSearchParams", "AbortController", "IntersectionObserver"];
  const of_elements = ["closest", "append", "remove", "replaceWith", "toggleAttribute"];
  for (const name of of_window) delete window[name];
  for (const name of of_elements) delete Element.prototype[name];
  delete NodeList.prototype.forEach;
  delete Navigator.prototype.serviceWorker;
}"""


@pytest.mark.browser
def test_the_scripts_are_read_by_a_browser_of_2016(chromium: Browser) -> None:
    """Judged by acorn, which Prism brings."""
    parser = (judge.installed() / "node_modules/acorn/dist/acorn.js").read_text("utf-8")
    page = chromium.new_page()
    page.evaluate(parser)
    for name in SCRIPTS:
        page.evaluate("(text) => acorn.parse(text, {ecmaVersion: 5})", (static_dir / name).read_text("utf-8"))
    page.close()


def test_the_pages_are_laid_out_with_what_browsers_of_2016_know() -> None:
    style = (static_dir / "pocket.css").read_text("utf-8")
    for newer in STYLES_OF_LATER:
        assert re.search(newer, re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL)) is None, newer


@pytest.mark.browser
@on_sqlite
def test_a_worker_takes_four_taps_in_a_browser_of_2016(
    chromium: Browser, centre: Centre, store: Store, with_pages: Town
) -> None:
    """No custom properties, no stream, no cache: the page asks every 15 s, and its frames are black."""
    incident_id = centre.press(BUTTON)

    def without_names_of_colours(route: Route) -> None:
        body = re.sub(r"[\w-]+: [^;{}]*var\([^;]*;", "", route.fetch().text())
        route.fulfill(body=body, content_type="text/css")

    here = {"geolocation": {"longitude": 118.5461, "latitude": 37.5861}, "permissions": ["geolocation"]}
    with a_phone(chromium, centre, service_workers="block", **here) as phone:
        phone.tab.add_init_script(f"({FORGET})()")
        phone.tab.route("**/pocket.css", without_names_of_colours)
        tab = come_in(phone, Pass(incident_id, f"responder:{with_pages.worker_id}"))
        assert (
            tab.evaluate("typeof fetch + typeof EventSource + typeof document.body.closest")
            == "undefined" * 3
        )
        first = tab.get_by_role("button", name="接单")
        assert first.evaluate("(one) => getComputedStyle(one).borderTopStyle") == "solid"
        first.tap()
        expect(tab.locator("main")).to_contain_text("谁有钥匙:邻居张桂芝")
        tab.get_by_role("button", name="发送我的位置").tap()
        expect(tab.locator(".place__said")).to_contain_text("已发送")
        assert place_of(store, with_pages.worker_id) is not None
        centre.stop()
        tab.get_by_role("button", name="已出发").tap()
        expect(tab.locator(".waits")).to_have_count(1)
        centre.start()
        expect(tab.locator(".waits")).to_have_count(0)
        for word, state in (("已到达", OfferState.ARRIVED), ("处理完毕", OfferState.DONE)):
            tab.get_by_role("button", name=word).tap()
            assert until(lambda state=state: state_of(store, with_pages, incident_id) is state, 60)


@pytest.mark.browser
@on_sqlite
def test_without_any_script_the_same_taps_are_taken(
    chromium: Browser, centre: Centre, store: Store, with_pages: Town
) -> None:
    incident_id = centre.press(BUTTON)
    with a_phone(chromium, centre, java_script_enabled=False) as phone:
        tab = come_in(phone, daughter_of(store, with_pages, incident_id))
        tab.get_by_role("button", name="我去不了").tap()
        expect(tab.get_by_role("button", name="我去不了")).to_have_attribute("aria-pressed", "true")
    with a_phone(chromium, centre, java_script_enabled=False) as phone:
        tab = come_in(phone, Pass(incident_id, f"responder:{with_pages.worker_id}"))
        for word in ("接单", "已出发", "已到达", "处理完毕"):
            tab.get_by_role("button", name=word).tap()
            expect(tab.locator(".big--done", has_text=word)).to_be_visible()
        assert state_of(store, with_pages, incident_id) is OfferState.DONE
