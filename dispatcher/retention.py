"""Deletes what imports keep of people, once it cannot be used any more."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from community.storage import Store, batches

EVERY: Final = timedelta(hours=1)


class Retention:
    """One worker's look, once an hour. Any number may look."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._looked_at: datetime | None = None

    def turn(self, now: datetime) -> None:
        if self._looked_at is not None and abs(now - self._looked_at) < EVERY:
            return
        self._looked_at = now
        with self._store.read() as connection:
            if not batches.is_any_old(connection, now):
                return
        with self._store.write() as connection:
            batches.forget(connection, now)
