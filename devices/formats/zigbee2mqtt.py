"""Zigbee2MQTT: one JSON object per device with its whole cached state, on `zigbee2mqtt/<friendly name>`.

Friendly names may contain `/`, and a hub may have a base topic of its own below (`zigbee2mqtt/home17`): then
its devices are called `home17/...`. Settings that make it safe are in docs/formats.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import orjson

from devices.formats.document import Unreadable, line, moment, read_object, read_scalar
from devices.formats.family import Family, whose
from devices.formats.meaning import Heard, alive, edge, interpret, unique_without_id, unreadable
from devices.profiles import Profiles, Rule, Rules
from devices.signal import Enrolment, Found, Frame, Kind, LevelKey, Levels, Reading, Registry, Role

BASE: Final = "zigbee2mqtt/"
SIZE_LIMIT: Final = 16 * 1024  # bytes; a device with many properties and its description is about 2,000
INVENTORY_LIMIT: Final = 2_000_000  # bytes; a list of 200 devices with all they can say has about 1,000,000
ADDRESS: Final = "address"  # the level under which the inventory's address for a name is remembered
NAME_LIMIT: Final = 188  # characters, with what stands above it: the topic has BASE in front of it, and 200
# What differs in messages that say the same: where only these are new, the device has said it once more.
_FLEETING: Final = frozenset({"linkquality", "last_seen", "elapsed", "update", "update_available"})
_COMMANDS: Final = frozenset({"set", "get"})
# What a hub says below `bridge`, in any version: no device may be called so.
OF_HUB: Final = frozenset(
    {"state", "health", "devices", "event", "info", "logging", "log", "config", "groups", "definitions"}
    | {"converters", "extensions", "request", "response", "networkmap", "group", "bind", "unbind"}
)
_EVENTS: Final = {"device_leave": "offline", "device_joined": "online", "device_announce": "online"}
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
        if steps[place + 1] in OF_HUB or not _is_called_so(frame, name, registry, levels):
            hub, below = "/".join(steps[: place + 1]), "/".join(steps[place + 1 :])
            return _bridge(frame, hub, below, registry, levels)
    elif _is_command(steps) and not _is_called_so(frame, name, registry, levels):
        return Reading()
    if len(steps) > 1 and steps[-1] == "availability" and not _is_known(frame, name, registry, levels):
        device = _device(name.removesuffix("/availability"), "", registry, levels)
        return _online(frame, device, levels)
    if not frame.payload.startswith(b"{"):
        return _bare(frame, name, registry, levels, profiles)

    said = read_object(frame.payload, SIZE_LIMIT)
    if isinstance(said, Unreadable):
        return unreadable(_heard(frame, _device(name, "", registry, levels)), said.reason, levels)
    about = _about(said)
    device = _device(name, _address(about.get("ieeeAddr")), registry, levels)
    heard = _heard(frame, device, said.get("last_seen"), _FLEETING)
    return interpret(heard, said, _rules(heard, about.get("model"), profiles), levels)


def _is_command(steps: list[str]) -> bool:
    """Whether a device is told something here: `x/set`, `x/get`, `x/set/state`. Nobody is called nothing."""
    return not _COMMANDS.isdisjoint(steps[-2:] if len(steps) > 2 else steps[1:])


def may_be_of_another(name: str) -> bool:
    """Whether what stands below the base topic may be something about or for who is called by less of it.

    `x/availability` is said of `x`, `x/set` is told to it. A gateway asks the register which it is.
    """
    steps = name.split("/")
    return _is_command(steps) or (len(steps) > 1 and steps[-1] == "availability")


def _is_called_so(frame: Frame, name: str, registry: Registry, levels: Levels) -> bool:
    """Whether an enrolled device has such a step in its name: then it speaks here, and nobody else.

    With `output: attribute` it speaks one step below.
    """
    if _is_known(frame, name, registry, levels):
        return True
    above, _, last = name.rpartition("/")
    enrolment = _device(above, "", registry, levels).enrolment
    return last not in _COMMANDS and enrolment is not None and enrolment.role is not Role.HUB


def _is_known(frame: Frame, name: str, registry: Registry, levels: Levels) -> bool:
    """Whether exactly this name is that of an enrolled device, or the message tells its address."""
    said = read_object(frame.payload, SIZE_LIMIT)
    address = "" if isinstance(said, Unreadable) else _address(_about(said).get("ieeeAddr"))
    return _device(name, address, registry, levels).enrolment is not None


def _about(said: Mapping[str, object]) -> Mapping[str, object]:
    """What a message tells of who speaks, where the hub is set to tell it."""
    about = said.get("device")
    return about if isinstance(about, dict) else {}


def _bridge(frame: Frame, hub: str, about: str, registry: Registry, levels: Levels) -> Reading:
    """What the hub says of itself and of its devices. Its log and its answers are not for us."""
    match about:
        case "state":
            return _online(frame, _device(hub, "", registry, levels), levels)
        case "health":
            return Reading(beats=alive(_heard(frame, _device(hub, "", registry, levels))))
        case "devices":
            return _inventory(frame, hub.removesuffix("bridge"), registry, levels)
        case "event":
            return _event(frame, hub.removesuffix("bridge"), registry, levels)
    return Reading()


def _inventory(frame: Frame, above: str, registry: Registry, levels: Levels) -> Reading:
    """Who is called what: a device enrolled by its address is known by whatever name somebody gives it."""
    if len(frame.payload) > INVENTORY_LIMIT:
        return Reading()
    try:
        listed = orjson.loads(frame.payload)
    except orjson.JSONDecodeError:
        return Reading()
    changed: dict[LevelKey, str] = {}
    found: list[Found] = []
    for each in listed if isinstance(listed, list) else ():
        name, address = _named(each)
        named = f"{above}{name}"
        if not address or not isinstance(name, str) or len(named) > NAME_LIMIT or "\x00" in named:
            continue  # no topic could be called so
        key = (f"z2m:{named}", ADDRESS)
        told = address if registry.find(f"z2m:{address}") is not None else ""
        if each.get("type") != "Coordinator":
            found.append(_found(each, address, named, above))
        if levels.get(key, "") != told:
            changed[key] = told
    return Reading(levels=changed, found=tuple(found))


def _found(said: Mapping[str, object], address: str, named: str, above: str) -> Found:
    """What the inventory says of a device."""
    about = said.get("definition")
    about = about if isinstance(about, dict) else {}
    return Found(
        f"z2m:{address}",
        line(about.get("vendor")),
        line(about.get("model")),
        line(named),
        also=f"z2m:{named}",
        hub=f"z2m:{above}bridge",
    )


def _event(frame: Frame, above: str, registry: Registry, levels: Levels) -> Reading:
    """A device that has left the radio network is offline, and one that joins or announces itself is not."""
    said = read_object(frame.payload, SIZE_LIMIT)
    state = _EVENTS.get(str(said.get("type"))) if isinstance(said, dict) else None
    if not isinstance(said, dict) or state is None or frame.retained:
        return Reading()
    name, address = _named(said.get("data"))
    if not isinstance(name, str) or not address:
        return Reading()
    device = _device(above + name, address, registry, levels)
    if device.enrolment is None:
        return Reading()
    return _turned(frame, device, state, levels)


def _named(said: object) -> tuple[object, str]:
    """The friendly name and the address in what a hub says of a device."""
    if not isinstance(said, dict):
        return None, ""
    return said.get("friendly_name"), _address(said.get("ieee_address"))


def _online(frame: Frame, device: _Device, levels: Levels) -> Reading:
    """A will or an availability message. Retained, it tells the present: it counts as live, once."""
    said = read_object(frame.payload, SIZE_LIMIT)
    state = said.get("state") if isinstance(said, dict) else read_scalar(frame.payload, SIZE_LIMIT)
    heard = _heard(frame, device)
    if state not in ("online", "offline"):
        return unreadable(heard, "neither online nor offline", levels) if heard.enrolment else Reading()
    if heard.enrolment is None:
        return Reading(beats=alive(heard) if state == "online" else ())
    return _turned(frame, device, state, levels)


def _turned(frame: Frame, device: _Device, state: str, levels: Levels) -> Reading:
    present = Frame(frame.topic, frame.payload, frame.received_at, redelivered=frame.redelivered)
    reading = edge(_heard(present, device), _ONLINE, state, levels)
    beats = alive(_heard(frame, device)) if state == "online" else ()
    return Reading(reading.signals, beats, levels=reading.levels)


def _bare(frame: Frame, name: str, registry: Registry, levels: Levels, profiles: Profiles) -> Reading:
    """A value without an object: with `advanced.output: attribute`, every property has a topic of its own.

    Zigbee2MQTT says nothing at all for null, and `device-model` for the property of a property.
    """
    whole = _heard(frame, _device(name, "", registry, levels))
    above, _, last = name.rpartition("/")
    heard = _heard(frame, _device(above, "", registry, levels))
    rules = _rules(heard, None, profiles)
    outer, _, inner = last.partition("-")
    if inner and not rules.knows(last) and rules.knows(outer):
        last = outer
    if whole.enrolment is not None and not (heard.enrolment is not None and rules.knows(last)):
        return unreadable(whole, "not a JSON object", levels)
    if not above:
        return Reading()
    value = read_scalar(frame.payload, SIZE_LIMIT) if frame.payload else None
    if isinstance(value, Unreadable):
        return unreadable(heard, value.reason, levels) if heard.calls_people else Reading()
    return interpret(heard, {last: value}, rules, levels)


def set_topic(key: str, hub_key: str = "") -> str | None:
    """Where a device hears what it is to do; None for one that is not behind Zigbee2MQTT.

    One enrolled by its address stands below the base topic of its hub, `z2m:home17/bridge`.
    """
    if not key.startswith("z2m:"):
        return None
    name = key.removeprefix("z2m:")
    above = hub_key.removeprefix("z2m:").removesuffix("bridge") if _IEEE.fullmatch(name) else ""
    return f"{BASE}{above}{name}/set"


@dataclass(frozen=True, slots=True)
class _Device:
    """Who speaks: as enrolled, by address or by friendly name; else as it calls itself."""

    key: str
    enrolment: Enrolment | None


def _device(name: str, address: str, registry: Registry, levels: Levels) -> _Device:
    """By the address in the message, else by the one that the inventory gave for the name, else by name."""
    by_name = f"z2m:{name}"
    address = address or levels.get((by_name, ADDRESS), "")
    key, enrolment = whose(registry, f"z2m:{address}" if address else "", by_name)
    return _Device(key, enrolment)


def _rules(heard: Heard, model: object, profiles: Profiles) -> Rules:
    """Those of the model as enrolled, else of the one that the message names."""
    enrolment = heard.enrolment
    if enrolment is not None and not enrolment.model and isinstance(model, str):
        found = profiles.table.find("", model)
        if found is not None:
            enrolment = replace(enrolment, vendor=found.vendor, model=found.model)
    return profiles.rules("zigbee2mqtt", enrolment)


def _heard(
    frame: Frame, device: _Device, last_seen: object = None, fleeting: frozenset[str] = frozenset()
) -> Heard:
    told_at = moment(last_seen)
    return Heard(
        frame,
        device.key,
        device.enrolment,
        unique=unique_without_id(device.key, frame, told_at),
        device_time=told_at,
        echoes=True,
        fleeting=fleeting,
    )


def _address(said: object) -> str:
    return said.lower() if isinstance(said, str) and _IEEE.fullmatch(said) else ""


FAMILY: Final = Family("zigbee2mqtt", (f"{BASE}#",), read)
