"""Who has been heard, and when: kept in memory, written for many devices at once."""

from __future__ import annotations

from datetime import datetime

from community.storage import Store, register
from devices.signal import Reading


class LastSeen:
    """Last-seen and battery of devices since the last `flush`."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[datetime, int | None]] = {}

    def note(self, reading: Reading) -> None:
        for beat in reading.beats:  # a signal alone is no sign of life: the broker may have kept it for days
            before = self._seen.get(beat.device_key)
            battery = before[1] if beat.battery is None and before is not None else beat.battery
            self._seen[beat.device_key] = (beat.received_at, battery)

    def flush(self, store: Store) -> int:
        """Write what has changed; returns how many devices. What cannot be written waits its turn."""
        if not self._seen:
            return 0
        with store.write() as connection:
            register.touch_devices(connection, self._seen)
        count = len(self._seen)
        self._seen.clear()
        return count
