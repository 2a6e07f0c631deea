"""Presets for watching a home, as data: read from TOML, each figure with its source."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from devices.signal import Kind, Role
from dispatcher.absence import CALL, DAILY, OUT_OF_BED, Hours, Preset

Presets = Mapping[str, Preset]

SHIPPED = Path(__file__).with_name("presets.toml")
_OPTIONAL_MINUTES = {"wait_min": "wait", "blind_after_min": "blind_after"}


def load(text: str) -> Presets:
    """Read presets; ValueError names the preset and what cannot be meant."""
    return {name: _preset(name, body) for name, body in tomllib.loads(text).items()}


def shipped() -> Presets:
    return load(SHIPPED.read_text("utf-8"))


def from_file(path: str) -> Presets:
    """The presets of the file `path`, as ANXIN_PRESETS_FILE names it; empty: the shipped ones. ValueError."""
    try:
        return load(Path(path).read_text("utf-8")) if path else shipped()
    except (OSError, ValueError) as wrong:
        raise ValueError(f"ANXIN_PRESETS_FILE: {wrong}") from wrong


def hours(words: tuple[str, str] | list[str]) -> Hours:
    """Hours from two times of the day, such as 07:00 and 21:00; the same twice means all day. ValueError."""
    starts, ends = (minute_of_day(word) for word in words)
    return Hours(starts, ends if ends > starts else ends + 1440)


def minute_of_day(word: str) -> int:
    """07:30 is 450. ValueError when it is no time of the day."""
    told = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", word)
    if told is None:
        raise ValueError(f"{word!r} is no time of the day: write 07:30")
    return int(told[1]) * 60 + int(told[2])


def in_words(minute: int) -> str:
    """450 is 07:30; a minute after midnight of the next day looks like that of this day."""
    return f"{minute // 60 % 24:02d}:{minute % 60:02d}"


def _preset(name: str, body: Mapping[str, Any]) -> Preset:
    if name in (CALL, DAILY, OUT_OF_BED):
        raise ValueError(f"preset {name!r}: this name has a meaning of its own, choose another")
    given = dict(body)
    try:
        zh, en = given.pop("title")
        fields: dict[str, Any] = {
            "title": (zh, en),
            "source": given.pop("source"),
            "after": timedelta(minutes=given.pop("after_min")),
            "hours": hours(given.pop("hours")),
            "eyes": frozenset(map(Role, given.pop("eyes"))),
        }
        for word, field in _OPTIONAL_MINUTES.items():
            if word in given:
                fields[field] = timedelta(minutes=given.pop(word))
        for field in ("rooms", "last_said"):
            if field in given:
                fields[field] = frozenset(given.pop(field))
        if "litres" in given:
            fields["litres"] = float(given.pop("litres"))
        if "kind" in given:
            fields["kind"] = Kind(given.pop("kind"))
        return Preset(name=name, **fields, **given)
    except (KeyError, TypeError, ValueError) as wrong:
        raise ValueError(f"preset {name!r} cannot be read: {wrong}") from wrong
