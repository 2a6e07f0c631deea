"""Writes down what each channel last did with real messages: every few seconds, not for every text."""

from __future__ import annotations

from datetime import datetime, timedelta

from community.storage import Store
from dispatcher.health import Traffic
from dispatcher.storage import vitals
from dispatcher.switchboard import Done, Switchboard

EVERY = timedelta(seconds=3)


class Ledger:
    """One per dispatcher."""

    def __init__(self, store: Store, switchboard: Switchboard) -> None:
        self._store = store
        self._switchboard = switchboard
        self._written_at: datetime | None = None
        self._knows_channels = False

    def turn(self, now: datetime) -> None:
        """Write what is new. Raises what the store raises: then what was done meanwhile is not told."""
        if self._written_at is not None and abs(now - self._written_at) < EVERY:
            return
        self._written_at = now
        done = self._switchboard.done()
        if self._knows_channels and not done:
            return
        with self._store.jot() as connection:
            if not self._knows_channels:
                vitals.know_channels(connection, self._switchboard.channels.keys())
            for name, what in done.items():
                vitals.keep_traffic(connection, _traffic(name, what))
        self._knows_channels = True


def _traffic(name: str, done: Done) -> Traffic:
    return Traffic(name, done.sent_at, done.failed_at, done.failures, done.error)
