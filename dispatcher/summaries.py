"""Once a week, to each relative who wants it: how often there was an alarm, the tests, and the devices."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection

from community.storage import Store, register
from dispatcher import templates
from dispatcher.model import Draft, Lane, Purpose, Recipient
from dispatcher.storage import outbox, weeks
from dispatcher.storage.weeks import Due
from dispatcher.weekly import Turn, key, next_at, turn
from dispatcher.wording import Voice

EVERY = timedelta(minutes=1)
AT_ONCE = 20  # summaries a minute: they never fill the outbox

log = structlog.get_logger()


class Summaries:
    """One worker's weekly summaries; any number may run."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._looked_at: datetime | None = None

    def turn(self, now: datetime) -> int:
        """Call back what could not leave, and send what is due; returns how many were put into the outbox."""
        if self._looked_at is not None and abs(now - self._looked_at) < EVERY:
            return 0
        self._looked_at = now
        with self._store.read() as connection:
            is_any_due = weeks.is_any_due(connection, now)
            is_any_waiting = weeks.is_any_waiting(connection)
            zone = ZoneInfo(register.site(connection).timezone) if is_any_due else None
        if is_any_waiting:
            with self._store.write() as connection:
                weeks.call_back(connection, now)
        if zone is None:
            return 0
        with self._store.write() as connection:
            found = weeks.due(connection, now, AT_ONCE)
            return sum(_tell(connection, one, now, zone) for one in found)


def _tell(connection: Connection, one: Due, now: datetime, zone: ZoneInfo) -> bool:
    what = turn(one.due_at, now, zone)
    if what is Turn.WAIT:
        return False
    weeks.settle(connection, one.phone, next_at(one.phone, now, zone))
    homes = weeks.homes_of(connection, one.phone)
    if what is Turn.SKIP or not homes:
        return False
    _, contact_id, name = homes[0]
    try:
        told = weeks.week_of(connection, [household_id for household_id, _, _ in homes], now)
    except (LookupError, TypeError, ValueError):  # a row that cannot be read keeps no other from hearing
        log.exception("a weekly summary cannot be written", contact=contact_id)
        return False
    draft = Draft(
        key(one.phone, one.due_at, zone),
        Recipient(f"contact:{contact_id}", name, one.phone),
        Purpose.WEEKLY,
        rung=0,
        body=Voice.of(register.site(connection)).weekly(told),
        lane=Lane.LAST,
        variables=templates.weekly(told),
    )
    outbox.put(connection, draft, now)
    return True
