"""Deletes what is of use to nobody any more: places, and what imports keep of people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection

from community.storage import Store, batches, whereabouts


class Forgetting:
    """One worker's look, each `every`: whether there is anything, and only then, with a lock, to delete it.

    Any number may look.
    """

    def __init__(
        self,
        store: Store,
        every: timedelta,
        is_any: Callable[[Connection, datetime], bool],
        forget: Callable[[Connection, datetime], object],
    ) -> None:
        self._store = store
        self._every = every
        self._is_any = is_any
        self._forget = forget
        self._looked_at: datetime | None = None

    def turn(self, now: datetime) -> None:
        if self._looked_at is not None and abs(now - self._looked_at) < self._every:
            return
        self._looked_at = now
        with self._store.read() as connection:
            if not self._is_any(connection, now):
                return
        with self._store.write() as connection:
            self._forget(connection, now)


def of_places(store: Store) -> Forgetting:
    return Forgetting(store, timedelta(minutes=1), whereabouts.is_any_stale, whereabouts.forget_stale)


def of_imports(store: Store) -> Forgetting:
    return Forgetting(store, timedelta(hours=1), batches.is_any_old, batches.forget)
