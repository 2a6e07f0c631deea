"""Home Assistant discovery: binary sensors that announce themselves, as proposals that a person confirms.

`homeassistant/binary_sensor/<…>/config` tells where a sensor's state is, how to read it and what it is for.
It is remembered and raises nothing. Once somebody has enrolled the sensor as `ha:<state topic>`, its states
are read by it. Foreign templates are programs: none is run, only a plain `{{ value_json.x }}` is understood.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import orjson

from devices.formats.document import Unreadable, line, read_object, read_scalar
from devices.formats.family import Family
from devices.formats.meaning import EMERGENCY, Heard, by_role, edge, interpret, unique_without_id, unreadable
from devices.formats.presence import words
from devices.profiles import PRESS, Press, Profiles, Rule, Rules, as_text
from devices.signal import Enrolment, Found, Frame, Kind, LevelKey, Levels, Reading, Registry, Role

BASE: Final = "homeassistant/binary_sensor/"
SIZE_LIMIT: Final = 16 * 1024  # bytes
TOPIC_LIMIT: Final = 190  # characters of a state topic: it is the name of a device
TEXT_LIMIT: Final = 500  # characters of any other word
KEY: Final = "ha:"  # before the state topic
PROPOSED: Final = "proposed"  # the level under which what announced itself is remembered
ANNOUNCES: Final = "announces"  # the level under which it is remembered what announced itself on a topic
MOST: Final = 32  # sensors that share a state topic

_TEMPLATE: Final = re.compile(r"\{\{\s*value(?:_json((?:\.\w{1,40}|\[['\"]\w{1,40}['\"]\]){1,3}))?\s*\}\}")
_NOTHING: Final = object()
_THERE: Final = words("ha_discovery", online=("announced",), offline=("gone",))
_CRIES: Final = EMERGENCY | {PRESS}
_CALLS: Final = _CRIES | {Kind.LEAK}
_OF_ITSELF: Final = frozenset({"connectivity", "battery_charging", "plug", "update"})
_NO_CRIES: Final = (None, Kind.ACTIVITY, Kind.DOOR, Kind.LEAK)  # what does not call for help
_STEP: Final = re.compile(r"\w+")

# What a device class means when its sensor is on (the classes of Home Assistant's binary_sensor).
CLASSES: Final[Mapping[str, Kind | Press]] = {
    "safety": Kind.SOS,
    "smoke": Kind.SMOKE,
    "gas": Kind.GAS,
    "carbon_monoxide": Kind.CO,
    "moisture": Kind.LEAK,
    "tamper": Kind.TAMPER,
    "battery": Kind.LOW_BATTERY,
    "problem": Kind.FAULT,
    "door": Kind.DOOR,
    "garage_door": Kind.DOOR,
    "window": Kind.DOOR,
    "opening": Kind.DOOR,
    "motion": Kind.ACTIVITY,
    "moving": Kind.ACTIVITY,
    "occupancy": Kind.ACTIVITY,
    "presence": Kind.ACTIVITY,
}
# What a sensor of that class is proposed as. Moist may be a plant: a person knows.
ROLES: Final[Mapping[str, Role]] = {
    "safety": Role.HELP_BUTTON,
    "smoke": Role.SMOKE_DETECTOR,
    "gas": Role.GAS_DETECTOR,
    "carbon_monoxide": Role.CO_DETECTOR,
    "moisture": Role.LEAK_SENSOR,
    "motion": Role.MOTION_SENSOR,
    "occupancy": Role.MOTION_SENSOR,
    "presence": Role.MOTION_SENSOR,
    "door": Role.DOOR_SENSOR,
    "garage_door": Role.DOOR_SENSOR,
    "window": Role.DOOR_SENSOR,
    "opening": Role.DOOR_SENSOR,
}
# The other classes that there are.
_SILENT: Final = _OF_ITSELF | {"cold", "heat", "light", "lock", "power", "running", "sound", "vibration"}
# What it means where it has no class, or one that nobody knows: its role says.
_BY_ROLE: Final[Mapping[Role, Kind | Press]] = {
    Role.HELP_BUTTON: PRESS,
    Role.SERVICE_BUTTON: PRESS,
    Role.SMOKE_DETECTOR: Kind.SMOKE,
    Role.GAS_DETECTOR: Kind.GAS,
    Role.CO_DETECTOR: Kind.CO,
    Role.LEAK_SENSOR: Kind.LEAK,
    Role.FALL_SENSOR: Kind.FALL,
    Role.MOTION_SENSOR: Kind.ACTIVITY,
    Role.DOOR_SENSOR: Kind.DOOR,
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """One sensor as it announced itself. `path` is empty when the whole message is its state."""

    path: str = ""
    device_class: str = ""
    on: str = "ON"
    off: str = "OFF"
    name: str = ""
    is_gone: bool = False  # taken back: an empty message stands where it announced itself


def read(frame: Frame, registry: Registry, levels: Levels, _: Profiles) -> Reading:
    """Read an announcement, or the state of a sensor that was announced and confirmed."""
    if frame.topic.startswith(BASE) and frame.topic.endswith("/config"):
        return _announced(frame, registry, levels)
    enrolment = registry.find(f"{KEY}{frame.topic}")
    return Reading() if enrolment is None else _said(frame, enrolment, levels)


def proposals(state_topic: str, levels: Levels) -> tuple[Proposal, ...]:
    """What has announced itself with this state topic."""
    known = levels.get((f"{KEY}{state_topic}", PROPOSED))
    return tuple(Proposal(*each) for each in orjson.loads(known)) if known else ()


def _announced(frame: Frame, registry: Registry, levels: Levels) -> Reading:
    """Remember an announcement; one that needs a program is none, and an empty one takes it back."""
    if not frame.payload:
        return _taken_back(frame, registry, levels)
    said = read_object(frame.payload, SIZE_LIMIT)
    if isinstance(said, Unreadable):
        return Reading()
    base = _text(said, "~")
    topic = _text(said, "state_topic", "stat_t")
    topic = base + topic[1:] if topic.startswith("~") else topic
    template = _TEMPLATE.fullmatch(_text(said, "value_template", "val_tpl") or "{{ value }}")
    if not 0 < len(topic) <= TOPIC_LIMIT or "\x00" in topic or template is None:
        return Reading()
    one = Proposal(
        path=".".join(_STEP.findall(template[1] or "")),
        device_class=_text(said, "device_class", "dev_cla"),
        on=_text(said, "payload_on", "pl_on") or "ON",
        off=_text(said, "payload_off", "pl_off") or "OFF",
        name=_text(said, "name"),
    )
    key: LevelKey = (f"{KEY}{topic}", PROPOSED)
    kept = [each for each in proposals(topic, levels) if each.path != one.path]
    if len(kept) >= MOST:
        return Reading()
    changed = {key: _told([*kept, one]), _place(frame): orjson.dumps((topic, one.path)).decode()}
    changed = {each: told for each, told in changed.items() if levels.get(each) != told}
    if (enrolment := registry.find(key[0])) is not None:
        return _present(frame, enrolment, "announced", levels, changed)
    about = Found(key[0], model=line(one.device_class), name=line(one.name), role=ROLES.get(one.device_class))
    return Reading(levels=changed, found=(about,))


def _taken_back(frame: Frame, registry: Registry, levels: Levels) -> Reading:
    """The sensor is there no more: nobody is asked about it, and one that is enrolled is missed.

    Several may share a topic: it is gone with the last of them. What is enrolled is read on as announced.
    """
    known = levels.get(_place(frame))
    if not known:
        return Reading()
    topic, path = orjson.loads(known)
    key: LevelKey = (f"{KEY}{topic}", PROPOSED)
    listed = [replace(one, is_gone=one.is_gone or one.path == path) for one in proposals(topic, levels)]
    is_gone = all(one.is_gone for one in listed)
    if (enrolment := registry.find(key[0])) is not None:
        changed = {key: _told(listed), _place(frame): ""}
        return _present(frame, enrolment, "gone" if is_gone else "announced", levels, changed)
    changed = {key: "" if is_gone else _told([one for one in listed if not one.is_gone]), _place(frame): ""}
    return Reading(levels=changed, found=(Found(key[0], is_gone=True),) if is_gone else ())


def _present(
    frame: Frame, enrolment: Enrolment, word: str, levels: Levels, changed: dict[LevelKey, str]
) -> Reading:
    """What it means for an enrolled sensor that it is announced, or no more. Kept, it tells the present."""
    now = replace(frame, retained=False)
    key = enrolment.device_key
    reading = edge(Heard(now, key, enrolment, unique_without_id(key, now)), _THERE, word, levels)
    return Reading(reading.signals, levels={**reading.levels, **changed})


def _place(frame: Frame) -> LevelKey:
    """Where it is remembered what was announced on this topic."""
    return (f"{KEY}{frame.topic}"[:TOPIC_LIMIT], ANNOUNCES)


def _told(listed: Iterable[Proposal]) -> str:
    rows = sorted((p.path, p.device_class, p.on, p.off, p.name, p.is_gone) for p in listed)
    return orjson.dumps(rows).decode()


def _said(frame: Frame, enrolment: Enrolment, levels: Levels) -> Reading:
    """The state of a sensor that somebody has confirmed."""
    device_key = enrolment.device_key
    known = proposals(frame.topic, levels) or (Proposal(),)
    is_shared = any(one.path for one in known)
    unique = unique_without_id(device_key, frame)
    heard = Heard(frame, device_key, enrolment, unique, echoes=is_shared, is_change=not is_shared)
    rules = {rule.path: rule for one in known if (rule := _rule(one, enrolment.role)) is not None}
    if enrolment.inverted:
        rules = {**Rules(rules, frozenset(), None, None, "").inverted(enrolment.role).by_path}
    if enrolment.role.is_life_safety and not any(_CRIES & {*rule.means.values()} for rule in rules.values()):
        rules |= {rule.path: rule for one in known if (rule := _for_role(one, enrolment.role)) is not None}
    said: dict[str, object] = {}
    if is_shared:
        body = read_object(frame.payload, SIZE_LIMIT)
        if isinstance(body, Unreadable):
            return unreadable(heard, body.reason, levels)
        said |= {one.path: _at(body, one.path) for one in known if _at(body, one.path) is not _NOTHING}
        lost = [path for path, rule in rules.items() if path not in said and _CALLS & {*rule.means.values()}]
        if lost and heard.calls_people:
            return unreadable(heard, f"no {', '.join(lost)} in it", levels)
    else:
        value = read_scalar(frame.payload, SIZE_LIMIT)
        if isinstance(value, Unreadable):
            return unreadable(heard, value.reason, levels)
        said["state"] = as_text(value)
    harmless = frozenset(one.path or "state" for one in known) - rules.keys()
    return interpret(heard, said, Rules(rules, harmless, None, None, ""), levels)


def _rule(one: Proposal, role: Role) -> Rule | None:
    """Its class means itself; but moist is also the soil of a plant, and only a leak sensor's is a leak.

    None: it is for something else.
    """
    on, off = one.on, one.off
    is_known = one.device_class in CLASSES or one.device_class in _SILENT
    kind = CLASSES.get(one.device_class) if is_known else _BY_ROLE.get(role)
    if one.device_class == "connectivity":
        kind, on, off = Kind.OFFLINE, off, on
    elif role is Role.BED_SENSOR and one.device_class in ("", "occupancy", "presence"):
        kind, on, off = Kind.BED_EXIT, off, on
    elif one.device_class == "heat" and role is Role.SMOKE_DETECTOR:
        kind = Kind.SMOKE  # heat is fire where somebody says that it is a fire detector
    if kind is None or (kind is Kind.LEAK and role is not Role.LEAK_SENSOR):
        return None
    if by_role(kind, role) is None:
        return None
    label = f"ha_discovery:{one.device_class or role}"
    means = dict.fromkeys(_spellings(on), kind)
    return Rule(label, one.path or "state", False, means, _spellings(off) - means.keys())


def _for_role(one: Proposal, role: Role) -> Rule | None:
    """A cord may be announced as a vibration, a detector as a sound: who enrolled it knows what it is for."""
    if one.device_class in _OF_ITSELF or CLASSES.get(one.device_class) not in _NO_CRIES:
        return None
    return _rule(replace(one, device_class=""), role)


def _spellings(word: str) -> frozenset[str]:
    """A template makes `True` of JSON's true."""
    is_truth = word.casefold() in ("true", "false")
    return frozenset({word, word.lower(), word.capitalize()} if is_truth else {word})


def _at(body: Mapping[str, object], path: str) -> object:
    value: object = body
    for step in path.split("."):
        value = value.get(step, _NOTHING) if isinstance(value, Mapping) else _NOTHING
    return value


def _text(said: Mapping[str, object], *names: str) -> str:
    """The first of these names, long or short, as the text that a state is compared with."""
    value = next((said[name] for name in names if name in said), "")
    text = as_text(value) if isinstance(value, str | bool | int | float) else ""
    return text if len(text) <= TEXT_LIMIT else ""


FAMILY: Final = Family("ha_discovery", (f"{BASE}+/config", f"{BASE}+/+/config"), read)
