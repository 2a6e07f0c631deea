"""The rounds as they run beside a dispatcher: they say that they turn, and end when they are told."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from community.storage import Store
from devices.signal import Kind, Role
from dispatcher.health import WorkerKind
from dispatcher.pulse import Pulse
from dispatcher.rounds import Rounds
from dispatcher.storage import vitals
from dispatcher.storage.planbook import Planbook
from tests.town import Town


class Turns:
    """A clock that ends the loop when it has been asked `most` times, a second apart."""

    def __init__(self, start: datetime, stopping: threading.Event, most: int) -> None:
        self.moment, self.stopping, self.left = start, stopping, most

    def now(self) -> datetime:
        self.left -= 1
        self.moment += timedelta(seconds=1)
        if self.left <= 0:
            self.stopping.set()
        return self.moment


def test_a_loop_that_goes_the_rounds_asks_rings_and_says_that_it_turns(town: Town, store: Store) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.beat(town.sensor("王秀英", Role.MOTION_SENSOR))
    town.watch("王秀英", "half_day")
    town.time += timedelta(hours=17)  # seven in the morning
    stopping = threading.Event()
    rung: list[int] = []
    names: list[str] = []

    class Heard(Pulse):
        def end(self) -> None:
            with store.read() as connection:
                names.extend(w.name for w in vitals.workers(connection) if w.kind is WorkerKind.ROUNDS)
            super().end()

    pulse = Heard(store, WorkerKind.ROUNDS, "rounds")
    town.rounds.run(Turns(town.time, stopping, 2), stopping, pulse, lambda: rung.append(1))

    assert rung == [1]
    assert names == ["rounds"]
    town.time += timedelta(seconds=10)
    town.work()
    assert len(town.heard("女儿")) == 1


def test_the_desk_hears_once_of_a_preset_that_is_gone_and_the_others_hold(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.beat(town.sensor("王秀英", Role.MOTION_SENSOR))
    town.watch("王秀英", "half_day", "morning")
    fewer = {name: preset for name, preset in town.presets.items() if name != "morning"}
    town.rounds = Rounds(town.store, Planbook(town.plans), fewer)
    town.pass_time(minutes=17 * 60)
    assert town.card("王秀英").kind is Kind.FAULT
    [told] = [entry for entry in town.detail("王秀英").timeline if "已不存在" in entry.text]
    assert "morning" in told.text
    assert len(town.heard("女儿")) == 1
