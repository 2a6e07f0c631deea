"""A few homes, looked at on every border and one microsecond before: what the rules of silence find there."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from types import ModuleType
from zoneinfo import ZoneInfo

from devices.signal import Kind, Role, Signal, State
from dispatcher.meters import Reading, Usage

KENLI = ZoneInfo("Asia/Shanghai")
_JUST_BEFORE = timedelta(microseconds=1)


def at(clock: str, day: int = 20) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 11, day, hour, minute, tzinfo=KENLI)


def what_is_found(rules: ModuleType) -> object:
    """Of each home at each moment: what is done, about what, and when it is looked at again."""
    signs = [
        rules.sign_of_life(Signal("care:x", kind, "x", at("08:00"), state, retained=old), role)
        for kind in Kind
        for state in State
        for old in (False, True)
        for role in (Role.HELP_BUTTON, Role.MOTION_SENSOR, None)
    ]
    looks = [
        rules.look(home, moment - early, KENLI)
        for home in _homes(rules)
        for moment in _MOMENTS
        for early in (timedelta(0), _JUST_BEFORE)
    ]
    greetings = [
        rules.is_greeting(rules.Hours(420, 540), before, at(clock), KENLI)
        for clock in ("05:00", "04:59", "09:00", "08:59")
        for before in (None, at("05:00"), at("04:59"))
    ]
    return signs, looks, greetings


_MOMENTS = (
    *(at(clock) for clock in ("05:00", "09:00", "10:00", "10:20", "10:30", "11:00", "12:00", "14:00")),
    *(at(clock) for clock in ("15:00", "18:00", "21:00", "22:00")),
    *(at(clock, 21) for clock in ("03:00", "07:00", "10:00")),
)


def _homes(rules: ModuleType) -> list[object]:
    hours, day = timedelta(hours=1), rules.Hours(420, 1260)
    sees = frozenset({Role.MOTION_SENSOR})
    morning = rules.Preset("m", ("早", "m"), "s", 5 * hours, rules.Hours(300, 630), True, eyes=sees)
    half = rules.Preset("h", ("半", "h"), "s", 12 * hours, day, eyes=sees)
    bath = rules.Preset(
        "b", ("浴", "b"), "s", hours, rules.Hours(0, 1440), rooms=frozenset({"厕所"}), eyes=sees
    )
    dry = rules.Preset("w", ("水", "w"), "s", 12 * hours, day, eyes=frozenset({Role.WATER_METER}), litres=10)
    leak = rules.Preset(
        "l", ("漏", "l"), "s", 24 * hours, day, kind=Kind.LEAK, eyes=frozenset({Role.WATER_METER})
    )
    calls = rules.Calls(frozenset({5, 6}), 600)
    awake = (rules.Sensor(Role.MOTION_SENSOR, at("09:00")), rules.Sensor(Role.HELP_BUTTON, at("09:00")))
    home = rules.Watched(1, at("12:00", 10), (morning, half, bath), sensors=awake)
    quiet = replace(home, life=rules.Life(at("22:00", 19), room="厕所"))
    asked = replace(quiet, check=rules.Check(1, "m", at("10:00"), at("10:30")))
    said = rules.Watched(1, at("12:00", 10), daily=rules.Hours(420, 540), calls=calls)
    call = rules.Check(2, rules.CALL, at("10:00"), at("14:00"))
    read = Usage((Reading(at("05:00"), 0), Reading(at("06:00"), 20), Reading(at("18:00"), 29)))
    runs = Usage(tuple(Reading(at("00:00") + timedelta(minutes=30 * n), 2.0 * n) for n in range(62)))
    metered = rules.Watched(1, at("00:00"), (dry, leak), water=read)
    away = rules.Away(rules.AwayKind.TRIP, at("12:00"))
    night = rules.Night(rules.Hours(1260, 1800), 60)
    rose = rules.Watched(1, at("12:00", 10), night=night, left_bed=(at("21:00", 19), at("04:00")))
    return [
        home,
        quiet,
        replace(quiet, presets=(half,), handled_at=at("06:00")),
        replace(quiet, presets=(bath,), life=rules.Life(at("09:20"), room="厅")),
        replace(quiet, presets=(half,), not_before=at("11:00")),
        replace(quiet, presets=(half,), gaps=(rules.Gap(at("01:00"), at("03:00")),)),
        replace(quiet, presets=(morning,), life=rules.Life(at("05:30"))),
        replace(quiet, sensors=()),
        replace(quiet, sensors=awake[1:]),
        replace(quiet, sensors=(rules.Sensor(Role.MOTION_SENSOR, at("09:00"), at("09:00")),)),
        replace(quiet, blind=frozenset({"m"})),
        replace(quiet, away=away),
        replace(quiet, case_open=True),
        asked,
        replace(asked, case_open=True),
        replace(asked, life=rules.Life(at("10:00"))),
        replace(asked, life=rules.Life(at("10:10"))),
        replace(asked, check=replace(asked.check, wants_help=True)),
        replace(asked, check=replace(asked.check, is_lost=True)),
        replace(asked, gaps=(rules.Gap(at("10:00"), at("10:10")),)),
        said,
        replace(said, life=rules.Life(at("04:00"), by_hand_at=at("05:00"))),
        rules.Watched(1, at("07:00"), daily=rules.Hours(420, 540)),
        rules.Watched(1, at("12:00", 10), daily=rules.Hours(420, 540), daily_asked_at=at("09:00")),
        rules.Watched(1, at("10:00"), calls=calls),
        rules.Watched(1, at("12:00", 10), calls=calls, called_at=at("10:00"), call=call),
        rules.Watched(1, at("12:00", 10), calls=calls, call=call, handled_at=at("10:20")),
        rules.Watched(1, at("12:00", 10), calls=calls, call=call, case_open=True),
        metered,
        replace(metered, life=rules.Life(at("12:00"))),
        replace(metered, water=runs),
        replace(metered, water=runs, away=away),
        replace(metered, water=runs, handled_at=at("12:00")),
        rose,
        replace(rose, left_bed=(at("04:00"),)),
        replace(rose, left_bed=(at("20:59", 19),)),
        replace(rose, left_bed=(at("06:00"),)),
        replace(rose, left_bed=(at("21:00"),)),
        replace(rose, left_bed=(at("05:00"),)),
        replace(rose, left_bed=(at("04:59"),)),
        replace(rose, left_bed=(at("04:00"),), handled_at=at("04:00")),
        replace(rose, left_bed=(at("04:00"),), case_open=True),
    ]


def what_meters_tell(rules: ModuleType) -> object:
    """Series of readings, each told everything that a meter is asked."""

    def series(*readings: tuple[float, float]) -> object:
        return rules.Usage(tuple(rules.Reading(at("00:00") + timedelta(minutes=m), a) for m, a in readings))

    found = []
    for usage in (
        series(),
        series((0, 1)),
        series((0, 0), (30, 3), (60, 4), (95, 4), (125, 5)),
        series((0, 0), (30, 2.9)),
        series((0, 0), (65, 3), (131, 9)),
        series((0, 0), (64, 3)),
        series((0, 0), (30, 10), (60, 20)),
    ):
        found.append(
            (
                [usage.less_than_since(litres) for litres in (1, 3, 10)],  # type: ignore[attr-defined]
                usage.flowing_since(),  # type: ignore[attr-defined]
                [usage.was_used(role) for role in (Role.WATER_METER, Role.GAS_METER)],  # type: ignore[attr-defined]
                usage.with_readings([rules.Reading(at("03:00"), 2.0), rules.Reading(at("03:29"), 2.5)]),  # type: ignore[attr-defined]
                usage.with_readings([rules.Reading(at("02:00", 21), 50.0)]),  # type: ignore[attr-defined]
            )
        )
    return found
