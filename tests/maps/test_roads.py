"""Times by road are what a search with pencil and paper would give, and the data's traps are stepped over."""

from __future__ import annotations

import heapq
import json
from collections import defaultdict
from math import inf
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maps.coords import Point
from maps.grid import metres_per_degree
from maps.roads import KMH, LIMIT_S, SNAP_M, WALK_M_PER_S, Mode, Network, Roads, Way, build, unpacked
from maps.streets import from_lines, from_osm
from maps.survey import System, read

WEST, SOUTH = 118.54, 37.58
EAST_M, NORTH_M = (float(each) for each in metres_per_degree(SOUTH))
ALL = frozenset(Mode)
EBIKE_M_PER_S = KMH[Mode.EBIKE] / 3.6

Corner = tuple[float, float]  # metres east and north of the south-western corner


def at(*corner: float) -> tuple[float, float]:
    return WEST + corner[0] / EAST_M, SOUTH + corner[1] / NORTH_M


def point(*corner: float) -> Point:
    return Point(*at(*corner))


def way(
    key: str, *corners: Corner, onward: frozenset[Mode] = ALL, back: frozenset[Mode] = ALL, kmh: float = 20
) -> Way:
    return Way(key, f"{key}路", [at(*corner) for corner in corners], corners, onward, back, kmh)


def seconds(roads: Roads, start: Corner, door: Corner, mode: Mode = Mode.EBIKE) -> float:
    joined = roads.door(point(*door), mode)
    assert joined is not None
    return float(roads.stops([point(*start)], mode).times(roads.towards(joined[0], mode), joined[1])[0])


def grid(size: int = 6, step: float = 100.0) -> list[Way]:
    """A town of streets, so large that it counts as one."""
    lines = [tuple((x * step, y * step) for x in range(size)) for y in range(size)]
    lines += [tuple((x * step, y * step) for y in range(size)) for x in range(size)]
    return [way(f"g{number}", *line) for number, line in enumerate(lines)]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), mode=st.sampled_from(list(Mode)))
def test_any_network_gives_the_times_of_a_plain_search(seed: int, mode: Mode) -> None:
    rng = np.random.default_rng(seed)
    spots = [
        tuple(map(float, spot)) for spot in rng.uniform(0, 90, (12, 2)) + rng.integers(0, 30, (12, 1)) * 300
    ]
    ways = []
    for number in range(30):
        one, other = (spots[index] for index in rng.choice(12, 2))
        onward, back = (frozenset(m for m in Mode if rng.random() < 0.8) for _ in range(2))
        ways.append(way(str(number), one, other, onward=onward, back=back, kmh=float(rng.integers(5, 80))))
    if all(each.corners[0] == each.corners[1] for each in ways):
        return
    network = build(ways)
    closed = {str(number) for number in rng.integers(0, 30, 5)}
    roads = Roads(network, closed)
    goal = int(rng.integers(len(network.lon)))

    found = roads.towards(goal, mode)

    assert found == pytest.approx(plain_search(network, closed, mode, goal), rel=1e-4, abs=0.01)


def plain_search(network: Network, closed: set[str], mode: Mode, goal: int) -> list[float]:
    bit = 2 * list(Mode).index(mode)
    into: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for start, end, metres, kmh, bits, of in zip(
        network.start, network.end, network.metres, network.kmh, network.open_to, network.way, strict=True
    ):
        if network.keys[of] in closed:
            continue
        takes = float(metres) / ((float(kmh) if mode is Mode.CAR else KMH[mode]) / 3.6)
        if bits >> bit & 1:
            into[int(end)].append((int(start), takes))
        if bits >> bit + 1 & 1:
            into[int(start)].append((int(end), takes))
    found = [inf] * len(network.lon)
    queue = [(0.0, goal)]
    while queue:
        so_far, here = heapq.heappop(queue)
        if so_far >= found[here] or so_far > LIMIT_S:
            continue
        found[here] = so_far
        for before, takes in into[here]:
            heapq.heappush(queue, (so_far + takes, before))
    return found


def test_a_walk_from_the_door_and_a_ride_by_the_streets() -> None:
    roads = Roads(build(grid()))
    assert seconds(roads, (0, 0), (300, 200)) == pytest.approx(500 / EBIKE_M_PER_S, rel=1e-3)
    assert seconds(roads, (0, -40), (300, -30)) == pytest.approx(
        300 / EBIKE_M_PER_S + 70 / WALK_M_PER_S, rel=1e-2
    )
    assert seconds(roads, (0, 0), (300, 0), Mode.FOOT) == pytest.approx(300 / (4.2 / 3.6), rel=1e-3)
    assert seconds(roads, (0, 0), (300, 0), Mode.CAR) == pytest.approx(300 / (20 / 3.6), rel=1e-3)


