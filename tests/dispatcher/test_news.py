"""What is new to whom, entry by entry."""

from __future__ import annotations

from datetime import timedelta

import pytest

from devices.signal import Kind
from dispatcher.model import Entry, OfferState, TimelineEntry
from dispatcher.news import SAME_CRY, new_to_all, new_to_responder
from tests.dispatcher.cases import START

LATER = SAME_CRY / timedelta(seconds=1)
Line = tuple[Entry, dict[str, object], float]


def log(*lines: Line) -> tuple[TimelineEntry, ...]:
    return tuple(
        TimelineEntry(seq, 7, seq, START + timedelta(seconds=seconds), entry, "", "", detail, "")
        for seq, (entry, detail, seconds) in enumerate(lines, start=1)
    )


def cry(kind: Kind, seconds: float) -> Line:
    return Entry.SIGNAL, {"kind": kind.value}, seconds


def asked(responder: int, seconds: float = 0) -> Line:
    return Entry.ASKED, {"responder": responder}, seconds


def told(*responders: int, seconds: float = 0) -> Line:
    return Entry.NEWS, {"responders": list(responders)}, seconds


RUNG: Line = (Entry.RUNG, {}, 0)


@pytest.mark.parametrize(
    "second, seconds, is_news",
    [
        (Kind.FALL, 1, True),  # another kind of trouble, however soon
        (Kind.SOS, LATER - 0.000001, False),  # the same cry
        (Kind.SOS, LATER, True),
        (Kind.SOS, -LATER, True),  # the clock was set back: the order of the timeline counts
        (Kind.LEAK, 1, True),
        (Kind.LOW_BATTERY, 3600, False),  # who hurries need not hear of a battery
        (Kind.OFFLINE, 3600, False),
    ],
)
def test_what_is_news_after_a_press(second: Kind, seconds: float, is_news: bool) -> None:
    known = log(cry(Kind.SOS, 0), RUNG, asked(1), cry(second, seconds))

    assert (new_to_responder(known, 1) is not None) is is_news
    assert (new_to_all(known) is not None) is is_news


def test_a_leak_that_is_reported_again_is_no_news() -> None:
    assert new_to_responder(log(cry(Kind.LEAK, 0), asked(1), cry(Kind.LEAK, 3600)), 1) is None


def test_the_worst_is_told_and_of_equals_the_latest() -> None:
    more = log(cry(Kind.INACTIVITY, 0), asked(1), cry(Kind.FALL, 5), cry(Kind.SMOKE, 9), cry(Kind.LEAK, 12))
    found = new_to_responder(more, 1)

    assert found is not None
    assert found.detail["kind"] == "smoke"


def test_each_knows_what_was_known_when_she_was_asked() -> None:
    """The second was asked after the fire; the first was asked before it, and may say yes only now."""
    known = log(cry(Kind.SOS, 0), asked(1), cry(Kind.SMOKE, 9), asked(2))

    assert new_to_responder(known, 1) is not None
    assert new_to_responder(known, 2) is None


def test_what_was_passed_on_is_not_passed_on_again() -> None:
    known = log(cry(Kind.SOS, 0), asked(1), asked(2), cry(Kind.SMOKE, 9), told(1, seconds=9))

    assert new_to_responder(known, 1) is None
    assert new_to_responder(known, 2) is not None
    assert new_to_all(known) is None


@pytest.mark.parametrize("state, known", [(OfferState.ARRIVED, True), (OfferState.DONE, True)])
def test_whoever_was_there_has_seen_it(state: OfferState, known: bool) -> None:
    before = log(cry(Kind.SOS, 0), RUNG, cry(Kind.FALL, 60), (Entry.OFFER, {"state": state.value}, 90))

    assert (new_to_all(before) is None) is known


@pytest.mark.parametrize("state", [OfferState.ACCEPTED, OfferState.DECLINED])
def test_an_answer_from_the_way_has_seen_nothing(state: OfferState) -> None:
    before = log(cry(Kind.SOS, 0), RUNG, cry(Kind.FALL, 60), (Entry.OFFER, {"state": state.value}, 90))

    assert new_to_all(before) is not None


def test_who_presses_without_end_is_news_every_other_minute() -> None:
    """Each press is a minute after the one before: the first, then every one that is `SAME_CRY` after the
    last
    that was passed on."""
    lines: list[Line] = [cry(Kind.SOS, 0), asked(1)]
    news = []
    for minute in range(1, 8):
        lines.append(cry(Kind.SOS, 60 * minute))
        if new_to_responder(log(*lines), 1) is not None:
            news.append(minute)
            lines.append(told(1, seconds=60 * minute))

    assert news == [2, 4, 6]
