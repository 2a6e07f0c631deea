"""How people want to be told: few rows, kept in memory by whoever sends, who compares one revision.

Contacts and responders alike; each is named as messages name them, `contact:<id>` or `responder:<id>`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Row, Table, delete, insert, select

from community.errors import NotFound
from community.model import ContactChannel, Medium
from community.storage import tables as t
from community.storage.register import bump, revision

_OF = "contact_channel"


@dataclass(frozen=True, slots=True)
class _Rows:
    """Where the wishes of one kind of people are, and the column that says whose they are."""

    table: Table
    owner: str

    @property
    def of(self) -> ColumnElement[int]:
        return self.table.c[self.owner]


_TABLES = {
    "contact": _Rows(t.contact_channel, "contact_id"),
    "responder": _Rows(t.responder_channel, "responder_id"),
}


def current_revision(connection: Connection) -> int:
    """Grows with every change."""
    return revision(connection, _OF)


def of_everybody(connection: Connection) -> dict[str, tuple[ContactChannel, ...]]:
    """The wishes of each person who has any, in their order."""
    found: defaultdict[str, list[ContactChannel]] = defaultdict(list)
    for kind, rows in _TABLES.items():
        for row in connection.execute(select(rows.table).order_by(rows.of, rows.table.c.rank)):
            found[f"{kind}:{row._mapping[rows.owner]}"].append(_channel(row))
    return {who: tuple(channels) for who, channels in found.items()}


def of_contact(connection: Connection, household_id: int, contact_id: int) -> tuple[ContactChannel, ...]:
    """One contact's wishes; empty: a text at any hour. NotFound when nobody there has this number."""
    _require_contact(connection, household_id, contact_id)
    return _of_one(connection, _TABLES["contact"], contact_id)


def of_responder(connection: Connection, responder_id: int) -> tuple[ContactChannel, ...]:
    """One responder's wishes; empty: a text at any hour. NotFound when there is no such responder."""
    _require_responder(connection, responder_id)
    return _of_one(connection, _TABLES["responder"], responder_id)


def replace_for_contact(
    connection: Connection, household_id: int, contact_id: int, channels: Sequence[ContactChannel]
) -> None:
    """Make these a contact's wishes, in this order. NotFound when nobody there has this number."""
    _require_contact(connection, household_id, contact_id)
    _replace(connection, _TABLES["contact"], contact_id, channels)


def replace_for_responder(
    connection: Connection, responder_id: int, channels: Sequence[ContactChannel]
) -> None:
    """Make these a responder's wishes, in this order. NotFound when there is no such responder."""
    _require_responder(connection, responder_id)
    _replace(connection, _TABLES["responder"], responder_id, channels)


def _of_one(connection: Connection, rows: _Rows, owner_id: int) -> tuple[ContactChannel, ...]:
    query = select(rows.table).where(rows.of == owner_id).order_by(rows.table.c.rank)
    return tuple(_channel(row) for row in connection.execute(query))


def _replace(connection: Connection, rows: _Rows, owner_id: int, channels: Sequence[ContactChannel]) -> None:
    connection.execute(delete(rows.table).where(rows.of == owner_id))
    if channels:
        connection.execute(
            insert(rows.table),
            [
                {
                    rows.owner: owner_id,
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


def _require_contact(connection: Connection, household_id: int, contact_id: int) -> None:
    query = select(t.contact.c.id).where(
        t.contact.c.id == contact_id, t.contact.c.household_id == household_id
    )
    if connection.execute(query).first() is None:
        raise NotFound(
            "no_such_contact", f"household {household_id} has no contact {contact_id}: choose from its list"
        )


def _require_responder(connection: Connection, responder_id: int) -> None:
    if connection.execute(select(t.responder.c.id).where(t.responder.c.id == responder_id)).first() is None:
        raise NotFound("no_such_responder", f"there is no responder {responder_id}")


def _channel(row: Row[tuple[object, ...]]) -> ContactChannel:
    return ContactChannel(Medium(row.medium), url=row.url, starts=row.starts, ends=row.ends)
