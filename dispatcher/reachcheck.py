"""Once a day, at a civil hour, every home is looked at: could anybody be reached for it in any hour?

A check goes through the homes in small steps, and how far it has come is a row: a worker that dies hands
it on, and none of them does a step twice.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection

from community.errors import NotFound
from community.storage import Store, register
from dispatcher import roster
from dispatcher.clock import Clock
from dispatcher.plans import Plans
from dispatcher.reach import Gap, Rota, gaps
from dispatcher.storage import gaps as rows
from dispatcher.storage.planbook import Planbook

STEP = 50  # homes: some 50 ms of thinking, a few of writing
EVERY_S = 60.0
BREATH_S = 0.25  # between two steps, so that presses go first
CIVIL = (9, 18)  # local hours in which somebody can do something about what is found

log = structlog.get_logger()


@dataclass(slots=True)
class _Known:
    """What a check works with; read once for each."""

    check_id: int
    plans: Plans
    rota: Rota


class ReachCheck:
    """One worker of the daily check. Any number may run."""

    def __init__(self, store: Store, plans: Planbook) -> None:
        self._store = store
        self._plans = plans
        self._known: _Known | None = None

    def run(self, clock: Clock, stopping: threading.Event) -> None:
        """Look once a minute whether there is something to do, until `stopping`."""
        wait = EVERY_S
        while not stopping.wait(wait):
            try:
                wait = BREATH_S if self.turn(clock.now()) else EVERY_S
            except Exception:
                log.exception("a step of the reachability check failed")
                wait = EVERY_S

    def turn(self, now: datetime) -> bool:
        """Begin today's check when it is time, or take one step of it; False when there is nothing to do."""
        with self._store.read() as connection:
            check = rows.unfinished(connection)
            day = None if check else day_to_check(rows.last_day(connection), now, _zone(connection))
        if check is None and day is not None:
            with self._store.write() as connection:
                rows.begin(connection, day, now)
            return True
        if check is not None:
            self._step(check, now)
        return check is not None

    def check_now(self, now: datetime) -> rows.Check:
        """A whole check at once, for somebody who asks for it; returns it finished."""
        with self._store.write() as connection:
            check_id = rows.begin(connection, None, now)
        assert check_id is not None, "a check that is asked for is always begun"
        while True:
            with self._store.read() as connection:
                check = rows.check_by_id(connection, check_id)
            assert check is not None, "checks are never removed"
            if check.done_at is not None:
                return check
            self._step(check, now)

    def _step(self, check: rows.Check, now: datetime) -> None:
        with self._store.read() as connection:
            ids = rows.household_ids(connection, check.after_id, STEP)
            found = self._look(connection, check, ids)
        with self._store.write() as connection:
            if not ids:
                rows.finish(connection, check, now)
            elif rows.advance(connection, check, ids[-1], len(ids), sum(map(bool, found.values()))):
                rows.keep(connection, found, now)

    def _look(
        self, connection: Connection, check: rows.Check, ids: Sequence[int]
    ) -> dict[int, tuple[Gap, ...]]:
        if self._known is None or self._known.check_id != check.id:
            rota = roster.weeks(connection)
            self._known = _Known(check.id, self._plans.current(connection), rota)
        return look(connection, ids, self._known.plans, self._known.rota)


def look(
    connection: Connection, household_ids: Sequence[int], plans: Plans, rota: Rota
) -> dict[int, tuple[Gap, ...]]:
    """The gaps of each of these homes as things stand; one that cannot be judged harms no other."""
    homes = register.homes(connection, household_ids)
    contacts = [contact for home in homes.values() for contact in home.contacts]
    lost = rows.lost_contacts(connection, contacts)
    found: dict[int, tuple[Gap, ...]] = {}
    for household_id, home in homes.items():
        try:
            found[household_id] = gaps(home, plans.for_homes, rota, lost)
        except Exception:
            log.exception("the safety net of a home cannot be judged", household=household_id)
    return found


def day_to_check(last: date | None, now: datetime, zone: ZoneInfo | None) -> date | None:
    """Today, when it has had no check yet and it is a civil hour; a clock set back repeats no day."""
    if zone is None:
        return None
    local = now.astimezone(zone)
    is_civil = CIVIL[0] <= local.hour < CIVIL[1]
    return local.date() if is_civil and (last is None or last < local.date()) else None


def _zone(connection: Connection) -> ZoneInfo | None:
    try:
        return ZoneInfo(register.site(connection).timezone)
    except NotFound:
        return None  # an empty database has nobody to look at
