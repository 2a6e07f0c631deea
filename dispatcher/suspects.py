"""A device that cries by itself is believed each time, and put before somebody who has it replaced.

Some buttons send an emergency that nobody pressed, and the one that is real looks the same: so nothing is
ever dropped, and the device is what has to go.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from community.storage import Store
from devices.signal import Kind
from dispatcher import intake
from dispatcher.duties import each
from dispatcher.model import FALSE_ALARMS, Entry, Fact
from dispatcher.storage import suspects as rows
from dispatcher.storage.planbook import Planbook

TIMES, WITHIN = 3, timedelta(hours=24)
EVERY = timedelta(minutes=1)
ACTOR = "patrol"  # who says so on the timeline


class Suspects:
    """One worker's look at which devices are suspect. Any number may look: each is told of by one."""

    def __init__(self, store: Store, plans: Planbook) -> None:
        self._store = store
        self._plans = plans
        self._looked_at: datetime | None = None

    def turn(self, now: datetime) -> int:
        """Look again, when it is time; returns how many devices were put before somebody."""
        if self._looked_at is not None and abs(now - self._looked_at) < EVERY:
            return 0
        self._looked_at = now
        with self._store.read() as connection:
            found = rows.liars(connection, FALSE_ALARMS, now - WITHIN, TIMES)
        return each(found, lambda liar: self._tell(liar, now), "nobody can be told of a suspect device")

    def _tell(self, liar: rows.Liar, now: datetime) -> bool:
        with self._store.write() as connection:
            if not rows.mark(connection, liar, now):
                return False
            text = (
                f"设备可疑:{liar.label or liar.key}24小时内{liar.times}次误报,建议派人上门更换;"
                "新的报警照常处理 false alarms again and again: have it replaced, and believe it until then"
            )
            detail = {"kind": Kind.FAULT.value, "devices": [liar.key]}
            intake.bring(
                connection,
                liar.household_id,
                Kind.FAULT,
                ACTOR,
                Fact(Entry.SIGNAL, text, actor=ACTOR, detail=detail),
                self._plans.current(connection),
                now,
                subject="" if liar.household_id is not None else f"device:{liar.key}",
            )
        return True
