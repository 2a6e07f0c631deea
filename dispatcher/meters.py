"""What a water or gas meter tells of life: how long nothing was used, and how long it never stopped. Pure.

A meter is kept as its last reading of each half hour; litres count up from when it was made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from devices.signal import Role

HALF_HOUR = timedelta(minutes=30)
KEPT = timedelta(hours=26)  # a day, and some
# Within about half an hour, from so many litres on somebody is there: a tap that drips gives one litre, if as
# much; three minutes of one flame are twenty litres of gas, and a pilot flame is less in an hour.
USED_L: Mapping[Role, float] = {Role.WATER_METER: 3.0, Role.GAS_METER: 20.0}
STEADY = timedelta(minutes=65)  # readings further apart say nothing of each half hour between them


@dataclass(frozen=True, slots=True)
class Reading:
    at: datetime
    litres: float


@dataclass(frozen=True, slots=True)
class Usage:
    """The readings of a meter, oldest first."""

    readings: tuple[Reading, ...] = ()

    def less_than_since(self, litres: float) -> datetime | None:
        """Since when less than `litres` have been used, for certain; None while nothing was read."""
        if not self.readings:
            return None
        last = self.readings[-1].litres
        return next(one.at for one in self.readings if last - one.litres < litres)

    @property
    def read_at(self) -> datetime | None:
        return self.readings[-1].at if self.readings else None

    def flowing_since(self) -> datetime | None:
        """Since when water has been used in every half hour up to the last reading; None: it has not."""
        since: datetime | None = None
        for before, after in zip(reversed(self.readings[:-1]), reversed(self.readings), strict=False):
            if after.litres <= before.litres or after.at - before.at > STEADY:
                break
            since = before.at
        return since

    def with_readings(self, new: Iterable[Reading]) -> Usage:
        """These readings too: the last of each half hour, of the last day; a new meter begins anew."""
        slots: dict[int, Reading] = {}
        for one in sorted([*self.readings, *new], key=lambda reading: reading.at):
            if slots and one.litres < max(kept.litres for kept in slots.values()):
                slots.clear()
            slots[int(one.at.timestamp() // HALF_HOUR.total_seconds())] = one
        kept = sorted(slots.values(), key=lambda reading: reading.at)
        return Usage(tuple(one for one in kept if kept[-1].at - one.at <= KEPT))

    def was_used(self, role: Role) -> bool:
        """Whether somebody used water or gas, by the meter's `role`, between the last two readings."""
        if len(self.readings) < 2:
            return False
        before, last = self.readings[-2:]
        return last.at - before.at <= STEADY and last.litres - before.litres >= USED_L[role]


def freeze(usage: Usage) -> list[list[float]]:
    """As JSON: seconds of 1970 and litres."""
    return [[one.at.timestamp(), one.litres] for one in usage.readings]


def thaw(rows: Iterable[Iterable[float]]) -> Usage:
    return Usage(tuple(Reading(datetime.fromtimestamp(at, UTC), litres) for at, litres in rows))


Readings = Mapping[str, Iterable[Reading]]
