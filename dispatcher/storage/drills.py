"""The monthly tests of relatives' numbers, and what came of them. One row for a number and a month."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, exists, func, select, update

from community.storage.rows import upsert
from community.storage.tables import contact, drill, incident, message, reply, withdrawal
from dispatcher.model import LOST, Meaning, Purpose
from dispatcher.reachability import Trial
from dispatcher.storage.questions import ASKS

_ANSWERABLE = timedelta(days=14)
_ASKED_LATELY = timedelta(hours=12)
_WANTS_NONE = exists().where(withdrawal.c.phone == drill.c.phone, withdrawal.c.restored_at.is_(None))
_WAITS = and_(drill.c.asked_at.is_(None), ~_WANTS_NONE)


def plan(connection: Connection, month: str, at: Callable[[str], datetime | None]) -> int:
    """Plan a test for each contact's number that has none this month; `at` says when. Returns how many."""
    planned = select(drill.c.phone).where(drill.c.month == month)
    silent = select(withdrawal.c.phone).where(withdrawal.c.restored_at.is_(None))
    numbers = connection.execute(
        select(contact.c.phone)
        .where(contact.c.phone.not_in(planned), contact.c.phone.not_in(silent), contact.c.phone != "")
        .distinct()
    ).scalars()
    rows = [
        {"month": month, "phone": phone, "due_at": due_at, "by_hand": False}
        for phone in sorted(numbers)
        if (due_at := at(phone)) is not None
    ]
    if rows:
        statement = upsert(connection, drill).on_conflict_do_nothing(
            index_elements=[drill.c.phone, drill.c.month]
        )
        connection.execute(statement, rows)
    return len(rows)


def drill_now(connection: Connection, month: str, phone: str, now: datetime) -> None:
    """Somebody wants this number tested at once; what this month's test has shown is forgotten."""
    anew = {"due_at": now, "by_hand": True, "asked_at": None, "answered_at": None, "message_key": ""}
    statement = upsert(connection, drill).values(month=month, phone=phone, **anew)
    connection.execute(
        statement.on_conflict_do_update(index_elements=[drill.c.phone, drill.c.month], set_=anew)
    )


def is_any_due(connection: Connection, now: datetime, *, by_hand: bool = False) -> bool:
    """A cheap look, without a lock; only for those that somebody asked for, `by_hand`."""
    waits = select(drill.c.id).where(_WAITS, drill.c.due_at <= now)
    if by_hand:
        waits = waits.where(drill.c.by_hand)
    return connection.execute(waits.limit(1)).first() is not None


def waiting(connection: Connection, phones: Collection[str]) -> frozenset[str]:
    """Which of `phones` have a test that somebody asked for and that has not left."""
    waits = select(drill.c.phone).where(drill.c.phone.in_(list(phones)), drill.c.by_hand, _WAITS)
    return frozenset(connection.execute(waits).scalars())


def key_of(connection: Connection, phone: str, now: datetime) -> str:
    """The message of the newest test of `phone`; empty when there is none that can still be answered."""
    newest = (
        select(drill.c.message_key)
        .where(drill.c.phone == phone, drill.c.asked_at > now - _ANSWERABLE)
        .order_by(drill.c.asked_at.desc())
        .limit(1)
    )
    return connection.execute(newest).scalar() or ""


def prove(connection: Connection, key: str, now: datetime) -> None:
    """Whoever the test `key` went to has it."""
    held = drill.c.message_key == key, drill.c.answered_at.is_(None)
    connection.execute(update(drill).where(*held).values(answered_at=now))


def due(connection: Connection, now: datetime, most: int, *, civil: bool) -> list[tuple[int, str]]:
    """(id, phone) of tests that are due, locked; outside `civil` hours only those asked for by hand.

    A number that was asked something else lately waits: its "1" would answer the wrong question.
    """
    asked_in_a_case = exists().where(
        message.c.phone == drill.c.phone,
        message.c.purpose.in_(ASKS),
        incident.c.id == message.c.incident_id,
        incident.c.closed_at.is_(None),
    )
    asked_if_well = exists().where(
        message.c.phone == drill.c.phone,
        message.c.purpose == Purpose.CHECK.value,
        message.c.created_at > now - _ASKED_LATELY,
    )
    waits = (_WAITS, drill.c.due_at <= now, ~asked_in_a_case, ~asked_if_well)
    query = select(drill.c.id, drill.c.phone).where(*waits).order_by(drill.c.due_at).limit(most)
    if not civil:
        query = query.where(drill.c.by_hand)
    locked = query.with_for_update(skip_locked=True, of=drill)
    return [(row.id, row.phone) for row in connection.execute(locked)]


def ask(connection: Connection, drill_id: int, key: str, now: datetime) -> None:
    """A test leaves, in the message `key`."""
    connection.execute(update(drill).where(drill.c.id == drill_id).values(asked_at=now, message_key=key))


def drop(connection: Connection, drill_id: int) -> None:
    """A test of a number that is nobody's any more is not needed."""
    connection.execute(drill.delete().where(drill.c.id == drill_id))


def answer(connection: Connection, phone: str, now: datetime) -> bool:
    """Take a text from `phone` for the answer to its test; False when it was asked something else since."""
    newest = (
        select(message.c.key, message.c.purpose)
        .where(message.c.phone == phone, message.c.purpose.in_((*ASKS, Purpose.DRILL.value)))
        .order_by(message.c.id.desc())
        .limit(1)
    )
    row = connection.execute(newest).first()
    if row is None or row.purpose != Purpose.DRILL.value:
        return False
    return (
        connection.execute(
            update(drill)
            .where(
                drill.c.message_key == row.key,
                drill.c.answered_at.is_(None),
                drill.c.asked_at > now - _ANSWERABLE,
            )
            .values(answered_at=now)
        ).rowcount
        == 1
    )


def trials(connection: Connection, phones: Collection[str]) -> dict[str, Trial]:
    """The newest test of each of `phones` that has left."""
    query = (
        select(drill, message.c.state, message.c.delivered_at)
        .outerjoin(message, message.c.key == drill.c.message_key)
        .where(drill.c.phone.in_(list(phones)), drill.c.asked_at.is_not(None))
        .order_by(drill.c.asked_at)
    )
    lost = {state.value for state in LOST}
    return {
        row.phone: Trial(row.asked_at, row.answered_at, row.delivered_at, row.state in lost, row.state or "")
        for row in connection.execute(query)
    }


def last_heard(connection: Connection, phones: Collection[str]) -> dict[str, datetime]:
    """When each of `phones` last sent a text that somebody understood."""
    query = (
        select(reply.c.phone, func.max(reply.c.received_at).label("at"))
        .where(reply.c.phone.in_(list(phones)), reply.c.meaning != Meaning.UNCLEAR.value)
        .group_by(reply.c.phone)
    )
    return {row.phone: row.at for row in connection.execute(query)}
