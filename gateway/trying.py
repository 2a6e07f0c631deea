"""A device that is being tried: its first alarm is a test, recorded and answered, and pages nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from devices.signal import Reading, Signal, State
from dispatcher.model import Severity
from dispatcher.triage import SEVERITY


def as_test(reading: Reading, until: Mapping[str, datetime], tried: set[str]) -> Reading:
    """`reading` with the first alarm of each device in `until` marked as a test; adds the device to `tried`.

    The second alarm is real, whenever it comes: somebody may need help while her button is being tried.
    """
    if not until:
        return reading
    firsts = {one.device_key for one in reading.signals if _is_first(one, until, tried)}
    if not firsts:
        return reading
    tried |= firsts
    marked = (replace(one, test=True) if one.device_key in firsts else one for one in reading.signals)
    return replace(reading, signals=tuple(marked))


def _is_first(signal: Signal, until: Mapping[str, datetime], tried: set[str]) -> bool:
    ends = until.get(signal.device_key)
    return (
        ends is not None
        and signal.received_at < ends
        and signal.device_key not in tried
        and SEVERITY.get(signal.kind) is Severity.EMERGENCY
        and signal.state is State.ACTIVE
        and not signal.is_old
    )
