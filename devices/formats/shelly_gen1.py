"""Shelly's first generation: a topic for each property, `shellies/<id>/sensor/flood` → `true`.

A button tells its last press with a counter, and says both again now and then: only another count is another
press, or another word, for a counter begins again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from devices.formats.document import Unreadable, read_object, read_scalar
from devices.formats.family import Family, whose
from devices.formats.meaning import Heard, alive, interpret, unique_without_id, unreadable
from devices.formats.presence import presence, words
from devices.profiles import Profiles, as_text
from devices.signal import Frame, Levels, Reading, Registry

BASE: Final = "shellies/"
SIZE_LIMIT: Final = 4096  # bytes

_ONLINE: Final = words("shelly_gen1", online=("true",), offline=("false",))
_WORD_LIMIT: Final = 64  # characters
_BATTERIES: Final = (("sensor", "battery"), ("status", "bat"))


def read(frame: Frame, registry: Registry, levels: Levels, profiles: Profiles) -> Reading:
    """Read one frame of a first-generation Shelly."""
    name, *about = frame.topic.removeprefix(BASE).split("/")
    device_key, enrolment = whose(registry, f"shelly:{name}")
    heard = Heard(frame, device_key, enrolment, unique_without_id(device_key, frame), is_change=True)
    rules = profiles.rules("shelly_gen1", enrolment)
    match about:
        case ["online"]:
            return presence(heard, _ONLINE, as_text(read_scalar(frame.payload, SIZE_LIMIT)), levels)
        case ["sensor", what]:
            value = read_scalar(frame.payload, SIZE_LIMIT)
            if isinstance(value, Unreadable):
                return unreadable(heard, value.reason, levels)
            return interpret(
                heard, _plain("sensor", {what: "null" if value is None else value}), rules, levels
            )
        case ["status" | "input_event" as what, *place]:
            body = read_object(frame.payload, SIZE_LIMIT)
            if isinstance(body, Unreadable):
                return unreadable(heard, body.reason, levels)
            if what == "status":
                return interpret(heard, _plain(what, body), rules, levels)
            heard = replace(heard, part="" if place in ([], ["0"]) else f"{place[0][:8]}/")
            word = body.get("event")
            if not isinstance(word, str):
                return unreadable(heard, "an event without its word", levels)
            counter = (device_key, f"{heard.part}input_event.event_cnt")
            count = f"{as_text(body.get('event_cnt'))} {word[:_WORD_LIMIT]}"
            if "event_cnt" in body and levels.get(counter) == count:
                return Reading(beats=alive(heard))
            reading = interpret(heard, {what: {"event": word}}, rules, levels)
            if not word and body.get("event_cnt", 0) != 0:  # one that has started has counted none
                reading = unreadable(heard, "a press was counted, and its word is lost", levels)
            if heard.is_old or "event_cnt" not in body or enrolment is None:
                return reading
            return replace(reading, levels={**reading.levels, counter: count})
        case ["input" | "longpush" as what, place]:
            value = read_scalar(frame.payload, SIZE_LIMIT)
            if isinstance(value, Unreadable):
                return unreadable(heard, value.reason, levels)
            # The state of an input is repeated every half minute, that a push was a long one is not.
            part = "" if place == "0" else f"{place[:8]}/"
            heard = replace(heard, part=part, is_change=what == "longpush")
            return interpret(heard, {what: {"state": "null" if value is None else value}}, rules, levels)
        case _:
            return Reading()


def _plain(place: str, said: Mapping[str, object]) -> dict[str, object]:
    """The properties below their place, and the battery where rules look for it."""
    kept = dict(said)
    plain: dict[str, object] = {}
    for where, name in _BATTERIES:
        if place == where and name in kept:
            plain["battery"] = kept.pop(name)
    return plain | {place: kept} if kept else plain


FAMILY: Final = Family(
    "shelly_gen1",
    (
        f"{BASE}+/online",
        f"{BASE}+/sensor/+",
        f"{BASE}+/input_event/+",
        f"{BASE}+/input/+",
        f"{BASE}+/longpush/+",
        f"{BASE}+/status",
    ),
    read,
)
