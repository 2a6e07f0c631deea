"""A river knows no straight line: who is nearest as the crow flies stands on the other bank.

The town is made up: a river of 200 m, a street along each bank, and one bridge three kilometres upstream.
On OpenStreetMap's Liechtenstein and Lujiazui a straight line chose somebody slower by more than half a
minute for a quarter to a third of the homes (`python -m bench.roads FILE` says it of a map of your own).
"""

from __future__ import annotations

import pytest

from community.geometry import Looked
from community.model import Duty, Position, Responder, ResponderKind
from community.storage import atlas, register
from community.storage import roads as rows
from dispatcher.model import OfferState
from maps.coords import Point, geodesic_m
from maps.gate import judge
from maps.grid import metres_per_degree
from maps.roads import MODES, Way, build
from maps.survey import System
from tests.town import ALWAYS, Town

HOME = Point(118.55, 37.59)  # where everybody in town lives, on the southern bank
EAST_M, NORTH_M = (float(each) for each in metres_per_degree(HOME.lat))
ALL = frozenset(MODES)
BRIDGE, FERRY = "垦利大桥", "渡口"


def at(east_m: float, north_m: float) -> tuple[float, float]:
    return HOME.lon + east_m / EAST_M, HOME.lat + north_m / NORTH_M


def road(key: str, *corners: tuple[float, float]) -> Way:
    return Way(key, key, [at(*corner) for corner in corners], corners, ALL, ALL, 40)


def bank(name: str, north_m: float) -> list[Way]:
    """A street along the river, and lanes off it: on the northern bank away to the north."""
    away = 300 if north_m > 0 else -300
    along = road(f"{name}路", *((float(x), north_m) for x in range(-3000, 1001, 250)))
    lanes = [road(f"{name}巷{x}", (x, north_m), (x, north_m + away)) for x in range(-1000, 1001, 500)]
    return [along, *lanes]


def with_roads(town: Town, *more: Way) -> None:
    """The bridge stands three kilometres to the west."""
    bridge = road(BRIDGE, (-3000.0, 0.0), (-3000.0, 200.0))
    with town.store.write() as connection:
        rows.keep(
            connection, build([*bank("南岸", 0.0), *bank("北岸", 200.0), bridge, *more]), "made up", town.time
        )


def worker(
    town: Town, name: str, east_m: float, north_m: float, kind: ResponderKind = ResponderKind.GRID_WORKER
) -> None:
    where = Position(*at(east_m, north_m))
    with town.store.write() as connection:
        somebody = Responder(0, kind, name, town._number(name), where)
        register.add_responder(connection, somebody, [Duty(0, ALWAYS, 0, 1440)])


@pytest.fixture
def river(town: Town) -> Town:
    """李强 210 m away across the river, 张敏 and 小刘 a kilometre away on this bank."""
    town.resident("王秀英", contacts=("女儿",))
    worker(town, "李强", 0, 210)
    worker(town, "张敏", 900, 0)
    worker(town, "小刘", -900, 0)
    return town


def why(town: Town, who: str) -> str:
    return next(helper.why for helper in town.card("王秀英").helpers if helper.name == who)


def test_without_roads_the_nearest_in_a_straight_line_is_asked(river: Town) -> None:
    river.press("王秀英")

    assert "李强" in river.asked("王秀英")
    assert "直线距离最近" in why(river, "李强")


def test_with_roads_who_is_on_this_bank_is_asked_and_the_offer_says_why(river: Town) -> None:
    with_roads(river)
    assert geodesic_m(HOME, Point(*at(0, 210))) < 250

    river.press("王秀英")

    asked = river.asked("王秀英")
    assert set(asked) == {"张敏", "小刘"}
    assert "网格员,在岗,路网4分钟(电动车)" in why(river, "张敏")
    assert "4 min by road (e-bike)" in why(river, "张敏")
    assert "路上约4分钟" in river.heard("张敏")[0]
    told = [entry.text for entry in river.detail("王秀英").timeline if "请张敏前往" in entry.text]
    assert ["路网4分钟" in text for text in told] == [True]


