"""What people read and what their answers mean."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from community.model import HomeRecord, ResponderKind, Site
from devices.signal import Kind
from dispatcher.absence import AwayKind
from dispatcher.model import CloseCode, Meaning, MessageState, OfferState, Severity, Stage
from dispatcher.triage import SEVERITY
from dispatcher.wording import (
    CLOSE_WORD,
    HAPPENED,
    KIND_WORD,
    MEANING_WORD,
    MESSAGE_WORD,
    OFFER_WORD,
    RESPONDER_WORD,
    SEGMENT,
    SEVERITY_WORD,
    STAGE_WORD,
    Voice,
    Wanted,
    distance_words,
    door_of,
    name_of,
    responder_title,
    spoken,
    unanswered,
    with_code,
)
from tests.dispatcher.cases import START, VOICE, after, home

JOINED = 67  # characters of each segment of a text that needs several


def test_every_word_has_both_languages() -> None:
    for words, meanings in [
        (KIND_WORD, Kind),
        (SEVERITY_WORD, Severity),
        (STAGE_WORD, Stage),
        (CLOSE_WORD, CloseCode),
        (OFFER_WORD, OfferState),
        (MESSAGE_WORD, MessageState),
        (RESPONDER_WORD, ResponderKind),
        (MEANING_WORD, Meaning),
    ]:
        assert set(words) == set(meanings)
        for chinese, english in words.values():
            assert not chinese.isascii()
            assert english.isascii()
            assert english


def test_every_alarm_can_be_told() -> None:
    assert set(HAPPENED) == set(SEVERITY)


# ---- lengths ----

ADDRESSES = st.text("和平社区幸福里甲0123456789", min_size=1, max_size=200)
NAMES = st.text("王秀英买提·欧阳", min_size=1, max_size=40)


def living_at(address: str, name: str = "王秀英", door: tuple[str, str, str] = ("", "", "")) -> HomeRecord:
    here = home()
    building, unit, room = door
    household = replace(here.household, address=address, building=building, unit=unit, room=room)
    return replace(here, household=household, residents=(replace(here.residents[0], name=name),))


@pytest.mark.parametrize("kind", sorted(HAPPENED))
@given(address=ADDRESSES, name=NAMES, door=st.tuples(ADDRESSES, ADDRESSES, ADDRESSES))
def test_a_relative_always_gets_one_segment_also_with_a_code(
    kind: Kind, address: str, name: str, door: tuple[str, str, str]
) -> None:
    here = living_at(address, name, door)
    text = with_code(VOICE.raised(here, kind, START), "6")

    assert len(text) <= SEGMENT
    assert text.startswith(f"【2222999】{name[:11]}")
    assert text.endswith("能赶到回61,不能回62,误按回63。")
    assert "14:05" in text
    assert address in text or door_of(here) in text or f"{door_of(here)[-4:]}。正在" in text


def test_a_relative_hears_which_door_where_all_is_as_usual() -> None:
    assert VOICE.raised(home(), Kind.SOS, START) == (
        "【2222999】王秀英14:05按了紧急按钮,和平社区幸福里3幢2单元501。正在联系老人。能赶到回1,不能回2,误按回3。"
    )


def test_the_whole_address_stays_while_it_fits_to_the_last_character() -> None:
    short = VOICE.raised(living_at("", door=("3幢", "2单元", "501")), Kind.SOS, START)
    room = SEGMENT - len("666") - len(short)
    fits, too_long = (living_at("甲" * length, door=("3幢", "2单元", "501")) for length in (room, room + 1))

    assert len(VOICE.raised(fits, Kind.SOS, START)) == SEGMENT - len("666")
    assert ",甲甲" in VOICE.raised(fits, Kind.SOS, START)
    assert ",3幢2单元501。" in VOICE.raised(too_long, Kind.SOS, START)


def test_of_a_door_that_is_too_long_the_end_is_kept_where_the_number_stands() -> None:
    text = VOICE.raised(living_at("很长的地址" * 20 + "501"), Kind.UNREADABLE, START)

    assert "…" in text
    assert "501。正在联系老人" in text


@pytest.mark.parametrize("kind", sorted(HAPPENED))
@pytest.mark.parametrize("distance", [None, 7.0, 412.0, 9_876.0])
def test_a_worker_gets_one_segment_where_the_address_is_normal(kind: Kind, distance: float | None) -> None:
    text = VOICE.ask(home(), kind, START, distance)

    assert len(text) <= SEGMENT or SEVERITY[kind] is Severity.TROUBLE
    assert "请去和平社区幸福里3幢2单元501:王秀英14:05" in text
    assert text.endswith("能去回1,不能回2,到达回4,完毕回5。")


@given(address=ADDRESSES, name=NAMES, distance=st.sampled_from([None, 410.0]))
def test_a_worker_never_gets_more_than_two_segments_and_always_finds_the_door(
    address: str, name: str, distance: float | None
) -> None:
    for text in (
        VOICE.ask(living_at(address, name), Kind.UNREADABLE, START, distance),
        VOICE.oversee(living_at(address, name), Kind.UNREADABLE, START),
    ):
        assert len(with_code(text, "6")) <= 2 * JOINED
        assert (address if len(address) <= 60 else address[-20:]) in text


@given(
    names=st.lists(st.text("王李秀英玉兰", min_size=1, max_size=30), min_size=3, max_size=40),
    address=st.text("和平社区幸福里", max_size=90),
    codes=st.permutations(["", "", *"6789", "60", "66", "677", "999"]),
    oversees=st.booleans(),
    page=st.sampled_from(["", "482913"]),
)
def test_many_requests_need_no_third_segment_and_no_two_are_answered_alike(
    names: list[str], address: str, codes: list[str], oversees: bool, page: str
) -> None:
    wanted = [
        Wanted(living_at(address, name, ("3幢", "2单元", f"{n}")), Kind.SOS, START, codes[n % len(codes)])
        for n, name in enumerate(names)
    ]

    text, named = VOICE.ask_many(wanted, oversees=oversees, page=page)

    assert len(text) <= 134
    assert ("。码482913。能去回" in text) is (page != "" and not oversees)
    assert f"】{len(names)}户求助" in text
    assert 0 in named
    answered = [wanted[place].code for place in sorted(named)]
    assert len(set(answered)) == len(answered)
    assert all(f"回{code}1" in text for code in answered)
    left = len(names) - len(named)
    assert (f"其余{left}户" in text) is (left > 0)


@pytest.mark.parametrize("road_min", [None, 6])
def test_the_distance_goes_when_the_code_of_the_answers_needs_its_room(road_min: int | None) -> None:
    whole = VOICE.ask(living_at("和平社区幸福里3幢2单元501"), Kind.SOS, START, 412.0, road_min=road_min)
    assert "约" in whole
    assert len(whole) <= SEGMENT < len(whole) + 8
    coded = with_code(whole, "61")
    assert "约" not in coded
    assert len(coded) <= SEGMENT


def test_the_distance_goes_before_a_second_segment_does() -> None:
    near = living_at("和平社区幸福里3幢2单元501")
    far_off = living_at("和平社区幸福里小区东门3幢2单元501")

    assert "约410米" in VOICE.ask(near, Kind.SOS, START, 412.0)
    assert "约" not in VOICE.ask(far_off, Kind.SOS, START, 412.0)
    assert len(VOICE.ask(far_off, Kind.SOS, START, 412.0)) <= SEGMENT
    coded = with_code(VOICE.ask(near, Kind.SOS, START, 412.0), "6")
    assert "约" not in coded
    assert len(coded) <= SEGMENT


@given(name=NAMES, worker=NAMES, residents=st.booleans())
def test_no_other_text_needs_a_second_segment(name: str, worker: str, residents: bool) -> None:
    here = living_at("很长的地址" * 20, name)
    if not residents:
        here = replace(here, residents=())
    texts = [
        *(VOICE.closed(here, code, after(1500)) for code in CloseCode),
        *(VOICE.accepted(here, kind, worker, 120) for kind in ResponderKind),
        VOICE.accepted(here, ResponderKind.CLINIC, worker, None),
        VOICE.arrived(here, worker, after(420)),
        VOICE.stand_down(here),
        VOICE.over(here),
        VOICE.drill(here, "4821"),
        VOICE.resumed(),
        VOICE.weekly_wanted(),
        VOICE.weekly_stopped(),
        VOICE.weekly_refused(),
        *(VOICE.stopped(told) for told in (False, True)),
        *(
            VOICE.not_understood(who, code)
            for who in ("contact:1", "responder:1")
            for code in ("", "6", "980")
        ),
        VOICE.which_case(124, ()),
        VOICE.which_case(3, [(name, ""), (name, "6"), (worker, "980")]),
        *(VOICE.called_off(here, kind, worker) for kind in ResponderKind),
        *(VOICE.covered(here, kind, worker) for kind in ResponderKind),
        *(VOICE.news(here, kind, START) for kind in Kind),
        *(VOICE.again(here, kind, START, ResponderKind.COMMUNITY_WORKER, worker) for kind in Kind),
        *(VOICE.alone(name, "很长的地址" * 20, kind, START) for kind in HAPPENED),
        with_code(VOICE.late(here), "980"),
        with_code(VOICE.check_in(here, 720), "980"),
        *(VOICE.check(here, own, daily, START) for own in (False, True) for daily in (False, True)),
        VOICE.moved(here, START),
        *(VOICE.device(here, kind, timedelta(hours=160)) for kind in (Kind.LOW_BATTERY, Kind.OFFLINE)),
        *(VOICE.back(here, kind) for kind in AwayKind),
    ]
    for text in texts:
        assert text.startswith("【2222999】")
        assert len(text) <= SEGMENT


def test_a_code_goes_into_the_answers_and_nowhere_else() -> None:
    assert with_code("回1号楼。能去回1,到达回4。", "60") == "回1号楼。能去回601,到达回604。"
    assert with_code("【安心】平安请回1", "7") == "【安心】平安请回71。"
    assert "到了回64,去不了回62" in with_code(VOICE.late(home()), "6")
    assert "平安回64,处理完毕回65,要人帮忙请打电话" in with_code(VOICE.check_in(home(), 30), "6")


# ---- where nothing can be answered ----


def test_a_push_asks_for_no_digit_and_says_whom_to_call() -> None:
    assert unanswered(VOICE.raised(home(), Kind.SOS, START), "2222999") == (
        "【2222999】王秀英14:05按了紧急按钮,和平社区幸福里3幢2单元501。正在联系老人。此处不能回复,答复请打2222999。"
    )
    assert unanswered(with_code(VOICE.ask(home(), Kind.SOS, START, 410.0), "61"), "2222999") == (
        "【2222999】请去和平社区幸福里3幢2单元501:王秀英14:05按了紧急按钮。此处不能回复,答复请打2222999。"
    )
    assert unanswered(VOICE.late(home()), "12349").endswith("已另请人去。此处不能回复,答复请打12349。")
    assert "要人帮忙请打电话。此处不能回复" in unanswered(VOICE.check_in(home(), 30), "12349")


def test_where_a_link_may_stand_it_stands() -> None:
    asked = unanswered(
        VOICE.raised(home(), Kind.SOS, START), "2222999", "https://centre.example/p/open?pass=x"
    )

    assert asked.endswith("此处不能回复,答复请打开 https://centre.example/p/open?pass=x 或打2222999。")


def test_of_many_requests_every_door_stays() -> None:
    wanted = [Wanted(home(), Kind.SOS, START, code) for code in ("6", "7", "8")]
    text, _ = VOICE.ask_many(wanted, oversees=False)

    assert "还有3幢2单元501王秀英;3幢2单元501王秀英。此处" in unanswered(text, "2222999")


@given(st.text("甲,。;回1号楼还有", max_size=40))
def test_what_asks_for_nothing_stays_as_it_is_and_nothing_is_asked_twice(body: str) -> None:
    once = unanswered(body, "2222999")

    assert once == body or once.endswith("此处不能回复,答复请打2222999。")
    assert not re.search("回[1-9](?=[,。;]|$)", once)
    assert unanswered(once, "2222999") == once


# ---- sentences ----


def test_texts_say_what_the_people_there_would_say() -> None:
    accepted = VOICE.accepted(home(), ResponderKind.GRID_WORKER, "李强", 6)
    assert accepted == "【2222999】网格员李强已接单,约6分钟到王秀英家。"
    assert VOICE.accepted(home(), ResponderKind.CLINIC, "和平诊所", None) == (
        "【2222999】和平诊所已接单,正去王秀英家。"
    )
    assert VOICE.arrived(home(), "李强", after(420)) == "【2222999】李强14:12已到王秀英家。"
    assert VOICE.stand_down(home()) == "【2222999】王秀英家的事已有结果,不用再去了,谢谢您。"
    assert VOICE.closed(home(), CloseCode.HOSPITAL, after(1500)) == (
        "【2222999】王秀英已送医,14:30结案。详情请问值班员。"
    )
    assert "14:30" in VOICE.closed(home(), CloseCode.HELPED, after(1500))
    assert len({VOICE.closed(home(), code, START) for code in CloseCode}) == len(CloseCode)


def test_a_site_speaks_with_its_own_name_and_clock() -> None:
    voice = Voice.of(Site("x", "某街道", "12349", "安心", "Asia/Urumqi"))

    assert voice.clock(START) == "12:05"
    assert voice.stand_down(home()).startswith("【安心】")
    assert voice.hotline == "12349"


def test_a_home_without_a_known_resident_is_called_by_its_door() -> None:
    empty = replace(home(), residents=())
    assert name_of(empty) == door_of(empty) == "3幢2单元501"
    cottage = replace(empty, household=replace(empty.household, building="", unit="", room=""))
    assert name_of(cottage) == "和平社区幸福里3幢2单元501"
    assert "】住户14:05按了" in VOICE.raised(empty, Kind.SOS, START)
    assert spoken(home(), Kind.SOS) == "和平社区幸福里3幢2单元501,王秀英,紧急呼叫"
    assert spoken(None, Kind.SMOKE) == "未登记住户的设备,烟雾报警"


def test_a_clinic_is_called_by_its_own_name() -> None:
    assert responder_title(ResponderKind.CLINIC, "和平诊所") == "和平诊所"
    assert responder_title(ResponderKind.VOLUNTEER, "小刘") == "志愿者小刘"


@pytest.mark.parametrize(
    "metres, words",
    [
        (0.0, "10米"),
        (14.9, "10米"),
        (412.0, "410米"),
        (994.9, "990米"),
        (995.0, "1.0公里"),
        (2_345.0, "2.3公里"),
    ],
)
def test_distances_are_said_as_people_say_them(metres: float, words: str) -> None:
    assert distance_words(metres) == words
