"""Presses a button that nobody has, every minute, and measures until its text has come out at the far end.

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

DEVICE = "anxin-probe"
PATIENCE_S = 30.0  # a probe that takes longer is a miss
Say = Callable[[str, bytes], bool]  # publish a payload on a topic; False while there is no broker

log = structlog.get_logger()


@dataclass(slots=True)
class _Underway:
    id: str
    unique_key: str
    since_s: float
    is_said: bool = False


class Prober:
    """`every_s` seconds lie between two beginnings. One probe at a time."""

    def __init__(self, store: Store, say: Say, site: str, every_s: float) -> None:
        self._store = store
        self._say = say
        self._device = f"{site}/{DEVICE}"
        self._every_s = every_s
        self._begun_s: float | None = None
        self._underway: _Underway | None = None

    @property
    def is_underway(self) -> bool:
        return self._underway is not None

    def step(self, now: datetime, now_s: float) -> None:
        """Begin a probe when it is time, and look after the one on its way. `now_s` is monotonic seconds.

        Raises what the store raises, and then does the same again at the next step.
        """
        if self._underway is not None:
            self._look(self._underway, now, now_s)
        elif self._begun_s is None or now_s - self._begun_s >= self._every_s:
            self._begin(now, now_s)

    def _begin(self, now: datetime, now_s: float) -> None:
        id = uuid4().hex
        unique_key = f"care:{self._device}#{id}"
        with self._store.write() as connection:
            probes.sent(connection, unique_key, now)
        self._begun_s = now_s
        self._underway = _Underway(id, unique_key, now_s)
        self._press(self._underway)

    def _press(self, probe: _Underway) -> None:
        """Like a device: while there is no broker, try again."""
        body = {"v": 1, "id": probe.id, "type": "probe", "test": True}
        probe.is_said = self._say(f"care/{self._device}/signal", orjson.dumps(body))

    def _look(self, probe: _Underway, now: datetime, now_s: float) -> None:
        if not probe.is_said:
            self._press(probe)
        took_s = now_s - probe.since_s
        with self._store.read() as connection:
            came = probes.has_come_through(connection, probe.unique_key)
        if not came and took_s < PATIENCE_S:
            return
        with self._store.write() as connection:
            probes.end(connection, probe.unique_key, now, took_s if came else None)
        self._underway = None
        if not came:
            log.error("a synthetic press did not come through", after_s=round(took_s, 1))
