"""Shelly Gen2 and later: JSON-RPC notifications on `<prefix>/events/rpc`, a will on `<prefix>/online`.

`NotifyStatus` is a delta: what is missing has not changed, and null means that it is gone. A press is told as
it goes down, as it comes up and as what it was: the last one counts. A hub tells what its Bluetooth buttons
and sensors say: each of them is a component, and is enrolled as `shelly:<id>/<component>`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from devices.formats.document import Unreadable, moment, read_object, read_scalar
from devices.formats.family import Family, whose
from devices.formats.meaning import Heard, alive, interpret, joined, unique_without_id, unreadable
from devices.formats.presence import presence, words
from devices.profiles import Profiles, Rules, as_text
from devices.signal import Frame, Levels, Reading, Registry

SIZE_LIMIT: Final = 16 * 1024  # bytes; the full status of a hub is about 4,000
NAME_LIMIT: Final = 64  # characters of a name that stands in a message

_ONLINE: Final = words("shelly", online=("true",), offline=("false",))
_FULL: Final = "NotifyFullStatus"
_SCRIPT: Final = "script"
_BLU: Final = "shelly-blu"  # the word under which Shelly's own script tells what a Bluetooth device said
# Components that somebody may have enrolled because an alarm hangs on them.
_SPEAKERS: Final = (
    *("input", "bthomedevice", "bthomesensor", "smoke", "flood", "button", "boolean", "presence"),
    "presencezone",
)
_NO_ACTS: Final = frozenset({"btn_down", "btn_up", "config_changed", "device_updated", "alarm_off"})


@dataclass(frozen=True, slots=True)
class _Said:
    """What one component says; several of one device are read together while their types differ."""

    component: str
    attributes: Mapping[str, object]

    @property
    def type(self) -> str:
        return self.component.partition(":")[0]

    @property
    def number(self) -> str:
        return self.component.partition(":")[2]

    @property
    def part(self) -> str:
        """Empty for the first of a type, so that a device with one input has no numbered levels."""
        return "" if self.number in ("", "0") else f"{self.component}/"


def read(frame: Frame, registry: Registry, levels: Levels, profiles: Profiles) -> Reading:
    """Read one frame of a Shelly. The prefix of the topic names it, else the `src` of the message."""
    prefix, about = _split(frame.topic)
    if about == "online":
        device_key, enrolment = whose(registry, f"shelly:{prefix}")
        heard = Heard(frame, device_key, enrolment, unique_without_id(device_key, frame))
        return presence(heard, _ONLINE, as_text(read_scalar(frame.payload, SIZE_LIMIT)), levels)
    body = read_object(frame.payload, SIZE_LIMIT)
    said = body.salvage if isinstance(body, Unreadable) else body
    names = tuple(dict.fromkeys(name for name in (prefix, _name(said.get("src"))) if name))
    voice = _Voice(frame, registry, levels, profiles, names)
    if isinstance(body, Unreadable):
        return unreadable(voice.heard(""), body.reason, levels)
    if about.startswith("status/"):
        return voice.status({about.removeprefix("status/"): body})
    parameters = body.get("params")
    match body.get("method"):
        case "NotifyStatus" | "NotifyFullStatus" as method if isinstance(parameters, dict) and parameters:
            return voice.status(parameters, is_full=method == _FULL, is_change=method != _FULL)
        case "NotifyEvent" if isinstance(parameters, dict) and isinstance(parameters.get("events"), list):
            if not parameters["events"]:
                return unreadable(voice.heard(""), "no event in it", levels)
            return voice.events(parameters["events"])
        case _:
            return unreadable(voice.heard(""), "no notification that anybody mapped", levels)


@dataclass(frozen=True, slots=True)
class _Voice:
    """One message of one Shelly, and all that is needed to read it."""

    frame: Frame
    registry: Registry
    levels: Levels
    profiles: Profiles
    names: tuple[str, ...]

    def heard(
        self,
        component: str,
        part: str = "",
        told: object = None,
        said: bytes | None = None,
        *,
        is_change: bool = False,
    ) -> Heard:
        """Who spoke: the component, where it is enrolled, else the device that it belongs to."""
        inner = [f"shelly:{name}/{component}" for name in self.names if component]
        device_key, enrolment = whose(self.registry, *inner, *(f"shelly:{name}" for name in self.names))
        if enrolment is not None and device_key.endswith(f"/{component}"):
            part = ""
        told_at = moment(told)
        unique = unique_without_id(device_key, self.frame, told_at, said)
        return Heard(
            self.frame, device_key, enrolment, unique, told_at, echoes=True, part=part, is_change=is_change
        )

    def events(self, events: Iterable[object]) -> Reading:
        """Presses: each is itself by its word and its own time, where that time can be true."""
        readings = [Reading(beats=alive(self.heard("")))]
        for event in events:
            if not isinstance(event, dict):
                readings.append(unreadable(self.heard(""), "an event that is no object", self.levels))
                continue
            if not isinstance(event.get("event"), str) or not _name(event.get("component")):
                named = self.heard(_name(event.get("component")))
                readings.append(unreadable(named, "an event without its word, or of nobody", self.levels))
                continue
            one = _Said(_name(event.get("component")), {"event": event.get("event")})
            stem = f"{as_text(event.get('event'))}@{as_text(event.get('ts'))}"
            if one.type == _SCRIPT:
                readings.append(self.script(one, event, f"{stem}/{event.get('data')}".encode()))
                continue
            heard = self.heard(one.component, one.part, event.get("ts"), stem.encode())
            rules = self.profiles.rules("shelly", heard.enrolment)
            readings.append(interpret(heard, {one.type: one.attributes}, rules, self.levels))
            readings += self.misnamed(one, event, heard)
        return joined(readings)

    def script(self, one: _Said, event: Mapping[str, object], stem: bytes) -> Reading:
        """What a script says: Shelly's own repeats what Bluetooth devices said, of others nobody knows."""
        word, data = event["event"], event.get("data")
        component = one.component
        if word == _BLU and isinstance(data, dict):
            address = _address(data)
            if any(self.registry.find(f"shelly:{name}/{address}") for name in self.names):
                component = address
        heard = self.heard(component, one.part, event.get("ts"), stem)
        said: dict[str, object] = {"script_event": {"event": word}}
        if word == _BLU:
            said = {_BLU: data}
            if isinstance(data, dict) and "battery" in data:
                rest = {name: value for name, value in data.items() if name != "battery"}
                said = {"battery": data["battery"], _BLU: rest}
        reading = interpret(heard, said, self.profiles.rules("shelly", heard.enrolment), self.levels)
        return joined((reading, *self.misnamed(one, event, heard)))

    def status(
        self, parameters: Mapping[str, object], *, is_full: bool = False, is_change: bool = False
    ) -> Reading:
        """States. A component that became null is gone, and says nothing more."""
        groups: dict[tuple[str, str], tuple[Heard, dict[str, Mapping[str, object]]]] = {}
        broken: list[Reading] = []
        for name, attributes in parameters.items():
            if not isinstance(attributes, dict):
                if name != "ts" and attributes is not None:
                    named = self.heard(_name(name))
                    broken.append(unreadable(named, "a component that is no object", self.levels))
                continue
            one = _Said(_name(name), attributes)
            stem = f"{one.part}{self.frame.payload.hex()}".encode() if one.part else None
            heard = self.heard(one.component, one.part, parameters.get("ts"), stem, is_change=is_change)
            _, said = groups.setdefault((heard.device_key, heard.part), (heard, {}))
            said[one.type] = attributes
            broken += self.misnamed(one, attributes, heard)
        readings = [Reading(beats=alive(self.heard(""))), *broken]
        for heard, said in groups.values():
            rules = self.profiles.rules("shelly", heard.enrolment)
            readings.append(interpret(heard, _plain(said, rules, is_full=is_full), rules, self.levels))
        return joined(readings)

    def misnamed(self, one: _Said, said: Mapping[str, object], as_heard: Heard) -> Iterator[Reading]:
        """What an enrolled device that saves lives may have said by a damaged name: a human looks.

        A component is called by its type and number, and says its number once more (`id`). Where the type is
        none of Shelly's, or the two numbers differ, it may be any that is enrolled with one of them. A script
        that names a Bluetooth device by its address speaks for it, whatever its own word is.
        """
        is_enrolled = as_heard.enrolment is not None and as_heard.device_key.endswith(f"/{one.component}")
        if is_enrolled or as_heard.calls_people or not _is_act(said):
            return
        rules = self.profiles.rules("shelly", None)
        known = {path.partition(".")[0] for path in (*rules.by_path, *rules.ignore)}
        told = as_text(said["id"]) if "id" in said else one.number
        parts = [_address(said.get("data"))]
        if one.type not in known or told != one.number:
            parts += [
                f"{type_}:{number}" for type_ in _SPEAKERS for number in dict.fromkeys((told, one.number))
            ]
        for part in parts:
            heard = self.heard(part)
            if part and heard.calls_people:
                reason = f"{one.component}: no component that anybody knows"
                yield unreadable(heard, reason, self.levels)
                return


