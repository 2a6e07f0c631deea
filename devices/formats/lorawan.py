"""What all LoRaWAN network servers have in common: the bytes of a device, or what a codec made of them.

ChirpStack, The Things Stack and LORIOT wrap the same uplink in different envelopes. What a device means does
not depend on who carried it: its profile says `families = ["lorawan"]`, its key is `lora:<devEui>`.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from devices.formats import milesight
from devices.formats.document import Unreadable, number
from devices.formats.meaning import Heard, alive, interpret, leaves, unreadable, words_of
from devices.formats.position import Position, located, position
from devices.profiles import Layout, Profiles, Rules
from devices.signal import Beat, Found, Levels, Reading, Registry, Role

DIALECT: Final = "lorawan"
# Bytes. Each radio gateway that heard the uplink adds 400 to 950 (with the metadata of a Packet Broker), and
# on a hill 60 may hear it.
SIZE_LIMIT: Final = 64 * 1024
ID_LIMIT: Final = 64  # characters of an id that a network server gives
GATEWAYS: Final = 8  # that are told of an uplink: who is heard by more is heard well

_CODECS: Final = {name: milesight.codec(name) for name in milesight.MODELS}
_DEV_EUI: Final = re.compile(r"[0-9a-f]{16}")
# Where the codecs of trackers put their coordinates, at any depth above the last two names.
_COORDINATES: Final = (
    ("latitude", "longitude"),
    ("gpsLatitude", "gpsLongitude"),
    ("lat", "lon"),
    ("Latitude", "Longitude"),
    ("Latitude", "Longitud"),  # so spelt in Dragino's codec
    ("Lat", "Long"),
)
# 3… settings and the battery; 4097, 4199 and 42.. what the air, the light and an accelerometer say.
_MEASURED: Final = re.compile(r"3\d{3}|4097|419[789]|42\d\d|500[1-3]")
# Words that no harmless property says of a quiet home, unless one of those below stands beside them.
_CRIES: Final = frozenset(
    {
        "alarm",
        "alarms",
        "alert",
        "button",
        "call",
        "danger",
        "distress",
        "emergency",
        "fall",
        "fallen",
        "fire",
        "gas",
        "help",
    }
    | {"heat", "leak", "panic", "press", "pressed", "smoke", "sos"}
)
_QUIET: Final = frozenset(
    {"clear", "cleared", "false", "inactive", "no", "non", "none", "normal", "not", "off", "ok"}
)
_OF_ITSELF: Final = frozenset({"Device", "device_class", "lorawan_class", "sn"})  # what it is called
_FIXES: Final = ((), ("position", "gnssFix"), ("position",), ("location",), ("coordinates",), ("gps",))


def key(dev_eui: object) -> str:
    """`lora:<devEui>` of 16 hexadecimal digits, however they are written; empty when they are none."""
    digits = dev_eui.replace("-", "").replace(":", "").lower() if isinstance(dev_eui, str) else ""
    return f"lora:{digits}" if _DEV_EUI.fullmatch(digits) else ""


def gateway_key(said: object) -> str:
    """`lora:gateway/<eui>` of a radio gateway; empty when it names itself otherwise."""
    return key(said).replace(":", ":gateway/")


def passed_on(reading: Reading, heard: Heard, gateways: Sequence[str], registry: Registry) -> Reading:
    """`reading` with a sign of life of each radio gateway that heard the uplink, the best one first.

    Those that nobody has enrolled are told of.
    """
    known = [each for each in gateways if registry.find(each) is not None]
    beats = tuple(Beat(each, heard.frame.received_at) for each in known)
    found = tuple(Found(each, role=Role.HUB) for each in gateways if each not in known)
    return replace(reading, beats=reading.beats + beats, found=reading.found + found)


def by_strength(received: object, name: Callable[[Mapping[str, object]], object]) -> list[str]:
    """The keys of the radio gateways in what a network server says of an uplink, the strongest first."""
    rows = [one for one in received if isinstance(one, Mapping)] if isinstance(received, list) else []
    rows.sort(key=lambda one: -(number(one.get("rssi")) or -999))
    keys = (gateway_key(name(one)) for one in rows)
    return list(dict.fromkeys(each for each in keys if each))[:GATEWAYS]


def from_base64(data: object) -> bytes | Unreadable:
    """The bytes of a device as ChirpStack and The Things Stack write them; what is absent is empty."""
    if not data:
        return b""
    try:
        return b64decode(data, validate=True) if isinstance(data, str) else Unreadable("data is not base64")
    except (NotBase64, ValueError):
        return Unreadable("data is not base64")


def from_hex(data: object) -> bytes | Unreadable:
    """The bytes of a device as LORIOT writes them."""
    if not data:
        return b""
    try:
        return bytes.fromhex(data) if isinstance(data, str) else Unreadable("data is not hexadecimal")
    except ValueError:
        return Unreadable("data is not hexadecimal")


@dataclass(frozen=True, slots=True)
class Envelope:
    """How one network server wraps an uplink: what it calls the port, and all names that it writes."""

    port: str
    names: frozenset[str]

    def has_lost(self, said: Mapping[str, object]) -> bool:
        """Whether words of the device may be lost: it spoke on a port above 0, or there is a strange name."""
        return bool(said.get(self.port)) or not said.keys() <= self.names

    def strays(self, said: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
        """What stands under a name that no server writes: the words of a codec, perhaps."""
        for name, told in said.items():
            if name not in self.names and isinstance(told, Mapping):
                yield told["data"] if isinstance(told.get("data"), Mapping) else told


def uplink(
    heard: Heard,
    decoded: object,
    data: bytes | Unreadable,
    profiles: Profiles,
    levels: Levels,
    envelope: Envelope,
    around: Mapping[str, object],
) -> Reading:
    """The meaning of one uplink: `decoded` by the network server's codec, else by ours, else by nobody.

    What the codec said may stand under a damaged name in what is `around` it. A frame of the radio protocol
    has no words and no bytes, and is a sign of life, unless something was lost.
    """
    rules = profiles.rules(DIALECT, heard.enrolment)
    if not decoded and heard.calls_people:
        stray = next((each for each in envelope.strays(around) if _is_spoken(each, rules)), None)
        if stray is not None:
            reading = _spoken(heard, stray, rules, profiles, levels)
            if reading.signals or reading.tickets:
                return reading
            return unreadable(heard, "words of the device under a name of no server", levels)
    said: Mapping[str, object] | Unreadable
    if isinstance(decoded, Mapping) and decoded:
        said = decoded
    elif heard.enrolment is None:
        return Reading(beats=alive(heard))  # a stranger's bytes
    elif not data:
        if heard.calls_people and (decoded or envelope.has_lost(around)):
            return unreadable(heard, "an uplink without its data", levels)
        return Reading(beats=alive(heard))
    elif isinstance(data, Unreadable):
        return unreadable(heard, data.reason, levels)
    elif rules.layouts:
        said = _laid_out(data, rules.layouts)
    elif (decode := _CODECS.get(rules.codec)) is None:
        return unreadable(heard, "raw bytes: set a codec for this device on the network server", levels)
    else:
        said = decode(data)
    if isinstance(said, Unreadable):
        return unreadable(heard, said.reason, levels)
    return _spoken(heard, said, rules, profiles, levels)


def _spoken(
    heard: Heard, said: Mapping[str, object], rules: Rules, profiles: Profiles, levels: Levels
) -> Reading:
    """The meaning of the words of a device."""
    said, place = _measurements(said) or (said, _place(said))
    if heard.calls_people and (cries := _cries(said, rules, profiles)):
        rules = replace(rules, ignore=rules.ignore - cries)
    return located(interpret(heard, said, rules, levels), heard, place)


def _is_spoken(said: Mapping[str, object], rules: Rules) -> bool:
    """Whether somebody has described one of these words, as those of such a device."""
    return any(rules.knows(path) for path, _, _ in leaves(said, rules.ignore))


def _cries(said: Mapping[str, object], rules: Rules, profiles: Profiles) -> frozenset[str]:
    """Properties harmless on all models that say a word of alarm: for once they are looked at.

    What is harmless on one model was judged with all the words that it says.
    """
    everywhere = profiles.rules(DIALECT, None).ignore & rules.ignore
    told = (
        (path, words_of(value)) for path, value, _ in leaves(said, rules.ignore) if isinstance(value, str)
    )
    crying = (path for path, words in told if words & _CRIES and not words & _QUIET)
    return everywhere.intersection(crying) - _OF_ITSELF


def _laid_out(data: bytes, layouts: Iterable[Layout]) -> Mapping[str, object] | Unreadable:
    """What the octets of a device say by the layout that its profile knows; one without any is a report.

    A frame of another length than its beginning promises has lost something: what came is read, and a human
    looks at the rest.
    """
    known = list(layouts)
    if layout := next((each for each in known if each.fits(data)), None):
        return layout.read(data) or {"device_status": "reported"}
    if layout := next((each for each in known if each.begins and each.is_begun(data)), None):
        return layout.read(data) | {milesight.UNMAPPED: data[:16].hex()}
    return Unreadable(f"bytes of no layout that anybody described: {data[:16].hex()}")


def _place(said: Mapping[str, object]) -> Position | None:
    for steps in _FIXES:
        inner: object = said
        for step in steps:
            inner = inner.get(step) if isinstance(inner, Mapping) else None
        if isinstance(inner, Mapping):
            for north, east in _COORDINATES:
                if found := position(inner.get(north), inner.get(east)):
                    return found
    return None


def _are_events(value: object) -> bool:
    """Scans of radios are lists, too; an event has a name."""
    return isinstance(value, list) and any(isinstance(each, dict) and "eventName" in each for each in value)


def _measurements(said: Mapping[str, object]) -> tuple[Mapping[str, object], Position | None] | None:
    """SenseCAP's codecs list measurements by number: 3000 battery, 4197 and 4198 place, 4200 events.

    Light, temperature, settings say nothing about people; what else there is, a human looks at. None: this is
    no such list, or nothing that its codec could read.
    """
    messages = said.get("messages")
    if not isinstance(messages, list) or said.get("valid") is False:
        return None
    found: dict[str, object] = {}
    groups = [group if isinstance(group, list) else [group] for group in messages]
    for one in (one for group in groups for one in group):
        if isinstance(one, Mapping) and one.get("measurementValue") is not None:
            found.setdefault(str(one.get("measurementId")), one["measurementValue"])
        else:
            found["?"] = str(one)[:ID_LIMIT]
    if not found and not said.get("err"):  # an error of its own is told without any
        found["?"] = "nothing measured"
    if isinstance(events := found.get("4200"), list):
        found["4200"] = [{"eventName": "?"} | each if isinstance(each, dict) else each for each in events]
    strange = {
        name: value
        for name, value in found.items()
        if _MEASURED.fullmatch(name) is None or (name != "4200" and _are_events(value))
    }
    told = {"heard": len(found), "battery": number(found.get("3000")), "events": found.get("4200")}
    told = {name: value for name, value in told.items() if value is not None}
    said = {name: value for name, value in said.items() if name != "messages"}
    return said | {"measurements": told | strange}, position(found.get("4198"), found.get("4197"))
