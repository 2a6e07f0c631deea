"""Webhooks: who is told of cases, how far each case was told of, and every event on its way."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    case,
    delete,
    func,
    or_,
    select,
    union_all,
    update,
)

from community.errors import Conflict, NotFound
from community.storage.rows import insert_row, readable, update_row, upsert
from community.storage.tables import (
    area,
    household,
    incident,
    message,
    resident,
    timeline,
    webhook,
    webhook_case,
    webhook_delivery,
)
from devices.signal import Kind
from dispatcher.exercise import household_of
from dispatcher.model import TOO_FAR, CloseCode, Entry, MessageState, Severity, Stage, TimelineEntry
from dispatcher.storage.casebook import timeline_from
from dispatcher.storage.outbox import IN_HAND
from dispatcher.storms import area_of
from dispatcher.webhooks import About, Detail, Event, Happened, story

STILL_TOLD = timedelta(days=1)  # after its end: what we missed for longer, nobody is told any more
KEPT = timedelta(days=30)
_TOLD = tuple(entry.value for entry in (Entry.OPENED, Entry.CLAIMED, Entry.STAGE, Entry.CLOSED))


@dataclass(frozen=True, slots=True)
class Hook:
    """One receiver. It hears of `events` since `since`; `stopped` says why we gave it up by ourselves."""

    id: int
    label: str
    url: str
    events: tuple[Event, ...]
    includes: tuple[Detail, ...]
    enabled: bool
    since: datetime
    stopped: str = ""


@dataclass(frozen=True, slots=True)
class Count:
    waiting: int = 0
    given_up: int = 0
    delivered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event on its way to one receiver; `due_at` is None when it is delivered or given up."""

    id: int
    hook_id: int
    incident_id: int | None
    event: Event
    created_at: datetime
    due_at: datetime | None
    attempts: int
    status: int | None
    error: str
    delivered_at: datetime | None
    body: str = field(repr=False)

    @property
    def name(self) -> str:
        """What receivers know it by: the same in each attempt."""
        return f"evt_{self.id}"

    @property
    def is_given_up(self) -> bool:
        return self.due_at is None and self.delivered_at is None


@dataclass(frozen=True, slots=True)
class Result:
    """What became of an attempt. `again_at` is None when it was the last; `stops` ends the receiver."""

    delivery: Delivery
    status: int | None
    error: str = ""
    again_at: datetime | None = None
    stops: str = ""


# ---- receivers ----


def everyone(connection: Connection) -> tuple[Hook, ...]:
    return tuple(readable("webhook", connection.execute(select(webhook).order_by(webhook.c.id)), _hook))


def by_id(connection: Connection, hook_id: int) -> Hook:
    """NotFound when there is none."""
    row = connection.execute(select(webhook).where(webhook.c.id == hook_id)).first()
    if row is None:
        raise NotFound("no_such_webhook", f"there is no webhook {hook_id}: load the list again")
    return _hook(row)


def add(connection: Connection, hook: Hook, secret: str) -> int:
    return insert_row(connection, webhook, {**_row(hook), "secret": secret})


def change(connection: Connection, hook: Hook) -> None:
    update_row(connection, webhook, hook.id, _row(hook))


def remove(connection: Connection, hook_id: int) -> None:
    by_id(connection, hook_id)
    connection.execute(delete(webhook_delivery).where(webhook_delivery.c.webhook_id == hook_id))
    connection.execute(delete(webhook).where(webhook.c.id == hook_id))


def set_secret(connection: Connection, hook_id: int, secret: str) -> None:
    update_row(connection, webhook, hook_id, {"secret": secret})


def secret_of(connection: Connection, hook_id: int) -> str:
    return str(connection.execute(select(webhook.c.secret).where(webhook.c.id == hook_id)).scalar_one())


def counts(connection: Connection) -> dict[int, Count]:
    """How each receiver fares, by id."""
    due, done = webhook_delivery.c.due_at, webhook_delivery.c.delivered_at
    query = select(
        webhook_delivery.c.webhook_id,
        func.count(due).label("waiting"),
        func.sum(case((due.is_(None) & done.is_(None), 1), else_=0)).label("given_up"),
        func.max(done).label("delivered_at"),
    ).group_by(webhook_delivery.c.webhook_id)
    rows = connection.execute(query)
    return {row.webhook_id: Count(row.waiting, int(row.given_up), row.delivered_at) for row in rows}


# ---- what is to be told ----


def are_texts_waiting(connection: Connection, since: datetime) -> bool:
    """Whether a text to a person was due at `since` and nobody has taken it yet."""
    query = select(1).where(IN_HAND, message.c.state == MessageState.QUEUED.value, message.c.due_at <= since)
    return connection.execute(query.limit(1)).first() is not None


