"""The grid atlas, as Chromium prints it: a sheet of A4 for each cell, and nothing of it from elsewhere."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from community.model import Area, AreaLevel, Building
from community.storage import Store, atlas, register
from tests.api.conftest import Browser as Client
from tests.api.conftest import Town
from tests.api.console.conftest import Desk
from tests.api.console.test_map_in_a_browser import LAT, LON, a_house

ONE_STORE = pytest.mark.parametrize("store", ["sqlite"], indirect=True)
POINTS_PER_MM = 72 / 25.4


@pytest.fixture(autouse=True)
def grid(store: Store, town: Town) -> list[Area]:
    """Two more cells in 和平社区, one of them without an outline, and 3幢 in the first."""
    with store.write() as connection:
        first = register.area(connection, town.cell_id)
        assert first.polygon is not None
        east = (tuple((lon + 0.01, lat) for lon, lat in first.polygon[0]),)
        atlas.add_buildings(connection, [Building(0, town.cell_id, "3幢", 6, (a_house(LON, LAT),))])
        more = [
            Area(0, AreaLevel.CELL, f"37050500101200{at}", "nbs", name, first.parent_id, outline, False)
            for at, name, outline in ((2, "和平社区第2网格", east), (3, "和平社区第3网格", None))
        ]
        return [first, *(register.add_area(connection, each) for each in more)]


@ONE_STORE
@pytest.mark.browser
def test_each_cell_is_printed_on_one_page_of_a4_after_an_index(desk: Desk, grid: list[Area]) -> None:
    desk.log_in("/atlas")
    desk.tab.click("text=和平社区")
    expect(desk.tab.locator(".leaf")).to_have_count(4)
    for look in ("light", "dark"):
        desk.tab.emulate_media(color_scheme=look)
        assert pages_of(desk.tab.pdf(prefer_css_page_size=True, print_background=True)) == [(210, 297)] * 4
    desk.tab.goto(f"{desk.url}/atlas/{grid[1].id}")
    expect(desk.tab.locator(".leaf h2")).to_contain_text("和平社区第2网格")
    assert pages_of(desk.tab.pdf(prefer_css_page_size=True)) == [(210, 297)]
    assert desk.asked_elsewhere == []
    assert desk.wrong == []


def pages_of(pdf: bytes) -> list[tuple[int, int]]:
    """The pages of a PDF that Chromium made, in mm."""
    boxes = re.findall(rb"/Type /Page\b[^s].*?/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf, re.DOTALL)
    return [(round(float(wide) / POINTS_PER_MM), round(float(high) / POINTS_PER_MM)) for wide, high in boxes]


@ONE_STORE
def test_a_sheet_says_who_is_responsible_and_what_is_missing(operator: Client, grid: list[Area]) -> None:
    page = operator.get(f"/atlas/{grid[0].parent_id}").text
    first, second, third = re.findall(r'<section class="leaf" .*?</section>', page, re.DOTALL)
    for said in (
        "370505001012001",
        "3幢·1户",
        "李强",
        "138 0000 0011",
        "和平卫生服务站",
        "第2网格",
        "示意几何",
        "2222999",
    ):
        assert said in first, said
    assert "王秀英" not in page, "no resident is named on a sheet that lies about"
    assert "示意几何" not in second
    assert "没有登记 none" in second
    assert "import-geometry" in third
    index = page[page.index("leaf--index") : page.index('<section class="leaf" ')]
    assert re.findall(r"<li><b>(\d)</b><span>([^<]*)</span>", index) == [
        ("1", "和平一网格"),
        ("2", "第2网格"),
        ("3", "第3网格"),
    ]
    shelf = operator.get("/atlas").text
    assert re.search(r'href="/atlas/\d+">和平社区</a></td><td>370505001012</td><td class="num">3</td>', shelf)


@ONE_STORE
def test_what_has_no_cells_is_no_book(operator: Client, grid: list[Area], store: Store) -> None:
    with store.read() as connection:
        [street] = register.areas(connection, AreaLevel.STREET)
    for area_id in (street.id, 999_999):
        answer = operator.get(f"/atlas/{area_id}")
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_book")
    operator.client.cookies.clear()
    assert operator.get(f"/atlas/{grid[0].id}").status_code in (303, 401)
