"""Coordinates: the points we keep, and the conversions at the door."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from maps.coords import Crs, Point, from_wgs84, geodesic_m, point_from, to_wgs84

KENLI = Point(118.5475, 37.5880)
GEOD = Geod(ellps="WGS84")


def metres(a: Point, b: Point) -> float:
    return float(GEOD.inv(a.lon, a.lat, b.lon, b.lat)[2])


def shown_in(crs: Crs, point: Point) -> Point:
    lon, lat = from_wgs84(point.lon, point.lat, crs)
    return Point(float(lon), float(lat))


def test_zero_is_a_position_like_any_other() -> None:
    assert Point(0.0, 0.0) == Point(0, 0)
    assert point_from(0.0, 0.0, Crs.GCJ02) == Point(0.0, 0.0)


@pytest.mark.parametrize("lon, lat", [(-180, -90), (180, 90), (-180.0, 90.0)])
def test_the_edges_of_the_world_are_points(lon: float, lat: float) -> None:
    assert (Point(lon, lat).lon, Point(lon, lat).lat) == (lon, lat)


@pytest.mark.parametrize("lon", [180.0000001, -180.0000001, math.nan, math.inf])
def test_a_longitude_that_cannot_be_is_refused_with_what_to_do(lon: float) -> None:
    with pytest.raises(ValueError, match=r"longitude .* give degrees, longitude first"):
        Point(lon, 37.0)


@pytest.mark.parametrize("lat", [90.0000001, -90.0000001, math.nan, -math.inf])
def test_a_latitude_that_cannot_be_is_refused_with_what_to_do(lat: float) -> None:
    with pytest.raises(ValueError, match=r"latitude .* longitude first"):
        Point(118.0, lat)


def test_swapped_coordinates_of_a_chinese_site_are_noticed() -> None:
    with pytest.raises(ValueError, match="swapped"):
        Point(37.588, 118.5475)


def test_the_known_answers_of_the_public_formulas() -> None:
    """Tiananmen in the three systems: values that implementations all over the world share."""
    square = Point(116.404, 39.915)
    gcj, bd = shown_in(Crs.GCJ02, square), shown_in(Crs.BD09, square)
    assert (gcj.lon, gcj.lat) == pytest.approx((116.41024449916938, 39.91640428150164), abs=1e-9)
    assert (bd.lon, bd.lat) == pytest.approx((116.41662724378733, 39.922699552216216), abs=1e-9)


def test_at_kenli_amap_is_half_a_kilometre_off_and_baidu_more_than_one() -> None:
    assert 495 < metres(KENLI, shown_in(Crs.GCJ02, KENLI)) < 548
    assert 1278 < metres(KENLI, shown_in(Crs.BD09, KENLI)) < 1367


# All of China with room to the rectangle's edge, where the public formula jumps.
in_china = st.builds(Point, st.floats(73, 136), st.floats(3, 54))


@pytest.mark.parametrize("crs", list(Crs))
@given(point=in_china)
def test_what_was_shifted_comes_back_to_the_micrometre(crs: Crs, point: Point) -> None:
    there = shown_in(crs, point)
    assert metres(point, point_from(there.lon, there.lat, crs)) < 1e-6


@pytest.mark.parametrize("crs", list(Crs))
@pytest.mark.parametrize(
    "point", [Point(0.0, 0.0), Point(24.94, 60.17), Point(-122.4, 37.8), Point(103.8, -1.3)]
)
def test_outside_china_nothing_moves(crs: Crs, point: Point) -> None:
    assert shown_in(crs, point) == point
    assert point_from(point.lon, point.lat, crs) == point


def test_inside_a_whole_column_only_the_chinese_rows_move() -> None:
    lon = np.array([0.0, 118.5475, 24.94])
    lat = np.array([0.0, 37.5880, 60.17])
    gcj_lon, gcj_lat = from_wgs84(lon, lat, Crs.GCJ02)
    assert (gcj_lon != lon).tolist() == [False, True, False]
    assert (gcj_lat != lat).tolist() == [False, True, False]
    assert lon[1] == 118.5475, "the caller's array is left alone"
    back_lon, back_lat = to_wgs84(gcj_lon, gcj_lat, Crs.GCJ02)
    assert back_lon == pytest.approx(lon, abs=1e-11)
    assert back_lat == pytest.approx(lat, abs=1e-11)


def test_wgs84_passes_through_as_a_copy() -> None:
    lon, lat = np.array([118.5]), np.array([37.5])
    out_lon, out_lat = to_wgs84(lon, lat, Crs.WGS84)
    out_lon[0] = out_lat[0] = 0.0
    assert (lon[0], lat[0]) == (118.5, 37.5)


def test_a_bad_position_is_refused_in_any_system() -> None:
    with pytest.raises(ValueError, match="swapped"):
        point_from(37.588, 118.5475, Crs.BD09)


@given(
    st.builds(Point, st.floats(-180, 180), st.floats(-89, 89)),
    st.builds(Point, st.floats(-180, 180), st.floats(-89, 89)),
)
def test_the_distance_shown_to_a_person_agrees_with_proj(a: Point, b: Point) -> None:
    assert geodesic_m(a, b) == pytest.approx(metres(a, b), abs=1e-3)


def test_no_distance_from_a_door_to_itself() -> None:
    assert geodesic_m(KENLI, KENLI) == 0.0
