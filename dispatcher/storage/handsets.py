"""The simulated phones' memory: texts that came, calls that ring, and phones on which no text arrives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, or_, select, update

from community.storage.rows import upsert
from community.storage.tables import message as message_table
from community.storage.tables import phone_call, phone_deaf, phone_text
from dispatcher.model import Message
from dispatcher.telephone import RING_S

RINGS_FOR = timedelta(seconds=RING_S)


def receive(connection: Connection, message: Message, now: datetime) -> str | None:
    """A text arrives on a phone; returns its id, or None on a phone on which none arrives."""
    deaf = select(phone_deaf.c.phone).where(phone_deaf.c.phone == message.to.phone)
    if connection.execute(deaf).first() is not None:
        return None
    values = {"phone": message.to.phone, "message_key": message.key, "body": message.body, "at": now}
    id = connection.execute(insert(phone_text).values(**values).returning(phone_text.c.id)).scalar_one()
    return f"phone-{id}"


def received(connection: Connection, message: Message) -> str | None:
    """The id of the text with this message's key, when it has arrived."""
    query = select(phone_text.c.id).where(phone_text.c.message_key == message.key).limit(1)
    id = connection.execute(query).scalar()
    return f"phone-{id}" if id is not None else None


def let_texts_arrive(connection: Connection, phone: str, arrive: bool) -> None:
    """Switch whether texts arrive on a phone."""
    if arrive:
        connection.execute(delete(phone_deaf).where(phone_deaf.c.phone == phone))
    else:
        connection.execute(upsert(connection, phone_deaf).values(phone=phone).on_conflict_do_nothing())


# ---- calls ----


@dataclass(frozen=True, slots=True)
class PhoneCall:
    """A call on a simulated phone that rings, or has been taken up (`taken_at`) and goes on."""

    id: int
    phone: str
    name: str
    key: str
    at: datetime
    taken_at: datetime | None


def ring(connection: Connection, message: Message, now: datetime) -> str:
    """A phone begins to ring; returns the call's id."""
    values = {"phone": message.to.phone, "message_key": message.key, "at": now}
    id = connection.execute(insert(phone_call).values(**values).returning(phone_call.c.id)).scalar_one()
    return f"call-{id}"


def rung(connection: Connection, message: Message) -> str | None:
    """The id of the call with this message's key, when the phone rang."""
    id = connection.execute(select(phone_call.c.id).where(phone_call.c.message_key == message.key)).scalar()
    return f"call-{id}" if id is not None else None


class Line(StrEnum):
    """How a call stands, as an exchange would say it."""

    RINGS = "rings"
    GOES_ON = "goes on"
    UNANSWERED = "unanswered"
    OVER = "over"  # how it ended was reported when it did


def line(connection: Connection, message: Message, now: datetime) -> Line | None:
    """How the call with this message's key stands; None when no phone rang."""
    query = select(phone_call.c.at, phone_call.c.taken_at, phone_call.c.ended_at)
    row = connection.execute(query.where(phone_call.c.message_key == message.key)).first()
    if row is None:
        return None
    if row.ended_at is not None:
        return Line.OVER
    if row.taken_at is not None:
        return Line.GOES_ON
    return Line.RINGS if now - row.at < RINGS_FOR else Line.UNANSWERED


def calls(connection: Connection, now: datetime) -> tuple[PhoneCall, ...]:
    """The calls that ring or go on at `now`, oldest first."""
    query = (
        select(
            phone_call.c.id,
            phone_call.c.phone,
            message_table.c.name,
            phone_call.c.message_key,
            phone_call.c.at,
            phone_call.c.taken_at,
        )
        .join(message_table, message_table.c.key == phone_call.c.message_key)
        .where(_goes_on(now))
        .order_by(phone_call.c.id)
    )
    return tuple(PhoneCall(*row) for row in connection.execute(query))


def take_up(connection: Connection, call_id: int, now: datetime) -> str | None:
    """Somebody answers; the key of the call's message, or None when it rings no more."""
    return connection.execute(
        update(phone_call)
        .where(phone_call.c.id == call_id, _goes_on(now))
        .values(taken_at=now)
        .returning(phone_call.c.message_key)
    ).scalar()


def taken(connection: Connection, call_id: int) -> str | None:
    """The key of the message of a call that was taken up and goes on."""
    return connection.execute(
        select(phone_call.c.message_key).where(
            phone_call.c.id == call_id, phone_call.c.taken_at.is_not(None), phone_call.c.ended_at.is_(None)
        )
    ).scalar()


def end(connection: Connection, call_id: int, now: datetime) -> str | None:
    """The call is over; the key of its message, or None when it was over already."""
    return connection.execute(
        update(phone_call)
        .where(phone_call.c.id == call_id, phone_call.c.ended_at.is_(None))
        .values(ended_at=now)
        .returning(phone_call.c.message_key)
    ).scalar()


def _goes_on(now: datetime) -> ColumnElement[bool]:
    return and_(
        phone_call.c.ended_at.is_(None),
        or_(phone_call.c.taken_at.is_not(None), phone_call.c.at > now - RINGS_FOR),
    )
