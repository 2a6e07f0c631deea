"""Who has been heard, and when: kept in memory, written for many devices at once."""

from __future__ import annotations

from datetime import datetime

from community.storage import Store, register
from devices.signal import Reading, Registry, Role
from dispatcher import meters
from dispatcher.absence import Sign, sign_of_life
from dispatcher.storage import lives


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
        with store.jot() as connection:
            register.touch_devices(connection, self._seen)
        count = len(self._seen)
        self._seen.clear()
        return count


class LastLife:
    """Signs of life and meters since the last `flush`, and that somebody listened at all."""

    def __init__(self) -> None:
        self._meters: dict[str, list[meters.Reading]] = {}
        self._roles: dict[str, Role] = {}  # of the meters that were ever heard
        self._signs: dict[str, tuple[Sign, datetime | None]] = {}  # with the last one by hand
        self._listened_at: datetime | None = None
        self._ahead: datetime | None = None

    def note(self, reading: Reading, devices: Registry) -> None:
        for signal in reading.signals:
            known = devices.find(signal.device_key)
            sign = sign_of_life(signal, known.role if known is not None else None)
            if sign is not None:
                before = self._signs.get(signal.device_key)
                by_hand_at = sign.at if sign.by_hand else before[1] if before is not None else None
                self._signs[signal.device_key] = (sign, by_hand_at)

        for beat in reading.beats:
            if beat.litres is not None:
                known = devices.find(beat.device_key)
                if known is not None and known.role in meters.USED_L:
                    self._roles[beat.device_key] = known.role
                    read = meters.Reading(beat.received_at, beat.litres)
                    self._meters.setdefault(beat.device_key, []).append(read)

    def flush(self, store: Store, now: datetime, *, hears: bool) -> int:
        """Write what is new; returns how many signs. `hears`: whether the line to the devices stands."""
        last = self._listened_at
        is_time = hears and (last is None or abs(now - last) >= lives.LISTEN_EVERY)
        if not (self._signs or self._meters or is_time):
            return 0
        with store.jot() as connection:
            used = lives.metered(connection, self._meters, self._roles)
            lives.lived(connection, {key: (sign, None) for key, sign in used.items()} | self._signs)
            ahead = lives.listening(connection, now, self._ahead) if is_time else self._ahead
        if is_time:
            self._listened_at, self._ahead = now, ahead
        count = len(self._signs)
        self._signs.clear()
        self._meters.clear()
        return count
