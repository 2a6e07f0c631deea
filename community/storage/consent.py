"""What may be sent to a number. Kept by number, so that it outlives a contact that is entered again.

Who wants no texts, who wants the weekly summary, and each time somebody has said so: when, how, and who wrote
it down. That history is appended to and never edited.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from community.errors import Conflict
from community.model import Consent, Topic, Way
from community.storage import register
from community.storage.rows import insert_row, upsert
from community.storage.tables import account, consent, contact, weekly, withdrawal


def withdraw(
    connection: Connection, phone: str, at: datetime, way: Way = Way.TEXT, account_id: int | None = None
) -> bool:
    """`phone` wants no more texts, nor the weekly one; False when that was known."""
    _in_turn(connection)
    _note(connection, phone, Topic.TEXTS, False, way, account_id, at)
    unsubscribe(connection, phone, at, way, account_id)
    known = upsert(connection, withdrawal).values(phone=phone, withdrawn_at=at, restored_at=None)
    changed = known.on_conflict_do_update(
        index_elements=[withdrawal.c.phone],
        set_={"withdrawn_at": at, "restored_at": None},
        where=withdrawal.c.restored_at.is_not(None),
    ).returning(withdrawal.c.phone)
    return connection.execute(changed).first() is not None


def restore(
    connection: Connection, phone: str, at: datetime, way: Way = Way.TEXT, account_id: int | None = None
) -> bool:
    """`phone` wants texts, or wants them again; False when it had never said otherwise."""
    _note(connection, phone, Topic.TEXTS, True, way, account_id, at)
    return (
        connection.execute(
            update(withdrawal)
            .where(withdrawal.c.phone == phone, withdrawal.c.restored_at.is_(None))
            .values(restored_at=at)
        ).rowcount
        == 1
    )


def subscribe(
    connection: Connection,
    phone: str,
    due_at: datetime,
    at: datetime,
    way: Way = Way.TEXT,
    account_id: int | None = None,
) -> bool:
    """`phone` wants the weekly summary, from `due_at` on; False when that was known. Conflict when it wants
    no texts at all."""
    _in_turn(connection)
    if wants_none(connection, phone):
        raise Conflict(
            "no_texts",
            "此号码已退订全部短信,请先恢复(回“开通”) wants no texts at all: they must be wanted again first",
        )
    _note(connection, phone, Topic.WEEKLY, True, way, account_id, at)
    new = upsert(connection, weekly).values(phone=phone, due_at=due_at)
    asked = new.on_conflict_do_nothing(index_elements=[weekly.c.phone]).returning(weekly.c.phone)
    return connection.execute(asked).first() is not None


def unsubscribe(
    connection: Connection, phone: str, at: datetime, way: Way = Way.TEXT, account_id: int | None = None
) -> bool:
    """`phone` does not want the weekly summary any more; False when it got none."""
    if connection.execute(delete(weekly).where(weekly.c.phone == phone)).rowcount == 0:
        return False
    _note(connection, phone, Topic.WEEKLY, False, way, account_id, at)
    return True


def wants_none(connection: Connection, phone: str) -> bool:
    """Whether `phone` wants no texts at all."""
    silent = select(withdrawal.c.phone).where(withdrawal.c.phone == phone, withdrawal.c.restored_at.is_(None))
    return connection.execute(silent).first() is not None


def subscribed(connection: Connection, phones: Collection[str]) -> frozenset[str]:
    """Which of `phones` want the weekly summary."""
    return frozenset(
        connection.execute(select(weekly.c.phone).where(weekly.c.phone.in_(list(phones)))).scalars()
    )


def history(connection: Connection, phones: Collection[str]) -> dict[str, tuple[Consent, ...]]:
    """All that each of `phones` has ever said, the newest first."""
    query = (
        select(consent, account.c.name)
        .outerjoin(account, account.c.id == consent.c.account_id)
        .where(consent.c.phone.in_(list(phones)))
        .order_by(consent.c.id.desc())
    )
    found: defaultdict[str, list[Consent]] = defaultdict(list)
    for row in connection.execute(query):
        found[row.phone].append(
            Consent(Topic(row.topic), bool(row.wanted), Way(row.way), row.name or "", row.at)
        )
    return {phone: tuple(said) for phone, said in found.items()}


def is_contact(connection: Connection, phone: str) -> bool:
    """Whether texts to this number are ours to stop: it is some household's contact."""
    return connection.execute(select(contact.c.id).where(contact.c.phone == phone)).first() is not None


def _in_turn(connection: Connection) -> None:
    """Who writes a yes waits for who writes a no: neither sees what the other has not committed."""
    register.bump(connection, "consent")


def _note(
    connection: Connection,
    phone: str,
    topic: Topic,
    wanted: bool,
    way: Way,
    account_id: int | None,
    at: datetime,
) -> None:
    """Append it, unless the same was the last that was said: a phone may repeat itself for ever."""
    newest = (
        select(consent.c.wanted, consent.c.way, consent.c.account_id)
        .where(consent.c.phone == phone, consent.c.topic == topic.value)
        .order_by(consent.c.id.desc())
        .limit(1)
    )
    if connection.execute(newest).first() == (wanted, way.value, account_id):
        return
    row = {"phone": phone, "topic": topic.value, "wanted": wanted, "way": way.value, "at": at}
    insert_row(connection, consent, {**row, "account_id": account_id})
