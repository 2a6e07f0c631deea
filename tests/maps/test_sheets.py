"""The sheets of the grid atlas: true to scale, readable, and made of nothing but what is known."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from maps.coords import Point, geodesic_m
from maps.grid import Polygon
from maps.sheets import HIGH, SCALES, WIDE, Around, House, Named, cell_sheet, hectares, key_sheet, short_name

LON, LAT = 118.545, 37.585
TAG = "{http://www.w3.org/2000/svg}"


def square(lon: float, lat: float, half: float) -> Polygon:
    corners = ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1))
    return (tuple((lon + x * half * 1.26, lat + y * half) for x, y in corners),)


CELL = square(LON, LAT, 0.001)  # some 222 m on each side
EAST = square(LON + 0.00252, LAT, 0.001)
FAR = square(LON + 0.1, LAT, 0.001)
NAMED = [Named("第1网格", CELL), Named("第2网格", EAST), Named("和平社区第9网格", FAR)]


def corners_of(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+),(-?[\d.]+)", path)]


def words_of(svg: str) -> list[str]:
    return [each.text or "" for each in ElementTree.fromstring(svg).iter(f"{TAG}text")]


def sheet(
    cell: Polygon = CELL,
    houses: tuple[House, ...] = (),
    clinics: tuple[tuple[str, Point], ...] = (),
) -> tuple[ElementTree.Element, int, list[str]]:
    drawing = cell_sheet(cell, houses, Around([*NAMED, Named("自己", cell)]), clinics)
    return ElementTree.fromstring(drawing.svg), drawing.scale, words_of(drawing.svg)


def of_class(root: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [each for each in root.iter() if each.get("class") == name]


def test_a_metre_on_the_paper_is_as_many_on_the_ground_as_it_says() -> None:
    root, scale, words = sheet()
    assert scale in SCALES
    [outline] = of_class(root, "outline")
    west_south, east_south, *_ = corners_of(outline.get("d") or "")
    metres = geodesic_m(Point(*CELL[0][0]), Point(*CELL[0][1]))
    assert (east_south[0] - west_south[0]) * scale / 1000 == pytest.approx(metres, rel=1e-3)
    assert f"约 about 1:{scale}" in words
    bars = of_class(root, "bar") + of_class(root, "bar bar--light")
    [said] = [word for word in words if word.endswith("米 m")]
    on_paper = sum(float(bar.get("width") or 0) for bar in bars)
    assert on_paper * scale / 1000 == pytest.approx(float(said.removesuffix("米 m")), rel=1e-3)


@pytest.mark.parametrize("half", [0.0001, 0.001, 0.02, 0.3, 2.0])
def test_a_cell_of_any_size_fits_on_its_sheet_with_room_for_its_neighbours(half: float) -> None:
    root, _, _ = sheet(square(LON, LAT, half))
    [outline] = of_class(root, "outline")
    drawn = corners_of(outline.get("d") or "")
    assert all(10 < x < WIDE - 10 and 10 < y < HIGH - 10 for x, y in drawn)
    assert north_is_up(drawn)


def north_is_up(drawn: list[tuple[float, float]]) -> bool:
    return drawn[0][1] > drawn[2][1]  # the south-west corner lies below the north-east one


def test_what_lies_beside_it_is_named_at_its_edge_and_what_lies_elsewhere_is_not() -> None:
    root, _, words = sheet()
    [name] = [each for each in of_class(root, "beside-name") if each.text == "第2网格"]
    [outline] = of_class(root, "outline")
    assert float(name.get("x") or 0) > max(x for x, _ in corners_of(outline.get("d") or ""))
    assert "第1网格" not in words, "it stands above the picture"
    assert "和平社区第9网格" not in words


def test_houses_have_their_number_and_homes_and_an_estate_its_name_once() -> None:
    houses = (
        House("幸福里1幢", square(LON, LAT + 0.0004, 0.0002), 3),
        House("幸福里2幢", square(LON, LAT - 0.0004, 0.0002), 0),
    )
    root, _, words = sheet(houses=houses)
    assert [word for word in words if "幢" in word] == ["1幢·3户", "2幢"]
    assert words.count("幸福里") == 1
    assert (len(of_class(root, "lived")) - 1, len(of_class(root, "house")) - 1) == (1, 1)  # and the legend


def test_words_never_lie_on_each_other() -> None:
    houses = tuple(
        House(f"{row}-{column}号楼", square(LON + row * 0.0001, LAT + column * 0.00006, 0.00003), 2)
        for row in range(-8, 9)
        for column in range(-8, 9)
    )
    root, _, _ = sheet(houses=houses)
    boxes = []
    for each in of_class(root, "house-name"):
        half = len(each.text or "") * 1.4 / 2
        x, y = float(each.get("x") or 0), float(each.get("y") or 0)
        boxes.append((x - half, y - 1, x + half, y + 1))
    assert len(boxes) > 10
    for at, one in enumerate(boxes):
        for other in boxes[at + 1 :]:
            apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
            assert apart


def test_a_clinic_on_the_sheet_is_a_cross_with_its_name() -> None:
    near, far = ("和平卫生服务站", Point(LON, LAT)), ("东方卫生服务站", Point(LON + 1, LAT))
    root, _, words = sheet(clinics=(near, far))
    assert len(of_class(root, "clinic")) == 1
    assert "和平卫生服务站" in words
    assert "东方卫生服务站" not in words


def test_no_name_becomes_part_of_the_drawing() -> None:
    evil = '<script>alert("1")</script>&幢'
    _, _, words = sheet(houses=(House(evil, square(LON, LAT, 0.0009), 1),))
    assert f"{evil}·1户" in words


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("幸福里3幢", "3幢"),
        ("书香苑12号楼", "12号楼"),
        ("文汇里5-2栋", "5-2栋"),
        ("A座", "A座"),
        ("3幢", "3幢"),
        ("敬老院", "敬老院"),
        ("", ""),
    ],
)
def test_beside_the_name_of_its_estate_the_number_of_a_house_is_enough(name: str, short: str) -> None:
    assert short_name(name) == short


def test_the_key_has_all_of_them() -> None:
    assert words_of(key_sheet([Named("1", CELL), Named("2", EAST)], 105).svg) == ["1", "2"]
    with pytest.raises(ValueError, match="no cell"):
        key_sheet([], 105)


def test_the_ground_of_a_cell_is_said_in_hectares() -> None:
    assert hectares(CELL) == pytest.approx(4.9, abs=0.1)
