"""Who is asked many times within seconds gets one text, and no request waits for long."""

from __future__ import annotations

from datetime import timedelta
from types import ModuleType

from hypothesis import given
from hypothesis import strategies as st

from dispatcher.pace import GATHER, MANY, Pace
from tests.dispatcher.cases import after


def at(pace: Pace, seconds: float, *phones: str) -> dict[str, float]:
    """In how many seconds after the press the requests leave that leave together."""
    return {
        phone: (leaves_at - after(0)).total_seconds()
        for phone, leaves_at in pace.turns(phones, after(seconds)).items()
    }


def test_one_or_two_requests_leave_by_themselves_and_at_once() -> None:
    pace = Pace()
    assert at(pace, 0, "li", "wang", "li") == {}
    assert at(pace, 5, "li", "li") == {}, "what was said before is read by now"


def test_many_at_once_leave_together_and_at_once() -> None:
    assert at(Pace(), 0, *["li"] * 20, "wang") == {"li": 0}


def test_the_third_within_seconds_waits_a_little_and_takes_along_what_follows() -> None:
    pace = Pace()
    assert at(pace, 0, "li") == {}
    assert at(pace, 1, "li") == {}
    assert at(pace, 2, "li") == {"li": 6}, "five seconds after the last text"
    assert at(pace, 5.9, "li", "li") == {"li": 6}
    assert at(pace, 6, "li") == {"li": 11}
    assert at(pace, 7, "li") == {"li": 11}
    assert at(pace, 17, "li") == {}, "it is over"


def test_a_clock_that_was_set_back_keeps_nobody_waiting() -> None:
    pace = Pace()
    at(pace, 3600, *["li"] * 9)
    assert at(pace, 0, "li") == {}


@given(st.lists(st.tuples(st.floats(0, 8), st.integers(1, 30)), max_size=40))
def test_no_request_waits_longer_than_a_few_seconds(rounds: list[tuple[float, int]]) -> None:
    pace, seconds, texts = Pace(), 0.0, 0
    ends: set[float] = set()
    for gap, requests in rounds:
        seconds += gap
        leaves = at(pace, seconds, *["li"] * requests).get("li")
        if leaves is None:
            assert requests < MANY
            texts += requests
        else:
            assert -1e-5 <= leaves - seconds <= GATHER.total_seconds() + 1e-5
            ends.add(leaves)
    assert texts + len(ends) <= MANY * (2 + seconds / GATHER.total_seconds())


def what_the_rules_say(rules: ModuleType) -> object:
    found = []
    for gaps in ((0, 0, 0, 0), (0, 1, 1, 1, 1, 3, 1), (0, 4.999, 0.001, 5, 5), (0, -1, -6, 9, 1, 1, -4)):
        for requests in (1, 2, 3, 5):
            pace, seconds = rules.Pace(), 0.0
            for gap in gaps:
                seconds += gap
                leaves = pace.turns(["li"] * requests, after(seconds))
                found.append(leaves.get("li", after(0) - timedelta(1)))
    return found
