"""The grid: which cell a home lies in, whether the cells fit, and drafted cells."""

from __future__ import annotations

from math import nextafter

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from maps.coords import Point, geodesic_m
from maps.grid import (
    Cell,
    Flaw,
    Grid,
    Located,
    Polygon,
    draft_cells,
    draft_communities,
    label_point,
    points_inside,
)

STREET: Polygon = (
    (
        (118.50, 37.57),
        (118.56, 37.56),
        (118.60, 37.59),
        (118.585, 37.62),
        (118.55, 37.605),
        (118.53, 37.63),
        (118.50, 37.61),
        (118.50, 37.57),
    ),
)
# Two long arms around an inner yard: cells cut off by the yard must be given to a neighbour.
COMB: Polygon = (
    tuple(
        (118 + x / 100, 37 + y / 100)
        for x, y in [
            (0, 0), (5, 0), (5, 5), (4, 5), (4, 1), (3, 1), (3, 5),
            (2, 5), (2, 1), (1, 1), (1, 5), (0, 5), (0, 0),
        ]
    ),
)  # fmt: skip
WITH_LAKE: Polygon = (
    ((118.0, 37.0), (118.1, 37.0), (118.1, 37.1), (118.0, 37.1), (118.0, 37.0)),
    ((118.02, 37.02), (118.08, 37.03), (118.07, 37.08), (118.02, 37.02)),
)


def box(west: float, south: float, east: float, north: float) -> Polygon:
    return (((west, south), (east, south), (east, north), (west, north), (west, south)),)


def shape(polygon: Polygon) -> shapely.Polygon:
    return shapely.Polygon(polygon[0], polygon[1:])


WEST_CELL = Cell("370505001001001", box(118.50, 37.58, 118.51, 37.59))
EAST_CELL = Cell("370505001001002", box(118.51, 37.58, 118.52, 37.59))


def test_a_home_lies_in_its_cell() -> None:
    grid = Grid([WEST_CELL, EAST_CELL])
    assert grid.locate(Point(118.505, 37.585)) == Located(WEST_CELL.code, 0.0)
    assert grid.locate(Point(118.515, 37.585)) == Located(EAST_CELL.code, 0.0)


@pytest.mark.parametrize("cells", [[WEST_CELL, EAST_CELL], [EAST_CELL, WEST_CELL]])
def test_a_home_on_the_shared_edge_belongs_to_the_lower_code(cells: list[Cell]) -> None:
    assert Grid(cells).locate(Point(118.51, 37.585)) == Located(WEST_CELL.code, 0.0)


def test_a_home_on_the_outer_edge_is_inside() -> None:
    assert Grid([EAST_CELL]).locate(Point(118.52, 37.585)) == Located(EAST_CELL.code, 0.0)


def test_a_home_in_a_hole_is_not_in_the_cell() -> None:
    assert Grid([Cell("lake", WITH_LAKE)]).locate(Point(118.06, 37.05)) is None


def test_a_door_across_the_street_belongs_to_the_nearest_cell() -> None:
    door = Point(118.5203, 37.585)  # 26 m east of the last cell
    located = Grid([WEST_CELL, EAST_CELL]).locate(door)
    assert located is not None
    assert located.code == EAST_CELL.code
    assert located.off_m == pytest.approx(geodesic_m(door, Point(118.52, 37.585)), abs=0.001)


@pytest.mark.parametrize("lat", [-60.0, 0.0, 37.585, 70.0])
@pytest.mark.parametrize("east, north", [(1, 0), (0, 1), (-1, 0), (0, -1), (1, 1)])
def test_off_is_metres_in_every_direction_and_at_every_latitude(lat: float, east: int, north: int) -> None:
    grid = Grid([Cell("a", box(10.0, lat, 10.01, lat + 0.01))])
    corner = Point(10.01 if east > 0 else 10.0, lat + 0.01 if north > 0 else lat)
    door = Point(corner.lon + east * 0.0003, corner.lat + north * 0.0002)
    located = grid.locate(door)
    assert located is not None
    assert located.off_m == pytest.approx(geodesic_m(door, corner), abs=0.001)


def test_the_limit_itself_still_counts() -> None:
    grid = Grid([EAST_CELL])
    door = Point(118.5203, 37.585)
    off = grid.locate(door)
    assert off is not None
    assert grid.locate(door, within_m=off.off_m) == off
    assert grid.locate(door, within_m=nextafter(off.off_m, 0.0)) is None


def test_fifty_metres_is_the_limit() -> None:
    grid = Grid([EAST_CELL])
    one_metre = 1 / geodesic_m(Point(118.5, 37.59), Point(118.5, 37.5901)) * 0.0001
    assert grid.locate(Point(118.515, 37.59 + 49.9 * one_metre)) is not None
    assert grid.locate(Point(118.515, 37.59 + 50.1 * one_metre)) is None


