"""What is put right when the clock of a machine was set back: nobody waits longer for it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, or_, select, update

from community.storage.prepared import Changes
from community.storage.rows import upsert
from community.storage.tables import clock_step, incident, message, offer
from dispatcher.model import LOOK_AT_LEAST, MessageState
from dispatcher.storage.outbox import TOO_FAR as LONGEST_WAIT

_ONE_STEP = timedelta(seconds=30)  # within which all dispatchers of a machine have noticed the same one
_OFFER_TIMES = ("asked_at", "expires_at", "eta_at", "changed_at")
_CASES = Changes(incident, "due_at", "ladder_at", "lease_until")
_OFFERS = Changes(offer, *_OFFER_TIMES)


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


def bring_back(connection: Connection, now: datetime, back: timedelta, lease: timedelta) -> int:
    """Move what every open case remembers by `back`, as if the clock that goes now had written it, and let
    nothing in the outbox wait; no lease is longer than `lease`. Returns how many cases those are.

    A case is moved until it is due at `now` and no further: where another machine wrote it, or another
    dispatcher after the step, its next step comes at once, and never two of them. One that is due further
    ahead than this step explains is due already (escalation.py).
    """
    of, waits, held = incident.c, message.c.due_at, message.c.lease_until
    cases = connection.execute(
        select(of.id, of.due_at, of.ladder_at, of.lease_until)
        .where(of.closed_at.is_(None), of.due_at > now, of.due_at <= now + back + LOOK_AT_LEAST)
        .order_by(of.id)
        .with_for_update()
    ).all()
    moves = {case.id: min(back, case.due_at - now) for case in cases}
    if cases:
        _CASES.run(connection, [_moved(case, moves[case.id]) for case in cases])
        offers = connection.execute(
            select(*(offer.c[name] for name in ("id", "incident_id", *_OFFER_TIMES)))
            .join(incident, of.id == offer.c.incident_id)
            .where(of.closed_at.is_(None))
        ).all()
        moved = [_moved(one, moves[one.incident_id]) for one in offers if one.incident_id in moves]
        if moved:
            _OFFERS.run(connection, moved)
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
    return len(cases)


def _moved(row: Any, back: timedelta) -> dict[str, Any]:
    """The id and the times in `row`, earlier by `back`."""
    values = row._mapping.items()
    times = {name: at - back if at is not None else None for name, at in values if not name.endswith("id")}
    return {"id": row.id, **times}
