"""Zigbee2MQTT: one JSON object per device with its whole cached state, on `zigbee2mqtt/<friendly name>`.

Friendly names may contain `/`, and a hub may have a base topic of its own below (`zigbee2mqtt/home17`): then
its devices are called `home17/...`. Settings that make it safe are in docs/formats.md.
"""

from __future__ import annotations

import re
from typing import Final

from devices.formats.document import Unreadable, moment, read_object, read_scalar
from devices.formats.family import Family
from devices.formats.meaning import Heard, alive, edge, interpret, unique_without_id, unreadable
from devices.profiles import Profiles, Rule
from devices.signal import Frame, Kind, Levels, Reading, Registry

BASE: Final = "zigbee2mqtt/"
SIZE_LIMIT: Final = 16 * 1024  # bytes; a device with many properties and its description is about 2,000
_COMMANDS: Final = frozenset({"set", "get"})
_IEEE: Final = re.compile(r"0x[0-9a-fA-F]{16}")

_ONLINE: Final = Rule(
    label="zigbee2mqtt:availability",
    path="availability",
    event=False,
    means={"offline": Kind.OFFLINE},
    idle=frozenset({"online"}),
)


def read(frame: Frame, registry: Registry, levels: Levels, profiles: Profiles) -> Reading:
    """Read one frame of Zigbee2MQTT."""
    name = frame.topic.removeprefix(BASE)
    steps = name.split("/")
    if "bridge" in steps[:-1]:
        place = steps.index("bridge")
        return _bridge(frame, "/".join(steps[: place + 1]), "/".join(steps[place + 1 :]), registry, levels)
    if len(steps) > 1:
        if not _COMMANDS.isdisjoint(steps[-2:]):
            return Reading()
        if steps[-1] == "availability":
            return _online(frame, name.removesuffix("/availability"), registry, levels)
    if not frame.payload.startswith(b"{"):
        return _bare(frame, name, registry, levels, profiles)

    said = read_object(frame.payload, SIZE_LIMIT)
    if isinstance(said, Unreadable):
        return unreadable(_heard(frame, name, "", registry), said.reason, levels)
    heard = _heard(frame, name, _ieee(said), registry, said.get("last_seen"))
    return interpret(heard, said, profiles.rules("zigbee2mqtt", heard.enrolment), levels)


def _bridge(frame: Frame, hub: str, about: str, registry: Registry, levels: Levels) -> Reading:
    """What the hub says of itself. Its inventory, log and answers are not for us."""
    if about == "state":
        return _online(frame, hub, registry, levels)
    if about == "health":
        return Reading(beats=alive(_heard(frame, hub, "", registry)))
    return Reading()


def _online(frame: Frame, name: str, registry: Registry, levels: Levels) -> Reading:
    """A will or an availability message. Retained, it tells the present: it counts as live, once."""
    said = read_object(frame.payload, SIZE_LIMIT)
    state = said.get("state") if isinstance(said, dict) else read_scalar(frame.payload, SIZE_LIMIT)
    heard = _heard(frame, name, "", registry)
    if state not in ("online", "offline"):
        return unreadable(heard, "neither online nor offline", levels) if heard.enrolment else Reading()
    if heard.enrolment is None:
        return Reading(beats=alive(heard) if state == "online" else ())
    present = Frame(frame.topic, frame.payload, frame.received_at, redelivered=frame.redelivered)
    reading = edge(_heard(present, name, "", registry), _ONLINE, state, levels)
    return Reading(reading.signals, alive(heard) if state == "online" else (), levels=reading.levels)


def _bare(frame: Frame, name: str, registry: Registry, levels: Levels, profiles: Profiles) -> Reading:
    """A value without an object: with `advanced.output: attribute`, every property has a topic of its own."""
    whole = _heard(frame, name, "", registry)
    device, _, last = name.rpartition("/")
    heard = _heard(frame, device, "", registry)
    rules = profiles.rules("zigbee2mqtt", heard.enrolment)
    is_property = heard.enrolment is not None and rules.knows(last)
    if whole.enrolment is not None and not is_property:
        return unreadable(whole, "not a JSON object", levels)
    if not device:
        return Reading()
    value = read_scalar(frame.payload, SIZE_LIMIT)
    if isinstance(value, Unreadable):
        return unreadable(heard, value.reason, levels) if heard.is_life_safety else Reading()
    return interpret(heard, {last: value}, rules, levels)


def _heard(frame: Frame, name: str, ieee: str, registry: Registry, last_seen: object = None) -> Heard:
    """Who spoke: the device as enrolled, by its address or friendly name; else as it calls itself."""
    device_key = f"z2m:{ieee}" if ieee else f"z2m:{name}"
    enrolment = registry.find(device_key)
    if enrolment is None and ieee:
        enrolment = registry.find(f"z2m:{name}")
    if enrolment is not None:
        device_key = enrolment.device_key
    told_at = moment(last_seen)
    return Heard(
        frame,
        device_key,
        enrolment,
        unique=unique_without_id(device_key, frame, told_at),
        device_time=told_at,
        echoes=True,
    )


def _ieee(said: dict[str, object]) -> str:
    device = said.get("device")
    address = device.get("ieeeAddr") if isinstance(device, dict) else None
    return address.lower() if isinstance(address, str) and _IEEE.fullmatch(address) else ""


FAMILY: Final = Family("zigbee2mqtt", (f"{BASE}#",), read)
