"""How simulated devices talk: the words of a scenario as bytes on topics, written from the makers' documents.

Deliberately no line is shared with `devices.formats`: a simulator that borrows the decoder's mistakes proves
nothing.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final

import orjson

from devices.signal import Role
from devices.sim import dialled, foreign
from devices.sim.roster import Device


@dataclass(frozen=True, slots=True)
class Emission:
    """One message at its time. With `receipt` (an id), it is said again until that id is acknowledged; and
    where it `calls` for help, its device tells the owner to telephone when that takes too long. What has a
    line of its own has no topic: `receipt` is then what the centre answers.
    """

    at: float  # seconds from the start
    topic: str
    payload: bytes
    retain: bool = False
    receipt: str = ""
    calls: bool = False


Say = Callable[[Device, str, float, Random], list[Emission]]

NATIVE: Final[Mapping[str, Mapping[str, object]]] = {
    "press": {"type": "press", "press": "single"},
    "cancel": {"type": "cancel"},
    "fall": {"type": "fall"},
    "smoke": {"type": "smoke"},
    "smoke_over": {"type": "smoke", "state": "clear"},
    "gas": {"type": "gas"},
    "leak": {"type": "leak"},
    "test": {"type": "test"},
    "motion": {"type": "activity"},
    "heartbeat": {"type": "heartbeat"},
    "go_offline": {"type": "offline"},
    "come_back": {"type": "offline", "state": "clear"},
}
# Which words a device of ours may use: a button has no nose.
NATIVE_ROLES: Final[Mapping[str, frozenset[Role]]] = {
    "press": frozenset({Role.HELP_BUTTON, Role.SERVICE_BUTTON}),
    "cancel": frozenset({Role.HELP_BUTTON}),
    "test": frozenset({Role.HELP_BUTTON, Role.SMOKE_DETECTOR}),
    "fall": frozenset({Role.HELP_BUTTON, Role.FALL_SENSOR}),
    "smoke": frozenset({Role.SMOKE_DETECTOR}),
    "smoke_over": frozenset({Role.SMOKE_DETECTOR}),
    "gas": frozenset({Role.GAS_DETECTOR}),
    "leak": frozenset({Role.LEAK_SENSOR}),
    "motion": frozenset({Role.MOTION_SENSOR}),
    "heartbeat": frozenset(Role),
    "go_offline": frozenset({Role.HUB}),
    "come_back": frozenset({Role.HUB}),
}
WORDS: Final = frozenset(NATIVE)
_CALLS: Final = frozenset({"press", "fall", "smoke", "gas"})

_ZIGBEE_QUIET: Final[Mapping[Role, Mapping[str, object]]] = {
    Role.SMOKE_DETECTOR: {"smoke": False, "tamper": False, "battery_low": False, "test": False},
    Role.GAS_DETECTOR: {"gas": False, "tamper": False},
    Role.LEAK_SENSOR: {"water_leak": False, "tamper": False},
    Role.MOTION_SENSOR: {"occupancy": False},
    Role.FALL_SENSOR: {"status": "occupied", "breathing_rate": 15},
}
_ZIGBEE: Final[Mapping[tuple[str, Role], Mapping[str, object]]] = {
    ("press", Role.HELP_BUTTON): {"action": "emergency"},
    ("press", Role.SERVICE_BUTTON): {"action": "single"},
    ("fall", Role.FALL_SENSOR): {"status": "falling", "breathing_rate": 0},
    ("smoke", Role.SMOKE_DETECTOR): {"smoke": True},
    ("smoke_over", Role.SMOKE_DETECTOR): {"smoke": False},
    ("test", Role.SMOKE_DETECTOR): {"test": True},
    ("gas", Role.GAS_DETECTOR): {"gas": True},
    ("leak", Role.LEAK_SENSOR): {"water_leak": True},
    ("motion", Role.MOTION_SENSOR): {"occupancy": True},
}
_ZIGBEE_MODELS: Final[Mapping[tuple[str, str], Mapping[str, object]]] = {
    ("press", "HS1EB"): {"action": "single"},
    ("fall", "HS2FD-EF1"): {"fall_status": "fall_alarm", "occupancy": True},
}
MOTION_LASTS: Final = 60.0  # seconds until a motion sensor says that nobody moves any more


def can_say(device: Device, word: str) -> bool:
    """Whether such a device has this word at all."""
    if device.family in foreign.FAMILIES:
        return foreign.can_say(device, word)
    if device.family in dialled.FAMILIES:
        return dialled.can_say(device, word)
    match device.family:
        case "native":
            return device.role in NATIVE_ROLES.get(word, frozenset())
        case "zigbee2mqtt":
            if device.role is Role.HUB:
                return word in ("heartbeat", "go_offline", "come_back")
            return word == "heartbeat" or (word, device.role) in _ZIGBEE
        case _:
            return word == "heartbeat" or (word == "press" and device.role is Role.HELP_BUTTON)


def say(device: Device, word: str, at: float, dice: Random) -> list[Emission]:
    """What the device sends when `word` happens to it at `at` seconds; empty when it has no such word."""
    if not can_say(device, word):
        return []
    if device.family in foreign.FAMILIES:
        return [
            Emission(at + each.after, each.topic, each.payload, each.retain)
            for each in foreign.say(device, word, dice)
        ]
    if device.family in dialled.FAMILIES:
        call = dialled.say(device, word, dice)
        return [Emission(at, "", call.payload, receipt=call.answer, calls=word in _CALLS)]
    return _SPEAK[device.family](device, word, at, dice)


def _native(device: Device, word: str, at: float, dice: Random) -> list[Emission]:
    message_id = f"{dice.getrandbits(64):016x}"
    body = {"v": 1, "id": message_id, **NATIVE[word], "battery": dice.randint(40, 100)}
    # A device may forget a heartbeat: the next one is as good.
    receipt = "" if word == "heartbeat" else message_id
    return [Emission(at, device.topic, orjson.dumps(body), receipt=receipt, calls=word in _CALLS)]


def _zigbee(device: Device, word: str, at: float, dice: Random) -> list[Emission]:
    if device.role is Role.HUB:
        match word:
            case "heartbeat":
                health = {"response_time": 0, "devices": {}}
                return [Emission(at, f"{device.topic}/health", orjson.dumps(health), retain=True)]
            case _:
                state = {"state": "offline" if word == "go_offline" else "online"}
                return [Emission(at, f"{device.topic}/state", orjson.dumps(state), retain=True)]
    radio = {"battery": dice.randint(40, 100), "linkquality": dice.randint(30, 255)}
    quiet = _ZIGBEE_QUIET.get(device.role, {})
    told = _ZIGBEE_MODELS.get((word, device.model)) or _ZIGBEE.get((word, device.role), {})
    said = [Emission(at, device.topic, orjson.dumps({**quiet, **told, **radio}))]
    if word == "motion":
        said.append(Emission(at + MOTION_LASTS, device.topic, orjson.dumps({**quiet, **radio})))
    return said


def _lora(device: Device, word: str, at: float, dice: Random) -> list[Emission]:
    """A Milesight WS101 without a codec on the server: 01 75 is the battery, ff 2e 01 a short press."""
    charge = dice.randint(40, 100)
    uplink: dict[str, object] = {
        "deduplicationId": _uuid(dice),
        "deviceInfo": {"devEui": device.topic.split("/")[3], "deviceProfileName": device.model},
    }
    if word == "heartbeat":
        topic = device.topic.removesuffix("up") + "status"
        return [Emission(at, topic, orjson.dumps(uplink | {"margin": 10, "batteryLevel": charge}))]
    octets = bytes([0x01, 0x75, charge, 0xFF, 0x2E, 0x01])
    uplink |= {"devAddr": "20000001", "fCnt": dice.randint(1, 65535), "fPort": 85}
    uplink |= {"confirmed": True, "data": b64encode(octets).decode()}
    return [Emission(at, device.topic, orjson.dumps(uplink))]


def _uuid(dice: Random) -> str:
    digits = f"{dice.getrandbits(128):032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


_SPEAK: Final[Mapping[str, Say]] = {"native": _native, "zigbee2mqtt": _zigbee, "chirpstack": _lora}
