"""A street of enrolled devices, and an ear for what they say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from devices import formats
from devices.signal import Enrolment, Frame, Reading, Role, State

MORNING = datetime(2026, 11, 20, 0, 15, 30, tzinfo=UTC)


class Street:
    """Enrolled devices, a clock that is told the time, and levels remembered as a gateway does."""

    def __init__(self) -> None:
        self.enrolled: dict[str, Enrolment] = {}
        self.levels: dict[tuple[str, str], str] = {}
        self.now = MORNING

    def find(self, device_key: str) -> Enrolment | None:
        return self.enrolled.get(device_key)

    def enrol(self, device_key: str, role: Role, vendor: str = "", model: str = "") -> None:
        self.enrolled[device_key] = Enrolment(device_key, role, vendor, model)

    def pass_time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def hear(
        self, topic: str, payload: str | bytes, *, retained: bool = False, redelivered: bool = False
    ) -> Reading:
        body = payload.encode() if isinstance(payload, str) else payload
        reading = formats.read(Frame(topic, body, self.now, retained, redelivered), self, self.levels)
        self.levels |= reading.levels
        return reading

    def understood(
        self, topic: str, payload: str | bytes, *, retained: bool = False, redelivered: bool = False
    ) -> list[str]:
        """The same, told in words."""
        return words(self.hear(topic, payload, retained=retained, redelivered=redelivered))


def words(reading: Reading) -> list[str]:
    """A reading in the words of the documentation: `sos`, `smoke clear`, `leak historical`, `ticket`."""
    spoken = []
    for signal in reading.signals:
        marks = [
            (signal.state is State.CLEAR, "clear"),
            (signal.suspected, "suspected"),
            (signal.historical, "historical"),
            (signal.retained, "retained"),
        ]
        spoken.append(" ".join([signal.kind, *(mark for holds, mark in marks if holds)]))
    return sorted(spoken) + ["ticket"] * len(reading.tickets)
