"""What it costs to notice that one of 100,000 devices has gone silent.

A city's time passes as fast as it can: every hub speaks each ten minutes and every sensor each hour; what was
heard is written each second, as the gateway does, and the patrol goes each five. Counted is the time of the
processor beside the time that passes: the share of one core that it needs, SQLite's part included. Beside it,
what most would write first: at each patrol, load every device and see how long it has been silent.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.table import Table
from sqlalchemy import insert, join, select

from community.model import AreaLevel, Site
from community.storage import Store, register, schema
from community.storage.tables import area, device, household, supervision
from devices.signal import Role
from dispatcher import plans
from dispatcher.patrol import Patrol
from dispatcher.storage.planbook import Planbook

GOAL = 0.05  # of a core
CARRIED = 9  # sensors of each hub
HUB_S, SENSOR_S = 600, 3600
FLUSH_S, PATROL_S = 1, 5
NAIVE_LOOKS = 5
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
BATCH = 5000


@dataclass(frozen=True)
class Size:
    devices: int
    seconds: int


FULL = Size(100_000, 3600)
QUICK = Size(25_000, 600)
TINY = Size(500, 20)


@dataclass(frozen=True)
class Supervision:
    """Shares of one core: ours, and of a patrol that looks at every device."""

    devices: int
    seconds: int
    share: float
    naive_share: float


def measure(size: Size, folder: Path, tell: Callable[[str], None]) -> Supervision:
    store = Store(f"sqlite:///{folder / 'city.db'}")
    try:
        build(store, size.devices)
        tell(f"built {size.devices:,} devices")
        took = pass_time(store, size.devices, size.seconds)
        naive = naive_look(store)
    finally:
        store.close()
    return Supervision(size.devices, size.seconds, took / size.seconds, naive / PATROL_S)


def table(found: Supervision) -> Table:
    made = Table(title="Supervision of devices, share of one core (SQLite)", title_justify="left")
    for name in ("devices", "seconds passed", "heard and patrolled", "asked", "naive: look at each"):
        made.add_column(name, justify="right")
    shares = (f"{share:.2%}" for share in (found.share, GOAL, found.naive_share))
    made.add_row(f"{found.devices:,}", f"{found.seconds:,}", *shares)
    return made


def naive_look(store: Store) -> float:
    """Seconds of the processor that it takes to load every device and see how long it has been silent."""
    beats = join(device, supervision, supervision.c.id == device.c.id)
    wanted = select(device.c.id, device.c.last_seen_at, supervision.c.expect_every_s).select_from(beats)
    begun = time.process_time()
    for _ in range(NAIVE_LOOKS):
        with store.read() as connection:
            rows = connection.execute(wanted).all()
        silent = [
            row.id for row in rows if NOON - row.last_seen_at > timedelta(seconds=2 * row.expect_every_s)
        ]
        assert not silent
    return (time.process_time() - begun) / NAIVE_LOOKS


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


def pass_time(store: Store, devices: int, seconds: int) -> float:
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
