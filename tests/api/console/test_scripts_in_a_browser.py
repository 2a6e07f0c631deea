"""An administrator changes what is asked, and sees it as the operator will, in a real browser."""

from __future__ import annotations

from datetime import datetime

import pytest
from playwright.sync_api import expect

from community.storage import Store
from devices.signal import Kind
from dispatcher.scripts import Said, Script, shipped
from dispatcher.storage import scriptbook
from tests.api.conftest import Town
from tests.api.console.conftest import Desk

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("only_refusals"),
    pytest.mark.parametrize("store", ["sqlite"], indirect=True),
]


def kept(store: Store, kind: Kind) -> Script:
    with store.read() as connection:
        return scriptbook.current(connection).of(kind)


def test_a_question_is_changed_tried_and_kept(desk: Desk, store: Store, town: Town) -> None:
    desk.log_in("/scripts", login=town.admin.login)
    tab = desk.tab
    expect(tab.locator('[data-script="fall"]')).to_contain_text("出厂问询")
    tab.click('[data-script="water"]')
    expect(tab.locator("[data-question].rung")).to_have_count(3)
    tab.click("[data-add]")
    fourth = tab.locator('.rung[data-question="4"]')
    fourth.locator("[data-ask]").fill("老人站得稳吗?")
    fourth.locator('[data-step="no"]').fill("让她坐下等人来。")
    fourth.locator("[data-120]").select_option("no")
    fourth.get_by_role("button", name="提前").click()

    preview = tab.locator(".plans__trial .script")
    expect(preview.locator(".chip").first).to_contain_text("0 / 4")
    for _ in range(2):
        preview.locator('[data-said="yes"]').click()
    expect(preview.locator(".script__question")).to_contain_text("老人站得稳吗?")
    preview.locator('[data-said="no"]').click()
    expect(preview.locator(".script__step--120")).to_contain_text("让她坐下等人来。")
    tab.click("[data-again]")
    expect(preview.locator(".chip").first).to_contain_text("0 / 4")

    tab.click(".plans__form [type=submit]")
    expect(tab.locator('[data-script="water"]')).to_contain_text("管理员")
    expect(tab.locator(".plans__form h2")).to_contain_text("v1")
    script, before = kept(store, Kind.LEAK), shipped().of(Kind.LEAK)
    assert script.version == 1
    assert [script.questions[place] for place in (0, 1, 3)] == list(before.questions)
    new = script.questions[2]
    assert (new.ask, new.steps, new.call_120) == (
        ("老人站得稳吗?", ""),
        {Said.NO: ("让她坐下等人来。", "")},
        Said.NO,
    )
    tab.get_by_role("button", name="历次版本").click()
    expect(tab.locator(".versions li")).to_have_count(2)
    expect(tab.locator(".versions li").last).to_contain_text("出厂")


def test_a_script_is_put_in_order_by_keyboard(desk: Desk, town: Town) -> None:
    desk.log_in("/scripts", login=town.admin.login)
    tab = desk.tab
    asked = tab.locator('.rung[data-question="1"] [data-ask]').input_value()
    tab.locator('.rung[data-question="1"]').get_by_role("button", name="推后").focus()
    for place in (2, 3):
        tab.keyboard.press("Enter")
        moved = tab.locator(f'.rung[data-question="{place}"]')
        expect(moved.locator("[data-ask]")).to_have_value(asked)
        expect(moved.get_by_role("button", name="推后")).to_be_focused()
    third, last = (tab.locator(f'.rung[data-question="{place}"]') for place in (3, 6))
    third.get_by_role("button", name="删去").press("Enter")
    expect(third.get_by_role("button", name="删去")).to_be_focused()
    tab.locator("[data-add]").press("Enter")
    expect(last.locator("[data-ask]")).to_be_focused()


def test_a_new_script_takes_a_kind_and_says_what_is_missing(desk: Desk, store: Store, town: Town) -> None:
    desk.log_in("/scripts", login=town.admin.login)
    tab = desk.tab
    tab.get_by_text("+ 新问询").click()
    tab.fill("#script-name", "co")
    tab.fill("#script-title", "一氧化碳")
    tab.check('.plans__form .kinds input[value="co"]')
    for place, ask in enumerate(("头晕吗?", "窗开了吗?", "头晕吗?"), start=1):
        tab.locator(f'.rung[data-question="{place}"] [data-ask]').fill(ask)
    tab.click(".plans__form [type=submit]")
    expect(tab.locator(".plans__form .warn")).to_contain_text("两个问题一样,请删去一个")

    tab.locator('.rung[data-question="3"] [data-ask]').fill("到屋外了吗?")
    tab.locator('.rung[data-question="1"] [data-120]').select_option("yes")
    tab.click(".plans__form [type=submit]")
    expect(tab.locator(".plans__form .warn")).to_contain_text("第1个问题答“是”要代叫120,请写上怎么做")

    tab.locator('.rung[data-question="1"] [data-step="yes"]').fill("马上代叫120。")
    tab.click(".plans__form [type=submit]")
    expect(tab.locator('[data-script="co"]')).to_contain_text("第1版")
    assert (kept(store, Kind.CO).title, kept(store, Kind.GAS).kinds) == ("一氧化碳", (Kind.GAS,))


def test_who_was_slower_is_told_and_nothing_is_lost_by_a_slip(
    desk: Desk, store: Store, town: Town, now: datetime
) -> None:
    desk.log_in("/scripts", login=town.admin.login)
    tab = desk.tab
    expect(tab.locator(".plans__form h2")).to_contain_text("呼救")
    with store.write() as connection:
        scriptbook.edit(connection, shipped().of(Kind.SOS), 0, town.operator.id, now)

    tab.fill("#script-title", "紧急呼救")
    tab.click('[data-script="fall"]')
    expect(tab.locator("dialog")).to_contain_text("还没有保存")
    tab.keyboard.press("Escape")
    tab.click(".plans__form [type=submit]")
    expect(tab.locator(".plans__form .warn")).to_contain_text("已被别人修改")
    tab.get_by_text("看别人改成了什么").click()
    expect(tab.locator("#script-title")).to_have_value("呼救")
    expect(tab.locator(".plans__form h2")).to_contain_text("v1")
