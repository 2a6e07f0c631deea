"""From homes to their area on a real store: what it costs, and several dispatchers at once."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import func, select

from community.storage.tables import incident, storm_home
from devices.signal import Kind
from dispatcher import engine, intake
from dispatcher.gathering import gather
from dispatcher.model import Entry
from dispatcher.storage.casebook import Casebook
from dispatcher.storage.planbook import Planbook
from tests.town import Town


def say(town: Town, kind: Kind, *names: str) -> None:
    """Their devices speak, and no engine has looked yet."""
    for name in names:
        town.resident(name)
    with town.store.write() as connection:
        intake.take(connection, [town.reading(name, kind) for name in names], town.plans, town.time)


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

    with town.store.read() as connection:
        areas = connection.execute(
            select(func.count()).where(incident.c.subject.startswith("area:"))
        ).scalar_one()
        homes = connection.execute(select(func.count()).select_from(storm_home)).scalar_one()
    assert (areas, homes) == (1, len(names))
    for name in names:
        entries = town.detail(name).timeline
        assert not any(entry.entry in (Entry.DESK, Entry.RUNG) for entry in entries)
        assert any("area_case" in entry.detail for entry in entries)
