"""The weekly summary: when each number gets its own, and in which state a home's devices are called. Pure.

At the weekend and by day, each number at a minute of its own. What cannot leave then, because a case is open
or the centre was down, may leave a little later; after that it is news of last week, and nobody misses it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from hashlib import sha256

from community.model import Device, HomeRecord
from dispatcher.reachability import at_minute, civil_minute, is_civil

WEEK = timedelta(days=7)
PATIENCE = timedelta(days=2)  # so much later is still this week's
_SATURDAY = 6  # ISO weekday
FURTHEST = WEEK + timedelta(days=1)  # nobody waits longer: a clock was set back
LOW_BATTERY = 15  # percent


class Turn(StrEnum):
    """What to do about a number now."""

    SEND = "send"
    WAIT = "wait"
    SKIP = "skip"  # wait for the next week's


class Kit(StrEnum):
    """How a home's alarm devices are, taken together."""

    WELL = "well"
    LOW = "low"  # a battery is
    SILENT = "silent"  # one is not heard
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Week:
    """What is told of one home: how often there was an alarm and a test in the last seven days."""

    home: HomeRecord
    calls: int
    tests: int
    kit: Kit

    @property
    def is_quiet(self) -> bool:
        return not self.calls and self.kit is Kit.WELL


def next_at(phone: str, now: datetime, zone: tzinfo) -> datetime:
    """The first moment after `now` at which `phone` is due: once each week."""
    place, day = divmod(int.from_bytes(sha256(phone.encode()).digest()[:8]), 2)
    local = now.astimezone(zone)
    this_week = at_minute(local + timedelta(days=_SATURDAY + day - local.isoweekday()), civil_minute(place))
    at = this_week if this_week > local else this_week + WEEK
    return at.astimezone(now.tzinfo)


def turn(due_at: datetime, now: datetime, zone: tzinfo) -> Turn:
    """What to do about a number that is due at `due_at`."""
    if due_at > now + FURTHEST or now >= due_at + PATIENCE:
        return Turn.SKIP
    return Turn.SEND if due_at <= now and is_civil(now, zone) else Turn.WAIT


def key(phone: str, due_at: datetime, zone: tzinfo) -> str:
    """The same for one number and one week, whatever the clock did: no second text can have it."""
    year, week, _ = due_at.astimezone(zone).isocalendar()
    return f"weekly.{year}W{week:02}.{sha256(phone.encode()).hexdigest()[:16]}"


def kit_of(devices: Iterable[Device], silent: Collection[int], said_low: Collection[str]) -> Kit:
    """How `devices` are. `silent`: the ids of those that are not heard; `said_low`: the keys of those that
    said in the last week that their battery was low, believed of one that names no percentage."""
    alarms = [device for device in devices if device.enabled and device.role.is_life_safety]
    if not alarms:
        return Kit.NONE
    if any(device.id in silent or device.last_seen_at is None for device in alarms):
        return Kit.SILENT
    if any(
        device.battery <= LOW_BATTERY if device.battery is not None else device.key in said_low
        for device in alarms
    ):
        return Kit.LOW
    return Kit.WELL
