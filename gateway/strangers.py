"""Devices that nobody has enrolled: what their networks tell of them, and when they were heard."""

from __future__ import annotations

from datetime import datetime

from community.storage import Store, proposals
from devices.signal import Found, Kind, Reading, Registry

MOST = 1000  # that wait to be written
KEY_LIMIT = 200  # characters


class Strangers:
    """Those told of or heard since the last `flush`."""

    def __init__(self) -> None:
        self._found: dict[str, Found] = {}
        self._heard: dict[str, datetime] = {}
        self._written: dict[str, Found] = {}  # a network tells of all its devices each time

    def note(self, reading: Reading, devices: Registry) -> None:
        for one in reading.found:
            known = self._written.get(one.device_key) == one
            if not known and len(self._found) < MOST and _can_be_kept(one.device_key):
                self._found[one.device_key] = one
        if any(signal.kind is Kind.PROBE for signal in reading.signals):
            return  # our own, of no device
        for beat in reading.beats:
            key = beat.device_key
            if devices.find(key) is None and len(self._heard) < MOST and _can_be_kept(key):
                self._heard[key] = beat.received_at

    def flush(self, store: Store, now: datetime) -> None:
        """Write what is new; what cannot be written waits its turn."""
        if not (self._found or self._heard):
            return
        with store.write() as connection:
            proposals.keep(connection, tuple(self._found.values()), self._heard, now)
        if len(self._written) < MOST:
            self._written |= self._found
        self._found.clear()
        self._heard.clear()


def _can_be_kept(key: str) -> bool:
    return len(key) <= KEY_LIMIT and key.isprintable()