def _plain(said: Mapping[str, Mapping[str, object]], rules: Rules, *, is_full: bool) -> dict[str, object]:
    """The attributes as rules know them: each error is a level of its own, the battery has one place.

    `errors` lists those that hold, and is left out of a full status while there are none.
    """
    plain: dict[str, object] = {}
    for type_, attributes in said.items():
        kept = {name: value for name, value in attributes.items() if name not in ("id", "errors")}
        if "errors" in attributes or is_full:
            told = attributes.get("errors")
            hold = {as_text(error): True for error in told} if isinstance(told, list) else {}
            prefix = f"{type_}.errors."
            known = {path.removeprefix(prefix): False for path in rules.by_path if path.startswith(prefix)}
            if known | hold:
                kept["errors"] = known | hold
        battery = kept.get("battery")
        if type_ == "devicepower" and isinstance(battery, dict):
            plain["battery"] = battery.get("percent")
        elif type_ == "bthomedevice" and "battery" in kept:
            plain["battery"] = kept.pop("battery")
        plain[type_] = kept
    return plain


def _split(topic: str) -> tuple[str, str]:
    """The prefix and what is behind it: `online`, `events/rpc`, `status/input:0`."""
    steps = topic.split("/")
    if steps[-1] == "online":
        return "/".join(steps[:-1]), "online"
    if len(steps) > 2 and steps[-2] == "status":
        return "/".join(steps[:-2]), f"status/{steps[-1][:NAME_LIMIT]}"
    return "/".join(steps[:-2]), "events/rpc"


def _is_act(said: Mapping[str, object]) -> bool:
    """Whether a component says that something happens, or that a contact is closed."""
    if "event" in said:
        return said["event"] not in _NO_ACTS
    return any(said.get(name) is True for name in ("state", "alarm", "value"))


def _address(data: object) -> str:
    """Of the Bluetooth device that a script tells of."""
    return _name(data.get("address")) if isinstance(data, dict) else ""


def _name(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= NAME_LIMIT else ""


FAMILY: Final = Family(
    "shelly",
    ("+/events/rpc", "+/online", "+/status/+", "+/+/events/rpc", "+/+/online"),
    read,
)
