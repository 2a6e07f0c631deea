"""Requests that leave as one text: the text is a message of its own, the requests stay what they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from community.storage.rows import insert_row
from community.storage.tables import bundled, message, reply_code
from dispatcher.model import RANK, Message, MessageState
from dispatcher.storage.casebook import message_from


@dataclass(frozen=True, slots=True)
class Part:
    """One of several requests in one text; the first has `place` 0. Not every one is named in it."""

    message: Message
    place: int
    is_named: bool


def bind(
    connection: Connection, text: dict[str, Any], parts: Sequence[Part], wait_until: datetime
) -> Message:
    """Write the one text, under the lease it carries, and let its `parts` wait for what becomes of it."""
    id = insert_row(connection, message, text)
    rows = [
        {"message_id": part.message.id, "bundle_id": id, "place": part.place, "is_named": part.is_named}
        for part in parts
    ]
    connection.execute(insert(bundled), rows)
    connection.execute(
        update(message)
        .where(message.c.id.in_([part.message.id for part in parts]))
        .values(attempts=message.c.attempts + 1, due_at=wait_until)
    )
    return message_from(connection.execute(select(message).where(message.c.id == id)).one())


def parts_of(connection: Connection, bundle_ids: Collection[int]) -> dict[int, list[Part]]:
    """The requests in each of these texts, in their order."""
    found: defaultdict[int, list[Part]] = defaultdict(list)
    query = (
        select(message, bundled.c.bundle_id, bundled.c.place, bundled.c.is_named)
        .join(bundled, bundled.c.message_id == message.c.id)
        .where(bundled.c.bundle_id.in_(sorted(bundle_ids)))
        .order_by(bundled.c.bundle_id, bundled.c.place)
    )
    for row in connection.execute(query):
        found[row.bundle_id].append(Part(message_from(row), row.place, bool(row.is_named)))
    return found


def first_of(connection: Connection, bundle_ids: Collection[int]) -> dict[int, int]:
    """The case to which each of these texts asks to go first."""
    query = (
        select(bundled.c.bundle_id, message.c.incident_id)
        .join(message, message.c.id == bundled.c.message_id)
        .where(bundled.c.bundle_id.in_(sorted(bundle_ids)), bundled.c.place == 0)
    )
    return {row.bundle_id: row.incident_id for row in connection.execute(query)}


def follow(
    connection: Connection, message_id: int, state: MessageState, channel: str, now: datetime, error: str
) -> bool:
    """A request shares the fate of its text; False when it was called off, or as much was known of it."""
    below = [s.value for s in MessageState if RANK[s] < RANK[state]]
    values: dict[str, Any] = {"state": state.value, "error": error}
    if channel:
        values["channel"] = channel
    if state in (MessageState.SENT, MessageState.DELIVERED):
        values["sent_at" if state is MessageState.SENT else "delivered_at"] = now
    changed = update(message).where(message.c.id == message_id, message.c.state.in_(below)).values(**values)
    return connection.execute(changed).rowcount == 1


def codes_of(
    connection: Connection, phones: Collection[str], incident_ids: Collection[int]
) -> dict[tuple[str, int], str]:
    """By which code each phone answers to each of these cases; none where bare digits do."""
    query = select(reply_code.c.phone, reply_code.c.incident_id, reply_code.c.code).where(
        reply_code.c.phone.in_(sorted(phones)), reply_code.c.incident_id.in_(sorted(incident_ids))
    )
    return {(phone, incident_id): code for phone, incident_id, code in connection.execute(query)}
