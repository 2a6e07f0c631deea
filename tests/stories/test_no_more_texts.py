"""TD, 退订, STOP - and 开通."""

from __future__ import annotations

import pytest

from community.storage import register
from dispatcher import views
from dispatcher.channels import TryLater
from dispatcher.model import Entry
from tests.town import Town

STOPPED = "【2222999】已退订,以后报警不再发短信给您。恢复请回“开通”。"
STOPPED_IN_A_CASE = "【2222999】已退订,以后报警不再发短信给您。这次的结果仍会告知。恢复请回“开通”。"
RESUMED = "【2222999】已恢复,老人报警时会发短信给您。退订请回TD。"


@pytest.mark.parametrize("word", ["TD", "退订", "stop"])
def test_who_wants_no_texts_gets_none_in_any_later_case_until_she_wants_them_again(
    town: Town, word: str
) -> None:
    town.resident("王秀英", contacts=("女儿", "儿子", "邻居"))
    town.answer("女儿", word)
    assert town.heard("女儿") == [STOPPED]

    town.press("王秀英")
    town.pass_time(minutes=7)
    town.close("王秀英")
    assert town.heard("女儿") == [STOPPED]
    assert "按了紧急按钮" in town.heard("儿子")[0]
    assert "按了紧急按钮" in town.heard("邻居")[0]  # takes her place at once

    town.answer("女儿", "开通")
    town.press("王秀英")
    assert town.heard("女儿")[1] == RESUMED
    assert "按了紧急按钮" in town.heard("女儿")[2]


def test_who_stops_in_a_case_is_replaced_at_once_and_still_hears_how_it_ended(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿", "儿子", "邻居"))
    town.responder("李强", metres=400)
    town.press("王秀英")
    assert town.heard("邻居") == []

    town.answer("女儿", "退订")
    assert len(town.heard("邻居")) == 1
    town.answer("李强", "1")
    town.answer("李强", "4")
    town.close("王秀英")

    raised, stopped, closed = town.heard("女儿")
    assert "按了紧急按钮" in raised
    assert stopped == STOPPED_IN_A_CASE
    assert closed == town.heard("儿子")[-1]
    assert len(town.heard("儿子")) == 4  # raised, accepted, arrived, closed
    said = [entry.text for entry in town.detail("王秀英").timeline if entry.entry is Entry.REPLY]
    assert said[0] == "女儿女儿回复:退订"


def test_an_operator_sees_it_in_the_tray_and_beside_the_contact(town: Town) -> None:
    home = town.resident("王秀英", contacts=("女儿",))
    town.answer("女儿", "TD")

    with town.store.read() as connection:
        [line] = views.replies_waiting(connection)
        [contact] = register.household_by_id(connection, home).contacts
    assert line.body == "TD"
    assert contact.no_texts_since == town.time

    town.answer("女儿", "START")
    with town.store.read() as connection:
        [contact] = register.household_by_id(connection, home).contacts
        assert len(views.replies_waiting(connection)) == 1  # nobody needs to look at that
    assert contact.no_texts_since is None


def test_it_is_confirmed_once_and_a_contact_entered_again_stays_silent(town: Town) -> None:
    home = town.resident("王秀英", contacts=("女儿",))
    for word in ("TD", "td", "退订"):
        town.answer("女儿", word)
    assert town.heard("女儿") == [STOPPED]

    with town.store.write() as connection:
        [contact] = register.household_by_id(connection, home).contacts
        register.set_contacts(connection, home, [])
        register.set_contacts(connection, home, [contact])
    town.press("王秀英")
    assert town.heard("女儿") == [STOPPED]

    for word in ("开通", "开通"):
        town.answer("女儿", word)
    assert town.heard("女儿") == [STOPPED, RESUMED]


def test_an_alarm_that_has_not_left_yet_stays_behind(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.phones.trouble[town.people["女儿"]] = TryLater("busy")
    town.press("王秀英")

    town.answer("女儿", "TD")
    town.phones.trouble.clear()
    town.pass_time(minutes=2)

    assert town.heard("女儿") == [STOPPED_IN_A_CASE]


def test_a_stop_of_no_contact_changes_nothing_and_is_read_by_an_operator(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.responder("李强", metres=400)
    town.people["陌生人"] = "+8613700000000"

    town.answer("陌生人", "TD")
    town.answer("李强", "TD")
    town.press("王秀英")

    assert town.heard("陌生人") == []
    assert len(town.heard("李强")) == 1  # it is her work
    with town.store.read() as connection:
        assert len(views.replies_waiting(connection)) == 2


def test_a_stop_in_two_cases_at_once_holds_in_both(town: Town) -> None:
    first, second = town.resident("王秀英", contacts=("女儿",)), town.resident("赵玉兰")
    with town.store.write() as connection:
        register.set_contacts(connection, second, register.household_by_id(connection, first).contacts)
    town.press("王秀英")
    town.press("赵玉兰")

    town.answer("女儿", "退订")
    town.pass_time(minutes=10)

    assert len(town.heard("女儿")) == 3  # raised twice, stopped once
    for name in ("王秀英", "赵玉兰"):
        assert sum(entry.entry is Entry.REPLY for entry in town.detail(name).timeline) == 1
