"""Files as surveyors and offices really hand them over."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
import shapefile

from maps.coords import Crs, Point, from_wgs84, geodesic_m
from maps.survey import Feature, System, read

WGS84 = System("wgs84")
SQUARE = [[118.54, 37.58], [118.55, 37.58], [118.55, 37.59], [118.54, 37.59], [118.54, 37.58]]
Geometry = dict[str, object]


def geojson(folder: Path, *geometries: Geometry | None, **said: object) -> Path:
    features = [{"type": "Feature", "properties": said, "geometry": geometry} for geometry in geometries]
    path = folder / "site.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def polygon(*rings: list[list[float]]) -> Geometry:
    return {"type": "Polygon", "coordinates": list(rings)}


def shapefile_at(path: Path, encoding: str, ring: list[list[float]]) -> None:
    with shapefile.Writer(str(path), encoding=encoding) as writer:
        writer.field("编码", "C", 20)
        writer.field("层数", "N", 10)
        writer.poly([list(reversed(ring))])
        writer.record("370505001012001", 6)
        writer.poly([list(reversed(ring))])
        writer.record("垦利", 1)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
@pytest.mark.parametrize("zipped", [False, True])
def test_a_shapefile_is_read_also_zipped_and_in_an_old_encoding(
    tmp_path: Path, encoding: str, zipped: bool
) -> None:
    path = tmp_path / "cells.shp"
    shapefile_at(path, encoding, SQUARE)
    (tmp_path / "cells.cpg").unlink(missing_ok=True)
    if zipped:
        parts = list(tmp_path.glob("cells.*"))
        path = tmp_path / "cells.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for part in parts:
                archive.write(part, part.name)

    first, second = read(path, WGS84)

    assert (first.number, first.of(("编码",)), first.of(("层数",))) == (1, "370505001012001", "6")
    assert second.of(("编码",)) == "垦利"
    assert set(first.polygons[0][0]) == {(x, y) for x, y in SQUARE}


def test_a_table_has_wkt_or_two_columns_and_counts_its_lines_as_a_spreadsheet_does(tmp_path: Path) -> None:
    path = tmp_path / "site.csv"
    wkt = "POLYGON((118.54 37.58,118.55 37.58,118.55 37.59,118.54 37.58))"
    path.write_bytes(f'编码,图形\n1,"{wkt}"\n\n2,POLYGON(\n'.encode("gb18030"))
    good, bad = read(path, WGS84)
    assert (good.number, len(good.polygons), good.wrong) == (2, 1, "")
    assert "WKT" in bad.wrong

    path.write_text("地址,经度,纬度\n幸福里3幢,118.545,37.585\n幸福里4幢,,37.6\n", "utf-8-sig")
    home, nowhere = read(path, WGS84)
    assert (home.point, home.of(("地址",))) == (Point(118.545, 37.585), "幸福里3幢")
    assert "不是坐标" in nowhere.wrong


@pytest.mark.parametrize("crs", list(Crs))
def test_what_was_drawn_on_a_chinese_map_lies_where_it_is(tmp_path: Path, crs: Crs) -> None:
    x, y = from_wgs84(118.545, 37.585, crs)
    given = {"type": "Point", "coordinates": [float(x), float(y), 12.0]}
    [found] = read(geojson(tmp_path, given), System(crs.value))
    assert found.point is not None
    assert geodesic_m(found.point, Point(118.545, 37.585)) < 0.02
    assert found.centre == (float(x), float(y)), "as it is written, for the gate"


def test_cgcs2000_is_taken_as_it_is_and_its_plane_coordinates_by_their_number(tmp_path: Path) -> None:
    point = {"type": "Point", "coordinates": [118.545, 37.585]}
    assert read(geojson(tmp_path, point), System("cgcs2000"))[0].point == Point(118.545, 37.585)
    # EPSG:4548 at 37.585 N, 118.545 E by PROJ, to the metre
    plane = {"type": "Point", "coordinates": [636422.0, 4162376.0]}
    [found] = read(geojson(tmp_path, plane), System("epsg:4548"))
    assert found.point is not None
    assert geodesic_m(found.point, Point(118.545, 37.585)) < 1500
    [undeclared] = read(geojson(tmp_path, plane), WGS84)
    assert "epsg:4548" in undeclared.wrong


@pytest.mark.parametrize("word", ["", "utm", "epsg:", "epsg:999999", "GCJ"])
def test_a_system_that_nobody_knows_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="write wgs84, cgcs2000"):
        System(word)


@pytest.mark.parametrize(
    "geometry, why",
    [
        (None, "no geometry"),
        (polygon([[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]), "自相交"),
        (polygon([]), "no geometry"),
        ({"type": "Polygon", "coordinates": [[["a", 1]]]}, "cannot be read"),
        ({"type": "Circle"}, "cannot be read"),
        ({"type": "MultiPoint", "coordinates": [[118.5, 37.5], [118.6, 37.5]]}, "MultiPoint"),
        ({"type": "Point", "coordinates": [37.585, 118.545]}, "经纬度写反了"),
    ],
)
def test_each_row_that_cannot_be_used_says_why_and_harms_no_other(
    tmp_path: Path, geometry: Geometry | None, why: str
) -> None:
    bad, good = read(geojson(tmp_path, geometry, polygon(SQUARE)), WGS84)
    assert why in bad.wrong
    assert isinstance(good, Feature)
    assert not good.wrong


def test_a_file_that_cannot_be_read_says_what_to_do(tmp_path: Path) -> None:
    for name, content, why in (
        ("a.dwg", b"", "give .geojson"),
        ("a.geojson", b"{}", "FeatureCollection"),
        ("a.geojson", b"[", "FeatureCollection"),
        ("a.shp", b"no", "keep .shp"),
        ("a.csv", "地址\n".encode(), "WKT"),
        ("a.csv", b"\xff\xff\xff", "save the table as CSV"),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(ValueError, match=why):
            read(path, WGS84)
