"""What a Traccar server forwards of GPS pendants and watches: events and positions, over MQTT or HTTP.

An alarm comes twice, with its position and as an event about it. Both carry the moment when Traccar heard the
position: it joins them. Only the position is always sent - of two presses in a row Traccar tells one event,
unless `event.ignoreDuplicateAlerts` is false - and it may say several alarms at once, with commas between.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from devices.formats.document import Unreadable, moment, read_object
from devices.formats.family import Family, whose
from devices.formats.meaning import (
    UNMAPPED,
    Heard,
    digest,
    interpret,
    is_of_the_past,
    ticket,
    unique_without_id,
    unreadable,
)
from devices.formats.position import Position, beside, located, position
from devices.profiles import Profiles, as_text
from devices.signal import Frame, Levels, Reading, Registry

SIZE_LIMIT: Final = 64 * 1024  # bytes; attributes of a device and its position are free
ID_LIMIT: Final = 64  # characters

_PARTS: Final = frozenset({"event", "position", "device", "geofence", "maintenance"})
_READ: Final = frozenset({"alarm", "batteryLevel"})  # attributes that are looked at by their names
_NUMBERED: Final = re.compile(r"(?:temp|adc|io|count|in|out)\d{1,3}")
_PRESENCE: Final = frozenset({"deviceOnline", "deviceOffline", "deviceUnknown"})


def read(frame: Frame, registry: Registry, levels: Levels, profiles: Profiles) -> Reading:
    """Read one frame that Traccar forwarded: an event, where there is one in it, else a position."""
    body = read_object(frame.payload, SIZE_LIMIT)
    said = body.salvage if isinstance(body, Unreadable) else body
    event, place, device = _in(said, "event"), _in(said, "position"), _in(said, "device")
    told = device.get("uniqueId")
    name = as_text(told)[:ID_LIMIT] if isinstance(told, str | int) else ""
    number = device.get("id", event.get("deviceId", place.get("deviceId")))
    device_key, enrolment = whose(
        registry,
        f"traccar:{name}" if name else "",
        f"traccar:#{number}" if isinstance(number, int) else "",
    )
    if not device_key:
        reason = body.reason if isinstance(body, Unreadable) else "no device in it"
        return Reading(tickets=(ticket(frame, reason),))
    heard = Heard(frame, device_key, enrolment, f"{device_key}#{digest(frame.payload)}")
    if isinstance(body, Unreadable):
        return unreadable(heard, body.reason, levels)
    if not event and not place:
        return unreadable(heard, "neither an event nor a position", levels)
    if not event and not isinstance(place.get("attributes"), Mapping):
        return unreadable(heard, "a position without its attributes", levels)

    told_at = moment(place.get("deviceTime")) or moment(event.get("eventTime"))
    unique = f"{device_key}#{_moment(event, place, frame)}"
    is_old = _in(place, "attributes").get("archive") is True and is_of_the_past(told_at, frame)
    heard = replace(heard, unique=unique, device_time=told_at, historical=is_old, echoes=True)
    strange = _strange(body, place)
    words = _words(event, place) | strange
    reading = interpret(heard, words, profiles.rules("traccar", enrolment), levels)
    if not strange and levels.get((device_key, UNMAPPED)):
        reading = replace(reading, levels={(device_key, UNMAPPED): ""} | dict(reading.levels))
    where = _where(place)
    return beside(reading, where) if event else located(reading, heard, where, moment(place.get("fixTime")))


def _words(event: Mapping[str, object], place: Mapping[str, object]) -> dict[str, object]:
    """Alarms, the kind of event and the battery; what else there is says nothing of a person.

    An event about something else may carry a position of long ago, whose alarm is no news.
    """
    told, measured = _in(event, "attributes"), _in(place, "attributes")
    type_ = as_text(event.get("type"))
    words: dict[str, object] = {}
    if event:
        words["presence" if type_ in _PRESENCE else "event"] = type_
    alarms = [told.get("alarm")] if event else []
    if not event or type_ == "alarm":
        alarms.append(measured.get("alarm"))
        words["batteryLevel"] = measured.get("batteryLevel")
    listed = [part.strip() for each in alarms if each is not None for part in as_text(each).split(",")]
    spoken = list(dict.fromkeys(part for part in listed if part))
    if not spoken and (listed or type_ == "alarm"):
        spoken = ["general"]  # an alarm whose word was lost on the way is one all the same
    if spoken:
        words["alarm"] = spoken
    if not event:
        words["position"] = True
    return words


def _strange(body: Mapping[str, object], place: Mapping[str, object]) -> dict[str, object]:
    """What stands under a name that Traccar's own model may not have: an alarm, perhaps."""
    measured = _in(place, "attributes").items()
    others = {name: told for name, told in measured if name not in _READ and not _NUMBERED.fullmatch(name)}
    beside = {name: told for name, told in body.items() if name not in _PARTS or _is_empty(told)}
    return beside | ({"attributes": others} if others else {})


def _is_empty(part: object) -> bool:
    return part is not None and not (isinstance(part, Mapping) and part)


def _moment(event: Mapping[str, object], place: Mapping[str, object], frame: Frame) -> str:
    """What makes the message itself, the same for an alarm's event and its position.

    Traccar forwards a position before it has an id, and its event afterwards: their common mark is the time
    when the server heard it, to the millisecond. A device's own clock alone is none.
    """
    if event and event.get("type") != "alarm":
        return f"event/{as_text(event.get('id'))}/{digest(frame.payload)}"
    if isinstance(heard_at := place.get("serverTime"), str):
        when = f"{heard_at} {as_text(place.get('deviceTime'))}"
        return f"position/{digest(when.encode())}"
    number = place.get("id") or event.get("positionId")
    if isinstance(number, int) and number > 0:
        return f"position/{number}"
    return unique_without_id("", frame)


def _where(place: Mapping[str, object]) -> Position | None:
    """The position, unless Traccar says that it is an older one said again, or no fix at all."""
    if place.get("outdated") is True or place.get("valid") is False:
        return None
    return position(place.get("latitude"), place.get("longitude"), place.get("accuracy"))


def _in(said: Mapping[str, object], name: str) -> Mapping[str, object]:
    inner = said.get(name)
    return inner if isinstance(inner, Mapping) else {}


FAMILY: Final = Family("traccar", ("events", "positions", "traccar/events", "traccar/positions"), read)
