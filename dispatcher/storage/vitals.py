"""What the centre knows of itself: turns of its loops, work that waits too long, its providers."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, not_, or_, select, update

from community.storage.rows import upsert
from community.storage.tables import (
    alarm,
    channel_health,
    channel_traffic,
    console,
    finding,
    incident,
    message,
    worker,
)
from dispatcher.health import (
    OVERDUE,
    UNSENT,
    Audible,
    ChannelHealth,
    Facts,
    Traffic,
    Waiting,
    Worker,
    WorkerKind,
    replaced,
)
from dispatcher.model import TOO_FAR, Lane, MessageState, Purpose
from dispatcher.storage import outbox, probes

_OUR_OWN = (Purpose.TROUBLE.value, Purpose.PROBE.value)  # they tell of trouble; they are none
_FORGOTTEN = timedelta(days=1)  # a worker that stands still for so long has been taken away by somebody
_OVER = ""  # the text of a finding that holds no more


# ---- workers ----


def beat(connection: Connection, turned: Worker) -> None:
    """Write when a worker's loop last turned."""
    statement = upsert(connection, worker).values(
        name=turned.name,
        kind=turned.kind.value,
        host=turned.host,
        started_at=turned.started_at,
        last_turn_at=turned.last_turn_at,
        ailment=turned.ailment,
        topics=turned.topics,
    )
    fresh = statement.excluded
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[worker.c.name],
            set_={
                "started_at": fresh.started_at,
                "last_turn_at": fresh.last_turn_at,
                "ailment": fresh.ailment,
                "topics": fresh.topics,
            },
        )
    )


def leave(connection: Connection, name: str) -> None:
    """A worker ends in order: nobody is to miss it."""
    connection.execute(delete(worker).where(worker.c.name == name))


def workers(connection: Connection) -> tuple[Worker, ...]:
    """Those of kinds we know: during an upgrade a newer process may have brought another."""
    known = worker.c.kind.in_([kind.value for kind in WorkerKind])
    query = select(worker).where(known).order_by(worker.c.kind, worker.c.name)
    return tuple(
        Worker(
            row.name,
            WorkerKind(row.kind),
            row.host,
            row.started_at,
            row.last_turn_at,
            row.ailment,
            row.topics,
        )
        for row in connection.execute(query)
    )


def forget_replaced(connection: Connection, now: datetime) -> None:
    """Take away the rows of workers that were killed and have a successor, or stand still since a day."""
    gone = {old.name for old in replaced(workers(connection), now)}
    connection.execute(
        delete(worker).where(or_(worker.c.name.in_(gone), worker.c.last_turn_at < now - _FORGOTTEN))
    )


# ---- consoles ----


def listens(connection: Connection, name: str, now: datetime, *, is_audible: bool) -> None:
    """A console is open, and its browser says whether it can sound an alarm."""
    audible = {"audible_at": now} if is_audible else {}
    statement = upsert(connection, console).values(name=name, seen_at=now, **audible)
    connection.execute(
        statement.on_conflict_do_update(index_elements=[console.c.name], set_={"seen_at": now, **audible})
    )


def forget_consoles(connection: Connection, now: datetime) -> None:
    """Forget those that nobody has opened for a day: a site that works without a console is not ill."""
    connection.execute(delete(console).where(console.c.seen_at < now - _FORGOTTEN))


def _audible(connection: Connection) -> Audible:
    count, last_at = connection.execute(select(func.count(), func.max(console.c.audible_at))).one()
    return Audible(count, last_at)


# ---- one look at everything ----


def facts(connection: Connection, now: datetime) -> Facts:
    """What there is to judge the centre by; a few cheap questions, whatever is open."""
    return Facts(
        workers=workers(connection),
        overdue=_waiting(connection, incident.c.due_at, is_overdue(now)),
        unsent=_waiting(connection, message.c.created_at, _is_unsent(now)),
        orphans=_orphans(connection),
        pages=_waiting(connection, message.c.created_at, _is_unheard_page(now)),
        probing=probes.probing(connection),
        channels=tuple(channels(connection).values()),
        traffic=traffic(connection),
        audible=_audible(connection),
    )


def is_overdue(now: datetime) -> ColumnElement[bool]:
    """Open, and nobody has looked when it was time; also when its time lies where no time can lie.

    That it has none at all the schema forbids, and a watchdog does not count on that.
    """
    return and_(
        incident.c.closed_at.is_(None),
        or_(
            incident.c.due_at.is_(None),
            incident.c.due_at < now - OVERDUE,
            incident.c.due_at > now + TOO_FAR + OVERDUE,
        ),
    )


def overdue_ids(connection: Connection, now: datetime, limit: int) -> list[int]:
    """The incidents that nobody looks at, longest first."""
    query = select(incident.c.id).where(is_overdue(now)).order_by(incident.c.due_at).limit(limit)
    return list(connection.execute(query).scalars())


def _is_unsent(now: datetime) -> ColumnElement[bool]:
    """Not taken when it was time, held by a courier that is gone, or a person's that tries too long."""
    queued, sending = MessageState.QUEUED.value, MessageState.SENDING.value
    return and_(
        outbox.IN_HAND,
        message.c.purpose.not_in(_OUR_OWN),
        or_(
            and_(message.c.state == queued, message.c.due_at < now - OVERDUE),
            and_(message.c.state == sending, message.c.lease_until < now - OVERDUE),
            and_(message.c.lane <= int(Lane.PERSON), message.c.created_at < now - UNSENT),
        ),
    )


def _is_unheard_page(now: datetime) -> ColumnElement[bool]:
    """Neither a courier nor the watch itself could get it out to a technician."""
    return and_(
        outbox.IN_HAND,
        message.c.purpose == Purpose.TROUBLE.value,
        message.c.created_at < now - UNSENT,
    )


