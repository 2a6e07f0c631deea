"""Homie: only `homie/<device>/$state`, whether it is there. To sleep is normal, to be lost is not."""

from __future__ import annotations

from typing import Final

from devices.formats.document import read_scalar
from devices.formats.family import Family, whose
from devices.formats.meaning import Heard, unique_without_id
from devices.formats.presence import presence, words
from devices.profiles import Profiles, Rule, as_text
from devices.signal import Frame, Kind, Levels, Reading, Registry

SIZE_LIMIT: Final = 64  # bytes

_WORDS: Final = words("homie", online=("init", "ready", "sleeping"), offline=("lost", "disconnected"))
_STATE: Final = Rule(
    label=_WORDS.label,
    path=_WORDS.path,
    event=False,
    means={**_WORDS.means, "alert": Kind.FAULT},  # it is connected, and wants somebody to look at it
    idle=_WORDS.idle,
)


def read(frame: Frame, registry: Registry, levels: Levels, _: Profiles) -> Reading:
    """Read one frame of Homie. An empty one is a device that was taken out of the broker's memory."""
    if not frame.payload:
        return Reading()
    steps = frame.topic.split("/")
    device_key, enrolment = whose(registry, f"homie:{steps[-2] if len(steps) > 1 else ''}")
    heard = Heard(frame, device_key, enrolment, unique_without_id(device_key, frame))
    return presence(heard, _STATE, as_text(read_scalar(frame.payload, SIZE_LIMIT)), levels)


FAMILY: Final = Family("homie", ("homie/+/$state", "homie/5/+/$state"), read)
