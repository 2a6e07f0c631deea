"""When devices last said what proves them, read from the signals: nobody keeps a second truth."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, func, select

from community.model import Device
from community.storage.tables import label, signal
from devices.signal import State
from dispatcher.proving import PROVES, Proof, proof


def of(connection: Connection, devices: Iterable[Device]) -> dict[int, Proof]:
    """The proof of each of `devices`, by id. What came late, from a memory, proves nothing of today."""
    found = list(devices)
    query = (
        select(signal.c.device_key, func.max(signal.c.received_at).label("at"))
        .where(
            signal.c.device_key.in_([one.key for one in found]),
            signal.c.kind.in_(sorted(PROVES)),
            signal.c.state == State.ACTIVE.value,
            signal.c.is_old.is_(False),
        )
        .group_by(signal.c.device_key)
    )
    cried = {row.device_key: row.at for row in connection.execute(query)}
    labels = select(label.c.id, label.c.claimed_at).where(label.c.id.in_([one.id for one in found]))
    installed = {row.id: row.claimed_at for row in connection.execute(labels)}
    return {
        one.id: proof(one.role, one.last_seen_at, cried.get(one.key), installed.get(one.id)) for one in found
    }
