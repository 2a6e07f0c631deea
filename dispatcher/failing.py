"""When a home's contact is told that a battery is weak or a device is silent. Pure.

By day only, and once for each case. It is no call for help: nobody is asked to come, and the desk has the
case all the while. A lifeline that is silent is a matter of its own plan, which waits for no morning.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo

from devices.signal import Kind

WAITS: Mapping[Kind, timedelta] = {  # a router that is started anew, or a power cut, is over by then
    Kind.LOW_BATTERY: timedelta(),
    Kind.OFFLINE: timedelta(hours=2),
}
OLDEST = timedelta(days=7)  # what is open for longer is no news to anybody
FROM_HOUR, TO_HOUR = 8, 21  # local; outside them nobody is woken for a battery


def is_day(now: datetime, zone: tzinfo) -> bool:
    """Whether a contact may be told now."""
    return FROM_HOUR <= now.astimezone(zone).hour < TO_HOUR


def key(incident_id: int | str) -> str:
    """The same for one case, whoever looks: no second text can have it."""
    return f"device.{incident_id}"
