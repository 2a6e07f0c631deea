"""Plans: what may be written, and what is said about what may not."""

from __future__ import annotations

import pytest

from devices.signal import Kind
from dispatcher.model import LONGEST_DELAY, Severity, Tell, Whom
from dispatcher.plans import SHIPPED, freeze, load, parse, thaw
from dispatcher.triage import SEVERITY
from tests.dispatcher.cases import DESK, plan, relatives

SHIPPED_TEXT = SHIPPED.read_text(encoding="utf-8")
LONGEST_S = int(LONGEST_DELAY.total_seconds())


def test_every_kind_of_trouble_has_a_plan_and_every_plan_ends_at_the_desk() -> None:
    plans = load(SHIPPED_TEXT)

    assert set(plans) == set(SEVERITY)
    for ladder in plans.values():
        assert any(tell.whom is Whom.DESK for tell in ladder.rungs[-1].tell)


def test_person_alarms_tell_people_at_once_and_trouble_wakes_no_relative() -> None:
    plans = load(SHIPPED_TEXT)
    for kind, severity in SEVERITY.items():
        first = {tell.whom for tell in plans[kind].rungs[0].tell}
        everybody = {tell.whom for rung in plans[kind].rungs for tell in rung.tell}
        if severity is Severity.EMERGENCY:
            assert plans[kind].rungs[0].after_s == 0
            assert first == {Whom.RELATIVES, Whom.NEAREST}
        if severity is Severity.TROUBLE:
            assert everybody == {Whom.DESK}


def test_a_plan_comes_out_of_its_incident_as_it_went_in() -> None:
    for ladder in load(SHIPPED_TEXT).values():
        assert thaw(freeze(ladder)) == ladder


DESK_RUNG = {"after_s": 0, "tell": [{"whom": "desk"}]}


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
        ({"rungs": [rung(whom="nearest")]}, "name the `kinds`"),
        ({"rungs": [rung(whom="nearest", kinds=["postman"])]}, "postman"),
        ({"rungs": [rung(whom="nearest", kinds=["clinic"], count=0)]}, "give at least 1"),
        ({"rungs": [rung(whom="relatives", count=-1)]}, "give at least 0"),
        ({"rungs": [rung("soon", whom="relatives")]}, "'<' not supported"),
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
        ("[night]\nrungs = []", "plan 'night': `kinds` cannot be read: 'kinds'"),
        ("night = 5", "plan 'night': `kinds` cannot be read"),
        ('[night]\nkinds = ["flood"]', "plan 'night': `kinds` cannot be read: 'flood'"),
        ("[night]\nkinds = 5", "plan 'night': `kinds` cannot be read"),
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
        load(SHIPPED_TEXT.replace('"sos", ', ""))
    with pytest.raises(ValueError, match="sos has two plans, 'emergency' and 'routine'"):
        load(SHIPPED_TEXT.replace('kinds = ["leak"', 'kinds = ["sos", "leak"'))


@pytest.mark.parametrize("text", ["", "{", "null", "[]", '{"name": "x"}', '"x"'])
def test_a_frozen_plan_that_is_damaged_is_refused_and_not_half_read(text: str) -> None:
    with pytest.raises((ValueError, AttributeError, TypeError)):
        thaw(text)


def test_the_last_rung_must_ring_the_desk_because_it_repeats() -> None:
    with pytest.raises(ValueError, match="must ring the desk"):
        plan((0, (DESK,)), (5, (relatives(1),)))
    assert plan((0, (relatives(1),)), (5, (DESK,))).rungs[1].tell == (Tell(Whom.DESK),)


def test_every_kind_that_is_no_trouble_has_no_plan() -> None:
    assert Kind.HEARTBEAT not in load(SHIPPED_TEXT)
