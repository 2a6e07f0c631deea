"""How contacts want to be told: few rows, kept in memory by whoever sends, who compares one revision."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection, Row, delete, insert, select

from community.errors import NotFound
from community.model import ContactChannel, Medium
from community.storage import tables as t
from community.storage.register import bump, revision

_OF = "contact_channel"


def current_revision(connection: Connection) -> int:
    """Grows with every change."""
    return revision(connection, _OF)


def of_everybody(connection: Connection) -> dict[int, tuple[ContactChannel, ...]]:
    """The wishes of each contact who has any, in their order."""
    found: defaultdict[int, list[ContactChannel]] = defaultdict(list)
    rows = t.contact_channel
    for row in connection.execute(select(rows).order_by(rows.c.contact_id, rows.c.rank)):
        found[row.contact_id].append(_channel(row))
    return {contact_id: tuple(channels) for contact_id, channels in found.items()}


def of_contact(connection: Connection, household_id: int, contact_id: int) -> tuple[ContactChannel, ...]:
    """One contact's wishes; empty: a text at any hour. NotFound when nobody there has this number."""
    _require(connection, household_id, contact_id)
    rows = t.contact_channel
    query = select(rows).where(rows.c.contact_id == contact_id).order_by(rows.c.rank)
    return tuple(_channel(row) for row in connection.execute(query))


def replace_for(
    connection: Connection, household_id: int, contact_id: int, channels: Sequence[ContactChannel]
) -> None:
    """Make these a contact's wishes, in this order. NotFound when nobody there has this number."""
    _require(connection, household_id, contact_id)
    connection.execute(delete(t.contact_channel).where(t.contact_channel.c.contact_id == contact_id))
    if channels:
        connection.execute(
            insert(t.contact_channel),
            [
                {
                    "contact_id": contact_id,
                    "rank": rank,
                    "medium": channel.medium.value,
                    "url": channel.url,
                    "starts": channel.starts,
                    "ends": channel.ends,
                }
                for rank, channel in enumerate(channels, 1)
            ],
        )
    bump(connection, _OF)


def _require(connection: Connection, household_id: int, contact_id: int) -> None:
    query = select(t.contact.c.id).where(
        t.contact.c.id == contact_id, t.contact.c.household_id == household_id
    )
    if connection.execute(query).first() is None:
        raise NotFound(
            "no_such_contact", f"household {household_id} has no contact {contact_id}: choose from its list"
        )


def _channel(row: Row[tuple[object, ...]]) -> ContactChannel:
    return ContactChannel(Medium(row.medium), url=row.url, starts=row.starts, ends=row.ends)
