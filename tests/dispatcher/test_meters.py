"""What a water meter tells of life, from its readings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from devices.signal import Role
from dispatcher.meters import KEPT, Reading, Usage, freeze, thaw

START = datetime(2026, 11, 20, 0, 0, tzinfo=UTC)


def after(minutes: float, litres: float) -> Reading:
    return Reading(START + timedelta(minutes=minutes), litres)


def test_the_last_reading_of_each_half_hour_is_kept_for_a_day() -> None:
    usage = Usage().with_readings([after(0, 1), after(10, 2), after(29, 3), after(31, 4)])
    assert usage.readings == (after(29, 3), after(31, 4))
    later = usage.with_readings([after(31 + KEPT.total_seconds() / 60, 9)])
    assert [one.litres for one in later.readings] == [4, 9]
    assert thaw(freeze(usage)) == usage


def test_a_new_meter_begins_anew() -> None:
    assert Usage((after(0, 5000),)).with_readings([after(40, 12), after(80, 15)]).readings == (
        after(40, 12),
        after(80, 15),
    )


def test_what_another_gateway_has_read_too_changes_nothing() -> None:
    usage = Usage().with_readings([after(0, 1), after(40, 4)])
    assert usage.with_readings([after(0, 1), after(40, 4)]) == usage


def test_since_when_less_was_used_is_what_is_certain() -> None:
    usage = Usage((after(0, 0), after(30, 5), after(60, 14.9), after(90, 15)))
    assert usage.less_than_since(10) == START + timedelta(minutes=60)
    assert usage.less_than_since(10.1) == START + timedelta(minutes=30)
    assert usage.less_than_since(100) == START
    assert Usage().less_than_since(10) is None
    assert Usage().read_at is None


def test_water_flows_since_the_last_half_hour_without_any() -> None:
    steady = [after(0, 0), after(30, 0), after(60, 1), after(90, 2)]
    assert Usage(tuple(steady)).flowing_since() == START + timedelta(minutes=30)
    assert Usage((*steady, after(120, 2))).flowing_since() is None
    assert Usage((*steady, after(160, 9))).flowing_since() is None  # nobody knows what was in between
    assert Usage((after(0, 0),)).flowing_since() is None


def test_a_flush_is_somebody_and_a_dripping_tap_is_not() -> None:
    assert Usage((after(0, 0), after(30, 3))).was_used(Role.WATER_METER)
    assert not Usage((after(0, 0), after(30, 2.9))).was_used(Role.WATER_METER)
    assert not Usage((after(0, 0), after(70, 9))).was_used(Role.WATER_METER)  # it may have been an hour ago
    assert not Usage((after(0, 9),)).was_used(Role.WATER_METER)
    assert Usage((after(0, 0), after(30, 20))).was_used(Role.GAS_METER)
    assert not Usage((after(0, 0), after(30, 19.9))).was_used(Role.GAS_METER)  # a pilot flame
