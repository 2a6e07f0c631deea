"""When devices last said what proves them, read from the signals: nobody keeps a second truth."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, func, select

from community.model import Device
from community.storage.tables import signal
from devices.signal import State
from dispatcher.proving import PROVES, Proof, proof


def of(connection: Connection, devices: Iterable[Device]) -> dict[int, Proof]:
    """The proof of each of `devices`, by id. What came late, from a memory, proves nothing of today."""
    found = {device.key: device for device in devices}
    query = (
        select(signal.c.device_key, func.max(signal.c.received_at).label("at"))
        .where(
            signal.c.device_key.in_(list(found)),
            signal.c.kind.in_(sorted(PROVES)),
            signal.c.state == State.ACTIVE.value,
            signal.c.is_old.is_(False),
        )
        .group_by(signal.c.device_key)
    )
    cried = {row.device_key: row.at for row in connection.execute(query)}
    return {
        device.id: proof(device.role, device.last_seen_at, cried.get(device.key)) for device in found.values()
    }
