"""The same message said again, or a new one that looks like it?

Diallers, watches and carephones say a message again and again until it is answered, and count from one again
after a power cut: neither their numbers nor their clocks tell a second press from a second attempt. So what a
device said lately is remembered for some minutes, among its levels, where a restart does not lose it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from devices.signal import LevelKey, Levels

SAID: Final = "said"  # the level under which a device's last messages are remembered
WINDOW: Final = timedelta(minutes=2)
REMEMBERED: Final = 4  # messages of one device: it may have several on their way


def unique_of(device_key: str, message: str, at: datetime, levels: Levels) -> tuple[str, dict[LevelKey, str]]:
    """The stem of a message's unique key, and the levels that remember it.

    `message` is what stays the same when it is said again, without blanks. Whatever is heard for the first
    time within `WINDOW` is new; it gets the moment when it was first heard into its key.
    """
    key: LevelKey = (device_key, SAID)
    said = [each for each in levels.get(key, "").split() if _is_recent(each, at)]
    for each in said:
        known, _, first = each.rpartition("@")
        if known == message:
            return f"{device_key}#{message}@{first}", {}
    first = str(int(at.timestamp() * 1000))
    said.append(f"{message}@{first}")
    return f"{device_key}#{message}@{first}", {key: " ".join(said[-REMEMBERED:])}


def _is_recent(remembered: str, at: datetime) -> bool:
    first = datetime.fromtimestamp(int(remembered.rpartition("@")[2]) / 1000, UTC)
    return abs(at - first) < WINDOW  # a clock set back makes the past the future
