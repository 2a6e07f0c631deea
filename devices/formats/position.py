"""Where a device says that it is: WGS-84 degrees, never a condition for an alarm."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from devices.formats.document import number
from devices.formats.meaning import EMERGENCY, Heard
from devices.signal import Fix, Kind, Reading, State

_NOWHERE: Final = 1e-6  # degrees: a receiver without a fix says 0, 0


@dataclass(frozen=True, slots=True)
class Position:
    """Degrees WGS-84, and the radius in metres within which the device believes to be (None: not told)."""

    latitude: float
    longitude: float
    accuracy_m: float | None = None

    def __str__(self) -> str:
        radius = f" (±{self.accuracy_m:.0f} m)" if self.accuracy_m else ""
        return f"位置 {self.latitude:.6f},{self.longitude:.6f}{radius}"


def position(latitude: object, longitude: object, accuracy_m: object = None) -> Position | None:
    """What two numbers say; None when they are no place on Earth, or the one that means "no fix"."""
    north, east, radius = number(latitude), number(longitude), number(accuracy_m)
    if north is None or east is None or not (-90 <= north <= 90 and -180 <= east <= 180):
        return None
    if abs(north) < _NOWHERE and abs(east) < _NOWHERE:
        return None
    return Position(north, east, radius if radius is not None and 0 < radius < 1e7 else None)


def beside(reading: Reading, place: Position | None) -> Reading:
    """`reading` with the place on its calls for help, for whoever goes there."""
    if place is None:
        return reading
    signals = tuple(
        replace(signal, text=str(place))
        if signal.kind in EMERGENCY and signal.state is State.ACTIVE and not signal.text
        else signal
        for signal in reading.signals
    )
    return replace(reading, signals=signals)


def located(
    reading: Reading, heard: Heard, place: Position | None, fixed_at: datetime | None = None
) -> Reading:
    """The same, and the place as a signal of its own; `fixed_at` is when it was found, if that is told.

    Where somebody is whom nobody enrolled is no signal, unless she calls for help: it is a fix, as far as its
    own clock tells how old it is.
    """
    if place is None:
        return reading
    reading = beside(reading, place)
    if heard.enrolment is None:
        at = fixed_at or heard.device_time
        if at is None or not heard.device_key:
            return reading
        fix = Fix(heard.device_key, place.latitude, place.longitude, place.accuracy_m, at)
        return replace(reading, fixes=(fix,))
    where = heard.signal(Kind.LOCATION, rule="position", text=str(place))
    return replace(reading, signals=(*reading.signals, where))
