"""A street brings its own geometry: the register wins, and a wrong coordinate system is named."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection

from community import geometry
from community.geometry import Looked, What, Wishes
from community.model import Area, AreaLevel, Building, Household, Polygon
from community.storage import Store, atlas, register, roads
from maps.coords import Crs, from_wgs84
from maps.gate import Fit
from maps.roads import Mode, Way, build
from maps.survey import System, read
from tests.community.conftest import SmallStreet
from tests.community.conftest import build as build_street
from tests.community.test_command_line import Run, opened, run

__all__ = ["opened", "run"]  # fixtures

WEST, SOUTH, STEP = 118.54, 37.58, 0.002
CODE = "370505001012"
PLAIN = Wishes()


def box(x: float, y: float, size: float = 1.0) -> Polygon:
    west, south = WEST + x * STEP, SOUTH + y * STEP
    east, north = west + size * STEP, south + size * STEP
    return (
        tuple((round(a, 7), round(b, 7)) for a, b in
              ((west, south), (east, south), (east, north), (west, north), (west, south))),
    )  # fmt: skip


Item = tuple[dict[str, object], Polygon | tuple[float, float]]


def file(folder: Path, *items: Item, crs: Crs = Crs.WGS84) -> Path:
    """A GeoJSON as an office would hand it over, drawn in `crs`."""

    def shifted(corners: Sequence[tuple[float, float]]) -> list[list[float]]:
        return [[float(value) for value in from_wgs84(*corner, crs)] for corner in corners]

    features = []
    for said, drawn in items:
        if isinstance(drawn[0], tuple):
            shape = {"type": "Polygon", "coordinates": [shifted(ring) for ring in drawn]}  # type: ignore[arg-type]
        else:
            shape = {"type": "Point", "coordinates": shifted([drawn])[0]}  # type: ignore[list-item]
        features.append({"type": "Feature", "properties": said, "geometry": shape})
    path = folder / f"{crs}.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def look(
    store: Store, what: What, path: Path, crs: str = "wgs84", wishes: Wishes = PLAIN, write: bool = False
) -> Looked:
    system = System(crs)
    with store.write() as connection:
        found = geometry.look(what, read(path, system), system, atlas.known(connection), wishes)
        if write:
            atlas.survey(connection, found)
    return found


def twelve_cells(connection: Connection, community: Area) -> list[Area]:
    """Twelve cells of the small street's community, as the register has them."""
    return [
        register.add_area(
            connection,
            Area(
                0, AreaLevel.CELL, f"{CODE}{n:03d}", "local", f"和平{n}网格", community.id, box(n % 4, n // 4)
            ),
        )
        for n in range(2, 14)
    ]


@pytest.fixture
def grid(store: Store, small: SmallStreet) -> list[Area]:
    with store.write() as connection:
        return twelve_cells(connection, small.community)


def drawn(cells: Sequence[Area]) -> list[Item]:
    return [({"网格编码": cell.code, "网格名称": cell.name}, cell.polygon) for cell in cells if cell.polygon]


def test_cells_drawn_on_a_chinese_map_and_declared_otherwise_are_named(
    store: Store, grid: list[Area], tmp_path: Path
) -> None:
    path = file(tmp_path, *drawn(grid), crs=Crs.GCJ02)

    wrong, right = look(store, What.CELLS, path), look(store, What.CELLS, path, "gcj02", write=True)

    assert (wrong.verdict.fit, wrong.verdict.should_be) == (Fit.WRONG, Crs.GCJ02)
    assert "these look like GCJ-02 declared as WGS-84: off by 5" in next(iter(geometry.report(wrong)))
    assert (right.verdict.fit, len(right.outlines), right.bad) == (Fit.RIGHT, 12, ())
    with store.read() as connection:
        after = {area.code: area.polygon for area in register.areas(connection)}
    for cell in grid:
        polygon = after[cell.code]
        assert cell.polygon is not None
        assert polygon is not None
        for corner, before in zip(polygon[0], cell.polygon[0], strict=True):
            assert corner == pytest.approx(before, abs=2e-7)


def test_the_register_wins_over_a_drawing(store: Store, grid: list[Area], tmp_path: Path) -> None:
    unknown: Item = ({"网格编码": f"{CODE}099", "网格名称": "新网格"}, box(9, 9))
    renamed: Item = ({"网格编码": grid[0].code, "网格名称": "别名"}, box(0, 0))
    street: Item = ({"编码": "370505001"}, box(0, 0, 9))
    twice = drawn(grid[1:2])
    path = file(tmp_path, unknown, renamed, street, *twice, *twice)

    found = look(store, What.CELLS, path, write=True)

    assert ["登记中没有" in row.wrong for row in found.rows] == [True, False, False, False, False]
    assert "登记的名称是" in found.rows[1].note
    assert "communities and cells only" in found.rows[2].wrong
    assert "重复" in found.rows[4].wrong
    with store.read() as connection:
        areas = {area.code: area for area in register.areas(connection)}
    assert f"{CODE}099" not in areas
    assert areas[grid[0].code].name == grid[0].name
    assert areas["370505001"].synthetic, "a made-up street goes on saying so"


def test_cells_are_created_only_when_that_is_wished_and_below_a_known_community(
    store: Store, small: SmallStreet, tmp_path: Path
) -> None:
    good: Item = ({"网格编码": f"{CODE}099", "网格名称": "新网格"}, box(9, 9))
    bad = [({"网格编码": code}, box(9, 9)) for code in ("370505001099001", f"{CODE}99", f"{CODE}000", "")]
    path = file(tmp_path, good, *bad, good)

    found = look(store, What.CELLS, path, wishes=Wishes(create=True), write=True)

    assert [bool(row.wrong) for row in found.rows] == [False, True, True, True, True, True]
    with store.read() as connection:
        [new] = [area for area in register.areas(connection) if area.code.endswith("099")]
    assert (new.level, new.name, new.polygon) == (AreaLevel.CELL, "新网格", box(9, 9))
    with store.read() as connection:
        assert new.parent_id == small.community.id


def test_surveyed_houses_replace_the_made_up_ones_of_their_cell(
    store: Store, small: SmallStreet, grid: list[Area], tmp_path: Path
) -> None:
    cell, other = grid[0], grid[1]
    with store.write() as connection:
        atlas.add_buildings(
            connection,
            [Building(0, cell.id, name, 6, box(2.2, 0.2, 0.1), synthetic=True) for name in ("1幢", "2幢")]
            + [Building(0, other.id, "1幢", 6, box(3.2, 0.2, 0.1), synthetic=True)],
        )
    inside = box(2.5, 0.5, 0.1)
    path = file(
        tmp_path,
        ({"楼栋": "1幢", "网格": cell.name, "层数": "7层"}, box(2.21, 0.2, 0.1)),
        ({"name": "3幢", "height": 20}, inside),
        ({"name": "4幢", "网格编码": cell.code, "levels": 5}, box(3.5, 0.5, 0.1)),
        ({"name": "5幢"}, inside),
        ({"name": "", "levels": 5}, inside),
        ({"name": "6幢", "levels": 5}, box(60, 60, 0.1)),
        ({"name": "7幢", "levels": 5, "网格": "没有的"}, inside),
        ({"name": "3幢", "levels": 5}, inside),
    )

    found = look(store, What.BUILDINGS, path, write=True)

    reasons = [row.wrong for row in found.rows]
    assert reasons[:3] == ["", "", ""]
    for reason, words in zip(
        reasons[3:], ("没有层数", "没有楼栋名称", "不在任何网格", "没有网格", "同名"), strict=True
    ):
        assert words in reason
    assert f"以登记的{cell.code}为准" in found.rows[2].note
    with store.read() as connection:
        houses = {(one.area_id, one.name): one for one in atlas.buildings(connection)}
    assert set(houses) == {(cell.id, "1幢"), (small.cell.id, "3幢"), (cell.id, "4幢"), (other.id, "1幢")}
    assert [houses[cell.id, "1幢"].storeys, houses[small.cell.id, "3幢"].storeys] == [7, 7]
    assert not any(house.synthetic for house in houses.values() if house.area_id == cell.id)
    assert houses[other.id, "1幢"].synthetic
    assert look(store, What.BUILDINGS, path, wishes=Wishes(storeys=3)).buildings[3].storeys == 3


def test_homes_get_their_places_by_their_addresses(store: Store, grid: list[Area], tmp_path: Path) -> None:
    with store.write() as connection:
        homes = [
            register.add_household(
                connection, Household(0, cell.id, f"和平{n}号", "", "", None, "", position=None)
            )
            for n, cell in enumerate(grid)
        ]
    places = [(WEST + (n % 4 + 0.5) * STEP, SOUTH + (n // 4 + 0.5) * STEP) for n in range(2, 14)]
    rows: list[Item] = [({"地址": home.address}, at) for home, at in zip(homes, places, strict=True)]
    path = file(tmp_path, *rows, ({"地址": "没有的"}, places[0]), crs=Crs.BD09)

    assert look(store, What.HOMES, path, "wgs84").verdict.should_be is Crs.BD09
    found = look(store, What.HOMES, path, "bd09", write=True)

    assert (found.verdict.fit, len(found.positions)) == (Fit.RIGHT, 12)
    assert ["没有这个地址" in row.wrong for row in found.bad] == [True]
    with store.read() as connection:
        home = register.household_by_id(connection, homes[3].id).household
    assert home.position is not None
    assert (home.position.lon, home.position.lat) == pytest.approx(places[3], abs=1e-6)
    assert home.position.source == "survey"
    assert home.area_id == homes[3].area_id


@pytest.mark.parametrize(
    "code, parent, why",
    [
        (f"{CODE}001", CODE, ""),
        (f"{CODE}01", CODE, "15位"),
        (f"{CODE}0a1", CODE, "15位"),
        ("370505001013001", CODE, "开头"),
        (f"{CODE}000", CODE, "001"),
        (f"{CODE}001", None, "不属于"),
    ],
)
def test_a_cells_code_is_its_communitys_and_three_digits(code: str, parent: str | None, why: str) -> None:
    community = Area(2, AreaLevel.COMMUNITY, parent, "nbs", "和平社区", 1) if parent else None
    cell = Area(3, AreaLevel.CELL, code, "local", "一网格", 2)
    wrong = geometry.wrong_code(cell, community)
    assert (why in wrong) if why else not wrong
    assert not geometry.wrong_code(replace(cell, level=AreaLevel.COMMUNITY), None)


def test_codes_go_on_after_the_highest_and_end_with_999() -> None:
    community = Area(2, AreaLevel.COMMUNITY, CODE, "nbs", "和平社区", 1)
    areas = [Area(n, AreaLevel.CELL, f"{CODE}{n:03d}", "local", "", 2) for n in (1, 7)]
    assert geometry.next_codes(community, areas, 2) == (f"{CODE}008", f"{CODE}009")
    assert geometry.next_codes(community, [], 1) == (f"{CODE}001",)
    with pytest.raises(ValueError, match="codes left"):
        geometry.next_codes(community, areas, 993)


def test_from_the_command_line_nothing_is_written_before_it_is_wished(
    run: Run, opened: Store, tmp_path: Path
) -> None:
    with opened.write() as connection:
        cells = twelve_cells(connection, build_street(connection).community)
    path = file(tmp_path, *drawn(cells), crs=Crs.GCJ02)
    command = ("import-geometry", "cells", str(path), "--crs")

    wrong = run(*command, "wgs84", "--write", "--unchecked")
    assert (wrong.returncode, "没有导入,请改正坐标系" in wrong.stderr) == (1, True)
    dry = run(*command, "gcj02")
    assert (dry.returncode, "坐标系核对无误" in dry.stdout) == (0, True)
    with opened.read() as connection:
        assert [area.polygon for area in register.areas(connection)][-12:] == [cell.polygon for cell in cells]
    assert "已导入12项" in run(*command, "gcj02", "--write", "--flawed").stdout


def test_from_the_command_line_the_grid_is_checked_drafted_and_drawn(
    run: Run, opened: Store, tmp_path: Path
) -> None:
    with opened.write() as connection:
        build_street(connection)
    checked = run("check-geometry")
    assert (checked.returncode, "网格拓扑无误" in checked.stdout) == (0, True)

    draft, picture = tmp_path / "draft.geojson", tmp_path / "flaws.svg"
    assert "按面积" in run("draft-cells", CODE, "4", str(draft)).stdout, "one home cannot be divided"
    features = json.loads(draft.read_text())["features"]
    assert [one["properties"]["草案"] for one in features] == ["是"] * 4
    assert [one["properties"]["网格编码"] for one in features] == [f"{CODE}{n:03d}" for n in (2, 3, 4, 5)]

    command = ("import-geometry", "cells", str(draft), "--crs", "wgs84", "--create", "--write", "--unchecked")
    refused = run(*command, "--picture", str(picture))
    assert (refused.returncode, "重叠" in refused.stdout, "没有导入" in refused.stderr) == (1, True, True)
    assert picture.read_text().startswith("<svg")
    assert "created 4" in run(*command, "--flawed").stdout
    again = run("check-geometry")
    assert (again.returncode, "4 overlap" in again.stdout) == (1, True)


def test_from_the_command_line_roads_come_into_use_and_a_bridge_is_closed(
    run: Run, opened: Store, tmp_path: Path
) -> None:
    with opened.write() as connection:
        build_street(connection)
    path = tmp_path / "roads.geojson"

    def written(east: float = 0.0) -> str:
        lines = [[(WEST + east + x / 100, SOUTH + 0.005) for x in (n, n + 1)] for n in (0, 1)]
        features = [
            {"type": "Feature", "properties": {"name": "垦利大桥"}, "geometry": shape}
            for shape in ({"type": "LineString", "coordinates": line} for line in lines)
        ]
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
        return str(path)

    elsewhere = run("import-roads", written(1.0), "--write")
    assert (elsewhere.returncode, "多数住户离路网太远" in elsewhere.stderr) == (1, True)
    assert "1/1户" in run("import-roads", written()).stdout
    with opened.read() as connection:
        assert roads.network(connection) is None, "looked at only"
    assert "已启用" in run("import-roads", str(path), "--write").stdout
    assert "已封2段" in run("close-road", "垦利大桥", "--why", "封桥").stdout
    with opened.read() as connection:
        assert {one.why for one in roads.closed(connection).values()} == {"封桥"}
    assert "no road has this name" in run("open-road", "没有的桥").stderr
    assert "恢复2段" in run("open-road", "垦利大桥").stdout


def test_what_is_closed_ends_with_the_network_that_had_it(store: Store, now: datetime) -> None:
    def road(key: str) -> Way:
        return Way(key, "", ((118.5, 37.5), (118.51, 37.5)), (1, 2), frozenset(Mode), frozenset(Mode), 20)

    with store.write() as connection:
        roads.keep(connection, build([road("a"), road("b")]), "test", now)
        roads.close(connection, ["a", "b"], "水淹", now)
        roads.close(connection, ["b"], "封桥", now)
        before = roads.revision(connection)
        roads.keep(connection, build([road("b")]), "test", now)
        assert roads.revision(connection) == before + 1
        assert {key: one.why for key, one in roads.closed(connection).items()} == {"b": "封桥"}
        found = roads.network(connection)
    assert found is not None
    assert found.keys == ("b",)
