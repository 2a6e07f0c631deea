"""Plans: what may be written, and what is said about what may not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from devices.signal import Kind
from dispatcher.model import LONGEST_DELAY, Severity, Tell, Whom
from dispatcher.plans import SHIPPED, Plans, completed, freeze, load, parse, shipped, thaw
from dispatcher.triage import SEVERITY
from tests.dispatcher.cases import DESK, plan, relatives

SHIPPED_TEXT = SHIPPED.read_text(encoding="utf-8")
LONGEST_S = int(LONGEST_DELAY.total_seconds())


def test_every_kind_of_trouble_has_a_plan_and_every_plan_ends_at_the_desk() -> None:
    plans = shipped()

    at_home = [plan for plan in plans.for_homes if plan.severity is None]
    assert sorted(kind for plan in at_home for kind in plan.kinds) == sorted(SEVERITY)
    for ladder in plans.all:
        assert any(tell.whom is Whom.DESK for tell in ladder.rungs[-1].tell)


def test_person_alarms_tell_people_at_once_and_trouble_wakes_no_relative() -> None:
    for kind, severity in SEVERITY.items():
        ladder = shipped().of(kind, severity)
        first = {tell.whom for tell in ladder.rungs[0].tell}
        everybody = {tell.whom for rung in ladder.rungs for tell in rung.tell}
        if severity is Severity.EMERGENCY:
            assert ladder.rungs[0].after_s == 0
            assert first == {Whom.RELATIVES, Whom.NEAREST}
        if severity is Severity.TROUBLE:
            assert everybody == {Whom.DESK}


def test_a_plan_comes_out_of_its_incident_as_it_went_in() -> None:
    for ladder in shipped().all:
        assert thaw(freeze(ladder)) == ladder


def test_an_incident_frozen_before_plans_had_kinds_still_runs() -> None:
    old = '{"name":"emergency","rungs":[{"after_s":0,"tell":[{"whom":"desk","count":1,"kinds":[]}]}]}'

    assert thaw(old).rungs[0].tell == (DESK,)


DESK_RUNG = {"after_s": 0, "tell": [{"whom": "desk"}]}
AREA = {"kinds": ["gas"], "rungs": [DESK_RUNG], "threshold": {"homes": 2, "within_s": 60}}


def rung(after_s: object = 0, **tell: object) -> dict[str, object]:
    return {"after_s": after_s, "tell": [tell, {"whom": "desk"}]}


@pytest.mark.parametrize(
    "body, says",
    [
        ({}, "there is no rung"),
        ({"rungs": [{"tell": [{"whom": "desk"}]}]}, "after_s"),
        ({"rungs": [{"after_s": 0}]}, "tell"),
        ({"rungs": [{"after_s": 0, "tell": []}]}, "must ring the desk"),
        ({"rungs": [DESK_RUNG, {"after_s": 9, "tell": [{"whom": "relatives"}]}]}, "must ring the desk"),
        ({"rungs": [rung(whom="police")]}, "police"),
        ({"rungs": [rung(count=1)]}, "whom"),
        ({"rungs": [rung(whom="nearest")]}, "name the `kinds` of responders, or a `skill`"),
        ({"rungs": [rung(whom="nearest", kinds=["postman"])]}, "postman"),
        ({"rungs": [rung(whom="relatives", skill="急救")]}, "are no responders"),
        ({"rungs": [rung(whom="relatives", kinds=["clinic"])]}, "are no responders"),
        ({"rungs": [rung(whom="staff", count=0)]}, "give at least 1"),
        ({"rungs": [rung(whom="staff", count=21)]}, "at most 20"),
        ({"rungs": [rung(whom="staff", count=True)]}, "give at least 1"),
        ({"rungs": [rung(whom="staff", count=1.5)]}, "give at least 1"),
        ({"rungs": [rung(whom="staff", who="me")]}, "'who'"),
        ({"rungs": [rung(0.5, whom="relatives")]}, "whole number of seconds"),
        ({"rungs": [DESK_RUNG], "severity": "grave"}, "severity 'grave'"),
        ({"rungs": [DESK_RUNG], "threshold": {"homes": 1, "within_s": 60}}, "two homes or more"),
        ({"rungs": [DESK_RUNG], "threshold": {"homes": 2, "within_s": 0}}, "within 1 to 3600 s"),
        ({"rungs": [DESK_RUNG], "threshold": {"homes": 2, "within_s": 3601}}, "within 1 to 3600 s"),
        ({"rungs": [DESK_RUNG], "threshold": {"homes": 2.5, "within_s": 60}}, "whole numbers"),
        ({"rungs": [DESK_RUNG], "threshold": {"homes": 2}}, "within_s"),
        (AREA | {"severity": "emergency"}, "however severe"),
        (AREA | {"rungs": [rung(whom="relatives"), DESK_RUNG]}, "no relatives"),
        (AREA | {"kinds": ["sos", "gas"]}, "of their own"),
        (AREA | {"threshold": {"homes": 2, "within_s": 60, "street_homes": 9}}, "only calls for help"),
        (
            AREA | {"kinds": ["sos"], "threshold": {"homes": 3, "within_s": 60, "street_homes": 2}},
            "as many homes as a cell",
        ),
        ({"rungs": [DESK_RUNG], "severity": 4}, "4 is not a valid Severity"),
        ({"rungs": [DESK_RUNG], "kinds": ["flood"]}, "flood"),
        ({"rungs": [rung(whom="nearest", kinds=["clinic"], count=0)]}, "give at least 1"),
        ({"rungs": [rung(whom="relatives", count=-1)]}, "give at least 0"),
        ({"rungs": [rung("soon", whom="relatives")]}, "whole number of seconds"),
        ({"rungs": [rung(-1, whom="relatives")]}, "must not be negative or fall"),
        ({"rungs": [rung(60, whom="relatives"), DESK_RUNG]}, "must not be negative or fall"),
        ({"rungs": [DESK_RUNG], "repeat": 5}, "repeat"),
        ({"rungs": [DESK_RUNG], "repeat_s": 0}, "every wait"),
        ({"rungs": [DESK_RUNG], "offer_s": 0}, "every wait"),
        ({"rungs": [DESK_RUNG], "arrive_grace_s": 0}, "every wait"),
        ({"rungs": [DESK_RUNG], "check_in_s": -5}, "every wait"),
        ({"rungs": [DESK_RUNG], "check_in_s": LONGEST_S}, "every wait"),
        ({"rungs": [rung(LONGEST_S, whom="relatives")]}, "every wait"),
    ],
)
def test_what_cannot_be_meant_is_said_with_the_name_of_the_plan(body: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError) as refused:
        parse({"name": "night", **body})

    assert "plan 'night'" in str(refused.value)
    assert says in str(refused.value)


def test_the_shortest_and_the_longest_wait_are_allowed() -> None:
    body = {"name": "edge", "rungs": [DESK_RUNG], "repeat_s": 1, "offer_s": 1, "check_in_s": LONGEST_S - 1}

    assert parse(body).check_in_s == LONGEST_S - 1


@pytest.mark.parametrize(
    "text, says",
    [
        ("[night]\nrungs = []", "plan 'night' cannot be read: it is a table with `kinds`"),
        ("night = 5", "plan 'night' cannot be read: it is a table with `kinds`"),
        ('[night]\nkinds = ["flood"]', "plan 'night' cannot be read: 'flood'"),
        (
            '[night]\nkinds = ["heartbeat"]\nrungs=[{after_s=0,tell=[{whom="desk"}]}]',
            "heartbeat is no trouble",
        ),
        ("[night]\nkinds = 5", "plan 'night' cannot be read: 'int' object"),
        ('[night]\nkinds = ["sos"]', "plan 'night' cannot be read: there is no rung"),
        ("[night", "Expected ']'"),
    ],
)
def test_a_file_of_plans_says_which_plan_is_wrong(text: str, says: str) -> None:
    with pytest.raises(ValueError) as refused:
        load(text)

    assert says in str(refused.value)


def test_a_kind_without_a_plan_and_a_kind_with_two_are_named() -> None:
    with pytest.raises(ValueError, match="no plan for sos: add each"):
        load(SHIPPED_TEXT.replace('"sos", ', "", 1))
    with pytest.raises(ValueError, match="sos has two plans, 'emergency' and 'routine'"):
        load(SHIPPED_TEXT.replace('kinds = ["leak"', 'kinds = ["sos", "leak"', 1))


@pytest.mark.parametrize("text", ["", "{", "null", "[]", '{"name": "x"}', '"x"'])
def test_a_frozen_plan_that_is_damaged_is_refused_and_not_half_read(text: str) -> None:
    with pytest.raises((ValueError, AttributeError, TypeError)):
        thaw(text)


def test_the_last_rung_must_ring_the_desk_because_it_repeats() -> None:
    with pytest.raises(ValueError, match="must ring the desk"):
        plan((0, (DESK,)), (5, (relatives(1),)))
    assert plan((0, (relatives(1),)), (5, (DESK,))).rungs[1].tell == (Tell(Whom.DESK),)


def test_a_plan_for_one_severity_goes_before_the_one_for_all() -> None:
    still = load(f"{SHIPPED_TEXT}\n{STILL}")

    assert still.of(Kind.INACTIVITY, Severity.EMERGENCY).name == "still"
    assert still.of(Kind.INACTIVITY, Severity.ROUTINE).name == "routine"


STILL = """
[still]
kinds = ["inactivity"]
severity = "emergency"
rungs = [{ after_s = 0, tell = [{ whom = "desk" }] }]
"""


def test_a_plan_that_takes_a_kind_takes_it_from_the_other() -> None:
    before = shipped()
    emergency = before.of(Kind.SOS, Severity.EMERGENCY)

    after = before.edited(replace(emergency, kinds=(*emergency.kinds, Kind.LEAK)))

    assert after.of(Kind.LEAK, Severity.ROUTINE).name == "emergency"
    assert Kind.LEAK not in before.named("emergency").kinds  # type: ignore[union-attr]
    assert [p.name for p in after.all] == [p.name for p in before.all]


def test_a_plan_that_lets_a_kind_go_says_that_nobody_has_it() -> None:
    emergency = shipped().of(Kind.SOS, Severity.EMERGENCY)

    with pytest.raises(ValueError, match="no plan for sos"):
        shipped().edited(replace(emergency, kinds=tuple(set(emergency.kinds) - {Kind.SOS})))


def test_a_new_plan_joins_the_others_and_may_be_for_nothing_yet() -> None:
    night = plan((0, (DESK,)))

    after = shipped().edited(night)

    assert after.all[-1] is night
    assert after.of(Kind.SOS, Severity.EMERGENCY) == shipped().of(Kind.SOS, Severity.EMERGENCY)


def test_two_plans_for_one_kind_and_severity_are_not_a_set() -> None:
    with pytest.raises(ValueError, match="sos has two plans"):
        Plans([*shipped().all, replace(plan((0, (DESK,))), kinds=(Kind.SOS,))])


# ---- plans for areas ----


def test_a_plan_for_areas_stands_beside_the_one_for_homes_and_takes_nothing_from_it() -> None:
    before = shipped()
    fire = parse({"name": "area-fire", **AREA, "kinds": ["smoke", "gas"]})

    after = before.edited(fire)

    assert after.for_area(Kind.SMOKE) is fire
    assert after.for_area(Kind.GAS) is fire
    assert after.named("area-smoke").kinds == ()  # type: ignore[union-attr]
    assert after.of(Kind.GAS, Severity.EMERGENCY) == before.of(Kind.GAS, Severity.EMERGENCY)
    assert thaw(freeze(fire)) == fire
    with pytest.raises(ValueError, match="has two plans, 'area-smoke' and 'area-fire'"):
        Plans([*before.all, fire])


def test_plans_that_were_edited_before_there_were_any_for_areas_get_the_shipped_ones() -> None:
    old = [plan for plan in shipped().all if plan.threshold is None]
    none_for_gas = parse({"name": "area-gas", **AREA, "kinds": []})

    assert completed(old, shipped()).for_areas == shipped().for_areas
    some = [plan for plan in old if plan.severity is None]
    assert {plan.name for plan in completed(some, shipped()).all} == {plan.name for plan in shipped().all}
    assert completed([*old, none_for_gas], shipped()).for_area(Kind.GAS) is None
    assert completed([*old, none_for_gas], shipped()).for_area(Kind.CO) is not None
