"""The simulated phones' memory."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select

from community.storage.tables import phone_text
from dispatcher.model import Message


def receive(connection: Connection, message: Message, now: datetime) -> str:
    """A text arrives on a phone; returns its id."""
    values = {"phone": message.to.phone, "message_key": message.key, "body": message.body, "at": now}
    id = connection.execute(insert(phone_text).values(**values).returning(phone_text.c.id)).scalar_one()
    return f"phone-{id}"


def received(connection: Connection, message: Message) -> str | None:
    """The id of the text with this message's key, when it has arrived."""
    query = select(phone_text.c.id).where(phone_text.c.message_key == message.key).limit(1)
    id = connection.execute(query).scalar()
    return f"phone-{id}" if id is not None else None
