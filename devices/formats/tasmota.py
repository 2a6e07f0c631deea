"""Tasmota: buttons and switches of its own, and Zigbee devices behind a bridge, in `tele/<topic>/SENSOR`.

A Zigbee device is enrolled as `tasmota:<bridge>/<name>`, by the name given with ZbName or by its short
address (0xCBA4, another one when it joins again). What Tasmota does not know by name comes as raw attributes;
of those the zone status is read, and the role says what its alarm means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from devices.formats.document import Unreadable, read_object, read_scalar
from devices.formats.family import Family, whose
from devices.formats.meaning import Heard, alive, interpret, joined, unique_without_id, unreadable
from devices.formats.presence import presence, words
from devices.profiles import Profiles, as_text
from devices.signal import Enrolment, Frame, Levels, Reading, Registry

SIZE_LIMIT: Final = 16 * 1024  # bytes
NAME_LIMIT: Final = 64  # characters of a name that stands in a message

_ONLINE: Final = words("tasmota", online=("Online",), offline=("Offline",))
_OWN: Final = re.compile(r"(?:Button|Switch)(\d{0,3})")
_MOST: Final = 32  # buttons, and as many switches, that one device may have
# What a button and a switch say of an act, as the documentation has it; answers to commands use some, too.
_ACTS: Final = frozenset(
    {"SINGLE", "DOUBLE", "TRIPLE", "QUAD", "PENTA", "ON", "TOGGLE", "HOLD", "INC_DEC", "INV"}
    | {"POWER_INCREMENT", "POWER_RELEASE"}
)
_SETTINGS: Final = re.compile(  # that answer ON or OFF, or in words of their own (StateText)
    r"(?:SetOption|SO|Rule|StateText|SwitchText|LedPower|Fade|WebSensor|I2CDriver|Interlock)\d{0,3}"
    r"|(?:Button|Switch|Power|Sensor|Info|State|Status)Retain"
    r"|SaveData|Timers|LedTable|LedPwmMode|Wifi|Ethernet|RgxState|RgxNAPT|RfRaw|TmState|TmPoll"
    r"|KNX_ENABLED|KNX_ENHANCED|ArtNet|DaliWeb|WcStream"
)
_RELAY: Final = re.compile(r"POWER\d{0,2}")  # switched by a rule, or by its button where SetOption73 is off
BEHIND: Final = "ZbReceived"
# What the bridge says of its devices, and not they.
_ABOUT_ZIGBEE: Final = frozenset(
    f"Zb{what}"
    for what in (
        *("State", "Info", "Leave", "Ping", "Name", "Status", "Status1", "Status2", "Status3", "Light"),
        *("Bind", "Unbind", "BindState", "Map", "Parent", "Config", "RouteError"),
    )
)
_SHORT: Final = re.compile("0x[0-9A-Fa-f]{1,4}")  # the address of a Zigbee device, until it joins again
_RAW: Final = re.compile(r"([0-9A-F]{4})([!</])([0-9A-F]{2,4})")
_PRESSED: Final = frozenset({"0005", "0006", "0008", "FCCC"})  # clusters whose commands a button sends
_CALLS: Final = frozenset({"0501!02", "0501!03", "0501!04"})  # a keypad's emergency, fire, panic
_CHORES: Final = frozenset({"0000", "0001", "0003", "0020", "0B05"})  # basics, battery, identify, polling
# Bits of the zone status (ZCL 8.2.2.2.1.3).
_ZONE: Final = {"tamper": 1 << 2, "battery": 1 << 3, "trouble": 1 << 6, "mains": 1 << 7, "test": 1 << 8}
_ALARMS: Final = 0b11
_STATUS: Final = frozenset({"ZoneStatusChange", "ZoneStatus"})


def read(frame: Frame, registry: Registry, levels: Levels, profiles: Profiles) -> Reading:
    """Read one frame of Tasmota. `stat/<topic>/RESULT` also answers commands: that is not for us."""
    _, *above, about = frame.topic.split("/")
    body: dict[str, object] | Unreadable = {}
    if about != "LWT":
        body = read_object(frame.payload, SIZE_LIMIT)
    if not isinstance(body, Unreadable) and is_bare(body):
        body = {BEHIND: body}
    names = _names(above, body)
    device_key, enrolment = whose(registry, *names)
    heard = Heard(frame, device_key, enrolment, unique_without_id(device_key, frame))
    if about == "LWT":
        return presence(heard, _ONLINE, as_text(read_scalar(frame.payload, SIZE_LIMIT)), levels)
    if isinstance(body, Unreadable):
        return unreadable(heard, body.reason, levels)
    voice = _Voice(heard, names, about, registry, profiles, levels)
    return joined((Reading(beats=alive(heard)), *voice.speakers(body), *voice.strangers(body)))


def is_bare(body: Mapping[str, object]) -> bool:
    """Whether a bridge tells of its devices without `ZbReceived` around them (SetOption100)."""
    return bool(body) and all(
        isinstance(told, dict) and isinstance(told.get("Device"), str) and _SHORT.fullmatch(told["Device"])
        for told in body.values()
    )


def is_of_bridge(payload: bytes) -> bool:
    """Whether a bridge says here what devices behind it said."""
    body = read_object(payload, SIZE_LIMIT)
    if isinstance(body, Unreadable):
        return BEHIND.encode() in payload
    return BEHIND in body or is_bare(body)


def _names(above: list[str], body: Mapping[str, object] | Unreadable) -> tuple[str, ...]:
    """Who may speak: a topic may have two steps, and a bridge may give each device its own below it."""
    whole, first = f"tasmota:{'/'.join(above)}", f"tasmota:{''.join(above[:1])}"
    is_bridge = not isinstance(body, Unreadable) and BEHIND in body
    return (first, whole) if is_bridge else (whole, first)


@dataclass(slots=True)
class _Voice:
    """One message of one Tasmota, and all that is needed to read it."""

    heard: Heard
    names: tuple[str, ...]  # under which it may be enrolled
    about: str
    registry: Registry
    profiles: Profiles
    levels: Levels
    is_heard: bool = False  # whether a device that somebody enrolled has been heard in it

    def speakers(self, body: Mapping[str, object]) -> Iterator[Reading]:
        """What each of its buttons and switches says, and each Zigbee device behind it."""
        own, frame = self.heard.device_key, self.heard.frame
        for part, names, said in (*_own(body), *_behind(body)):
            inner = [f"{above}/{each}" for above in self.names for each in names]
            key, enrolment = whose(self.registry, *inner, own if part is not None else "")
            self.is_heard |= enrolment is not None
            one = Heard(
                frame,
                key,
                enrolment,
                unique_without_id(key, frame),
                part=part or "",
                is_change=part is None or self.about == "RESULT",  # SENSOR repeats its own every few minutes
            )
            yield interpret(one, said, self.profiles.rules("tasmota", enrolment), self.levels)

    def strangers(self, body: Mapping[str, object]) -> Iterator[Reading]:
        """What stands where nobody expects it, and may have been said by a device that saves lives."""
        rules = self.profiles.rules("tasmota", self.heard.enrolment)
        known = rules.ignore - {"Device", "Name"} | _ABOUT_ZIGBEE
        words = _words({name: told for name, told in body.items() if name not in known})
        inner = (self.registry.find(f"{above}/{word}") for word in words for above in self.names)
        lost = next((each for each in inner if each is not None and each.role.calls_people), None)
        if lost is not None and not self.is_heard:
            named = Heard(self.heard.frame, lost.device_key, lost, "")
            yield unreadable(named, "named where nobody expects it", self.levels)
        behind = body.get(BEHIND)
        if BEHIND in body and not (isinstance(behind, dict) and behind):
            yield unreadable(self.heard, f"{BEHIND} is no object of devices", self.levels)
        yield from self.misnamed(body)
        if self.heard.calls_people and self.about != "STATE":
            yield from self.strange_words(body)

    def misnamed(self, body: Mapping[str, object]) -> Iterator[Reading]:
        """An act of no button and no switch, where one that saves lives is enrolled by itself.

        The number behind the name tells which; where that is gone, it may be any.
        """
        for name, told in body.items():
            if not _is_act(name, told) or self._of_itself(name) is not None:
                continue
            tail = re.search(r"\d{1,3}\Z", name)
            for number in (tail[0],) if tail else map(str, range(1, _MOST + 1)):
                both = (self._of_itself(f"{kind}{number}") for kind in ("Button", "Switch"))
                if lost := next((each for each in both if each and each.role.calls_people), None):
                    named = Heard(self.heard.frame, lost.device_key, lost, "")
                    yield unreadable(named, f"{name} is no button and no switch", self.levels)
                    break

    def _of_itself(self, part: str) -> Enrolment | None:
        """The button or switch of this name, where somebody enrolled it by itself."""
        found = (self.registry.find(f"{above}/{part}") for above in self.names)
        return next((each for each in found if each is not None), None) if _OWN.fullmatch(part) else None

    def strange_words(self, body: Mapping[str, object]) -> Iterator[Reading]:
        """Its own words that are of no button and no switch. RESULT also answers commands in bare words."""
        rest = {name: told for name, told in body.items() if name != BEHIND and not _OWN.fullmatch(name)}
        if self.about == "RESULT":
            rest = {
                name: told
                for name, told in rest.items()
                if isinstance(told, dict | list) or _RELAY.fullmatch(name) or _is_act(name, told)
            }
        if rest or not body:
            one = replace(self.heard, echoes=self.about != "RESULT")
            yield interpret(one, rest, self.profiles.rules("tasmota", one.enrolment), self.levels)


def _is_act(name: str, told: object) -> bool:
    """Whether it is said in the words of a button or a switch, and answers no command."""
    if isinstance(told, dict):
        return "Action" in told
    return isinstance(told, str) and told in _ACTS and not _SETTINGS.fullmatch(name)


def _words(said: object) -> Iterator[str]:
    """Every name and every short text in a document."""
    if isinstance(said, str) and 0 < len(said) <= NAME_LIMIT:
        yield said
    elif isinstance(said, dict):
        for name, told in said.items():
            yield from _words(name)
            yield from _words(told)
    elif isinstance(said, list):
        for each in said:
            yield from _words(each)


_Speaker = tuple[str | None, tuple[str, ...], dict[str, object]]  # its part of the device, names, words


def _own(body: Mapping[str, object]) -> Iterator[_Speaker]:
    """Buttons and switches of the device itself. A bare word of a switch is its state, as are ON and OFF."""
    for name, told in body.items():
        match = _OWN.fullmatch(name)
        if match is None:
            continue
        word = told.get("Action", told) if isinstance(told, dict) else told
        is_state = name.startswith("Switch") and (word is told or word in ("ON", "OFF"))
        said = {"Switch" if is_state else "Action": word}
        yield "" if match[1] in ("", "1") else f"{name}/", (name,), said


def _behind(body: Mapping[str, object]) -> Iterator[_Speaker]:
    """Zigbee devices, by the names under which one may be enrolled."""
    heard = body.get(BEHIND)
    for short, told in heard.items() if isinstance(heard, dict) else ():
        if isinstance(told, dict):
            names = (told.get("Name"), short, told.get("Device"))
            known = [each for each in names if isinstance(each, str) and 0 < len(each) <= NAME_LIMIT]
            if known:
                yield None, tuple(dict.fromkeys(known)), _attributes(told)


def _attributes(told: Mapping[str, object]) -> dict[str, object]:
    """The attributes by name, with the zone status in words, and a button's raw commands."""
    said: dict[str, object] = {}
    zone: int | None = None
    for name, value in told.items():
        raw = _RAW.fullmatch(name)
        if name in _STATUS or (raw is not None and raw[1] == "0500" and raw[3] in ("00", "0002")):
            status = _status(value)
            if status is None:
                said[name] = "null" if value is None else value  # nobody mapped it, and a human looks
            elif zone is None or raw is None:
                zone = status
        elif raw is None:
            said[name] = value
        elif (raw[2] == "!" and raw[1] in _PRESSED) or name in _CALLS:
            said["command"] = name
        elif raw[1] in _CHORES:
            said["raw"] = name
        else:
            said[name] = value
    if zone is not None:
        said["zone"] = {"alarm": bool(zone & _ALARMS)} | {
            name: bool(zone & bit) for name, bit in _ZONE.items()
        }
    return said


def _status(value: object) -> int | None:
    """The zone status of a raw message: a number, or hexadecimal digits that begin with its low octet."""
    if isinstance(value, str):
        try:
            return int.from_bytes(bytes.fromhex(value)[:2], "little") if value.strip() else None
        except ValueError:
            return None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


FAMILY: Final = Family(
    "tasmota",
    tuple(
        topic.replace("NAME", name)
        for name in ("+", "+/+")
        for topic in ("tele/NAME/SENSOR", "tele/NAME/LWT", "tele/NAME/STATE", "stat/NAME/RESULT")
    ),
    read,
)
