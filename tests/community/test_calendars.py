"""What is worked in the weeks to come, hour by hour, and as a calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from community.calendars import Shift, as_ics, fewest, shifts
from community.model import Duty, Leave, on_duty

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
MONDAY = date(2026, 11, 23)
EVERY_DAY = frozenset(range(1, 8))


def at(day: date, hour: int, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=zone)


def test_the_week_is_worked_week_after_week() -> None:
    day = Duty(7, frozenset({1, 3}), 8 * 60, 18 * 60)
    worked = shifts([day], [], MONDAY, SHANGHAI, days=8)

    assert [one.starts for one in worked] == [
        at(MONDAY, 8), at(MONDAY + timedelta(days=2), 8), at(MONDAY + timedelta(days=7), 8),
    ]  # fmt: skip
    assert worked[0].ends == at(MONDAY, 18)


def test_a_night_that_began_before_the_first_day_counts() -> None:
    night = Duty(7, frozenset({7}), 20 * 60, 32 * 60)
    [first, _] = shifts([night], [], MONDAY, SHANGHAI, days=7)

    assert first == Shift(at(MONDAY - timedelta(days=1), 20), at(MONDAY, 8))


def test_a_leave_is_cut_out() -> None:
    day = Duty(7, frozenset({1}), 8 * 60, 18 * 60)
    at_noon = Leave(1, 7, at(MONDAY, 11), at(MONDAY, 13))
    all_day = Leave(2, 7, at(MONDAY, 0), at(MONDAY + timedelta(days=1), 0))

    assert shifts([day], [at_noon], MONDAY, SHANGHAI, days=1) == (
        Shift(at(MONDAY, 8), at(MONDAY, 11)),
        Shift(at(MONDAY, 13), at(MONDAY, 18)),
    )
    assert shifts([day], [at_noon, all_day], MONDAY, SHANGHAI, days=1) == ()


def test_an_hour_that_is_worked_in_part_has_nobody() -> None:
    half = Duty(7, EVERY_DAY, 8 * 60 + 30, 10 * 60)
    whole = Duty(8, EVERY_DAY, 8 * 60, 11 * 60)
    [hours] = fewest(shifts([half, whole], [], MONDAY, SHANGHAI, days=1), MONDAY, SHANGHAI, 1)

    assert hours[7:12] == (0, 1, 2, 1, 0)


def test_who_goes_when_another_comes_leaves_no_gap() -> None:
    early, late = Duty(7, EVERY_DAY, 0, 12 * 60), Duty(8, EVERY_DAY, 12 * 60, 24 * 60)

    assert fewest(shifts([early, late], [], MONDAY, SHANGHAI, 2), MONDAY, SHANGHAI, 2) == ((1,) * 24,) * 2


@given(
    days=st.frozensets(st.integers(1, 7), min_size=1),
    starts=st.integers(0, 1439),
    lasts=st.integers(1, 1440),
    leave=st.tuples(st.integers(-2000, 20000), st.integers(1, 5000)),
    minute=st.integers(0, 14 * 1440 - 1),
    zone=st.sampled_from([SHANGHAI, BERLIN]),
    since=st.sampled_from([MONDAY, date(2026, 10, 23), date(2026, 3, 27)]),
)
def test_what_is_drawn_is_what_is_asked(
    days: frozenset[int],
    starts: int,
    lasts: int,
    leave: tuple[int, int],
    minute: int,
    zone: ZoneInfo,
    since: date,
) -> None:
    """In any minute the calendar and the rule that sends people agree, but beside a change of the clocks."""
    begins = at(since, 0, zone).astimezone(UTC)
    duty = Duty(7, days, starts, starts + lasts)
    away_from = begins + timedelta(minutes=leave[0])
    away = Leave(1, 7, away_from, away_from + timedelta(minutes=leave[1]))
    moment = begins + timedelta(minutes=minute)
    local = moment.astimezone(zone)
    if (local - timedelta(hours=2)).utcoffset() != (local + timedelta(hours=2)).utcoffset():
        return

    drawn = any(
        one.starts.astimezone(UTC) <= moment < one.ends.astimezone(UTC)
        for one in shifts([duty], [away], since, zone, days=15)
    )

    assert drawn == on_duty((duty,), moment, zone, (away,))


def test_a_telephone_can_read_it() -> None:
    worked = shifts([Duty(7, frozenset({1}), 20 * 60, 32 * 60)], [], MONDAY, SHANGHAI, days=14)
    calendar = Calendar.from_ical(
        as_ics("垦利街道 值班", "网格员值班", "rota-7@kenli", worked, at(MONDAY, 9))
    )

    first, second = calendar.walk("VEVENT")
    assert str(calendar["X-WR-CALNAME"]) == "垦利街道 值班"
    assert str(first["SUMMARY"]) == "网格员值班"
    assert first["DTSTART"].dt == datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert first["DTEND"].dt == datetime(2026, 11, 24, tzinfo=UTC)
    assert first["UID"] != second["UID"]
