"""What must be true of a store after any test, whatever happened in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sqlalchemy import Connection, func, select

from community.storage import Store
from community.storage.tables import (
    alarm,
    consent,
    device,
    home_watch,
    incident,
    message,
    offer,
    phone_text,
    signal,
    timeline,
    unread,
    weekly,
    welfare_check,
    withdrawal,
)
from devices.signal import Kind, Role, State
from dispatcher.chain import first_break
from dispatcher.engine import Engine
from dispatcher.escalation import stage_of
from dispatcher.model import OPEN_OFFERS, TOO_FAR, Entry, MessageState, Purpose, Stage
from dispatcher.storage import outbox, reading
from dispatcher.storage.casebook import offers_of
from dispatcher.storage.watches import CheckState
from dispatcher.triage import SEVERITY

# What is true also when it is over.
SAID_AFTER_CLOSING = (Purpose.CLOSED.value, Purpose.STAND_DOWN.value, Purpose.COVERED.value)


def broken_promises(connection: Connection) -> list[str]:
    """Each promise that the rows break, in words; empty when all is well."""
    return [
        *_alarms_of_nobody(connection),
        *_cases_beside_cases(connection),
        *_incidents_without_a_future(connection),
        *_signals_that_came_to_nothing(connection),
        *_what_was_never_said_is_written(connection),
        *_presses_counted_wrong(connection),
        *_texts_said_twice(connection),
        *_broken_timelines(connection),
        *_stages_that_are_not_so(connection),
        *_left_over_by_closed_cases(connection),
        *_questions_nobody_comes_back_to(connection),
        *_texts_that_nobody_wants(connection),
    ]


def _alarms_of_nobody(connection: Connection) -> Iterator[str]:
    query = (
        select(alarm.c.id, alarm.c.kind, alarm.c.subject)
        .join(incident, incident.c.id == alarm.c.incident_id)
        .where(
            alarm.c.ended_at.is_(None),
            incident.c.closed_at.is_not(None) | (incident.c.subject != alarm.c.subject),
        )
    )
    for id, kind, subject in connection.execute(query):
        yield f"alarm {id} ({kind} of {subject}) is not over, and no open incident of {subject} holds it"


def _cases_beside_cases(connection: Connection) -> Iterator[str]:
    """At most one open case for each household, and a case that says whose it is."""
    still_open = select(incident.c.household_id, func.count()).where(
        incident.c.closed_at.is_(None), incident.c.household_id.is_not(None)
    )
    for home, count in connection.execute(
        still_open.group_by(incident.c.household_id).having(func.count() > 1)
    ):
        yield f"{count} cases of household {home} are open"
    query = select(incident.c.id, incident.c.subject, incident.c.household_id)
    for id, subject, home in connection.execute(query):
        if subject.startswith("household:") != (home is not None) or (
            home is not None and subject != f"household:{home}"
        ):
            yield f"incident {id} is of {subject}, and of household {home}"


def _incidents_without_a_future(connection: Connection) -> Iterator[str]:
    query = select(incident.c.id).where(incident.c.closed_at.is_(None), incident.c.due_at.is_(None))
    for id in connection.execute(query).scalars():
        yield f"incident {id} is open and nobody will look at it again"


def forgotten(store: Store) -> list[str]:
    """Each open case that a dispatcher would not come to, in words; empty when all is well.

    A due time alone is no future. One look is made at the latest moment of which the store tells: after it no
    open case may be due, and none may wait longer than any case waits; and of a closed case nothing waits but
    words that are said after closing. What the look says of its own is not sent, and not looked at.
    """
    with store.read() as connection:
        latest = [
            connection.execute(select(func.max(at))).scalar() for at in (timeline.c.at, message.c.due_at)
        ]
    now = max((at for at in latest if at is not None), default=None)
    if now is None:
        return []
    Engine(store).tick(now)
    with store.write() as connection:
        outbox.drop_stale(connection, now)
        open_cases = select(incident.c.id, incident.c.due_at).where(incident.c.closed_at.is_(None))
        found = [
            f"incident {id} is due at {due_at}, and at {now} nobody came to it"
            for id, due_at in connection.execute(open_cases)
            if due_at is None or not now < due_at <= now + TOO_FAR
        ]
        waits = (
            select(message.c.id, message.c.purpose, message.c.incident_id)
            .join(incident, incident.c.id == message.c.incident_id)
            .where(
                incident.c.closed_at.is_not(None),
                message.c.state == MessageState.QUEUED.value,
                message.c.purpose.not_in(SAID_AFTER_CLOSING),
            )
        )
        found += [
            f"message {id} ({purpose}) waits, and its incident {of} is closed"
            for id, purpose, of in connection.execute(waits)
        ]
    return found


def _signals_that_came_to_nothing(connection: Connection) -> Iterator[str]:
    beds = select(device.c.key).where(device.c.role == Role.BED_SENSOR.value)
    only_empty = (signal.c.kind == Kind.BED_EXIT.value) & signal.c.device_key.in_(beds)
    alarms = select(signal.c.device_key, signal.c.kind).where(
        signal.c.kind.in_([kind.value for kind in SEVERITY]),
        signal.c.state == State.ACTIVE.value,
        signal.c.is_old.is_(False),
        signal.c.is_test.is_(False),
        ~only_empty,
    )
    said = Counter((f"device:{device_key}", kind) for device_key, kind in connection.execute(alarms))
    entries = select(timeline.c.actor, timeline.c.detail).where(timeline.c.entry == Entry.SIGNAL.value)
    written = Counter((actor, detail.get("kind")) for actor, detail in connection.execute(entries))
    for (actor, kind), missing in (said - written).items():
        yield f"{missing} × {kind} of {actor} is stored and stands on no timeline"


def _what_was_never_said_is_written(connection: Connection) -> Iterator[str]:
    """What stands on a timeline as said by a device is stored: as signal, or as bytes nobody could read."""
    stored = {f"device:{key}" for key in connection.execute(select(signal.c.device_key).distinct()).scalars()}
    stored |= {f"device:{key}" for key in connection.execute(select(unread.c.device_key)).scalars()}
    entries = select(timeline.c.actor, timeline.c.incident_id).where(
        timeline.c.entry == Entry.SIGNAL.value, timeline.c.actor.startswith("device:")
    )
    for actor, incident_id in connection.execute(entries):
        if actor not in stored:
            yield f"incident {incident_id} has heard {actor}, of which nothing is stored"


def _presses_counted_wrong(connection: Connection) -> Iterator[str]:
    """How often an alarm was raised is how often its trouble stands on the timeline of its case."""
    query = (
        select(alarm.c.incident_id, alarm.c.kind, func.sum(alarm.c.times))
        .join(incident, incident.c.id == alarm.c.incident_id)
        .where(incident.c.household_id.is_not(None))
        .group_by(alarm.c.incident_id, alarm.c.kind)
    )
    raised = {(incident_id, kind): int(times) for incident_id, kind, times in connection.execute(query)}
    entries = (
        select(timeline.c.incident_id, timeline.c.detail)
        .join(incident, incident.c.id == timeline.c.incident_id)
        .where(timeline.c.entry == Entry.SIGNAL.value, incident.c.household_id.is_not(None))
    )
    written = Counter((id, detail.get("kind")) for id, detail in connection.execute(entries))
    for (incident_id, kind), times in raised.items():
        if written[incident_id, kind] != times:
            count = written[incident_id, kind]
            yield f"{kind} was raised {times} times in incident {incident_id}, and is written {count} times"


def _texts_said_twice(connection: Connection) -> Iterator[str]:
    calls = [Purpose.RAISED.value, Purpose.ASK.value]
    query = (
        select(message.c.incident_id, message.c.who, message.c.rung, func.count())
        .where(message.c.incident_id.is_not(None), message.c.purpose.in_(calls), message.c.rung > 0)
        .group_by(message.c.incident_id, message.c.who, message.c.rung, message.c.is_call)
        .having(func.count() > 1)
    )
    not_needed = select(func.count()).where(message.c.purpose == Purpose.COVERED.value)
    for incident_id, who, rung, count in connection.execute(query).all():
        # Who was told that somebody else comes may be needed after all.
        of_both = (message.c.incident_id == incident_id, message.c.who == who)
        if count > 1 + (connection.execute(not_needed.where(*of_both)).scalar() or 0):
            yield f"{who} was told {count} times of incident {incident_id} by rung {rung}"
    for what, column in (("messages", message.c.key), ("texts on phones", phone_text.c.message_key)):
        query = select(column, func.count()).group_by(column).having(func.count() > 1)
        for key, count in connection.execute(query):
            yield f"{count} {what} have the key {key}"


def _broken_timelines(connection: Connection) -> Iterator[str]:
    query = select(incident.c.id, incident.c.version, incident.c.digest).order_by(incident.c.id)
    for id, version, digest in connection.execute(query).all():
        entries = reading.timeline_of(connection, id)
        broken = first_break(entries)
        if broken is not None:
            yield f"the timeline of incident {id} breaks at entry {broken}"
        head = entries[-1].digest if entries else ""
        if (version, digest) != (len(entries), head):
            yield f"incident {id} is at version {version}, but its timeline ends at {len(entries)}"


def _stages_that_are_not_so(connection: Connection) -> Iterator[str]:
    found = reading.open_incidents(connection)
    offers = offers_of(connection, [one.id for one in found])
    for one in found:
        really = stage_of(one.claimed_by is not None, offers.get(one.id, ()), one.ladder_at)
        if one.stage is not really:
            yield f"incident {one.id} says {one.stage}, its offers say {really}"
        if one.stage in (Stage.COVERED, Stage.ON_SCENE) and one.covered_at is None:
            yield f"incident {one.id} is {one.stage} and was never covered"
        if one.stage is Stage.ON_SCENE and one.on_scene_at is None:
            yield f"incident {one.id} is on scene since nobody knows when"


def _left_over_by_closed_cases(connection: Connection) -> Iterator[str]:
    query = (
        select(offer.c.id, offer.c.incident_id)
        .join(incident, incident.c.id == offer.c.incident_id)
        .where(incident.c.closed_at.is_not(None), offer.c.state.in_([state.value for state in OPEN_OFFERS]))
    )
    for id, incident_id in connection.execute(query):
        yield f"offer {id} is open, its incident {incident_id} is closed"
    leased = select(message.c.id).where(
        (message.c.state == MessageState.SENDING.value) != message.c.lease_until.is_not(None)
    )
    for id in connection.execute(leased).scalars():
        yield f"message {id} is being sent by nobody"
    never_tried = (
        select(message.c.id, message.c.purpose, message.c.incident_id)
        .join(incident, incident.c.id == message.c.incident_id)
        .where(
            incident.c.closed_at.is_not(None),
            message.c.state == MessageState.QUEUED.value,
            message.c.attempts == 0,
            message.c.purpose.not_in(SAID_AFTER_CLOSING),
        )
    )
    for id, purpose, incident_id in connection.execute(never_tried):
        yield f"message {id} ({purpose}) waits, and its incident {incident_id} is closed"


def _texts_that_nobody_wants(connection: Connection) -> Iterator[str]:
    """The weekly summary goes to who wants texts at all, and each wish was said by somebody."""
    silent = withdrawal.c.restored_at.is_(None)
    query = select(weekly.c.phone).join(withdrawal, withdrawal.c.phone == weekly.c.phone).where(silent)
    for phone in connection.execute(query).scalars():
        yield f"{phone} wants no texts, and a weekly one is planned"
    newest = select(func.max(consent.c.id)).where(consent.c.topic == "weekly").group_by(consent.c.phone)
    said = select(consent.c.phone).where(consent.c.id.in_(newest), consent.c.wanted)
    wanted = set(connection.execute(said).scalars())
    for phone in set(connection.execute(select(weekly.c.phone)).scalars()) ^ wanted:
        yield f"whether {phone} gets a weekly text is not what it said last"


def _questions_nobody_comes_back_to(connection: Connection) -> Iterator[str]:
    """A question whether she is well waits for somebody who will look at its home again."""
    query = (
        select(welfare_check.c.id)
        .outerjoin(home_watch, home_watch.c.household_id == welfare_check.c.household_id)
        .where(welfare_check.c.state == CheckState.OPEN.value, home_watch.c.household_id.is_(None))
    )
    for id in connection.execute(query).scalars():
        yield f"welfare check {id} is open, and its home is not watched"
    unsaid = select(welfare_check.c.id).where(
        welfare_check.c.state.in_([CheckState.HELP.value, CheckState.NO_ANSWER.value]),
        welfare_check.c.incident_id.is_(None),
    )
    for id in connection.execute(unsaid).scalars():
        yield f"welfare check {id} ended in trouble, and no incident came of it"
