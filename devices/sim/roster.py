"""Who lives in the simulated street, and with which devices.

A roster file is a JSON list, written by the register (`python -m community roster`):

    [{"device_key": "care:kenli/KL-0001", "role": "help_button", "model": "", "household": "kenli-0001",
      "resident": "王秀英", "family": "native", "topic": "care/kenli/KL-0001/signal"}, ...]

`device_key` and `role` are required. `family` and `topic` follow from the key where they are not given. A hub
is a device with the role `hub`; the Zigbee devices below its base topic are behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from devices.signal import Role

# What a key begins with, and the family that it names when the entry names none.
FAMILIES: Final = {
    "care": "native",
    "z2m": "zigbee2mqtt",
    "lora": "chirpstack",
    "shelly": "shelly",
    "tasmota": "tasmota",
    "esphome": "esphome",
    "traccar": "traccar",
    "owntracks": "owntracks",
    "homie": "homie",
    "ha": "ha_discovery",
}
# Other families that speak of devices with such a key, for an entry to name.
ALSO: Final = {"tts": "lora", "loriot": "lora", "shelly_gen1": "shelly"}
# One device of each family, for whoever has none: its key, its model. The last four have a line of their own.
EXAMPLES: Final = {
    "native": ("care:kenli/sim-01", ""),
    "zigbee2mqtt": ("z2m:home01/button", "TS0215A_sos"),
    "chirpstack": ("lora:0000000000000001", "WS101"),
    "tts": ("lora:0000000000000001", "WS101"),
    "loriot": ("lora:0000000000000001", "WS101"),
    "shelly": ("shelly:shellyplus-sim", ""),
    "shelly_gen1": ("shelly:shellybutton1-sim", ""),
    "tasmota": ("tasmota:bridge/button", ""),
    "esphome": ("esphome:sim/pull_cord", ""),
    "traccar": ("traccar:6907919734", ""),
    "owntracks": ("owntracks:sim/phone", ""),
    "homie": ("homie:sim", ""),
    "ha_discovery": ("ha:sim/cord/state", ""),
    "watch": ("watch:6907919734", ""),
    "iw": ("iw:353456789012345", ""),
    "sia_dc09": ("sia:1234", ""),
    "scaip": ("scaip:123456", ""),
}


class RosterError(ValueError):
    """A roster that cannot be played. The message says which entry and what to do."""


@dataclass(frozen=True, slots=True)
class Device:
    """One device on its wall. It publishes on `topic`; a Zigbee hub, on topics below it."""

    key: str
    family: str
    topic: str
    role: Role
    model: str = ""
    household: str = ""
    resident: str = ""

    def is_behind(self, hub: Device) -> bool:
        """Whether this device is heard only through `hub`."""
        if self == hub:
            return False
        if hub.family == "zigbee2mqtt":
            return self.family == hub.family and self.topic.startswith(hub.topic.removesuffix("bridge"))
        return bool(hub.household) and self.household == hub.household


Roster = tuple[Device, ...]


def load(path: Path) -> Roster:
    """Read a roster file. Raises `RosterError`."""
    try:
        entries = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        raise RosterError(f"{path} does not exist; write it with `python -m community roster`") from None
    except orjson.JSONDecodeError as error:
        raise RosterError(f"{path} is not JSON: {error}") from None
    if not isinstance(entries, list) or not entries:
        raise RosterError(f"{path} must be a JSON list with at least one device")
    return tuple(_device(entry, f"{path.name}, entry {number}") for number, entry in enumerate(entries, 1))


def one(protocol: str, key: str = "", role: Role = Role.HELP_BUTTON) -> Device:
    """A single device of a family, with its usual key where none is given. Raises `RosterError`."""
    if protocol not in EXAMPLES:
        raise RosterError(f"protocol {protocol!r} is not one of {', '.join(EXAMPLES)}")
    usual, model = EXAMPLES[protocol]
    prefix, _, name = (key or usual).partition(":")
    if not name or prefix != usual.partition(":")[0]:
        raise RosterError(f"a device of {protocol} is called like {usual}, not {key!r}")
    return Device(f"{prefix}:{name}", protocol, _topic(protocol, name), role, model)


def street(site: str, homes: int = 8) -> Roster:
    """A street for whoever has no register: a button in each home, a hub with detectors in every other."""
    devices: list[Device] = []
    for number in range(1, homes + 1):
        home, base = f"home{number:02}", f"z2m:home{number:02}"
        entries = [{"device_key": f"care:{site}/sim-{number:02}", "role": Role.HELP_BUTTON}]
        if number % 2 == 0:
            entries += [
                {"device_key": f"{base}/bridge", "role": Role.HUB},
                {"device_key": f"{base}/button", "role": Role.HELP_BUTTON, "model": "TS0215A_sos"},
                {"device_key": f"{base}/smoke", "role": Role.SMOKE_DETECTOR, "model": "HS1SA-E"},
                {"device_key": f"{base}/motion", "role": Role.MOTION_SENSOR},
                {"device_key": f"{base}/radar", "role": Role.FALL_SENSOR, "model": "FDS315"},
            ]
        if number % 3 == 0:
            entries.append(
                {"device_key": f"lora:{number:016x}", "role": Role.HELP_BUTTON, "model": "WS101"},
            )
        devices += [_device(entry | {"household": home}, home) for entry in entries]
    return tuple(devices)


def _device(entry: object, place: str) -> Device:
    if not isinstance(entry, Mapping):
        raise RosterError(f"{place}: must be an object with device_key and role")
    told = {name: value for name, value in entry.items() if isinstance(value, str) and value}
    key, role = told.get("device_key", ""), told.get("role", "")
    prefix, _, name = key.partition(":")
    family = told.get("family") or FAMILIES.get(prefix, "")
    if (
        not name
        or ALSO.get(family, prefix) != prefix
        or (family not in ALSO and family not in FAMILIES.values())
    ):
        raise RosterError(
            f"{place}: device_key {key!r} must be care:site/device, z2m:name, lora:devEui, shelly:id, "
            "tasmota:bridge/name, esphome:node/sensor, traccar:id, owntracks:user/device, homie:device "
            "or ha:state/topic"
        )
    if role not in set(Role):
        raise RosterError(f"{place}: role {role!r} is not one of {', '.join(Role)}")
    topic = told.get("topic") or _topic(family, name)
    return Device(
        key=key,
        family=family,
        topic=topic,
        role=Role(role),
        model=told.get("model", ""),
        household=told.get("household", ""),
        resident=told.get("resident", ""),
    )


def _topic(family: str, name: str) -> str:
    first, _, rest = name.partition("/")
    match family:
        case "native":
            return f"care/{name}/signal"
        case "zigbee2mqtt":
            return f"zigbee2mqtt/{name}"
        case "tts":
            return f"v3/sim/devices/eui-{name}/up"
        case "loriot":
            return f"loriot/sim/{name}"
        case "shelly":
            return f"{first}/events/rpc"
        case "shelly_gen1":
            return f"shellies/{first}"
        case "tasmota":
            return f"tele/{first}/SENSOR"
        case "esphome":
            return f"{first}/binary_sensor/{rest or 'contact'}/state"
        case "traccar":
            return "positions"
        case "owntracks":
            return f"owntracks/{name}"
        case "homie":
            return f"homie/{name}/$state"
        case "ha_discovery":
            return name
        case "watch" | "iw" | "sia_dc09" | "scaip":
            return ""
        case _:
            return f"application/1/device/{name}/event/up"
