"""Synthetic presses on their way: each station writes its moment, and who sent one says how it ended."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from community.errors import NotFound
from community.storage import register
from community.storage.rows import upsert
from community.storage.tables import message, probe
from dispatcher.health import Probing
from dispatcher.model import Draft, Lane, MessageState, Purpose, Recipient
from dispatcher.storage import outbox

_RECENT = 400  # to look back at, for misses in a row: of many places together
_KEPT = timedelta(days=1)
DEVICE = "anxin-probe"
_FAMILY = "care:"
_KEY_MOST = 120
NOBODY = Recipient("probe", "系统自检", "")


def places(connection: Connection) -> tuple[str, ...]:
    """Where somebody may press on our own topics: what follows `care/` in those of the enrolled devices.

    Where there are none yet, the site's own code, so that the way is tried all the same.
    """
    named = (
        key.removeprefix(_FAMILY) for key in register.enabled_keys(connection) if key.startswith(_FAMILY)
    )
    found = sorted({name.partition("/")[0] for name in named if "/" in name})
    if found:
        return tuple(found)
    try:
        return (register.site(connection).code,)
    except NotFound:
        return ("site",)


def key_of(place: str, id: str) -> str:
    """Under which the store knows the probe `id` at `place`."""
    return f"{_FAMILY}{place}/{DEVICE}#{id}"


def place_of(unique_key: str) -> str:
    return unique_key.removeprefix(_FAMILY).partition("/")[0]


def sent(connection: Connection, unique_keys: Sequence[str], now: datetime) -> None:
    """Probes are about to be said."""
    _set(connection, [{"unique_key": key, "sent_at": now} for key in unique_keys])


def forget_places(connection: Connection, but: Collection[str]) -> None:
    """Forget probes at places where no device is any more: how they went says nothing now."""
    ended = list(connection.execute(_ENDED).scalars())
    gone = [key for key in ended if place_of(key) not in but]
    if gone:
        connection.execute(delete(probe).where(probe.c.unique_key.in_(gone)))


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


_ENDED = (
    select(probe.c.unique_key, probe.c.ended_at, probe.c.took_s)
    .where(probe.c.ended_at.is_not(None))
    .order_by(probe.c.ended_at.desc())
    .limit(_RECENT)
)
_UNDECIDED = probe.c.decided_at.is_(None) & probe.c.stored_at.is_not(None)


def come_through(connection: Connection, unique_keys: Iterable[str]) -> set[str]:
    """Those whose message has left by the channel, and the courier has recorded that."""
    keys = {_message_key(key): key for key in unique_keys}
    left = message.c.state.in_([MessageState.SENT.value, MessageState.DELIVERED.value])
    query = select(message.c.key).where(message.c.key.in_(list(keys)), left)
    return {keys[key] for key in connection.execute(query).scalars()}


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


def probing(connection: Connection) -> tuple[Probing, ...]:
    """How the last probes went at each place; none where none has ended yet."""
    by_place: defaultdict[str, list[Any]] = defaultdict(list)
    for row in connection.execute(_ENDED):
        by_place[place_of(row.unique_key)].append(row)
    return tuple(_probing(place, ended) for place, ended in sorted(by_place.items()))


def _probing(place: str, ended: Sequence[Any]) -> Probing:
    """`ended` are those at one place, the last one first."""
    misses = next((n for n, row in enumerate(ended) if row.took_s is not None), len(ended))
    came = next((row.took_s for row in ended if row.took_s is not None), None)
    return Probing(misses, ended[0].ended_at, came, place)


def _message_key(unique_key: str) -> str:
    return f"probe.{unique_key}"[:_KEY_MOST]
