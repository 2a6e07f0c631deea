"""How it stands, in words for the device that called for help: what is so, and never more than that. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any, Final

from devices.formats.zigbee2mqtt import set_topic
from devices.profiles.zigbee.lights import Lights
from dispatcher.model import Stage

OURS: Final = "care:"
WORDS: Final[Mapping[Stage, tuple[str, str]]] = {
    Stage.RAISED: ("calling", "正在通知值班员和家人"),
    Stage.CLAIMED: ("operator", "值班员已接到,请别着急"),
    Stage.COVERED: ("coming", "有人正在赶来"),
    Stage.ON_SCENE: ("arrived", "来的人已到门口"),
    Stage.CLOSED: ("over", "本次求助已结束"),
}


# Seconds of light, for who cannot hear the words: short, the centre knows; long, somebody comes; dark, it is
# over. A stage without one says nothing, and a yes that is taken back is the short light again.
FLASH_S: Final[Mapping[Stage, int]] = {
    Stage.CLAIMED: 2,
    Stage.COVERED: 8,
    Stage.ON_SCENE: 3,
    Stage.CLOSED: 0,
}


@dataclass(frozen=True, slots=True)
class Strobe:
    """A light at home; `hub_key` is what carries it, where that is known."""

    key: str
    vendor: str
    model: str
    hub_key: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """An incident as its devices are to hear it. `eta_at`: of who comes first, while somebody comes.

    `strobes` are those of the home, while its case is about a person.
    """

    incident_id: int
    version: int
    stage: Stage
    eta_at: datetime | None
    device_keys: tuple[str, ...]
    strobes: tuple[Strobe, ...] = ()


def topic_of(device_key: str) -> str | None:
    """Where a device hears commands; None for one that does not speak our own format."""
    return f"care/{device_key.removeprefix(OURS)}/cmd" if device_key.startswith(OURS) else None


def word(standing: Standing, now: datetime) -> dict[str, Any]:
    """The command: `say` for a lamp, `text` for a voice or a display, `minutes` only while somebody comes."""
    say, text = WORDS[standing.stage]
    said: dict[str, Any] = {"v": 1, "say": say, "text": text, "incident": standing.incident_id}
    if standing.stage is Stage.COVERED and standing.eta_at is not None and standing.eta_at > now:
        minutes = ceil((standing.eta_at - now).total_seconds() / 60)
        said |= {"text": f"{text},大约{minutes}分钟", "minutes": minutes}
    return said


def flash(standing: Standing, strobe: Strobe, lights: Lights) -> tuple[str, dict[str, Any]] | None:
    """Where and what a strobe is told; None when this stage has no light, or nobody knows how to tell it."""
    seconds, light = FLASH_S.get(standing.stage), lights.find(strobe.vendor, strobe.model)
    topic = set_topic(strobe.key, strobe.hub_key)
    if seconds is None or light is None or topic is None:
        return None
    return topic, light.told(seconds)
