"""The sign of life of one loop, given by the loop itself: a thread at its side would live on without it."""

from __future__ import annotations

import socket
from contextlib import suppress
from datetime import datetime, timedelta
from os import getpid

from sqlalchemy.exc import SQLAlchemyError

from community.storage import Store
from dispatcher.health import Worker, WorkerKind
from dispatcher.storage import vitals

EVERY = timedelta(seconds=3)


class Pulse:
    """One per loop. `name` tells two loops of one kind apart; this process's own if not given. `topics` is
    what a gateway reads.
    """

    def __init__(self, store: Store, kind: WorkerKind, name: str = "", topics: str = "") -> None:
        self._store = store
        self._kind = kind
        self._host = socket.gethostname()[:100]
        self._name = name or f"{kind.value}@{self._host}:{getpid()}"
        self._topics = topics
        self._started_at: datetime | None = None
        self._written: tuple[datetime, str] | None = None

    def turn(self, now: datetime, ailment: str = "") -> None:
        """The loop has done its round. Written at most every 3 s, and at once when `ailment` changes.

        Raises what the store raises: a round that cannot reach the store is no round.
        """
        if self._written is not None:
            before, said = self._written
            if said == ailment and abs(now - before) < EVERY:
                return
        self._started_at = self._started_at or now
        with self._store.jot() as connection:
            turned = Worker(self._name, self._kind, self._host, self._started_at, now, ailment, self._topics)
            vitals.beat(connection, turned)
        self._written = (now, ailment)

    def end(self) -> None:
        """The loop ends in order. Without the store its row stays, and somebody looks after it."""
        with suppress(SQLAlchemyError), self._store.write() as connection:
            vitals.leave(connection, self._name)
