"""Where the centre has an exchange, a click rings the telephone of the desk; in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from community.storage import Store
from tests.api.conftest import Town
from tests.api.console.centre import Centre
from tests.api.console.conftest import Desk
from tests.hotline.asterisk import StandIn, standing_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("store", ["sqlite"], indirect=True),
]

BUTTON = "care:kenli/KL-0001"


@pytest.fixture
def asterisk() -> Iterator[StandIn]:
    with standing_in() as there:
        yield there


@pytest.fixture
def centre(store: Store, town: Town, asterisk: StandIn) -> Iterator[Centre]:  # noqa: ARG001 - found in the store
    running = Centre(store)
    running.exchange = asterisk.exchange
    running.start()
    yield running
    running.close()


def claimed(desk: Desk, centre: Centre) -> int:
    """Somebody called for help, and the operator has the case."""
    desk.log_in()
    expect(desk.tab.locator(".link")).to_contain_text("实时")
    incident_id = centre.press(BUTTON)
    card = desk.tab.locator(f'[data-incident="{incident_id}"]')
    expect(card).to_contain_text("紧急呼叫")
    desk.tab.keyboard.press(" ")
    expect(card).to_contain_text("刘芳(我 me)")
    return incident_id


@pytest.mark.usefixtures("only_refusals")
def test_the_telephone_of_the_desk_is_said_once_and_rings_from_then_on(
    desk: Desk, centre: Centre, asterisk: StandIn
) -> None:
    tab, incident_id = desk.tab, claimed(desk, centre)

    tab.keyboard.press("f")
    window = tab.locator("dialog")
    expect(window.locator("[data-dial]").first).to_be_focused()  # the number before the setting
    window.get_by_label("本机分机").fill("601")
    window.locator("[data-dial]").first.click()
    expect(window.locator(".toast")).to_contain_text("已请分机601振铃")  # before the window, not behind it
    tab.keyboard.press("Escape")
    timeline = tab.locator(".case .timeline")
    expect(timeline).to_contain_text("用分机601拨打女儿李梅")

    tab.reload()  # the browser of this desk remembers it
    tab.locator(f'[data-incident="{incident_id}"]').click()
    expect(timeline).to_contain_text("用分机601拨打女儿李梅")
    tab.keyboard.press("e")
    expect(window.get_by_label("本机分机")).to_have_value("601")
    window.locator("[data-dial]").first.click()
    expect(window.locator(".toast")).to_contain_text("已请分机601振铃")
    assert [one["extension"] for one in asterisk.rung] == ["13800000002", "120"]


def test_what_the_exchange_cannot_do_the_next_click_does_by_the_computer(desk: Desk, centre: Centre) -> None:
    tab = desk.tab
    claimed(desk, centre)
    tab.keyboard.press("f")
    window = tab.locator("dialog")
    dials = window.locator("[data-dial]").first

    telephone = window.get_by_label("本机分机")
    telephone.fill("６０９")  # as a Chinese keyboard may write it; nobody's telephone
    telephone.press("Enter")
    expect(window).to_be_visible()
    dials.click()
    expect(window.locator(".toast--bad")).to_contain_text("分机609没有振铃")
    expect(window.locator(".toast--bad")).to_contain_text("再点一下由电脑拨号")
    timeline = tab.locator(".case .timeline")
    expect(timeline).to_contain_text("分机609没有振铃")
    dials.click()
    expect(timeline.locator("li", has_text="拨打女儿李梅")).to_have_count(2)
    expect(timeline.locator(".entry--dialled").last).to_contain_text("拨打女儿李梅")
    expect(timeline.locator(".entry--dialled").last).not_to_contain_text("分机")

    telephone.fill("60a")
    expect(telephone).to_have_attribute("aria-invalid", "true")
    assert desk.asked_elsewhere == []
    assert [said for said in desk.wrong if "status of 503" not in said] == []
