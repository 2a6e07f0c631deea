"""The sign of life for somebody outside, who alarms when it stays away: withheld while anything fails."""

from __future__ import annotations

import os
import tempfile
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import orjson
import structlog

from dispatcher.health import Health

TIMEOUT_S = 5.0
TOPIC = "anxin/heartbeat"
Way = Callable[[datetime], None]  # brings one beat outside; raises OSError when that fails

log = structlog.get_logger()


def by_url(url: str) -> Way:
    """GET `url`, as healthchecks.io and its like want it."""

    def beat(_now: datetime) -> None:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:
            answer.read(1024)

    return beat


def by_file(path: Path) -> Way:
    """Write the moment into `path`, whole or not at all."""

    def beat(now: datetime) -> None:
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=path.name, delete=False) as file:
            file.write(f"{now.isoformat()}\n")
        os.replace(file.name, path)

    return beat


def by_broker(say: Callable[[str, bytes], bool]) -> Way:
    """Publish the moment on `anxin/heartbeat`."""

    def beat(now: datetime) -> None:
        if not say(TOPIC, orjson.dumps({"at": now.isoformat()})):
            raise ConnectionError("no broker")

    return beat


class Heartbeat:
    """`ways` by a name for the log. Beats leave in a thread: a slow one outside keeps nobody here waiting."""

    def __init__(self, ways: Mapping[str, Way], every_s: float) -> None:
        self._ways = ways
        self._every_s = every_s
        self._begun_s: float | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="heartbeat")
        self._leaving: Future[None] | None = None

    def turn(self, health: Health, now_s: float) -> None:
        """Beat when it is time and nothing fails. `now_s` is monotonic seconds."""
        if self._begun_s is not None and now_s - self._begun_s < self._every_s:
            return
        self._begun_s = now_s
        if health.ill:
            reasons: Sequence[str] = [f"{check.name}: {check.text[1]}" for check in health.ill]
            log.error("heartbeat withheld", reasons=reasons)
        elif not self.is_leaving:
            self._leaving = self._pool.submit(self._beat, health.at)

    @property
    def is_leaving(self) -> bool:
        """Whether the last beat is still on its way: a slow outside gets no second one beside it."""
        return self._leaving is not None and not self._leaving.done()

    def close(self) -> None:
        self._pool.shutdown(wait=True)

    def _beat(self, now: datetime) -> None:
        for name, way in self._ways.items():
            try:
                way(now)
            except OSError as error:  # the others shall have theirs
                log.error("heartbeat did not leave", way=name, error=type(error).__name__)
