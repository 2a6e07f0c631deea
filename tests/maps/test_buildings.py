"""Drafted houses: inside their cell, apart from each other, and the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from maps.buildings import House, draft_houses
from maps.grid import Polygon, metres_per_degree

LON, LAT = 118.55, 37.59
SCALE = metres_per_degree(LAT)


def a_cell(*corners: tuple[float, float]) -> Polygon:
    """A cell with these corners, in metres east and north of Kenli."""
    ring = tuple((LON + x / SCALE[0], LAT + y / SCALE[1]) for x, y in corners)
    return ((*ring, ring[0]),)


WIDE = a_cell((0, 0), (260, -20), (300, 180), (120, 240), (-20, 170))
NARROW = a_cell((0, 0), (60, 0), (60, 40), (0, 40))


def in_metres(polygon: Polygon) -> shapely.Geometry:
    return shapely.Polygon((np.array(polygon[0]) - (LON, LAT)) * SCALE)


def middle(house: House) -> tuple[float, float]:
    centre = in_metres(house.polygon).centroid
    return centre.x, centre.y


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("homes", [0, 12])
def test_houses_stand_in_their_cell_apart_from_its_edge_and_from_each_other(seed: int, homes: int) -> None:
    houses = [in_metres(house.polygon) for house in draft_houses(WIDE, 5.0, seed, homes)]
    assert len(houses) >= max(homes, 1)
    ground = in_metres(WIDE).buffer(-3)
    for number, house in enumerate(houses):
        assert ground.contains(house)
        assert shapely.is_ccw(house.exterior), "as GeoJSON wants its outer rings"
        assert all(house.distance(other) > 3 for other in houses[:number])


def test_a_small_cell_gets_as_many_houses_as_it_must_hold() -> None:
    houses = draft_houses(NARROW, 0.0, 1, homes=12)
    assert len(houses) >= 12
    assert all(in_metres(NARROW).contains(in_metres(house.polygon)) for house in houses)
    assert {house.storeys for house in houses} == {6}, "every door of an address is there: 1 to 6"


def test_the_same_seed_gives_the_same_houses_and_another_seed_others() -> None:
    assert draft_houses(WIDE, 5.0, 7) == draft_houses(WIDE, 5.0, 7)
    assert len({draft_houses(WIDE, 5.0, seed) for seed in range(6)}) == 6


def test_rows_run_from_west_to_east_and_from_north_to_south() -> None:
    houses = draft_houses(WIDE, 0.0, 3, homes=4)
    rows = [round(middle(house)[1]) for house in houses]
    assert rows == sorted(rows, reverse=True)
    assert len(set(rows)) > 2
    first = [middle(house)[0] for house, row in zip(houses, rows, strict=True) if row == rows[0]]
    assert first == sorted(first)


def test_the_entrances_of_a_house_are_inside_it_from_west_to_east() -> None:
    house = draft_houses(WIDE, 6.0, 3, homes=4)[0]
    doors = [house.entrance(unit, 4) for unit in (1, 2, 3, 4)]
    assert [door.lon for door in doors] == sorted({door.lon for door in doors})
    walls = shapely.Polygon(house.polygon[0])
    assert all(walls.contains(shapely.Point(door.lon, door.lat)) for door in doors)
