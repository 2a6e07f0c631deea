"""What the centre sees of itself in a real store."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import Connection, event, insert, select, text, update

from community.storage import Store
from community.storage.tables import alarm, finding, incident, message, worker
from dispatcher.clock import SystemClock
from dispatcher.health import OVERDUE, UNSENT, Grade, WorkerKind, judge
from dispatcher.model import TOO_FAR, CloseCode
from dispatcher.pulse import EVERY, Pulse
from dispatcher.storage import vitals
from tests.servers import ROOT, until
from tests.town import Town

SECOND = timedelta(seconds=1)


@contextmanager
def undone(store: Store) -> Iterator[Connection]:
    """A transaction in which promises may be broken: nothing of it is kept."""
    with store.engine.execution_options(anxin_writes=True).connect() as connection:
        yield connection
        connection.rollback()


@contextmanager
def writes_counted(store: Store) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(store.engine, "before_cursor_execute", note)
    yield seen
    event.remove(store.engine, "before_cursor_execute", note)


def test_a_loop_says_that_it_turned_every_few_seconds_and_not_more_often(town: Town) -> None:
    pulse = Pulse(town.store, WorkerKind.GATEWAY)
    with writes_counted(town.store) as statements:
        for _ in range(7):
            pulse.turn(town.time)
            town.time += SECOND
    assert sum("worker" in statement for statement in statements) == 3
    [row] = _workers(town)
    assert (row.kind, row.started_at, row.last_turn_at) == (
        WorkerKind.GATEWAY, town.time - 7 * SECOND, town.time - SECOND,
    )  # fmt: skip


def test_an_ailment_is_said_at_once_and_so_is_its_end(town: Town) -> None:
    pulse = Pulse(town.store, WorkerKind.GATEWAY)
    pulse.turn(town.time)
    pulse.turn(town.time + SECOND, "deaf")
    assert [row.ailment for row in _workers(town)] == ["deaf"]
    pulse.turn(town.time + 2 * SECOND)
    assert [row.ailment for row in _workers(town)] == [""]


def test_a_clock_that_is_set_back_keeps_no_loop_from_saying_that_it_turns(town: Town) -> None:
    pulse = Pulse(town.store, WorkerKind.GATEWAY)
    pulse.turn(town.time)
    pulse.turn(town.time - timedelta(hours=1))
    assert [row.last_turn_at for row in _workers(town)] == [town.time - timedelta(hours=1)]


def test_who_ends_in_order_is_not_missed_and_who_is_killed_is_until_replaced(town: Town) -> None:
    ended, killed = Pulse(town.store, WorkerKind.API, "a"), Pulse(town.store, WorkerKind.API, "b")
    ended.turn(town.time)
    killed.turn(town.time)
    ended.end()
    assert [row.name for row in _workers(town)] == ["b"]

    town.time += timedelta(minutes=1)
    Pulse(town.store, WorkerKind.API, "c").turn(town.time)
    with town.store.write() as connection:
        vitals.forget_replaced(connection, town.time)
    assert [row.name for row in _workers(town)] == ["c"]

    town.time += timedelta(hours=25)
    with town.store.write() as connection:
        vitals.forget_replaced(connection, town.time)
    assert _workers(town) == ()


@pytest.mark.parametrize("late", [-(OVERDUE + SECOND), TOO_FAR + OVERDUE + SECOND], ids=["past", "too far"])
def test_an_open_incident_that_nobody_looks_at_is_seen(town: Town, late: timedelta) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.press("王秀英")
    assert _facts(town).overdue.count == 0
    with undone(town.store) as connection:
        connection.execute(update(incident).values(due_at=town.time + late))
        found = vitals.facts(connection, town.time).overdue
        assert (found.count, found.oldest_at) == (1, town.time + late)
        assert vitals.overdue_ids(connection, town.time, 5) == [town.card("王秀英").id]
        connection.execute(update(incident).values(due_at=town.time - OVERDUE))
        assert vitals.facts(connection, town.time).overdue.count == 0


def test_a_closed_case_is_never_overdue(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.press("王秀英")
    town.close("王秀英", CloseCode.HELPED)
    town.time += timedelta(days=1)
    assert _facts(town).overdue.count == 0


@pytest.mark.parametrize(
    "row, is_seen",
    [
        ({"state": "queued", "due_at": -OVERDUE}, False),
        ({"state": "queued", "due_at": -OVERDUE - SECOND}, True),
        ({"state": "sending", "lease_until": -OVERDUE}, False),
        ({"state": "sending", "lease_until": -OVERDUE - SECOND}, True),
        ({"state": "queued", "due_at": SECOND, "created_at": -UNSENT}, False),
        ({"state": "queued", "due_at": SECOND, "created_at": -UNSENT - SECOND}, True),
        ({"state": "queued", "due_at": SECOND, "created_at": -UNSENT - SECOND, "lane": 2}, False),
        ({"state": "sent", "due_at": -UNSENT, "created_at": -UNSENT - SECOND}, False),
    ],
)
def test_a_text_that_does_not_leave_is_seen(town: Town, row: dict[str, object], is_seen: bool) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.press("王秀英")
    values = {
        name: town.time + value if isinstance(value, timedelta) else value for name, value in row.items()
    }
    with undone(town.store) as connection:
        connection.execute(update(message).values(created_at=town.time))
        connection.execute(update(message).values(values))
        assert vitals.facts(connection, town.time).unsent.count == int(is_seen)


def test_an_alarm_that_hangs_on_a_closed_case_is_seen(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.press("王秀英")
    town.close("王秀英", CloseCode.HELPED)
    assert _facts(town).orphans.count == 0
    with undone(town.store) as connection:
        connection.execute(update(alarm).values(ended_at=None))
        assert vitals.facts(connection, town.time).orphans.count == 1


def test_a_provider_is_sick_after_two_misses_and_well_again_with_one_answer(town: Town) -> None:
    def asked(took_s: float | None, error: str = "") -> None:
        town.time += timedelta(minutes=2)
        with town.store.write() as connection:
            vitals.keep_channel(connection, "twilio", town.time, took_s, error)

    def known() -> tuple[int, bool, str]:
        with town.store.read() as connection:
            found = vitals.channels(connection)["twilio"]
        return found.misses, found.is_sick, found.error

    asked(None, "ReadTimeout")
    assert known() == (1, False, "ReadTimeout")
    asked(0.2)
    assert known() == (0, False, "")
    asked(None, "HTTP 500")
    asked(None, "HTTP 500")
    assert known() == (2, True, "HTTP 500")
    with town.store.read() as connection:
        assert vitals.channels(connection)["twilio"].answered_at == town.time - timedelta(minutes=4)


def test_each_finding_is_paged_once_by_one_of_many_watchers_and_again_while_it_lasts(town: Town) -> None:
    again = timedelta(minutes=10)

    def look(*found: tuple[str, str]) -> list[str]:
        with town.store.write() as connection:
            vitals.keep_findings(connection, found, town.time)
            return sorted(vitals.take_pages(connection, [key for key, _ in found], town.time, again))

    dispatcher, texts = ("dispatcher", "stands still"), ("messages", "3 do not leave")
    assert look(dispatcher) == ["dispatcher"]
    assert look(dispatcher, texts) == ["messages"]
    assert look(dispatcher, texts) == []
    town.time += again
    assert look(dispatcher) == ["dispatcher"]
    assert look() == []
    assert look(dispatcher) == [], "it only went away for a moment"
    town.time -= timedelta(hours=1)
    assert look(dispatcher) == ["dispatcher"], "and so is one after the clock was set back"


def test_a_finding_that_comes_and_goes_is_paged_once_each_time_that_it_may_be_told_again(town: Town) -> None:
    again, paged, back = timedelta(minutes=10), 0, 0
    for turn in range(120):  # half a minute each, for an hour
        found = [("console", "silent")] if turn % 2 else []
        with town.store.write() as connection:
            back += len(vitals.keep_findings(connection, found, town.time))
            assert vitals.keep_findings(connection, found, town.time) == set(), "another watch has seen that"
            paged += len(vitals.take_pages(connection, [key for key, _ in found], town.time, again))
        town.time += timedelta(seconds=30)
    assert (paged, back) == (6, 59)


def test_a_finding_that_is_over_is_forgotten_after_a_day(town: Town) -> None:
    for found in ([("console", "silent")], []):
        with town.store.write() as connection:
            vitals.keep_findings(connection, found, town.time)
            vitals.take_pages(connection, ["console"], town.time, timedelta(minutes=10))
    town.time += timedelta(days=1, seconds=1)
    with town.store.write() as connection:
        vitals.keep_findings(connection, [], town.time)
        assert connection.execute(select(finding)).all() == []


def test_an_empty_store_has_no_worker_and_says_so(store: Store, now) -> None:  # type: ignore[no-untyped-def]
    with store.read() as connection:
        health = judge(vitals.facts(connection, now), now)
    assert health.grade is Grade.FAIL
    with store.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM worker")).scalar() == 0


def _workers(town: Town):  # type: ignore[no-untyped-def]
    with town.store.read() as connection:
        return vitals.workers(connection)


def _facts(town: Town):  # type: ignore[no-untyped-def]
    with town.store.read() as connection:
        return vitals.facts(connection, town.time)


assert EVERY == 3 * SECOND, "the first test counts on it"


def test_a_command_says_how_the_centre_is(store: Store) -> None:
    def health(turn: Callable[[], object] = lambda: None, *words: str) -> tuple[int, str]:
        """Its code and its words; `turn` goes on until it has ended, however slowly it starts."""
        asked = subprocess.Popen(
            [sys.executable, "-m", "dispatcher.watch", "health", *words],
            cwd=ROOT,
            env={"ANXIN_DATABASE_URL": store.engine.url.render_as_string(hide_password=False)},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert until(lambda: bool(turn()) or asked.poll() is not None, 120)
        return asked.returncode, asked.communicate()[0]

    assert health() == (0, ""), "where none was ever started none is missed"
    gateway = Pulse(store, WorkerKind.GATEWAY)
    code, told = health(lambda: gateway.turn(SystemClock().now()))
    assert code == 1
    lines = [line.split("\t") for line in told.splitlines()]
    grades = {name: grade for grade, name, _ in lines}
    assert (grades["gateway"], grades["dispatcher"], grades["incidents"]) == ("pass", "fail", "pass")
    _, as_json = health(lambda: gateway.turn(SystemClock().now()), "--json")
    assert {check["name"]: check["grade"] for check in json.loads(as_json)} == grades


def test_a_kind_of_worker_that_a_newer_program_brings_is_left_alone(town: Town) -> None:
    with undone(town.store) as connection:
        row = {"name": "x", "kind": "butler", "host": "h", "ailment": ""}
        connection.execute(insert(worker).values(**row, started_at=town.time, last_turn_at=town.time))
        assert vitals.workers(connection) == ()
        vitals.forget_replaced(connection, town.time)
        assert connection.execute(select(worker.c.name)).scalar() == "x"
