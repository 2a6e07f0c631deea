"""What a signal is, for every kind there is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from devices.signal import Kind, Signal, State
from dispatcher.model import Severity
from dispatcher.triage import SEVERITY, AskCancel, Clear, Echo, Look, Raise, Record, judge
from tests.dispatcher.cases import START

PERSON = (Kind.SOS, Kind.FALL, Kind.SMOKE, Kind.GAS, Kind.CO)
ROUTINE = (Kind.LEAK, Kind.INACTIVITY, Kind.BED_EXIT, Kind.WANDER, Kind.UNREADABLE)
TROUBLE = (Kind.LOW_BATTERY, Kind.MAINS_FAILURE, Kind.OFFLINE, Kind.TAMPER, Kind.FAULT)
FACTS = (Kind.DOOR, Kind.TEST, Kind.HEARTBEAT, Kind.ACTIVITY, Kind.LOCATION)
ALARMS = PERSON + ROUTINE + TROUBLE


def said(kind: Kind, **more: object) -> Signal:
    return replace(Signal("care:x", kind, "x#1", START), **more)  # type: ignore[arg-type]


def test_every_kind_has_its_place() -> None:
    assert sorted((*ALARMS, *FACTS, Kind.CANCEL, Kind.REQUEST, Kind.PROBE)) == sorted(Kind)


@pytest.mark.parametrize(
    "kinds, severity",
    [(PERSON, Severity.EMERGENCY), (ROUTINE, Severity.ROUTINE), (TROUBLE, Severity.TROUBLE)],
)
def test_each_alarm_has_its_severity(kinds: tuple[Kind, ...], severity: Severity) -> None:
    for kind in kinds:
        verdict = judge(said(kind))
        assert isinstance(verdict, Raise)
        assert verdict.severity is severity
        assert kind.value in verdict.why


@pytest.mark.parametrize("kind", FACTS)
def test_a_fact_is_recorded_and_no_more(kind: Kind) -> None:
    for state in State:
        assert isinstance(judge(said(kind, state=state)), Record)


@pytest.mark.parametrize("kind", PERSON)
@pytest.mark.parametrize("how", ["retained", "historical"])
def test_an_old_person_alarm_pages_nobody_and_is_put_before_a_human(kind: Kind, how: str) -> None:
    assert isinstance(judge(said(kind, **{how: True})), Look)
    assert isinstance(judge(said(kind, state=State.CLEAR, **{how: True})), Record)


@pytest.mark.parametrize("kind", sorted(set(Kind) - set(PERSON)))
@pytest.mark.parametrize("how", ["retained", "historical"])
def test_any_other_old_data_is_only_recorded(kind: Kind, how: str) -> None:
    for state in State:
        assert isinstance(judge(said(kind, state=state, **{how: True})), Record)


@pytest.mark.parametrize("kind", ALARMS)
def test_the_end_of_an_alarm_is_noted_and_ends_nothing(kind: Kind) -> None:
    assert isinstance(judge(said(kind, state=State.CLEAR)), Clear)


def test_a_cancel_is_noted_and_closes_nothing() -> None:
    for state in State:
        assert isinstance(judge(said(Kind.CANCEL, state=state)), AskCancel)


def test_an_ordinary_wish_is_put_before_the_desk_and_rings_nobody() -> None:
    assert isinstance(judge(said(Kind.REQUEST)), Look)


@pytest.mark.parametrize("kind", ALARMS)
def test_what_the_device_marks_as_a_test_is_recorded(kind: Kind) -> None:
    assert isinstance(judge(said(kind, test=True)), Record)


@pytest.mark.parametrize(
    "doubt",
    [
        {"suspected": True},
        {"redelivered": True},
        {"battery": 0},
        {"device_time": START - timedelta(days=400)},
        {"device_time": START + timedelta(days=400)},
        {"text": "x" * 10_000},
    ],
)
@pytest.mark.parametrize("kind", PERSON)
def test_nothing_that_is_doubtful_about_it_holds_a_person_alarm_back(
    kind: Kind, doubt: dict[str, object]
) -> None:
    assert isinstance(judge(said(kind, **doubt)), Raise)


def test_every_verdict_says_why() -> None:
    for kind in Kind:
        for state in State:
            for old in (False, True):
                for test in (False, True):
                    assert judge(said(kind, state=state, retained=old, test=test)).why


def test_no_kind_is_an_alarm_without_a_severity() -> None:
    assert set(SEVERITY) == set(ALARMS)


def test_a_synthetic_press_goes_on_and_an_old_one_does_not() -> None:
    assert isinstance(judge(said(Kind.PROBE, test=True)), Echo)
    assert isinstance(judge(said(Kind.PROBE, historical=True)), Record)
