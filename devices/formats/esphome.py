"""ESPHome: a will on `<node>/status`, a bare word for each sensor on `<node>/binary_sensor/<sensor>/state`.

The topic does not say what a sensor is for. Enrol it as `esphome:<node>/<sensor>`, or the whole node where it
has only one: its role decides then, and a sensor that is called by exactly what it means needs none.
"""

from __future__ import annotations

from typing import Final

from devices.formats.document import Unreadable, read_object, read_scalar
from devices.formats.family import Family, whose
from devices.formats.meaning import Heard, alive, interpret, unique_without_id, unreadable
from devices.formats.presence import presence, words
from devices.profiles import Profiles, as_text
from devices.signal import Frame, Levels, Reading, Registry

SIZE_LIMIT: Final = 4096  # bytes

_ONLINE: Final = words("esphome", online=("online",), offline=("offline",))
_BATTERIES: Final = frozenset({"battery", "battery_level", "battery_percentage"})


def read(frame: Frame, registry: Registry, levels: Levels, profiles: Profiles) -> Reading:
    """Read one frame of an ESPHome node."""
    node, *about = frame.topic.split("/")
    sensor = about[1] if len(about) == 3 else ""
    device_key, enrolment = whose(registry, f"esphome:{node}/{sensor}" if sensor else "", f"esphome:{node}")
    heard = Heard(frame, device_key, enrolment, unique_without_id(device_key, frame))
    is_whole_node = not device_key.endswith(f"/{sensor}")
    rules = profiles.rules("esphome", enrolment)
    match about:
        case ["status"]:
            return presence(heard, _ONLINE, as_text(read_scalar(frame.payload, SIZE_LIMIT)), levels)
        case ["event", _, "state"]:
            body = read_object(frame.payload, SIZE_LIMIT)
            if isinstance(body, Unreadable):
                return unreadable(heard, body.reason, levels)
            return interpret(heard, {"event": body.get("event_type")}, rules, levels)
        case ["binary_sensor" | "sensor" as what, _, "state"]:
            value = read_scalar(frame.payload, SIZE_LIMIT)
            if isinstance(value, Unreadable):
                return unreadable(heard, value.reason, levels)
            if what == "sensor":
                if sensor not in _BATTERIES or not isinstance(value, int | float):
                    return Reading(beats=alive(heard))  # a temperature, a signal strength
                return interpret(heard, {"battery": value}, rules, levels)
            if sensor in rules.by_path or sensor in rules.ignore:
                return interpret(heard, {sensor: value}, rules, levels)
            if is_whole_node:
                heard = Heard(frame, device_key, enrolment, heard.unique, part=f"{sensor[:64]}/")
            return interpret(heard, {what: value}, rules, levels)
        case _:
            return Reading()


FAMILY: Final = Family(
    "esphome",
    ("+/status", "+/binary_sensor/+/state", "+/event/+/state", "+/sensor/+/state"),
    read,
)
