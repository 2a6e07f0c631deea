"""What the centre is measured by, counted by hand."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from devices.signal import Kind
from dispatcher.figures import Course, Figures, Share, figures
from dispatcher.model import CloseCode, Severity
from tests.conftest import NOW

HOUR = timedelta(hours=1)


def course(number: int, **given: object) -> Course:
    """An emergency opened two hours ago; `given` in seconds after that, or as it is."""
    opened_at = NOW - 2 * HOUR
    values = {
        name: opened_at + timedelta(seconds=value) if name.endswith("_at") else value  # type: ignore[arg-type]
        for name, value in given.items()
    }
    made = {"kind": Kind.SOS, "severity": Severity.EMERGENCY, "place": "", "model": ""} | values
    return Course(number, opened_at, **made)  # type: ignore[arg-type]


def over(*courses: Course, now: datetime = NOW) -> Figures:
    return figures(courses, NOW - 24 * HOUR, now, ["2026-11-21"] * len(courses))


def shares(found: Figures) -> dict[tuple[str, int], tuple[int, int]]:
    return {(each.what, each.within_s): (each.in_time, each.judged) for each in found.shares}


def test_exactly_in_time_is_in_time_and_a_second_later_is_not() -> None:
    found = over(course(1, answered_at=60), course(2, answered_at=61), course(3, answered_at=180), course(4))
    assert shares(found)["answered", 60] == (1, 4)
    assert shares(found)["answered", 180] == (3, 4), "who was never answered counts against us"


def test_a_case_that_is_too_young_to_be_late_is_not_judged() -> None:
    young = course(1)
    assert shares(over(young, now=young.opened_at + timedelta(seconds=59)))["answered", 60] == (0, 0)
    assert shares(over(young, now=young.opened_at + timedelta(seconds=60)))["answered", 60] == (0, 1)


def test_who_was_well_without_a_visit_is_not_counted_as_unattended() -> None:
    well = course(1, answered_at=20, closed_at=300, close_code=CloseCode.FALSE_PRESS)
    late = course(2, answered_at=20, attended_at=46 * 60, closed_at=4000, close_code=CloseCode.HELPED)
    nobody = course(3, answered_at=20)
    found = shares(over(well, late, nobody))
    assert found["attended", 45 * 60] == (0, 2)
    assert found["attended", 60 * 60] == (1, 2)


def test_tests_duplicates_and_trouble_of_devices_are_not_measured() -> None:
    found = over(
        course(1, close_code=CloseCode.TEST),
        course(2, close_code=CloseCode.DUPLICATE),
        course(3, severity=Severity.TROUBLE, kind=Kind.OFFLINE),
        course(4, answered_at=10),
    )
    assert (found.cases, found.emergencies) == (4, 1)
    assert shares(found)["answered", 60] == (1, 1)
    assert found.by_day == (("2026-11-21", 1),)


def test_percentiles_are_those_of_cases_that_happened() -> None:
    found = over(*(course(n, answered_at=n) for n in range(1, 101)))
    answered = found.phases[0]
    assert (answered.name, answered.count) == ("answered", 100)
    assert (answered.p50_s, answered.p90_s, answered.p99_s) == (50, 90, 99)
    assert over().phases[0].p50_s is None


@pytest.mark.parametrize(("last", "peak"), [(599, 3), (600, 2)])
def test_the_peak_is_the_most_within_any_ten_minutes(last: int, peak: int) -> None:
    taken = [course(n, answered_at=at, answered_by="刘芳") for n, at in enumerate((0, 300, last, 5000))]
    [load] = over(*taken).loads
    assert (load.name, load.cases, load.peak) == ("刘芳", 4, peak)


def test_models_that_cry_for_nothing_come_first() -> None:
    found = over(
        course(1, model="A", close_code=CloseCode.HELPED),
        course(2, model="A", close_code=CloseCode.HELPED),
        course(3, model="B", close_code=CloseCode.DEVICE_FAULT),
        course(4, model="B", close_code=CloseCode.FALSE_PRESS),
        course(5),
    )
    assert [(model.name, model.cases, model.false) for model in found.models] == [("B", 2, 2), ("A", 2, 0)]


def test_a_target_is_met_or_not_or_cannot_be_judged() -> None:
    assert Share("answered", 60, 0.975, 39, 40).is_met is True
    assert Share("answered", 60, 0.975, 38, 40).is_met is False
    assert Share("answered", 60, 0.975, 0, 0).is_met is None
