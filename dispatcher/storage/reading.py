"""Queries for the screens."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, literal, or_, select, union_all

from community.storage.tables import (
    account,
    alarm,
    alarm_look,
    incident,
    message,
    offer,
    phone_deaf,
    phone_text,
    reply,
    responder,
    timeline,
    unread,
)
from devices.signal import Kind
from dispatcher.model import (
    OPEN_OFFERS,
    Alarm,
    Entry,
    Incident,
    Meaning,
    Message,
    Offer,
    Purpose,
    Severity,
    Stage,
    TimelineEntry,
)
from dispatcher.storage.casebook import alarm_from, incident_from, message_from, offer_from, timeline_from


@dataclass(frozen=True, slots=True)
class Unread:
    """A message that no rule understood, waiting for a human."""

    id: int
    device_key: str
    reason: str
    topic: str
    payload: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True)
class PossibleCase:
    """An open case in which the phone that answered was asked something. `door` is 22幢1单元402."""

    incident_id: int
    door: str


@dataclass(frozen=True, slots=True)
class ReplyLine:
    """An answer that was not understood or belongs to no single case, waiting for an operator."""

    id: int
    phone: str
    name: str  # what the newest text to this phone called its owner; empty when it never got one
    body: str
    meaning: Meaning
    received_at: datetime
    incident_id: int | None
    candidates: tuple[PossibleCase, ...] = ()  # what it may be about, while that is not certain


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody who was told or asked has answered last, as far as it was understood."""

    name: str
    meaning: Meaning
    at: datetime


@dataclass(frozen=True, slots=True)
class Phone:
    """A simulated phone: whose it is, how many texts it has, and whether any arrive now."""

    phone: str
    name: str
    who: str
    last_at: datetime
    count: int
    texts_arrive: bool


@dataclass(frozen=True, slots=True)
class PhoneText:
    """A text on a simulated phone; `incoming` ones came from the centre."""

    id: str
    incoming: bool
    body: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Counters:
    """How much is open and waiting."""

    by_severity: Mapping[Severity, int]
    by_stage: Mapping[Stage, int]
    unread: int
    replies: int


@dataclass(frozen=True, slots=True)
class Change:
    """Something was written on a timeline."""

    id: int
    incident_id: int
    version: int
    entry: Entry
    at: datetime


def open_incidents(connection: Connection) -> list[Incident]:
    query = select(incident).where(incident.c.closed_at.is_(None)).order_by(incident.c.id)
    return [incident_from(row) for row in connection.execute(query)]


def incidents(connection: Connection, ids: Collection[int]) -> list[Incident]:
    if not ids:
        return []
    query = select(incident).where(incident.c.id.in_(list(ids))).order_by(incident.c.id)
    return [incident_from(row) for row in connection.execute(query)]