def test_between_two_cells_the_nearer_wins_and_of_two_equally_near_the_lower_code() -> None:
    north, south = Cell("b", box(0.0, 0.0002, 0.01, 0.01)), Cell("a", box(0.0, -0.01, 0.01, -0.0002))
    grid = Grid([north, south])
    assert (grid.locate(Point(0.005, 0.0001)) or Located("", 0)).code == "b"
    assert (grid.locate(Point(0.005, -0.0001)) or Located("", 0)).code == "a"
    assert (grid.locate(Point(0.005, 0.0)) or Located("", 0)).code == "a"


def test_a_cell_may_have_several_parts() -> None:
    grid = Grid([Cell("school", WEST_CELL.polygon), Cell("school", box(118.6, 37.6, 118.61, 37.61))])
    assert (
        grid.locate(Point(118.605, 37.605)) == grid.locate(Point(118.505, 37.585)) == Located("school", 0.0)
    )


def test_a_site_without_cells_locates_nobody_and_has_no_flaws() -> None:
    assert Grid([]).locate(Point(0.0, 0.0)) is None
    assert Grid([]).flaws() == ()


@pytest.mark.parametrize(
    "polygon, says",
    [
        ((), "outer ring"),
        ((((0.0, 0.0), (1.0, 0.0), (0.0, 0.0)),), "four corners"),
        ((((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)),), "the last equal to the first"),
    ],
)
def test_what_is_not_a_ring_is_refused_with_what_is_wrong(polygon: Polygon, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Grid([Cell("a", polygon)])


def test_cells_that_share_their_corners_have_no_flaws() -> None:
    assert Grid([WEST_CELL, EAST_CELL]).flaws() == ()


def test_an_overlap_names_both_cells_and_says_how_much() -> None:
    grid = Grid([EAST_CELL, Cell(WEST_CELL.code, box(118.50, 37.58, 118.5101, 37.59))])
    (finding,) = grid.flaws()
    assert (finding.flaw, finding.codes) == (Flaw.OVERLAP, (WEST_CELL.code, EAST_CELL.code))
    assert finding.size == pytest.approx(8.83 * 1110, rel=0.01)
    assert 118.51 <= finding.at.lon <= 118.5101
    assert "overlap" in finding.text


def test_a_sliver_is_found_on_both_its_sides() -> None:
    grid = Grid([WEST_CELL, Cell(EAST_CELL.code, box(118.51003, 37.58, 118.52, 37.59))])  # 2.6 m
    findings = grid.flaws()
    assert [(finding.flaw, finding.codes) for finding in findings] == [
        (Flaw.GAP, (WEST_CELL.code,)),
        (Flaw.GAP, (EAST_CELL.code,)),
    ]
    assert all(1100 < finding.size < 1120 for finding in findings)
    assert findings[0].at.lon == pytest.approx(118.51)


def test_a_wide_gap_is_taken_for_a_river() -> None:
    grid = Grid([WEST_CELL, Cell(EAST_CELL.code, box(118.5103, 37.58, 118.52, 37.59))])  # 26 m
    assert grid.flaws() == ()
    assert len(grid.flaws(gap_m=30.0)) == 2


def test_an_overlap_does_not_hide_a_gap_elsewhere() -> None:
    overlapping = [Cell("1", box(0.0, 0.0, 0.011, 0.01)), Cell("2", box(0.010, 0.0, 0.02, 0.01))]
    apart = [Cell("3", box(1.0, 0.0, 1.01, 0.01)), Cell("4", box(1.01002, 0.0, 1.02, 0.01))]
    flaws = [(finding.flaw, finding.codes) for finding in Grid(overlapping + apart).flaws()]
    assert flaws == [(Flaw.OVERLAP, ("1", "2")), (Flaw.GAP, ("3",)), (Flaw.GAP, ("4",))]


def test_a_bow_tie_is_reported_before_anything_else() -> None:
    bow_tie: Polygon = (((0.0, 0.0), (0.01, 0.01), (0.01, 0.0), (0.0, 0.01), (0.0, 0.0)),)
    (finding,) = Grid([Cell("ok", box(0.0, 0.0, 0.01, 0.01)), Cell("tie", bow_tie)]).flaws()
    assert (finding.flaw, finding.codes, finding.size) == (Flaw.INVALID, ("tie",), 0.0)
    assert finding.at == Point(0.0, 0.0)
    assert "redraw" in finding.text


def coded(polygons: list[Polygon]) -> list[Cell]:
    return [Cell(f"{number:03}", polygon) for number, polygon in enumerate(polygons, 1)]


def test_the_street_of_458_cells_in_ten_communities() -> None:
    communities = draft_communities(STREET, 10, 458, seed=2222999)
    cells = [cell for community in communities for cell in community.cells]
    assert (len(communities), len(cells)) == (10, 458)
    assert Grid(coded(cells)).flaws() == ()
    assert Grid(coded([community.outline for community in communities])).flaws() == ()
    for community in communities:
        joined = shapely.union_all([shape(cell) for cell in community.cells])
        assert joined.equals(shape(community.outline))
    covered = shapely.union_all([shape(cell) for cell in cells])
    assert covered.symmetric_difference(shape(STREET)).area / shape(STREET).area < 1e-5


def test_a_draft_is_the_same_each_time_and_another_with_another_seed() -> None:
    assert draft_communities(STREET, 3, 12, seed=1) == draft_communities(STREET, 3, 12, seed=1)
    assert draft_communities(STREET, 3, 12, seed=1) != draft_communities(STREET, 3, 12, seed=2)


def assert_they_cover_exactly_once(cells: list[Polygon], outline: Polygon) -> None:
    # gaps between edges that match nothing are not looked for: a sharp bay of the outline itself is one
    assert Grid(coded(cells)).flaws(gap_m=0.0) == ()
    assert sum(shape(cell).area for cell in cells) == pytest.approx(shape(outline).area, rel=1e-4)


@pytest.mark.parametrize("outline", [STREET, COMB, WITH_LAKE])
@settings(max_examples=15, deadline=None)
@given(n=st.integers(1, 40), seed=st.integers(0, 10_000))
def test_drafted_cells_cover_any_outline_exactly_once(outline: Polygon, n: int, seed: int) -> None:
    cells = draft_cells(outline, n, seed)
    assert len(cells) == n
    assert_they_cover_exactly_once(list(cells), outline)


@settings(max_examples=10, deadline=None)
@given(communities=st.integers(1, 5), more=st.integers(0, 20), seed=st.integers(0, 10_000))
def test_communities_of_a_ragged_outline_fit_too(communities: int, more: int, seed: int) -> None:
    drafted = draft_communities(COMB, communities, communities + more, seed)
    cells = [cell for community in drafted for cell in community.cells]
    assert len(cells) == communities + more
    assert all(community.cells for community in drafted)
    assert_they_cover_exactly_once(cells, COMB)


def test_larger_communities_get_more_cells() -> None:
    drafted = draft_communities(STREET, 4, 100, seed=5)
    by_area = sorted(drafted, key=lambda community: shape(community.outline).area)
    assert [len(community.cells) for community in by_area] == sorted(len(one.cells) for one in drafted)


def test_cells_are_numbered_from_north_to_south_and_west_to_east() -> None:
    cells = [shape(cell).centroid for cell in draft_cells(box(0.0, 0.0, 0.03, 0.03), 9, seed=3)]
    rows = [cells[0:3], cells[3:6], cells[6:9]]
    assert all([spot.x for spot in row] == sorted(spot.x for spot in row) for row in rows)
    assert min(spot.y for spot in rows[0]) > max(spot.y for spot in rows[1])
    assert min(spot.y for spot in rows[1]) > max(spot.y for spot in rows[2])


def test_rings_are_wound_as_geojson_wants_them() -> None:
    for cell in draft_cells(WITH_LAKE, 3, seed=1):
        assert shapely.LinearRing(cell[0]).is_ccw
        assert not any(shapely.LinearRing(hole).is_ccw for hole in cell[1:])
    (whole,) = draft_cells(WITH_LAKE, 1, seed=1)
    assert len(whole) == 2, "the lake stays a hole"


@pytest.mark.parametrize("n", [0, -1])
def test_no_cells_cannot_be_asked_for(n: int) -> None:
    with pytest.raises(ValueError, match="at least one cell"):
        draft_cells(STREET, n, seed=1)


def test_fewer_cells_than_communities_cannot_be_asked_for() -> None:
    with pytest.raises(ValueError, match="at least as many cells"):
        draft_communities(STREET, 10, 9, seed=1)
    assert [len(one.cells) for one in draft_communities(STREET, 10, 10, seed=1)] == [1] * 10


def test_an_outline_that_crosses_itself_cannot_be_divided() -> None:
    bow_tie: Polygon = (((0.0, 0.0), (0.01, 0.01), (0.01, 0.0), (0.0, 0.01), (0.0, 0.0)),)
    with pytest.raises(ValueError, match="redraw it: Self-intersection"):
        draft_cells(bow_tie, 3, seed=1)


@pytest.mark.parametrize("polygon", [STREET, COMB, WITH_LAKE])
def test_labels_and_scattered_homes_lie_inside(polygon: Polygon) -> None:
    homes = points_inside(polygon, 88, seed=9)
    assert len(set(homes)) == 88
    assert homes == points_inside(polygon, 88, seed=9)
    for point in (*homes, label_point(polygon)):
        assert shape(polygon).contains(shapely.Point(point.lon, point.lat))
