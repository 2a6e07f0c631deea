"""What the gateway hears beside its families' topics: sensors that announced themselves and were confirmed.

Home Assistant's discovery says where such a sensor's state is. Somebody may confirm or remove one at any
time: the filters follow the register while the gateway runs.
"""

from __future__ import annotations

from community.storage import Store, register
from devices.formats import family
from devices.formats.ha_discovery import KEY


class Confirmed:
    """The state topics, of no family, of enrolled sensors; read again when the register has moved."""

    def __init__(self) -> None:
        self._revision = -1

    def news(self, store: Store) -> tuple[str, ...] | None:
        """All of them, if a device has changed since the last time; else None."""
        with store.read() as connection:
            revision = register.revisions(connection).device
            if revision == self._revision:
                return None
            keys = [device.key for device in register.devices(connection)]
        self._revision = revision
        topics = [key.removeprefix(KEY) for key in keys if key.startswith(KEY)]
        own = (topic for topic in topics if topic and not {"+", "#"} & set(topic))
        return tuple(topic for topic in own if family(topic) is None)  # what a family speaks on is heard
