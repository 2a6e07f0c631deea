"""Who wants no texts. Kept by number, so that it outlives a contact that is entered again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select, update

from community.storage.rows import upsert
from community.storage.tables import contact, withdrawal


def withdraw(connection: Connection, phone: str, at: datetime) -> bool:
    """`phone` wants no more texts; False when that was known."""
    known = upsert(connection, withdrawal).values(phone=phone, withdrawn_at=at, restored_at=None)
    changed = known.on_conflict_do_update(
        index_elements=[withdrawal.c.phone],
        set_={"withdrawn_at": at, "restored_at": None},
        where=withdrawal.c.restored_at.is_not(None),
    ).returning(withdrawal.c.phone)
    return connection.execute(changed).first() is not None


def restore(connection: Connection, phone: str, at: datetime) -> bool:
    """`phone` wants texts again; False when it had never said otherwise."""
    return (
        connection.execute(
            update(withdrawal)
            .where(withdrawal.c.phone == phone, withdrawal.c.restored_at.is_(None))
            .values(restored_at=at)
        ).rowcount
        == 1
    )


def is_contact(connection: Connection, phone: str) -> bool:
    """Whether texts to this number are ours to stop: it is some household's contact."""
    return connection.execute(select(contact.c.id).where(contact.c.phone == phone)).first() is not None