def page(connection: Connection, before_id: int | None, limit: int, stage: Stage | None) -> list[Incident]:
    query = select(incident).order_by(incident.c.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(incident.c.id < before_id)
    if stage is not None:
        query = query.where(incident.c.stage == stage.value)
    return [incident_from(row) for row in connection.execute(query)]


def alarms(connection: Connection, incident_id: int) -> tuple[Alarm, ...]:
    query = (
        select(alarm, alarm_look.c.at.label("looked_at"))
        .outerjoin(alarm_look, alarm_look.c.alarm_id == alarm.c.id)
        .where(alarm.c.incident_id == incident_id)
        .order_by(alarm.c.id)
    )
    return tuple(replace(alarm_from(row), looked_at=row.looked_at) for row in connection.execute(query))


def cleared_unseen(connection: Connection, ids: Collection[int]) -> dict[int, tuple[Kind, ...]]:
    """Kinds of trouble that a device has reported over, and at which no human has looked yet."""
    query = (
        select(alarm.c.incident_id, alarm.c.kind)
        .outerjoin(alarm_look, alarm_look.c.alarm_id == alarm.c.id)
        .where(
            alarm.c.incident_id.in_(list(ids)),
            alarm.c.cleared_at.is_not(None),
            alarm.c.ended_at.is_(None),
            alarm_look.c.alarm_id.is_(None),
        )
        .order_by(alarm.c.id)
    )
    found: defaultdict[int, dict[Kind, None]] = defaultdict(dict)
    for incident_id, kind in connection.execute(query):
        found[incident_id][Kind(kind)] = None
    return {id: tuple(kinds) for id, kinds in found.items()}


def frozen(connection: Connection, incident_id: int) -> tuple[str, str] | None:
    """The plan of an incident as JSON, and its last digest."""
    row = connection.execute(
        select(incident.c.plan, incident.c.digest).where(incident.c.id == incident_id)
    ).first()
    return None if row is None else (row.plan, row.digest)


def messages(connection: Connection, incident_id: int) -> tuple[Message, ...]:
    query = select(message).where(message.c.incident_id == incident_id).order_by(message.c.id)
    return tuple(message_from(row) for row in connection.execute(query))


def timeline_of(connection: Connection, incident_id: int) -> tuple[TimelineEntry, ...]:
    query = select(timeline).where(timeline.c.incident_id == incident_id).order_by(timeline.c.seq)
    return tuple(timeline_from(row) for row in connection.execute(query))


def log_of(
    connection: Connection, ids: Collection[int], entries: Collection[Entry]
) -> dict[int, tuple[TimelineEntry, ...]]:
    """The timelines of `ids`, in order, without what is not one of `entries`."""
    query = select(timeline).where(
        timeline.c.incident_id.in_(list(ids)), timeline.c.entry.in_([entry.value for entry in entries])
    )
    found: defaultdict[int, list[TimelineEntry]] = defaultdict(list)
    for row in connection.execute(query.order_by(timeline.c.incident_id, timeline.c.seq)):
        found[row.incident_id].append(timeline_from(row))
    return {id: tuple(log) for id, log in found.items()}


def called_since_taken(connection: Connection, ids: Collection[int]) -> dict[int, datetime]:
    """When whoever has an open case was last called to it again: by a rung, a device, or silence on scene."""
    query = (
        select(timeline.c.incident_id, func.max(timeline.c.at).label("called_at"))
        .join(incident, incident.c.id == timeline.c.incident_id)
        .where(
            timeline.c.incident_id.in_(list(ids)),
            timeline.c.entry.in_([Entry.DESK.value, Entry.SIGNAL.value]),
            incident.c.closed_at.is_(None),
            timeline.c.at > incident.c.claimed_at,
        )
        .group_by(timeline.c.incident_id)
    )
    return {row.incident_id: row.called_at for row in connection.execute(query)}


def kinds_of(connection: Connection, ids: Collection[int]) -> dict[int, tuple[Kind, ...]]:
    found: defaultdict[int, list[Kind]] = defaultdict(list)
    query = select(alarm.c.incident_id, alarm.c.kind).where(alarm.c.incident_id.in_(list(ids)))
    for incident_id, kind in connection.execute(query.order_by(alarm.c.id)):
        if Kind(kind) not in found[incident_id]:
            found[incident_id].append(Kind(kind))
    return {id: tuple(kinds) for id, kinds in found.items()}


def account_names(connection: Connection, ids: Collection[int]) -> dict[int, str]:
    query = select(account.c.id, account.c.name).where(account.c.id.in_(list(ids)))
    return {row.id: row.name for row in connection.execute(query)}


def offers_with_responders(connection: Connection, ids: Collection[int]) -> list[tuple[Offer, str, str, str]]:
    """(offer, responder's name, kind, phone) of the incidents `ids`, oldest first."""
    query = (
        select(offer, responder.c.name, responder.c.kind, responder.c.phone)
        .join(responder, responder.c.id == offer.c.responder_id)
        .where(offer.c.incident_id.in_(list(ids)))
        .order_by(offer.c.id)
    )
    return [(offer_from(row), row.name, row.kind, row.phone) for row in connection.execute(query)]


def answers(connection: Connection, ids: Collection[int]) -> dict[int, tuple[Answer, ...]]:
    """What each phone answered last in the incidents `ids`, oldest first; what is unclear is no answer."""
    name = (
        select(message.c.name)
        .where(message.c.incident_id == reply.c.incident_id, message.c.phone == reply.c.phone)
        .order_by(message.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = (
        select(reply, func.coalesce(name, reply.c.phone).label("name"))
        .where(reply.c.incident_id.in_(list(ids)), reply.c.meaning.not_in(_NO_ANSWER))
        .order_by(reply.c.id)
    )
    found: defaultdict[int, dict[str, Answer]] = defaultdict(dict)
    for row in connection.execute(query):
        of_case = found[row.incident_id]
        of_case.pop(row.phone, None)
        of_case[row.phone] = Answer(row.name, Meaning(row.meaning), row.received_at)
    return {id: tuple(of_case.values()) for id, of_case in found.items()}


_NO_ANSWER = (
    Meaning.UNCLEAR.value,
    Meaning.STOP.value,
    Meaning.START.value,
    Meaning.WEEKLY.value,
    Meaning.NO_WEEKLY.value,
)  # an operator reads these in the tray


def told(connection: Connection, closed_after: datetime) -> set[tuple[int, str]]:
    """(incident, who) of everybody who was told of or asked to a case that was open after `closed_after`."""
    recent = union_all(
        select(incident.c.id).where(incident.c.closed_at.is_(None)),
        select(incident.c.id).where(incident.c.closed_at > closed_after),
    )
    contacts = select(message.c.incident_id, message.c.who).where(
        message.c.incident_id.in_(recent), message.c.purpose == Purpose.RAISED.value
    )
    asked = select(offer.c.incident_id, offer.c.responder_id).where(offer.c.incident_id.in_(recent))
    found = {(row.incident_id, row.who) for row in connection.execute(contacts)}
    return found | {(row.incident_id, f"responder:{row.responder_id}") for row in connection.execute(asked)}


def open_errands(connection: Connection, responder_id: int) -> list[int]:
    """The open cases in which a responder is asked or on the way, oldest first."""
    query = (
        select(offer.c.incident_id)
        .join(incident, incident.c.id == offer.c.incident_id)
        .where(
            offer.c.responder_id == responder_id,
            offer.c.state.in_([state.value for state in OPEN_OFFERS]),
            incident.c.closed_at.is_(None),
        )
        .order_by(offer.c.incident_id)
    )
    return list(connection.execute(query).scalars())


def unread_waiting(connection: Connection, limit: int = 50) -> tuple[Unread, ...]:
    """Messages that no rule understood and nobody has looked at, newest first."""
    query = select(unread).where(unread.c.seen_at.is_(None)).order_by(unread.c.id.desc()).limit(limit)
    return tuple(
        Unread(row.id, row.device_key, row.reason, row.topic, row.payload, row.received_at)
        for row in connection.execute(query)
    )


def replies_waiting(connection: Connection, limit: int = 50) -> tuple[ReplyLine, ...]:
    """Answers that wait for an operator, newest first."""
    name = (
        select(message.c.name)
        .where(message.c.phone == reply.c.phone)
        .order_by(message.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = (
        select(reply, func.coalesce(name, "").label("name"))
        .where(reply.c.seen_at.is_(None))
        .order_by(reply.c.id.desc())
        .limit(limit)
    )
    return tuple(
        ReplyLine(
            row.id, row.phone, row.name, row.body, Meaning(row.meaning), row.received_at, row.incident_id
        )
        for row in connection.execute(query)
    )


def reply_case(connection: Connection, dedupe_key: str) -> int | None:
    """The case to which a kept reply was joined; None when that is left to an operator."""
    query = select(reply.c.incident_id).where(reply.c.dedupe_key == dedupe_key)
    return connection.execute(query).scalar()


def phones(connection: Connection) -> tuple[Phone, ...]:
    """Every simulated phone that has a text, the newest first."""
    newest = (
        select(
            phone_text.c.phone,
            func.max(phone_text.c.id).label("last_id"),
            func.max(phone_text.c.at).label("last_at"),
            func.count().label("count"),
        )
        .group_by(phone_text.c.phone)
        .subquery()
    )
    query = (
        select(
            newest.c.phone,
            message.c.name,
            message.c.who,
            newest.c.last_at,
            newest.c.count,
            phone_deaf.c.phone.is_(None),
        )
        .join(phone_text, phone_text.c.id == newest.c.last_id)
        .join(message, message.c.key == phone_text.c.message_key)
        .outerjoin(phone_deaf, phone_deaf.c.phone == newest.c.phone)
        .order_by(newest.c.last_id.desc())
    )
    return tuple(
        Phone(phone, name, who, last_at, count, bool(arrive))
        for phone, name, who, last_at, count, arrive in connection.execute(query)
    )


def phone_texts(connection: Connection, phone: str) -> tuple[PhoneText, ...]:
    """What came and went on one simulated phone, oldest first."""
    came = select(phone_text.c.id, literal(True).label("incoming"), phone_text.c.body, phone_text.c.at).where(
        phone_text.c.phone == phone
    )
    went = select(
        reply.c.id, literal(False).label("incoming"), reply.c.body, reply.c.received_at.label("at")
    ).where(reply.c.phone == phone)
    both = union_all(came, went).subquery()
    query = select(both).order_by(both.c.at, both.c.incoming.desc(), both.c.id)
    return tuple(
        PhoneText(f"{'in' if row.incoming else 'out'}-{row.id}", bool(row.incoming), row.body, row.at)
        for row in connection.execute(query)
    )


def counters(connection: Connection) -> Counters:
    """Open incidents by severity and stage, without drills, and what waits for a human's eyes."""
    by_severity = dict.fromkeys(Severity, 0)
    by_stage: dict[Stage, int] = dict.fromkeys(Stage, 0)
    query = (
        select(incident.c.severity, incident.c.stage, func.count())
        .where(incident.c.closed_at.is_(None), ~incident.c.subject.startswith("exercise:"))
        .group_by(incident.c.severity, incident.c.stage)
    )
    for severity, stage, count in connection.execute(query):
        by_severity[Severity(severity)] += count
        by_stage[Stage(stage)] += count
    return Counters(
        by_severity,
        by_stage,
        connection.execute(select(func.count()).where(unread.c.seen_at.is_(None))).scalar_one(),
        connection.execute(select(func.count()).where(reply.c.seen_at.is_(None))).scalar_one(),
    )


def settled_change(connection: Connection, span: timedelta) -> int:
    """The highest id of an entry written longer than `span` before the newest one; 0 when there is none."""
    newest = connection.execute(select(func.max(timeline.c.id))).scalar()
    if newest is None:
        return 0
    horizon = connection.execute(select(timeline.c.at).where(timeline.c.id == newest)).scalar_one() - span
    query = select(timeline.c.id).where(timeline.c.at < horizon).order_by(timeline.c.id.desc()).limit(1)
    return connection.execute(query).scalar() or 0


def changes(connection: Connection, after: int, holes: Collection[int] = ()) -> tuple[Change, ...]:
    """Timeline entries with an id above `after`, or among `holes`, by id."""
    wanted = timeline.c.id > after
    if holes:
        wanted = or_(wanted, timeline.c.id.in_(list(holes)))
    query = (
        select(timeline.c.id, timeline.c.incident_id, timeline.c.seq, timeline.c.entry, timeline.c.at)
        .where(wanted)
        .order_by(timeline.c.id)
    )
    return tuple(
        Change(id, incident_id, seq, Entry(entry), at)
        for id, incident_id, seq, entry, at in connection.execute(query)
    )
