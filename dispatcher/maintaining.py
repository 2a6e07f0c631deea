"""Work on devices begins, ends, or is over by itself: then what waited for it begins, and says so."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from community.errors import Invalid, NotFound
from community.model import Account
from community.storage import Store, register
from dispatcher.duties import each
from dispatcher.maintenance import LONGEST, Maintenance, is_over, may_wait, waits
from dispatcher.model import Entry, Fact
from dispatcher.storage import maintenance as rows
from dispatcher.storage.casebook import Casebook


def begin(
    store: Store, device_id: int | None, reason: str, lasts: timedelta, account: Account, now: datetime
) -> int:
    """Begin work on a device, or on the whole site; returns its id. NotFound; Invalid: why, or how long.

    Open cases that wait from now on say so at once, and are quiet at every desk.
    """
    if not reason.strip():
        raise Invalid("no_reason", "请写原因 say why: the next shift reads it")
    if not timedelta(0) < lasts <= LONGEST:
        raise Invalid("too_long", "最长24小时,到期自动结束 24 hours at most: it ends by itself")
    with store.write() as connection:
        if device_id is not None:
            register.device_by_id(connection, device_id)
        held = rows.waiting(connection)
        id = rows.begin(connection, device_id, reason.strip(), account.id, now, now + lasts)
        waiting = {one: work for one, work in rows.waiting(connection).items() if held.get(one) != work}
    each(sorted(waiting), lambda one: _wait(store, one, waiting[one], now), "a case cannot say that it waits")
    return id


def end(store: Store, id: int, account: Account, now: datetime) -> None:
    """Somebody says that the work is over. NotFound when it is over already."""
    with store.write() as connection:
        held = rows.waiting(connection)
        if not rows.end(connection, id, now):
            raise NotFound("no_such_maintenance", "维护已经结束 this work is over already")
        _go_on(connection, held, id, f"{account.name}结束维护", now)


class Upkeep:
    """One worker's look at what is over by itself. Any number may look: each is ended by one."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def turn(self, now: datetime) -> int:
        """End what is over; returns how much that was."""
        with self._store.read() as connection:
            over = [one.id for one in rows.going_on(connection) if is_over(one.begins_at, one.ends_at, now)]
        return each(over, lambda id: self._end(id, now), "work that is over cannot be ended")

    def _end(self, id: int, now: datetime) -> int:
        with self._store.write() as connection:
            held = rows.waiting(connection)
            if not rows.end(connection, id, now):
                return 0
            _go_on(connection, held, id, "维护到期", now)
        return 1


def _wait(store: Store, incident_id: int, work: Maintenance, now: datetime) -> int:
    with store.write() as connection:
        book = Casebook(connection)
        book.load_ids([incident_id])
        incident = book.incident(incident_id)
        if not (incident.is_open and may_wait(incident)):
            return 0
        book.note(incident_id, now, waits(work))
        book.write()
    return 1


def _go_on(connection: Connection, held: dict[int, Maintenance], id: int, why: str, now: datetime) -> None:
    """What waited, and waits for no other work, begins its plan now."""
    free = sorted(
        {incident for incident, work in held.items() if work.id == id} - rows.waiting(connection).keys()
    )
    book = Casebook(connection)
    book.load_ids(free)
    for incident_id in free:
        if not may_wait(book.incident(incident_id)):
            continue  # it went on all the while
        text = f"{why},现在按预案通知 the work is over: the plan begins"
        book.note(incident_id, now, Fact(Entry.NOTE, text, detail={"maintenance": id}))
        begun = book.incident(incident_id).rung
        book.change(incident_id, ladder_rung=begun, ladder_at=now, due_at=now)
    book.write()
