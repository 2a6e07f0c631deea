"""Milesight's bytes - channel, type, value - of the models that a home is likely to have.

What a channel means differs per model: 03 00 is a leak on one and an open door on the next. The properties
and words are those of the maker's own codecs: a profile needs to know only one set of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from devices.formats.document import Unreadable

Codec = Callable[[bytes], dict[str, object] | Unreadable]


@dataclass(frozen=True, slots=True)
class _Channel:
    """The length of a channel's value, and what it says; None is a value that nobody mapped."""

    length: int
    read: Callable[[bytes], dict[str, object] | None]


UNMAPPED: Final = "unmapped_bytes"

Channels = Mapping[tuple[int, int], _Channel]


def _word(name: str, words: Mapping[int, object], *inner: str) -> _Channel:
    """One octet that stands for a word, under `name` or below it."""

    def read(value: bytes) -> dict[str, object] | None:
        said = words.get(value[0])
        for step in reversed(inner):
            said = None if said is None else {step: said}
        return None if said is None else {name: said}

    return _Channel(1, read)


def _harmless(length: int) -> _Channel:
    return _Channel(length, lambda _: {"device_status": "reported"})


def _lowest(value: bytes) -> int:
    return int.from_bytes(value, "little")


_COMMON: Final[Channels] = {
    (0x01, 0x75): _Channel(1, lambda value: {"battery": value[0]}),
    (0xFF, 0x01): _harmless(1),  # protocol version; what follows is told after a join, too
    (0xFF, 0x09): _harmless(2),  # hardware version
    (0xFF, 0x0A): _harmless(2),  # firmware version
    (0xFF, 0x0B): _harmless(1),  # switched on
    (0xFF, 0x0F): _harmless(1),  # LoRaWAN class
    (0xFF, 0x16): _harmless(8),  # serial number
    (0xFF, 0xFE): _harmless(1),  # reset
    (0xFF, 0xFF): _harmless(2),  # TSL version
}
_LEAK: Final = {0: "normal", 1: "leak"}
_ALARMS: Final = dict(
    enumerate(
        (
            "fall",
            "motionless",
            "dwell",
            "out of bed",
            "occupied",
            "vacant",
            "bradynea",
            "tachypnea",
            "lying down",
        )
    )
)
_ALARM_STATES: Final = {1: "alarm triggered", 2: "alarm deactivated", 3: "alarm ignored", 4: "status report"}
_REPORTED: Final = {1: "human in place"}  # what is no alarm, by another name where it is reported only


def _em300_mld_past(value: bytes) -> dict[str, object] | None:
    """A reading that could not be sent in time: Unix time, temperature, humidity, leak."""
    leak = _LEAK.get(value[7])
    if leak is None:
        return None
    return {"history": [{"timestamp": _lowest(value[:4]), "leakage_status": leak}]}


def _vs373_seen(value: bytes) -> dict[str, object] | None:
    """What is detected, and how she is: the octets behind count seconds of use."""
    states = {0: "normal", 1: "vacant", 2: "in bed", 3: "out of bed", 4: "fall"}
    targets = {0: "normal", 1: "motionless", 2: "abnormal", 3: "lying down"}
    state, target = states.get(value[0]), targets.get(value[1])
    return None if state is None or target is None else {"detection_status": state, "target_status": target}


def _vs373_alarm(value: bytes) -> dict[str, object] | None:
    """Number, type and state of an alarm, and the region that it is about."""
    alarm, state = _ALARMS.get(value[2]), _ALARM_STATES.get(value[3])
    if state == "status report":
        alarm = _REPORTED.get(value[2], alarm)
    if alarm is None or state is None:
        return None
    return {"alarm_id": _lowest(value[:2]), "alarm_type": alarm, "alarm_status": state}


def _vs373_event(value: bytes) -> dict[str, object] | None:
    alarm = _vs373_alarm(value)
    return None if alarm is None else {"events": [alarm]}


