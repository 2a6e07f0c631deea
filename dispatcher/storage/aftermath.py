"""What the fall-back asks of the store, and what it brings home when the centre is back."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, exists, or_, select

from community.storage.rows import upsert
from community.storage.tables import device, incident, message, signal
from dispatcher.model import Entry, Fact, Lane, MessageState, Purpose, Recipient
from dispatcher.storage.casebook import Casebook

_TOLD = [s.value for s in (MessageState.SENT, MessageState.DELIVERED, MessageState.UNCONFIRMED)]
_BEFORE = timedelta(minutes=10)  # a case that was open that long before is the same one


def stored(connection: Connection, unique_keys: Collection[str]) -> set[str]:
    """Which of these signals the store has."""
    query = select(signal.c.unique_key).where(signal.c.unique_key.in_(list(unique_keys)))
    return set(connection.execute(query).scalars())


def in_hand(connection: Connection, unique_keys: Collection[str]) -> set[str]:
    """Of which of these signals somebody was told, or works on the case, or has closed it."""
    told = exists().where(message.c.incident_id == incident.c.id, message.c.state.in_(_TOLD))
    query = (
        select(signal.c.unique_key)
        .join(device, device.c.key == signal.c.device_key)
        .join(incident, incident.c.household_id == device.c.household_id)
        .where(
            signal.c.unique_key.in_(list(unique_keys)),
            or_(
                incident.c.closed_at >= signal.c.received_at,
                and_(
                    incident.c.closed_at.is_(None),
                    or_(incident.c.claimed_by.is_not(None), incident.c.covered_at.is_not(None), told),
                ),
            ),
        )
    )
    return set(connection.execute(query).scalars())


def merge(
    connection: Connection,
    household_id: int,
    to: Recipient,
    body: str,
    sent: tuple[datetime, str, str],
    now: datetime,
) -> bool:
    """Write a text of the fall-back into the case it belongs to, as if the courier had sent it: who was told
    is not told again by this rung. `sent` is when, by which channel, and the provider's id. False while there
    is no case yet.
    """
    at, channel, provider_id = sent
    query = (
        select(incident.c.id)
        .where(
            incident.c.household_id == household_id,
            or_(incident.c.closed_at.is_(None), incident.c.opened_at >= at - _BEFORE),
        )
        .order_by(incident.c.id.desc())
        .limit(1)
    )
    incident_id = connection.execute(query).scalar()
    if incident_id is None:
        return False
    book = Casebook(connection)
    book.load_ids([incident_id])
    rung = book.incident(incident_id).ladder_rung + 1
    statement = upsert(connection, message).values(
        key=f"i{incident_id}.r{rung}.{to.who}",
        incident_id=incident_id,
        who=to.who,
        name=to.name,
        phone=to.phone,
        purpose=Purpose.RAISED.value,
        rung=rung,
        body=body,
        channel=channel,
        lane=int(Lane.PERSON),
        is_call=False,
        state=MessageState.SENT.value,
        attempts=1,
        created_at=at,
        due_at=at,
        provider_id=provider_id,
        sent_at=at,
        variables={},
    )
    connection.execute(statement.on_conflict_do_nothing(index_elements=[message.c.key]))
    text = f"平台故障期间,后备通道已短信通知{to.name} the fall-back told them while the centre was down"
    book.note(incident_id, now, Fact(Entry.MESSAGE, text, actor="fallback", detail={"at": at.isoformat()}))
    book.write()
    return True
