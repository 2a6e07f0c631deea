"""What people answered, and what nobody could read: kept as it came until a human has looked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, select, update

from community.storage.rows import upsert
from community.storage.tables import incident, message, reply, unread
from dispatcher.model import Meaning
from dispatcher.storage.questions import ASKS


def keep(
    connection: Connection, dedupe_key: str, phone: str, body: str, meaning: Meaning, now: datetime
) -> int | None:
    """Keep a reply; its id, or None when the same one was kept before."""
    statement = (
        upsert(connection, reply)
        .values(dedupe_key=dedupe_key, phone=phone, body=body, received_at=now, meaning=meaning.value)
        .on_conflict_do_nothing(index_elements=[reply.c.dedupe_key])
        .returning(reply.c.id)
    )
    return connection.execute(statement).scalar()


def open_cases_of(connection: Connection, phone: str) -> list[tuple[int, str]]:
    """(incident id, who) of the open cases in which this phone was asked something, newest first."""
    query = _asked_in_open_cases([phone])
    return [(incident_id, who) for _, incident_id, who in connection.execute(query)]


def open_cases_by_phone(connection: Connection, phones: Collection[str]) -> dict[str, tuple[int, ...]]:
    """The open cases in which each of `phones` was asked something, newest question first."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for phone, incident_id, _ in connection.execute(_asked_in_open_cases(phones)):
        if incident_id not in found[phone]:
            found[phone].append(incident_id)
    return {phone: tuple(ids) for phone, ids in found.items()}


def _asked_in_open_cases(phones: Collection[str]) -> Select[Any]:
    return (
        select(message.c.phone, message.c.incident_id, message.c.who)
        .join(incident, incident.c.id == message.c.incident_id)
        .where(
            message.c.phone.in_(list(phones)),
            message.c.purpose.in_(ASKS),
            incident.c.closed_at.is_(None),
        )
        .order_by(message.c.id.desc())
    )


@dataclass(frozen=True, slots=True)
class Kept:
    """A reply as it was kept; `incident_id` is the case that it belongs to."""

    phone: str
    body: str
    meaning: Meaning
    incident_id: int | None


def kept(connection: Connection, reply_id: int) -> Kept | None:
    """A reply; None when there is no such one."""
    query = select(reply.c.phone, reply.c.body, reply.c.meaning, reply.c.incident_id)
    row = connection.execute(query.where(reply.c.id == reply_id)).first()
    return None if row is None else Kept(row.phone, row.body, Meaning(row.meaning), row.incident_id)


def assign(connection: Connection, reply_id: int, incident_id: int, now: datetime) -> bool:
    """An operator joins a reply that belongs to no case; False when somebody was faster."""
    return (
        connection.execute(
            update(reply)
            .where(reply.c.id == reply_id, reply.c.incident_id.is_(None))
            .values(incident_id=incident_id, seen_at=now)
        ).rowcount
        == 1
    )


def join(
    connection: Connection,
    reply_id: int,
    incident_id: int | None,
    meaning: Meaning,
    *,
    seen_at: datetime | None,
) -> None:
    """A reply belongs to a case, where it means `meaning`; `seen_at` is set when no human needs to look."""
    values = {"incident_id": incident_id, "meaning": meaning.value, "seen_at": seen_at}
    connection.execute(update(reply).where(reply.c.id == reply_id).values(**values))


def understood(connection: Connection, reply_id: int, meaning: Meaning, *, seen_at: datetime | None) -> None:
    """A reply that belongs to no case and answers something else; `seen_at` when no human needs to look."""
    connection.execute(
        update(reply).where(reply.c.id == reply_id).values(meaning=meaning.value, seen_at=seen_at)
    )


def see_reply(connection: Connection, reply_id: int, now: datetime) -> int | None:
    """Mark a reply as seen; the incident it belongs to, if it was unseen and has one."""
    return connection.execute(
        update(reply)
        .where(reply.c.id == reply_id, reply.c.seen_at.is_(None))
        .values(seen_at=now)
        .returning(reply.c.incident_id)
    ).scalar()


def see_unread(connection: Connection, unread_id: int, account_id: int, now: datetime) -> bool:
    """Mark a message that nobody could read as seen; False when there is no such unseen one."""
    return (
        connection.execute(
            update(unread)
            .where(unread.c.id == unread_id, unread.c.seen_at.is_(None))
            .values(seen_at=now, seen_by=account_id)
        ).rowcount
        == 1
    )
