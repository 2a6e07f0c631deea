"""The nearest help, exactly, and how long it may take."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from maps.coords import Point
from maps.nearest import Near, Place, Places, minutes, nearest

GEOD = Geod(ellps="WGS84")
HOME = Point(118.5475, 37.5880)


def every_distance(origin: Point, places: list[Place], k: int) -> list[tuple[float, str]]:
    """The answer the slow and certain way: every geodesic, sorted."""
    all_of_them = [
        (round(GEOD.inv(origin.lon, origin.lat, place.point.lon, place.point.lat)[2], 3), place.id)
        for place in places
    ]
    return sorted(all_of_them)[:k]


def town(low: float, high: float, south: float, north: float) -> st.SearchStrategy[list[Point]]:
    return st.lists(st.builds(Point, st.floats(low, high), st.floats(south, north)), min_size=1, max_size=60)


@given(
    st.one_of(
        town(118.54, 118.55, 37.58, 37.59),  # a few streets
        town(118.2, 119.2, 37.3, 38.0),  # a district
        town(-180, 180, -90, 90),  # the world, poles and date line and all
    ),
    st.integers(1, 20),
)
def test_the_quick_answer_is_the_slow_answer(points: list[Point], k: int) -> None:
    origin, *rest = points
    places = [Place(f"r{index:02}", point) for index, point in enumerate(rest)]
    quick = [(near.distance_m, near.id) for near in nearest(origin, places, k)]
    assert quick == every_distance(origin, places, k)


@given(town(118.54, 118.55, 37.58, 37.59), town(118.54, 118.55, 37.58, 37.59), st.integers(1, 20))
def test_many_doors_are_told_what_each_would_be_told(doors: list[Point], points: list[Point], k: int) -> None:
    places = [Place(f"r{index:02}", point) for index, point in enumerate(points)]
    seen = Places({"workers": places, "clinics": []}).seen_from(doors, k)
    for at, door in enumerate(doors):
        quick = [(near.distance_m, near.id) for near in seen.nearest(at, "workers")]
        assert quick == every_distance(door, places, k)
        assert [*seen.nearest(at, "clinics"), *seen.nearest(at, "helicopters")] == []


def test_a_longer_chord_never_hides_a_shorter_way() -> None:
    """Far round the flattened earth chords and geodesics are ordered differently; many must be measured."""
    origin = Point(0.0, 0.0)
    places = [Place(f"r{angle:03}", Point(179.0, angle / 4 - 15)) for angle in range(120)]
    found = nearest(origin, places, 3)
    assert [(near.distance_m, near.id) for near in found] == every_distance(origin, places, 3)


def test_the_order_on_degrees_would_send_the_wrong_worker() -> None:
    """At Kenli a degree of longitude is a fifth shorter than one of latitude."""
    east, north = (
        Place("east", Point(HOME.lon + 0.0100, HOME.lat)),
        Place("north", Point(HOME.lon, HOME.lat + 0.0095)),
    )
    assert [near.id for near in nearest(HOME, [north, east], 2)] == ["east", "north"]


def test_only_those_who_can_do_all_of_it_are_asked() -> None:
    places = [
        Place("next-door", HOME, frozenset({"worker"})),
        Place("down-the-road", Point(118.55, 37.588), frozenset({"worker", "on_duty", "first_aid"})),
        Place("clinic", Point(118.56, 37.588), frozenset({"clinic", "on_duty"})),
    ]
    assert [near.id for near in nearest(HOME, places, 3, {"worker", "on_duty"})] == ["down-the-road"]
    assert [near.id for near in nearest(HOME, places, 3)] == ["next-door", "down-the-road", "clinic"]
    assert nearest(HOME, places, 3, {"helicopter"}) == ()


def test_two_at_the_same_door_are_ranked_by_id() -> None:
    door = Point(118.55, 37.59)
    places = [Place(name, door) for name in ("c", "a", "d", "b")]
    assert [near.id for near in nearest(HOME, places, 2)] == ["a", "b"]


def test_two_equally_far_on_either_hand_are_ranked_by_id() -> None:
    origin = Point(118.5, 37.588)
    places = [Place("west", Point(118.25, 37.588)), Place("east", Point(118.75, 37.588))]
    assert [near.id for near in nearest(origin, places, 1)] == ["east"]


def test_a_tie_is_not_lost_to_a_full_shortlist() -> None:
    door = Point(118.55, 37.59)
    places = [Place(f"r{number:02}", door) for number in reversed(range(40))]
    assert [near.id for near in nearest(HOME, places, 1)] == ["r00"]


def test_one_already_in_the_house_is_at_no_distance() -> None:
    assert nearest(HOME, [Place("daughter", HOME)], 1) == (Near("daughter", 0.0),)


def test_nobody_is_found_where_there_is_nobody() -> None:
    assert nearest(HOME, [], 3) == ()


@pytest.mark.parametrize("k", [0, -1])
def test_asking_for_nobody_is_a_mistake(k: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        nearest(HOME, [Place("a", HOME)], k)


@pytest.mark.parametrize(
    "distance, speed, expected",
    [
        (0, 80, 1),  # next door is still a minute
        (61, 80, 1),
        (700, 91, 10),
        (700.1, 91, 11),
        (1000, 250, 6),  # an e-bike, 15 km/h: 5.2 minutes is promised as 6
    ],
)
def test_minutes_are_whole_and_never_flattering(distance: float, speed: float, expected: int) -> None:
    assert minutes(distance, speed) == expected


def test_a_straight_way_needs_no_detour() -> None:
    assert minutes(1000, 100, detour=1.0) == 10


def test_what_is_whole_on_paper_is_not_rounded_up_for_its_last_bit() -> None:
    assert 100 * 1.1 > 110, "in binary"
    assert minutes(100, 10, detour=1.1) == 11


@given(st.floats(0, 2e7), st.floats(1, 2000), st.floats(1, 3))
def test_the_promise_is_kept_at_the_stated_speed(distance: float, speed: float, detour: float) -> None:
    promised = minutes(distance, speed, detour)
    assert promised >= 1
    assert promised * speed >= distance * detour - 1e-3
    assert promised == 1 or (promised - 1) * speed < distance * detour


@pytest.mark.parametrize("bad", [-0.1, math.nan, math.inf])
def test_a_distance_that_cannot_be_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="distance"):
        minutes(bad, 80)


@pytest.mark.parametrize("bad", [0.0, -5.0, math.nan, math.inf])
def test_a_speed_that_cannot_be_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="speed"):
        minutes(100, bad)


@pytest.mark.parametrize("bad", [0.99, math.nan, math.inf])
def test_a_detour_shorter_than_the_straight_line_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="straight line"):
        minutes(100, 80, bad)
