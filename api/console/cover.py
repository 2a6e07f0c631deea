"""What a day of the rota looks like in a cell of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from dispatcher.wording import Pair

_WEEKDAYS = (
    ("周一", "Mon"),
    ("周二", "Tue"),
    ("周三", "Wed"),
    ("周四", "Thu"),
    ("周五", "Fri"),
    ("周六", "Sat"),
    ("周日", "Sun"),
)


@dataclass(frozen=True, slots=True)
class DayCover:
    """`few` and `many` of the hours that have somebody, and the hours that have nobody, such as `0–8`."""

    few: int
    many: int
    gaps: tuple[str, ...]


def covered(hours: Sequence[int]) -> DayCover:
    """`hours`: the fewest who are there in each hour of a day."""
    there = [number for number in hours if number]
    runs = [
        list(run) for is_empty, run in groupby(range(len(hours)), lambda hour: not hours[hour]) if is_empty
    ]
    gaps = tuple(f"{run[0]}–{run[-1] + 1}" for run in runs)
    return DayCover(min(there, default=0), max(there, default=0), gaps)


def weekday(day: date) -> Pair:
    """11-23 周一, Mon."""
    zh, en = _WEEKDAYS[day.weekday()]
    return f"{day:%m-%d} {zh}", en
