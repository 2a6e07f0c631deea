"""What networks tell of devices: who is new, when the new ones were heard, and what carries each."""

from __future__ import annotations

from datetime import datetime
from itertools import islice

from community.storage import Store, proposals
from devices.formats.document import is_printable
from devices.signal import Found, Kind, Reading, Registry
from dispatcher.storage import supervised

MOST = 1000  # that wait to be written
AT_ONCE = 1000  # of which it is written what carries them
REMEMBERED = 200_000  # of which that is known to be written
KEY_LIMIT = 200  # characters


class Strangers:
    """Those told of or heard since the last `flush`."""

    def __init__(self) -> None:
        self._found: dict[str, Found] = {}
        self._heard: dict[str, datetime] = {}
        self._written: dict[str, Found] = {}  # a network tells of all its devices each time
        self._carried: dict[str, str] = {}  # what carries each, by its key
        self._told: dict[str, str] = {}

    def note(self, reading: Reading, devices: Registry) -> None:
        for one in reading.found:
            enrolled = devices.find(one.device_key) or (devices.find(one.also) if one.also else None)
            key = one.device_key if enrolled is None else enrolled.device_key
            self._note_hub(key, one.hub, is_ours=enrolled is not None)
            if enrolled is not None:
                continue
            known = self._written.get(one.device_key) == one
            if one.is_gone:
                self._heard.pop(one.device_key, None)
            if not known and len(self._found) < MOST and _can_be_kept(one.device_key):
                self._found[one.device_key] = one
        if any(signal.kind is Kind.PROBE for signal in reading.signals):
            return  # our own, of no device
        for beat in reading.beats:
            key = beat.device_key
            if devices.find(key) is None and len(self._heard) < MOST and _can_be_kept(key):
                self._heard[key] = beat.received_at

    def _note_hub(self, key: str, hub: str, *, is_ours: bool) -> None:
        has_room = is_ours or len(self._carried) < MOST
        if hub and has_room and self._told.get(key) != hub and _can_be_kept(key) and _can_be_kept(hub):
            self._carried[key] = hub

    def flush(self, store: Store, now: datetime) -> None:
        """Write what is new; what cannot be written waits its turn."""
        if not (self._found or self._heard or self._carried):
            return
        some = dict(islice(self._carried.items(), AT_ONCE))
        with store.write() as connection:
            proposals.keep(connection, tuple(self._found.values()), self._heard, now)
            supervised.carried(connection, some)
        if len(self._told) > REMEMBERED:
            self._told.clear()
        self._told |= some
        self._carried = {key: hub for key, hub in self._carried.items() if some.get(key) != hub}
        if len(self._written) < MOST:
            self._written |= self._found
        self._found.clear()
        self._heard.clear()


def _can_be_kept(key: str) -> bool:
    return len(key) <= KEY_LIMIT and is_printable(key)
