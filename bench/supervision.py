"""`python -m bench.supervision`: what it costs to notice that one of 100,000 devices has gone silent.

An hour of a city passes as fast as it can: every hub speaks each ten minutes and every sensor each hour; what
was heard is written each second, as the gateway does, and the patrol goes each five. Counted is the time of
the processor beside the hour: the share of one core that it needs, SQLite's part included.
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

from community.model import AreaLevel, Site
from community.storage import Store, register, schema
from community.storage.tables import area, device, household, supervision
from devices.signal import Role
from dispatcher import plans
from dispatcher.patrol import Patrol
from dispatcher.storage.planbook import Planbook

GOAL = 0.05  # of a core
DEVICES, CARRIED = 100_000, 9  # each hub carries nine sensors
HUB_S, SENSOR_S = 600, 3600
HOUR_S, FLUSH_S, PATROL_S = 3600, 1, 5
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
BATCH = 5000


def build(store: Store, devices: int) -> None:
    """A hub and its sensors in each home, all heard within their last beat."""
    schema.migrate(store)
    homes = devices // (CARRIED + 1)
    with store.write() as connection:
        register.set_site(connection, Site("city", "城", "2222999", "2222999"))
        connection.execute(
            insert(area).values(
                id=1, level=AreaLevel.STREET.value, code="1", code_scheme="local", name="街道"
            )
        )
        for low in range(1, homes + 1, BATCH):
            numbers = range(low, min(low + BATCH, homes + 1))
            connection.execute(
                insert(household), [{"id": n, "area_id": 1, "address": f"城{n}号"} for n in numbers]
            )
        ids = range(1, devices + 1)
        for low in range(0, devices, BATCH):
            some = ids[low : low + BATCH]
            connection.execute(
                insert(device),
                [
                    {
                        "id": id,
                        "key": f"care:city/{id}",
                        "role": (Role.HUB if _is_hub(id) else Role.MOTION_SENSOR).value,
                        "household_id": (id - 1) // (CARRIED + 1) + 1,
                        "last_seen_at": NOON - timedelta(seconds=_beat(id) - id % _beat(id)),
                    }
                    for id in some
                ],
            )
            connection.execute(
                insert(supervision),
                [
                    {
                        "id": id,
                        "hub_id": None if _is_hub(id) else (id - 1) // (CARRIED + 1) * (CARRIED + 1) + 1,
                        "expect_every_s": _beat(id),
                        "presence": "heard",
                        "since": NOON - timedelta(days=1),
                        "awaited_at": NOON - timedelta(days=1),
                        "look_at": NOON + timedelta(seconds=id % _beat(id)),
                    }
                    for id in some
                ],
            )


def _is_hub(id: int) -> bool:
    return id % (CARRIED + 1) == 1


def _beat(id: int) -> int:
    return HUB_S if _is_hub(id) else SENSOR_S


def an_hour(store: Store, devices: int, seconds: int) -> float:
    """How many seconds of the processor it takes to hear and supervise `devices` for `seconds`."""
    speaking: dict[tuple[int, int], list[str]] = {}
    for id in range(1, devices + 1):
        speaking.setdefault((_beat(id), id % _beat(id)), []).append(f"care:city/{id}")
    patrol = Patrol(store, Planbook(plans.shipped()))
    began = time.process_time()
    for second in range(seconds):
        now = NOON + timedelta(seconds=second)
        heard = [key for beat in (HUB_S, SENSOR_S) for key in speaking.get((beat, second % beat), ())]
        if second % FLUSH_S == 0 and heard:
            with store.write() as connection:
                register.touch_devices(connection, dict.fromkeys(heard, (now, 90)))
        if second % PATROL_S == 0:
            patrol.tick(now)
    return time.process_time() - began


def main() -> int:
    devices, seconds = (DEVICES, HOUR_S) if len(sys.argv) < 2 else (int(sys.argv[1]), int(sys.argv[2]))
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{Path(folder) / 'city.db'}")
        build(store, devices)
        took = an_hour(store, devices, seconds)
        store.close()
    share = took / seconds
    print(f"SQLite: {devices} devices supervised for {seconds} s in {took:.1f} s: {share:.1%} of a core")
    print(f"asked: less than {GOAL:.0%}")
    return 0 if share < GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
