"""A daughter with trembling hands and a worker without a network, each with a real phone's screen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from community.model import Position
from community.storage import Store, whereabouts
from dispatcher import views
from dispatcher.model import Entry, OfferState
from dispatcher.passes import Pass
from tests.api.conftest import Town
from tests.api.console.centre import Centre
from tests.api.console.conftest import PATIENCE_MS, Desk, centre, chromium
from tests.api.pocket.conftest import code_of, daughter_of
from tests.servers import until

__all__ = ["centre", "chromium"]

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("store", ["sqlite"], indirect=True)]

BUTTON = "care:kenli/KL-0001"


@pytest.fixture
def phone(chromium: Browser, centre: Centre, with_pages: Town) -> Iterator[Desk]:
    """A phone's browser; in the end it has asked nobody but us, and nothing went wrong in it."""
    assert with_pages
    context = chromium.new_context(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    context.set_default_timeout(PATIENCE_MS)
    held = Desk(context.new_page(), centre.url)
    yield held
    context.close()
    assert held.asked_elsewhere == []
    assert held.wrong == []


def come_in(phone: Desk, held: Pass) -> Page:
    tab = phone.tab
    tab.goto(f"{phone.url}/p")
    tab.fill("#code", code_of(held))
    tab.press("#code", "Enter")
    tab.wait_for_url(f"{phone.url}/p/case")
    return tab


def state_of(store: Store, town: Town, incident_id: int) -> OfferState:
    with store.read() as connection:
        return [o for o in views.offers(connection, incident_id) if o.responder_id == town.worker_id][
            -1
        ].state


def test_a_daughter_follows_help_from_the_call_to_the_door(
    centre: Centre, phone: Desk, store: Store, with_pages: Town
) -> None:
    incident_id = centre.press(BUTTON)
    tab = come_in(phone, daughter_of(store, with_pages, incident_id))
    expect(tab.locator("h1")).to_contain_text("已收到求助")
    centre.claim(incident_id, with_pages.operator)
    expect(tab.locator("h1")).to_contain_text("值班员已接警")
    tab.get_by_role("button", name="我能赶到").tap()
    expect(tab.get_by_role("button", name="我能赶到")).to_have_attribute("aria-pressed", "true")
    centre.answer("13800000011", "1")
    expect(tab.locator("h1")).to_contain_text("网格员李师傅正在赶来")
    centre.answer("13800000011", "4")
    expect(tab.locator("h1")).to_contain_text("网格员李师傅已到家中")
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390, "nothing is cut off at the side"


def test_a_worker_takes_four_taps_with_the_network_cut_in_the_middle(
    centre: Centre, phone: Desk, store: Store, with_pages: Town
) -> None:
    incident_id = centre.press(BUTTON)
    tab = come_in(phone, Pass(incident_id, f"responder:{with_pages.worker_id}"))
    expect(tab.locator(".address")).to_contain_text("和平社区幸福里3幢2单元501")
    tab.evaluate("navigator.serviceWorker.ready.then(() => null)")
    tab.get_by_role("button", name="接单").tap()
    expect(tab.locator("main")).to_contain_text("谁有钥匙:邻居张桂芝")

    centre.stop()  # nothing answers any more: a cut as complete as any
    tab.get_by_role("button", name="已出发").tap()
    tab.get_by_role("button", name="已到达").tap()
    expect(tab.locator(".waits")).to_have_count(2)
    expect(tab.locator(".cut")).to_be_visible()
    tab.reload()  # in the staircase, without a network
    expect(tab.locator(".address")).to_contain_text("和平社区幸福里3幢2单元501")
    expect(tab.locator("main")).to_contain_text("谁有钥匙:邻居张桂芝")
    expect(tab.locator(".waits")).to_have_count(2)
    assert state_of(store, with_pages, incident_id) is OfferState.ACCEPTED

    centre.start()
    expect(tab.locator(".waits")).to_have_count(0)
    assert until(lambda: state_of(store, with_pages, incident_id) is OfferState.ARRIVED, 60)
    tab.get_by_role("button", name="处理完毕").tap()
    assert until(lambda: state_of(store, with_pages, incident_id) is OfferState.DONE, 60)
    expect(tab.locator("main")).not_to_contain_text("谁有钥匙")
    with store.read() as connection:
        timeline = views.detail(connection, incident_id).timeline
    me = f"responder:{with_pages.worker_id}"
    hers = [entry for entry in timeline if entry.actor == me and entry.entry is Entry.OFFER]
    assert len(hers) == 4, "each tap once, whatever was said again"


def test_who_cannot_go_says_why_with_two_taps(
    centre: Centre, phone: Desk, store: Store, with_pages: Town
) -> None:
    incident_id = centre.press(BUTTON)
    tab = come_in(phone, Pass(incident_id, f"responder:{with_pages.worker_id}"))
    tab.locator("summary").tap()
    tab.get_by_role("button", name="离得太远").tap()
    expect(tab.locator(".state")).to_contain_text("不能去")
    assert until(lambda: state_of(store, with_pages, incident_id) is OfferState.DECLINED, 60)
    with store.read() as connection:
        assert any("离得太远" in entry.text for entry in views.detail(connection, incident_id).timeline)


def place_of(store: Store, responder_id: int) -> Position | None:
    with store.read() as connection:
        found = whereabouts.of(connection, responder_id)
    return found.position if found is not None else None


def test_a_worker_who_says_yes_is_followed_until_it_is_done_or_she_says_no(
    centre: Centre, phone: Desk, store: Store, with_pages: Town
) -> None:
    worker = with_pages.worker_id
    incident_id = centre.press(BUTTON)
    context = phone.tab.context
    context.grant_permissions(["geolocation"], origin=phone.url)
    context.set_geolocation({"longitude": 118.5461, "latitude": 37.5861, "accuracy": 9})
    tab = come_in(phone, Pass(incident_id, f"responder:{worker}"))
    send = tab.get_by_role("button", name="发送我的位置", exact=False)
    expect(send).to_have_attribute("aria-pressed", "false")
    assert place_of(store, worker) is None, "nobody is followed who was not asked"
    send.tap()
    expect(tab.locator(".place__said")).to_contain_text("已发送")
    assert place_of(store, worker) == Position(118.5461, 37.5861, "page", 9.0)
    send.tap()
    expect(tab.locator(".place__said")).to_contain_text("已停止")
    assert until(lambda: place_of(store, worker) is None, 60)
    send.tap()
    expect(tab.locator(".place__said")).to_contain_text("已发送")
    context.set_geolocation({"longitude": 118.5471, "latitude": 37.5861, "accuracy": 9})
    tab.reload()  # she has said yes on this phone
    assert until(lambda: place_of(store, worker) == Position(118.5471, 37.5861, "page", 9.0), 60)
    for name in ("接单", "已出发", "已到达", "处理完毕"):
        tab.get_by_role("button", name=name).tap()
    expect(tab.locator(".place")).to_be_hidden()


def test_a_phone_that_forbids_it_says_so_and_the_page_goes_on(
    centre: Centre, phone: Desk, store: Store, with_pages: Town
) -> None:
    incident_id = centre.press(BUTTON)
    tab = come_in(phone, Pass(incident_id, f"responder:{with_pages.worker_id}"))
    tab.get_by_role("button", name="发送我的位置").tap()
    expect(tab.locator(".place__said")).to_contain_text("手机没有允许定位")
    assert place_of(store, with_pages.worker_id) is None
    tab.get_by_role("button", name="接单").tap()
    expect(tab.locator("main")).to_contain_text("谁有钥匙:邻居张桂芝")
