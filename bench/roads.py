"""`python -m bench.roads [FILE]`: what searching roads costs beside a straight line, and spares.

FILE is a map as `register import-roads` takes it; without one, a made-up town on both banks of a river. Homes
and grid workers are scattered over its crossings, the same with the same seed. Compare the rows of one run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, isfinite
from pathlib import Path
from statistics import median
from typing import Annotated, TypeVar

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from community.model import Position, Responder, ResponderKind
from dispatcher.travel import Approach, Budget, Travel
from maps.coords import Point
from maps.grid import metres_per_degree
from maps.nearest import Place, Places
from maps.roads import MODES, Network, Roads, Way, build, unpacked
from maps.streets import from_lines, from_osm
from maps.survey import System, read

SLOWER_S = 30.0  # by so much a choice counts as wrong
KIND = ResponderKind.GRID_WORKER
T = TypeVar("T")


@dataclass(frozen=True)
class Measured:
    """Milliseconds, medians; `wrong` of `homes` got somebody slower, at worst by `worst_min` minutes."""

    straight_ms: float
    first_ms: float  # by road, for a crossing nobody asked for yet
    again_ms: float
    homes: int
    wrong: int
    worst_min: float


def town(size: int = 40, step_m: float = 120.0) -> list[Way]:
    """Streets like a chessboard on both banks of a river of 300 m, and one bridge at their end."""
    east_m, north_m = metres_per_degree(37.59).tolist()

    def way(key: str, spots: Sequence[tuple[float, float]]) -> Way:
        corners = [(118.5 + x / east_m, 37.55 + y / north_m) for x, y in spots]
        return Way(key, "", corners, spots, frozenset(MODES), frozenset(MODES), 25)

    xs = [x * step_m for x in range(size)]
    banks = [[y * step_m + bank for y in range(size // 2)] for bank in (0.0, size // 2 * step_m + 300)]
    ways = [way(f"street {y:.0f}", [(x, y) for x in xs]) for bank in banks for y in bank]
    ways += [way(f"lane {x:.0f} {bank[0]:.0f}", [(x, y) for y in bank]) for bank in banks for x in xs]
    bridges = [way(f"bridge {x:.0f}", [(x, banks[0][-1]), (x, banks[1][0])]) for x in xs[:1]]
    return ways + bridges


def measure(network: Network, workers: int, homes: int, seed: int = 1) -> Measured:
    rng = np.random.default_rng(seed)
    roads = Roads(network)
    spots = [
        Point(float(network.lon[at]), float(network.lat[at]))
        for at in rng.integers(0, len(network.lon), workers + homes)
    ]
    people = [
        Responder(id, KIND, str(id), "+8613800000001", Position(at.lon, at.lat))
        for id, at in enumerate(spots[:workers], start=1)
    ]
    ids = [str(one.id) for one in people]
    places = Places({KIND: [Place(id, at) for id, at in zip(ids, spots, strict=False)]})
    travel = Travel(roads, people)
    times: dict[str, list[float]] = {"straight": [], "first": [], "again": []}
    slower: list[float] = []
    for door in spots[workers:]:
        straight, took = _timed(lambda door=door: places.nearest(door, 8)[KIND])
        times["straight"].append(took)
        for name in ("first", "again"):
            best, took = _timed(lambda door=door: Approach(travel, door, Budget()).quickest(KIND, ids, 8))
            times[name].append(took)
        if best:
            approach = Approach(travel, door, Budget())
            chosen = approach.trip(people[int(straight[0].id) - 1], straight[0].distance_m).seconds
            slower.append(chosen - approach.trip(people[int(best[0]) - 1], 0.0).seconds)
    wrong = [one for one in slower if one > SLOWER_S]
    return Measured(
        *(median(times[name]) * 1000 for name in ("straight", "first", "again")),
        homes=len(slower),
        wrong=len(wrong),
        worst_min=max((one / 60 for one in wrong if isfinite(one)), default=inf if wrong else 0.0),
    )


def main(
    file: Annotated[Path | None, typer.Argument(help="a map: .osm, .geojson, .shp")] = None,
    crs: str = "wgs84",
    workers: int = 40,
    homes: int = 200,
) -> None:
    ways = (
        town()
        if file is None
        else list(from_osm(file) if file.suffix == ".osm" else from_lines(read(file, System(crs))))
    )
    network, building = _timed(lambda: build(ways))
    packed = network.packed()
    _, loading = _timed(lambda: Roads(unpacked(packed)))
    found = measure(network, workers, homes)
    table = Table(title=f"{'a made-up town' if file is None else file.name}: who is there first of {workers}")
    for column in ("", "ms", "of a straight line"):
        table.add_column(column, justify="right")
    rows = {
        "straight line": found.straight_ms,
        "by road, at first": found.first_ms,
        "by road, again": found.again_ms,
    }
    for name, ms in rows.items():
        table.add_row(name, f"{ms:.2f}", f"{ms / found.straight_ms:.1f} ×")
    console = Console()
    console.print(table)
    console.print(
        f"{len(network.lon):,} crossings, {len(network.way):,} pieces, {len(packed) / 1e6:.2f} MB packed; "
        f"read in {building:.1f} s, made ready in {loading * 1000:.0f} ms\n"
        f"straight lines chose somebody more than {SLOWER_S:.0f} s slower for {found.wrong} of {found.homes} "
        f"homes, by up to {found.worst_min:.0f} min"
    )


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    begun = time.perf_counter()
    found = work()
    return found, time.perf_counter() - begun


if __name__ == "__main__":
    typer.run(main)