def test_a_one_way_street_is_searched_in_the_direction_in_which_one_comes() -> None:
    fast = way("fast", (0, 0), (0, 500), onward=ALL, back=frozenset({Mode.FOOT}))
    slow = way("slow", (0, 500), (400, 500), (400, 0), (0, 0))
    roads = Roads(build([fast, slow]))
    assert seconds(roads, (0, 0), (0, 500)) == pytest.approx(500 / EBIKE_M_PER_S, rel=1e-3)
    assert seconds(roads, (0, 500), (0, 0)) == pytest.approx(1300 / EBIKE_M_PER_S, rel=1e-3)
    assert seconds(roads, (0, 500), (0, 0), Mode.FOOT) == pytest.approx(500 / (4.2 / 3.6), rel=1e-3)


def test_of_two_roads_between_the_same_crossings_the_shorter_counts_and_they_are_not_added_up() -> None:
    ends = ((0.0, 0.0), (0.0, 90.0))
    bend = Way("bend", "", [at(*ends[0]), at(80, 45), at(*ends[1])], [ends[0], "bend", ends[1]], ALL, ALL, 20)
    roads = Roads(build([way("straight", *ends), bend, way("again", *ends), *grid()]))
    assert seconds(roads, *ends) == pytest.approx(90 / EBIKE_M_PER_S, rel=1e-3)


def test_a_closed_bridge_is_gone_round_and_does_not_move_anybody_to_the_other_bank() -> None:
    south = grid()
    north = [
        Way(f"n{each.key}", "", [(lon, lat + 700 / NORTH_M) for lon, lat in each.corners],
            [("n", node) for node in each.nodes], ALL, ALL, 20)
        for each in grid()
    ]  # fmt: skip
    near = Way("near", "近桥", [at(0, 500), at(0, 700)], [(0.0, 500.0), ("n", (0.0, 0.0))], ALL, ALL, 20)
    far = Way(
        "far", "远桥", [at(500, 500), at(500, 700)], [(500.0, 500.0), ("n", (500.0, 0.0))], ALL, ALL, 20
    )
    network = build([*south, *north, near, far])
    start, door = (0.0, 500.0), (0.0, 700.0)
    times = [seconds(Roads(network, closed), start, door) for closed in ((), {"near"}, {"near", "far"})]
    assert times[0] == pytest.approx(200 / EBIKE_M_PER_S, rel=1e-3)
    assert times[1] == pytest.approx(1200 / EBIKE_M_PER_S, rel=1e-3)
    assert times[2] == inf, "the banks are two parts now, and she still stands on hers"


def test_who_is_far_from_any_road_has_no_time_and_a_yard_that_is_cut_off_is_no_road() -> None:
    yard = way("yard", (800, 800), (830, 800))
    roads = Roads(build([*grid(), yard]))
    stops = roads.stops([point(0, 0), point(0, -SNAP_M - 20), point(810, 800)], Mode.EBIKE)
    joined = roads.door(point(100, 0), Mode.EBIKE)
    assert joined is not None
    times = stops.times(roads.towards(joined[0], Mode.EBIKE), joined[1])
    assert np.isnan(times).tolist() == [False, True, True]
    assert roads.door(point(815, 800), Mode.EBIKE) is None
    assert roads.near([point(0, 0), point(810, 800)], Mode.EBIKE) == 1
    assert len(roads.stops([], Mode.CAR).times(np.zeros(3), 0.0)) == 0


def test_nobody_is_followed_beyond_an_hour() -> None:
    long = way("long", (0, 0), (0, 20_000))
    assert seconds(Roads(build([long])), (0, 20_000), (0, 0)) == inf


def test_a_long_straight_road_can_be_joined_in_its_middle_and_a_winding_one_stays_small() -> None:
    straight, bends = (
        way("s", (0, 0), (0, 2000)),
        way("b", *((float(x), 0.1 * (x % 7)) for x in range(0, 2000, 5))),
    )
    assert Roads(build([straight])).door(point(30, 1050), Mode.EBIKE) is not None
    network = build([bends])
    assert len(network.lon) < 60
    assert float(network.metres.sum()) == pytest.approx(1995, rel=0.01)


def test_a_network_comes_back_from_its_packing_as_it_was() -> None:
    network = build(grid())
    again = unpacked(network.packed())
    for field in ("lon", "lat", "start", "end", "metres", "kmh", "open_to", "way"):
        assert np.array_equal(getattr(again, field), getattr(network, field))
    assert (again.keys, again.names) == (network.keys, network.names)
    with pytest.raises(ValueError):
        unpacked(b"nothing of the sort")


