"""Where telephones of staff are: the newest place of each in memory, written for all of them at once."""

from __future__ import annotations

from datetime import datetime

from community.storage import Store
from devices.signal import Fix, Reading, Registry, Role
from dispatcher import whereabouts


class LastPlace:
    """The places told since the last `flush`."""

    def __init__(self) -> None:
        self._told: dict[str, Fix] = {}

    def note(self, reading: Reading, devices: Registry) -> None:
        for fix in reading.fixes:
            known, before = devices.find(fix.device_key), self._told.get(fix.device_key)
            is_ours = known is not None and known.role is Role.STAFF_PHONE
            if is_ours and (before is None or before.at <= fix.at):
                self._told[fix.device_key] = fix

    def flush(self, store: Store, now: datetime) -> int:
        """Write them; returns of how many that was news. What cannot be written waits its turn."""
        if not self._told:
            return 0
        news = whereabouts.from_phones(store, tuple(self._told.values()), now)
        self._told.clear()
        return news
