"""The response plans as people have edited them: every version is kept, the newest of each name counts."""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy import Connection

from community.storage import register
from community.storage.tables import plan
from dispatcher.model import Plan
from dispatcher.plans import Plans, completed, freeze, thaw
from dispatcher.storage.editions import Editions

EDITIONS: Editions[Plan] = Editions(plan, freeze, thaw)

log = structlog.get_logger()


class Planbook:
    """The plans in memory, read again when somebody has edited one. May be used from many threads.

    `shipped` is what a centre runs on until the first edit, and afterwards for a kind of trouble that no
    edited plan has: one that is new, or whose plan cannot be read any more.
    """

    def __init__(self, shipped: Plans) -> None:
        self._shipped = shipped
        self._known = (0, shipped)

    @property
    def known(self) -> Plans:
        """The plans as they were last read."""
        return self._known[1]

    def current(self, connection: Connection, revision: int | None = None) -> Plans:
        """The plans as they stand; `revision` spares a look when the caller has it at hand."""
        if revision is None:
            revision = register.revisions(connection).plan
        known, plans = self._known
        if revision != known:
            plans = self._read(connection)
            self._known = (revision, plans)
        return plans

    def edit(
        self, connection: Connection, edited: Plan, version: int | None, account_id: int, now: datetime
    ) -> Plan:
        """Keep a new version of a plan, and of those it takes kinds of trouble from; returns it.

        `version` is the one that was looked at, None for a plan that is new. Open incidents keep the plan
        they began with. Stale: somebody has edited it since. Invalid: a kind would be without a plan.
        """
        register.plans_changed(connection)  # first, for its lock: who edits plans waits for who does already
        return EDITIONS.edit(connection, self._read(connection), edited, version, account_id, now)

    def _read(self, connection: Connection) -> Plans:
        try:
            return completed(EDITIONS.read(connection), self._shipped)
        except ValueError:
            log.exception("the plans do not fit together, the shipped ones stand in for them")
            return self._shipped
