"""Zigbee sirens that can be told to flash for some seconds without a sound: a table of its own.

What can only howl stands in no table: an answer is a word to somebody who is afraid. What would not end by
itself stands in none either: who began it may be gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

TABLE: Final = "lights.json"
WARNING: Final = "warning"  # the command of Zigbee's own cluster for warning devices (IAS WD)
_LIGHTS: Final = ("light", "alarm_light")  # what makers call light without sound
_DARK: Final = ("off", "normal")
_SECONDS: Final = ("duration", "alarm_time")


@dataclass(frozen=True, slots=True)
class Light:
    """How one model is told. `on` and `off` are values of `path`, `seconds` where its duration stands."""

    path: str
    on: str = ""
    off: str = ""
    seconds: str = ""

    def told(self, seconds: int) -> dict[str, Any]:
        """The message to Zigbee2MQTT: flash for so long, or with 0 be dark and still."""
        if self.path == WARNING:
            # Mode "stop" with the strobe is light alone (ZCL, Start Warning); the default would be to howl.
            quiet = {"mode": "stop", "level": "low", "strobe": seconds > 0, "duration": seconds}
            return {WARNING: quiet | ({"strobe_duty_cycle": 5} if seconds else {})}
        return {self.seconds: seconds, self.path: self.on} if seconds else {self.path: self.off}


@dataclass(frozen=True, slots=True)
class Lights:
    """All models that can flash, by vendor and model in small letters."""

    _named: Mapping[tuple[str, str], Light] = field(default_factory=dict)

    def find(self, vendor: str, model: str) -> Light | None:
        return self._named.get((vendor.casefold(), model.casefold()))


def read(folder: Path) -> Lights:
    """The table of a folder of profiles; an empty one where there is none."""
    path = folder / "zigbee" / TABLE
    if not path.exists():
        return Lights()
    found: dict[tuple[str, str], Light] = {}
    for row in orjson.loads(path.read_bytes())["lights"]:
        for vendor, model in [(row["vendor"], row["model"]), *row["also"]]:
            found.setdefault((vendor.casefold(), model.casefold()), Light(**row["light"]))
    return Lights(found)


def of(gives: Mapping[str, Mapping[str, Any]]) -> dict[str, str] | None:
    """How a definition with these settings is told; None if it cannot flash quietly, or not end by itself."""
    if {"mode", "strobe", "duration"} <= set(gives.get(WARNING, {}).get("features") or ()):
        return {"path": WARNING}
    words = gives.get("alarm", {}).get("values") or ()
    on = next((word for word in _LIGHTS if word in words), None)
    off = next((word for word in _DARK if word in words), None)
    seconds = next((name for name in _SECONDS if gives.get(name, {}).get("unit") == "s"), None)
    if on is None or off is None or seconds is None:
        return None
    return {"path": "alarm", "on": on, "off": off, "seconds": seconds}