def untold(connection: Connection, now: datetime, most: int) -> list[tuple[Row[Any], tuple[Happened, ...]]]:
    """Cases of which something was not told yet, with what that is; at most `most` of them, by id.

    Of one that cannot be read nothing is told, and it keeps no other from being told.
    """

    def changed(*only: Any) -> Select[Any]:
        query = select(
            incident.c.id,
            incident.c.version,
            incident.c.stage,
            webhook_case.c.seq,
            webhook_case.c.stage.label("told"),
        )
        behind = or_(webhook_case.c.seq.is_(None), webhook_case.c.seq < incident.c.version)
        return query.outerjoin(webhook_case, webhook_case.c.id == incident.c.id).where(behind, *only)

    both = union_all(
        changed(incident.c.due_at.is_not(None)), changed(incident.c.closed_at > now - STILL_TOLD)
    )
    of_both = both.subquery()
    # In whatever order the indexes give: to sort first, every case there ever was would be read.
    rows = sorted(connection.execute(select(of_both).limit(most)), key=lambda row: row.id)
    if not rows:
        return []
    query = select(timeline).where(
        timeline.c.incident_id.in_([row.id for row in rows]),
        or_(timeline.c.entry.in_(_TOLD), timeline.c.seq == _last_of(rows)),
    )
    entries = connection.execute(query.order_by(timeline.c.incident_id, timeline.c.seq))
    found: dict[int, list[TimelineEntry]] = {row.id: [] for row in rows}
    for entry in readable("timeline", entries, timeline_from):
        found[entry.incident_id].append(entry)

    def happened(row: Row[Any]) -> tuple[int, tuple[Happened, ...]]:
        new = [one for one in found[row.id] if (row.seq or 0) < one.seq <= row.version]
        return row.id, story(new, Stage(row.told) if row.told else None, Stage(row.stage))

    stories = dict(readable("incident", rows, happened))
    return [(row, stories.get(row.id, ())) for row in rows]


def _last_of(rows: Sequence[Row[Any]]) -> Any:
    """The number of the last entry of each case: that it fell back may stand in no other."""
    return case({row.id: row.version for row in rows}, value=timeline.c.incident_id, else_=0)


def note_told(connection: Connection, row: Row[Any]) -> bool:
    """Note how far a case was told of; False when somebody else did so since it was read."""
    statement = upsert(connection, webhook_case).values(id=row.id, seq=row.version, stage=row.stage)
    statement = statement.on_conflict_do_update(
        index_elements=[webhook_case.c.id],
        set_={"seq": row.version, "stage": row.stage},
        where=webhook_case.c.seq == (row.seq or 0),
    )
    return connection.execute(statement.returning(webhook_case.c.id)).first() is not None


def about(connection: Connection, ids: Collection[int], *, names: bool) -> dict[int, About]:
    """These cases as receivers may see them, but for those that cannot be read; the names of who lives there
    only when they are wanted.
    """
    query = (
        select(incident, household.c.address, household.c.lon, household.c.lat, area.c.code)
        .outerjoin(household, household.c.id == incident.c.household_id)
        .outerjoin(area, area.c.id == household.c.area_id)
        .where(incident.c.id.in_(list(ids)))
    )
    rows = connection.execute(query).all()
    areas = {row.id: place for row in rows if (place := area_of(row.subject)) is not None}
    codes = dict(
        connection.execute(select(area.c.id, area.c.code).where(area.c.id.in_(set(areas.values())))).all()
    )
    people: dict[int, list[str]] = {}
    if names:
        living = select(resident.c.household_id, resident.c.name).where(
            resident.c.household_id.in_([row.household_id for row in rows if row.household_id is not None])
        )
        for one in connection.execute(living.order_by(resident.c.id)):
            people.setdefault(one.household_id, []).append(one.name)

    def made(row: Row[Any]) -> About:
        return About(
            incident_id=row.id,
            kind=Kind(row.kind),
            severity=Severity(row.severity),
            cell=row.code or codes.get(areas.get(row.id, 0), ""),
            is_drill=household_of(row.subject) is not None,
            close_code=CloseCode(row.close_code) if row.close_code else None,
            address=row.address or "",
            names=tuple(people.get(row.household_id, ())),
            position=(row.lon, row.lat) if row.lon is not None and row.lat is not None else None,
        )

    return {one.incident_id: one for one in readable("incident", rows, made)}


def queue(
    connection: Connection,
    hook_id: int,
    event: Event,
    body: str,
    now: datetime,
    incident_id: int | None = None,
) -> int:
    """Put an event on its way to one receiver; returns its id."""
    row = {"webhook_id": hook_id, "incident_id": incident_id, "event": event.value, "body": body}
    return insert_row(
        connection,
        webhook_delivery,
        {**row, "created_at": now, "due_at": now, "attempts": 0, "error": ""},
    )


# ---- on the way ----


def due_hooks(connection: Connection, now: datetime) -> list[Hook]:
    """Receivers for whom something is due."""
    waiting = select(webhook_delivery.c.webhook_id).where(_is_due(now)).distinct()
    query = select(webhook).where(webhook.c.enabled, webhook.c.id.in_(waiting)).order_by(webhook.c.id)
    return list(readable("webhook", connection.execute(query), _hook))


