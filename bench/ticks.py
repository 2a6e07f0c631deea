"""What a look at everything that is due costs while many cases are open: what is due, not what is open.

One process, no broker: cases are opened and looked at once; then some of them are made due again, each one
rung further. Beside it, what most would write first: load every open case, and look at each.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from rich.table import Table
from sqlalchemy import select, update

from bench.scene import OURS, Databases
from community.storage import Store, tables
from devices.signal import Kind, Reading, Signal
from dispatcher import intake
from dispatcher.channels.phones import Phones
from dispatcher.chase import Chaser
from dispatcher.clock import SystemClock
from dispatcher.engine import Engine
from dispatcher.plans import shipped

TOGETHER = 500  # presses stored in one transaction
RUNG = timedelta(seconds=60)  # of the shipped plan: when the second one is due
MINUTES = timedelta(minutes=10)  # ... and long after the last one


@dataclass(frozen=True)
class Size:
    """How many cases are open, one number after the other, and how many of them are due."""

    open: tuple[int, ...]
    due: tuple[int, ...]
    repeats: int


FULL = Size((100, 1000, 10_000), (0, 10, 100), 3)
QUICK = Size((100, 1000), (0, 10, 100), 3)
TINY = Size((20, 80), (0, 10), 1)


@dataclass(frozen=True)
class Tick:
    """ms, medians: the engine's look; what follows up texts that did not arrive; the naive look."""

    store: str
    open: int
    due: int
    tick_ms: float
    follow_up_ms: float
    naive_ms: float


def measure(size: Size, databases: Databases, tell: Callable[[str], None]) -> list[Tick]:
    """One store, filled already with as many homes as are to be open."""
    store = Store(databases.fresh(OURS))
    found: list[Tick] = []
    try:
        cases = OpenCases(store)
        for count in size.open:
            cases.open_until(count)
            found += [_one(cases, due, size.repeats, databases.kind) for due in size.due]
            tell(f"{databases.kind}: looked at what is due among {count:,} open cases")
    finally:
        store.close()
    return found


def _one(cases: OpenCases, due: int, repeats: int, kind: str) -> Tick:
    ticks, naives, follow_ups = [], [], []
    for _ in range(repeats):
        cases.make_due(due)
        naives.append(_timed(cases.naive_look))
        ticks.append(_timed(lambda: cases.tick(due)))
        cases.carry_out()
        follow_ups.append(_timed(cases.follow_up))
    return Tick(kind, cases.count, due, median(ticks), median(follow_ups), median(naives))


def _timed(act: Callable[[], object]) -> float:
    """ms that it took."""
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


class OpenCases:
    """Cases that are open, each told once, none due; their time goes on by hand."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = SystemClock().now()
        self._engine = Engine(store)
        self._plans = shipped()
        self.count = 0
        phones = Phones(lambda _: "there", lambda _: "there")
        self._chaser = Chaser(store, [phones], SystemClock(), ThreadPoolExecutor(1))

    def open_until(self, count: int) -> None:
        """Let homes press, each once, until so many cases are open and each was looked at once."""
        while self.count < count:
            homes = range(self.count + 1, min(count, self.count + TOGETHER) + 1)
            readings = [
                Reading((Signal(f"care:bench/{n:06d}", Kind.SOS, f"{n}#1", self.now),)) for n in homes
            ]
            with self.store.write() as connection:
                opened = intake.take(connection, readings, self._plans, self.now).opened
            assert len(opened) == len(homes)
            self.tick(len(homes))
            self.carry_out()
            self.count = homes[-1]
        if not self.store.is_sqlite:
            with (
                self.store.engine.connect() as connection
            ):  # as its autovacuum does by itself within a minute
                connection.exec_driver_sql("ANALYZE")
                connection.commit()

    def make_due(self, count: int) -> None:
        """A second later, so many cases, anywhere among the others, have come to their next rung."""
        self.now += timedelta(seconds=1)
        incident = tables.incident
        chosen = select(incident.c.id).where(incident.c.closed_at.is_(None))
        with self.store.write() as connection:
            ids = list(connection.execute(chosen.order_by(incident.c.id)).scalars())
            picked = ids[:: max(1, len(ids) // count)][:count] if count else []
            for id in picked:
                long_ago = {"ladder_at": self.now - MINUTES, "due_at": self.now}
                connection.execute(update(incident).where(incident.c.id == id).values(**long_ago))
            rest = incident.c.due_at <= self.now, incident.c.id.not_in(picked)
            connection.execute(update(incident).where(*rest).values(due_at=self.now + RUNG))

    def tick(self, due: int) -> None:
        """Look at what is due, which are so many cases."""
        seen = self._engine.tick(self.now)
        assert seen == due, f"{seen} looked at, {due} were due"

    def naive_look(self) -> int:
        """Load every open case, and see whether it is due."""
        incident = tables.incident
        with self.store.read() as connection:
            rows = connection.execute(select(incident).where(incident.c.closed_at.is_(None))).all()
        return sum(row.due_at <= self.now for row in rows)

    def carry_out(self) -> None:
        """A courier has carried all texts, and each has arrived."""
        carried = {"state": "delivered", "sent_at": self.now, "delivered_at": self.now, "channel": "phones"}
        message = tables.message
        with self.store.write() as connection:
            connection.execute(update(message).where(message.c.state == "queued").values(**carried))

    def follow_up(self) -> None:
        """What a dispatcher does each second beside its look at what is due."""
        self.now += timedelta(seconds=1)
        self._chaser.turn(self.now)


def table(found: Sequence[Tick]) -> Table:
    made = Table(title="A look at what is due, ms", title_justify="left")
    for name in ("store", "cases open", "due", "tick", "following up texts", "naive: look at each"):
        made.add_column(name, justify="left" if name == "store" else "right")
    for one in found:
        figures = (f"{value:.1f}" for value in (one.tick_ms, one.follow_up_ms, one.naive_ms))
        made.add_row(one.store, f"{one.open:,}", str(one.due), *figures)
    return made
