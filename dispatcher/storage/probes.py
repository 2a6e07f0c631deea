"""Synthetic presses on their way: each station writes its moment, and who sent one says how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from community.storage.rows import upsert
from community.storage.tables import message, probe
from dispatcher.health import Probing
from dispatcher.model import Draft, Lane, MessageState, Purpose, Recipient
from dispatcher.storage import outbox

_RECENT = 20  # to look back at, for misses in a row
_KEPT = timedelta(days=7)
_KEY_MOST = 120
NOBODY = Recipient("probe", "系统自检", "")


def sent(connection: Connection, unique_key: str, now: datetime) -> None:
    """A probe is about to be said."""
    _set(connection, [{"unique_key": unique_key, "sent_at": now}])


def stored(connection: Connection, unique_keys: Sequence[str], now: datetime) -> None:
    """Probes have come in, and are committed with everything that came with them."""
    if unique_keys:
        _set(connection, [{"unique_key": key, "stored_at": now} for key in unique_keys])


def _set(connection: Connection, rows: list[dict[str, Any]]) -> None:
    statement = upsert(connection, probe)
    (column,) = rows[0].keys() - {"unique_key"}
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[probe.c.unique_key], set_={column: statement.excluded[column]}
        ),
        rows,
    )


def is_any_undecided(connection: Connection) -> bool:
    """Whether a dispatcher would find a probe to pass on; a cheap look, without a lock."""
    query = select(probe.c.unique_key).where(_UNDECIDED).limit(1)
    return connection.execute(query).first() is not None


def decide(connection: Connection, now: datetime) -> int:
    """The dispatcher's station: put a message to nobody into the outbox for each; returns how many."""
    keys = connection.execute(
        update(probe).where(_UNDECIDED).values(decided_at=now).returning(probe.c.unique_key)
    ).scalars()
    drafts = [Draft(_message_key(key), NOBODY, Purpose.PROBE, 0, "", Lane.PERSON) for key in keys.all()]
    for draft in drafts:
        outbox.put(connection, draft, now)
    return len(drafts)


_UNDECIDED = probe.c.decided_at.is_(None) & probe.c.stored_at.is_not(None)


def has_come_through(connection: Connection, unique_key: str) -> bool:
    """Whether its message has left by the channel, and the courier has recorded that."""
    query = select(message.c.state).where(message.c.key == _message_key(unique_key))
    return connection.execute(query).scalar() in (MessageState.SENT.value, MessageState.DELIVERED.value)


def end(connection: Connection, unique_key: str, now: datetime, took_s: float | None) -> None:
    """A probe came through in `took_s` seconds, or never (None). Old ones are forgotten."""
    connection.execute(
        update(probe).where(probe.c.unique_key == unique_key).values(ended_at=now, took_s=took_s)
    )
    over = [] if took_s is None else [unique_key]
    old = list(connection.execute(delete(probe).where(_is_old(now)).returning(probe.c.unique_key)).scalars())
    keys = [_message_key(key) for key in (*over, *old)]
    connection.execute(delete(message).where(message.c.key.in_(keys)))


def _is_old(now: datetime) -> ColumnElement[bool]:
    return func.coalesce(probe.c.sent_at, probe.c.stored_at) < now - _KEPT


def probing(connection: Connection) -> Probing | None:
    """How the last probes went; None when none has ended yet."""
    query = (
        select(probe.c.ended_at, probe.c.took_s)
        .where(probe.c.ended_at.is_not(None))
        .order_by(probe.c.ended_at.desc())
        .limit(_RECENT)
    )
    ended = connection.execute(query).all()
    if not ended:
        return None
    misses = next((n for n, row in enumerate(ended) if row.took_s is not None), len(ended))
    came = next((row.took_s for row in ended if row.took_s is not None), None)
    return Probing(misses, ended[0].ended_at, came)


def _message_key(unique_key: str) -> str:
    return f"probe.{unique_key}"[:_KEY_MOST]
