"""What of a way is searched, remembered, guessed, and how it is said."""

from __future__ import annotations

from types import ModuleType

import pytest

from community.model import Position, Responder, ResponderKind
from dispatcher.travel import DETOUR, MODE_OF, MODE_WORD, READY_S, SPEED_M_PER_MIN, Approach, Budget, Travel
from maps.coords import Point
from maps.roads import Mode, Roads, Way, build
from tests.maps.test_roads import at, grid, point

GRID = ResponderKind.GRID_WORKER


def somebody(id: int, east_m: float, north_m: float, kind: ResponderKind = GRID) -> Responder:
    return Responder(id, kind, f"人{id}", "+8613800000001", Position(*at(east_m, north_m)))


NEAR, FAR, OFF = somebody(1, 200, 0), somebody(2, 500, 500), somebody(3, 5000, 5000)
DOOR = point(0, 0)


def approach(*people: Responder, door: Point = DOOR, searches: int = 9) -> Approach:
    return Approach(Travel(Roads(build(grid())), people), door, Budget(searches))


def test_the_quickest_are_those_with_a_way_and_the_first_in_front() -> None:
    there = approach(NEAR, FAR, OFF)
    assert there.quickest(GRID, ["1", "2", "3"], 9) == ["1", "2"]
    assert there.quickest(GRID, ["2", "3"], 1) == ["2"]
    assert there.quickest(ResponderKind.CLINIC, ["1"], 9) == []


@pytest.mark.parametrize(
    "who, door, searches, minutes, by_road, words",
    [
        (NEAR, DOOR, 1, 1, True, "路网1分钟(电动车)"),
        (FAR, DOOR, 1, 4, True, "路网4分钟(电动车)"),
        (OFF, DOOR, 1, 6, False, "直线估算6分钟(离路网太远)"),
        (NEAR, point(0, -900), 1, 6, False, "直线估算6分钟(住户离路网太远)"),
        (NEAR, DOOR, 0, 6, False, "直线估算6分钟(事件太多,未查路网)"),
    ],
)
def test_each_step_down_is_said(
    who: Responder, door: Point, searches: int, minutes: int, by_road: bool, words: str
) -> None:
    trip = approach(NEAR, FAR, OFF, door=door, searches=searches).trip(who, 1000.0)
    assert (trip.minutes, trip.by_road, trip.how[0]) == (minutes, by_road, words)
    assert by_road or trip.seconds == pytest.approx(1000 * DETOUR / 250 * 60)


def test_a_way_that_was_found_once_is_found_again_however_busy_it_is() -> None:
    travel = Travel(Roads(build(grid())), [NEAR, FAR])
    busy = Budget(1)
    assert Approach(travel, DOOR, busy).trip(NEAR, 200).by_road
    assert not Approach(travel, point(300, 300), busy).trip(NEAR, 200).by_road
    again = Approach(travel, point(0, -10), busy).trip(NEAR, 200)
    assert again.by_road, "the neighbour's door is at the same crossing"
    assert again.seconds > Approach(travel, DOOR, Budget(0)).trip(NEAR, 200).seconds


def test_everybody_travels_somehow() -> None:
    assert set(MODE_OF) == set(SPEED_M_PER_MIN) == set(ResponderKind)
    assert set(MODE_WORD) == set(READY_S) == set(Mode)


def who_is_there_first(rules: ModuleType) -> object:
    """What the rules say of people near, far, off the roads and on another part of them, at many doors."""
    island = [
        Way(f"i{each.key}", "", [(lon + 0.02, lat) for lon, lat in each.corners],
            [("i", node) for node in each.nodes], each.onward, each.back, each.kmh)
        for each in grid()
    ]  # fmt: skip
    people = [
        NEAR, FAR, OFF, somebody(6, 1800, 100),
        somebody(4, 400, 300, ResponderKind.CLINIC), somebody(5, 100, 400, ResponderKind.VOLUNTEER),
    ]  # fmt: skip
    found = []
    for searches in (0, 1, 2, 9):
        travel, budget = rules.Travel(Roads(build([*grid(), *island])), people), rules.Budget(searches)
        for door in (DOOR, point(0, -80), point(300, 300), point(0, -900), DOOR):
            there = rules.Approach(travel, door, budget)
            found.append([there.trip(one, 700.0) for one in people])
            found.append(there.quickest(GRID, ["1", "2", "3", "6"], 3))
            found.append(there.quickest(ResponderKind.CLINIC, ["4"], 3))
    return found
