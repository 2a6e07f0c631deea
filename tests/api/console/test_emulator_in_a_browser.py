"""A simulated device is made to speak from the page of the simulated phones, in a real browser."""

from __future__ import annotations

import orjson
import pytest
from playwright.sync_api import expect

from tests.api.console.centre import Centre
from tests.api.console.conftest import Desk
from tests.api.test_emulator import Wire
from tests.servers import until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("only_refusals"),
    pytest.mark.parametrize("store", ["sqlite"], indirect=True),
]


def test_a_tap_is_a_message_of_the_device_that_was_chosen(centre: Centre, desk: Desk) -> None:
    wire = Wire()
    centre.stop()
    centre.line = wire
    centre.start()
    desk.log_in("/phones")
    desk.tab.get_by_label("谁家的设备").select_option(
        label="王秀英 和平社区幸福里3幢2单元501 · kenli/KL-0001"
    )
    desk.tab.get_by_role("button", name="跌倒").click()
    assert until(lambda: bool(wire.said))
    [(topic, said)] = wire.said
    assert (topic, orjson.loads(said)["type"]) == ("care/kenli/KL-0001/signal", "fall")
    expect(desk.tab.locator(".toast")).to_contain_text("跌倒")


def test_without_a_broker_there_is_nothing_to_tap(desk: Desk) -> None:
    desk.log_in("/phones")
    expect(desk.tab.locator(".phones__empty")).to_be_visible()
    expect(desk.tab.locator(".emulator")).to_be_hidden()
