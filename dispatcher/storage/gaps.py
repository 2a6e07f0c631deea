"""Gaps in the safety nets of homes as the last check found them, and the checks themselves."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import orjson
from sqlalchemy import ColumnElement, Connection, Text, cast, delete, func, insert, select, update

from community.model import Contact
from community.storage.rows import insert_row, upsert
from community.storage.tables import household, message, reach_check, reach_gap
from dispatcher.model import MessageState
from dispatcher.reach import Gap, Reason

_LOST = frozenset({MessageState.FAILED.value, MessageState.UNDELIVERABLE.value})
_TOLD = _LOST | {MessageState.DELIVERED.value}


@dataclass(frozen=True, slots=True)
class Check:
    """One look at every home. `after_id` is the last home that it has looked at."""

    id: int
    day: date | None  # None: somebody asked for it
    started_at: datetime
    after_id: int
    homes: int
    gaps: int
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class FoundGap:
    """A gap that is still there, and since when it is known."""

    id: int
    household_id: int
    gap: Gap
    since: datetime


# ---- checks ----


def begin(connection: Connection, day: date | None, now: datetime) -> int | None:
    """Begin a check; its id, or None when that day has had its own. Without a `day` one more is begun."""
    row = {"day": day, "started_at": now, "after_id": 0, "homes": 0, "gaps": 0}
    if day is None:
        return insert_row(connection, reach_check, row)
    statement = (
        upsert(connection, reach_check)
        .values(**row)
        .on_conflict_do_nothing(index_elements=[reach_check.c.day])
        .returning(reach_check.c.id)
    )
    return connection.execute(statement).scalar()


def unfinished(connection: Connection) -> Check | None:
    """The oldest check of a day that has not come to its end."""
    return _check(connection, reach_check.c.done_at.is_(None) & reach_check.c.day.is_not(None))


def check_by_id(connection: Connection, check_id: int) -> Check | None:
    return _check(connection, reach_check.c.id == check_id)


def last_finished(connection: Connection) -> Check | None:
    query = (
        select(reach_check).where(reach_check.c.done_at.is_not(None)).order_by(reach_check.c.done_at.desc())
    )
    row = connection.execute(query.limit(1)).first()
    return None if row is None else Check(**row._mapping)


def last_day(connection: Connection) -> date | None:
    """The newest day that has had its check, or has one running."""
    return connection.execute(select(func.max(reach_check.c.day))).scalar()


def advance(connection: Connection, check: Check, after_id: int, homes: int, gaps: int) -> bool:
    """Note how far a check has come; False when another worker was quicker, whose work then counts."""
    return (
        connection.execute(
            update(reach_check)
            .where(
                reach_check.c.id == check.id,
                reach_check.c.after_id == check.after_id,
                reach_check.c.done_at.is_(None),
            )
            .values(after_id=after_id, homes=check.homes + homes, gaps=check.gaps + gaps)
        ).rowcount
        == 1
    )


def finish(connection: Connection, check: Check, now: datetime) -> None:
    connection.execute(
        update(reach_check)
        .where(reach_check.c.id == check.id, reach_check.c.done_at.is_(None))
        .values(done_at=now)
    )


def _check(connection: Connection, which: ColumnElement[bool]) -> Check | None:
    row = connection.execute(select(reach_check).where(which).order_by(reach_check.c.id).limit(1)).first()
    return None if row is None else Check(**row._mapping)


# ---- gaps ----


def keep(connection: Connection, found: Mapping[int, Sequence[Gap]], now: datetime) -> None:
    """Make `found` the gaps of those homes. One that was known before keeps since when."""
    known = {
        (row.household_id, row.reason, row.plan, row.rung): row.since
        for row in connection.execute(select(reach_gap).where(reach_gap.c.household_id.in_(found)))
    }
    connection.execute(delete(reach_gap).where(reach_gap.c.household_id.in_(found)))
    rows = [
        {
            "household_id": household_id,
            "reason": gap.reason.value,
            "plan": gap.plan,
            "rung": gap.rung,
            "hours": [list(span) for span in gap.hours],
            "since": known.get((household_id, gap.reason.value, gap.plan, gap.rung), now),
        }
        for household_id, gaps in found.items()
        for gap in gaps
    ]
    if rows:
        connection.execute(insert(reach_gap), rows)


def homes_with(
    connection: Connection, after_id: int = 0, limit: int = 50, reasons: Collection[Reason] = tuple(Reason)
) -> dict[int, tuple[FoundGap, ...]]:
    """At most `limit` homes with an id above `after_id` that have gaps of `reasons`, with those gaps."""
    of_reasons = reach_gap.c.reason.in_([reason.value for reason in reasons])
    wanted = (
        select(reach_gap.c.household_id).where(reach_gap.c.household_id > after_id, of_reasons).distinct()
    )
    ids = connection.execute(wanted.order_by(reach_gap.c.household_id).limit(limit)).scalars().all()
    rows = connection.execute(
        select(reach_gap)
        .where(reach_gap.c.household_id.in_(ids), of_reasons)
        .order_by(reach_gap.c.household_id, reach_gap.c.id)
    )
    found: dict[int, list[FoundGap]] = {}
    for row in rows:
        hours = tuple((start, end) for start, end in row.hours)
        gap = Gap(Reason(row.reason), row.plan, row.rung, hours)
        found.setdefault(row.household_id, []).append(FoundGap(row.id, row.household_id, gap, row.since))
    return {household_id: tuple(gaps) for household_id, gaps in found.items()}


def rota_gaps(connection: Connection) -> tuple[tuple[Gap, int], ...]:
    """Each rung that has nobody on duty in some hours, and for how many homes."""
    hours = cast(reach_gap.c.hours, Text)
    query = (
        select(reach_gap.c.plan, reach_gap.c.rung, hours.label("hours"), func.count().label("homes"))
        .where(reach_gap.c.reason == Reason.RUNG_EMPTY.value)
        .group_by(reach_gap.c.plan, reach_gap.c.rung, hours)
        .order_by(func.count().desc(), reach_gap.c.plan, reach_gap.c.rung)
    )
    return tuple(
        (
            Gap(Reason.RUNG_EMPTY, row.plan, row.rung, tuple((a, b) for a, b in orjson.loads(row.hours))),
            row.homes,
        )
        for row in connection.execute(query)
    )


def counts(connection: Connection) -> dict[Reason, int]:
    """How many homes have a gap of each reason."""
    query = select(reach_gap.c.reason, func.count(reach_gap.c.household_id.distinct())).group_by(
        reach_gap.c.reason
    )
    known: dict[str, int] = {row.reason: row[1] for row in connection.execute(query)}
    return {reason: known.get(reason.value, 0) for reason in Reason}


def household_ids(connection: Connection, after_id: int, limit: int) -> Sequence[int]:
    """The next homes, by id."""
    query = select(household.c.id).where(household.c.id > after_id).order_by(household.c.id).limit(limit)
    return connection.execute(query).scalars().all()


def lost_contacts(connection: Connection, contacts: Collection[Contact]) -> frozenset[int]:
    """Of `contacts` those whose phone could not be reached when it was last tried."""
    phones = {contact.phone for contact in contacts}
    if not phones:
        return frozenset()
    tried = select(func.max(message.c.id)).where(message.c.phone.in_(phones), message.c.state.in_(_TOLD))
    failed = select(message.c.phone).where(
        message.c.id.in_(tried.group_by(message.c.phone)), message.c.state.in_(_LOST)
    )
    lost = set(connection.execute(failed).scalars())
    return frozenset(contact.id for contact in contacts if contact.phone in lost)
