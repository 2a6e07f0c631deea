"""Who is due for the weekly summary, and what is counted for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select, update

from community.storage import register
from community.storage.tables import (
    alarm,
    contact,
    device,
    incident,
    message,
    signal,
    supervision,
    weekly,
    welfare_check,
)
from devices.signal import Kind
from dispatcher.model import CloseCode, MessageState, Purpose, Severity
from dispatcher.storage.outbox import IN_HAND
from dispatcher.supervision import Presence
from dispatcher.weekly import FURTHEST, PATIENCE, WEEK, Week, kit_of

_FRESH = timedelta(
    hours=1
)  # a summary that could not leave for so long is called back: it would come at night


@dataclass(frozen=True, slots=True)
class Due:
    """A number whose summary may be due."""

    phone: str
    due_at: datetime


def is_any_due(connection: Connection, now: datetime) -> bool:
    """A cheap look, without a lock."""
    return connection.execute(select(weekly.c.phone).where(_due(now)).limit(1)).first() is not None


def due(connection: Connection, now: datetime, most: int) -> list[Due]:
    """Numbers whose time has come, locked, while no case is open in any of their homes, and no question
    whether she is well. Also those that wait for longer than anybody does: a clock was set back.
    """
    mine = contact.c.phone == weekly.c.phone
    in_a_case = exists().where(
        mine, incident.c.household_id == contact.c.household_id, incident.c.closed_at.is_(None)
    )
    asked_if_well = exists().where(
        mine, welfare_check.c.household_id == contact.c.household_id, welfare_check.c.state == "open"
    )
    query = (
        select(weekly)
        .where(_due(now), or_(weekly.c.due_at <= now - PATIENCE, and_(~in_a_case, ~asked_if_well)))
        .order_by(weekly.c.due_at)
        .limit(most)
        .with_for_update(skip_locked=True, of=weekly)
    )
    return [Due(row.phone, row.due_at) for row in connection.execute(query)]


def _due(now: datetime) -> ColumnElement[bool]:
    return or_(weekly.c.due_at <= now, weekly.c.due_at > now + FURTHEST)


def settle(connection: Connection, phone: str, due_at: datetime) -> None:
    """The next one of `phone` is due at `due_at`."""
    connection.execute(update(weekly).where(weekly.c.phone == phone).values(due_at=due_at))


def is_any_waiting(connection: Connection) -> bool:
    """Whether a summary has not left yet; a cheap look, without a lock."""
    waits = select(message.c.id).where(IN_HAND, message.c.purpose == Purpose.WEEKLY.value).limit(1)
    return connection.execute(waits).first() is not None


def call_back(connection: Connection, now: datetime, phone: str | None = None) -> int:
    """Cancel summaries that have not left: to `phone`; without one, those that are an hour old, and those to
    whom a case is open by now. How many."""
    queued = and_(IN_HAND, message.c.state == MessageState.QUEUED.value)
    mine = and_(queued, message.c.purpose == Purpose.WEEKLY.value)
    in_a_case = exists().where(
        contact.c.phone == message.c.phone,
        incident.c.household_id == contact.c.household_id,
        incident.c.closed_at.is_(None),
    )
    which = message.c.phone == phone if phone else or_(message.c.created_at < now - _FRESH, in_a_case)
    cancelled = update(message).where(mine, which).values(state=MessageState.CANCELLED.value)
    return connection.execute(cancelled).rowcount


def homes_of(connection: Connection, phone: str) -> list[tuple[int, int, str]]:
    """(household, contact, name) of each home whose contact has this number, by the contact's id."""
    query = select(contact.c.household_id, contact.c.id, contact.c.name).where(contact.c.phone == phone)
    return [tuple(row) for row in connection.execute(query.order_by(contact.c.id))]


def week_of(connection: Connection, household_ids: Collection[int], now: datetime) -> list[Week]:
    """What is told of these homes, in the given order: the seven days before `now`."""
    ids, since = list(dict.fromkeys(household_ids)), now - WEEK
    homes = register.homes(connection, ids)
    devices = register.devices_of_homes(connection, ids)
    cases = (
        select(incident.c.household_id, incident.c.close_code, func.count().label("times"))
        .where(
            incident.c.household_id.in_(ids),
            incident.c.severity == int(Severity.EMERGENCY),
            incident.c.opened_at > since,
        )
        .group_by(incident.c.household_id, incident.c.close_code)
    )
    calls, tests = defaultdict[int, int](int), defaultdict[int, int](int)
    for row in connection.execute(cases):
        (tests if row.close_code == CloseCode.TEST.value else calls)[row.household_id] += row.times
    tried = (
        select(device.c.household_id, func.count().label("times"))
        .join(signal, signal.c.device_key == device.c.key)
        .where(
            device.c.household_id.in_(ids),
            signal.c.received_at > since,
            or_(signal.c.is_test, signal.c.kind == Kind.TEST.value),
        )
        .group_by(device.c.household_id)
    )
    for row in connection.execute(tried):
        tests[row.household_id] += row.times
    silent = set(
        connection.execute(
            select(supervision.c.id).where(
                supervision.c.id.in_([one.id for one in devices]),
                supervision.c.presence == Presence.DOWN.value,
            )
        ).scalars()
    )
    low = (
        select(alarm.c.device_key)
        .join(incident, incident.c.id == alarm.c.incident_id)
        .where(
            incident.c.household_id.in_(ids),
            alarm.c.kind == Kind.LOW_BATTERY.value,
            alarm.c.last_at > since,
        )
    )
    said_low = set(connection.execute(low.distinct()).scalars())
    return [
        Week(
            homes[id],
            calls[id],
            tests[id],
            kit_of([one for one in devices if one.household_id == id], silent, said_low),
        )
        for id in ids
        if id in homes
    ]
