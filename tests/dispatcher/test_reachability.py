"""When each number is tested, and what a test has shown."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.reachability import (
    CIVIL_HOURS,
    LAST_DAY,
    PATIENCE,
    PROVED_FOR,
    Reached,
    Trial,
    drill_at,
    is_civil,
    month_of,
    reached,
)

KENLI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 10, 4, 0, tzinfo=UTC)  # noon in Kenli
MOMENTS = st.integers(0, 3 * 365 * 1440).map(lambda minutes: NOW + timedelta(minutes=minutes))
PHONES = st.from_regex(r"\+861[3-9][0-9]{9}", fullmatch=True)


@given(PHONES, MOMENTS)
def test_a_test_falls_into_a_civil_hour_of_a_later_day_of_the_same_month(phone: str, now: datetime) -> None:
    at = drill_at(phone, now, KENLI)

    local = now.astimezone(KENLI)
    if local.day >= LAST_DAY:
        assert at is None
        return
    assert at is not None
    assert at.utcoffset() == now.utcoffset()
    assert month_of(at, KENLI) == month_of(now, KENLI)
    assert local.day < at.astimezone(KENLI).day <= LAST_DAY
    assert is_civil(at, KENLI)
    assert at == drill_at(phone, now, KENLI)


def test_the_numbers_of_a_street_are_spread_over_days_and_minutes() -> None:
    first = datetime(2026, 10, 31, 16, 30, tzinfo=UTC)  # 00:30 on the first
    times = [drill_at(f"+86138{number:08}", first, KENLI) for number in range(5400)]
    days = Counter(at.astimezone(KENLI).day for at in times if at is not None)
    minutes = Counter(times)

    assert sorted(days) == list(range(2, LAST_DAY + 1))
    assert max(days.values()) < 2 * min(days.values())
    assert max(minutes.values()) <= 6
    assert {at.astimezone(KENLI).hour for at in times if at is not None} == {9, 10, 11, 15, 16, 17, 18, 19}


def test_each_month_a_number_has_another_day() -> None:
    firsts = [datetime(2026, month, 1, tzinfo=UTC) for month in range(1, 13)]
    days = {at.astimezone(KENLI).day for first in firsts if (at := drill_at("+8613800000001", first, KENLI))}

    assert len(days) > 6


@pytest.mark.parametrize(
    "clock, civil",
    [
        ("08:59", False), ("09:00", True), ("11:29", True), ("11:30", False), ("14:59", False),
        ("15:00", True), ("19:29", True), ("19:30", False), ("03:00", False),
    ],
)  # fmt: skip
def test_nobody_is_tested_at_noon_or_at_night(clock: str, civil: bool) -> None:
    hour, minute = map(int, clock.split(":"))
    assert is_civil(NOW.astimezone(KENLI).replace(hour=hour, minute=minute), KENLI) is civil
    assert len(CIVIL_HOURS) == 2


def ago(**amount: float) -> datetime:
    return NOW - timedelta(**amount)


@pytest.mark.parametrize(
    "trial, heard_at, what",
    [
        (None, None, Reached.UNTRIED),
        (None, ago(days=1), Reached.PROVED),
        (None, NOW - PROVED_FOR, Reached.UNTRIED),
        (Trial(ago(days=1)), None, Reached.WAITING),
        (Trial(NOW - PATIENCE), None, Reached.SILENT),
        (Trial(NOW - PATIENCE + timedelta(seconds=1)), None, Reached.WAITING),
        (Trial(ago(days=1), lost=True), None, Reached.LOST),
        (Trial(ago(days=1), lost=True), ago(hours=1), Reached.PROVED),
        (Trial(ago(days=1), lost=True), ago(days=3), Reached.LOST),
        (Trial(ago(days=9), ago(days=9)), None, Reached.PROVED),
        (Trial(ago(days=70), ago(days=70)), None, Reached.UNTRIED),
        (Trial(ago(days=9)), ago(days=20), Reached.SILENT),
        (Trial(ago(days=1)), ago(days=20), Reached.PROVED),
        (Trial(ago(days=9)), ago(days=8), Reached.PROVED),
    ],
)
def test_what_a_test_and_the_last_answer_show(
    trial: Trial | None, heard_at: datetime | None, what: Reached
) -> None:
    assert reached(trial, heard_at, NOW) is what
