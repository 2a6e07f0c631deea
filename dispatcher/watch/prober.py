"""Presses buttons that nobody has, every minute one in each place where somebody may press, and measures
until their texts have come out at the far end.

A probe goes the way of a press: broker, gateway, store, dispatcher, outbox, courier, channel. It is marked as
a test and ends at a channel that leads to nobody. What it does not go through, the cases and the escalation,
is what the watchdog counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

import orjson
import structlog

from community.storage import Store
from dispatcher.storage import probes

AT_ONCE = 16  # places tried in one minute; where there are more, the others come next
PATIENCE_S = 30.0  # a probe that takes longer is a miss
Say = Callable[[str, bytes], bool]  # publish a payload on a topic; False while there is no broker

log = structlog.get_logger()


@dataclass(slots=True)
class _Underway:
    id: str
    place: str
    is_said: bool = False

    @property
    def unique_key(self) -> str:
        return probes.key_of(self.place, self.id)


class Prober:
    """`every_s` seconds lie between two rounds, which begin when the one before has ended.

    A slice of our own topics that no gateway reads is a place whose probes do not come through.
    """

    def __init__(self, store: Store, say: Say, every_s: float) -> None:
        self._store = store
        self._say = say
        self._every_s = every_s
        self._begun_s: float | None = None
        self._begun_places = 0  # so many, since the start
        self._underway: list[_Underway] = []

    @property
    def is_underway(self) -> bool:
        return bool(self._underway)

    def step(self, now: datetime, now_s: float) -> None:
        """Begin a round when it is time, and look after the one on its way. `now_s` is monotonic seconds.

        Raises what the store raises, and then does the same again at the next step.
        """
        if self._underway and self._begun_s is not None:
            self._look(now, now_s - self._begun_s)
        elif self._begun_s is None or now_s - self._begun_s >= self._every_s:
            self._begin(now, now_s)

    def _begin(self, now: datetime, now_s: float) -> None:
        with self._store.write() as connection:
            places = probes.places(connection)
            probes.forget_places(connection, places)
            turn = [places[(self._begun_places + n) % len(places)] for n in range(min(AT_ONCE, len(places)))]
            underway = [_Underway(uuid4().hex, place) for place in turn]
            probes.sent(connection, [probe.unique_key for probe in underway], now)
        self._begun_s = now_s
        self._begun_places += len(turn)
        self._underway = underway
        for probe in underway:
            self._press(probe)

    def _press(self, probe: _Underway) -> None:
        """Like a device: while there is no broker, try again."""
        body = {"v": 1, "id": probe.id, "type": "probe", "test": True}
        probe.is_said = self._say(f"care/{probe.place}/{probes.DEVICE}/signal", orjson.dumps(body))

    def _look(self, now: datetime, took_s: float) -> None:
        for probe in self._underway:
            if not probe.is_said:
                self._press(probe)
        with self._store.read() as connection:
            came = probes.come_through(connection, [probe.unique_key for probe in self._underway])
        ended = [probe for probe in self._underway if probe.unique_key in came or took_s >= PATIENCE_S]
        if not ended:
            return
        with self._store.write() as connection:
            for probe in ended:
                probes.end(connection, probe.unique_key, now, took_s if probe.unique_key in came else None)
        self._underway = [probe for probe in self._underway if probe not in ended]
        lost = [probe.place for probe in ended if probe.unique_key not in came]
        if lost:
            log.error("synthetic presses did not come through", after_s=round(took_s, 1), places=lost)
