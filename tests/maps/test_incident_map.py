"""The incident map: what is on the sheet, and what can never be."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maps.coords import Point
from maps.grid import Cell, Polygon
from maps.page import Candidate, Category, IncidentMap, draw, metres_in_words

BEIJING = timezone(timedelta(hours=8))
DRAWN_AT = datetime(2026, 11, 21, 14, 5, tzinfo=BEIJING)
HOME = Point(118.5475, 37.5880)


def box(west: float, south: float, east: float, north: float) -> Polygon:
    return (((west, south), (east, south), (east, north), (west, north), (west, south)),)


OWN = Cell("370505001006032", box(118.545, 37.586, 118.550, 37.590))
BESIDE = Cell("370505001006033", box(118.550, 37.586, 118.555, 37.590))
FAR = Cell("370505001001001", box(119.5, 38.5, 119.6, 38.6))
SHEET = IncidentMap(
    incident="A-0007",
    home=HOME,
    drawn_at=DRAWN_AT,
    cell_code=OWN.code,
    cells=(OWN, BESIDE, FAR),
    candidates=(
        Candidate("grid-048", Category.RESPONDER, Point(118.551, 37.589), 304.2, 2),
        Candidate("clinic-1", Category.CLINIC, Point(118.557, 37.583), 1203.0, 8),
        Candidate("grid-044", Category.RESPONDER, Point(118.543, 37.585), 450.9),
    ),
)


def text_of(html: str) -> str:
    """The words of the page's own body, as a reader gets them."""
    body = html[html.index("<body>") : html.index("</body>")]
    return " ".join(re.sub(r"<svg.*?</svg>|<[^>]+>", " ", body).split())


def test_the_sheet_says_which_incident_which_cell_and_when() -> None:
    words = text_of(draw(SHEET).html)
    assert "事件 incident A-0007" in words
    assert "网格 cell 370505001006032" in words
    assert "2026-11-21 14:05" in words, "in the time zone it was given in"


def test_the_candidates_are_listed_in_their_order_and_numbered_within_their_category() -> None:
    words = text_of(draw(SHEET).html)
    listed = re.findall(r"(\d) (网格员|卫生服务中心) (\S+) (\S+ k?m) (\d+ 分|–)", words)
    assert listed == [
        ("1", "网格员", "grid-048", "300 m", "2 分"),
        ("1", "卫生服务中心", "clinic-1", "1.2 km", "8 分"),
        ("2", "网格员", "grid-044", "450 m", "–"),
    ]


def test_chinese_comes_first() -> None:
    html = draw(SHEET).html
    assert '<html lang="zh-CN">' in html
    assert "<title>事件位置图 Incident map A-0007</title>" in html


def test_when_nobody_can_be_sent_the_sheet_says_so() -> None:
    assert "附近无人可派 nobody to send nearby" in text_of(draw(replace(SHEET, candidates=())).html)
    assert "附近无人可派" not in text_of(draw(SHEET).html)


def test_a_home_in_no_cell_is_shown_as_such() -> None:
    page = draw(replace(SHEET, cell_code=None))
    assert "未分格 in no cell" in text_of(page.html)
    assert '"own-cell"' not in page.html


def test_drafted_cells_are_called_schematic_and_surveyed_ones_are_not() -> None:
    assert "非实测边界" in draw(replace(SHEET, schematic=True)).html
    assert "非实测边界" not in draw(SHEET).html


def test_only_cells_that_can_be_seen_are_drawn() -> None:
    html = draw(SHEET).html
    assert html.count("L.polygon(") == 2, "the home's and the one beside it, not the one 100 km away"
    assert html.count('"className": "own-cell"') == 1


def test_a_lone_home_is_shown_with_the_cells_around_it() -> None:
    """Half a kilometre away, and in view at the closest zoom."""
    assert draw(replace(SHEET, cells=(BESIDE,), cell_code=None, candidates=())).html.count("L.polygon(") == 1


@pytest.mark.parametrize("east, north", [(1, 0), (-1, 0), (0, 1), (0, -1)])
def test_far_cells_are_left_out_on_every_side(east: int, north: int) -> None:
    far = Cell("far", box(118.5 + east, 37.5 + north, 118.6 + east, 37.6 + north))
    assert draw(replace(SHEET, cells=(OWN, far))).html.count("L.polygon(") == 1


