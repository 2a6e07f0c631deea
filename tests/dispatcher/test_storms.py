"""When the trouble of many homes is their area's, and what rests then: the rule alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import ModuleType

import pytest

from devices.signal import Kind
from dispatcher import storms
from dispatcher.model import Severity, Stage
from dispatcher.storms import THRESHOLDS, Trouble, belongs, gathering, rests
from dispatcher.triage import SEVERITY
from tests.dispatcher.cases import DESK, a_case, plan

START = datetime(2026, 11, 21, 6, 5, tzinfo=UTC)


def troubles(kind: Kind, homes: int, cell: int = 7, since: datetime = START) -> list[Trouble]:
    return [Trouble(100 * cell + home, cell, kind, since) for home in range(homes)]


def what_makes_a_storm(rules: ModuleType) -> object:
    """Each threshold on its border, one home fewer and one microsecond later; then what rests."""
    counted = [
        rules.gathering(troubles(kind, threshold.homes - fewer), START + threshold.within + late)
        for kind, threshold in THRESHOLDS.items()
        for fewer in (0, 1)
        for late in (timedelta(0), timedelta(microseconds=1))
    ]
    half = THRESHOLDS[Kind.GAS].homes - 1
    apart = rules.gathering(troubles(Kind.GAS, half) + troubles(Kind.GAS, half, cell=8), START)
    one = a_case(plan((0, (DESK,)))).incident
    resting = [
        rules.rests(replace(one, kind=kind, severity=severity, stage=stage), inside)
        for kind in (Kind.SOS, Kind.OFFLINE)
        for severity in Severity
        for stage in Stage
        for inside in (True, False)
    ]
    follows = [rules.belongs(kind, [known]) for kind in SEVERITY for known in SEVERITY]
    return counted, apart, resting, follows, [rules.severity_of(kind) for kind in SEVERITY]


@pytest.mark.parametrize("kind", THRESHOLDS)
def test_enough_homes_in_time_are_a_trouble_of_their_cell(kind: Kind) -> None:
    threshold = THRESHOLDS[kind]
    enough = troubles(kind, threshold.homes)
    last = START + threshold.within
    assert gathering(enough, last) == {7: {kind: frozenset(one.household_id for one in enough)}}
    assert gathering(enough, last + timedelta(microseconds=1)) == {}
    assert gathering(enough[1:], last) == {}


def test_one_home_that_says_it_often_is_one_home() -> None:
    assert gathering(troubles(Kind.GAS, 1) * 9, START) == {}


def test_homes_of_two_cells_are_not_counted_together() -> None:
    half = THRESHOLDS[Kind.MAINS_FAILURE].homes - 1
    both = troubles(Kind.MAINS_FAILURE, half) + troubles(Kind.MAINS_FAILURE, half, cell=8)
    assert gathering(both, START) == {}


def test_no_number_of_presses_or_falls_is_a_storm() -> None:
    for kind in (Kind.SOS, Kind.FALL):
        assert gathering(troubles(kind, 1000), START) == {}


def test_nothing_but_trouble_of_devices_rests() -> None:
    one = a_case(plan((0, (DESK,)))).incident
    for kind, severity in SEVERITY.items():
        incident = replace(one, kind=kind, severity=severity)
        assert rests(incident, in_storm=True) is (kind in storms.TECHNICAL)
        assert not rests(incident, in_storm=False)
    begun = replace(one, kind=Kind.OFFLINE, severity=Severity.TROUBLE, stage=Stage.COVERED)
    assert not rests(begun, in_storm=True)  # somebody is on the way: she is waited for as ever


def test_what_a_power_cut_brings_belongs_to_it() -> None:
    assert belongs(Kind.OFFLINE, [Kind.MAINS_FAILURE])
    assert belongs(Kind.MAINS_FAILURE, [Kind.GAS, Kind.MAINS_FAILURE])
    assert not belongs(Kind.TAMPER, [Kind.MAINS_FAILURE])
    assert not belongs(Kind.MAINS_FAILURE, [Kind.OFFLINE])
