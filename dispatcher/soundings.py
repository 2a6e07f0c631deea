"""Asks every provider from time to time whether it answers, also when there is nothing to send.

Two questions in a row without a good answer, and the switchboard tries that provider last.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Executor
from datetime import datetime, timedelta

import structlog

from community.storage import Store
from dispatcher.channels import Ailing, Channel
from dispatcher.clock import Clock
from dispatcher.storage import vitals

EVERY = timedelta(seconds=120)

log = structlog.get_logger()


class Soundings:
    """Any number may run: whoever finds that a provider was asked lately leaves it alone."""

    def __init__(self, store: Store, channels: Iterable[Channel], clock: Clock, asking: Executor) -> None:
        self._store = store
        self._channels = {channel.name: channel for channel in channels if isinstance(channel, Ailing)}
        self._clock = clock
        self._asking = asking
        self._looked_at: datetime | None = None

    def turn(self, now: datetime) -> None:
        """Ask when it is time, on a thread of the pool."""
        if self._channels and (self._looked_at is None or abs(now - self._looked_at) >= EVERY):
            self._looked_at = now
            self._asking.submit(self.ask)

    def ask(self) -> None:
        """Ask each one that was not asked lately, and write down what came of it."""
        with self._store.read() as connection:
            known = vitals.channels(connection)
        if not known.keys() <= self._channels.keys():
            with self._store.write() as connection:
                vitals.forget_channels(connection, self._channels.keys())
        for name, channel in self._channels.items():
            begun = self._clock.now()
            if name in known and abs(begun - known[name].asked_at) < EVERY / 2:
                continue
            try:
                error = channel.ailment()
            except Exception as broken:
                log.exception("a provider cannot be asked", channel=name)
                error = type(broken).__name__
            now = self._clock.now()
            took_s = None if error else (now - begun).total_seconds()
            with self._store.write() as connection:
                vitals.keep_channel(connection, name, now, took_s, error)
            if error:
                log.warning("a provider does not answer", channel=name, why=error)
