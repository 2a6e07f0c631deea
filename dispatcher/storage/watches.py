"""Watched homes and welfare checks: rows here, the rule's values outside."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from community.storage import register
from community.storage.rows import upsert
from community.storage.tables import (
    alarm,
    device,
    home_watch,
    incident,
    life,
    message,
    night_watch,
    welfare_check,
)
from devices.signal import Kind, Role
from dispatcher.absence import (
    CALL,
    LOOK_AT_LEAST,
    Away,
    AwayKind,
    Calls,
    Check,
    Gap,
    Hours,
    Life,
    Night,
    Sensor,
    Watched,
    is_greeting,
)
from dispatcher.meters import Usage
from dispatcher.model import LOST, MessageState, Purpose, Severity
from dispatcher.presets import Presets
from dispatcher.storage import lives

_TOO_FAR = LOOK_AT_LEAST + timedelta(minutes=1)  # no look is as far: the clock was set back
_NEVER_LEFT = (MessageState.CANCELLED.value, *(state.value for state in LOST))
_LOST = frozenset(state.value for state in LOST)


class CheckState(StrEnum):
    """What became of a question, or of a call."""

    OPEN = "open"
    WELL = "well"  # somebody said so
    MOVED = "moved"  # somebody at home moved or pressed
    HELP = "help"  # somebody asked for help: an incident
    NO_ANSWER = "no_answer"  # an incident
    DROPPED = "dropped"  # a case was opened, or a trip or a stay began


@dataclass(frozen=True, slots=True)
class Choice:
    """What people chose for a home. `presets` are names."""

    presets: tuple[str, ...] = ()
    daily: Hours | None = None
    calls: Calls | None = None
    night: Night | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """An open question as the one knows it who settles it."""

    id: int
    household_id: int
    who: str


@dataclass(frozen=True, slots=True)
class CheckLine:
    """A check as lists show it."""

    id: int
    household_id: int
    why: str
    state: CheckState
    since: datetime
    asked_at: datetime
    until_at: datetime
    attempts: int
    note: str
    settled_at: datetime | None
    settled_by: int | None
    incident_id: int | None


@dataclass(frozen=True, slots=True)
class Home:
    """A watched home with what is only needed to write about it."""

    watched: Watched
    look_at: datetime
    asked: tuple[str, ...] = ()  # who was asked in the open question, in order
    check_since: datetime | None = None
    choice: Choice = field(default_factory=Choice)


# ---- looking ----


def _is_due(now: datetime) -> ColumnElement[bool]:
    return or_(home_watch.c.look_at <= now, home_watch.c.look_at > now + _TOO_FAR)


def is_anything_due(connection: Connection, now: datetime) -> bool:
    """Whether any watched home is to be looked at; a cheap look, without a lock."""
    return (
        connection.execute(select(home_watch.c.household_id).where(_is_due(now)).limit(1)).first() is not None
    )


def due(connection: Connection, presets: Presets, now: datetime, limit: int) -> list[Home]:
    """At most `limit` homes that are to be looked at, unlocked, longest due first."""
    query = select(home_watch).where(_is_due(now)).order_by(home_watch.c.look_at).limit(limit)
    return _homes(connection, connection.execute(query).all(), presets, now)


def due_ids(connection: Connection, now: datetime, limit: int) -> list[tuple[int, datetime]]:
    """At most `limit` households that are to be looked at, and since when."""
    query = select(home_watch.c.household_id, home_watch.c.look_at).where(_is_due(now))
    return [
        (id, look_at) for id, look_at in connection.execute(query.order_by(home_watch.c.look_at).limit(limit))
    ]


def of(connection: Connection, ids: Collection[int], presets: Presets, now: datetime) -> dict[int, Home]:
    """The watched ones among the households `ids`."""
    query = select(home_watch).where(home_watch.c.household_id.in_(list(ids)))
    found = _homes(connection, connection.execute(query).all(), presets, now)
    return {home.watched.household_id: home for home in found}


def lock(connection: Connection, household_id: int) -> None:
    """Hold a watched home for this transaction: whoever else wants it waits, and then reads what was done."""
    connection.execute(
        update(home_watch)
        .where(home_watch.c.household_id == household_id)
        .values(look_at=home_watch.c.look_at)
    )


def look_later(connection: Connection, looks: Sequence[tuple[int, datetime, datetime]]) -> None:
    """(household, was to be looked at, look again at), for those that nobody has moved meanwhile."""
    if looks:
        connection.execute(
            update(home_watch).where(
                home_watch.c.household_id == bindparam("of_id"), home_watch.c.look_at == bindparam("was")
            ),
            [{"of_id": id, "was": look_at, "look_at": again_at} for id, look_at, again_at in looks],
        )


def change(connection: Connection, household_id: int, **values: Any) -> bool:
    """Change what is kept of a watched home; False when it is not watched."""
    query = update(home_watch).where(home_watch.c.household_id == household_id).values(**values)
    return connection.execute(query).rowcount == 1


def choose(connection: Connection, household_id: int, choice: Choice, now: datetime) -> None:
    """Watch a home for `choice` from now on; what it is away for, or was asked, stays.

    A daily window or a call that is new begins with the next one, not with the one that is over today.
    """
    query = select(home_watch).where(home_watch.c.household_id == household_id).with_for_update()
    row = connection.execute(query).first()
    before = choice_from(row, None) if row is not None else None
    chosen: dict[str, Any] = {
        "presets": list(choice.presets),
        "daily_starts": choice.daily.starts if choice.daily is not None else None,
        "daily_ends": choice.daily.ends if choice.daily is not None else None,
        "call_days": "".join(map(str, sorted(choice.calls.days))) if choice.calls is not None else "",
        "call_minute": choice.calls.minute if choice.calls is not None else None,
        "look_at": now,
        "blind": [],
    }
    if before is None or before.daily != choice.daily:
        chosen["daily_asked_at"] = now
    if before is None or before.calls != choice.calls:
        chosen["called_at"] = now
    connection.execute(
        upsert(connection, home_watch)
        .values(household_id=household_id, since=now, **chosen)
        .on_conflict_do_update(index_elements=[home_watch.c.household_id], set_=chosen)
    )
    _set_night(connection, household_id, choice.night)


def _set_night(connection: Connection, household_id: int, night: Night | None) -> None:
    connection.execute(delete(night_watch).where(night_watch.c.household_id == household_id))
    if night is not None:
        hours = {"starts": night.hours.starts, "ends": night.hours.ends}
        connection.execute(
            insert(night_watch).values(household_id=household_id, minutes=night.minutes, **hours)
        )


def forget(connection: Connection, household_id: int, now: datetime) -> bool:
    """Watch a home no longer; False when it was not watched."""
    _set_night(connection, household_id, None)
    gone = connection.execute(delete(home_watch).where(home_watch.c.household_id == household_id))
    connection.execute(
        update(welfare_check)
        .where(welfare_check.c.household_id == household_id, welfare_check.c.state == CheckState.OPEN.value)
        .values(state=CheckState.DROPPED.value, settled_at=now)
    )
    return gone.rowcount == 1


def choice_from(row: Row[Any], night: Night | None) -> Choice:
    daily = Hours(row.daily_starts, row.daily_ends) if row.daily_starts is not None else None
    days = frozenset(map(int, row.call_days))
    return Choice(tuple(row.presets), daily, Calls(days, row.call_minute) if days else None, night)


def greetings(connection: Connection, pressed: Mapping[str, datetime]) -> set[str]:
    """Of the device keys whose green button was pressed, and when: those that said "I am well" by it."""
    query = (
        select(device.c.key, home_watch.c.daily_starts, home_watch.c.daily_ends, life.c.by_hand_at)
        .join(home_watch, home_watch.c.household_id == device.c.household_id)
        .outerjoin(life, life.c.household_id == device.c.household_id)
        .where(device.c.key.in_(list(pressed)), device.c.enabled, home_watch.c.daily_starts.is_not(None))
    )
    rows = connection.execute(query).all()
    if not rows:
        return set()
    zone = ZoneInfo(register.site(connection).timezone)
    return {
        key
        for key, starts, ends, well_at in rows
        if is_greeting(Hours(starts, ends), well_at, pressed[key], zone)
    }


def watched_ids(connection: Connection, after_id: int, limit: int) -> list[int]:
    """At most `limit` watched households with an id above `after_id`."""
    query = (
        select(home_watch.c.household_id)
        .where(home_watch.c.household_id > after_id)
        .order_by(home_watch.c.household_id)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def _homes(connection: Connection, rows: Iterable[Row[Any]], presets: Presets, now: datetime) -> list[Home]:
    found = list(rows)
    if not found:
        return []
    ids = [row.household_id for row in found]
    living = _lives(connection, ids)
    sensors = _sensors(connection, ids)
    checks = _checks(connection, ids)
    cases = _cases(connection, ids, now)
    unheard = lives.gaps(connection, now)
    water = lives.water_of(connection, ids)
    nights = _nights(connection, ids)
    beds = lives.beds_of(connection, nights.keys()) if nights else {}
    return [
        _home(
            row,
            living,
            sensors,
            checks,
            cases,
            water.get(row.household_id),
            nights.get(row.household_id),
            beds.get(row.household_id, ()),
            unheard,
            presets,
        )
        for row in found
    ]


def _nights(connection: Connection, ids: Collection[int]) -> dict[int, Night]:
    query = select(night_watch).where(night_watch.c.household_id.in_(ids))
    return {
        row.household_id: Night(Hours(row.starts, row.ends), row.minutes) for row in connection.execute(query)
    }


def _home(
    row: Row[Any],
    living: Mapping[int, Life],
    sensors: Mapping[int, list[Sensor]],
    checks: Mapping[tuple[int, bool], Row[Any]],
    cases: Mapping[int, tuple[bool, datetime | None]],
    water: Usage | None,
    night: Night | None,
    left_bed: tuple[datetime, ...],
    unheard: tuple[Gap, ...],
    presets: Presets,
) -> Home:
    id = row.household_id
    choice = choice_from(row, night)
    check, call = checks.get((id, False)), checks.get((id, True))
    case_open, handled_at = cases.get(id, (False, None))
    watched = Watched(
        household_id=id,
        since=row.since,
        presets=tuple(presets[name] for name in choice.presets if name in presets),
        unknown=tuple(name for name in choice.presets if name not in presets),
        daily=choice.daily,
        calls=choice.calls,
        night=night,
        left_bed=left_bed,
        away=Away(AwayKind(row.away), row.away_until) if row.away is not None else None,
        life=living.get(id),
        sensors=tuple(sensors.get(id, ())),
        check=_check(check) if check is not None else None,
        call=_check(call) if call is not None else None,
        case_open=case_open,
        handled_at=handled_at,
        blind=frozenset(row.blind),
        not_before=row.not_before,
        daily_asked_at=row.daily_asked_at,
        called_at=row.called_at,
        gaps=unheard,
        water=water,
    )
    asked = tuple(check.asked) if check is not None else ()
    return Home(watched, row.look_at, asked, check.since if check is not None else None, choice)


def _check(row: Row[Any]) -> Check:
    return Check(
        row.id, row.why, row.asked_at, row.until_at, row.wants_help, is_lost=row.message_state in _LOST
    )


def _lives(connection: Connection, ids: Collection[int]) -> dict[int, Life]:
    query = (
        select(life, device.c.label)
        .outerjoin(device, device.c.key == life.c.source)
        .where(life.c.household_id.in_(ids))
    )
    return {
        row.household_id: Life(row.at, row.said, row.label or "", row.by_hand_at)
        for row in connection.execute(query)
    }


def _sensors(connection: Connection, ids: Collection[int]) -> dict[int, list[Sensor]]:
    away = select(alarm.c.subject, alarm.c.device_key, alarm.c.last_at).where(
        alarm.c.subject.in_([f"household:{id}" for id in ids]),
        alarm.c.kind == Kind.OFFLINE.value,
        alarm.c.cleared_at.is_(None),
        alarm.c.ended_at.is_(None),
    )
    silent = {(subject, key): at for subject, key, at in connection.execute(away)}
    rows = connection.execute(
        select(device.c.household_id, device.c.key, device.c.role, device.c.last_seen_at).where(
            device.c.household_id.in_(ids), device.c.enabled
        )
    ).all()
    hubs: dict[int, datetime] = {}
    for row in rows:
        at = silent.get((f"household:{row.household_id}", row.key))
        if row.role == Role.HUB.value and at is not None:
            hubs[row.household_id] = at
    found: defaultdict[int, list[Sensor]] = defaultdict(list)
    for row in rows:
        own = silent.get((f"household:{row.household_id}", row.key))
        found[row.household_id].append(
            Sensor(Role(row.role), row.last_seen_at, own or hubs.get(row.household_id))
        )
    return found


def _checks(connection: Connection, ids: Collection[int]) -> dict[tuple[int, bool], Row[Any]]:
    query = (
        select(welfare_check, message.c.state.label("message_state"))
        .outerjoin(message, message.c.key == welfare_check.c.message_key)
        .where(welfare_check.c.household_id.in_(ids), welfare_check.c.state == CheckState.OPEN.value)
    )
    return {(row.household_id, row.is_call): row for row in connection.execute(query)}


def _cases(
    connection: Connection, ids: Collection[int], now: datetime
) -> dict[int, tuple[bool, datetime | None]]:
    """Whether a case about a person is open, and when the last one was closed.

    A case about a device alone brings nobody to the door, and nobody has seen her when it is closed.
    """
    query = select(incident.c.household_id, incident.c.closed_at).where(
        incident.c.household_id.in_(ids),
        incident.c.severity > int(Severity.TROUBLE),
        or_(incident.c.closed_at.is_(None), incident.c.closed_at > now - lives.KEPT),
    )
    found: dict[int, tuple[bool, datetime | None]] = {}
    for household_id, closed_at in connection.execute(query):
        is_open, handled_at = found.get(household_id, (False, None))
        known = [at for at in (handled_at, closed_at) if at is not None]
        found[household_id] = (is_open or closed_at is None, max(known, default=None))
    return found


# ---- checks ----


def ask(
    connection: Connection,
    household_id: int,
    why: str,
    since: datetime,
    now: datetime,
    until: datetime,
    *,
    asked: tuple[str, ...] = (),
) -> int:
    """Keep a new question, or a call to be made; returns its id."""
    row = {
        "household_id": household_id,
        "why": why,
        "is_call": why == CALL,
        "state": CheckState.OPEN.value,
        "since": since,
        "asked_at": now,
        "until_at": until,
        "asked": list(asked),
    }
    return int(
        connection.execute(insert(welfare_check).values(**row).returning(welfare_check.c.id)).scalar_one()
    )


def change_check(connection: Connection, check_id: int, **values: Any) -> bool:
    """Change an open check; False when it was settled already."""
    return (
        connection.execute(
            update(welfare_check)
            .where(welfare_check.c.id == check_id, welfare_check.c.state == CheckState.OPEN.value)
            .values(**values)
        ).rowcount
        == 1
    )


def settle(connection: Connection, check_id: int, state: CheckState, now: datetime, **values: Any) -> bool:
    """End an open check; False when somebody was faster."""
    return change_check(connection, check_id, state=state.value, settled_at=now, **values)


def call_back(connection: Connection, check_id: int) -> set[str]:
    """Cancel the texts of a question that have not left yet; returns whom it may have reached."""
    mine = and_(message.c.key.startswith(message_key(check_id, "")), message.c.purpose == Purpose.CHECK.value)
    queued = message.c.state == MessageState.QUEUED.value
    connection.execute(update(message).where(mine, queued).values(state=MessageState.CANCELLED.value))
    query = select(message.c.who).where(
        mine, or_(message.c.state.not_in(_NEVER_LEFT), message.c.attempts > 0)
    )
    return set(connection.execute(query).scalars())


def message_key(check_id: int, who: str) -> str:
    """The key of the text in which `who` is asked."""
    return f"check{check_id}.{who}"


def asked_by_phone(connection: Connection, phone: str) -> list[Asked]:
    """The open questions that `phone` was asked, newest first."""
    texts = (
        select(message.c.key)
        .where(message.c.phone == phone, message.c.purpose == Purpose.CHECK.value)
        .order_by(message.c.id.desc())
        .limit(20)
    )
    return _asked(connection, connection.execute(texts).scalars())


def asked_by_message(connection: Connection, key: str) -> Asked | None:
    """The open question that the message `key`, a text or a call, has asked."""
    return next(iter(_asked(connection, [key])), None)


def _asked(connection: Connection, keys: Iterable[str]) -> list[Asked]:
    whom: dict[int, str] = {}
    for key in keys:
        check, _, who = key.partition(".")
        whom.setdefault(int(check.removeprefix("check")), who)
    query = select(welfare_check.c.id, welfare_check.c.household_id).where(
        welfare_check.c.id.in_(whom), welfare_check.c.state == CheckState.OPEN.value
    )
    found = [Asked(id, household_id, whom[id]) for id, household_id in connection.execute(query)]
    return sorted(found, key=lambda asked: -asked.id)


def check_by_id(connection: Connection, check_id: int) -> CheckLine | None:
    row = connection.execute(select(welfare_check).where(welfare_check.c.id == check_id)).first()
    return _line(row) if row is not None else None


def calls_between(connection: Connection, start: datetime, end: datetime) -> list[CheckLine]:
    """The welfare calls planned from `start` until `end`, and those before that are still to be made."""
    query = (
        select(welfare_check)
        .where(
            welfare_check.c.is_call,
            welfare_check.c.since < end,
            or_(welfare_check.c.since >= start, welfare_check.c.state == CheckState.OPEN.value),
        )
        .order_by(welfare_check.c.since, welfare_check.c.id)
    )
    return [_line(row) for row in connection.execute(query)]


def checks_of(connection: Connection, ids: Collection[int], most: int) -> dict[int, tuple[CheckLine, ...]]:
    """The last checks of each home, newest first."""
    place = func.row_number().over(
        partition_by=welfare_check.c.household_id, order_by=welfare_check.c.id.desc()
    )
    ranked = (
        select(welfare_check, place.label("place"))
        .where(welfare_check.c.household_id.in_(list(ids)))
        .subquery()
    )
    found: defaultdict[int, list[CheckLine]] = defaultdict(list)
    query = select(ranked).where(ranked.c.place <= most).order_by(ranked.c.id.desc())
    for row in connection.execute(query):
        found[row.household_id].append(_line(row))
    return {id: tuple(lines) for id, lines in found.items()}


def _line(row: Row[Any]) -> CheckLine:
    return CheckLine(
        id=row.id,
        household_id=row.household_id,
        why=row.why,
        state=CheckState(row.state),
        since=row.since,
        asked_at=row.asked_at,
        until_at=row.until_at,
        attempts=row.attempts,
        note=row.note,
        settled_at=row.settled_at,
        settled_by=row.settled_by,
        incident_id=row.incident_id,
    )
