"""What keeps a grid from fitting is found, counted and drawn."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
import shapely

from maps.coords import Point
from maps.division import divide
from maps.grid import Flaw, Polygon, draft_cells, points_inside
from maps.topology import WORDS, Outline, check, picture, report

WEST, SOUTH, STEP = 118.54, 37.58, 0.002


def box(x: float, y: float, wide: float = 1.0, high: float = 1.0) -> Polygon:
    west, south, east, north = (
        round(WEST + x * STEP, 7), round(SOUTH + y * STEP, 7),
        round(WEST + (x + wide) * STEP, 7), round(SOUTH + (y + high) * STEP, 7),
    )  # fmt: skip
    return (((west, south), (east, south), (east, north), (west, north), (west, south)),)


def cell(number: int, polygon: Polygon, community: Polygon | None = None) -> Outline:
    return Outline(f"370505001012{number:03d}", polygon, "370505001012", community or box(0, 0, 2, 1))


GOOD = (cell(1, box(0, 0)), cell(2, box(1, 0)))


def kinds(*outlines: Outline) -> list[Flaw]:
    return sorted({finding.flaw for finding in check(outlines)})


def test_a_grid_that_fits_has_no_findings() -> None:
    assert check(GOOD) == ()
    assert list(report(check(GOOD))) == ["网格拓扑无误 the cells fit together"]
    assert check(()) == ()


@pytest.mark.parametrize(
    "outlines, found",
    [
        ((cell(1, box(0, 0, 1.1)), cell(2, box(1, 0))), [Flaw.OVERLAP]),
        ((cell(1, box(0, 0, 0.99)), cell(2, box(1, 0))), [Flaw.GAP, Flaw.UNCOVERED]),
        ((cell(1, box(0, 0, 0.5)), cell(2, box(1, 0))), [Flaw.UNCOVERED]),
        ((*GOOD, cell(3, box(2, 0))), [Flaw.OUTSIDE]),
        ((cell(1, box(0, 0, 1.97)), cell(2, box(1.97, 0, 0.03))), [Flaw.SLIVER]),
    ],
)
def test_each_flaw_is_found(outlines: tuple[Outline, ...], found: list[Flaw]) -> None:
    assert kinds(*outlines) == found


def test_a_polygon_that_crosses_itself_is_named_alone() -> None:
    (x, y), (east, north) = (WEST, SOUTH), (WEST + STEP, SOUTH + STEP)
    bow_tie: Polygon = (((x, y), (east, north), (east, y), (x, north), (x, y)),)
    assert kinds(cell(1, bow_tie), cell(2, box(0, 0))) == [Flaw.INVALID]


def test_the_picture_colours_and_numbers_what_the_list_says() -> None:
    outlines = (cell(1, box(0, 0, 1.1)), cell(2, box(1, 0)), cell(3, box(2, 0)))
    findings = check(outlines)

    drawn = ElementTree.fromstring(picture(outlines, findings))

    shapes = [one.get("class") for one in drawn.iter() if one.get("class")]
    assert shapes.count("cell") == 3
    assert shapes.count("community") == 1
    assert shapes.count("flaw") == shapes.count("mark") == len(findings) == 2
    texts = [one.text or "" for one in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert all(line in texts for line in report(findings))
    assert "重叠" in texts[-2]
    assert "http" not in picture(outlines, findings).replace("http://www.w3.org/2000/svg", "")


def test_codes_are_text_in_the_picture() -> None:
    drawn = picture((Outline("<script>", box(0, 0)),), ())
    assert "<script>" not in drawn
    ElementTree.fromstring(drawn)


def test_every_flaw_has_a_word() -> None:
    assert set(WORDS) == set(Flaw)


@pytest.mark.parametrize("n", [1, 2, 3, 7, 12])
def test_drafts_by_homes_fit_and_have_about_as_many_homes_each(n: int) -> None:
    outline = box(0, 0, 10, 5)
    crowd = points_inside(box(0, 0, 1, 1), 200, seed=1)
    homes = (*crowd, *points_inside(outline, 100, seed=2))

    cells = divide(outline, n, homes)

    assert len(cells) == n
    assert check([cell(number, one, outline) for number, one in enumerate(cells, start=1)]) == ()
    counts = [
        sum(shapely.Polygon(one[0]).covers(shapely.Point(home.lon, home.lat)) for home in homes)
        for one in cells
    ]
    assert max(counts) - min(counts) <= 0.1 * len(homes) / n + 2
    by_area = [
        sum(shapely.Polygon(one[0]).covers(shapely.Point(home.lon, home.lat)) for home in homes)
        for one in draft_cells(outline, n, seed=1)
    ]
    assert n == 1 or max(by_area) - min(by_area) > max(counts) - min(counts)


def test_a_draft_of_a_bent_community_fits_too() -> None:
    x, y = WEST, SOUTH
    bent: Polygon = ((
        (x, y), (x + 0.02, y), (x + 0.02, y + 0.004), (x + 0.004, y + 0.004), (x + 0.004, y + 0.02),
        (x, y + 0.02), (x, y),
    ),)  # fmt: skip
    cells = divide(bent, 5, points_inside(bent, 200, seed=4))
    assert check([cell(number, one, bent) for number, one in enumerate(cells, start=1)]) == ()


def test_more_cells_than_places_cannot_be_asked_for() -> None:
    door = Point(WEST + STEP / 2, SOUTH + STEP / 2)
    with pytest.raises(ValueError, match="different places inside; there are 1"):
        divide(box(0, 0), 2, [door, door, Point(0, 0)])
    with pytest.raises(ValueError, match="at least one"):
        divide(box(0, 0), 0, [door])
