"""Silence is a signal, told as it happens to people: a morning on which nobody moves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from devices.signal import Kind, Role, State
from dispatcher.absence import Hours, Night
from dispatcher.channels import TryLater, Undeliverable
from dispatcher.model import CloseCode, OfferState, Purpose, Severity, Stage
from tests.town import Town

EVENING = datetime(2026, 11, 20, 13, 40, tzinfo=UTC)  # 21:40 in Kenli, a Friday


@pytest.fixture
def night(store) -> Town:
    """王秀英 lives alone, watched in the mornings; she was last seen at 21:40. Her daughter is told first."""
    town = Town(store, EVENING)
    town.resident("王秀英", contacts=("女儿", "邻居"))
    town.responder("李强", metres=400)
    town.hall = town.sensor("王秀英", Role.MOTION_SENSOR)  # type: ignore[attr-defined]
    town.watch("王秀英", "morning")
    town.moves("王秀英", town.hall)  # type: ignore[attr-defined]
    return town


def until(town: Town, clock: str) -> None:
    """Let the time pass until the clock in Kenli shows `clock`."""
    hour, minute = map(int, clock.split(":"))
    local = town.time + timedelta(hours=8)
    wanted = local.replace(hour=hour, minute=minute, second=0)
    if wanted <= local:
        wanted += timedelta(days=1)
    town.pass_time(seconds=(wanted - local).total_seconds())


def test_nobody_moves_so_the_daughter_is_asked_gently_then_a_worker_goes(night) -> None:
    until(night, "09:59")
    assert night.heard("女儿") == []
    until(night, "10:00")
    assert night.heard("女儿") == [
        "【2222999】王秀英家从11月20日21:40起没有动静,请您联系一下。平安请回1,要帮忙请回2。"
    ]
    assert night.open_cards() == ()

    until(night, "10:29")
    assert night.open_cards() == ()
    until(night, "10:30")

    card = night.card("王秀英")
    assert (card.kind, card.severity, card.stage) == (Kind.INACTIVITY, Severity.ROUTINE, Stage.RAISED)
    assert night.detail("王秀英").timeline[1].text == (
        "早上没有动静(11月20日21:40起):问了女儿,没有答复 asked, no answer"
    )
    night.pass_time(minutes=2)
    assert night.asked("王秀英") == {"李强": OfferState.ASKED}
    night.answer("李强", "1")
    night.pass_time(minutes=5)
    night.answer("李强", "4")
    assert night.card("王秀英").stage is Stage.ON_SCENE
    night.close("王秀英", CloseCode.HELPED)
    until(night, "20:00")
    assert len(night.cards()) == 1


def test_she_gets_up_and_nothing_happens(night) -> None:
    until(night, "06:30")
    night.moves("王秀英", night.hall)
    until(night, "11:00")
    assert night.heard("女儿") == []
    assert night.cards() == ()


def test_one_answer_ends_it_and_counts_as_life(night) -> None:
    until(night, "10:05")
    night.answer("女儿", "1")
    until(night, "23:00")
    assert len(night.heard("女儿")) == 1
    assert night.cards() == ()
    night.beat(night.hall)
    until(night, "10:00")  # the next morning begins anew
    assert len(night.heard("女儿")) == 2


def test_two_means_help_at_once(night) -> None:
    until(night, "10:01")
    night.answer("女儿", "2")
    assert night.card("王秀英").kind is Kind.INACTIVITY
    assert "回复需要帮忙" in night.detail("王秀英").timeline[1].text


def test_what_is_not_understood_waits_for_an_operator_and_the_question_for_its_answer(night) -> None:
    until(night, "10:01")
    night.answer("女儿", "我妈在不在家啊?")
    until(night, "10:31")
    assert night.card("王秀英").kind is Kind.INACTIVITY


def test_she_moves_after_the_text_and_the_daughter_is_told(night) -> None:
    until(night, "10:12")
    night.moves("王秀英", night.hall)
    until(night, "10:13")
    assert night.heard("女儿")[1:] == ["【2222999】王秀英家10:12已有动静,不用担心。"]
    until(night, "11:00")
    assert night.cards() == ()


def test_a_question_that_could_not_leave_is_called_back_when_she_moves(night) -> None:
    night.phones.trouble[night.people["女儿"]] = TryLater("busy", wait_s=600)
    until(night, "10:05")
    night.moves("王秀英", night.hall)
    until(night, "10:07")
    night.phones.trouble.clear()
    until(night, "12:00")
    # It is not sent any more; an attempt may have reached her all the same, so she hears that all is well.
    assert night.heard("女儿") == ["【2222999】王秀英家10:05已有动静,不用担心。"]


def test_her_own_phone_is_asked_before_anybody_else_and_the_next_when_it_is_dead(night) -> None:
    night.own_phone("王秀英")
    night.phones.trouble[night.people["王秀英"]] = Undeliverable("no such phone")
    until(night, "10:00")
    assert night.heard("女儿") == []
    night.pass_time(minutes=1)
    assert len(night.heard("女儿")) == 1
    night.answer("女儿", "平安")
    until(night, "12:00")
    assert night.cards() == ()


def test_when_nobody_can_be_asked_somebody_is_sent_at_once(night) -> None:
    for who in ("女儿",):
        night.phones.trouble[night.people[who]] = Undeliverable("no such phone")
    until(night, "10:02")
    assert night.card("王秀英").kind is Kind.INACTIVITY


def test_a_sensor_that_cannot_be_heard_is_a_device_matter_and_not_her_silence(night) -> None:
    night.say("王秀英", Kind.OFFLINE, device=night.hall)
    until(night, "12:00")
    card = night.card("王秀英")
    assert (card.kind, card.severity) == (Kind.OFFLINE, Severity.TROUBLE)
    assert any("请打电话问一问" in entry.text for entry in night.detail("王秀英").timeline)
    assert night.heard("女儿") == []
    assert len(night.cards()) == 1


def test_a_press_in_the_night_leaves_no_question_for_the_morning(night) -> None:
    until(night, "09:00")
    night.press("王秀英")
    until(night, "12:00")
    assert all("没有动静" not in body for body in night.heard("女儿"))
    assert not any(message.purpose is Purpose.CHECK for message in night.detail("王秀英").messages)


def test_rounds_at_any_number_ask_once(night) -> None:
    until(night, "09:59")
    night.time += timedelta(minutes=1)
    assert night.rounds.tick(night.time) == 1
    assert night.rounds.tick(night.time) == 0
    night.work()
    assert len(night.heard("女儿")) == 1


def test_water_that_is_used_is_a_sign_of_life_and_water_that_never_stops_a_leak(night) -> None:
    meter = night.sensor("王秀英", Role.WATER_METER)
    night.watch("王秀英", "morning", "water_runs")
    litres = 1000.0
    for half_hour in range(68):  # until ten past seven of the second morning
        litres += 6 if half_hour == 18 else 1  # a dripping tap, and one flush at a quarter to seven
        night.pass_time(minutes=30)
        night.reads(meter, litres)
    card = night.card("王秀英")
    assert (card.kind, card.severity) == (Kind.LEAK, Severity.ROUTINE)
    assert "24小时一直有水流" in night.detail("王秀英").timeline[1].text


@pytest.mark.parametrize("litres, texts", [(40, 0), (5, 1)])
def test_who_cooks_her_morning_soup_is_not_asked_and_a_pilot_flame_cooks_nothing(
    night, litres, texts
) -> None:
    meter = night.sensor("王秀英", Role.GAS_METER)
    until(night, "08:00")
    night.reads(meter, 5000)
    until(night, "08:30")
    night.reads(meter, 5000 + litres)
    until(night, "10:29")
    assert len(night.heard("女儿")) == texts


# ---- the clock goes wrong, or the centre was off ----


@pytest.fixture
def street(store) -> Town:
    """Three homes, each watched for half a day, where somebody moved at 14:05; the gateway listens."""
    town = Town(store, datetime(2026, 11, 21, 6, 5, tzinfo=UTC))
    for name in ("王秀英", "李大爷", "赵奶奶"):
        town.resident(name, contacts=(f"{name}的女儿",))
        hall = town.sensor(name, Role.MOTION_SENSOR)
        town.watch(name, "half_day")
        town.moves(name, hall)
    town.listen(60)
    return town


def asked(town: Town) -> int:
    return sum(len(town.heard(f"{name}的女儿")) for name in town.homes)


def beat_all(town: Town) -> None:
    for name in town.homes:
        town.beat(f"care:town/{name}/motion_sensor")


def test_a_clock_set_a_day_ahead_asks_nobody_and_loses_no_silence(street) -> None:
    street.time += timedelta(days=1)
    beat_all(street)
    street.listen(60)
    assert asked(street) == 0  # two hours of silence, whatever the clock says

    beat_all(street)
    street.listen(10 * 60)  # ten more, into the night
    assert asked(street) == 0
    beat_all(street)
    street.listen(5 * 60)  # seven in the morning
    assert asked(street) == 3


def test_after_a_night_in_which_the_centre_was_off_the_silence_goes_on_where_it_stopped(street) -> None:
    street.time += timedelta(hours=18)  # nine in the morning; nobody listened
    beat_all(street)
    street.listen(10)
    assert asked(street) == 0
    street.listen(11 * 60 - 11)
    assert asked(street) == 0
    street.listen(2)
    assert asked(street) == 3


def test_a_clock_that_was_set_back_a_day_loses_no_silence(street) -> None:
    street.time += timedelta(seconds=30) - timedelta(days=1)
    beat_all(street)
    street.listen(15 * 60)  # six in the morning, a day earlier than it was
    assert asked(street) == 0
    street.listen(60)
    assert asked(street) == 3


def test_homes_that_are_asked_when_the_clock_jumps_get_their_time_to_answer(street) -> None:
    street.listen(16 * 60)  # seven in the morning: all three are asked
    assert asked(street) == 3
    street.time += timedelta(hours=1)
    street.listen(20)
    assert street.cards() == ()
    street.listen(11)
    assert len(street.cards()) == 3


# ---- out of bed at night ----


def lies(town: Town, bed: str, state: State) -> None:
    town.say("王秀英", Kind.BED_EXIT, device=bed, state=state)


@pytest.fixture
def asleep(night: Town) -> Town:
    """She lies in a bed that knows it, and is to be back in it within 30 minutes between ten and six."""
    night.bed = night.sensor("王秀英", Role.BED_SENSOR)  # type: ignore[attr-defined]
    night.watch("王秀英", "morning", night=Night(Hours(1320, 1800), 30))
    lies(night, night.bed, State.CLEAR)  # type: ignore[attr-defined]
    until(night, "02:00")
    return night


def test_who_goes_to_the_bathroom_and_back_alarms_nobody(asleep) -> None:
    lies(asleep, asleep.bed, State.ACTIVE)
    assert asleep.cards() == ()  # an empty bed alone is no alarm
    until(asleep, "02:20")
    lies(asleep, asleep.bed, State.CLEAR)
    until(asleep, "05:30")
    assert asleep.cards() == ()


def test_who_is_not_back_in_bed_in_time_is_looked_after_at_once_and_without_a_question(asleep) -> None:
    lies(asleep, asleep.bed, State.ACTIVE)
    until(asleep, "02:10")
    asleep.moves("王秀英", asleep.hall)  # she was seen on her way; nobody has seen her since
    until(asleep, "02:29")
    assert asleep.cards() == ()
    until(asleep, "02:31")

    card = asleep.card("王秀英")
    assert (card.kind, card.severity) == (Kind.BED_EXIT, Severity.ROUTINE)
    assert asleep.detail("王秀英").timeline[1].text.startswith("11月21日02:00起离床未归")
    asleep.pass_time(minutes=3)
    assert asleep.asked("王秀英") == {"李强": OfferState.ASKED}
    assert "王秀英" in asleep.heard("女儿")[-1]

    lies(asleep, asleep.bed, State.CLEAR)
    assert asleep.card("王秀英").cleared == (Kind.BED_EXIT,)  # she is back, and somebody has still to look
    asleep.close("王秀英")
    asleep.pass_time(minutes=1)
    lies(asleep, asleep.bed, State.ACTIVE)
    asleep.pass_time(minutes=32)
    assert asleep.card("王秀英").stage is Stage.RAISED  # up again, and not back again


def test_a_home_whose_nights_nobody_watches_gets_no_alarm_from_its_bed(night) -> None:
    bed = night.sensor("王秀英", Role.BED_SENSOR)
    until(night, "02:00")
    lies(night, bed, State.ACTIVE)
    until(night, "06:00")
    assert night.cards() == ()


def test_a_device_that_waits_by_itself_before_it_says_out_of_bed_is_believed_at_once(night) -> None:
    radar = night.sensor("王秀英", Role.FALL_SENSOR)
    night.say("王秀英", Kind.BED_EXIT, device=radar)
    assert night.card("王秀英").kind is Kind.BED_EXIT
