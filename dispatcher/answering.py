"""How it stands, in words for the device that called for help: what is so, and never more than that. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any, Final

from dispatcher.model import Stage

OURS: Final = "care:"
WORDS: Final[Mapping[Stage, tuple[str, str]]] = {
    Stage.RAISED: ("calling", "正在通知值班员和家人"),
    Stage.CLAIMED: ("operator", "值班员已接到,请别着急"),
    Stage.COVERED: ("coming", "有人正在赶来"),
    Stage.ON_SCENE: ("arrived", "来的人已到门口"),
    Stage.CLOSED: ("over", "本次求助已结束"),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """An incident as its devices are to hear it. `eta_at`: of who comes first, while somebody comes."""

    incident_id: int
    version: int
    stage: Stage
    eta_at: datetime | None
    device_keys: tuple[str, ...]


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
