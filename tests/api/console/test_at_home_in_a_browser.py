"""A daughter calls: her mother is in hospital until the first. One tap, and nobody asks after her silence."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import expect

from community.storage import Store
from dispatcher import presets, watching
from dispatcher.absence import AwayKind
from dispatcher.storage.watches import Choice
from tests.api.conftest import Town
from tests.api.console.centre import Centre
from tests.api.console.conftest import Desk


def status(store: Store, town: Town, centre: Centre) -> watching.Status:
    with store.read() as connection:
        return watching.status(connection, town.household_id, presets.shipped(), centre.clock.now())


def test_the_agent_says_until_when_she_is_in_hospital_and_when_she_is_back(
    centre: Centre, desk: Desk, store: Store, town: Town
) -> None:
    now = centre.clock.now()
    watching.choose(store, town.household_id, Choice(), presets.shipped(), town.admin, now)
    desk.log_in("/hotline")
    tab = desk.tab
    tab.fill("#number", "013800000002")
    tab.press("#number", "Enter")
    expect(tab.locator(".pop")).to_contain_text("还没有听到动静")

    tab.click('[data-away="hospital"]')  # no day yet: nothing happens
    tab.get_by_label("到哪天 until").fill((now + timedelta(days=9)).date().isoformat())
    tab.click('[data-away="hospital"]')

    expect(tab.locator(".pop")).to_contain_text("住院,到")
    seen = status(store, town, centre)
    assert seen.away is AwayKind.HOSPITAL
    assert seen.away_until is not None
    assert timedelta(days=8) < seen.away_until - now < timedelta(days=11)

    tab.click("[data-back]")
    expect(tab.locator('[data-away="trip"]')).to_be_visible()
    assert status(store, town, centre).away is None
