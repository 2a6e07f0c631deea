"""What providers that only fill templates are given: short, in order, and no more than is needed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from community.model import HomeRecord, Resident, ResponderKind
from devices.signal import Kind
from dispatcher import templates
from dispatcher.model import CloseCode, Purpose
from dispatcher.templates import LONGEST, title_of
from dispatcher.wording import HAPPENED
from tests.dispatcher.cases import START, VOICE, home
from tests.town import Town


def of(name: str, sex: str = "女", address: str = "幸福里3幢2单元501") -> HomeRecord:
    here = home()
    return replace(
        here,
        household=replace(here.household, address=address),
        residents=(Resident(1, here.household.id, name, sex),),
    )


@pytest.mark.parametrize(
    "name, sex, title",
    [
        ("王秀英", "女", "王奶奶"),
        ("李大爷", "男", "李爷爷"),
        ("欧阳修", "男", "欧阳爷爷"),
        ("欧文", "", "欧老人"),
        ("张", "", "张老人"),
    ],
)
def test_people_are_called_as_one_calls_the_old(name: str, sex: str, title: str) -> None:
    assert title_of(of(name, sex)) == title


def test_a_home_without_a_name_is_the_familys_old_person() -> None:
    assert title_of(replace(home(), residents=())) == "您家老人"


def test_a_relative_is_told_neither_full_name_nor_address() -> None:
    said = templates.raised(VOICE, of("王秀英"), Kind.SOS, START)

    assert said == {"who": "王奶奶", "time": "14:05", "what": "按了紧急按钮"}


def test_a_responder_is_told_the_door_also_where_the_address_is_long() -> None:
    near = templates.ask(VOICE, of("王秀英"), Kind.FALL, START, 410)
    assert near == {
        "place": "幸福里3幢2单元501",
        "who": "王奶奶",
        "time": "14:05",
        "what": "可能跌倒了",
        "far": "约410米",
    }

    long = of("王秀英", address="山东省东营市垦利区垦利街道和平社区幸福里小区3幢2单元501")
    place = templates.ask(VOICE, long, Kind.FALL, START, None)["place"]
    assert place == "3幢2单元501"

    only_words = replace(long, household=replace(long.household, building="", unit="", room=""))
    assert templates.ask(VOICE, only_words, Kind.FALL, START, None)["place"].endswith("3幢2单元501")


def test_every_end_has_its_words() -> None:
    ends = {templates.closed(VOICE, of("王秀英"), code, START)["how"] for code in CloseCode}

    assert len(ends) == len(CloseCode)


@pytest.mark.parametrize(
    "who, code, how",
    [
        ("contact:1", "", "能赶到回1,不能回2,误按回3"),
        ("contact:1", "67", "能赶到回671,不能回672"),
        ("responder:1", "", "能去回1,不能回2,到达回4,完毕回5"),
        ("responder:1", "6", "能去回61,不能回62,到达回64"),
    ],
)
def test_who_is_not_understood_hears_as_many_ways_to_answer_as_fit(who: str, code: str, how: str) -> None:
    assert templates.not_understood(who, code) == {"what": "没看懂您的回复", "how": how}


def test_what_is_said_back_leaves_with_its_variables(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.press("王秀英")
    town.answer("女儿", "什么意思")
    town.answer("女儿", "TD")
    town.close("王秀英")
    town.answer("女儿", "1")
    town.answer("女儿", "开通")

    said = [dict(message.variables) for message in town.phones.taken]
    assert {"what": "没看懂您的回复", "how": "能赶到回1,不能回2,误按回3"} in said
    assert {"what": "已停止,这次的结果仍会告知", "how": "恢复请回“开通”"} in said
    assert {"what": "已恢复", "how": "退订请回TD"} in said
    assert all(said)  # nothing that was said has no template


@given(
    name=st.text(min_size=1, max_size=60),
    address=st.text(min_size=1, max_size=300),
    worker=st.text(max_size=80),
    kind=st.sampled_from(sorted(HAPPENED)),
    responder=st.sampled_from(list(ResponderKind)),
    minutes=st.none() | st.integers(1, 10_000),
)
def test_no_variable_is_empty_or_longer_than_providers_take(
    name: str, address: str, worker: str, kind: Kind, responder: ResponderKind, minutes: int | None
) -> None:
    here = of(name, address=address)
    for said in (
        templates.raised(VOICE, here, kind, START),
        templates.ask(VOICE, here, kind, START, None if minutes is None else float(minutes)),
        templates.accepted(here, responder, f"李{worker}", minutes),
        templates.arrived(VOICE, here, f"李{worker}", START),
        templates.stand_down(here),
        templates.closed(VOICE, here, CloseCode.HELPED, START),
        templates.which_case(minutes or 2),
        templates.stopped(still_told=True),
    ):
        assert all(0 < len(value) <= LONGEST for value in said.values())


def test_every_message_of_a_case_leaves_with_its_variables(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.responder("李强", metres=300)
    town.press("王秀英")
    town.answer("李强", "1")
    town.answer("李强", "4")
    town.responder("赵敏", metres=100)
    town.close("王秀英")

    said = {message.purpose: dict(message.variables) for message in town.phones.taken}
    assert said[Purpose.RAISED]["what"] == "按了紧急按钮"
    assert list(said[Purpose.ASK]) == ["place", "who", "time", "what", "far"]
    assert said[Purpose.ACCEPTED] == {"worker": "网格员李强", "when": "约2分钟到", "who": "王老人"}
    assert said[Purpose.ARRIVED]["worker"] == "李强"
    assert said[Purpose.CLOSED]["how"] == "已上门看过"
