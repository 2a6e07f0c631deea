"""Every home presses within ten seconds, and the provider takes 300 ms for each text, as real ones do.

How long after the last press the last home's first text was accepted, and whether an alarm of lesser severity
was told before a person who had pressed earlier: one home in ten reports a leak, whose plan tells relatives
at once, too. A sender has one text on its way, over a line of its own or over HTTP as to Aliyun, so there are
as many as it takes. The naive service, which sends in the callback, is given as long as the burst and ten
seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.table import Table

from bench import town
from bench.scene import NAIVE, OURS, Scene, must
from bench.street import Heard, leak, press

BARE, HTTP = "a bare line", "HTTP"
TAKES_S = 0.3
WITHIN_S = 10.0
LEAKS = 10  # one home in so many
LATEST_S = 180.0


@dataclass(frozen=True)
class Size:
    homes: int
    repeats: int


FULL = Size(4000, 3)
QUICK = Size(1000, 1)
TINY = Size(60, 1)


@dataclass(frozen=True)
class Storm:
    """Seconds from the last press of all; `told` of `homes` in that time."""

    store: str
    design: str
    over: str
    homes: int
    told: int
    last_person_s: float  # until the last home where somebody pressed had its first text accepted
    last_leak_s: float
    overtaken: int  # homes that pressed and saw a later leak told before them


def measure(size: Size, scene: Scene, tell: Callable[[str], None]) -> list[Storm]:
    """Ours as it comes, over a bare line and over HTTP; the naive service."""
    scene.databases.fill(scene.homes)
    found = []
    for design, how in ((OURS, BARE), (OURS, HTTP), (NAIVE, BARE)):
        runs = [_one(design, how, size.homes, scene) for _ in range(size.repeats)]
        found.append(sorted(runs, key=lambda run: run.last_person_s)[len(runs) // 2])
        last = found[-1]
        tell(f"{last.store}: {design}, {how}: {last.told} of {last.homes} told")
    return found


def homes(size: Size) -> int:
    """How many homes it takes, those included in which somebody pressed before."""
    return size.homes + 60


def _one(design: str, how: str, count: int, scene: Scene) -> Storm:
    with (
        scene.broker(TAKES_S) as (broker, street),
        scene.whole(
            design,
            broker,
            street,
            prepare=town.tell_of_leaks_at_once,
            bench_window=1,
            bench_http=how == HTTP,
        ) as whole,
    ):
        first = whole.next_home(count)
        leaks = {home for home in range(first, first + count) if home % LEAKS == 0}
        said = [(n, *(leak if n in leaks else press)(n, n)) for n in range(first, first + count)]
        rate = count / WITHIN_S
        patience = LATEST_S if design == OURS else WITHIN_S + 10
        ended = street.steady(said, rate, lambda heard: len(heard.told) >= count, patience)
        if design == OURS:
            must(ended, street)
        return _judge(scene.databases.kind, design, how, count, leaks, street.heard)


def _judge(kind: str, design: str, how: str, count: int, leaks: set[int], heard: Heard) -> Storm:
    last_press = max(heard.sent.values())
    people = {home: at for home, at in heard.told.items() if home not in leaks}
    leaked = {home: at for home, at in heard.told.items() if home in leaks}
    # Homes press in the order of their numbers: who has a larger one pressed later.
    overtaken, earliest = 0, float("inf")
    for home in sorted(heard.sent, reverse=True):
        if home in leaked:
            earliest = min(earliest, leaked[home])
        elif home not in leaks:
            overtaken += earliest < people.get(home, float("inf"))
    return Storm(
        kind,
        design,
        how,
        count,
        len(heard.told),
        max(people.values(), default=0.0) - last_press,
        max(leaked.values(), default=0.0) - last_press,
        overtaken,
    )


def table(found: Sequence[Storm]) -> Table:
    made = Table(
        title=f"All press within {WITHIN_S:.0f} s, the provider takes {TAKES_S * 1000:.0f} ms a text; "
        "seconds from the last press until the last first text",
        title_justify="left",
    )
    for name in ("store", "design", "over", "told", "persons", "leaks", "overtaken"):
        made.add_column(name, justify="left" if name in ("store", "design", "over") else "right")
    for one in found:
        is_all = one.told == one.homes
        made.add_row(
            one.store,
            one.design,
            one.over,
            f"{one.told:,}/{one.homes:,}",
            f"{one.last_person_s:.1f}" if is_all else "-",
            f"{one.last_leak_s:.1f}" if is_all else "-",
            str(one.overtaken) if is_all else "-",
        )
    return made
