"""One look at the whole centre: what the store knows of it, judged."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from community.storage import register
from dispatcher.health import NEEDED, Facts, Health, Hearing, WorkerKind, judge
from dispatcher.hearing import Slice, hearing, slices
from dispatcher.storage import vitals


class Checkup:
    """Keeps in memory which devices are heard: that changes with the register and the gateways only.

    Used from one thread at a time.
    """

    def __init__(self, needed: Collection[WorkerKind] = NEEDED, gateways: int = 1) -> None:
        self._needed = needed
        self._gateways = gateways
        self._known: tuple[int, tuple[Slice, ...]] | None = None
        self._hearing: tuple[Hearing, ...] = ()

    def look(self, connection: Connection, now: datetime) -> Health:
        """How the centre is at `now`."""
        facts = vitals.facts(connection, now)
        facts = replace(facts, hearing=self._heard(connection, facts, now))
        return judge(facts, now, self._needed, self._gateways)

    def _heard(self, connection: Connection, facts: Facts, now: datetime) -> tuple[Hearing, ...]:
        read = slices(facts.workers, now)
        if not read:
            return ()  # that none runs is said elsewhere
        known = register.device_revision(connection), read
        if known != self._known:
            self._hearing, self._known = hearing(register.enabled_keys(connection), read), known
        return self._hearing
