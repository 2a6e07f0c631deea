"""An administrator chooses what a home is watched for, in a real browser on a real server."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from community.model import Device
from community.storage import Store, register
from devices.signal import Role
from dispatcher import presets, watching
from dispatcher.absence import Calls, Night
from dispatcher.presets import hours
from tests.api.conftest import Town
from tests.api.console.centre import Centre
from tests.api.console.conftest import Desk

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("only_refusals"),
    pytest.mark.parametrize("store", ["sqlite"], indirect=True),
]


def status(store: Store, town: Town, centre: Centre) -> watching.Status | None:
    with store.read() as connection:
        return watching.status(connection, town.household_id, presets.shipped(), centre.clock.now())


def test_a_home_is_found_its_silence_and_its_night_are_chosen_changed_and_ended(
    centre: Centre, desk: Desk, store: Store, town: Town
) -> None:
    with store.write() as connection:
        for key, role in (("hall", Role.MOTION_SENSOR), ("bed", Role.BED_SENSOR)):
            register.enrol_device(connection, Device(0, f"care:kenli/{key}", role, town.household_id))
    desk.log_in("/watches", login=town.admin.login)
    tab = desk.tab
    expect(tab.locator(".plans__list")).to_contain_text("还没有守护的住户")
    tab.fill("input[type=search]", "王秀英")
    tab.get_by_text("是这家").click()
    expect(tab.locator('input[value="water_12h"]')).to_be_disabled()  # no meter there

    tab.check('input[value="morning"]')
    tab.check('[data-part="calls"]')
    tab.get_by_label("星期三").uncheck()
    tab.check('[data-part="night"]')
    tab.fill("#night-minutes", "45")
    tab.keyboard.press("Enter")

    expect(tab.locator("[data-watched]")).to_contain_text("王秀英")
    kept = status(store, town, centre)
    assert kept is not None
    assert (kept.presets, kept.daily) == (("morning",), None)
    assert (kept.call_days, kept.call_minute) == ((1, 5), Calls(frozenset({1}), 600).minute)
    assert kept.night == Night(hours(["22:00", "06:00"]), 45)

    tab.goto(f"{tab.url.partition('#')[0]}#{town.household_id}")
    tab.reload()  # what was kept is in the form again
    expect(tab.locator("#night-minutes")).to_have_value("45")
    expect(tab.locator('input[value="morning"]')).to_be_checked()
    tab.locator('[data-part="night"]').uncheck()
    tab.fill('[data-time="at"]', "15:30")
    tab.click(".plans__form [type=submit]")
    expect(tab.locator(".toast")).to_contain_text("已保存")
    changed = status(store, town, centre)
    assert changed is not None
    assert (changed.night, changed.call_minute) == (None, 930)

    tab.click("[data-end]")
    tab.keyboard.press("Escape")
    assert status(store, town, centre) is not None
    tab.click("[data-end]")
    tab.get_by_role("dialog").get_by_text("不再守护", exact=False).last.click()
    expect(tab.locator(".plans__form")).to_contain_text("还没有守护")
    assert status(store, town, centre) is None


def test_a_night_longer_than_itself_is_refused_on_the_page(desk: Desk, store: Store, town: Town) -> None:
    with store.write() as connection:
        register.enrol_device(connection, Device(0, "care:kenli/bed", Role.BED_SENSOR, town.household_id))
    desk.log_in("/watches", login=town.admin.login)
    tab = desk.tab
    tab.fill("input[type=search]", "王秀英")
    tab.get_by_text("是这家").click()
    tab.check('[data-part="night"]')
    tab.fill('[data-time="ends"]', "22:20")
    tab.click(".plans__form [type=submit]")
    expect(tab.locator(".plans__form .warn")).to_contain_text("离床时间须短于夜间时段")


def test_the_page_is_for_administrators(desk: Desk) -> None:
    desk.log_in("/watches")
    expect(desk.tab.locator('a[href="/watches"]')).to_have_count(0)
