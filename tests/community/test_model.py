"""The words of the register: ages, positions, and who is on duty when."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from community.model import Duty, Position, Resident, on_duty

SHANGHAI = ZoneInfo("Asia/Shanghai")
SUNDAY = datetime(2026, 11, 22, tzinfo=SHANGHAI)  # 00:00
MONDAY = SUNDAY + timedelta(days=1)
AN_INSTANT = timedelta(microseconds=1)


def at(day: datetime, hour: int, minute: int = 0) -> datetime:
    return (day + timedelta(hours=hour, minutes=minute)).astimezone(UTC)


@pytest.fixture
def day_duty() -> tuple[Duty, ...]:
    return (Duty(1, frozenset({1, 2, 3, 4, 5}), 8 * 60, 18 * 60),)


@pytest.fixture
def sunday_night() -> tuple[Duty, ...]:
    return (Duty(1, frozenset({7}), 18 * 60, 32 * 60),)


def test_a_duty_begins_on_its_minute_and_ends_before_its_last(day_duty: tuple[Duty, ...]) -> None:
    assert not on_duty(day_duty, at(MONDAY, 8) - AN_INSTANT, SHANGHAI)
    assert on_duty(day_duty, at(MONDAY, 8), SHANGHAI)
    assert on_duty(day_duty, at(MONDAY, 18) - AN_INSTANT, SHANGHAI)
    assert not on_duty(day_duty, at(MONDAY, 18), SHANGHAI)
    assert not on_duty(day_duty, at(SUNDAY, 12), SHANGHAI)


def test_the_night_of_sunday_lasts_into_monday(sunday_night: tuple[Duty, ...]) -> None:
    assert not on_duty(sunday_night, at(SUNDAY, 18) - AN_INSTANT, SHANGHAI)
    assert on_duty(sunday_night, at(SUNDAY, 18), SHANGHAI)
    assert on_duty(sunday_night, at(MONDAY, 0) - AN_INSTANT, SHANGHAI)
    assert on_duty(sunday_night, at(MONDAY, 0), SHANGHAI)
    assert on_duty(sunday_night, at(MONDAY, 8) - AN_INSTANT, SHANGHAI)
    assert not on_duty(sunday_night, at(MONDAY, 8), SHANGHAI)
    assert not on_duty(sunday_night, at(SUNDAY, 3), SHANGHAI), "that was the night of Saturday"
    assert not on_duty(sunday_night, at(MONDAY, 20), SHANGHAI)


def test_a_duty_until_midnight_ends_at_midnight() -> None:
    evening = (Duty(1, frozenset({7}), 18 * 60, 24 * 60),)
    assert on_duty(evening, at(MONDAY, 0) - AN_INSTANT, SHANGHAI)
    assert not on_duty(evening, at(MONDAY, 0), SHANGHAI)


def test_a_clinic_that_never_closes_is_always_there() -> None:
    always = (Duty(1, frozenset(range(1, 8)), 0, 1440),)
    assert all(on_duty(always, at(SUNDAY, hour), SHANGHAI) for hour in range(0, 7 * 24))


def test_the_site_decides_what_time_it_is(day_duty: tuple[Duty, ...]) -> None:
    morning = at(MONDAY, 9)
    assert on_duty(day_duty, morning, SHANGHAI)
    assert not on_duty(day_duty, morning, ZoneInfo("UTC")), "it is one o'clock at night there"


def test_nobody_without_duty_times_is_on_duty() -> None:
    assert not on_duty((), at(MONDAY, 9), SHANGHAI)


@pytest.mark.parametrize(("starts", "ends"), [(-1, 10), (1440, 1500), (600, 600), (600, 599), (600, 2041)])
def test_a_duty_that_cannot_be_is_refused(starts: int, ends: int) -> None:
    with pytest.raises(ValueError, match="lasts at most one"):
        Duty(1, frozenset({1}), starts, ends)


def test_a_year_is_full_on_the_birthday() -> None:
    born = Resident(1, 1, "王秀英", birth_date=date(1941, 3, 5))
    assert born.age(date(2026, 3, 4)) == 84
    assert born.age(date(2026, 3, 5)) == 85
    assert Resident(1, 1, "某人").age(date(2026, 3, 5)) is None


@pytest.mark.parametrize(("lon", "lat"), [(180.1, 0.0), (-180.1, 0.0), (0.0, 90.1), (0.0, -90.1)])
def test_a_position_off_the_globe_is_refused(lon: float, lat: float) -> None:
    with pytest.raises(ValueError, match="degrees"):
        Position(lon, lat)
