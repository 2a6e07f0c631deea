"""An administrator says how relatives and workers want to be told, in a real browser on a real server."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from community.model import ContactChannel, Medium
from community.storage import Store, register, wishes
from tests.api.conftest import Town
from tests.api.console.conftest import Desk

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("only_refusals"),
    pytest.mark.parametrize("store", ["sqlite"], indirect=True),
]


def kept(store: Store) -> dict[str, tuple[ContactChannel, ...]]:
    with store.read() as connection:
        return wishes.of_everybody(connection)


def test_a_relative_is_called_by_night_and_pushed_to_by_day(desk: Desk, store: Store, town: Town) -> None:
    with store.read() as connection:
        contact = register.homes(connection, {town.household_id})[town.household_id].contacts[0]
    desk.log_in("/channels", login=town.admin.login)
    tab = desk.tab
    tab.get_by_label("查找住户").fill("王秀英")
    tab.get_by_text("是这家").click()
    person = tab.locator("[data-person]").first
    expect(person).to_contain_text(contact.name)
    expect(person).to_contain_text("任何时候发短信")

    person.get_by_text("添加").click()
    person.locator("select").select_option("voice")
    person.locator('[data-time="starts"]').fill("22:00")
    person.locator('[data-time="ends"]').fill("07:00")
    person.get_by_text("添加").click()
    person.locator("select").nth(1).select_option("push")
    person.get_by_label("推送地址").fill("wecombot://hers")
    person.get_by_text("保存").click()
    expect(tab.locator(".toast")).to_contain_text("已保存")

    who = f"contact:{contact.id}"
    night, push = ContactChannel(Medium.VOICE, "", 1320, 1860), ContactChannel(Medium.PUSH, "wecombot://hers")
    assert kept(store) == {who: (night, push)}

    tab.reload()  # what was kept is in the form again, but no secret
    expect(person.locator('[data-time="ends"]').first).to_have_value("07:00")
    expect(person.get_by_label("推送地址")).to_have_value("")
    person.get_by_text("提前").click()
    person.get_by_text("保存").click()
    expect(tab.locator(".toast")).to_contain_text("已保存")
    assert kept(store) == {who: (push, night)}

    person.get_by_text("删去").first.click()
    person.get_by_text("删去").first.click()
    person.get_by_text("保存").click()
    expect(tab.locator(".toast").nth(1)).to_contain_text("已保存")
    assert kept(store) == {}


def test_a_worker_has_hours_of_her_own(desk: Desk, store: Store, town: Town) -> None:
    with store.read() as connection:
        worker = register.responders(connection)[0]
    desk.log_in("/channels", login=town.admin.login)
    tab = desk.tab
    tab.get_by_label("查找工作人员").fill(worker.name)
    tab.get_by_text("是这位").first.click()
    person = tab.locator("[data-person]")
    expect(person).to_contain_text(worker.phone)

    person.get_by_text("添加").click()
    person.locator("select").select_option("push")
    person.get_by_label("推送地址").fill("no address")
    person.get_by_text("保存").click()
    expect(person.locator(".warn")).to_be_visible()
    assert kept(store) == {}

    person.locator("select").select_option("voice")
    person.get_by_text("保存").click()
    expect(tab.locator(".toast")).to_contain_text("已保存")
    assert kept(store) == {f"responder:{worker.id}": (ContactChannel(Medium.VOICE),)}
