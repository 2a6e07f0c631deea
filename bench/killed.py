"""Killed in the middle of a burst, and started again at once: who is never told, and who is told twice.

Ours: gateway and dispatcher die together; devices say a press again until they hear that it is stored, as our
devices do. The provider is one that can be asked what it took, as Twilio can, or that cannot, as SMPP cannot.
The naive service dies alike, once with a session that the broker keeps for it and once with paho's default.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

from rich.table import Table
from sqlalchemy import create_engine, text

from bench.scene import NAIVE, OURS, TEXTS_PER_PRESS, Scene, Whole, must
from bench.street import Street
from dispatcher.courier import UNRECORDED_S
from tests.servers import Part

AGAIN_S = 1.5  # a device without a receipt waits so long before it says its press again
SETTLES_S = 240.0  # however slow the machine
LOOKS_S = 0.2
QUIET_S = 4.0  # longer than the naive service needs for anything it still does
RATE = 1000.0  # presses a second

SENDERS = 32  # more would take more of the burst in hand: the bound is to be worth something

# What each is started with: a sender of ours has one text on its way at a time.
ASKED, NOT_ASKED = "anxin, a provider that can be asked", "anxin, one that cannot"
KEPT, PAHO = "naive, its session kept", "naive, as paho comes"
DESIGNS: Mapping[str, Mapping[str, object]] = {
    ASKED: {"bench_window": 1, "senders": SENDERS, "bench_can_be_asked": True},
    NOT_ASKED: {"bench_window": 1, "senders": SENDERS},
    KEPT: {},
    PAHO: {"bench_clean": True},
}

_ON_THEIR_WAY = text("SELECT count(*) FROM message WHERE state IN ('queued', 'sending')")


@dataclass(frozen=True)
class Size:
    presses: int
    repeats: int


FULL = Size(3000, 3)
QUICK = Size(3000, 1)
TINY = Size(120, 1)


@dataclass(frozen=True)
class Killed:
    """`lost`: homes of which nobody was ever told. `again`: texts that the provider took a second time."""

    store: str
    design: str
    presses: int
    lost: int
    texts: int
    again: int
    senders: int
    seconds: float  # from the kill until the last text

    def __str__(self) -> str:
        return (
            f"{self.store}: {self.design}: killed in a burst of {self.presses:,} presses: {self.lost:,} "
            f"never told ({self.lost / self.presses:.0%}), {self.again} of {self.texts:,} texts told again "
            f"by {self.senders} senders"
        )


def measure(size: Size, scene: Scene, tell: Callable[[str], None]) -> list[Killed]:
    """Each design on one store."""
    scene.databases.fill(scene.homes)
    found = []
    for design in DESIGNS:
        one = _middle([kill(design, size.presses, scene) for _ in range(size.repeats)])
        tell(str(one))
        found.append(one)
    return found


def homes(size: Size) -> int:
    """How many homes it takes, those included in which somebody pressed before."""
    return size.presses + 60


def kill(design: str, count: int, scene: Scene, unrecorded_s: float = UNRECORDED_S) -> Killed:
    """One of `DESIGNS`, killed when half of `count` homes have pressed; the databases are filled.

    A sender of ours waits `unrecorded_s` seconds for its last text to be recorded.
    """
    settings: dict[str, object] = {"bench_unrecorded_s": unrecorded_s, **DESIGNS[design]}
    is_naive = design.startswith(NAIVE)
    with (
        scene.broker() as (broker, street),
        scene.whole(NAIVE if is_naive else OURS, broker, street, **settings) as whole,
    ):
        said = whole.presses(count)
        half = count // 2
        must(street.steady(said[:half], RATE, lambda _: True, SETTLES_S), street)
        killed_at = time.monotonic()
        with _back_at_once(whole.parts, street):
            street.steady(said[half:], RATE, lambda _: True, SETTLES_S)
        if is_naive:
            _until_quiet(street)
        else:
            _until_all_is_said(street, said, whole)
        heard = street.heard
        return Killed(
            store=scene.databases.kind,
            design=design,
            presses=count,
            lost=count - len(heard.told),
            texts=heard.texts,
            again=heard.again,
            senders=1 if is_naive else SENDERS,
            seconds=heard.last_text - killed_at,
        )


@contextmanager
def _back_at_once(parts: Sequence[Part], street: Street) -> Iterator[None]:
    """Kill them all; whoever supervises them starts them again while the street goes on."""
    for part in parts:
        part.kill()
    starting = [threading.Thread(target=part.start) for part in parts]
    for each in starting:
        each.start()
    yield
    while any(each.is_alive() for each in starting):  # the provider answers whoever is back already
        street.wait(lambda _: False, LOOKS_S)


def _until_quiet(street: Street) -> None:
    so_far = -1
    while street.heard.texts > so_far:
        so_far = street.heard.texts
        street.wait(lambda heard, so_far=so_far: heard.texts > so_far, QUIET_S)


def _until_all_is_said(street: Street, said: Sequence[tuple[int, str, bytes]], whole: Whole) -> None:
    """Devices say what is not stored again; then nothing of it is left in the outbox, nor under a lease."""
    ends = time.monotonic() + SETTLES_S
    while waiting := [one for one in said if one[0] not in street.heard.stored]:
        must(time.monotonic() < ends, street)
        numbers = {number for number, _, _ in waiting}
        street.flood(waiting, lambda heard, numbers=numbers: numbers <= heard.stored.keys(), AGAIN_S)
    database = create_engine(whole.url)
    while not _is_over(database.connect, street, len(said)):
        must(time.monotonic() < ends, street)
        street.wait(lambda _: False, LOOKS_S)
    database.dispose()


def _is_over(connect: Callable[[], object], street: Street, presses: int) -> bool:
    if len(street.heard.taken) < presses * TEXTS_PER_PRESS:
        return False
    with connect() as connection:  # type: ignore[attr-defined]
        return connection.execute(_ON_THEIR_WAY).scalar_one() == 0


def _middle(runs: Sequence[Killed]) -> Killed:
    """The run in the middle by what was told again; what any run lost counts."""
    middle = sorted(runs, key=lambda run: run.again)[len(runs) // 2]
    worst = max(run.lost for run in runs) if middle.design.startswith(OURS) else None
    lost = worst if worst is not None else round(median(run.lost for run in runs))
    return Killed(**{**vars(middle), "lost": lost})


def table(found: Sequence[Killed]) -> Table:
    made = Table(title="Killed in a burst of presses, and started again at once", title_justify="left")
    for name in (
        "store",
        "design",
        "presses",
        "never told",
        "texts",
        "told again",
        "senders",
        "last after, s",
    ):
        made.add_column(name, justify="left" if name in ("store", "design") else "right")
    for one in found:
        made.add_row(
            one.store,
            one.design,
            f"{one.presses:,}",
            f"{one.lost:,} ({one.lost / one.presses:.0%})",
            f"{one.texts:,}",
            str(one.again),
            str(one.senders),
            f"{one.seconds:.1f}",
        )
    return made
