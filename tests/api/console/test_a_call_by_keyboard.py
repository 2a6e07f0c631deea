"""The operator on the telephone: the script, 120 and how calls went, with no hand on the mouse."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from community.storage import Store
from devices.signal import Kind
from dispatcher import views
from dispatcher.model import CloseCode, Stage
from tests.api.console.centre import Centre
from tests.api.console.conftest import Desk

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("only_refusals"),
    pytest.mark.parametrize("store", ["sqlite"], indirect=True),
]

BUTTON = "care:kenli/KL-0001"


def tab_to(tab: Page, selector: str) -> None:
    """Press Tab until what is meant has the focus: whoever cannot come there by keyboard is stuck."""
    wanted = tab.locator(selector).first
    expect(wanted).to_be_visible()
    for _ in range(80):
        if wanted.evaluate("(element) => element === document.activeElement"):
            return
        tab.keyboard.press("Tab")
    raise AssertionError(f"nobody comes to {selector} by the Tab key")


def test_an_operator_from_ring_to_close_by_keyboard_alone(centre: Centre, desk: Desk, store: Store) -> None:
    tab = desk.tab
    tab.goto(f"{desk.url}/")
    tab.keyboard.type("liufang")  # the first field has the focus
    tab.keyboard.press("Tab")
    tab.keyboard.type("jiejing-2222999")
    tab.keyboard.press("Enter")
    tab.wait_for_url(f"{desk.url}/")
    expect(tab.locator(".link")).to_contain_text("实时")
    incident_id = centre.press(BUTTON)
    card = tab.locator(f'[data-incident="{incident_id}"]')
    expect(card).to_contain_text("紧急呼叫")

    tab.keyboard.press("1")  # to look is not to claim: the record and the script stay shut
    case = tab.locator(".case")
    expect(case).to_contain_text("接警后显示完整档案")
    expect(tab.locator(".script")).to_have_count(0)
    expect(case.locator(".block", has_text="接下来")).to_contain_text("其余联系人")  # no names yet
    tab.keyboard.press(" ")
    expect(card).to_contain_text("刘芳(我 me)")

    expect(case.locator(".people li", has_text="李梅")).to_contain_text("未回")  # that is news, too
    ladder = case.locator(".block", has_text="接下来")
    expect(ladder).to_contain_text(
        "值班台响铃、最近的2名网格员或社区工作人员"
    )  # her daughter was told already
    expect(ladder.locator("[data-by]").first).to_contain_text("后")
    expect(ladder).to_contain_text("再来一遍,以后每3分钟一次")

    assert centre.press(BUTTON, Kind.CANCEL) in (0, incident_id)
    expect(case).to_contain_text("老人按了取消,仍要打一次电话")

    tab.keyboard.press("c")  # she is called
    window = tab.locator("dialog")
    expect(window.locator("[data-dial]").first).to_be_focused()
    expect(window.locator("[data-dial]").first).to_have_attribute("href", "tel:+8613800000001")
    tab_to(tab, 'dialog [data-result="no_answer"]')
    tab.keyboard.press("Enter")
    expect(window.locator(".call-row").first).to_contain_text("无人接 no answer")
    tab.keyboard.press("Escape")
    expect(window).to_have_count(0)
    timeline = case.locator(".timeline")
    expect(timeline).to_contain_text("打给老人王秀英:无人接")

    tab.keyboard.press("f")  # her daughter answers
    tab_to(tab, 'dialog [data-result="answered"]')
    tab.keyboard.press("Enter")
    tab.keyboard.press("Escape")
    expect(timeline).to_contain_text("打给女儿李梅:接通")
    expect(case.locator(".people li", has_text="李梅")).to_contain_text("接通 answered")

    script = tab.locator(".script")
    expect(script.locator(".script__question")).to_contain_text("老人能回答吗")
    tab.keyboard.press("y")
    expect(script.locator(".script__question")).to_contain_text("意识清楚吗")
    tab.keyboard.press("x")
    expect(script.locator(".script__step--120")).to_contain_text("马上代叫120")
    expect(timeline).to_contain_text("意识清楚吗?说话清楚吗? 否")

    tab.keyboard.press("e")  # what 120 asks for
    expect(window).to_contain_text("和平社区幸福里3幢2单元501")
    expect(window).to_contain_text("高血压")
    expect(window).to_contain_text("邻居张桂芝 138 0000 0005")
    expect(window).to_contain_text("说话清楚吗:否")
    tab_to(tab, 'dialog [data-result="answered"]')
    tab.keyboard.press("Enter")
    tab.keyboard.press("Escape")
    expect(timeline).to_contain_text("打给120:接通")

    tab.keyboard.press("w")
    expect(window).to_contain_text("现在没有别的在岗人员")  # both are asked already
    tab.keyboard.press("Escape")
    tab_to(tab, '.case [data-deed^="offer-"][data-deed$="-accepted"]')
    tab.keyboard.press("Enter")
    expect(card).to_contain_text("已接单")

    tab.keyboard.press("n")
    tab.keyboard.type("救护车已出发")
    tab_to(tab, "dialog [type=submit]")
    tab.keyboard.press("Enter")
    expect(timeline).to_contain_text("救护车已出发")

    tab_to(tab, '[data-deed="close"]')
    tab.keyboard.press("Enter")
    confirm = window.locator("[type=submit]")
    expect(confirm).to_be_disabled()
    tab.keyboard.press("ArrowDown")  # from "helped at home" to "hospital"
    expect(window.locator('input[value="hospital"]')).to_be_checked()
    tab_to(tab, "dialog [type=submit]")
    tab.keyboard.press("Enter")
    expect(tab.locator(".queue__empty")).to_be_visible()
    with store.read() as connection:
        closed = views.detail(connection, incident_id).card
    assert (closed.stage, closed.close_code) == (Stage.CLOSED, CloseCode.HOSPITAL)


def test_a_press_behind_the_window_in_which_she_closes_the_case_keeps_it_open(
    centre: Centre, desk: Desk
) -> None:
    desk.log_in()
    tab = desk.tab
    centre.press(BUTTON)
    expect(tab.locator(".card")).to_have_count(1)
    tab.keyboard.press(" ")
    tab.locator('[data-deed="close"]').click()
    tab.locator('dialog input[value="false_press"]').check()
    centre.press(BUTTON)
    expect(tab.locator(".case .timeline")).to_contain_text(re.compile("紧急呼叫.*紧急呼叫", re.DOTALL))

    tab.locator("dialog [type=submit]").click()

    expect(tab.locator(".toast")).to_contain_text("刚刚又有紧急呼叫")
    expect(tab.locator(".card")).to_have_count(1)
    tab.locator('[data-deed="close"]').click()
    tab.locator('dialog input[value="false_press"]').check()
    tab.locator("dialog [type=submit]").click()
    expect(tab.locator(".queue__empty")).to_be_visible()


def test_an_answer_is_changed_and_the_last_one_counts(centre: Centre, desk: Desk) -> None:
    desk.log_in()
    centre.press(BUTTON)
    expect(desk.tab.locator(".card")).to_have_count(1)
    desk.tab.keyboard.press(" ")
    script = desk.tab.locator(".script")
    script.locator('[data-said="no"]').click()
    line = script.locator('[data-question="speaks"]')
    expect(line).to_contain_text("否 no")
    expect(line).to_contain_text("再拨一次家里电话")
    line.get_by_role("button", name="改答案").click()
    expect(script.locator(".script__question")).to_contain_text("老人能回答吗")
    script.locator('[data-said="yes"]').click()
    expect(line).to_contain_text("是 yes")
    expect(line).to_contain_text("我一直在线")
    expect(script.locator(".script__question")).to_contain_text("意识清楚吗")
    expect(desk.tab.locator(".timeline")).to_contain_text("老人能回答吗? 否")  # what was said stays


def test_the_brief_is_copied_with_one_tap(centre: Centre, desk: Desk) -> None:
    desk.tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    desk.log_in()
    centre.press(BUTTON)
    expect(desk.tab.locator(".card")).to_have_count(1)
    desk.tab.keyboard.press(" ")
    desk.tab.locator('[data-deed="brief"]').click()
    desk.tab.locator("dialog [data-copy]").click()
    expect(desk.tab.locator(".toast")).to_contain_text("已复制")
    copied = desk.tab.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("地址:和平社区幸福里3幢2单元501\n")
    assert "疾病:高血压\n用药:氨氯地平\n过敏:青霉素\n" in copied
    assert "哪个门:北门\n" in copied
    assert "谁有钥匙:邻居张桂芝 138 0000 0005\n" in copied


def test_without_https_the_brief_is_copied_all_the_same(centre: Centre, desk: Desk) -> None:
    desk.tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    desk.log_in()
    desk.tab.evaluate(
        "() => { navigator.clipboard.writeText = () => Promise.reject(new Error('insecure')); }"
    )
    centre.press(BUTTON)
    expect(desk.tab.locator(".card")).to_have_count(1)
    desk.tab.keyboard.press(" ")
    desk.tab.locator('[data-deed="brief"]').click()
    desk.tab.locator("dialog [data-copy]").click()
    expect(desk.tab.locator(".toast")).to_contain_text("已复制")
    assert "回拨:2222999" in desk.tab.evaluate("navigator.clipboard.readText()")


def test_who_has_lost_her_text_gets_the_page_of_the_case_once_more(centre: Centre, desk: Desk) -> None:
    desk.log_in()
    centre.press(BUTTON)
    expect(desk.tab.locator(".card")).to_have_count(1)
    desk.tab.keyboard.press(" ")
    desk.tab.locator('.case [data-link^="contact:"]').click()
    window = desk.tab.locator("dialog")
    expect(window).to_contain_text("李梅的页面")
    expect(window.locator(".brief__url")).to_contain_text("/p/open?pass=")


def test_of_two_operators_who_reach_for_one_case_one_has_it_and_the_other_sees_who(
    centre: Centre, desk: Desk, chromium: Browser, store: Store
) -> None:
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(60_000)
    other = Desk(context.new_page(), centre.url)
    desk.log_in()
    other.log_in(login="zhaomin")
    incident_id = centre.press(BUTTON)
    desks = {"刘芳": desk, "赵敏": other}
    for one in desks.values():
        expect(one.tab.locator(".card")).to_have_count(1)
        # Both send their claim before either has an answer: the requests wait, and leave together.
        one.tab.evaluate(
            """() => {
              const fetched = window.fetch;
              window.held = [];
              window.fetch = async (path, how) => {
                if (String(path).endsWith("/claim")) await new Promise((go) => window.held.push(go));
                return fetched(path, how);
              };
            }"""
        )
        one.tab.keyboard.press(" ")
        one.tab.wait_for_function("window.held.length === 1")
    for one in desks.values():
        one.tab.evaluate("window.held[0]()")

    owned = re.compile(r"接警 (刘芳|赵敏)")
    for one in desks.values():
        expect(one.tab.locator(".card")).to_contain_text(owned)
    with store.read() as connection:
        winner = views.detail(connection, incident_id).card.claimed_by_name
        claims = [e.text for e in views.detail(connection, incident_id).timeline if e.entry == "claimed"]
    assert len(claims) == 1, "one of the two has it"
    [loser] = [name for name in desks if name != winner]
    expect(desks[winner].tab.locator(".card")).to_contain_text(f"接警 {winner}(我 me)")
    lost = desks[loser].tab
    expect(lost.locator(".toast--bad")).to_contain_text(f"{winner}已接警")
    expect(lost.locator(".card")).to_contain_text(f"接警 {winner}")
    expect(lost.locator('[data-deed="close"]')).to_have_count(0)

    lost.click('[data-deed="take"]')
    expect(lost.locator("dialog")).to_contain_text(f"{winner} 的控制台在线")
    lost.click("dialog [type=submit]")
    for one in desks.values():
        expect(one.tab.locator(".card")).to_contain_text(f"接警 {loser}")
    expect(desks[winner].tab.locator(".timeline")).to_contain_text(f"{loser}从{winner}接手")
    context.close()
