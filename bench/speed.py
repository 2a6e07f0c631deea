"""Signals stored, presses told, and how long one press takes: ours, the naive design, a prototype of the fast
path alone, paho alone, a sync. The prototype tells one relative and nobody else, so ours is measured with a
plan of one text, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median, quantiles

from rich.table import Table

from bench.disk import Disk
from bench.scene import NAIVE, OURS, PROTOTYPE, TEXTS_PER_PRESS, Scene, Whole, must, presses
from bench.street import Heard, Street, activity, press
from bench.town import RELATIVES, ask_for_one_text
from tests.servers import Mosquitto

JOINED = 200  # homes whose incident is open already when the presses are counted
ONE_TEXT = f"{OURS}, one text"
EACH = {OURS: TEXTS_PER_PRESS, ONE_TEXT: 1, PROTOTYPE: 1, NAIVE: RELATIVES}  # texts of a press
COMMIT_RATE = 1000.0  # presses a second, when it is asked how long they take to be stored


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
TINY = Size(450, 10, 200, 30, 1000, 400, 150, ((20, 0.5), (60, 4)), 1)


@dataclass(frozen=True)
class Latency:
    """From the moment a press was due to be sent until its first text was accepted by the provider, in ms."""

    rate: float
    presses: int
    answered: int
    p50_ms: float | None
    p99_ms: float | None
    stored_p50_ms: float | None = None  # until the application ack was heard
    stored_p99_ms: float | None = None


@dataclass
class Numbers:
    """What was measured on one store."""

    store: str
    naive_per_s: float = 0
    activity_per_s: float = 0
    joins_per_s: float = 0
    prototype_per_s: float = 0
    prototype_presses_told_per_s: float = 0
    presses_told_per_s: float = 0
    texts_per_s: float = 0
    one_text_per_s: float = 0
    naive_presses_told_per_s: float = 0
    naive_texts_per_s: float = 0
    stored: Latency | None = None  # by the gateway alone, at `COMMIT_RATE`
    latency: dict[str, list[Latency]] = field(default_factory=dict)


@dataclass(frozen=True)
class Speed:
    """What was measured on one disk."""

    disk: str
    fsync_p50_ms: float
    fsync_p99_ms: float
    paho_alone_per_s: float
    stores: list[Numbers]


def measure(
    size: Size, disk: Disk, folder: Path, scenes: Iterator[Scene], tell: Callable[[str], None]
) -> Speed:
    """Everything, on one disk; `scenes` are one for each store."""
    syncs = disk.syncs_ms(folder, size.fsyncs)
    calm, worst = median(syncs), percentile(syncs, 99)
    tell(f"one fsync: {calm:.2f} ms, p99 {worst:.2f} ms")
    alone, stores = 0.0, []
    for scene in scenes:
        if not alone:
            alone = median(_paho_alone(scene, size) for _ in range(size.repeats))
            tell(f"paho alone: {alone:,.0f}/s")
        stores.append(_Measurement(size, scene, tell).run())
    return Speed(disk.name, calm, worst, alone, stores)


class _Measurement:
    def __init__(self, size: Size, scene: Scene, tell: Callable[[str], None]) -> None:
        self._size = size
        self._scene = scene
        self._tell = tell

    def run(self) -> Numbers:
        size, scene = self._size, self._scene
        kind = scene.databases.kind
        found = Numbers(kind)
        scene.databases.fill(size.homes)
        found.naive_per_s = self._median(self._naive_per_s)
        self._tell(f"{kind}: naive {found.naive_per_s:,.0f} signals/s")
        found.activity_per_s = self._median(lambda: self._gateway_per_s(joins=False))
        found.joins_per_s = self._median(lambda: self._gateway_per_s(joins=True))
        self._tell(
            f"{kind}: gateway {found.activity_per_s:,.0f} signals/s, "
            f"{found.joins_per_s:,.0f} presses/s that join an open incident"
        )
        found.prototype_per_s = self._median(self._prototype_per_s)
        self._tell(f"{kind}: prototype {found.prototype_per_s:,.0f} signals/s")
        found.stored = _middle([self._storing() for _ in range(size.repeats)])
        for design in (OURS, ONE_TEXT, PROTOTYPE, NAIVE):
            runs = [self._latencies(design) for _ in range(size.repeats)]
            found.latency[design] = [_middle(list(rows)) for rows in zip(*runs, strict=False)]
        self._tell(f"{kind}: latencies measured")
        found.presses_told_per_s, found.texts_per_s = self._medians(lambda: self._burst(OURS))
        found.one_text_per_s, _ = self._medians(lambda: self._burst(ONE_TEXT))
        found.prototype_presses_told_per_s, _ = self._medians(lambda: self._burst(PROTOTYPE))
        found.naive_presses_told_per_s, found.naive_texts_per_s = self._medians(lambda: self._burst(NAIVE))
        self._tell(
            f"{kind}: {found.texts_per_s:,.0f} texts/s, {found.one_text_per_s:,.0f} presses/s "
            f"with one text each (prototype {found.prototype_presses_told_per_s:,.0f}); "
            f"naive {found.naive_texts_per_s:,.0f} texts/s"
        )
        return found

    def _median(self, once: Callable[[], float]) -> float:
        return median(once() for _ in range(self._size.repeats))

    def _medians(self, once: Callable[[], tuple[float, float]]) -> tuple[float, float]:
        first, second = zip(*(once() for _ in range(self._size.repeats)), strict=True)
        return median(first), median(second)

    def _naive_per_s(self) -> float:
        said = _said(activity, self._size.naive, self._size.homes)
        with (
            self._scene.broker() as (broker, street),
            self._scene.part(
                "bench.naive",
                self._scene.databases.fresh(NAIVE),
                broker,
                street,
                "store",
                bench_count=len(said),
            ),
        ):
            return _rate(len(said), street, street.flood(said, lambda heard: heard.done > 0, 120), "done")

    def _gateway_per_s(self, *, joins: bool) -> float:
        """From the first message until the last receipt, which leaves after the commit."""
        count = self._size.joins if joins else self._size.activity
        said = _said(press if joins else activity, count, JOINED if joins else self._size.homes)
        first = _said(press, JOINED, min(JOINED, self._size.homes), start=1_000_000_000)
        with (
            self._scene.broker() as (broker, street),
            self._scene.part("gateway", self._scene.databases.fresh(OURS), broker, street),
        ):
            must(street.flood(first, lambda heard: len(heard.stored) == len(first), 60), street)
            street.forget()
            return _rate(
                count, street, street.flood(said, lambda heard: len(heard.stored) == count, 120), "stored"
            )

    def _prototype_per_s(self) -> float:
        count = self._size.activity
        said = _said(activity, count, self._size.homes)
        with (
            self._scene.broker() as (broker, street),
            self._scene.part("bench.prototype", self._scene.databases.fresh(PROTOTYPE), broker, street),
        ):
            return _rate(
                count, street, street.flood(said, lambda heard: len(heard.stored) == count, 120), "stored"
            )

    def _storing(self) -> Latency:
        """How long a press takes until its receipt, with nobody there who tells anybody."""
        seconds = min(3.0, self._size.homes / (2 * COMMIT_RATE))
        count = round(seconds * COMMIT_RATE)
        with (
            self._scene.broker() as (broker, street),
            self._scene.part("gateway", self._scene.databases.fresh(OURS), broker, street),
        ):
            first = min(50, self._size.homes - count)
            must(
                street.flood(presses(count + 1, first), lambda heard: len(heard.stored) == first, 60), street
            )
            street.forget()
            said = presses(1, count)
            street.steady(said, COMMIT_RATE, lambda heard: len(heard.stored) == count, seconds + 8)
            return _latency(COMMIT_RATE, street.heard, count)

    def _latencies(self, design: str) -> list[Latency]:
        found = []
        with self._scene.broker() as (broker, street), self._whole(design, broker, street) as whole:
            for rate, seconds in self._size.rates:
                count = max(2, round(rate * seconds))
                said = whole.presses(count)
                street.forget()
                street.steady(said, rate, lambda heard, count=count: len(heard.told) >= count, seconds + 8)
                found.append(_latency(rate, street.heard, count))
                if found[-1].answered < count:
                    break  # it is behind already: a higher rate would measure the queue
                texts = count * EACH[design]
                street.wait(lambda heard, texts=texts: heard.texts >= texts, 5)
        return found

    def _burst(self, design: str) -> tuple[float, float]:
        """Everybody presses at once: (presses whose relative was told, texts) per second until the last."""
        count, each = self._size.naive if design == NAIVE else self._size.burst, EACH[design]
        with self._scene.broker() as (broker, street), self._whole(design, broker, street) as whole:
            said = whole.presses(count)
            must(street.flood(said, lambda heard: heard.texts >= count * each, 120), street)
            began = min(street.heard.sent.values())
            return (
                count / (max(street.heard.told.values()) - began),
                street.heard.texts / (street.heard.last_text - began),
            )

    def _whole(self, design: str, broker: Mosquitto, street: Street) -> AbstractContextManager[Whole]:
        if design == ONE_TEXT:
            return self._scene.whole(OURS, broker, street, EACH[design], ask_for_one_text)
        return self._scene.whole(design, broker, street, EACH[design])


def _paho_alone(scene: Scene, size: Size) -> float:
    """Consume at QoS 1 and drop: nothing that uses paho can be faster."""
    said = _said(activity, size.dropped, 1000)
    with (
        scene.broker() as (broker, street),
        scene.part("bench.naive", "", broker, street, "drop", bench_count=len(said)),
    ):
        return _rate(len(said), street, street.flood(said, lambda heard: heard.done > 0, 120), "done")


def _said(what: object, count: int, homes: int, start: int = 1) -> list[tuple[int, str, bytes]]:
    return [(start + n, *what(n % homes + 1, start + n)) for n in range(count)]  # type: ignore[operator]


def _rate(count: int, street: Street, ended: bool, what: str) -> float:
    must(ended, street)
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
        percentile(took, 99) if took else None,
        median(stored) if stored else None,
        percentile(stored, 99) if stored else None,
    )


def _middle(runs: Sequence[Latency]) -> Latency:
    """The median of each figure."""

    def of(name: str) -> float | None:
        known = [value for run in runs if (value := getattr(run, name)) is not None]
        return median(known) if known else None

    times = {name: of(name) for name in ("p50_ms", "p99_ms", "stored_p50_ms", "stored_p99_ms")}
    return replace(runs[0], answered=min(run.answered for run in runs), **times)


def percentile(values: Sequence[float], percent: int) -> float:
    if len(values) < 2:
        return values[0]
    return quantiles(values, n=100, method="inclusive")[percent - 1]


def tables(found: Speed) -> Iterator[Table]:
    yield _rates(found)
    yield _waits(found)


def _rates(found: Speed) -> Table:
    def ratio(value: float, base: float) -> str:
        return f"{value / base:.2f}" if base else "-"

    table = Table(title=f"Signals persisted and acknowledged, disk: {found.disk}", title_justify="left")
    for name in ("what", "store", "per second", "of paho alone", "times naive"):
        table.add_column(name, justify="left" if name in ("what", "store") else "right")
    table.add_row("paho alone, dropped", "-", f"{found.paho_alone_per_s:,.0f}", "1", "")
    for store in found.stores:
        for what, rate, naive in (
            ("naive, commit per message", store.naive_per_s, store.naive_per_s),
            ("gateway, activity", store.activity_per_s, store.naive_per_s),
            ("gateway, presses joining open incidents", store.joins_per_s, store.naive_per_s),
            ("prototype, activity", store.prototype_per_s, store.naive_per_s),
            ("naive, press → told", store.naive_presses_told_per_s, store.naive_presses_told_per_s),
            ("press → told, everybody at once", store.presses_told_per_s, store.naive_presses_told_per_s),
            ("texts of these", store.texts_per_s, store.naive_texts_per_s),
            ("press → told, a plan of one text", store.one_text_per_s, store.naive_presses_told_per_s),
            (
                "prototype, press → told, one text",
                store.prototype_presses_told_per_s,
                store.naive_presses_told_per_s,
            ),
        ):
            table.add_row(
                what, store.store, f"{rate:,.0f}", ratio(rate, found.paho_alone_per_s), ratio(rate, naive)
            )
    return table


def _waits(found: Speed) -> Table:
    table = Table(
        title=(
            f"Press until stored, and until accepted by the provider; p50 / p99, disk: {found.disk} "
            f"(one fsync: {found.fsync_p50_ms:.2f} ms, p99 {found.fsync_p99_ms:.2f})"
        ),
        title_justify="left",
    )
    for name in (
        "design",
        "store",
        "presses/s",
        "told",
        "stored, ms",
        "in syncs",
        "accepted, ms",
        "in syncs",
    ):
        table.add_column(name, justify="left" if name in ("design", "store") else "right")
    for store in found.stores:
        alone = [("gateway", store.stored)] if store.stored is not None else []
        rows = [*alone, *((design, row) for design, rows in store.latency.items() for row in rows)]
        for design, row in rows:
            table.add_row(
                design,
                store.store,
                f"{row.rate:g}",
                f"{row.answered}/{row.presses}",
                *(
                    "-" if p50 is None or p99 is None else f"{p50 / unit:.1f} / {p99 / unit:.1f}"
                    for p50, p99 in ((row.stored_p50_ms, row.stored_p99_ms), (row.p50_ms, row.p99_ms))
                    for unit in (1, found.fsync_p50_ms)
                ),
            )
    return table
