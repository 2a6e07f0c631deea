"""What is put right when the clock of a machine was set back: nobody waits longer for it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, or_, update

from community.storage.rows import upsert
from community.storage.tables import clock_step, incident, message
from dispatcher.model import TOO_FAR, MessageState
from dispatcher.storage.outbox import TOO_FAR as LONGEST_WAIT

_ONE_STEP = timedelta(seconds=30)  # within which all dispatchers of a machine have noticed the same one
_JUST_BEYOND = timedelta(seconds=10)


def take(connection: Connection, host: str, now: datetime, back: timedelta) -> bool:
    """Whether this is the one that puts it right, of all who have noticed on the machine `host` that its
    clock went `back` so far.
    """
    by_s = round(back.total_seconds())
    of = clock_step.c
    noticed = upsert(connection, clock_step).values(host=host, noticed_at=now, by_s=by_s)
    taken = connection.execute(
        noticed.on_conflict_do_update(
            index_elements=[of.host],
            set_={"noticed_at": noticed.excluded.noticed_at, "by_s": noticed.excluded.by_s},
            where=or_(
                of.noticed_at < now - _ONE_STEP,
                of.noticed_at > now + _ONE_STEP,
                ~of.by_s.between(by_s - 1, by_s + 1),  # each measures it for itself
            ),
        ).returning(of.host)
    )
    return taken.first() is not None


def bring_back(connection: Connection, now: datetime, lease: timedelta) -> int:
    """Let every open case be seen as one whose clock was set back, which brings its next rung at once, and
    let nothing in the outbox wait; no lease is longer than `lease`. Returns how many cases those are.
    """
    due, waits, held = incident.c.due_at, message.c.due_at, message.c.lease_until
    cases = connection.execute(
        update(incident)
        .where(incident.c.closed_at.is_(None), due > now, due <= now + TOO_FAR)
        .values(due_at=now + TOO_FAR + _JUST_BEYOND)
    ).rowcount
    connection.execute(
        update(message)
        .where(message.c.state == MessageState.QUEUED.value, waits > now, waits <= now + LONGEST_WAIT)
        .values(due_at=now)
    )
    connection.execute(
        update(message)
        .where(message.c.state == MessageState.SENDING.value, held > now + lease)
        .values(lease_until=now + lease)
    )
    return cases
