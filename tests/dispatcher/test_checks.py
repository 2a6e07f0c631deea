"""Is she well? What is asked, in one segment, and what an answer to it means."""

from __future__ import annotations

from dataclasses import replace

import pytest

from community.model import Contact, HomeRecord, Resident
from community.storage import register
from devices.signal import Role
from dispatcher import checks, responses, templates, views
from dispatcher.absence import AwayKind
from dispatcher.model import Meaning
from dispatcher.templates import LONGEST
from dispatcher.understanding import understand_check
from dispatcher.wording import SEGMENT
from tests.dispatcher.cases import START, VOICE, home
from tests.town import Town


@pytest.mark.parametrize(
    "body, meaning",
    [
        ("1", Meaning.WELL),
        ("１。", Meaning.WELL),
        ("回1", Meaning.WELL),
        ("平安", Meaning.WELL),
        ("我很好,谢谢", Meaning.WELL),
        ("妈妈没事", Meaning.WELL),
        ("都好!", Meaning.WELL),
        ("没事,平安", Meaning.WELL),
        ("2", Meaning.HELP),
        ("不舒服", Meaning.HELP),
        ("不好", Meaning.HELP),
        ("摔倒了", Meaning.HELP),
        ("救命!", Meaning.HELP),
        ("1 2", Meaning.UNCLEAR),
        ("12", Meaning.UNCLEAR),
        ("不平安", Meaning.UNCLEAR),
        ("没不舒服", Meaning.UNCLEAR),
        ("不是很好", Meaning.UNCLEAR),
        ("好像不在家", Meaning.UNCLEAR),
        ("平安,不舒服", Meaning.UNCLEAR),
        ("她好吗", Meaning.UNCLEAR),
        ("还好?", Meaning.UNCLEAR),
        ("", Meaning.UNCLEAR),
        ("谢谢", Meaning.UNCLEAR),
    ],
)
def test_an_answer_is_understood_as_a_whole_or_left_to_an_operator(body: str, meaning: Meaning) -> None:
    assert understand_check(body) is meaning


def of(name: str) -> HomeRecord:
    here = home()
    return replace(here, residents=(Resident(1, here.household.id, name, "女"),))


@pytest.mark.parametrize("name", ["王秀英", "阿依古丽·买买提", ""])
def test_every_text_fits_one_segment_and_every_variable_its_gap(name: str) -> None:
    here = of(name) if name else replace(home(), residents=())
    texts = [
        VOICE.check(here, is_resident, is_daily, START)
        for is_resident in (False, True)
        for is_daily in (False, True)
    ]
    texts += [VOICE.moved(here, START), *(VOICE.back(here, kind) for kind in AwayKind)]
    assert max(map(len, texts)) <= SEGMENT, texts
    for short in (
        templates.check(VOICE, here, START),
        templates.moved(VOICE, here, START),
        *(templates.back(here, kind) for kind in AwayKind),
    ):
        assert all(0 < len(value) <= LONGEST for value in short.values())


def test_she_is_asked_before_who_is_told_first_and_who_wants_no_texts_not_at_all() -> None:
    here = of("王秀英")
    first = Contact(7, here.household.id, 1, "王丽", "女儿", "+8613800000002")
    second = Contact(8, here.household.id, 2, "王军", "儿子", "+8613800000003")
    herself = replace(
        here,
        residents=(replace(here.residents[0], phone="+8613800000001"),),
        contacts=(first, second),
    )
    assert [one.who for one in checks.recipients(herself)] == ["resident:1", f"contact:{first.id}"]
    silent = tuple(replace(one, no_texts_since=START) for one in herself.contacts)
    assert [one.who for one in checks.recipients(replace(herself, contacts=silent))] == ["resident:1"]
    assert checks.recipients(replace(here, contacts=())) == ()


def test_a_daughter_of_two_mothers_answers_neither_by_a_digit(town: Town) -> None:
    for name in ("王秀英", "李大妈"):
        town.resident(name, contacts=("女儿",))
        town.own_phone(name)
        town.watch(name, "half_day")
        town.beat(town.sensor(name, Role.MOTION_SENSOR))
    phone = town.people["王秀英"]
    with town.store.write() as connection:
        [other] = register.household_by_id(connection, town.homes["李大妈"]).residents
        register.update_resident(connection, replace(other, phone=phone))  # one line for both
    town.pass_time(minutes=17 * 60)
    assert len(town.heard("王秀英")) == 2

    town.answer("王秀英", "1")

    with town.store.read() as connection:
        assert len(views.replies_waiting(connection)) == 1
    town.pass_time(minutes=30)
    assert len(town.open_cards()) == 2


def asked_by_call(town: Town) -> str:
    """王秀英's daughter is asked at seven in the morning; returns the key of what asks her."""
    town.resident("王秀英", contacts=("女儿",))
    town.watch("王秀英", "half_day")
    town.beat(town.sensor("王秀英", Role.MOTION_SENSOR))
    town.pass_time(minutes=17 * 60)
    return town.phones.keys[-1]


def test_who_is_called_answers_by_a_key(town: Town) -> None:
    key = asked_by_call(town)
    with town.store.read() as connection:
        script = views.call_script(connection, key)
    assert script is not None
    assert script.asks
    assert script.words.endswith("请您联系一下。平安请按1,要帮忙请按2。")

    odd = responses.key_pressed(town.store, key, "7", "call-1", town.time)
    pressed = responses.key_pressed(town.store, key, "1", "call-1", town.time)
    again = responses.key_pressed(town.store, key, "1", "call-1", town.time)

    assert [one.meaning for one in (odd, pressed, again) if one] == [
        Meaning.UNCLEAR,
        Meaning.WELL,
        Meaning.WELL,
    ]
    town.pass_time(minutes=60)
    assert town.cards() == ()


def test_a_key_for_help_sends_somebody_at_once(town: Town) -> None:
    key = asked_by_call(town)
    responses.key_pressed(town.store, key, "2", "call-1", town.time)
    town.work()
    assert "回复需要帮忙" in town.detail("王秀英").timeline[1].text