def take(connection: Connection, hook_id: int, now: datetime, until: datetime, most: int) -> list[Delivery]:
    """What is due for one receiver, oldest first, taken until `until`: nobody else sends it meanwhile."""
    query = select(webhook_delivery).where(webhook_delivery.c.webhook_id == hook_id, _is_due(now))
    by_age = webhook_delivery.c.id + 0  # sorted by the key itself, all of the last month would be read
    rows = connection.execute(query.order_by(by_age).limit(most).with_for_update(skip_locked=True)).all()
    mine = webhook_delivery.c.id.in_([row.id for row in rows])
    connection.execute(
        update(webhook_delivery).where(mine).values(due_at=until, attempts=webhook_delivery.c.attempts + 1)
    )
    return [_delivery(row, due_at=until, attempts=row.attempts + 1) for row in rows]


def record(connection: Connection, results: Iterable[Result], now: datetime) -> None:
    """Not over what somebody did who took it since: a lease may run out under a slow receiver."""
    for one in results:
        is_delivered = not one.error
        connection.execute(
            update(webhook_delivery)
            .where(_taken(one.delivery))
            .values(
                status=one.status,
                error=one.error,
                due_at=one.again_at,
                delivered_at=now if is_delivered else None,
            )
        )
        if one.stops:
            stopped = {"enabled": False, "stopped": one.stops}
            connection.execute(update(webhook).where(webhook.c.id == one.delivery.hook_id).values(**stopped))


def give_back(connection: Connection, untried: Iterable[Delivery], now: datetime) -> None:
    """These were taken and not tried: they are due again at once."""
    for one in untried:
        connection.execute(
            update(webhook_delivery).where(_taken(one)).values(due_at=now, attempts=one.attempts - 1)
        )


def _taken(one: Delivery) -> ColumnElement[bool]:
    """Whether it is still in the attempt in which we took it."""
    return and_(webhook_delivery.c.id == one.id, webhook_delivery.c.attempts == one.attempts)


def deliveries(
    connection: Connection, hook_id: int, before_id: int | None, limit: int, *, given_up: bool = False
) -> tuple[Delivery, ...]:
    """Events of one receiver below `before_id`, newest first; with `given_up` the dead letters only."""
    query = select(webhook_delivery).where(webhook_delivery.c.webhook_id == hook_id)
    if before_id is not None:
        query = query.where(webhook_delivery.c.id < before_id)
    if given_up:
        query = query.where(webhook_delivery.c.due_at.is_(None), webhook_delivery.c.delivered_at.is_(None))
    rows = connection.execute(query.order_by(webhook_delivery.c.id.desc()).limit(limit))
    return tuple(_delivery(row) for row in rows)


def replay(connection: Connection, delivery_id: int, now: datetime) -> Delivery:
    """Send an event again, from the first attempt on and under its old name. NotFound, Conflict."""
    row = connection.execute(select(webhook_delivery).where(webhook_delivery.c.id == delivery_id)).first()
    if row is None:
        raise NotFound(
            "no_such_delivery", f"there is no delivery {delivery_id}: it was forgotten after 30 days"
        )
    if row.due_at is not None:
        raise Conflict("still_waiting", "还在发送中 it is on its way still: wait for it")
    again = {"due_at": now, "attempts": 0, "status": None, "error": "", "delivered_at": None}
    update_row(connection, webhook_delivery, delivery_id, again)
    return _delivery(row, **again)


def forget(connection: Connection, now: datetime) -> None:
    """What is of use to nobody any more."""
    connection.execute(delete(webhook_delivery).where(webhook_delivery.c.created_at < now - KEPT))
    over = select(incident.c.id).where(incident.c.closed_at < now - 2 * STILL_TOLD)
    connection.execute(delete(webhook_case).where(webhook_case.c.id.in_(over)))


def _is_due(now: datetime) -> Any:
    """Due by its time, or written before the clock was set back."""
    due = webhook_delivery.c.due_at
    return and_(due.is_not(None), or_(due <= now, due > now + max(TOO_FAR, timedelta(days=2))))


def _row(hook: Hook) -> dict[str, Any]:
    return {
        "label": hook.label,
        "url": hook.url,
        "events": [event.value for event in hook.events],
        "includes": [detail.value for detail in hook.includes],
        "enabled": hook.enabled,
        "since": hook.since,
        "stopped": hook.stopped,
    }


def _hook(row: Row[Any]) -> Hook:
    return Hook(
        row.id,
        row.label,
        row.url,
        tuple(map(Event, row.events)),
        tuple(map(Detail, row.includes)),
        row.enabled,
        row.since,
        row.stopped,
    )


def _delivery(row: Row[Any], **fresh: Any) -> Delivery:
    values = {**row._mapping, **fresh}
    return Delivery(
        id=values["id"],
        hook_id=values["webhook_id"],
        incident_id=values["incident_id"],
        event=Event(values["event"]),
        created_at=values["created_at"],
        due_at=values["due_at"],
        attempts=values["attempts"],
        status=values["status"],
        error=values["error"],
        delivered_at=values["delivered_at"],
        body=values["body"],
    )