def test_without_any_road_there_is_no_network() -> None:
    with pytest.raises(ValueError, match="没有道路"):
        build([])


# ---- the words of OpenStreetMap ----


def ways_of(tmp_path: Path, **tags: str) -> list[Way]:
    written = "".join(f'<tag k="{key.replace("__", ":")}" v="{value}"/>' for key, value in tags.items())
    nodes = "".join(f'<node id="{n}" lon="{118.5 + n / 1000}" lat="37.5"/>' for n in (1, 2, 3))
    path = tmp_path / "site.osm"
    path.write_text(f'<osm>{nodes}<way id="7"><nd ref="1"/><nd ref="2"/><nd ref="9"/>{written}</way></osm>')
    return list(from_osm(path))


BIKE_CAR_FOOT = (Mode.EBIKE, Mode.CAR, Mode.FOOT)


@pytest.mark.parametrize(
    "tags, onward, back",
    [
        ({"highway": "residential"}, "bcf", "bcf"),
        ({"highway": "footway"}, "f", "f"),
        ({"highway": "path"}, "bf", "bf"),
        ({"highway": "steps", "access": "yes"}, "f", "f"),
        ({"highway": "motorway"}, "c", ""),
        ({"highway": "motorway_link", "oneway": "no"}, "c", "c"),
        ({"highway": "primary", "oneway": "yes"}, "bcf", "f"),
        ({"highway": "primary", "oneway": "-1"}, "f", "bcf"),
        ({"highway": "primary", "oneway": "yes", "oneway__bicycle": "no"}, "bcf", "bf"),
        ({"highway": "tertiary", "junction": "roundabout"}, "bcf", "f"),
        ({"highway": "service", "access": "private"}, "", ""),
        ({"highway": "service", "access": "no", "foot": "yes"}, "f", "f"),
        ({"highway": "footway", "bicycle": "designated"}, "bf", "bf"),
        ({"highway": "residential", "motor_vehicle": "no"}, "bf", "bf"),
        ({"highway": "residential", "vehicle": "destination"}, "bcf", "bcf"),
        ({"highway": "construction"}, "", ""),
        ({"highway": "pedestrian", "area": "yes"}, "", ""),
        ({"building": "yes"}, "", ""),
    ],
)
def test_who_may_use_a_road_and_in_which_direction(
    tmp_path: Path, tags: dict[str, str], onward: str, back: str
) -> None:
    found = ways_of(tmp_path, **tags)
    letters = dict(zip(BIKE_CAR_FOOT, "bcf", strict=True))
    if not onward and not back:
        assert found == []
        return
    [one] = found
    assert "".join(letters[mode] for mode in BIKE_CAR_FOOT if mode in one.onward) == onward
    assert "".join(letters[mode] for mode in BIKE_CAR_FOOT if mode in one.back) == back
    assert (one.key, len(one.nodes)) == ("osm:7", 2), "a node that the extract lacks is left out"


@pytest.mark.parametrize(
    "tags, kmh",
    [({}, 35), ({"maxspeed": "30"}, 20), ({"maxspeed": "120"}, 35), ({"maxspeed": "CN:urban"}, 35)],
)
def test_a_car_makes_less_than_is_allowed(tmp_path: Path, tags: dict[str, str], kmh: float) -> None:
    [one] = ways_of(tmp_path, highway="secondary", **tags)
    assert one.kmh == pytest.approx(kmh, abs=1)


def test_lines_of_a_survey_meet_where_they_end_and_are_lanes_if_they_say_nothing(tmp_path: Path) -> None:
    def line(said: dict[str, str], *corners: tuple[float, float]) -> dict[str, object]:
        shape = {"type": "LineString", "coordinates": corners}
        return {"type": "Feature", "properties": said, "geometry": shape}

    path = tmp_path / "roads.geojson"
    features = [
        line({"名称": "民丰路"}, (118.5, 37.5), (118.501, 37.5)),
        line({"highway": "footway", "id": "w2"}, (118.50100000001, 37.5), (118.501, 37.501)),
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))

    lane, walk = from_lines(read(path, System("wgs84")))

    assert (lane.key, lane.name, lane.onward) == ("1", "民丰路", ALL)
    assert (walk.key, walk.onward) == ("w2", frozenset({Mode.FOOT}))
    assert lane.nodes[-1] == walk.nodes[0]


def test_what_is_no_openstreetmap_says_so(tmp_path: Path) -> None:
    path = tmp_path / "site.osm"
    for content in ("<osm><way>", "<osm><node id='1'/></osm>", ""):
        path.write_text(content)
        with pytest.raises(ValueError, match="OSM XML"):
            list(from_osm(path))
