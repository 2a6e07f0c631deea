"""From homes to their area on a real store: what it costs, and several dispatchers at once."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from community.storage.tables import alarm, incident, storm_home
from devices.signal import Kind
from dispatcher import engine, intake
from dispatcher.gathering import CRIES_EVERY, Cries, gather
from dispatcher.model import Entry
from dispatcher.storage import storms as rows
from dispatcher.storage.casebook import Casebook
from dispatcher.storage.planbook import Planbook
from tests.town import Town


def say(town: Town, kind: Kind, *names: str) -> None:
    """Their devices speak, and no engine has looked yet."""
    for name in names:
        town.resident(name)
    with town.store.write() as connection:
        intake.take(connection, [town.reading(name, kind) for name in names], town.plans, town.time)


def homes_of_areas(town: Town) -> tuple[int, int]:
    """How many cases of areas there are, and how many homes belong to them."""
    with town.store.read() as connection:
        areas = select(func.count()).where(incident.c.subject.startswith("area:"))
        homes = select(func.count()).select_from(storm_home)
        return connection.execute(areas).scalar_one(), connection.execute(homes).scalar_one()


def test_presses_and_falls_ask_the_store_nothing(town: Town) -> None:
    say(town, Kind.SOS, *(f"老人{n}" for n in range(20)))
    say(town, Kind.FALL, *(f"大爷{n}" for n in range(20)))
    with town.store.read() as closed:
        pass
    with town.store.write() as connection:
        book = Casebook(connection)
        due = book.load_due(town.time, 100)
        gather(closed, book, due, Planbook(town.plans), town.time)  # the first question would fail
        assert len(due) == 40


@pytest.mark.parametrize("engines", [2, 4])
def test_several_dispatchers_open_one_case_for_a_cell(
    town: Town, engines: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "GROUP", 6)  # each gets enough homes at once to see the storm by itself
    names = [f"老人{n}" for n in range(36)]
    say(town, Kind.MAINS_FAILURE, *names)
    ready = threading.Barrier(engines)

    def run() -> None:
        one = engine.Engine(town.store)
        ready.wait()
        one.tick(town.time)

    threads = [threading.Thread(target=run) for _ in range(engines)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    town.pass_time(minutes=1)

    assert homes_of_areas(town) == (1, len(names))
    for name in names:
        entries = town.detail(name).timeline
        assert not any(entry.entry in (Entry.DESK, Entry.RUNG) for entry in entries)
        assert any("area_case" in entry.detail for entry in entries)


@pytest.mark.parametrize("workers", [2, 4])
def test_several_dispatchers_that_see_the_same_cries_open_one_case(town: Town, workers: int) -> None:
    names = [f"老人{n}" for n in range(6)]
    say(town, Kind.SOS, *names)
    ready = threading.Barrier(workers)
    changed: list[int] = []

    def run() -> None:
        cries = Cries(town.store, Planbook(town.plans))
        ready.wait()
        changed.append(cries.turn(town.time))

    threads = [threading.Thread(target=run) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(changed) == workers, "who came second is no error"
    assert sum(changed) == 1
    assert homes_of_areas(town) == (1, len(names))


def test_a_look_at_the_cries_reads_what_is_new_and_locks_nothing_when_nothing_is(town: Town) -> None:
    say(town, Kind.SOS, *(f"老人{n}" for n in range(2)))
    cries = Cries(town.store, Planbook(town.plans))
    with town.store.write():  # who writes here would wait for this one
        assert cries.turn(town.time) == 0
        town.time += CRIES_EVERY
        assert cries.turn(town.time) == 0


def test_nobody_looks_at_cries_where_no_plan_wants_it(town: Town) -> None:
    book = Planbook(town.plans)
    plan = town.plans.named("area-cries")
    assert plan is not None
    with town.store.write() as connection:
        book.edit(connection, replace(plan, kinds=()), 0, town.operator.id, town.time)
    say(town, Kind.SOS, *(f"老人{n}" for n in range(30)))
    assert Cries(town.store, book).turn(town.time) == 0
    assert homes_of_areas(town) == (0, 0)


def test_a_centre_with_many_old_alarms_begins_with_the_last_ones(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "_LAST_ALARMS", 5)
    say(town, Kind.SOS, *(f"老人{n}" for n in range(2)))
    with town.store.read() as connection:
        before = connection.execute(select(func.max(alarm.c.id))).scalar_one()
    town.time += timedelta(hours=1)
    say(town, Kind.SOS, *(f"大爷{n}" for n in range(3)))
    with town.store.read() as connection:
        assert rows.first_alarm_since(connection, 0, town.time - timedelta(minutes=1)) == before + 1
        assert rows.first_alarm_since(connection, before, town.time + timedelta(minutes=1)) == before
    assert Cries(town.store, Planbook(town.plans)).turn(town.time) == 1
    assert homes_of_areas(town) == (1, 3)
