"""While somebody works on devices, what only says that a device is not well waits, for a day at most. Pure.

It is recorded, and stands at the desk; nobody is told of it before the work has ended. Nothing else waits:
not a person who calls for help, not fire, gas or water, not silence at home.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatcher.model import Entry, Fact, Incident, Stage
from dispatcher.storms import TECHNICAL, area_of

LONGEST = timedelta(hours=24)
_CLOCKS = timedelta(minutes=1)  # as far as the clocks of two machines may differ


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Work on one device, with which the device troubles of its home wait, or on the whole site (no device).

    `ended_at` is when it was said to be over, by somebody or by its own end.
    """

    id: int
    device_id: int | None
    what: str  # the device as people know it; empty: the whole site
    reason: str
    by: str
    begins_at: datetime
    ends_at: datetime
    ended_at: datetime | None = None


def is_over(begins_at: datetime, ends_at: datetime, now: datetime) -> bool:
    """Whether its time is up: also of one that was begun before the clock was set back, in the future."""
    return not begins_at - _CLOCKS <= now < ends_at


def may_wait(incident: Incident) -> bool:
    """Whether a case can wait for the end of some work: trouble of devices, to which nobody is on the way.

    What many homes of an area have in common is more than that.
    """
    return (
        incident.kind in TECHNICAL
        and area_of(incident.subject) is None
        and incident.stage in (Stage.RAISED, Stage.CLAIMED)
    )


def waits(work: Maintenance) -> Fact:
    """What a case says on its timeline when it begins to wait for the end of `work`."""
    text = f"维护中,结束后再通知:{work.reason} waits for the end of {work.by}'s work on devices"
    return Fact(Entry.NOTE, text, detail={"maintenance": work.id})
