"""Messages that have not arrived, as far as we know: those for which something has to be done now."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, String, and_, cast, exists, literal, or_, select, text, update

from community.storage.rows import readable
from community.storage.tables import NOT_ARRIVED, bundled, incident, message, offer, reply
from dispatcher.followup import ASK_AFTER, CALL_AFTER, CALL_ASK_AFTER, LOOK_BACK, Astray, call_key
from dispatcher.model import LOST, Lane, MessageState, OfferState, Purpose, Stage
from dispatcher.storage.casebook import message_from

_CALL = message.alias("call")
_CALLED = exists().where(_CALL.c.key == message.c.key + call_key(""))
_ANSWERED = exists().where(reply.c.incident_id == message.c.incident_id, reply.c.phone == message.c.phone)
_ASKED = exists().where(
    offer.c.incident_id == message.c.incident_id,
    offer.c.state == OfferState.ASKED.value,
    literal("responder:") + cast(offer.c.responder_id, String) == message.c.who,
)
_NEEDED = and_(
    incident.c.stage.in_([Stage.RAISED.value, Stage.CLAIMED.value]),
    ~_ANSWERED,
    or_(message.c.who.startswith("contact:"), _ASKED),
)
_IN_VAIN = and_(message.c.is_call, message.c.state == MessageState.QUEUED.value, ~_NEEDED)
# Of several requests in one text the first may be called about; the text itself is asked about, none of them.
_IN_A_BUNDLE = exists().where(bundled.c.message_id == message.c.id)
_NOT_FIRST = exists().where(bundled.c.message_id == message.c.id, bundled.c.place > 0)
_MAY_BE_CALLED = and_(
    message.c.purpose.in_([Purpose.RAISED.value, Purpose.ASK.value]),
    message.c.lane <= Lane.PERSON.value,
    ~_CALLED,
    ~_NOT_FIRST,
    _NEEDED,
)


def astray(
    connection: Connection, now: datetime, reporting: Collection[str], *, can_call: bool, limit: int
) -> list[Astray]:
    """What may want a call, a question to its provider, or no call any more, the oldest first.

    The rule decides; this leaves out what it would say no to, or that would crowd out the others for ever.
    `reporting` names the channels that say what became of a message.
    """
    reports = message.c.channel.in_(list(reporting))
    late = or_(message.c.created_at <= now - CALL_AFTER, message.c.created_at > now)
    waits = message.c.state.in_([MessageState.QUEUED.value, MessageState.SENDING.value])
    lost = message.c.state.in_([state.value for state in LOST])
    sent = message.c.state == MessageState.SENT.value
    spoken = or_(message.c.is_call, message.c.channel.endswith("-voice"))
    silent = and_(
        sent,
        or_(
            message.c.sent_at <= now - ASK_AFTER,
            and_(spoken, message.c.sent_at <= now - CALL_ASK_AFTER),
            message.c.sent_at > now,
        ),
    )
    unheard = or_(lost, and_(late, or_(waits, and_(sent, reports))))
    rows = connection.execute(
        select(message, _NEEDED.label("needed"), _CALLED.label("called"), reports.label("reports"))
        .outerjoin(incident, incident.c.id == message.c.incident_id)
        .where(
            text(NOT_ARRIVED),  # in the index's own words, or SQLite does not see that it may use it
            message.c.created_at > now - LOOK_BACK,
            or_(
                and_(reports, silent, ~_IN_A_BUNDLE),
                _IN_VAIN,
                and_(literal(can_call), unheard, ~spoken, _MAY_BE_CALLED),
            ),
        )
        .order_by(message.c.created_at, message.c.id)
        .limit(limit)
    )
    return list(readable("message", rows, _astray))


def _astray(row: Row[Any]) -> Astray:
    return Astray(message_from(row), row.rung, bool(row.needed), bool(row.called), bool(row.reports))


def called(connection: Connection, keys: Collection[str]) -> set[str]:
    """Which of these texts are followed by a call already."""
    calls = {call_key(key): key for key in keys}
    found = connection.execute(select(message.c.key).where(message.c.key.in_(list(calls)))).scalars()
    return {calls[key] for key in found}


def call_off(connection: Connection, message_id: int) -> bool:
    """Cancel a call that has not begun; False when it has."""
    return (
        connection.execute(
            update(message)
            .where(message.c.id == message_id, message.c.state == MessageState.QUEUED.value)
            .values(state=MessageState.CANCELLED.value)
        ).rowcount
        == 1
    )
