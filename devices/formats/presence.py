"""Online or offline: what a device's will, and its greeting when it is back, say on a topic of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from devices.formats.meaning import Heard, alive, edge, unique_without_id, unreadable
from devices.profiles import Rule
from devices.signal import Kind, Levels, Reading

PATH: Final = "online"


def words(family: str, *, online: tuple[str, ...], offline: tuple[str, ...]) -> Rule:
    """The rule of a family that says one of these words."""
    return Rule(
        label=f"{family}:{PATH}",
        path=PATH,
        event=False,
        means=dict.fromkeys(offline, Kind.OFFLINE),
        idle=frozenset(online),
    )


def presence(heard: Heard, rule: Rule, word: str, levels: Levels) -> Reading:
    """The reading of such a message. Retained, it tells the present: it counts as live, once."""
    kind = rule.meaning(word)
    if kind is None and word not in rule.idle:
        return unreadable(heard, "neither online nor offline", levels) if heard.enrolment else Reading()
    beats = () if kind is Kind.OFFLINE else alive(heard)
    if heard.enrolment is None:
        return Reading(beats=beats)
    frame = replace(heard.frame, retained=False)
    now = replace(heard, frame=frame, unique=unique_without_id(heard.device_key, frame))
    reading = edge(now, rule, word, levels)
    return Reading(reading.signals, beats, levels=reading.levels)
