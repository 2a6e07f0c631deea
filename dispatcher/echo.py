"""The dispatcher's station on the way of a synthetic press: from the store into the outbox."""

from __future__ import annotations

from datetime import datetime, timedelta

from community.storage import Store
from dispatcher.storage import probes

AT_MOST_EVERY = timedelta(seconds=0.2)  # a storm must not pay for a probe with a question for each press


class Echo:
    """One per dispatcher."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._looked_at: datetime | None = None

    def pass_on(self, now: datetime) -> int:
        """Pass on every probe that has been stored; returns how many."""
        if self._looked_at is not None and abs(now - self._looked_at) < AT_MOST_EVERY:
            return 0
        self._looked_at = now
        with self._store.read() as connection:
            if not probes.is_any_undecided(connection):
                return 0
        with self._store.write() as connection:
            return probes.decide(connection, now)
