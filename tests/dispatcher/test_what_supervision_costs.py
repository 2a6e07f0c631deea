"""The supervision of devices costs what is due, not what is there: counted in steps of the database.

`python -m bench --only supervision` says what that is of a core. No clock has a part in it here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from bench.supervision import NOON, build
from community.storage import Store, register
from dispatcher import plans
from dispatcher.patrol import Patrol
from dispatcher.storage.planbook import Planbook

FEW, MANY = 400, 4_000
PART = 1.3  # an index of ten times as many rows is a little deeper


class City:
    """Devices that are heard in time, and a count of what the database does (SQLite's virtual machine)."""

    def __init__(self, folder: Path, devices: int) -> None:
        self.store = Store(f"sqlite:///{folder / f'{devices}.db'}")
        build(self.store, devices)
        self.steps = 0
        event.listen(self.store.engine, "checkout", self._count)
        self.patrol = Patrol(self.store, Planbook(plans.shipped()))
        self.patrol.tick(NOON - timedelta(seconds=5))

    def _count(self, connection: object, *_: object) -> None:
        connection.set_progress_handler(self._step, 1)  # type: ignore[attr-defined]

    def _step(self) -> int:
        self.steps += 1
        return 0

    def look(self, seconds: float) -> int:
        """What it costs to look at noon and so many seconds."""
        before = self.steps
        assert self.patrol.tick(NOON + timedelta(seconds=seconds)) == 0, "all is well"
        return self.steps - before

    def hear(self, devices: range) -> int:
        """What it costs to write that these were heard."""
        before = self.steps
        with self.store.write() as connection:
            register.touch_devices(connection, {f"care:city/{id}": (NOON, 90) for id in devices})
        return self.steps - before


@contextmanager
def city(folder: Path, devices: int) -> Iterator[City]:
    made = City(folder, devices)
    try:
        yield made
    finally:
        made.store.close()


@pytest.fixture
def town_and_city(tmp_path: Path) -> Iterator[tuple[City, City]]:
    with city(tmp_path, FEW) as small, city(tmp_path, MANY) as large:
        yield small, large


def test_a_look_at_which_nothing_is_due_costs_the_same_in_a_city(town_and_city: tuple[City, City]) -> None:
    small, large = (each.look(-1) for each in town_and_city)
    assert large < small * PART


def test_what_is_due_is_looked_at_and_nothing_else(town_and_city: tuple[City, City]) -> None:
    """Ten seconds after noon some hubs and sensors are due, and half a second later none is."""
    for each in town_and_city:
        idle = each.look(-1)
        due = each.look(10)
        assert due > idle
        assert each.look(10.5) < idle * PART + due / 10, "it is not looked at again before it is due"


def test_to_be_heard_costs_each_device_the_same_in_a_city(town_and_city: tuple[City, City]) -> None:
    small, large = (each.hear(range(1, 101)) for each in town_and_city)
    assert large < small * PART
