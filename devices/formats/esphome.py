"""ESPHome: a will on `<node>/status`, a bare word for each sensor on `<node>/binary_sensor/<sensor>/state`.

What stands before is the node's name, or a `topic_prefix` of one step or two: `home/node`.
The topic does not say what a sensor is for. Enrol it as `esphome:<node>/<sensor>`, or the whole node where it
has only one: its role decides then, and a sensor that is called by exactly what it means needs none.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from devices.formats.document import Unreadable, read_object, read_scalar
from devices.formats.family import Family, whose
from devices.formats.meaning import Heard, alive, interpret, unique_without_id, unreadable
from devices.formats.presence import presence, words
from devices.profiles import Profiles, Rules, as_text
from devices.signal import Frame, Levels, Reading, Registry, Role

SIZE_LIMIT: Final = 4096  # bytes

_ONLINE: Final = words("esphome", online=("online",), offline=("offline",))
_WORD_LIMIT: Final = 200  # characters
_NO_NUMBER: Final = frozenset({"nan", "inf", "-inf", "unknown", "unavailable", ""})
# What nodes say in words of themselves, as the documentation's examples call it.
_ABOUT_ITSELF: Final = frozenset(
    (
        *("version", "esphome_version", "project_version", "reset_reason", "device_info", "compilation_time"),
        *("ip", "ip_address", "dns_address", "mac_address", "mac_wifi_address", "ssid", "connected_ssid"),
        *(
            "bssid",
            "connected_bssid",
            "scan_results",
            "latest_scan_results",
            "uptime",
            "uptime_human_readable",
        ),
    )
)
_BATTERIES: Final = frozenset({"battery", "battery_level", "battery_percentage"})


def read(frame: Frame, registry: Registry, levels: Levels, profiles: Profiles) -> Reading:
    """Read one frame of an ESPHome node."""
    *above, about, sensor, last = ("", "", *frame.topic.split("/"))
    if last != "state":
        above, about, sensor = [*above, about, sensor], last, ""
    node = "/".join(above[2:])
    device_key, enrolment = whose(registry, f"esphome:{node}/{sensor}" if sensor else "", f"esphome:{node}")
    heard = Heard(frame, device_key, enrolment, unique_without_id(device_key, frame), is_change=True)
    is_whole_node = not device_key.endswith(f"/{sensor}")
    rules = profiles.rules("esphome", enrolment)
    match about:
        case "status" if not sensor:
            return presence(heard, _ONLINE, as_text(read_scalar(frame.payload, SIZE_LIMIT)), levels)
        case "event" if sensor:
            body = read_object(frame.payload, SIZE_LIMIT)
            if isinstance(body, Unreadable):
                return unreadable(heard, body.reason, levels)
            if not isinstance(body.get("event_type"), str):
                return unreadable(heard, "an event without its type", levels)
            return interpret(heard, {"event": body.get("event_type")}, rules, levels)
        case "binary_sensor" | "sensor" | "text_sensor" as what if sensor:
            value = read_scalar(frame.payload, SIZE_LIMIT)
            if isinstance(value, Unreadable):
                return unreadable(heard, value.reason, levels)
            if what != "binary_sensor":
                return _measured(heard, sensor, value, rules, levels)
            is_button = heard.role is Role.HELP_BUTTON and not is_whole_node  # whatever it is called
            if not is_button and (sensor in rules.by_path or sensor in rules.ignore):
                return interpret(heard, {sensor: as_text(value)}, rules, levels)
            if is_whole_node:
                heard = replace(heard, part=f"{sensor[:64]}/")
            return interpret(heard, {what: as_text(value)}, rules, levels)
        case _:
            return unreadable(heard, "no sensor that anybody knows", levels) if enrolment else Reading()


def _measured(heard: Heard, sensor: str, value: object, rules: Rules, levels: Levels) -> Reading:
    """A number is a temperature or a signal strength; a word may be an alarm. Words are repeated."""
    if isinstance(value, int | float):
        if sensor in _BATTERIES:
            return interpret(heard, {"battery": value}, rules, levels)
        return Reading(beats=alive(heard))
    if sensor in _ABOUT_ITSELF or as_text(value).casefold() in _NO_NUMBER:
        return Reading(beats=alive(heard))
    key = (heard.device_key, f"sensor/{sensor[:64]}")
    if not heard.calls_people or levels.get(key) == (said := as_text(value)[:_WORD_LIMIT]):
        return Reading(beats=alive(heard))
    reading = unreadable(heard, f"nobody mapped {sensor}={said}", levels)
    return replace(reading, beats=alive(heard), levels={**reading.levels, key: said})


FAMILY: Final = Family(
    "esphome",
    tuple(
        f"{above}/{topic}"
        for above in ("+", "+/+")
        for topic in (
            "status",
            "binary_sensor/+/state",
            "event/+/state",
            "sensor/+/state",
            "text_sensor/+/state",
        )
    ),
    read,
)