def test_a_sheet_at_zero_zero_is_drawn_at_zero_zero() -> None:
    origin = Point(0.0, 0.0)
    page = draw(
        IncidentMap("A-1", origin, DRAWN_AT, candidates=(Candidate("a", Category.RESPONDER, origin, 0.0, 0),))
    )
    assert page.html.count("[0.0, 0.0],") >= 2
    assert "0 m 0 分" in text_of(page.html), "0 minutes is not 'unknown'"
    assert re.search(r"fitBounds\(\s*\[\[0\.0, 0\.0\], \[0\.0, 0\.0\]\],\s*\{\"maxZoom\": 17", page.html)


def test_the_same_sheet_gives_the_same_page() -> None:
    assert draw(SHEET) == draw(SHEET)


def test_no_address_but_our_own_is_on_the_page() -> None:
    html = draw(SHEET).html
    assert re.findall(r'(?:src|href)="([^"]+)"', html) == [
        "/vendor/leaflet/leaflet.js",
        "/vendor/leaflet/leaflet.css",
    ]
    assert "://" not in html


def test_nothing_on_the_page_needs_unsafe_inline() -> None:
    html = draw(SHEET).html
    assert re.findall(r"<[^>]+\s(?:style|on\w+)\s*=", html) == []
    assert r"style=" not in html


def test_every_layer_has_a_name_of_ours() -> None:
    html = draw(SHEET).html
    overlays = html[html.index("overlays :") : html.index("L.control.layers")]
    names = [json.loads(name) for name in re.findall(r'("[^"]+") :', overlays)]
    assert names == [
        "相邻网格 surrounding cells",
        "所在网格 own cell",
        "直线 straight lines",
        "网格员和卫生服务中心 responders and clinics",
        "住户 home",
    ]


def test_the_map_can_be_zoomed_although_it_has_no_tiles_and_shows_no_flag() -> None:
    html = draw(SHEET).html
    assert '"maxZoom": 20' in html
    assert '"attributionControl": false' in html
    assert "tileLayer" not in html


NAMES = [
    "王秀英",
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "${alert(1)}",
    "`+alert(1)+`",
    "\\u003cimg src=x onerror=alert(1)>",
    "{{ 7*7 }}",
    "{% raw %}",
    '" onload="alert(1)',
    "a b",
    "",
    "-a",
    "a" * 65,
    "a\n",
]


@pytest.mark.parametrize("name", NAMES)
def test_no_name_and_no_script_gets_onto_a_map(name: str) -> None:
    """The six ways a resident's name became script in folium, and what else is not an id."""
    with pytest.raises(ValueError, match="never carries names"):
        Candidate(name, Category.RESPONDER, HOME, 1.0)
    with pytest.raises(ValueError, match="never carries names"):
        replace(SHEET, incident=name)
    with pytest.raises(ValueError, match="never carries names"):
        replace(SHEET, cell_code=name)
    with pytest.raises(ValueError, match="never carries names"):
        replace(SHEET, cells=(Cell(name, OWN.polygon),))


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}", fullmatch=True))
def test_any_plain_id_is_shown_as_it_is(id: str) -> None:
    assert Candidate(id, Category.CLINIC, HOME, 1.0).id == id


@pytest.mark.parametrize("distance", [-1.0, float("nan"), float("inf")])
def test_a_distance_that_cannot_be_is_refused(distance: float) -> None:
    with pytest.raises(ValueError, match="distance of a must be 0 metres or more"):
        Candidate("a", Category.CLINIC, HOME, distance)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        replace(SHEET, drawn_at=datetime(2026, 11, 21, 14, 5))  # noqa: DTZ001
    assert replace(SHEET, drawn_at=datetime(2026, 11, 21, 14, 5, tzinfo=UTC)).drawn_at.tzinfo is UTC


@pytest.mark.parametrize(
    "metres, words",
    [
        (0.0, "0 m"),
        (4.9, "0 m"),
        (304.2, "300 m"),
        (994.9, "990 m"),
        (995.1, "1.0 km"),
        (1249.0, "1.2 km"),
        (12345.0, "12.3 km"),
    ],
)
def test_distances_are_said_as_people_say_them(metres: float, words: str) -> None:
    assert metres_in_words(metres) == words
