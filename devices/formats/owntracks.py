"""OwnTracks: where somebody's telephone is, and its battery, on `owntracks/<user>/<device>`.

Nothing it says is an alarm: a report that its owner asked for (`"t":"u"`) is no call for help, and a
telephone that is gone from the broker (`lwt`) sleeps.
"""

from __future__ import annotations

from typing import Final

from devices.formats.document import Unreadable, moment, percent, read_object
from devices.formats.family import Family, whose
from devices.formats.meaning import Heard, alive, charge_reading, unique_without_id, unreadable
from devices.formats.position import located, position
from devices.profiles import Battery, Profiles, as_text
from devices.signal import Frame, Levels, Reading, Registry

SIZE_LIMIT: Final = 4096  # bytes

_BATTERY: Final = Battery("batt", low=10, percent=True)
_ALIVE: Final = frozenset(
    {"transition", "waypoint", "waypoints", "steps", "status", "card", "beacon", "configuration", "dump"}
)


def read(frame: Frame, registry: Registry, levels: Levels, _: Profiles) -> Reading:
    """Read one frame of OwnTracks."""
    user, device = (*frame.topic.split("/"), "", "", "")[1:3]
    device_key, enrolment = whose(registry, f"owntracks:{user}/{device}", f"owntracks:{user}")
    body = read_object(frame.payload, SIZE_LIMIT)
    told_at = None if isinstance(body, Unreadable) else moment(body.get("tst"))
    heard = Heard(
        frame, device_key, enrolment, unique_without_id(device_key, frame, told_at), device_time=told_at
    )
    if isinstance(body, Unreadable):
        return unreadable(heard, body.reason, levels)
    type_ = as_text(body.get("_type"))
    if type_ == "lwt":
        return Reading()
    if type_ in _ALIVE:
        return Reading(beats=alive(heard))
    if type_ != "location":
        return unreadable(heard, f"_type={type_} is nothing that anybody mapped", levels)
    charge = percent(body.get("batt"))
    reading = (
        Reading(beats=alive(heard)) if charge is None else charge_reading(heard, charge, _BATTERY, levels)
    )
    return located(reading, heard, position(body.get("lat"), body.get("lon"), body.get("acc")))


FAMILY: Final = Family("owntracks", ("owntracks/+/+",), read)
