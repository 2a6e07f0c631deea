"""The timeline's past cannot be altered unnoticed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from dispatcher.chain import first_break, link
from dispatcher.model import Entry, Fact, TimelineEntry
from tests.dispatcher.cases import START


def a_chain(length: int) -> list[TimelineEntry]:
    entries, head = [], ""
    for seq in range(1, length + 1):
        fact = Fact(Entry.NOTE, f"第{seq}句", f"account:{seq}", {"b": seq, "a": 1.5})
        at = START + timedelta(seconds=seq)
        head = link(head, seq, at, fact)
        entries.append(
            TimelineEntry(seq + 40, 7, seq, at, fact.entry, fact.actor, fact.text, fact.detail, head)
        )
    return entries


def test_a_timeline_that_nobody_touched_holds() -> None:
    assert first_break(a_chain(5)) is None
    assert first_break([]) is None


@pytest.mark.parametrize(
    "altered",
    [
        {"text": "没事"},
        {"actor": "account:1"},
        {"entry": Entry.CLOSED},
        {"at": START},
        {"detail": {}},
        {"detail": {"b": 3, "a": 1.6}},
        {"seq": 4},
        {"digest": "0" * 64},
    ],
)
def test_any_field_that_is_altered_is_found(altered: dict[str, object]) -> None:
    chain = a_chain(5)
    chain[2] = replace(chain[2], **altered)  # type: ignore[arg-type]

    assert first_break(chain) == 3


def test_an_altered_entry_with_its_digest_made_new_breaks_the_next() -> None:
    chain = a_chain(5)
    fact = Fact(chain[2].entry, "没事", chain[2].actor, chain[2].detail)
    chain[2] = replace(chain[2], text="没事", digest=link(chain[1].digest, 3, chain[2].at, fact))

    assert first_break(chain) == 4


@pytest.mark.parametrize(
    "damage, found",
    [
        (lambda chain: chain[1:], 1),
        (lambda chain: chain[:2] + chain[3:], 3),
        (lambda chain: [chain[1], chain[0], *chain[2:]], 1),
        (lambda chain: [*chain[:3], chain[2], *chain[3:]], 4),
    ],
)
def test_an_entry_that_is_dropped_swapped_or_doubled_is_found(
    damage: Callable[[list[TimelineEntry]], list[TimelineEntry]], found: int
) -> None:
    assert first_break(damage(a_chain(5))) == found


def test_the_same_moment_in_another_zone_and_the_same_detail_in_another_order_are_the_same() -> None:
    beijing = timezone(timedelta(hours=8))
    one = link("", 1, START, Fact(Entry.NOTE, "好", detail={"a": 1, "b": 2}))
    two = link("", 1, datetime.astimezone(START, beijing), Fact(Entry.NOTE, "好", detail={"b": 2, "a": 1}))

    assert one == two
    assert len(one) == 64
