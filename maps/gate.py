"""The import gate: whether positions are in the coordinate system that they are declared to be in.

Wrong by a Chinese map's shift is half a kilometre, the wrong estate, and looks plausible on every screen. So
what is imported is compared with places that the register knows already. Each single one may honestly lie
elsewhere (a door is not the middle of its cell); all of them shifted the same way are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import atan2, degrees, hypot, sqrt

import numpy as np
from numpy.typing import NDArray

from maps.coords import Crs, Point
from maps.grid import metres_per_degree
from maps.survey import System

SURE = 3.0  # standard errors by which one system must fit better than another
HONEST_M = 200.0  # by which a whole survey may be off and still be this system: less than half a shift
_NAMES = {Crs.WGS84: "WGS-84", Crs.GCJ02: "GCJ-02", Crs.BD09: "BD-09"}
_TOWARDS = (
    ("东", "east"), ("东北", "north-east"), ("北", "north"), ("西北", "north-west"),
    ("西", "west"), ("西南", "south-west"), ("南", "south"), ("东南", "south-east"),
)  # fmt: skip


class Fit(StrEnum):
    RIGHT = "right"
    WRONG = "wrong"  # another system fits, and this one does not
    UNKNOWN = "unknown"  # too little to compare with, or nothing fits


@dataclass(frozen=True, slots=True)
class Pair:
    """A position of the file, as it is written there, and where the register has the same thing.

    `within_m`: how far the two may honestly lie apart, in metres.
    """

    x: float
    y: float
    known: Point
    within_m: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says, in words for a person. `off_m`: metres by which all are shifted, as declared."""

    fit: Fit
    text: str
    off_m: float = 0.0
    should_be: Crs | None = None


def judge(pairs: Sequence[Pair], declared: System) -> Verdict:
    """Whether `pairs` may be in `declared`; names the system they are in when it is another."""
    if not pairs:
        return Verdict(
            Fit.UNKNOWN, "登记中没有可对照的位置,坐标系未能核对 nothing in the register to compare with"
        )
    name = _NAMES[declared.crs] if declared.crs is not None else declared.name
    as_declared, noise = _shift(pairs, declared)
    doubt = SURE * noise
    others = {
        crs: float(np.hypot(*_shift(pairs, System(crs.value))[0])) for crs in Crs if crs is not declared.crs
    }
    best = min(others, key=lambda crs: others[crs])
    off_m = float(hypot(*as_declared))
    if off_m - others[best] > doubt and others[best] < HONEST_M + doubt:
        return Verdict(
            Fit.WRONG,
            f"像是{_NAMES[best]},却声明为{name}:整体偏{_words(as_declared)[0]}{off_m:.0f}米"
            f" these look like {_NAMES[best]} declared as {name}:"
            f" off by {off_m:.0f} m to the {_words(as_declared)[1]}",
            off_m,
            best,
        )
    if off_m > HONEST_M + doubt:
        return Verdict(
            Fit.UNKNOWN,
            f"与登记的位置相差{off_m:.0f}米(偏{_words(as_declared)[0]}),换坐标系也对不上"
            f" off by {off_m:.0f} m to the {_words(as_declared)[1]}, and no other system fits better",
            off_m,
        )
    if others[best] - off_m < doubt:
        return Verdict(
            Fit.UNKNOWN,
            f"可对照的位置太少或太散({len(pairs)}处),分不清{name}与{_NAMES[best]}"
            f" {len(pairs)} places cannot tell {name} from {_NAMES[best]}",
            off_m,
        )
    return Verdict(
        Fit.RIGHT,
        f"坐标系核对无误:{len(pairs)}处对照,整体偏差{off_m:.0f}米"
        f" fits {name}: {len(pairs)} places compared, off by {off_m:.0f} m",
        off_m,
    )


def _shift(pairs: Sequence[Pair], system: System) -> tuple[NDArray[np.float64], float]:
    """The median way from where the register has them to where they would be, metres east and north, and
    by how much that median may be wrong by chance.
    """
    lon, lat = system.to_wgs84(np.array([pair.x for pair in pairs]), np.array([pair.y for pair in pairs]))
    known = np.array([(pair.known.lon, pair.known.lat) for pair in pairs])
    ways = (np.column_stack((lon, lat)) - known) * metres_per_degree(float(known[:, 1].mean()))
    middle = np.median(ways, axis=0)
    spread = float(np.median(np.hypot(*(ways - middle).T)))
    honest = float(np.median([pair.within_m for pair in pairs]))
    return middle, max(spread, honest) / sqrt(len(pairs))


def _words(way: NDArray[np.float64]) -> tuple[str, str]:
    east, north = way
    return _TOWARDS[round(degrees(atan2(north, east)) / 45) % 8]