def _vs373_past(value: bytes) -> dict[str, object] | None:
    """An alarm that could not be sent in time: Unix time, then as any other."""
    alarm = _vs373_alarm(value[4:])
    return None if alarm is None else {"history": [{"timestamp": _lowest(value[:4])} | alarm]}


MODELS: Final[Mapping[str, Channels]] = {
    "milesight ws101": {
        (0xFF, 0x2E): _word("button_event", {1: "short press", 2: "long press", 3: "double press"}, "status"),
    },
    "milesight ws202": {
        (0x03, 0x00): _word("pir", {0: "normal", 1: "trigger"}),
        (0x04, 0x00): _word("daylight", {0: "dark", 1: "light"}),
    },
    "milesight ws301": {
        (0x03, 0x00): _word("magnet_status", {0: "close", 1: "open"}),
        (0x04, 0x00): _word("tamper_status", {0: "installed", 1: "uninstalled"}),
    },
    "milesight ws303": {(0x03, 0x00): _word("leakage_status", _LEAK)},
    "milesight em300-mld": {
        (0x03, 0x67): _harmless(2),  # temperature
        (0x04, 0x68): _harmless(1),  # humidity
        (0x05, 0x00): _word("leakage_status", _LEAK),
        (0x20, 0xCE): _Channel(8, _em300_mld_past),
    },
    "milesight gs101": {
        (0x05, 0x8E): _word("gas_status", {0: "normal", 1: "alarm"}),
        (0x06, 0x01): _word("valve_status", {0: "off", 1: "on"}),
        (0x07, 0x01): _word("relay_output_status", {0: "off", 1: "on"}),
        (0x08, 0x90): _harmless(4),  # life that remains
        (0xFF, 0x3F): _word(
            "alarm", {0: "power off", 1: "power on", 2: "device fault", 3: "device fault recovered"}
        ),
    },
    "milesight vs373": {
        (0x03, 0xF8): _Channel(6, _vs373_seen),
        (0x04, 0xF9): _harmless(4),  # who is in which region
        (0x05, 0xFA): _harmless(8),  # times out of bed
        (0x06, 0xFB): _Channel(5, _vs373_event),
        (0x07, 0xB0): _Channel(8, _vs373_seen),  # from firmware 1.0.2 on, as are these
        (0x08, 0xB1): _harmless(3),  # breath: what is wrong with it comes as an alarm
        (0x09, 0xB2): _harmless(6),  # what the regions are
        (0x0A, 0xB3): _harmless(5),  # who is in which
        (0x0B, 0xB4): _harmless(9),  # times out of bed
        (0x0C, 0xB4): _harmless(9),
        (0x20, 0xCE): _Channel(9, _vs373_past),
    },
}


def codec(model: str) -> Codec:
    """The codec of one of `MODELS`."""
    return partial(_decode, {**_COMMON, **MODELS[model]})


def _decode(channels: Channels, octets: bytes) -> dict[str, object] | Unreadable:
    """The properties that the official decoder would give; `017510ff2e01` is a press at 16 % battery.

    A channel that may come several times in one message gives a list. What nobody mapped stands under
    `UNMAPPED`, beside all that was understood; how long an unknown channel is, nobody knows.
    """
    strange = b""
    said: dict[str, object] = {}
    at = 0
    while at < len(octets):
        channel = channels.get((octets[at], octets[at + 1] if at + 1 < len(octets) else -1))
        whole = octets[at : at + 2 + channel.length] if channel else b""
        if channel is None or len(whole) < 2 + channel.length:
            strange += octets[at:]
            break
        found = channel.read(whole[2:])
        if found is None:
            found, strange = {}, strange + whole
        for name, told in found.items():
            before = said.get(name)
            said[name] = before + told if isinstance(before, list) and isinstance(told, list) else told
        at += len(whole)
    if strange and not said:
        return Unreadable(f"Milesight bytes that nobody mapped: {strange[:16].hex()}")
    return said | ({UNMAPPED: strange[:16].hex()} if strange else {}) or Unreadable("no bytes")
