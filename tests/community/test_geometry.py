"""A street brings its own geometry: the register wins, and a wrong coordinate system is named."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from community import geometry
from community.geometry import Looked, What, Wishes
from community.model import Area, AreaLevel, Building, Household, Polygon
from community.storage import Store, atlas, register
from maps.coords import Crs, from_wgs84
from maps.gate import Fit
from maps.survey import System, read
from tests.community.conftest import SmallStreet
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


@pytest.fixture
def grid(store: Store, small: SmallStreet) -> list[Area]:
    """Twelve cells of the small street's community, as the register has them."""
    with store.write() as connection:
        return [
            register.add_area(
                connection,
                Area(0, AreaLevel.CELL, f"{CODE}{n:03d}", "local", f"和平{n}网格", small.community.id,
                     box(n % 4, n // 4)),
            )
            for n in range(2, 14)
        ]  # fmt: skip


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
    run("seed")
    with opened.read() as connection:
        cells = [area for area in register.areas(connection) if area.level is AreaLevel.CELL]
    path = file(tmp_path, *drawn(cells), crs=Crs.GCJ02)
    command = ("import-geometry", "cells", str(path), "--crs")

    wrong = run(*command, "wgs84", "--write", "--unchecked")
    assert (wrong.returncode, "没有导入,请改正坐标系" in wrong.stderr) == (1, True)
    dry = run(*command, "gcj02")
    assert (dry.returncode, "网格拓扑无误" in dry.stdout) == (0, True)
    with opened.read() as connection:
        assert all(area.synthetic for area in register.areas(connection))
    assert "已导入458项" in run(*command, "gcj02", "--write").stdout
    with opened.read() as connection:
        synthetic = [area.level for area in register.areas(connection) if area.synthetic]
    assert set(synthetic) == {AreaLevel.STREET, AreaLevel.COMMUNITY}


def test_from_the_command_line_the_grid_is_checked_drafted_and_drawn(
    run: Run, opened: Store, tmp_path: Path
) -> None:
    run("seed")
    assert run("check-geometry").returncode == 0
    with opened.read() as connection:
        known = atlas.known(connection)
    community = next(area for area in known.areas if area.level is AreaLevel.COMMUNITY)

    draft = tmp_path / "draft.geojson"
    assert "按10户均分" not in run("draft-cells", community.code, "4", str(draft)).stderr
    features = json.loads(draft.read_text())["features"]
    assert [one["properties"]["草案"] for one in features] == ["是"] * 4
    taken = sum(area.parent_id == community.id for area in known.areas)
    assert features[0]["properties"]["网格编码"] == f"{community.code}{taken + 1:03d}"

    picture = tmp_path / "flaws.svg"
    command = (
        "import-geometry",
        "cells",
        str(draft),
        "--crs",
        "wgs84",
        "--create",
        "--picture",
        str(picture),
    )
    refused = run(*command, "--picture", str(picture), "--write", "--unchecked")
    assert (refused.returncode, "重叠" in refused.stdout, "没有导入" in refused.stderr) == (1, True, True)
    assert picture.read_text().startswith("<svg")
    assert "created 4" in run(*command, "--write", "--unchecked", "--flawed").stdout
    again = run("check-geometry", "--picture", str(picture))
    assert (again.returncode, "overlap" in again.stdout) == (1, True)
    assert run("draft-cells", "1", "4", str(draft)).returncode == 1
