"""`python -m bench`: what the promises cost, side by side in one run. Compare ratios, not runs.

Each part can be run alone (`--only`): `speed` on this machine's disk, `slow-disk` the same with 10 ms a sync,
`storm` with a slow provider, `tick` over many open cases, `killed` in a burst, `decoding` of messages on one
core, `supervision` of a city's devices, `pixels` from a commit to the screens, `drawing`
of a large street on the map. Each module says what it is.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from bench import decoding, drawing, killed, pixels, speed, storm, supervision, ticks
from bench.disk import NO_COMPILER, OWN, Disk, can_be_slow, slow
from bench.scene import POSTGRES, SQLITE, Scene, databases

_PARTS = (speed, ticks, killed, storm, decoding, supervision, pixels, drawing)


@dataclass(frozen=True)
class Size:
    """How much of everything, in each part."""

    speed: speed.Size
    ticks: ticks.Size
    killed: killed.Size
    storm: storm.Size
    decoding: decoding.Size
    supervision: supervision.Size
    pixels: pixels.Size
    drawing: drawing.Size


SIZES = {size: Size(*(getattr(part, size.upper()) for part in _PARTS)) for size in ("full", "quick", "tiny")}
SPEED, SLOW_DISK, STORM, TICK, KILLED = "speed", "slow-disk", "storm", "tick", "killed"
DECODING, SUPERVISION, PIXELS, DRAWING = "decoding", "supervision", "pixels", "drawing"
PARTS = (SPEED, SLOW_DISK, STORM, TICK, KILLED, DECODING, SUPERVISION, PIXELS, DRAWING)


@dataclass
class Report:
    machine: str
    speed: speed.Speed | None = None
    slow_disk: speed.Speed | None = None
    storm: list[storm.Storm] = field(default_factory=list)
    ticks: list[ticks.Tick] = field(default_factory=list)
    killed: list[killed.Killed] = field(default_factory=list)
    decoding: decoding.Decoding | None = None
    supervision: supervision.Supervision | None = None
    pixels: list[pixels.Pixels] = field(default_factory=list)
    drawing: list[drawing.Drawing] = field(default_factory=list)

    def tables(self) -> Iterator[Table]:
        for found in (self.speed, self.slow_disk):
            if found is not None:
                yield from speed.tables(found)
        if self.storm:
            yield storm.table(self.storm)
        if self.ticks:
            yield ticks.table(self.ticks)
        if self.killed:
            yield killed.table(self.killed)
        if self.decoding is not None:
            yield decoding.table(self.decoding)
        if self.supervision is not None:
            yield supervision.table(self.supervision)
        if self.pixels:
            yield pixels.table(self.pixels)
        if self.drawing:
            yield drawing.table(self.drawing)


class Bench:
    def __init__(self, size: Size, kinds: list[str], folder: Path, console: Console) -> None:
        self._size = size
        self._kinds = kinds
        self._folder = folder
        self._console = console

    def run(self, parts: list[str]) -> Report:
        report = Report(
            f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
            f"Python {platform.python_version()}"
        )
        if SPEED in parts:
            report.speed = self._speed(self._size.speed, OWN)
        if SLOW_DISK in parts:
            if can_be_slow():
                # What is written one by one takes as long as its syncs: less of that is as good.
                few = replace(self._size.speed, naive=max(20, self._size.speed.naive // 4))
                report.slow_disk = self._speed(few, slow(self._folder))
            else:
                self._tell(f"{SLOW_DISK} is left out: {NO_COMPILER}")
        if STORM in parts:
            for scene in self._scenes(storm.homes(self._size.storm)):
                report.storm += storm.measure(self._size.storm, scene, self._tell)
        if TICK in parts:
            for scene in self._scenes(max(self._size.ticks.open)):
                scene.databases.fill(scene.homes)
                report.ticks += ticks.measure(self._size.ticks, scene.databases, self._tell)
        if KILLED in parts:
            for scene in self._scenes(killed.homes(self._size.killed)):
                report.killed += killed.measure(self._size.killed, scene, self._tell)
        if DECODING in parts:
            report.decoding = decoding.measure(self._size.decoding, self._tell)
        if SUPERVISION in parts:
            report.supervision = supervision.measure(self._size.supervision, self._folder, self._tell)
        if PIXELS in parts:
            if pixels.can_draw():
                for scene in self._scenes(pixels.homes(self._size.pixels)):
                    report.pixels.append(pixels.measure(self._size.pixels, scene, self._tell))
            else:
                self._tell(f"{PIXELS} is left out: {pixels.NO_CHROMIUM}")
        if DRAWING in parts:
            if pixels.can_draw():
                report.drawing = drawing.measure(self._size.drawing, self._folder, self._tell)
            else:
                self._tell(f"{DRAWING} is left out: {pixels.NO_CHROMIUM}")
        return report

    def _speed(self, size: speed.Size, disk: Disk) -> speed.Speed:
        self._tell(f"disk: {disk.name}")
        return speed.measure(size, disk, self._folder, self._scenes(size.homes, disk), self._tell)

    def _scenes(self, homes: int, disk: Disk = OWN) -> Iterator[Scene]:
        """A scene for each kind of store, one after the other."""
        for kind in self._kinds:
            folder = Path(tempfile.mkdtemp(prefix=f"{kind}-", dir=self._folder))
            folder.chmod(0o755)
            with databases(kind, folder / "data", disk) as fresh:
                yield Scene(folder, fresh, homes)

    def _tell(self, words: str) -> None:
        self._console.print(f"[dim]{words}[/dim]")


def main(
    quick: Annotated[bool, typer.Option("--quick", help="a quarter of everything")] = False,
    size: Annotated[str, typer.Option(help=f"how much: {', '.join(SIZES)}")] = "full",
    store: Annotated[list[str] | None, typer.Option(help="sqlite, postgres; both when not given")] = None,
    only: Annotated[
        list[str] | None, typer.Option(help=f"{', '.join(PARTS)}; all of them when not given")
    ] = None,
    json: Annotated[Path | None, typer.Option(help="write the figures here, too")] = None,
    folder: Annotated[Path | None, typer.Option(help="where data and logs go, and stay")] = None,
) -> None:
    """Measure what the promises cost, beside the naive design, paho alone and one fsync.

    Figures of one run may be compared with each other, those of two runs hardly. Data is synced to the disk
    of the temporary folder (`TMPDIR`), which should be a real one.
    """
    console = Console()
    parts = only or list(PARTS)
    if unknown := [name for name in parts if name not in PARTS]:
        raise typer.BadParameter(f"there is no part {unknown[0]!r}: choose from {', '.join(PARTS)}")
    data = folder or Path(tempfile.mkdtemp(prefix="anxin-bench-"))
    data.mkdir(parents=True, exist_ok=True)
    data.chmod(0o755)
    try:
        report = Bench(SIZES["quick" if quick else size], store or [SQLITE, POSTGRES], data, console).run(
            parts
        )
    finally:
        if folder is None:
            shutil.rmtree(data, ignore_errors=True)
    console.print(report.machine)
    for table in report.tables():
        console.print(table)
    if json is not None:
        json.write_bytes(orjson.dumps(asdict(report), option=orjson.OPT_INDENT_2))


if __name__ == "__main__":
    sys.exit(typer.run(main))
