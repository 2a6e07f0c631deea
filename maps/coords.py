"""Coordinates: one WGS-84 point for everything we store, and the conversions at the door.

Phones and Chinese web maps speak GCJ-02 or BD-09, half a kilometre to more than a kilometre away from WGS-84:
the wrong estate. Whoever brings a position says which system it is in; inside there is only `Point`.

The formulas are the public reconstructions of the two shifts. Inside China the inverses are exact (solved by
iteration, under a micrometre); outside, every system is WGS-84 and nothing moves. "China" is the rectangle of
the public formula, which runs through the sea and foreign land, so its jump at the border hits no site.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from math import pi

import numpy as np
from geopy.distance import geodesic
from numpy.typing import ArrayLike, NDArray

Degrees = NDArray[np.float64]
Shift = Callable[[Degrees, Degrees], tuple[Degrees, Degrees]]

# The Krasovsky 1940 ellipsoid, on which GCJ-02 computes its shift.
KRASOVSKY_A = 6378245.0
KRASOVSKY_E2 = 0.00669342162296594323

WEST, EAST, SOUTH, NORTH = 72.004, 137.8347, 0.8293, 55.8271

# Each round shrinks the error at least fiftyfold (the shifts change by under 2 % of the distance walked),
# so ten rounds take a 1.4 km start below the resolution of a double.
ROUNDS = 10


class Crs(StrEnum):
    """What a position may arrive in. 天地图 and CGCS2000 layers are WGS84 to within a metre."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"  # AMap, Tencent, WeChat
    BD09 = "bd09"  # Baidu


@dataclass(frozen=True, slots=True)
class Point:
    """A position in degrees WGS-84, longitude first. 0.0 is a position like any other.

    Raises ValueError when a value is out of range or not a number.
    """

    lon: float
    lat: float

    def __post_init__(self) -> None:
        if not -180 <= self.lon <= 180:
            raise ValueError(f"longitude {self.lon!r} is not within -180..180; give degrees, longitude first")
        if not -90 <= self.lat <= 90:
            raise ValueError(
                f"latitude {self.lat!r} is not within -90..90; give degrees, longitude first "
                "(are the two swapped?)"
            )


def point_from(lon: float, lat: float, crs: Crs) -> Point:
    """The WGS-84 point of a position given in `crs`, degrees. ValueError as for `Point`."""
    given = Point(lon, lat)
    lons, lats = to_wgs84(given.lon, given.lat, crs)
    return Point(float(lons), float(lats))


def to_wgs84(lon: ArrayLike, lat: ArrayLike, crs: Crs) -> tuple[Degrees, Degrees]:
    """WGS-84 degrees of positions in `crs`: longitudes and latitudes, numbers or arrays of one shape."""
    match crs:
        case Crs.WGS84:
            return _arrays(lon, lat)
        case Crs.GCJ02:
            return _inside_china(_unshift_gcj, lon, lat)
        case Crs.BD09:
            return _inside_china(_bd_to_wgs, lon, lat)


def from_wgs84(lon: ArrayLike, lat: ArrayLike, crs: Crs) -> tuple[Degrees, Degrees]:
    """The same positions in `crs`, for display on somebody else's tiles. Never stored."""
    match crs:
        case Crs.WGS84:
            return _arrays(lon, lat)
        case Crs.GCJ02:
            return _inside_china(_shift_gcj, lon, lat)
        case Crs.BD09:
            return _inside_china(_wgs_to_bd, lon, lat)


def geodesic_m(a: Point, b: Point) -> float:
    """Metres between two points on the WGS-84 ellipsoid, for a distance that is shown to a person.

    To rank many candidates use `maps.nearest`, which gives the same distances a thousand times faster.
    """
    return float(geodesic((a.lat, a.lon), (b.lat, b.lon)).meters)


def _arrays(lon: ArrayLike, lat: ArrayLike) -> tuple[Degrees, Degrees]:
    return np.array(lon, dtype=np.float64), np.array(lat, dtype=np.float64)


def _inside_china(shift: Shift, lon: ArrayLike, lat: ArrayLike) -> tuple[Degrees, Degrees]:
    lons, lats = _arrays(lon, lat)
    inside = (lons >= WEST) & (lons <= EAST) & (lats >= SOUTH) & (lats <= NORTH)
    lons[inside], lats[inside] = shift(lons[inside], lats[inside])
    return lons, lats


def _shift_gcj(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    x, y = lon - 105.0, lat - 35.0
    # metres on the ground, east and north: a polynomial and four pairs of waves
    ripple = 20 * np.sin(6 * pi * x) + 20 * np.sin(2 * pi * x)
    root = np.sqrt(np.abs(x))
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += (ripple + 20 * np.sin(pi * x) + 40 * np.sin(pi * x / 3)) * 2 / 3
    east += (150 * np.sin(pi * x / 12) + 300 * np.sin(pi * x / 30)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += (ripple + 20 * np.sin(pi * y) + 40 * np.sin(pi * y / 3)) * 2 / 3
    north += (160 * np.sin(pi * y / 12) + 320 * np.sin(pi * y / 30)) * 2 / 3

    phi = np.radians(lat)
    magic = 1 - KRASOVSKY_E2 * np.sin(phi) ** 2
    prime_vertical = KRASOVSKY_A / np.sqrt(magic)
    meridian = KRASOVSKY_A * (1 - KRASOVSKY_E2) / magic**1.5
    return (
        lon + np.degrees(east / (prime_vertical * np.cos(phi))),
        lat + np.degrees(north / meridian),
    )


def _shift_bd(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    wave = pi * 3000 / 180
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * wave)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * wave)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def _undo(shift: Shift, lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    found_lon, found_lat = lon, lat
    for _ in range(ROUNDS):
        there_lon, there_lat = shift(found_lon, found_lat)
        found_lon, found_lat = found_lon + (lon - there_lon), found_lat + (lat - there_lat)
    return found_lon, found_lat


def _unshift_gcj(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    return _undo(_shift_gcj, lon, lat)


def _wgs_to_bd(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    return _shift_bd(*_shift_gcj(lon, lat))


def _bd_to_wgs(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    return _unshift_gcj(*_undo(_shift_bd, lon, lat))
