"""What must be true of a store after any test, whatever happened in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sqlalchemy import Connection, func, select

from community.storage.tables import (
    alarm,
    device,
    home_watch,
    incident,
    message,
    offer,
    phone_text,
    signal,
    timeline,
    welfare_check,
)
from devices.signal import Kind, Role, State
from dispatcher.chain import first_break
from dispatcher.escalation import stage_of
from dispatcher.model import OPEN_OFFERS, Entry, MessageState, Stage
from dispatcher.storage import reading
from dispatcher.storage.casebook import offers_of
from dispatcher.storage.watches import CheckState
from dispatcher.triage import SEVERITY


def broken_promises(connection: Connection) -> list[str]:
    """Each promise that the rows break, in words; empty when all is well."""
    return [
        *_alarms_of_nobody(connection),
        *_incidents_without_a_future(connection),
        *_signals_that_came_to_nothing(connection),
        *_texts_said_twice(connection),
        *_broken_timelines(connection),
        *_stages_that_are_not_so(connection),
        *_left_over_by_closed_cases(connection),
        *_questions_nobody_comes_back_to(connection),
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


def _incidents_without_a_future(connection: Connection) -> Iterator[str]:
    query = select(incident.c.id).where(incident.c.closed_at.is_(None), incident.c.due_at.is_(None))
    for id in connection.execute(query).scalars():
        yield f"incident {id} is open and nobody will look at it again"


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


def _texts_said_twice(connection: Connection) -> Iterator[str]:
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
