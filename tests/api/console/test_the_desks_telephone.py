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
    pytest.mark.usefixtures("only_refusals"),
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


def test_the_telephone_of_the_desk_is_said_once_and_rings_from_then_on(
    desk: Desk, centre: Centre, asterisk: StandIn
) -> None:
    desk.log_in()
    tab = desk.tab
    expect(tab.locator(".link")).to_contain_text("实时")
    incident_id = centre.press(BUTTON)
    expect(tab.locator(f'[data-incident="{incident_id}"]')).to_contain_text("紧急呼叫")
    tab.keyboard.press(" ")
    expect(tab.locator(f'[data-incident="{incident_id}"]')).to_contain_text("刘芳(我 me)")

    tab.keyboard.press("f")
    window = tab.locator("dialog")
    expect(window.locator("[data-dial]").first).to_be_focused()  # the number before the setting
    window.get_by_label("本机分机").fill("601")
    window.locator("[data-dial]").first.click()
    expect(tab.locator(".toast")).to_contain_text("分机601在响")
    tab.keyboard.press("Escape")
    timeline = tab.locator(".case .timeline")
    expect(timeline).to_contain_text("拨打女儿李梅,分机601")

    tab.reload()  # the browser of this desk remembers it
    tab.locator(f'[data-incident="{incident_id}"]').click()
    expect(timeline).to_contain_text("拨打女儿李梅,分机601")
    tab.keyboard.press("e")
    expect(window.get_by_label("本机分机")).to_have_value("601")
    window.locator("[data-dial]").first.click()
    expect(tab.locator(".toast")).to_contain_text("分机601在响")
    assert [one["extension"] for one in asterisk.rung] == ["13800000002", "120"]
