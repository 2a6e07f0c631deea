"""When the trouble of many homes is their area's, and what rests then: the rule alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import ModuleType

import pytest

from devices.signal import Kind
from dispatcher import storms
from dispatcher.model import Plan, Severity, Stage, Threshold
from dispatcher.plans import Plans, shipped
from dispatcher.storms import Trouble, belongs, gathering, rests
from dispatcher.triage import SEVERITY
from tests.dispatcher.cases import DESK, a_case, plan

START = datetime(2026, 11, 21, 6, 5, tzinfo=UTC)
PLANS = shipped()
LATE = timedelta(microseconds=1)
STREET = 1


def threshold(kind: Kind) -> Threshold:
    found = PLANS.for_area(kind)
    assert found is not None
    assert found.threshold is not None
    return found.threshold


def troubles(
    kind: Kind, homes: int, cell: int = 7, since: datetime = START, street: int | None = STREET
) -> list[Trouble]:
    return [Trouble(100 * cell + home, cell, kind, since, street) for home in range(homes)]


def everywhere(homes: int, kind: Kind = Kind.SOS) -> list[Trouble]:
    """Each in a cell of its own."""
    return [one for cell in range(homes) for one in troubles(kind, 1, cell=10 + cell)]


def known(those: list[Trouble], area: int) -> list[Trouble]:
    """The same, where the homes have joined the case of `area` already."""
    return [replace(one, known_to=frozenset({area})) for one in those]


def what_makes_a_storm(rules: ModuleType) -> object:
    """Each threshold on its border, one home fewer and one microsecond later; then what rests."""
    alike = [(kind, threshold(kind)) for plan in PLANS.for_areas for kind in plan.kinds]
    counted = [
        rules.gathering(troubles(kind, one.homes - fewer), PLANS, START + sign * (one.within + late))
        for kind, one in alike
        for fewer in (0, 1)
        for late in (timedelta(0), LATE)
        for sign in (1, -1)
    ]
    half = threshold(Kind.GAS).homes - 1
    cries = threshold(Kind.SOS)
    apart = [
        rules.gathering(those, PLANS, START)
        for those in (
            troubles(Kind.GAS, half) + troubles(Kind.GAS, half, cell=8),
            troubles(Kind.GAS, 1) * 9,
            troubles(Kind.SOS, 1) + troubles(Kind.FALL, 3)[1:],
            everywhere(cries.street_homes),
            everywhere(cries.street_homes - 1),
            everywhere(cries.street_homes) + troubles(Kind.SOS, cries.homes),
            everywhere(cries.street_homes) + troubles(Kind.SOS, cries.homes, street=2),
            everywhere(cries.street_homes, Kind.GAS),
            known(troubles(Kind.SOS, cries.homes), 7),
            known(troubles(Kind.SOS, cries.homes), STREET),
            known(everywhere(cries.street_homes), STREET),
            known(everywhere(cries.street_homes), 10),
        )
    ]
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


@pytest.mark.parametrize("plan", PLANS.for_areas, ids=lambda plan: plan.name)
def test_enough_homes_in_time_are_a_trouble_of_their_cell(plan: Plan) -> None:
    kind, enough = plan.kinds[0], threshold(plan.kinds[0])
    those = troubles(kind, enough.homes)
    last = START + enough.within
    assert gathering(those, PLANS, last) == {7: {kind: frozenset(one.household_id for one in those)}}
    assert gathering(those, PLANS, last + LATE) == {}
    assert gathering(those[1:], PLANS, last) == {}


def test_one_home_that_says_it_often_is_one_home() -> None:
    assert gathering(troubles(Kind.GAS, 1) * 9, PLANS, START) == {}


def test_homes_of_two_cells_are_not_counted_together() -> None:
    half = threshold(Kind.MAINS_FAILURE).homes - 1
    both = troubles(Kind.MAINS_FAILURE, half) + troubles(Kind.MAINS_FAILURE, half, cell=8)
    assert gathering(both, PLANS, START) == {}


def test_presses_and_falls_count_together() -> None:
    both = troubles(Kind.SOS, 1) + troubles(Kind.FALL, 3)[1:]
    assert gathering(both, PLANS, START) == {
        7: {Kind.SOS: frozenset({700}), Kind.FALL: frozenset({701, 702})}
    }


def test_calls_for_help_all_over_a_street_are_one_trouble_of_the_street_and_none_of_its_cells() -> None:
    enough = threshold(Kind.SOS).street_homes
    spread = everywhere(enough - 3) + troubles(Kind.SOS, 3)
    assert gathering(spread, PLANS, START) == {
        STREET: {Kind.SOS: frozenset(one.household_id for one in spread)}
    }
    assert gathering(spread[1:], PLANS, START) == {7: {Kind.SOS: frozenset({700, 701, 702})}}


def test_what_a_cell_knows_already_is_still_new_to_its_street() -> None:
    enough = threshold(Kind.SOS).street_homes
    told = known(troubles(Kind.SOS, 3), 7)
    assert gathering(told, PLANS, START) == {}
    assert set(gathering([*told, *everywhere(enough - 3)], PLANS, START)) == {STREET}
    assert gathering(known([*told, *everywhere(enough - 3)], STREET), PLANS, START) == {}  # nor the other way


def test_what_was_raised_by_a_clock_that_was_set_back_since_is_not_new_for_an_hour() -> None:
    ahead = troubles(Kind.SOS, 9, since=START + timedelta(hours=1))
    assert gathering(ahead, PLANS, START) == {}


def test_a_kind_without_a_plan_for_areas_is_never_an_areas() -> None:
    gas = PLANS.for_area(Kind.GAS)
    assert gas is not None
    none = PLANS.edited(replace(gas, kinds=()))
    assert gathering(troubles(Kind.GAS, 50), PLANS, START)
    assert gathering(troubles(Kind.GAS, 50), none, START) == {}
    assert isinstance(none, Plans)


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
    assert belongs(Kind.FALL, [Kind.SOS])
    assert not belongs(Kind.SOS, [Kind.MAINS_FAILURE])
