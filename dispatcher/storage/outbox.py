"""The outbox: messages wait here until a courier has taken them, and carry what is known of their fate."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, exists, or_, select, text, true, update

from community.storage.prepared import Changes, Query
from community.storage.rows import readable, upsert
from community.storage.tables import LOST_ON_THE_WAY, WAITING, bundled, incident, message, withdrawal
from dispatcher.model import RANK, Draft, Lane, Message, MessageState, Purpose, Recipient
from dispatcher.storage.casebook import message_from, message_from_mapping

_WORTH_ANOTHER = timedelta(minutes=30)  # a report that comes later is of a text that nobody waits for
UNREADABLE = "读不懂 cannot be read"
TOO_FAR = timedelta(minutes=5)  # no message waits as long, and no lease is

_SENT = Changes(
    message,
    *("state", "lease_until", "channel", "provider_id", "error", "sent_at", "delivered_at"),
    # Not by the index of what waits, which on PostgreSQL is full of what waited since the last VACUUM.
    only="t.state || '' IN ('queued', 'sending')",
)
_UNSENT = Changes(
    message,
    *("state", "lease_until", "channel", "due_at", "error"),
    given=("attempts",),
    only="t.state || '' = 'sending'",
)

# What is still worth saying when the case is closed.
_AFTER_CLOSING = (Purpose.CLOSED.value, Purpose.STAND_DOWN.value, Purpose.COVERED.value)


# Due and not taken, or taken by somebody whose lease has run out; also after a clock was set back.
IN_HAND = text(f"message.{WAITING}")  # in the words of its index
_WAITS = and_(
    IN_HAND,
    or_(
        and_(
            message.c.state == MessageState.QUEUED.value,
            or_(message.c.due_at <= bindparam("now"), message.c.due_at > bindparam("too_far")),
        ),
        and_(
            message.c.state == MessageState.SENDING.value,
            or_(message.c.lease_until <= bindparam("now"), message.c.lease_until > bindparam("too_far")),
        ),
    ),
)
_UP_TO = message.c.lane <= bindparam("last")
_ANY_WAITING = Query(lambda _: select(message.c.id).where(_WAITS, _UP_TO).limit(1))
_CASE_CLOSED = exists().where(incident.c.id == message.c.incident_id, incident.c.closed_at.is_not(None))
_IN_A_BUNDLE = exists().where(bundled.c.message_id == message.c.id)  # leaves with the text that holds it
_TAKE = Query(
    lambda _: (
        select(message)
        .where(
            _WAITS,
            _UP_TO,
            or_(*(message.c.purpose == purpose for purpose in _AFTER_CLOSING), ~_CASE_CLOSED),
            ~_IN_A_BUNDLE,
        )
        .order_by(message.c.lane, message.c.due_at, message.c.id)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True, of=message)
    )
)
_PAGE_WAITS = and_(_WAITS, message.c.purpose == Purpose.TROUBLE.value)
_ANY_PAGE = Query(lambda _: select(message.c.id).where(_PAGE_WAITS).limit(1))
_PAGES = Query(
    lambda _: (
        select(message)
        .where(_PAGE_WAITS)
        .order_by(message.c.id)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True, of=message)
    )
)
_REQUESTS = Query(
    lambda among: (
        select(message)
        .where(
            among(message.c.phone, "phones"),
            message.c.state == MessageState.QUEUED.value,
            message.c.due_at <= bindparam("now"),
            message.c.purpose == Purpose.ASK.value,
            message.c.incident_id.is_not(None),
            message.c.attempts == 0,
            ~_CASE_CLOSED,
            ~_IN_A_BUNDLE,
        )
        .order_by(message.c.id)
        .with_for_update(skip_locked=True, of=message)
    )
)
_TAKEN = Changes(message, "state", "attempts", "lease_until", "worker")


def put(connection: Connection, draft: Draft, now: datetime) -> None:
    """A message that belongs to no case. One whose key is known stays as it is."""
    statement = upsert(connection, message).values(
        key=draft.key,
        who=draft.to.who,
        name=draft.to.name,
        phone=draft.to.phone,
        purpose=draft.purpose.value,
        rung=draft.rung,
        body=draft.body,
        channel="",
        lane=int(draft.lane),
        is_call=draft.is_call,
        state=MessageState.QUEUED.value,
        attempts=0,
        created_at=now,
        due_at=now,
        variables=dict(draft.variables),
    )
    connection.execute(statement.on_conflict_do_nothing(index_elements=[message.c.key]))


def is_anything_waiting(connection: Connection, now: datetime, last: Lane = Lane.LAST) -> bool:
    """Whether a courier would find something to take, up to the lane `last`; a cheap look, without a lock."""
    return bool(_ANY_WAITING.rows(connection, now=now, too_far=now + TOO_FAR, last=int(last)))


def take(
    connection: Connection,
    *,
    worker: str,
    now: datetime,
    lease_until: datetime,
    limit: int,
    last: Lane = Lane.LAST,
) -> list[Message]:
    """Take messages that are due, or whose courier has gone silent; most urgent first, up to the lane `last`.

    A message of a case that was closed meanwhile stays behind: `drop_stale` cancels it.
    """
    return lease(connection, waiting(connection, now, limit, last), worker, lease_until)


def waiting(connection: Connection, now: datetime, limit: int, last: Lane = Lane.LAST) -> list[Message]:
    """What `take` would take, locked until the transaction ends."""
    rows = _TAKE.rows(connection, now=now, too_far=now + TOO_FAR, most=limit, last=int(last))
    return _readable(connection, rows)


def is_page_waiting(connection: Connection, since: datetime) -> bool:
    """Whether a page to a technician was due at `since` and is not on its way; a look without a lock."""
    return bool(_ANY_PAGE.rows(connection, now=since, too_far=since + TOO_FAR))


def waiting_pages(connection: Connection, since: datetime, limit: int) -> list[Message]:
    """Pages to technicians that were due at `since`, locked until the transaction ends."""
    return _readable(connection, _PAGES.rows(connection, now=since, too_far=since + TOO_FAR, most=limit))


def requests(connection: Connection, phones: Collection[str], now: datetime) -> list[Message]:
    """Every request to `phones` that is due and was never tried, locked until the transaction ends."""
    return _readable(connection, _REQUESTS.rows(connection, phones=sorted(phones), now=now))


def _readable(connection: Connection, rows: Iterable[Any]) -> list[Message]:
    """The messages of `rows`. One that cannot be read has failed: it must not be found again and again."""
    lost: list[int] = []
    found = list(readable("message", rows, lambda row: message_from_mapping(row._asdict()), lost.append))
    if lost:
        failed = {"state": MessageState.FAILED.value, "lease_until": None, "error": UNREADABLE}
        connection.execute(update(message).where(message.c.id.in_(lost)).values(**failed))
    return found


def lease(
    connection: Connection, found: Sequence[Message], worker: str, lease_until: datetime
) -> list[Message]:
    """Begin one more attempt for each of those `found`, by `worker`; as they are then."""
    sending = MessageState.SENDING
    taken = [replace(one, state=sending, attempts=one.attempts + 1) for one in found]
    if taken:
        leased = {"state": sending.value, "lease_until": lease_until, "worker": worker}
        _TAKEN.run(connection, [{"id": one.id, "attempts": one.attempts, **leased} for one in taken])
    return taken


def shorten_leases(connection: Connection, worker: str, until: datetime) -> int:
    """What `worker` holds is free at `until`, if not before; returns how many messages that are."""
    return connection.execute(
        update(message)
        .where(
            IN_HAND,
            message.c.state == MessageState.SENDING.value,
            message.c.worker == worker,
            message.c.lease_until > until,
        )
        .values(lease_until=until)
    ).rowcount


def cancel_unsent(connection: Connection, incident_id: int, who: Collection[str] | None = None) -> int:
    """Cancel what has not left yet, to everybody or to `who`; returns how many.

    One that is being sent cannot be called back, and what is true also after closing is still said.
    """
    wanted = [
        message.c.incident_id == incident_id,
        message.c.state == MessageState.QUEUED.value,
        message.c.purpose.not_in(_AFTER_CLOSING),
    ]
    if who is not None:
        wanted.append(message.c.who.in_(list(who)))
    return connection.execute(
        update(message).where(*wanted).values(state=MessageState.CANCELLED.value)
    ).rowcount


def drop_stale(connection: Connection, now: datetime) -> int:
    """Cancel alarms of closed cases that could not leave, or whose courier died; returns how many."""
    case_closed = exists().where(incident.c.id == message.c.incident_id, incident.c.closed_at.is_not(None))
    return connection.execute(
        update(message)
        .where(
            IN_HAND,
            or_(
                message.c.state == MessageState.QUEUED.value,
                and_(message.c.state == MessageState.SENDING.value, message.c.lease_until <= now),
            ),
            message.c.purpose.not_in(_AFTER_CLOSING),
            case_closed,
        )
        .values(state=MessageState.CANCELLED.value, lease_until=None)
    ).rowcount


def cancel_unsent_to(connection: Connection, phone: str) -> None:
    """Cancel alarms that have not left yet to `phone`, which wants none; how a case ended is still told."""
    connection.execute(
        update(message)
        .where(
            message.c.phone == phone,
            message.c.state == MessageState.QUEUED.value,
            message.c.who.startswith("contact:"),
            message.c.purpose.not_in(_AFTER_CLOSING),
        )
        .values(state=MessageState.CANCELLED.value)
    )


def settle_sent(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Record that messages left. What a receipt has said meanwhile is worth more and stays."""
    if rows:
        _SENT.run(connection, rows)


