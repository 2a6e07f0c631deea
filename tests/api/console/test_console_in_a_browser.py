"""An operator's evening, in a real browser on a real server."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Response, expect

from community.model import Contact, Device, Duty, Position, Responder, ResponderKind
from community.storage import Store, register
from devices.signal import Kind, Role, State
from dispatcher import views
from dispatcher.drills import Drills
from dispatcher.health import WorkerKind
from dispatcher.model import CloseCode, Stage
from dispatcher.storage import handsets
from hotline import calls, orders
from tests.api.conftest import Town
from tests.api.console.centre import Centre
from tests.api.console.conftest import Desk

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("store", ["sqlite"], indirect=True)]

BUTTON = "care:kenli/KL-0001"
MANY = 60  # cases of one push
DRAWN = 100  # cards; those behind are counted
SOON = 60_000  # ms; never waited for in vain
AFTER_A_RESTART = 60_000  # the page waits longer and longer between its attempts


@pytest.fixture(autouse=True)
def all_is_well_at_the_end(desk: Desk):  # type: ignore[no-untyped-def]
    """Whatever the story: nothing left loopback, and the page had no error, of its own or of the policy."""
    yield
    assert desk.asked_elsewhere == []
    assert desk.wrong == []


def test_a_press_is_seen_claimed_by_the_space_bar_and_closed_with_a_code(
    centre: Centre, desk: Desk, store: Store
) -> None:
    desk.log_in()
    tab = desk.tab
    expect(tab.locator(".link")).to_contain_text("实时")
    expect(tab.locator(".queue__empty")).to_be_visible()

    incident_id = centre.press(BUTTON)
    card = tab.locator(f'[data-incident="{incident_id}"]')
    expect(card).to_contain_text("紧急呼叫", timeout=SOON)
    expect(card.locator(".card__door")).to_have_text("3幢2单元501")
    expect(card).to_contain_text("无人接警")
    expect(card.locator("[data-since]")).to_have_text(re.compile(r"^\d+秒$"))
    expect(tab.locator(".announcer")).to_contain_text("3幢2单元501")
    expect(tab.locator('[data-count="emergency"] b')).to_have_text("1")

    tab.keyboard.press("Space")
    case = tab.locator(".case")
    expect(case).to_contain_text("邻居张桂芝")
    expect(case).to_contain_text("高血压")
    expect(case).to_contain_text("138 0000 0002")
    expect(card).to_contain_text("刘芳(我 me)")

    tab.keyboard.press("n")
    tab.keyboard.type("电话接通,老人说头晕")
    tab.click("dialog button[type=submit]")
    expect(case.locator(".timeline")).to_contain_text("电话接通,老人说头晕")

    printed = tab.request.get(f"{desk.url}/api/incidents/{incident_id}/map")
    assert printed.status == 200

    tab.click('[data-deed="close"]')
    confirm = tab.locator("dialog button[type=submit]")
    expect(confirm).to_be_disabled()
    tab.check('dialog input[value="false_press"]')
    confirm.click()
    expect(tab.locator(".queue__empty")).to_be_visible()
    expect(case).to_contain_text("误按")
    with store.read() as connection:
        closed = views.detail(connection, incident_id).card
    assert (closed.stage, closed.close_code) == (Stage.CLOSED, CloseCode.FALSE_PRESS)


def test_a_push_of_many_cases_is_drawn_at_once_and_asks_the_server_for_nothing(
    centre: Centre, desk: Desk
) -> None:
    desk.log_in()
    tab = desk.tab
    expect(tab.locator(".link")).to_contain_text("实时")
    expect(tab.locator("svg.sprite")).to_be_attached()
    tab.evaluate(
        """() => {
          window.drawings = 0;
          const count = () => (window.drawings += 1);
          new MutationObserver(count).observe(document.querySelector(".queue__list"), { childList: true });
        }"""
    )
    asked = len(desk.asked)
    centre.press_together([f"zigbee:unknown-{number}" for number in range(MANY)])
    expect(tab.locator(".card")).to_have_count(MANY)
    assert tab.evaluate("window.drawings") < MANY, "each event of a push was drawn by itself"
    tab.locator(".card").last.scroll_into_view_if_needed()
    by_the_clock = ("/api/trials", "/api/maintenance", "/api/map/", "/api/consoles/")
    for_it = [url for url in desk.asked[asked:] if not url.removeprefix(centre.url).startswith(by_the_clock)]
    assert for_it == []


def test_a_case_that_is_claimed_moves_alone_and_the_digits_stay_with_the_places(
    centre: Centre, desk: Desk, town: Town
) -> None:
    desk.log_in()
    tab = desk.tab
    cards, keys = tab.locator(".card"), tab.locator(".card__key")
    expect(tab.locator(".link")).to_contain_text("实时")
    first, second, *others = centre.press_together([f"zigbee:unknown-{number}" for number in range(20)])
    expect(cards).to_have_count(20)
    tab.evaluate(
        """() => {
          window.moved = 0;
          const count = (changes) => changes.forEach((change) => (window.moved += change.addedNodes.length));
          new MutationObserver(count).observe(document.querySelector(".queue__list"), { childList: true });
        }"""
    )
    cards.first.locator("button").focus()
    centre.claim(first, town.operator)
    expect(cards.last).to_have_attribute("data-incident", str(first))  # it has the most time now
    expect(cards.last.locator("button")).to_be_focused()  # whoever works by keyboard is not thrown out
    expect(cards.first).to_have_attribute("data-incident", str(second))
    expect(cards.nth(18)).to_have_attribute("data-incident", str(others[-1]))
    assert tab.evaluate("window.moved") <= 2, "drawn anew, and put in its place"
    expect(keys.first).to_have_text("1")
    expect(keys.nth(8)).to_have_text("9")
    expect(keys.last).to_be_hidden()
    tab.keyboard.press("1")
    expect(cards.first).to_have_class(re.compile(r"\bis-picked\b"))


def test_who_has_more_cases_than_are_drawn_is_told_how_many_come_behind_and_finds_them(
    centre: Centre, desk: Desk
) -> None:
    desk.log_in()
    tab = desk.tab
    cards, more = tab.locator(".card"), tab.locator(".queue__more")
    expect(tab.locator(".link")).to_contain_text("实时")
    expect(more).to_be_hidden()
    opened = centre.press_together([f"zigbee:unknown-{number}" for number in range(DRAWN + 12)])
    expect(tab.locator('[data-count="emergency"] b')).to_have_text(str(DRAWN + 12))
    expect(more).to_contain_text("后面还有 12 件")
    expect(cards).to_have_count(DRAWN)
    expect(cards.first).to_have_attribute("data-incident", str(opened[0]))

    tab.keyboard.press("/")
    tab.keyboard.type(f"unknown-{DRAWN + 11}")  # one of those behind
    expect(cards).to_have_count(1)
    expect(more).to_be_hidden()
    tab.keyboard.press("Escape")
    expect(cards).to_have_count(DRAWN)

    more.click()
    expect(cards).to_have_count(DRAWN + 12)
    expect(cards.last).to_have_attribute("data-incident", str(opened[-1]))
    expect(more).to_be_hidden()


def test_the_record_stays_shut_until_somebody_claims(centre: Centre, desk: Desk) -> None:
    desk.log_in()
    incident_id = centre.press(BUTTON)
    desk.tab.locator(f'[data-incident="{incident_id}"] button').click()
    case = desk.tab.locator(".case")
    expect(case).to_contain_text("接警后显示完整档案")
    expect(case.locator(".bubble__foot").first).to_contain_text("李梅")
    expect(case).not_to_contain_text("高血压")
    expect(case).not_to_contain_text("138 0000 0002")
    desk.tab.click('[data-deed="claim"]')
    expect(case).to_contain_text("高血压")
    expect(case.locator(".bubble__foot").first).to_contain_text("138 0000 0002")


def test_the_space_bar_claims_also_the_card_that_was_clicked(centre: Centre, desk: Desk) -> None:
    desk.log_in()
    incident_id = centre.press(BUTTON)
    card = desk.tab.locator(f'[data-incident="{incident_id}"]')
    card.locator("button").click(timeout=SOON)
    expect(desk.tab.locator('[data-deed="claim"]')).to_be_visible()
    desk.tab.keyboard.press("Space")
    expect(card).to_contain_text("刘芳(我 me)")


def test_no_single_key_closes_a_case(centre: Centre, desk: Desk, store: Store) -> None:
    desk.log_in()
    incident_id = centre.press(BUTTON)
    expect(desk.tab.locator(".card")).to_have_count(1, timeout=SOON)
    desk.tab.keyboard.press("Space")
    expect(desk.tab.locator('[data-deed="close"]')).to_be_visible()
    for key in "abcdefghijklmopqrstuvxyz0123456789":
        desk.tab.keyboard.press(key)
        desk.tab.keyboard.press("Enter")
    with store.read() as connection:
        assert views.detail(connection, incident_id).card.stage is Stage.CLAIMED


def test_an_open_console_outlives_a_restart_misses_nothing_doubles_nothing_and_sounds_again(
    centre: Centre, desk: Desk
) -> None:
    desk.log_in()
    tab = desk.tab
    expect(tab.locator(".link")).to_contain_text("实时")
    tab.click(".sound")
    expect(tab.locator(".sound")).to_contain_text("声音已开")
    tab.evaluate("window.sameDocument = true")
    before = centre.press(
        "zigbee:unknown-home", Kind.SMOKE
    )  # rings when the server goes, and after it is back
    expect(tab.locator(f'[data-incident="{before}"]')).to_have_count(1)

    centre.stop()
    expect(tab.locator(".link")).to_contain_text("已断开", timeout=SOON)
    missed = centre.press(BUTTON)
    expect(tab.locator(".cutoff")).to_be_visible(timeout=SOON)
    expect(tab.locator(".cutoff b")).to_have_text(re.compile(r"^\d+ 秒$"))
    expect(tab.locator(".card")).to_have_count(1)

    def is_said(incident_id: int) -> Callable[[Response], bool]:
        return lambda one: one.url.endswith(f"/console/speech/{incident_id}.wav") and one.status in (200, 204)

    with (
        tab.expect_response(is_said(before), timeout=AFTER_A_RESTART),
        tab.expect_response(is_said(missed), timeout=AFTER_A_RESTART),
    ):
        centre.start()
    expect(tab.locator(".link")).to_contain_text("实时", timeout=AFTER_A_RESTART)
    expect(tab.locator(".cutoff")).to_be_hidden()
    for incident_id in (before, missed):
        expect(tab.locator(f'[data-incident="{incident_id}"]')).to_have_count(1)
    expect(tab.locator(".card")).to_have_count(2)
    expect(tab.locator('[data-count="emergency"] b')).to_have_text("2")
    assert tab.evaluate("window.sameDocument")

    for taken in (1, 2):  # and what came meanwhile is taken like any other
        tab.keyboard.press("Space")
        expect(tab.locator(".card", has_text="刘芳(我 me)")).to_have_count(taken)


def test_a_silent_colleagues_case_is_taken_over_with_one_click(
    centre: Centre, desk: Desk, town: Town
) -> None:
    desk.log_in()
    incident_id = centre.press(BUTTON)
    centre.claim(incident_id, town.colleague)
    card = desk.tab.locator(f'[data-incident="{incident_id}"]')
    expect(card).to_contain_text("接警 赵敏", timeout=SOON)
    card.locator("button").click()
    expect(desk.tab.locator(".case")).to_contain_text("高血压")

    centre.work(later_s=60)
    expect(card).to_contain_text("赵敏 已失联", timeout=SOON)
    desk.tab.click('[data-deed="take"]')
    expect(card).to_contain_text("刘芳(我 me)")


def test_a_claim_holds_while_the_operator_looks_at_another_tab(
    centre: Centre, desk: Desk, store: Store
) -> None:
    # A browser slows the timers of a hidden tab down, to one turn a minute. Here it is no turn at all.
    desk.tab.add_init_script("window.setTimeout = window.setInterval = () => 0;")
    desk.log_in()
    incident_id = centre.press(BUTTON)
    expect(desk.tab.locator(".card")).to_have_count(1, timeout=SOON)
    with desk.tab.expect_response(f"**/api/incidents/{incident_id}/renew", timeout=SOON) as renewed:
        desk.tab.keyboard.press("Space")
        expect(desk.tab.locator(".card")).to_contain_text("刘芳(我 me)")
        with store.read() as connection:
            claimed_until = views.detail(connection, incident_id).card.lease_until
    assert renewed.value.status == 200
    with store.read() as connection:
        assert views.detail(connection, incident_id).card.lease_until > claimed_until


def test_a_browser_that_dies_holding_a_claim_loses_it_to_the_next_desk(
    centre: Centre, desk: Desk, chromium: Browser
) -> None:
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    other = Desk(context.new_page(), centre.url)
    other.log_in(login="zhaomin")
    desk.log_in()
    incident_id = centre.press(BUTTON)
    expect(other.tab.locator(f'[data-incident="{incident_id}"]')).to_have_count(1, timeout=SOON)
    other.tab.keyboard.press("Space")
    card = desk.tab.locator(f'[data-incident="{incident_id}"]')
    expect(card).to_contain_text("接警 赵敏", timeout=SOON)
    assert other.wrong == []

    context.close()  # no goodbye, and no more renewals
    centre.work(later_s=44)
    expect(card).not_to_contain_text("已失联")
    centre.work(later_s=60)

    expect(card).to_contain_text("赵敏 已失联 not responding", timeout=SOON)
    expect(card.locator(".chip--amber", has_text="已失联")).to_be_visible()
    card.locator("button").click()
    desk.tab.click('[data-deed="take"]')
    expect(card).to_contain_text("刘芳(我 me)")
    expect(desk.tab.locator(".case .timeline")).to_contain_text("刘芳从赵敏接手")


def test_who_has_a_case_is_called_again_until_she_looks(centre: Centre, desk: Desk) -> None:
    desk.log_in()
    incident_id = centre.press(BUTTON)
    card = desk.tab.locator(f'[data-incident="{incident_id}"]')
    expect(card).to_have_count(1, timeout=SOON)
    desk.tab.keyboard.press("Space")
    expect(card).to_contain_text("刘芳(我 me)", timeout=SOON)
    expect(card).not_to_contain_text("再次呼叫")

    centre.press(BUTTON)  # she presses once more
    expect(card).to_contain_text("再次呼叫 calls again", timeout=SOON)
    desk.tab.keyboard.press("Shift")
    expect(card).not_to_contain_text("再次呼叫")

    centre.work(later_s=70)  # nobody comes: the next rung rings the desk
    expect(card).to_contain_text("再次呼叫 calls again", timeout=SOON)
    card.locator("button").click()
    expect(card).not_to_contain_text("再次呼叫")


def test_what_a_device_says_is_over_is_amber_until_somebody_has_looked(centre: Centre, desk: Desk) -> None:
    desk.log_in()
    incident_id = centre.press(BUTTON, Kind.SMOKE)
    centre.press(BUTTON, Kind.SMOKE, state=State.CLEAR)
    card = desk.tab.locator(f'[data-incident="{incident_id}"]')
    expect(card).to_contain_text("烟雾报警 设备已恢复,待查看", timeout=SOON)
    desk.tab.keyboard.press("Space")

    desk.tab.click('.case [data-deed^="look-"]')

    expect(card).not_to_contain_text("待查看")
    expect(desk.tab.locator(".case .timeline")).to_contain_text("刘芳已查看:烟雾报警")
    expect(desk.tab.locator('.case [data-deed^="look-"]')).to_have_count(0)


def test_who_is_on_scene_is_well_with_one_tap(centre: Centre, desk: Desk) -> None:
    desk.log_in()
    incident_id = centre.press(BUTTON)
    expect(desk.tab.locator(f'[data-incident="{incident_id}"]')).to_have_count(1, timeout=SOON)
    desk.tab.keyboard.press("Space")
    centre.answer("+8613800000011", "4")
    desk.tab.click('[data-deed^="fine-"]', timeout=SOON)
    expect(desk.tab.locator(".case .timeline")).to_contain_text("李强报平安")


def test_a_yes_that_comes_too_late_is_told_who_comes(centre: Centre, desk: Desk, store: Store) -> None:
    desk.log_in()
    with store.write() as connection:
        always = [Duty(0, frozenset(range(1, 8)), 0, 1440)]
        second = Responder(0, ResponderKind.GRID_WORKER, "张敏", "13800000013", Position(118.5462, 37.5862))
        register.add_responder(connection, second, always)
    incident_id = centre.press(BUTTON)
    expect(desk.tab.locator(f'[data-incident="{incident_id}"]')).to_have_count(1, timeout=SOON)
    desk.tab.keyboard.press("Space")
    offers = desk.tab.locator('[data-deed$="-accepted"]')
    expect(offers).to_have_count(3, timeout=SOON)
    desk.tab.evaluate("window.late = document.querySelectorAll('[data-deed$=\"-accepted\"]')[1]")
    offers.first.click()
    expect(offers).to_have_count(1, timeout=SOON)  # only the clinic is still asked
    desk.tab.evaluate("window.late.click()")
    expect(desk.tab.locator(".toast--bad")).to_contain_text("已接单,您不用去了", timeout=SOON)
    desk.wrong.clear()  # the browser itself writes down that a request was refused


def test_a_colleague_who_went_home_and_left_her_console_open_holds_no_case_for_ever(
    centre: Centre, desk: Desk, town: Town
) -> None:
    desk.log_in()
    incident_id = centre.press(BUTTON)
    centre.claim(incident_id, town.colleague)
    card = desk.tab.locator(f'[data-incident="{incident_id}"]')
    expect(card).to_contain_text("接警 赵敏", timeout=SOON)
    card.locator("button").click()
    desk.tab.click('[data-deed="take"]')
    expect(desk.tab.locator("dialog")).to_contain_text("赵敏 的控制台在线")
    expect(card).to_contain_text("接警 赵敏")
    desk.tab.click("dialog button[type=submit]")
    expect(card).to_contain_text("刘芳(我 me)")
    expect(desk.tab.locator(".case .timeline")).to_contain_text("刘芳从赵敏接手")


def test_who_comes_back_to_her_console_is_not_shown_as_silent(centre: Centre, desk: Desk) -> None:
    desk.log_in()
    incident_id = centre.press(BUTTON)
    card = desk.tab.locator(f'[data-incident="{incident_id}"]')
    expect(card).to_have_count(1, timeout=SOON)
    desk.tab.keyboard.press("Space")
    expect(card).to_contain_text("刘芳(我 me)")
    desk.tab.goto("about:blank")
    centre.work(later_s=60)

    desk.tab.goto(f"{desk.url}/")
    expect(card).to_contain_text("接警 刘芳(我 me)", timeout=SOON)
    expect(card).not_to_have_class(re.compile("is-stale"))


def test_the_times_of_a_case_are_never_blank(centre: Centre, desk: Desk) -> None:
    desk.log_in()
    incident_id = centre.press(BUTTON)
    tab = desk.tab
    expect(tab.locator(".card")).to_have_count(1, timeout=SOON)
    tab.evaluate(
        """() => {
          window.blanks = 0;
          new MutationObserver(() => {
            for (const time of document.querySelectorAll(".case [data-since], .case [data-deadline] b"))
              if (time.textContent === "") window.blanks += 1;
          }).observe(document.querySelector(".case"), {childList: true, subtree: true});
        }"""
    )
    tab.keyboard.press("Space")
    expect(tab.locator(".case")).to_contain_text("高血压")
    tab.request.post(
        f"{desk.url}/api/incidents/{incident_id}/notes",
        data={"text": "电话接通"},
        headers={"X-CSRF-Token": tab.locator('meta[name="csrf-token"]').get_attribute("content") or ""},
    )
    expect(tab.locator(".case .timeline")).to_contain_text("电话接通")
    assert tab.evaluate("window.blanks") == 0


def test_sound_is_off_until_a_click_and_a_new_incident_breaks_the_silence(centre: Centre, desk: Desk) -> None:
    desk.log_in()
    tab = desk.tab
    expect(tab.locator(".sound")).to_contain_text("开始值班")
    first = centre.press(BUTTON)
    expect(tab.locator(".card")).to_have_count(1, timeout=SOON)
    with (
        tab.expect_response(re.compile(rf"/console/speech/{first}\.wav"), timeout=SOON) as spoken,
        tab.expect_request(lambda one: one.post_data == '{"audio_ok":true}', timeout=SOON) as heard,
    ):
        tab.click(".sound")
    assert spoken.value.status in (200, 204)
    assert "/api/consoles/" in heard.value.url, "the server knows that this console can be heard"
    expect(tab.locator(".sound")).to_contain_text("声音已开")

    tab.click(".mute")
    expect(tab.locator(".mute")).to_have_text(re.compile(r"静音中 \d+ 秒"))
    with tab.expect_response(re.compile(r"/console/speech/\d+\.wav"), timeout=SOON) as broken:
        second = centre.press("zigbee:unknown-home", Kind.SMOKE)
    assert broken.value.url.endswith(f"/{second}.wav")


def test_a_sound_card_that_stands_still_is_found_before_an_alarm_is(centre: Centre, desk: Desk) -> None:
    desk.log_in()
    tab = desk.tab
    expect(tab.locator(".link")).to_contain_text("实时")
    dead = "AnalyserNode.prototype.getFloatTimeDomainData"
    tab.evaluate(f"() => {{ window.alive = {dead}; {dead} = () => {{}} }}")
    tab.keyboard.press("t")  # the browser says that it sounds, and nothing comes of it
    expect(tab.locator(".sound")).to_contain_text("声音故障")
    with tab.expect_request(lambda one: one.post_data == '{"audio_ok":false}', timeout=SOON):
        pass  # it goes on to be said, and the shift leader is told
    incident_id = centre.press(BUTTON)
    with tab.expect_response(re.compile(rf"/console/speech/{incident_id}\.wav"), timeout=SOON):
        pass  # whatever it believes, it tries

    tab.evaluate(f"() => {{ {dead} = window.alive }}")
    with tab.expect_request(lambda one: one.post_data == '{"audio_ok":true}', timeout=SOON):
        tab.keyboard.press("t")
    expect(tab.locator(".sound")).to_contain_text("声音已开")


def test_a_stage_that_was_passed_over_is_not_shown_as_done(centre: Centre, desk: Desk) -> None:
    desk.log_in()
    tab = desk.tab
    incident_id = centre.press(BUTTON)
    centre.answer("13800000011", "1")  # the worker sets out before anybody at the desk has claimed
    stages = tab.locator(f'[data-incident="{incident_id}"] .stages li')
    expect(stages.nth(2)).to_have_attribute("aria-current", "step")
    expect(stages.nth(0)).to_have_class("is-past")
    expect(stages.nth(1)).to_have_class("is-skipped")
    tab.keyboard.press("Space")
    expect(stages.nth(1)).to_have_class("is-past")


def test_in_a_hand_a_tapped_card_brings_its_case_and_a_way_back(centre: Centre, desk: Desk) -> None:
    desk.log_in()
    tab = desk.tab
    shown = tab.locator('.map[data-view="2d"]')
    expect(shown).to_be_visible()
    tab.set_viewport_size({"width": 390, "height": 844})
    expect(shown).to_be_hidden()
    centre.press(BUTTON)
    tab.locator(".card button").first.click()
    expect(tab.locator(".case__door")).to_be_in_viewport()
    tab.click(".to-queue")
    expect(tab.locator(".card").first).to_be_in_viewport()

    tab.set_viewport_size({"width": 1440, "height": 900})
    expect(shown).to_be_visible()  # it was taken to a home while it had no size


def test_when_the_voice_is_out_the_recorded_words_are_heard(centre: Centre, desk: Desk) -> None:
    """Elsewhere such an outage was a silent prompt (Resgrid). A voice that fails answers 204 here."""
    desk.log_in()
    tab = desk.tab
    tab.route(re.compile(r"/console/speech/\d+\.wav"), lambda route: route.fulfill(status=204))
    tab.click(".sound")
    expect(tab.locator(".sound")).to_contain_text("声音已开")

    with tab.expect_response(re.compile(r"/static/voice/sos\.mp3"), timeout=SOON) as clip:
        centre.press(BUTTON)

    assert clip.value.status == 200


def test_a_relative_answers_on_her_phone_and_the_operator_sees_it(
    centre: Centre, desk: Desk, store: Store
) -> None:
    centre.press(BUTTON)
    desk.log_in("/phones")
    phone = desk.tab.locator('[data-phone="+8613800000011"]')
    expect(phone).to_contain_text("网格员", timeout=SOON)
    expect(phone).to_contain_text("请去和平社区幸福里3幢2单元501")
    phone.get_by_role("button", name="1 能去").click()
    expect(phone.locator(".text--mine")).to_have_text(re.compile("^1"))
    with store.read() as connection:
        [card] = views.board(connection)
    assert [helper.state for helper in card.helpers if helper.name == "李强"] == ["accepted"]


def test_a_phone_without_texts_rings_and_is_answered_with_a_key(
    centre: Centre, desk: Desk, store: Store
) -> None:
    incident_id = centre.press(BUTTON)
    desk.log_in("/phones")
    phone = desk.tab.locator('[data-phone="+8613800000002"]')
    phone.get_by_role("button", name="短信 ✓").click()
    expect(phone.locator(".phone-set__reception")).to_have_text("短信 ✗")
    with store.write() as connection:
        [text] = [m for m in views.detail(connection, incident_id).messages if m.to.phone == "+8613800000002"]
        handsets.ring(connection, text, centre.clock.now())

    phone.get_by_role("button", name="接听").click(timeout=SOON)
    expect(phone.locator(".phone-set__call")).to_contain_text("能赶到请按1")
    phone.locator(".phone-set__call button", has_text="能赶到").click()

    expect(desk.tab.locator(".toast").last).to_contain_text("已记下您能来")
    expect(phone.locator(".phone-set__call")).to_be_empty(timeout=SOON)
    with store.read() as connection:
        [card] = views.board(connection)
    assert [answer.meaning for answer in card.answers] == ["coming"]


def test_a_phone_shows_its_newest_text(centre: Centre, desk: Desk) -> None:
    for _ in range(6):
        centre.press(BUTTON)
        centre.answer("+8613800000002", "我马上给她打个电话,请你们也派人去看看,谢谢")
    desk.log_in("/phones")
    last = desk.tab.locator('[data-phone="+8613800000002"] .text').last
    expect(last).to_be_in_viewport()


def test_the_contacts_of_a_home_are_tested_with_one_tap(centre: Centre, desk: Desk, store: Store) -> None:
    desk.log_in("/households")
    desk.tab.get_by_role("button", name="发测试短信").click()
    expect(desk.tab.locator(".toast")).to_contain_text("测试短信一分钟内发出")
    assert Drills(store, monthly=False).turn(centre.clock.now()) == 1


def test_an_answer_that_may_mean_two_cases_is_promised_to_nobody(centre: Centre, desk: Desk) -> None:
    centre.answer("+8613800000002", "1")  # nothing is open: what does she mean?
    desk.log_in()
    desk.tab.click('[data-tray="replies"] summary')
    expect(desk.tab.locator('[data-tray="replies"]')).to_contain_text("不能确定是哪一件事")

    centre.press(BUTTON)
    desk.tab.goto(f"{desk.url}/phones")
    phone = desk.tab.locator('[data-phone="+8613800000011"]')
    phone.get_by_role("button", name="1 能去").click()
    expect(desk.tab.locator(".toast")).to_contain_text("系统理解为:能赶到")


def test_an_answer_is_given_to_one_of_two_cases_with_one_tap(
    centre: Centre, desk: Desk, store: Store, town: Town
) -> None:
    with store.write() as connection:
        home = register.household_by_id(connection, town.household_id).household
        other = register.add_household(connection, replace(home, unit="1单元", room="502"))
        register.set_contacts(connection, other.id, [Contact(0, 0, 0, "李梅", "女儿", "13800000002")])
        register.enrol_device(connection, Device(0, "care:kenli/KL-0002", Role.HELP_BUTTON, other.id))
    centre.press(BUTTON)
    second = centre.press("care:kenli/KL-0002")
    centre.answer("+8613800000002", "误按")
    desk.log_in()
    tray = desk.tab.locator('[data-tray="replies"]')
    tray.locator("summary").click()
    tray.get_by_role("button", name=f"#{second} 3幢1单元502").click()
    expect(desk.tab.locator(".case .timeline")).to_contain_text("刘芳把女儿李梅的回复归入此事件")
    expect(tray.locator("li")).to_have_count(0)


def test_a_daughter_who_says_it_was_a_mistake_is_on_the_card_and_nothing_turns_red(
    centre: Centre, desk: Desk
) -> None:
    desk.log_in()
    incident_id = centre.press(BUTTON)
    centre.answer("+8613800000002", "3")
    centre.answer("+8613800000011", "1")
    card = desk.tab.locator(f'[data-incident="{incident_id}"]')
    chip = card.locator(".chip", has_text="女儿李梅:说是误按")
    expect(chip).to_be_visible(timeout=SOON)
    expect(chip).not_to_have_class(re.compile("emergency"))
    expect(card.locator(".chip", has_text="李强")).to_have_count(1)  # his yes is said once, with his arrival
    card.locator("button").click()
    expect(desk.tab.locator(".case .chip", has_text="女儿李梅:说是误按")).to_be_visible()


def test_an_unclear_answer_says_whose_it_is(centre: Centre, desk: Desk) -> None:
    centre.press(BUTTON)
    centre.answer("+8613800000002", "我妈怎么了")
    desk.log_in()
    desk.tab.click('[data-tray="replies"] summary')
    expect(desk.tab.locator('[data-tray="replies"]')).to_contain_text("女儿李梅 · 138 0000 0002")


def test_a_refusal_in_english_begins_with_what_it_is_in_chinese(desk: Desk) -> None:
    desk.log_in()
    said = desk.tab.evaluate(
        """async () => {
          const { get } = await import("/static/js/api.js");
          return get("/api/responders/999").catch((problem) => problem.message);
        }"""
    )
    assert said.startswith("不存在 Not found: there is no responder 999")
    [remark] = desk.wrong  # the browser's own, on every 404
    assert "404" in remark
    desk.wrong.clear()


def test_words_that_look_like_markup_are_only_words(centre: Centre, desk: Desk) -> None:
    centre.press(BUTTON)
    centre.answer("+8613800000002", "<img src=x onerror=alert(1)>")
    desk.log_in()
    desk.tab.click('[data-tray="replies"] summary')
    expect(desk.tab.locator('[data-tray="replies"]')).to_contain_text("<img src=x onerror=alert(1)>")
    assert desk.tab.locator('[data-tray="replies"] img').count() == 0


def test_a_neighbour_who_calls_becomes_an_incident_with_one_tap(
    centre: Centre, desk: Desk, store: Store
) -> None:
    assert centre.url == desk.url
    desk.log_in("/hotline")
    tab = desk.tab
    tab.fill("#number", "013800000002")
    tab.press("#number", "Enter")
    expect(tab.locator(".caller")).to_have_text("李梅")
    expect(tab.locator(".pop")).to_contain_text("和平社区幸福里3幢2单元501")
    tab.click('[data-trouble="fall"]')
    tab.get_by_role("link", name="去值班台").click()
    expect(tab.locator(".case")).to_contain_text("跌倒报警")
    with store.read() as connection:
        [card] = views.board(connection)
    assert (card.kind, card.who.split(" ")[0]) == (Kind.FALL, "王秀英")


def test_a_call_from_the_exchange_is_a_quiet_notice_that_opens_the_callers_record(
    centre: Centre, desk: Desk, store: Store
) -> None:
    desk.log_in()
    expect(desk.tab.locator(".link")).to_contain_text("实时")
    calls.answer(store, "013800000001", centre.clock.now())
    notice = desk.tab.locator(".call")
    expect(notice).to_contain_text("来电 138****0001 王秀英(老人本人)", timeout=SOON)
    with desk.tab.expect_popup() as opened:
        notice.get_by_role("link", name="打开").click()
    expect(opened.value.locator(".caller")).to_have_text("王秀英")
    expect(opened.value.locator(".pop")).to_contain_text("和平社区幸福里3幢2单元501")
    expect(notice).to_have_count(0)


def test_a_green_button_rings_nothing_and_its_wish_is_ordered_from_the_tray(
    centre: Centre, desk: Desk
) -> None:
    desk.log_in()
    expect(desk.tab.locator(".link")).to_contain_text("实时")
    assert centre.press(BUTTON, Kind.REQUEST) == 0
    tray = desk.tab.locator('[data-tray="unread"]')
    expect(tray.locator("summary .chip")).to_have_text("1", timeout=SOON)
    expect(desk.tab.locator(".card")).to_have_count(0)
    tray.locator("summary").first.click()
    expect(tray).to_contain_text("王秀英")
    expect(tray).to_contain_text("普通服务请求,请回电")
    expect(tray.get_by_role("link", name="回电")).to_have_attribute("href", "tel:+8613800000001")
    with desk.tab.expect_popup() as opened:
        tray.get_by_role("link", name="办理").click()
    expect(opened.value.locator(".caller")).to_have_text("王秀英")
    opened.value.get_by_label("需求 the wish").fill("窗户脏了想擦一擦")
    opened.value.locator("[data-item]").first.click()
    expect(opened.value.get_by_role("status").filter(has_text="已下单")).to_contain_text("擦玻璃")


def test_an_unknown_caller_is_found_by_address_and_orders_a_service(desk: Desk) -> None:
    desk.log_in("/hotline")
    tab = desk.tab
    tab.click(".withheld")
    expect(tab.locator(".pop")).to_contain_text("未显示号码")
    tab.get_by_label("查找住户 find the home").fill("幸福里")
    tab.get_by_role("button", name="是这家").click()
    tab.get_by_label("需求 the wish").fill("窗户脏了想擦一擦")
    tab.locator("[data-item]").first.click()
    expect(tab.get_by_role("status").filter(has_text="已下单")).to_contain_text("擦玻璃")


def test_an_order_is_passed_on_with_one_tap_and_cancelled_with_a_reason(
    centre: Centre, desk: Desk, store: Store, town: Town
) -> None:
    order = orders.place(store, town.household_id, town.item_id, "", centre.clock.now())
    desk.log_in("/orders")
    row = desk.tab.locator("tbody tr")
    row.get_by_role("button", name="转给服务商").click()
    expect(row).to_contain_text("已转服务商")
    expect(desk.tab.locator(".top__time")).to_have_text(re.compile(r"^\d"))  # the script of the new page runs
    row.get_by_role("button", name="取消").click()
    confirm = desk.tab.locator("dialog button[type=submit]")
    expect(confirm).to_be_disabled()
    desk.tab.get_by_label("原因 reason").fill("老人不要了")
    confirm.click()
    expect(row).to_contain_text("已取消")
    with store.read() as connection:
        [line] = orders.lines(connection)
    assert (line.order.id, line.order.note, line.steps) == (order.id, "老人不要了", ())


def test_the_operator_sends_somebody_whom_the_plan_did_not_ask(
    centre: Centre, desk: Desk, store: Store, town: Town
) -> None:
    with store.write() as connection:
        neighbour = Responder(0, ResponderKind.VOLUNTEER, "周志愿", "13800000013", Position(118.5451, 37.585))
        register.add_responder(connection, neighbour, [Duty(0, frozenset(range(1, 8)), 0, 1440)])
    desk.log_in()
    incident_id = centre.press(BUTTON)
    expect(desk.tab.locator(".card")).to_have_count(1, timeout=SOON)
    desk.tab.keyboard.press("Space")
    expect(desk.tab.locator('[data-deed="ask"]')).to_be_visible()
    desk.tab.keyboard.press("w")
    desk.tab.locator("dialog label", has_text="周志愿").click()
    desk.tab.click("dialog button[type=submit]")
    expect(desk.tab.locator(".case .people", has_text="周志愿")).to_contain_text("已询问")
    with store.read() as connection:
        helpers = views.detail(connection, incident_id).card.helpers
    assert "周志愿" in [helper.name for helper in helpers]
    assert town.worker_id in [helper.responder_id for helper in helpers]


def test_who_logs_out_is_out(desk: Desk) -> None:
    desk.log_in()
    desk.tab.get_by_role("button", name="退出").click()
    desk.tab.wait_for_url(f"{desk.url}/login")
    desk.tab.goto(f"{desk.url}/phones")
    expect(desk.tab).to_have_url(f"{desk.url}/login?next=/phones")
    # What the page asked for while it was left is refused, and the browser says so.
    desk.wrong = [said for said in desk.wrong if "status of 401" not in said]


def test_a_part_of_the_centre_that_stands_still_is_on_the_console_in_words(
    centre: Centre, desk: Desk
) -> None:
    desk.log_in()
    tab = desk.tab
    dispatcher, banner = tab.locator('[data-check="dispatcher"]'), tab.locator(".ailing")
    expect(dispatcher).to_have_text("调度", timeout=SOON)
    expect(banner).to_be_hidden()

    centre.turning.discard(WorkerKind.DISPATCHER)
    expect(banner).to_contain_text(re.compile(r"平台故障:调度异常 \d\d秒"), timeout=SOON)
    expect(dispatcher).to_have_text("调度异常")
    expect(tab.locator(".vital--fail")).to_have_count(1)
    expect(tab.locator(".announcer")).to_contain_text("平台故障 调度")

    centre.turning.add(WorkerKind.DISPATCHER)
    expect(banner).to_be_hidden(timeout=SOON)
    expect(dispatcher).to_have_text("调度")
    expect(tab.locator(".announcer")).to_contain_text("平台恢复正常")
