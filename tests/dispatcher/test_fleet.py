"""Who could be sent to a home, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from community.model import Duty, HomeRecord, Position, Responder, ResponderKind, Whereabouts
from community.whereabouts import FRESH
from dispatcher.fleet import SHORTLIST, SPEED_M_PER_MIN, Fleet
from dispatcher.model import GO, Candidate, Tell, Whom
from maps.coords import Point
from maps.roads import Ground, Roads, build
from tests.dispatcher.cases import START, home, nearest
from tests.dispatcher.test_travel import somebody as travelling
from tests.maps.test_roads import at, grid

ALWAYS = frozenset(range(1, 8))
ZONE = ZoneInfo("Asia/Shanghai")
GRID = ResponderKind.GRID_WORKER


def somebody(
    id: int, east_m: float | None = None, kind: ResponderKind = GRID, cells: tuple[int, ...] = ()
) -> Responder:
    where = Position(118.5 + east_m / 88_300, 37.6) if east_m is not None else None
    return Responder(id, kind, f"人{id}", "+8613800000001", where, frozenset(cells))


EVERYBODY = Tell(Whom.NEAREST, kinds=GO)


def all_of(fleet: Fleet, door: HomeRecord, at: datetime) -> list[Candidate]:
    return list(fleet.candidates(door, at).fitting(EVERYBODY))


def ids(*responders: Responder, at: datetime = START, located: bool = True, **duty: int) -> list[int]:
    times = {"starts": 0, "ends": 1440, **duty}
    duties = {r.id: (Duty(r.id, ALWAYS, times["starts"], times["ends"]),) for r in responders}
    fleet = Fleet(responders, duties, ZONE)
    return [c.responder.id for c in all_of(fleet, home(located=located), at)]


def test_the_nearest_comes_first_with_distance_minutes_and_the_reason() -> None:
    fleet = Fleet(
        [somebody(1, 900), somebody(2, 250, cells=(1,))],
        {n: (Duty(n, ALWAYS, 0, 1440),) for n in (1, 2)},
        ZONE,
    )

    near, far = all_of(fleet, home(), START)

    assert (near.responder.id, far.responder.id) == (2, 1)
    assert near.distance_m == pytest.approx(250, rel=0.01)
    assert (near.eta_min, far.eta_min) == (2, 5)
    assert "本网格网格员,在岗,直线距离最近" in near.why
    assert "网格员,在岗,直线距离第2近" in far.why


def test_who_is_inactive_has_no_phone_or_no_duty_is_not_a_candidate() -> None:
    assert ids(replace(somebody(1, 100), active=False), somebody(2, 200)) == [2]
    assert ids(replace(somebody(1, 100), phone=""), somebody(2, 200)) == [2]
    assert all_of(Fleet([somebody(1, 100)], {}, ZONE), home(), START) == []


@pytest.mark.parametrize(
    "minutes_later, there", [(-6, False), (-5, True), (54, True), (54.99, True), (55, False)]
)
def test_duty_begins_and_ends_to_the_minute(minutes_later: float, there: bool) -> None:
    at = START + timedelta(minutes=minutes_later)  # 14:05 there; the duty is from 14:00 to 15:00

    assert (ids(somebody(1, 100), at=at, starts=14 * 60, ends=15 * 60) == [1]) is there


def test_one_fleet_follows_the_time() -> None:
    fleet = Fleet([somebody(1, 100)], {1: (Duty(1, ALWAYS, 0, 14 * 60 + 6),)}, ZONE)

    assert all_of(fleet, home(), START)
    assert not all_of(fleet, home(), START + timedelta(minutes=1))
    assert all_of(fleet, home(), START)


def test_staff_without_a_position_stand_behind_those_whose_distance_is_known() -> None:
    own = somebody(1, None, cells=(1,))
    strange = somebody(2, None, cells=(9,))

    assert ids(own, strange, somebody(3, 5000)) == [3, 1]
    assert ids(own, strange) == [1]


def test_a_home_without_a_position_gets_the_staff_of_its_cell_and_of_its_community() -> None:
    cell, community, other = somebody(1, 100, cells=(1,)), somebody(2, None, cells=(2,)), somebody(3, 10)

    assert ids(cell, community, other, located=False) == [1, 2]


def test_a_grid_without_communities_has_its_cells_staff() -> None:
    flat = replace(home(located=False), community=None)
    fleet = Fleet([somebody(1, None, cells=(1,))], {1: (Duty(1, ALWAYS, 0, 1440),)}, ZONE)

    assert [c.responder.id for c in all_of(fleet, flat, START)] == [1]


def test_there_are_a_few_of_each_kind_and_never_more() -> None:
    crowd = [somebody(n, 10.0 * n) for n in range(1, 40)]
    clinics = [somebody(n, 10.0 * n, ResponderKind.CLINIC) for n in range(50, 60)]

    found = ids(*crowd, *clinics)

    assert found == [*range(1, SHORTLIST + 1), *range(50, 50 + SHORTLIST)]


def test_a_line_that_means_few_people_finds_them_however_far_they_are() -> None:
    crowd = [somebody(n, 10.0 * n) for n in range(1, 20)]
    own = somebody(50, 5000, cells=(1,))
    skilled = replace(somebody(51, 6000), skills=frozenset({"急救"}))
    chief = somebody(52, None, ResponderKind.SUPERVISOR, cells=(7,))
    own_chief = somebody(53, 9000, ResponderKind.SUPERVISOR, cells=(2,))
    everybody = [*crowd, own, skilled, chief, own_chief]
    fleet = Fleet(everybody, {r.id: (Duty(r.id, ALWAYS, 0, 1440),) for r in everybody}, ZONE)
    nearest_few = list(range(1, SHORTLIST + 1))

    def asked(tell: Tell, located: bool = True) -> list[int]:
        return [c.responder.id for c in fleet.candidates(home(located=located), START).fitting(tell)]

    assert asked(nearest(1, GRID)) == nearest_few
    assert asked(Tell(Whom.STAFF)) == [50]
    assert asked(Tell(Whom.NEAREST, skill="急救")) == [51]
    assert asked(nearest(1, ResponderKind.SUPERVISOR)) == [53, 52]
    assert asked(nearest(1, GRID, ResponderKind.SUPERVISOR)) == [*nearest_few, 53, 52]
    assert asked(Tell(Whom.STAFF, kinds=(ResponderKind.SUPERVISOR,))) == [53]
    assert asked(nearest(1, ResponderKind.SUPERVISOR), located=False) == [53, 52]
    assert asked(Tell(Whom.STAFF), located=False) == [50]
    [found] = fleet.candidates(home(), START).fitting(Tell(Whom.STAFF))
    assert found.distance_m == pytest.approx(5000, rel=0.01)
    assert found.eta_min == 27


def test_every_kind_has_a_speed() -> None:
    assert set(SPEED_M_PER_MIN) == set(ResponderKind)


def test_a_home_that_nobody_surveyed_is_taken_to_be_in_the_middle_of_its_cell_and_it_is_said() -> None:
    near, far, own = somebody(1, 250), somebody(2, 900), somebody(3, None, cells=(1,))
    duties = {r.id: (Duty(r.id, ALWAYS, 0, 1440),) for r in (near, far, own)}
    ground = Ground(middles={1: Point(118.5, 37.6)})
    fleet = Fleet([near, far, own], duties, ZONE, ground=ground)

    found = all_of(fleet, home(located=False), START)

    assert [c.responder.id for c in found] == [1, 2, 3]
    assert (found[0].eta_min, found[0].distance_m) == (2, pytest.approx(250, rel=0.01))
    assert "住户没有坐标,按网格中心" in found[0].why
    assert "按网格中心" not in all_of(fleet, home(), START)[0].why
    elsewhere = Fleet([near, far, own], duties, ZONE, ground=Ground(middles={9: Point(118.5, 37.6)}))
    assert [c.responder.id for c in all_of(elsewhere, home(located=False), START)] == [3]


def at_noon(responder_id: int, east_m: float, at: datetime = START) -> Whereabouts:
    return Whereabouts(responder_id, Position(118.5 + east_m / 88_300, 37.6, "phone", 10.0), at)


def test_whoever_is_nearer_by_her_telephone_comes_first_and_it_is_said() -> None:
    near, far = somebody(1, 250), somebody(2, 900)
    duties = {n: (Duty(n, ALWAYS, 0, 1440),) for n in (1, 2)}
    fleet = Fleet([near, far], duties, ZONE, seen={2: at_noon(2, 50)})

    first, second = all_of(fleet, home(), START)

    assert (first.responder.id, second.responder.id) == (2, 1)
    assert first.distance_m == pytest.approx(50, rel=0.01)
    assert first.responder.position == at_noon(2, 50).position
    assert "在岗,按14:05的手机定位,直线距离最近" in first.why
    assert "by her telephone's place of 14:05" in first.why
    assert "手机定位" not in second.why


def test_a_fleet_follows_who_moves_and_lets_a_place_grow_old_to_the_second() -> None:
    duties = {n: (Duty(n, ALWAYS, 0, 1440),) for n in (1, 2)}
    fleet = Fleet([somebody(1, 250), somebody(2, 900)], duties, ZONE)

    def first(later: timedelta = timedelta()) -> int:
        return all_of(fleet, home(), START + later)[0].responder.id

    assert first() == 1
    fleet.move({2: at_noon(2, 50, START - timedelta(seconds=30))})
    assert first() == 2
    assert first(FRESH - timedelta(seconds=31)) == 2
    assert first(FRESH - timedelta(seconds=30)) == 1
    fleet.move({1: at_noon(1, 100), 2: at_noon(2, 50)})
    assert first() == 2
    fleet.move({})
    assert first() == 1


def test_a_place_of_the_future_or_of_an_hour_ago_moves_nobody() -> None:
    duties = {n: (Duty(n, ALWAYS, 0, 1440),) for n in (1, 2)}
    for wrong in (timedelta(hours=1), timedelta(hours=-1)):
        fleet = Fleet(
            [somebody(1, 250), somebody(2, 900)], duties, ZONE, seen={2: at_noon(2, 50, START + wrong)}
        )
        assert [c.responder.id for c in all_of(fleet, home(), START)] == [1, 2]


def test_own_staff_found_beyond_the_nearest_say_that_their_telephone_places_them() -> None:
    crowd = [somebody(n, 10.0 * n) for n in range(1, 20)]
    own = somebody(50, 5000, cells=(1,))
    duties = {r.id: (Duty(r.id, ALWAYS, 0, 1440),) for r in (*crowd, own)}
    fleet = Fleet([*crowd, own], duties, ZONE, seen={50: at_noon(50, 4000)})

    [found] = fleet.candidates(home(), START).fitting(Tell(Whom.STAFF))

    assert found.distance_m == pytest.approx(4000, rel=0.01)
    assert "按14:05的手机定位" in found.why


def test_a_search_of_the_roads_holds_for_whoever_moves() -> None:
    roads = Roads(build(grid()))
    near, far = travelling(1, 300, 0), travelling(2, 500, 500)
    duties = {n: (Duty(n, ALWAYS, 0, 1440),) for n in (1, 2)}
    fleet = Fleet([near, far], duties, ZONE, ground=Ground(roads))
    door = home()
    door = replace(door, household=replace(door.household, position=Position(*at(0, 0))))

    earlier = fleet.candidates(door, START)
    assert [c.responder.id for c in earlier.fitting(EVERYBODY)] == [1, 2]
    moved = Position(*at(100, 0), source="phone")
    fleet.move({2: Whereabouts(2, moved, START)})
    first, second = all_of(fleet, door, START)

    assert (first.responder.id, second.responder.id) == (2, 1)
    assert first.by_road
    assert first.seconds is not None
    assert second.seconds is not None
    assert first.seconds == pytest.approx(second.seconds / 3, rel=0.2)
    assert "按14:05的手机定位,路网1分钟(电动车),最快" in first.why
    assert [c.responder.id for c in earlier.fitting(EVERYBODY)] == [1, 2]  # a look keeps what it began with
