"""What the database itself refuses, whoever writes; and what the check after every test would find."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert, update
from sqlalchemy.exc import IntegrityError

from community.storage.tables import alarm, incident, message, offer, phone_text, signal, timeline
from devices.signal import Kind
from tests.dispatcher.cases import START
from tests.invariants import broken_promises
from tests.town import Town


@pytest.fixture
def broken(town: Town) -> Iterator[Connection]:
    """A transaction on a town with one covered case, that is never committed."""
    town.resident("王秀英", contacts=("女儿",))
    town.responder("李强", metres=400)
    town.responder("张敏", metres=500)
    town.press("王秀英")
    town.answer("李强", "1")
    with town.store.engine.connect() as connection:
        transaction = connection.begin()
        yield connection
        transaction.rollback()


@contextmanager
def tried(connection: Connection) -> Iterator[None]:
    """What is done here is undone."""
    with connection.begin_nested() as savepoint:
        yield
        if savepoint.is_active:
            savepoint.rollback()


def an_incident(**more: Any) -> dict[str, Any]:
    return {
        "subject": "household:99",
        "kind": "sos",
        "severity": 3,
        "stage": "raised",
        "opened_at": START,
        "due_at": START,
        "plan": "{}",
        "rung": 0,
        "ladder_rung": 0,
        "ladder_at": START,
        "version": 0,
        "digest": "",
        **more,
    }


def a_message(**more: Any) -> dict[str, Any]:
    return {
        "key": "k1",
        "who": "contact:1",
        "name": "女儿",
        "phone": "+8613900000001",
        "purpose": "raised",
        "rung": 1,
        "body": "…",
        "channel": "",
        "lane": 1,
        "state": "queued",
        "attempts": 0,
        "created_at": START,
        "due_at": START,
        **more,
    }


def test_what_the_constraints_are_tried_with_is_itself_accepted(broken: Connection) -> None:
    broken.execute(insert(incident).values(an_incident()))
    broken.execute(insert(message).values(a_message()))


IMPOSSIBLE_INCIDENTS = [
    (an_incident(due_at=None), "open_has_a_due_time"),
    (an_incident(stage="closed", close_code="helped", due_at=None), "closed_has_a_time"),
    (an_incident(stage="closed", closed_at=START, due_at=None), "closed_has_a_code"),
    (an_incident(closed_at=START), "closed_has_a_time"),
    (an_incident(close_code="helped"), "closed_has_a_code"),
    (an_incident(stage="closed", closed_at=START, close_code="helped"), "open_has_a_due_time"),
    (an_incident(stage="lost"), "stage_known"),
    (an_incident(claimed_by=1), "claim_is_whole"),
    (an_incident(claimed_at=START), "claim_is_whole"),
]


def test_an_incident_that_cannot_be_is_refused(broken: Connection, subtests: pytest.Subtests) -> None:
    for values, constraint in IMPOSSIBLE_INCIDENTS:
        with subtests.test(constraint), tried(broken), pytest.raises(IntegrityError, match=constraint):
            broken.execute(insert(incident).values(values))


def test_a_home_has_one_open_incident(broken: Connection) -> None:
    values = an_incident(subject="household:1")

    with pytest.raises(IntegrityError, match=r"incident\.subject|uq_incident_open_subject"):
        broken.execute(insert(incident).values(values))


def test_a_closed_incident_makes_room_for_the_next(broken: Connection) -> None:
    over = an_incident(stage="closed", closed_at=START, close_code="helped", due_at=None)

    broken.execute(insert(incident), [over, over])
    broken.execute(insert(incident).values(an_incident()))


def test_a_home_has_one_uncleared_alarm_of_a_kind(broken: Connection) -> None:
    again = {
        "incident_id": 1,
        "subject": "household:1",
        "kind": "sos",
        "severity": 3,
        "device_key": "x",
        "raised_at": START,
        "last_at": START,
        "times": 1,
    }
    broken.execute(insert(alarm).values(**again | {"kind": "smoke"}))
    broken.execute(insert(alarm).values(**again, cleared_at=START))
    with pytest.raises(IntegrityError, match=r"alarm\.subject|uq_alarm_uncleared_subject_kind"):
        broken.execute(insert(alarm).values(again))


def test_nobody_is_asked_twice_at_once_for_one_case(broken: Connection) -> None:
    again = {"incident_id": 1, "responder_id": 1, "why": "", "asked_at": START, "expires_at": START}
    broken.execute(insert(offer).values(**again, state="declined"))
    with pytest.raises(IntegrityError, match=r"offer\.incident_id|uq_offer_open_incident_responder"):
        broken.execute(insert(offer).values(**again, state="asked"))


IMPOSSIBLE_MESSAGES = [
    (a_message(state="sending"), "sending_has_a_lease"),
    (a_message(lease_until=START), "sending_has_a_lease"),
    (a_message(state="sent", lease_until=START), "sending_has_a_lease"),
    (a_message(state="lost"), "state_known"),
    (a_message(key="i1.r1.contact:1"), "key"),
    (a_message(incident_id=4711), "(?i)foreign key"),
]


def test_a_message_that_cannot_be_is_refused(broken: Connection, subtests: pytest.Subtests) -> None:
    for values, constraint in IMPOSSIBLE_MESSAGES:
        with subtests.test(constraint), tried(broken), pytest.raises(IntegrityError, match=constraint):
            broken.execute(insert(message).values(values))


def test_a_signal_is_stored_once(town: Town) -> None:
    town.resident("王秀英")
    town.say("王秀英", Kind.SOS, unique="a#1")
    town.say("王秀英", Kind.SOS, unique="a#1")

    [card] = town.open_cards()
    with town.store.read() as connection:
        assert card.version == 2 + sum(
            1 for _ in connection.execute(timeline.select().where(timeline.c.seq > 2))
        )


# ---- the check after every test would find each broken promise ----


def test_a_town_in_order_breaks_no_promise(broken: Connection) -> None:
    assert broken_promises(broken) == []


BROKEN_PROMISES = [
    (update(incident).values(subject="household:77"), "alarm 1 (sos of household:1) is not over"),
    (update(timeline).where(timeline.c.seq == 2).values(text="没事"), "breaks at entry 2"),
    (delete(timeline).where(timeline.c.seq == 1), "breaks at entry 1"),
    (update(incident).values(version=99), "is at version 99"),
    (update(incident).values(stage="raised"), "says raised, its offers say covered"),
    (update(incident).values(covered_at=None), "was never covered"),
    (
        update(offer).where(offer.c.responder_id == 1).values(state="arrived"),
        "says covered, its offers say on_scene",
    ),
    (
        insert(phone_text).values(
            [{"phone": "1", "message_key": "k", "body": "", "at": START + timedelta(n)} for n in (1, 2)]
        ),
        "2 texts on phones have the key k",
    ),
    (
        insert(signal).values(
            unique_key="u",
            device_key="care:x",
            kind="smoke",
            state="active",
            received_at=START,
            is_old=False,
            is_test=False,
            rule="",
            text="",
            topic="",
            payload=b"",
        ),
        "1 × smoke of device:care:x is stored and stands on no timeline",
    ),
    (
        update(incident).values(stage="closed", closed_at=START, close_code="helped", due_at=None),
        "offer 1 is open, its incident 1 is closed",
    ),
]


def test_a_broken_promise_is_found(broken: Connection, subtests: pytest.Subtests) -> None:
    for statement, says in BROKEN_PROMISES:
        with subtests.test(says), tried(broken):
            broken.execute(statement)
            assert any(says in promise for promise in broken_promises(broken))


def test_an_arrival_without_a_time_is_found(broken: Connection) -> None:
    broken.execute(update(offer).where(offer.c.responder_id == 1).values(state="arrived"))
    broken.execute(update(incident).values(stage="on_scene"))

    assert "incident 1 is on scene since nobody knows when" in broken_promises(broken)
