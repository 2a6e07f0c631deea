"""When a text is followed by a call, when a receipt is asked for, and when nobody waits for it any more."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import ModuleType

import pytest

from dispatcher import followup
from dispatcher.followup import Astray
from dispatcher.model import Lane, MessageState, Purpose
from tests.conftest import NOW
from tests.dispatcher.test_channels import a_message

SENT = Astray(
    a_message(NOW, state=MessageState.SENT, sent_at=NOW + timedelta(seconds=1), channel="twilio"),
    rung=1,
    needed=True,
    called=False,
    reports=True,
)
ASTRAY = [
    SENT,
    replace(SENT, needed=False),
    replace(SENT, called=True),
    replace(SENT, reports=False),
    *(
        replace(SENT, message=replace(SENT.message, **change))  # type: ignore[arg-type]
        for change in (
            {"purpose": Purpose.ASK},
            {"purpose": Purpose.CLOSED},
            {"lane": Lane.ORDINARY},
            {"is_call": True},
            {"channel": "twilio-voice"},
            {"sent_at": None},
            *({"state": state, "is_call": is_call} for state in MessageState for is_call in (False, True)),
            *({"state": state, "purpose": Purpose.CLOSED} for state in MessageState),
            *({"lane": Lane.FIRST, "state": state} for state in MessageState),
        )
    ),
]
BORDERS_S = (
    -3600,
    -5.000001,
    -5,
    -1,
    0,
    1,
    14.999999,
    15,
    60.999999,
    61,
    75.999999,
    76,
    180.999999,
    181,
    3600,
)


def what_the_rules_say(rules: ModuleType) -> object:
    """Every decision on every border and just before it."""
    nobody_needs_it = [replace(one, reports=False, needed=False) for one in ASTRAY]
    unasked = [replace(one, reports=False) for one in ASTRAY]
    return [
        (
            rules.wants_call(one, now),
            rules.wants_asking(one, now),
            rules.is_given_up(one.message, now),
            rules.is_vain(one),
            rules.call_for(one).lane,
        )
        for one in (*ASTRAY, *nobody_needs_it, *unasked)
        for now in (NOW + timedelta(seconds=seconds) for seconds in BORDERS_S)
    ]


def after(seconds: float):  # type: ignore[no-untyped-def]
    return NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize("seconds, rings", [(14.9, False), (15, True), (3600, True), (-4, False), (-6, True)])
def test_a_text_is_followed_by_a_call_after_15_seconds_or_when_the_clock_was_set_back(
    seconds: float, rings: bool
) -> None:
    assert followup.wants_call(SENT, after(seconds)) is rings


@pytest.mark.parametrize("state", [MessageState.FAILED, MessageState.UNDELIVERABLE, MessageState.UNCONFIRMED])
def test_a_text_that_is_lost_is_followed_at_once(state: MessageState) -> None:
    lost = replace(SENT, message=replace(SENT.message, state=state), reports=False)
    assert followup.wants_call(lost, after(1)) is True


@pytest.mark.parametrize(
    "other",
    [
        replace(SENT, needed=False),
        replace(SENT, called=True),
        replace(SENT, reports=False),  # no channel would ever say that it arrived
        replace(SENT, message=replace(SENT.message, state=MessageState.DELIVERED)),
        replace(SENT, message=replace(SENT.message, state=MessageState.CANCELLED)),
        replace(SENT, message=replace(SENT.message, purpose=Purpose.CLOSED)),
        replace(SENT, message=replace(SENT.message, lane=Lane.ORDINARY)),
        replace(SENT, message=replace(SENT.message, is_call=True)),
        replace(SENT, message=replace(SENT.message, channel="twilio-voice")),
    ],
)
def test_nobody_is_rung_up_without_need(other: Astray) -> None:
    assert followup.wants_call(other, after(20)) is False


def test_a_text_that_no_provider_has_taken_is_followed_even_where_no_receipts_come() -> None:
    waiting = replace(SENT, message=replace(SENT.message, state=MessageState.QUEUED), reports=False)
    assert followup.wants_call(waiting, after(15)) is True


@pytest.mark.parametrize("seconds, asks", [(60.9, False), (61, True), (-2, False), (-6, True)])
def test_a_receipt_is_asked_for_a_minute_after_the_provider_took_it(seconds: float, asks: bool) -> None:
    assert followup.wants_asking(SENT, after(seconds)) is asks
    assert followup.wants_asking(replace(SENT, reports=False), after(seconds)) is False


def test_a_call_is_waited_for_longer_than_a_text() -> None:
    call = replace(SENT.message, is_call=True)
    assert [followup.is_given_up(SENT.message, after(s)) for s in (75.9, 76)] == [False, True]
    assert [followup.is_given_up(call, after(s)) for s in (76, 180.9, 181)] == [False, False, True]
    assert followup.is_given_up(replace(call, sent_at=None), after(3600)) is False


def test_the_call_is_to_the_same_person_about_the_same_on_the_same_rung() -> None:
    text = replace(SENT.message, lane=Lane.PERSON)
    draft = followup.call_for(replace(SENT, message=text, rung=3))

    assert (draft.to.who, draft.to.phone) == (text.to.who, text.to.phone)
    assert (draft.purpose, draft.rung, draft.body, draft.lane) == (text.purpose, 3, text.body, text.lane)
    assert (draft.key, draft.is_call) == (f"{text.key}.call", True)


def test_a_call_beside_a_text_that_left_delays_nobodys_first_word() -> None:
    first = replace(SENT.message, lane=Lane.FIRST)
    assert followup.call_for(replace(SENT, message=first)).lane is Lane.PERSON

    lost = replace(first, state=MessageState.UNDELIVERABLE)
    assert followup.call_for(replace(SENT, message=lost)).lane is Lane.FIRST, "nobody has heard of it yet"