def _waiting(connection: Connection, since: ColumnElement[Any], holds: ColumnElement[bool]) -> Waiting:
    count, oldest = connection.execute(select(func.count(), func.min(since)).where(holds)).one()
    return Waiting(count, oldest)


def _orphans(connection: Connection) -> Waiting:
    """Alarms that hang on a closed incident: while they stand, the household cannot raise that kind again."""
    query = (
        select(func.count(), func.min(alarm.c.raised_at))
        .join(incident, incident.c.id == alarm.c.incident_id)
        .where(alarm.c.cleared_at.is_(None), alarm.c.ended_at.is_(None), incident.c.closed_at.is_not(None))
    )
    count, oldest = connection.execute(query).one()
    return Waiting(count, oldest)


# ---- providers ----


def channels(connection: Connection) -> dict[str, ChannelHealth]:
    """What is known of each provider by its name; one that was never asked is not in it."""
    query = select(channel_health).order_by(channel_health.c.name)
    return {
        row.name: ChannelHealth(row.name, row.asked_at, row.answered_at, row.misses, row.took_s, row.error)
        for row in connection.execute(query)
    }


def forget_channels(connection: Connection, but: Collection[str]) -> None:
    """Forget providers that this site has no more; `but` are those it has."""
    connection.execute(delete(channel_health).where(channel_health.c.name.not_in(list(but))))


def keep_channel(
    connection: Connection, name: str, now: datetime, took_s: float | None, error: str = ""
) -> None:
    """A provider was asked: `took_s` seconds for a good answer, or None and the `error`."""
    good = took_s is not None
    statement = upsert(connection, channel_health).values(
        name=name,
        asked_at=now,
        answered_at=now if good else None,
        misses=0 if good else 1,
        took_s=took_s,
        error=error,
    )
    values: dict[str, Any] = {"asked_at": now, "error": error}
    if good:
        values |= {"answered_at": now, "misses": 0, "took_s": took_s}
    else:
        values |= {"misses": channel_health.c.misses + 1}
    connection.execute(statement.on_conflict_do_update(index_elements=[channel_health.c.name], set_=values))


def know_channels(connection: Connection, names: Collection[str]) -> None:
    """These are the site's channels, whether or not they have carried anything; others are forgotten."""
    connection.execute(delete(channel_traffic).where(channel_traffic.c.name.not_in(list(names))))
    for name in names:
        row = upsert(connection, channel_traffic).values(name=name, failures=0, error="")
        connection.execute(row.on_conflict_do_nothing(index_elements=[channel_traffic.c.name]))


def known_channels(connection: Connection) -> frozenset[str]:
    """The names of the site's channels, as its dispatchers say them."""
    return frozenset(connection.execute(select(channel_traffic.c.name)).scalars())


def keep_traffic(connection: Connection, done: Traffic) -> None:
    """Add what a dispatcher's channel did in a while; several may say so of the same one."""
    of = channel_traffic.c
    values: dict[str, Any] = {"failures": done.failures if done.sent_at else of.failures + done.failures}
    if done.sent_at is not None:
        values |= {"sent_at": done.sent_at}
    if done.failed_at is not None:
        values |= {"failed_at": done.failed_at, "error": done.error}
    connection.execute(update(channel_traffic).where(of.name == done.name).values(**values))


def traffic(connection: Connection) -> tuple[Traffic, ...]:
    """What each of the site's channels last did, and how long something waits for it."""
    by = message.c.channel
    oldest = select(by, func.min(message.c.created_at)).where(outbox.IN_HAND, by != "").group_by(by)
    since = dict(connection.execute(oldest).all())
    return tuple(
        Traffic(row.name, row.sent_at, row.failed_at, row.failures, row.error, since.get(row.name))
        for row in connection.execute(select(channel_traffic).order_by(channel_traffic.c.name))
    )


# ---- findings ----


def keep_findings(connection: Connection, found: Collection[tuple[str, str]], now: datetime) -> set[str]:
    """Make the findings (key, text) that hold now the only ones; each keeps since when it holds.

    One that is over keeps its row, without a text, for a day: when it comes back it is known when somebody
    was paged about it last. Returns those that came back now; of several watchers one hears of each.
    """
    keys = [key for key, _ in found]
    gone, is_over = finding.c.key.not_in(keys), finding.c.text == _OVER
    is_recent = finding.c.paged_at.between(now - _FORGOTTEN, now + _FORGOTTEN)
    connection.execute(delete(finding).where(gone, or_(finding.c.paged_at.is_(None), not_(is_recent))))
    connection.execute(update(finding).where(gone, not_(is_over)).values(text=_OVER))
    back: set[str] = set()
    for key, text in found:
        revived = update(finding).where(finding.c.key == key, is_over).values(since=now, text=text)
        if connection.execute(revived).rowcount:
            back.add(key)
            continue
        statement = upsert(connection, finding).values(key=key, since=now, text=text)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=[finding.c.key], set_={"text": statement.excluded.text}
            )
        )
    return back


def take_pages(connection: Connection, keys: Collection[str], now: datetime, again: timedelta) -> set[str]:
    """Those findings of `keys` that somebody is to hear of now: new ones, and old ones each `again`,
    also such as went away in between: one that comes and goes is no news each time.

    Of several watchers only one gets each.
    """
    rows = connection.execute(
        update(finding)
        .where(
            finding.c.key.in_(list(keys)),
            or_(
                finding.c.paged_at.is_(None),
                finding.c.paged_at <= now - again,
                finding.c.paged_at > now + again,
            ),
        )
        .values(paged_at=now)
        .returning(finding.c.key)
    )
    return set(rows.scalars())
