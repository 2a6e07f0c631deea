"""What people read and what their answers mean."""

from __future__ import annotations

from dataclasses import replace

import pytest

from community.model import ResponderKind, Site
from devices.signal import Kind
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
    distance_words,
    door_of,
    name_of,
    responder_title,
    spoken,
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


@pytest.mark.parametrize("kind", sorted(HAPPENED))
def test_a_relative_gets_one_segment_where_the_address_is_normal(kind: Kind) -> None:
    text = VOICE.raised(home(), kind, START)

    assert len(text) <= SEGMENT
    assert "王秀英14:05" in text
    assert text.startswith("【2222999】")
    assert text.endswith("能赶到回1,不能回2,误按回3。")


def test_the_whole_address_stays_while_it_fits_to_the_last_character() -> None:
    short = VOICE.raised(home(), Kind.SOS, START)
    room = SEGMENT - len(short)
    here = home()
    fits = replace(here, household=replace(here.household, address=here.household.address + "甲" * room))
    too_long = replace(
        here, household=replace(here.household, address=here.household.address + "甲" * (room + 1))
    )

    assert len(VOICE.raised(fits, Kind.SOS, START)) == SEGMENT
    assert fits.household.address in VOICE.raised(fits, Kind.SOS, START)
    assert too_long.household.address not in VOICE.raised(too_long, Kind.SOS, START)
    assert "3幢2单元501" in VOICE.raised(too_long, Kind.SOS, START)


@pytest.mark.parametrize("kind", sorted(HAPPENED))
@pytest.mark.parametrize("distance", [None, 7.0, 412.0, 9_876.0])
def test_a_worker_gets_one_segment_where_the_address_is_normal_and_never_more_than_two(
    kind: Kind, distance: float | None
) -> None:
    text = VOICE.ask(home(), kind, START, distance)

    assert len(text) <= (SEGMENT if SEVERITY[kind] is Severity.EMERGENCY else 2 * JOINED)
    assert "请去和平社区幸福里3幢2单元501" in text
    assert text.endswith("能去回1,不能回2,到达回4,完毕回5。")
    assert ("约" in text) is (distance is not None)


def test_no_other_text_needs_a_second_segment() -> None:
    texts = [
        *(VOICE.closed(home(), code, after(1500)) for code in CloseCode),
        *(VOICE.accepted(home(), kind, "欧阳建国", 15) for kind in ResponderKind),
        VOICE.accepted(home(), ResponderKind.CLINIC, "垦利街道社区卫生服务中心", None),
        VOICE.arrived(home(), "欧阳建国", after(420)),
        VOICE.stand_down(home()),
    ]
    for text in texts:
        assert text.startswith("【2222999】")
        assert len(text) <= SEGMENT


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
