"""What a press costs, and a look at what is due, does not grow with the cases that are open."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, insert, select

from community.storage import Store
from community.storage.tables import incident, message, timeline, webhook_delivery
from dispatcher.model import Lane
from dispatcher.storage import hooks, outbox, vitals
from dispatcher.storage.hooks import Hook
from dispatcher.webhooks import Event
from tests.dispatcher.backlog import waiting
from tests.town import Town

OPEN = 3_000
STEPS = 100  # of SQLite's virtual machine, counted at once
HOT = ("incident", "alarm", "message", "offer", "timeline", "reply_code")


@pytest.mark.parametrize("store", ["postgres"], indirect=True)  # SQLite has no statistics to be wrong about
def test_a_press_reads_no_table_from_end_to_end(store: Store, town: Town) -> None:
    town.resident("王秀英", contacts=("李梅",))
    town.resident("赵玉兰", contacts=("李桂芳",))
    town.press("王秀英")
    crowd(store, town.card("王秀英").id)
    before = read_in_sequence(store)

    town.press("赵玉兰")

    assert len(town.heard("李桂芳")) == 1
    assert read_in_sequence(store) == before
    with store.write() as connection:
        connection.execute(incident.delete().where(incident.c.subject.like("crowd:%")))


def test_a_look_at_what_is_due_reads_no_table_from_end_to_end(store: Store, town: Town) -> None:
    works = Works(store)
    for name, contact in (("王秀英", "李梅"), ("赵玉兰", "李桂芳")):
        town.resident(name, contacts=(contact, f"{contact}的哥哥", f"{contact}的姐姐"))
    town.press("王秀英")
    town.pass_time(seconds=59)
    alone = works.at(lambda: looks(town))
    town.press("赵玉兰")
    town.pass_time(seconds=59)
    crowd(store, town.card("赵玉兰").id, due_in=timedelta(minutes=20))
    among_many = works.at(lambda: looks(town))

    assert among_many <= 2 * alone + OPEN // 10
    with store.write() as connection:
        connection.execute(incident.delete().where(incident.c.subject.like("crowd:%")))


SENT = 5_000


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)  # PostgreSQL's planner guesses from statistics
@pytest.mark.parametrize(
    "look",
    [
        lambda connection, now: outbox.take(connection, worker="w", now=now, lease_until=now, limit=9),
        lambda connection, now: outbox.drop_stale(connection, now),
        lambda connection, now: outbox.is_anything_lost(connection, now),
        lambda connection, now: outbox.take_back(connection, now),
        lambda connection, now: outbox.shorten_leases(connection, "w", now),
        lambda connection, _: vitals.traffic(connection),
        hooks.are_texts_waiting,
    ],
    ids=["take", "drop_stale", "is_anything_lost", "take_back", "shorten_leases", "traffic", "webhooks"],
)
def test_a_courier_that_looks_does_not_read_what_has_arrived_long_ago(
    store: Store, town: Town, look: Callable[[Connection, datetime], object]
) -> None:
    works = Works(store)
    with store.write() as connection:
        alone = works.at(lambda: look(connection, town.time))
    waiting(store, town.time, ((f"k{n}", Lane.PERSON) for n in range(SENT)))
    with store.write() as connection:
        connection.execute(message.update().values(state="delivered"))
        among_many = works.at(lambda: look(connection, town.time))

    assert among_many <= alone + SENT // 10


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_who_tells_other_programs_reads_what_is_new_and_not_all_that_was_told(
    store: Store, town: Town
) -> None:
    """Each second, beside every press."""
    works = Works(store)
    with store.write() as connection:
        hook = hooks.add(connection, Hook(0, "x", "https://x", (), (), True, town.time), "whsec_")
    town.resident("王秀英")
    town.press("王秀英")
    town.close("王秀英")

    def look() -> None:
        now = town.time + timedelta(days=9)
        with store.write() as connection:
            assert hooks.untold(connection, now, 50) == []
            assert hooks.due_hooks(connection, now) == []
            assert hooks.take(connection, hook, now, now, 20) == []

    alone = works.at(look)
    with store.write() as connection:
        columns = [column for column in incident.c if column.name != "id"]
        known = connection.execute(select(*columns)).one()._asdict()
        connection.execute(insert(incident), [known] * SENT)
        hooks.queue(connection, hook, Event.RAISED, "{}", town.time)
        columns = [column for column in webhook_delivery.c if column.name != "id"]
        sent = connection.execute(select(*columns)).one()._asdict() | {"due_at": None}
        connection.execute(webhook_delivery.delete())
        connection.execute(insert(webhook_delivery), [sent] * SENT)
    among_many = works.at(look)
    with store.write() as connection:
        connection.execute(webhook_delivery.delete())
        connection.execute(incident.delete().where(incident.c.id.not_in(select(timeline.c.incident_id))))

    assert among_many <= alone + SENT // 10


def looks(town: Town) -> None:
    """The engine looks, and one home has come to its next rung."""
    assert town.engine.tick(town.time + timedelta(seconds=1)) == 1


class Works:
    """How much a database has to do: SQLite's steps, and the rows that PostgreSQL reads without an index."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._steps = 0
        if store.is_sqlite:
            event.listen(store.engine, "checkout", self._counts)

    def at(self, act: Callable[[], None]) -> int:
        before = self._done()
        act()
        return self._done() - before

    def _counts(self, connection: Any, *_: object) -> None:
        connection.set_progress_handler(self._step, STEPS)

    def _step(self) -> None:
        self._steps += STEPS

    def _done(self) -> int:
        return self._steps if self._store.is_sqlite else sum(read_in_sequence(self._store).values())


def crowd(store: Store, like: int, due_in: timedelta = timedelta(0)) -> None:
    """Many more open cases, due so much later than `like`."""
    columns = [column for column in incident.c if column.name != "id"]
    with store.write() as connection:
        known = connection.execute(select(*columns).where(incident.c.id == like)).one()._asdict()
        known |= {"household_id": None, "due_at": known["due_at"] + due_in}
        rows = [{**known, "subject": f"crowd:{number}"} for number in range(OPEN)]
        connection.execute(insert(incident), rows)


def read_in_sequence(store: Store) -> dict[str, int]:
    """Rows that whole readings of each table have fetched so far."""
    store.close()  # a connection that ends reports what it did
    with store.read() as connection:
        connection.exec_driver_sql("SELECT pg_stat_clear_snapshot()")
        found = connection.exec_driver_sql("SELECT relname, seq_tup_read FROM pg_stat_user_tables")
        return {name: read for name, read in found if name in HOT}