def settle_unsent(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Record that attempts failed, unless another courier has begun a newer attempt (`attempts`)."""
    if rows:
        _UNSENT.run(connection, rows)


def put_back(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Let messages wait for which nothing was begun: the attempt that took them is not counted."""
    if rows:
        connection.execute(
            update(message)
            .where(
                message.c.id == bindparam("of_id"),
                message.c.attempts == bindparam("of_attempt"),
                message.c.state == MessageState.SENDING.value,
            )
            .values(
                state=MessageState.QUEUED.value,
                lease_until=None,
                attempts=message.c.attempts - 1,
                due_at=bindparam("wait_until"),
            ),
            list(rows),
        )


def is_anything_lost(connection: Connection, now: datetime) -> bool:
    """Whether there is anything for `take_back`; a cheap look, without a lock."""
    return connection.execute(select(message.c.id).where(_lost(now)).limit(1)).first() is not None


def take_back(connection: Connection, now: datetime, limit: int = 100) -> int:
    """Let messages leave again that a provider took and then could not deliver: by another one. How many.

    A report comes to whoever serves the callbacks, who knows of no other provider; so couriers look for them.
    The way that failed is noted and not tried again; when no other is left, the next attempt says so.
    """
    query = select(message.c.id).where(_lost(now)).limit(limit)
    ids = list(connection.execute(query.with_for_update(skip_locked=True, of=message)).scalars())
    if ids:
        connection.execute(
            update(message)
            .where(message.c.id.in_(ids))
            .values(
                state=MessageState.QUEUED.value,
                refused=message.c.refused + " " + message.c.channel,
                provider_id="",
                sent_at=None,
                due_at=now,
            )
        )
    return len(ids)


def _lost(now: datetime) -> ColumnElement[bool]:
    case_closed = exists().where(incident.c.id == message.c.incident_id, incident.c.closed_at.is_not(None))
    return and_(
        text(f"message.{LOST_ON_THE_WAY}"),
        message.c.sent_at > now - _WORTH_ANOTHER,
        message.c.is_call.is_(False),
        or_(message.c.purpose.in_(_AFTER_CLOSING), ~case_closed),
    )


def find(connection: Connection, *, provider_id: str = "", key: str = "") -> Message | None:
    """The message with our `key`, or with the provider's id."""
    known_by = message.c.key == key if key else message.c.provider_id == provider_id
    if not (key or provider_id):
        return None
    row = connection.execute(select(message).where(known_by)).first()
    return message_from(row) if row is not None else None


def advance(
    connection: Connection, message_id: int, state: MessageState, now: datetime, error: str, provider_id: str
) -> bool:
    """Move a message to a state of higher rank; False when something at least as final was known."""
    below = [s.value for s in MessageState if RANK[s] < RANK[state]]
    values: dict[str, Any] = {"state": state.value, "lease_until": None, "error": error}
    if provider_id:
        values["provider_id"] = provider_id
    if state is MessageState.SENT:
        values["sent_at"] = now
    if state is MessageState.DELIVERED:
        values["delivered_at"] = now
    return (
        connection.execute(
            update(message).where(message.c.id == message_id, message.c.state.in_(below)).values(**values)
        ).rowcount
        == 1
    )


def reached(
    connection: Connection, incident_id: int, prefix: str, *, also_withdrawn: bool = False
) -> list[Recipient]:
    """Whom of `prefix` (`contact:`, `responder:`) a message of this case may have reached; each once.

    An attempt that ended in doubt may have arrived. Who has a new number meanwhile is told there. A contact
    that wants no texts is left out, unless `also_withdrawn`, and who got one text for many cases that did not
    name this one.
    """
    silent = exists().where(withdrawal.c.phone == message.c.phone, withdrawal.c.restored_at.is_(None))
    query = (
        select(message.c.who, message.c.name, message.c.phone)
        .where(
            message.c.incident_id == incident_id,
            message.c.who.startswith(prefix),
            ~exists().where(bundled.c.message_id == message.c.id, bundled.c.is_named.is_(False)),
            true() if also_withdrawn or prefix != "contact:" else ~silent,
            or_(
                message.c.state.in_([s.value for s in _LEFT]),
                and_(message.c.state.in_([s.value for s in _NOT_LEFT]), message.c.attempts > 0),
            ),
        )
        .order_by(message.c.id)
    )
    newest = {who: Recipient(who, name, phone) for who, name, phone in connection.execute(query)}
    return list(newest.values())


def name_of(connection: Connection, incident_id: int, who: str) -> str:
    """What `who` is called in the messages of a case."""
    query = select(message.c.name).where(message.c.incident_id == incident_id, message.c.who == who).limit(1)
    return connection.execute(query).scalar() or who


def phone_of(connection: Connection, incident_id: int, who: str) -> str:
    """The number at which `who` was told of a case last, by which answers are known; empty when never."""
    told = select(message.c.phone).where(message.c.incident_id == incident_id, message.c.who == who)
    return connection.execute(told.order_by(message.c.id.desc()).limit(1)).scalar() or ""


_LEFT = (MessageState.SENDING, MessageState.SENT, MessageState.UNCONFIRMED, MessageState.DELIVERED)
_NOT_LEFT = (MessageState.QUEUED, MessageState.CANCELLED)
