"""When a silence is too long, who is asked, and what is never taken for silence: hours of one day."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from devices.signal import Kind, Role, Signal, State
from dispatcher.absence import (
    CALL,
    CALL_WITHIN,
    DAILY,
    OUT_OF_BED,
    SETTLE,
    Act,
    Away,
    AwayKind,
    Calls,
    Check,
    Gap,
    Hours,
    Life,
    Night,
    Preset,
    Sensor,
    Watched,
    at_minute,
    is_greeting,
    listened_since,
    look,
    sign_of_life,
)
from dispatcher.meters import Reading, Usage
from dispatcher.presets import SHIPPED, hours, load

KENLI = ZoneInfo("Asia/Shanghai")
PRESETS = load(SHIPPED.read_text("utf-8"))


def at(clock: str, day: int = 20) -> datetime:
    """A moment of November 2026; the 20th is a Friday."""
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 11, day, hour, minute, tzinfo=KENLI)


def a_home(preset: str = "morning", last: datetime | None = None, **more: object) -> Watched:
    """Watched since the 10th, with a motion sensor that has been heard within the hour."""
    sensor = Sensor(Role.MOTION_SENSOR, at("04:00"))
    home = Watched(1, at("12:00", 10), (PRESETS[preset],), sensors=(sensor,))
    return replace(home, life=Life(last) if last else None, **more)  # type: ignore[arg-type]


def acts(home: Watched, now: datetime) -> tuple[Act, str]:
    found = look(home, now, KENLI)
    assert found.look_at >= now
    return found.act, found.why


# ---- signs of life ----


@pytest.mark.parametrize(
    "kind, role, state, is_life, by_hand",
    [
        (Kind.ACTIVITY, Role.MOTION_SENSOR, State.ACTIVE, True, False),
        (Kind.DOOR, Role.DOOR_SENSOR, State.ACTIVE, True, False),
        (Kind.DOOR, Role.DOOR_SENSOR, State.CLEAR, True, False),
        (Kind.BED_EXIT, Role.BED_SENSOR, State.CLEAR, True, False),
        (Kind.SOS, Role.HELP_BUTTON, State.ACTIVE, True, True),
        (Kind.SOS, Role.HELP_BUTTON, State.CLEAR, False, False),
        (Kind.REQUEST, Role.SERVICE_BUTTON, State.ACTIVE, True, True),
        (Kind.TEST, Role.HELP_BUTTON, State.ACTIVE, True, True),
        (Kind.TEST, Role.SMOKE_DETECTOR, State.ACTIVE, False, False),
        (Kind.HEARTBEAT, Role.MOTION_SENSOR, State.ACTIVE, False, False),
        (Kind.FALL, Role.HELP_BUTTON, State.ACTIVE, False, False),
        (Kind.SMOKE, Role.SMOKE_DETECTOR, State.ACTIVE, False, False),
        (Kind.OFFLINE, Role.HUB, State.CLEAR, False, False),
        (Kind.ACTIVITY, None, State.ACTIVE, False, False),
    ],
)
def test_who_moves_or_presses_lives_and_a_device_that_only_lives_itself_says_nothing(
    kind: Kind, role: Role | None, state: State, is_life: bool, by_hand: bool
) -> None:
    sign = sign_of_life(Signal("care:x", kind, "x#1", at("08:00"), state), role)
    assert (sign is not None, sign is not None and sign.by_hand) == (is_life, by_hand)


@pytest.mark.parametrize("old", [{"retained": True}, {"historical": True}, {"suspected": True}])
def test_old_and_doubtful_data_is_no_sign_of_life(old: dict[str, bool]) -> None:
    said = Signal("care:x", Kind.ACTIVITY, "x#1", at("08:00"), **old)
    assert sign_of_life(said, Role.MOTION_SENSOR) is None


# ---- silence ----


@pytest.mark.parametrize(
    "preset, last, now, expected",
    [
        ("morning", at("21:40", 19), at("09:59"), Act.WAIT),
        ("morning", at("21:40", 19), at("10:00"), Act.ASK),
        ("morning", at("05:20"), at("10:19"), Act.WAIT),
        ("morning", at("05:20"), at("10:20"), Act.ASK),
        ("morning", at("05:30"), at("10:30"), Act.WAIT),  # a matter for the preset of the day
        ("day", at("09:00"), at("16:59"), Act.WAIT),
        ("day", at("09:00"), at("17:00"), Act.ASK),
        ("day", at("14:00"), at("22:00"), Act.WAIT),  # at night nobody is asked
        ("day", at("22:00", 19), at("14:59"), Act.WAIT),  # the night does not count
        ("day", at("22:00", 19), at("15:00"), Act.ASK),
        ("half_day", at("20:00", 19), at("07:59"), Act.WAIT),
        ("half_day", at("20:00", 19), at("08:00"), Act.ASK),
        ("half_day", at("12:00", 19), at("03:00"), Act.WAIT),  # long enough, but it is night
        ("half_day", at("12:00", 19), at("07:00"), Act.ASK),
        ("night", at("17:00", 19), at("03:00"), Act.ASK),  # this one says so
    ],
)
def test_a_home_is_asked_when_it_was_still_for_too_long_and_not_at_night(
    preset: str, last: datetime, now: datetime, expected: Act
) -> None:
    found = look(a_home(preset, last), now, KENLI)
    assert found.act is expected
    if expected is Act.ASK:
        assert (found.why, found.since, found.wait) == (preset, last, PRESETS[preset].wait)


def test_the_next_look_comes_when_the_silence_would_be_too_long() -> None:
    assert look(a_home("morning", at("05:20")), at("08:00"), KENLI).look_at == at("10:20")


def test_a_home_where_nothing_was_ever_heard_is_silent_since_watching_began() -> None:
    home = replace(a_home("half_day"), since=at("20:30", 19))
    assert acts(home, at("08:29")) == (Act.WAIT, "")
    assert acts(home, at("08:30")) == (Act.ASK, "half_day")


def test_a_long_time_in_the_bathroom_is_asked_about_also_at_night() -> None:
    there = replace(a_home("bathroom"), life=Life(at("02:00"), "activity/active", room="卫生间"))
    elsewhere = replace(there, life=Life(at("02:00"), "activity/active", room="客厅"))
    assert acts(there, at("02:59")) == (Act.WAIT, "")
    assert acts(there, at("03:00")) == (Act.ASK, "bathroom")
    assert acts(elsewhere, at("03:00")) == (Act.WAIT, "")
    assert look(elsewhere, at("03:00"), KENLI).look_at == at("03:15")  # she may have gone there since


def test_lying_in_bed_for_twelve_hours_is_asked_about() -> None:
    bed = (Sensor(Role.BED_SENSOR, at("04:00")),)
    lies = replace(a_home("bed"), sensors=bed, life=Life(at("20:00", 19), "bed_exit/clear"))
    assert acts(lies, at("08:00")) == (Act.ASK, "bed")
    assert acts(replace(lies, life=Life(at("20:00", 19), "bed_exit/active")), at("08:00")) == (Act.WAIT, "")


# ---- out of bed at night ----

NIGHT = Night(hours(["21:00", "06:00"]), 30)


@pytest.mark.parametrize(
    "change, now, expected",
    [
        ({}, at("02:29"), Act.WAIT),
        ({}, at("02:30"), Act.RAISE),
        ({"life": Life(at("02:20"), "activity/active")}, at("02:30"), Act.RAISE),  # she wanders about
        ({"left_bed": ()}, at("02:30"), Act.WAIT),
        ({"left_bed": (at("14:00", 19), at("02:00"))}, at("02:30"), Act.RAISE),  # of two one is missing
        ({"left_bed": (at("20:59", 19),)}, at("02:30"), Act.WAIT),  # has not gone to bed yet
        ({"left_bed": (at("21:00", 19),)}, at("21:30", 19), Act.RAISE),
        ({"left_bed": (at("05:29"),)}, at("05:59"), Act.RAISE),
        ({"left_bed": (at("05:30"),)}, at("06:00"), Act.WAIT),  # gets up for the day
        ({"night": None}, at("02:30"), Act.WAIT),
        ({"handled_at": at("02:00")}, at("02:30"), Act.WAIT),
        ({"handled_at": at("01:59")}, at("02:30"), Act.RAISE),
        ({"case_open": True}, at("02:30"), Act.WAIT),
        ({"away": Away(AwayKind.VISITORS, at("09:00", 25))}, at("02:30"), Act.WAIT),
        ({"gaps": (Gap(at("02:05"), at("02:25")),)}, at("02:49"), Act.WAIT),  # may be back unheard
        ({"gaps": (Gap(at("02:05"), at("02:25")),)}, at("02:50"), Act.RAISE),
        ({}, at("08:29"), Act.RAISE),
        ({}, at("08:30"), Act.WAIT),  # by then the morning has asked
    ],
)
def test_who_leaves_her_bed_at_night_and_is_not_back_in_time_is_looked_after(
    change: dict[str, object], now: datetime, expected: Act
) -> None:
    home = Watched(1, at("12:00", 10), night=NIGHT, left_bed=(at("02:00"),))
    found = look(replace(home, **change), now, KENLI)  # type: ignore[arg-type]
    assert found.act is expected
    if expected is Act.RAISE:
        assert (found.why, found.kind) == (OUT_OF_BED, Kind.BED_EXIT)


def test_an_empty_bed_is_looked_at_again_when_its_time_is_up() -> None:
    home = Watched(1, at("12:00", 10), night=NIGHT, left_bed=(at("02:00"),))
    assert look(home, at("02:00"), KENLI).look_at == at("02:30")


@pytest.mark.parametrize("minutes", [0, 241])
def test_a_night_that_cannot_be_is_refused(minutes: int) -> None:
    with pytest.raises(ValueError, match="minutes"):
        Night(NIGHT.hours, minutes)
    with pytest.raises(ValueError, match="never comes true"):
        Night(hours(["02:00", "03:00"]), 60)


# ---- water ----


def read(*litres: tuple[str, float], day: int = 20) -> Usage:
    return Usage(tuple(Reading(at(clock, day), amount) for clock, amount in litres))


def a_metered_home(preset: str, water: Usage | None) -> Watched:
    meter = (Sensor(Role.WATER_METER, at("04:00")),)
    return replace(a_home(preset), sensors=meter, water=water, since=at("00:00"))


@pytest.mark.parametrize(
    "water, now, expected",
    [
        (read(("06:00", 100), ("06:30", 109.9), ("18:00", 109.9)), at("18:00"), Act.ASK),  # 9.9 litres
        (read(("06:00", 100), ("06:30", 110), ("18:00", 110)), at("18:00"), Act.WAIT),
        (read(("06:00", 100), ("06:30", 110), ("18:30", 110)), at("18:30"), Act.ASK),
        (read(("06:00", 100), ("12:00", 105), ("17:30", 109)), at("18:00"), Act.WAIT),  # not read till then
        (None, at("18:00"), Act.BLIND),  # a meter that is heard and never read sees nothing
    ],
)
def test_a_home_that_uses_less_than_ten_litres_in_twelve_hours_is_asked(
    water: Usage | None, now: datetime, expected: Act
) -> None:
    assert acts(a_metered_home("water_12h", water), now)[0] is expected


def test_a_home_without_water_where_somebody_moves_is_not_asked() -> None:
    water = read(("06:00", 100), ("18:00", 100))
    moves = replace(a_metered_home("water_12h", water), life=Life(at("10:00")))
    assert acts(moves, at("18:00"))[0] is Act.WAIT


def running(hours: float) -> Usage:
    """Water in every half hour from midnight on."""
    return Usage(
        tuple(Reading(at("00:00") + timedelta(minutes=30 * n), 2.0 * n) for n in range(int(2 * hours) + 1))
    )


@pytest.mark.parametrize(
    "water, change, expected",
    [
        (running(33), {}, Act.RAISE),
        (running(33), {"away": Away(AwayKind.TRIP, at("09:00", 25))}, Act.RAISE),  # then even more so
        (running(33), {"case_open": True}, Act.WAIT),
        (running(33), {"handled_at": at("12:00")}, Act.WAIT),
        (running(23.5), {}, Act.WAIT),
        (Usage((*running(33).readings, Reading(at("09:30", 21), 132.0))), {}, Act.WAIT),  # it has stopped
    ],
)
def test_water_in_every_half_hour_of_a_day_is_a_leak_and_nobody_is_asked(
    water: Usage, change: dict[str, object], expected: Act
) -> None:
    home = replace(a_metered_home("water_runs", water), **change)  # type: ignore[arg-type]
    found = look(home, at("09:30", 21), KENLI)
    assert found.act is expected
    if expected is Act.RAISE:
        assert (found.kind, found.why) == (Kind.LEAK, "water_runs")


def test_a_leak_is_seen_by_day() -> None:
    assert acts(a_metered_home("water_runs", running(24)), at("00:00", 21))[0] is Act.WAIT
    assert acts(a_metered_home("water_runs", running(31)), at("07:00", 21))[0] is Act.RAISE


# ---- the answer ----

ASKED = Check(7, "morning", at("10:00"), at("10:30"))


@pytest.mark.parametrize(
    "change, now, expected",
    [
        ({}, at("10:29"), Act.WAIT),
        ({}, at("10:30"), Act.RAISE),
        ({"life": Life(at("10:10"))}, at("10:30"), Act.CLEAR),
        ({"life": Life(at("10:00"))}, at("10:30"), Act.RAISE),
        ({"check": replace(ASKED, wants_help=True)}, at("10:01"), Act.RAISE),
        ({"check": replace(ASKED, is_lost=True)}, at("10:01"), Act.ASK),
        ({"case_open": True}, at("10:30"), Act.CLEAR),
        ({"case_open": True, "check": replace(ASKED, wants_help=True)}, at("10:01"), Act.RAISE),
        ({"away": Away(AwayKind.HOSPITAL, at("09:00", 25))}, at("10:30"), Act.CLEAR),
        ({"gaps": (Gap(at("10:05"), at("10:25")),)}, at("10:49"), Act.WAIT),
        ({"gaps": (Gap(at("10:05"), at("10:25")),)}, at("10:50"), Act.RAISE),
    ],
)
def test_an_answer_or_a_movement_ends_the_question_and_silence_sends_somebody(
    change: dict[str, object], now: datetime, expected: Act
) -> None:
    home = replace(a_home("morning", at("21:40", 19), check=ASKED), **change)  # type: ignore[arg-type]
    assert acts(home, now)[0] is expected


def test_while_a_question_waits_the_home_is_looked_at_each_minute() -> None:
    home = a_home("morning", at("21:40", 19), check=ASKED)
    assert look(home, at("10:05"), KENLI).look_at == at("10:06")
    assert look(home, at("10:29"), KENLI).look_at == at("10:30")


def test_nobody_is_asked_while_people_are_busy_with_the_home_and_it_counts_from_there() -> None:
    home = a_home("half_day", at("20:00", 19))
    assert acts(replace(home, case_open=True), at("09:00")) == (Act.WAIT, "")
    handled = replace(home, handled_at=at("08:30"))
    assert acts(handled, at("20:29")) == (Act.WAIT, "")
    assert acts(handled, at("20:30")) == (Act.ASK, "half_day")


# ---- away ----


@pytest.mark.parametrize("kind", AwayKind)
def test_away_silence_means_nothing_until_the_end_which_is_said(kind: AwayKind) -> None:
    home = replace(a_home("half_day", at("20:00", 10)), away=Away(kind, at("18:00")))
    assert acts(home, at("12:00")) == (Act.WAIT, "")
    assert look(home, at("17:00"), KENLI).look_at == at("18:00")
    assert acts(home, at("18:00")) == (Act.BACK, kind.value)


# ---- what cannot be seen ----


@pytest.mark.parametrize(
    "sensors, expected",
    [
        ((), Act.BLIND),
        ((Sensor(Role.HELP_BUTTON, at("09:59")),), Act.BLIND),  # a button that lives sees nobody
        ((Sensor(Role.MOTION_SENSOR, None),), Act.BLIND),
        ((Sensor(Role.MOTION_SENSOR, at("09:00", 19)),), Act.BLIND),  # 25 hours ago
        ((Sensor(Role.MOTION_SENSOR, at("09:01", 19)),), Act.ASK),
        ((Sensor(Role.MOTION_SENSOR, at("09:00"), at("09:30")),), Act.BLIND),
        ((Sensor(Role.MOTION_SENSOR, at("09:40"), at("09:30")),), Act.ASK),
        ((Sensor(Role.MOTION_SENSOR, None), Sensor(Role.DOOR_SENSOR, at("09:00"))), Act.ASK),
    ],
)
def test_a_home_whose_sensors_are_away_is_a_device_matter_and_not_a_silence(
    sensors: tuple[Sensor, ...], expected: Act
) -> None:
    home = replace(a_home("morning", at("21:40", 19)), sensors=sensors)
    assert acts(home, at("10:00")) == (expected, "morning")


def test_a_blindness_is_said_once_and_so_is_its_end() -> None:
    home = replace(a_home("morning", at("21:40", 19)), sensors=(), blind=frozenset({"morning"}))
    assert acts(home, at("10:00")) == (Act.WAIT, "")
    assert look(home, at("10:00"), KENLI).look_at == at("10:30")
    back = replace(home, sensors=(Sensor(Role.MOTION_SENSOR, at("10:05")),))
    assert acts(back, at("10:05")) == (Act.SIGHT, "morning")
    settled = replace(back, blind=frozenset(), not_before=at("08:30") + SETTLE)
    assert acts(settled, at("09:29")) == (Act.WAIT, "")


def test_sensors_that_come_back_get_an_hour_to_see_her() -> None:
    home = replace(a_home("half_day", at("12:00", 19)), not_before=at("11:00"))
    assert acts(home, at("10:59")) == (Act.WAIT, "")
    assert acts(home, at("11:00")) == (Act.ASK, "half_day")


# ---- what was not listened to ----


def test_a_silence_that_nobody_could_hear_does_not_count() -> None:
    gaps = (Gap(at("01:00"), at("04:00")), Gap(at("10:00", 18), at("11:00", 18)))
    assert listened_since(at("20:00", 19), gaps, at("12:00")) == at("23:00", 19)
    assert listened_since(at("02:00"), gaps, at("12:00")) == at("04:00")
    assert listened_since(at("05:00"), gaps, at("12:00")) == at("05:00")
    home = replace(a_home("half_day", at("20:00", 19)), gaps=gaps)
    assert acts(home, at("10:59")) == (Act.WAIT, "")
    assert acts(home, at("11:00")) == (Act.ASK, "half_day")


def test_a_clock_that_jumps_ahead_a_day_asks_nobody() -> None:
    jumped = at("09:00", 21)
    gaps = (Gap(at("09:00"), jumped),)
    home = replace(a_home("half_day", at("08:00")), gaps=gaps)
    assert acts(home, jumped) == (Act.WAIT, "")


# ---- I am well ----

WELL = hours(["07:00", "09:00"])


@pytest.mark.parametrize(
    "pressed, now, expected",
    [
        (None, at("08:59"), Act.WAIT),
        (None, at("09:00"), Act.ASK),
        (at("07:30"), at("09:00"), Act.WAIT),
        (at("05:00"), at("09:00"), Act.WAIT),  # an early bird is well, too
        (at("04:59"), at("09:00"), Act.ASK),
        (at("20:00", 19), at("09:00"), Act.ASK),
        (None, at("14:59"), Act.ASK),
        (None, at("15:00"), Act.WAIT),  # too late for today; tomorrow again
    ],
)
def test_who_does_not_say_that_she_is_well_is_asked_at_the_end_of_the_window(
    pressed: datetime | None, now: datetime, expected: Act
) -> None:
    life = Life(at("08:30"), by_hand_at=pressed)  # movement alone is not what was agreed
    home = Watched(1, at("12:00", 10), daily=WELL, life=life)
    assert acts(home, now) == (expected, DAILY if expected is Act.ASK else "")


def test_the_window_is_asked_about_once_a_day() -> None:
    home = Watched(1, at("12:00", 10), daily=WELL, daily_asked_at=at("09:00"))
    assert acts(home, at("09:45")) == (Act.WAIT, "")
    assert acts(home, at("09:00", 21)) == (Act.ASK, DAILY)


def test_a_window_that_had_begun_before_watching_did_is_not_asked_about() -> None:
    assert acts(Watched(1, at("07:01"), daily=WELL), at("09:00")) == (Act.WAIT, "")


@pytest.mark.parametrize(
    "window, pressed, before, expected",
    [
        (["07:00", "09:00"], at("04:59"), None, False),
        (["07:00", "09:00"], at("05:00"), None, True),
        (["07:00", "09:00"], at("08:59"), at("20:00", 19), True),
        (["07:00", "09:00"], at("08:59"), at("05:00"), False),  # the second one is a wish
        (["07:00", "09:00"], at("09:00"), None, False),
        (["22:00", "02:00"], at("01:59"), None, True),
        (["01:00", "02:00"], at("23:30"), None, True),
    ],
)
def test_the_first_green_press_in_the_window_is_a_greeting(
    window: list[str], pressed: datetime, before: datetime | None, expected: bool
) -> None:
    assert is_greeting(hours(window), before, pressed, KENLI) is expected


# ---- welfare calls ----

FRIDAYS = Calls(frozenset({5}), 10 * 60)


def test_a_welfare_call_is_due_on_its_days_once() -> None:
    home = Watched(1, at("12:00", 10), calls=FRIDAYS)
    assert acts(home, at("09:59")) == (Act.WAIT, "")
    found = look(home, at("10:00"), KENLI)
    assert (found.act, found.since, found.wait) == (Act.CALL, at("10:00"), CALL_WITHIN)
    called = replace(home, called_at=at("10:00"))
    assert acts(called, at("23:00")) == (Act.WAIT, "")
    assert acts(called, at("10:00", 27)) == (Act.CALL, CALL)


@pytest.mark.parametrize(
    "change, now, expected",
    [
        ({}, at("13:59"), Act.WAIT),
        ({}, at("14:00"), Act.RAISE),
        ({"case_open": True}, at("14:00"), Act.WAIT),
        ({"handled_at": at("11:00")}, at("12:00"), Act.CLEAR),
        ({"away": Away(AwayKind.TRIP, at("09:00", 25))}, at("12:00"), Act.CLEAR),
    ],
)
def test_a_call_that_nobody_makes_or_answers_becomes_an_incident(
    change: dict[str, object], now: datetime, expected: Act
) -> None:
    due = Check(8, CALL, at("10:00"), at("14:00"))
    home = replace(Watched(1, at("12:00", 10), calls=FRIDAYS, call=due, called_at=at("10:00")), **change)  # type: ignore[arg-type]
    assert acts(home, now)[0] is expected


# ---- hours ----


def test_hours_may_pass_midnight() -> None:
    late = hours(["22:00", "06:00"])
    assert late.on(at("12:00").date(), KENLI) == (at("22:00"), at("06:00", 21))
    assert at_minute(at("12:00").date(), 1440 + 390, KENLI) == at("06:30", 21)


@pytest.mark.parametrize("wrong", [(1440, 1500), (-1, 60), (60, 60), (60, 1501)])
def test_hours_that_cannot_be_are_refused(wrong: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="hours begin"):
        Hours(*wrong)


@pytest.mark.parametrize("days, minute", [(set(), 600), ({0}, 600), ({8}, 600), ({1}, 1440)])
def test_calls_that_cannot_be_are_refused(days: set[int], minute: int) -> None:
    with pytest.raises(ValueError, match="welfare calls"):
        Calls(frozenset(days), minute)


@pytest.mark.parametrize(
    "change",
    [
        {"eyes": frozenset()},
        {"after": timedelta(0)},
        {"after": timedelta(days=8)},
        {"wait": timedelta(0)},
        {"within_hours": True, "after": timedelta(hours=14)},
    ],
)
def test_a_preset_that_cannot_be_meant_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="half_day"):
        replace(PRESETS["half_day"], **change)  # type: ignore[arg-type]


def test_a_preset_is_data_and_every_shipped_one_names_its_source() -> None:
    assert isinstance(PRESETS["morning"], Preset)
    assert all(preset.source and all(preset.title) for preset in PRESETS.values())


@pytest.mark.parametrize(
    "text",
    [
        "[x]\ntitle=['甲','a']",
        "[daily]\ntitle=['甲','a']",
        "[x]\ntitle=['甲','a']\nsource='s'\nafter_min=5\nhours=['7','9']\neyes=['door_sensor']",
        "[x]\ntitle=['甲','a']\nsource='s'\nafter_min=5\nhours=['07:00','09:00']\neyes=['nose']",
        "[x]\ntitle=['甲','a']\nsource='s'\nafter_min=5\nhours=['07:00','09:00']\neyes=['hub']\nodd=1",
    ],
)
def test_a_preset_that_cannot_be_read_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=r"preset '(x|daily)'"):
        load(text)