def test_when_she_accepts_the_family_hears_the_minutes_of_the_road(river: Town) -> None:
    """李强, on the other bank, is the only one on duty: 25 minutes, and not the two of a straight line."""
    with river.store.write() as connection:
        for one in register.responders(connection):
            if one.name != "李强":
                register.update_responder(connection, one, [])
    with_roads(river)
    river.press("王秀英")
    assert "路网25分钟(电动车),最快" in why(river, "李强")

    river.answer("李强", "1")

    assert "约25分钟" in river.heard("女儿")[-1]


def test_a_closed_bridge_counts_from_the_next_case_on_and_so_does_its_opening(river: Town) -> None:
    with river.store.write() as connection:
        for one in register.responders(connection):
            if one.name == "小刘":
                register.update_responder(connection, one, [])
    with_roads(river, road(FERRY, (0.0, 0.0), (0.0, 200.0)))
    river.press("王秀英")
    assert "路网1分钟(电动车),最快" in why(river, "李强")
    river.close("王秀英")

    with river.store.write() as connection:
        network = rows.network(connection)
        assert network is not None
        rows.close(connection, rows.named(network, FERRY), "夜间停航", river.time)
        rows.close(connection, rows.named(network, BRIDGE), "封桥", river.time)
    river.press("王秀英")
    assert "路网一小时内到不了(电动车)" in why(river, "李强"), "he is asked as the last, for want of others"
    assert "路网4分钟(电动车),最快" in why(river, "张敏")
    river.close("王秀英")

    with river.store.write() as connection:
        assert rows.reopen(connection, [FERRY]) == 1
    river.press("王秀英")
    assert "路网1分钟(电动车),最快" in why(river, "李强")


def test_who_is_far_from_any_road_is_guessed_and_it_is_said(river: Town) -> None:
    with_roads(river)
    worker(river, "老赵", 700, -2000)
    with river.store.write() as connection:
        for one in register.responders(connection):
            if one.name in ("张敏", "小刘"):
                register.update_responder(connection, one, [])

    river.press("王秀英")

    assert "直线估算12分钟(离路网太远)" in why(river, "老赵")
    assert next(iter(river.asked("王秀英"))) == "老赵"


def test_roads_that_do_not_reach_the_home_or_cannot_be_read_hold_nobody_up(river: Town) -> None:
    far = [
        Way(w.key, w.name, [(lon + 1, lat) for lon, lat in w.corners], w.nodes, ALL, ALL, 40)
        for w in bank("远", 0)
    ]
    with river.store.write() as connection:
        rows.keep(connection, build(far), "made up", river.time)
    river.press("王秀英")
    assert "直线估算2分钟(住户离路网太远)" in why(river, "李强")
    river.close("王秀英")

    with river.store.write() as connection:
        connection.execute(rows.t.road_network.update().values(packed=b"broken"))
        rows.close(connection, ["x"], "", river.time)
    river.press("王秀英")
    assert "直线距离最近" in why(river, "李强")
    assert river.asked("王秀英")["李强"] is OfferState.ASKED


def test_a_clinic_gets_ready_goes_by_car_and_stands_in_one_order_with_the_others(river: Town) -> None:
    with_roads(river)
    worker(river, "北岸诊所", 100, 240, ResponderKind.CLINIC)
    worker(river, "南岸诊所", 1000, 0, ResponderKind.CLINIC)
    river.press("王秀英")
    assert "南岸诊所" in river.asked("王秀英")
    assert "北岸诊所" not in river.asked("王秀英")
    assert "路网4分钟(汽车),最快" in why(river, "南岸诊所"), (
        "two minutes until it rolls, and a kilometre and a half"
    )


def test_a_home_without_a_position_gets_who_is_near_the_middle_of_its_cell(town: Town) -> None:
    """An imported ledger knows addresses and no positions: that must not leave a home with nobody to ask."""
    town.resident("王秀英", located=False)
    worker(town, "李强", 400, 0)
    with town.store.write() as connection:
        west, south = at(-500, -500)
        east, north = at(500, 500)
        ring = ((west, south), (east, south), (east, north), (west, north), (west, south))
        community = register.area(connection, town.cell).parent_id
        atlas.survey(connection, Looked((), judge([], System("wgs84")), {community or 0: (ring,)}, (), {}))
        assert atlas.drawn_cells(connection) == atlas.middles(connection).keys() == {town.cell}

    town.press("王秀英")

    assert town.asked("王秀英") == {"李强": OfferState.ASKED}
    assert "直线距离最近" in why(town, "李强")
    assert "住户没有坐标,按网格中心" in why(town, "李强")
