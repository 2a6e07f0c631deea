"""Notices that the clock of this machine was set back, and lets nobody wait longer for it.

A due time that lies too far ahead is noticed without any memory (escalation.py). A smaller step leaves no
trace in the store: only a process that has a steady clock beside the other one can tell.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from community.storage import Store
from dispatcher.courier import LEASE
from dispatcher.storage import steps

LEAST = timedelta(seconds=10)  # a smaller step delays by less; to hasten every open case would be worse

log = structlog.get_logger()


class SetBack:
    """One per dispatcher. `host` is the machine whose clock it reads: of its dispatchers one acts."""

    def __init__(self, store: Store, host: str) -> None:
        self._store = store
        self._host = host
        self._before: tuple[datetime, float] | None = None

    def turn(self, now: datetime, now_s: float) -> int:
        """Compare; returns how many cases come sooner for it. `now_s` is steady seconds.

        Raises what the store raises, and then compares with the same moment again.
        """
        back = timedelta()
        if self._before is not None:
            was, was_s = self._before
            back = was + timedelta(seconds=now_s - was_s) - now
        hastened = 0
        if back >= LEAST:
            with self._store.write() as connection:
                if steps.take(connection, self._host, now, back):
                    hastened = steps.bring_back(connection, now, back, LEASE)
                    log.warning("the clock was set back", by_s=round(back.total_seconds()), cases=hastened)
        self._before = now, now_s
        return hastened
