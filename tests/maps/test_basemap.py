"""A site's own base map, and tiles of somebody else: what is taken, and what is refused with what to do."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from maps.basemap import Drawn, read_archive, tiles_from
from maps.coords import Crs
from tests import pmtiles

BOUNDS = (118.5, 37.5, 118.6, 37.6)
PLACE = pmtiles.tile_at(118.545, 37.585, 14)
WATER = pmtiles.vector_tile(
    {"water": [(3, [(0, 0), (4096, 0), (4096, 4096), (0, 4096)], {"class": "river"})]}
)
SAID = {
    "vector_layers": [{"id": "water", "fields": {}}, {"id": "transportation", "fields": {}}],
    "attribution": '<a href="https://www.openstreetmap.org/copyright">&copy; OpenStreetMap contributors</a>',
}


def kept(folder: Path, content: bytes) -> Path:
    path = folder / "kenli.pmtiles"
    path.write_bytes(content)
    return path


def vector(metadata: dict[str, object] | None = None) -> bytes:
    return pmtiles.archive({PLACE: WATER}, pmtiles.MVT, BOUNDS, SAID if metadata is None else metadata)


def test_a_file_says_what_it_holds_and_whose_it_is(tmp_path: Path) -> None:
    found = read_archive(kept(tmp_path, vector()))
    assert (found.drawn, found.min_zoom, found.max_zoom) == (Drawn.VECTOR, 14, 14)
    assert found.bounds == pytest.approx(BOUNDS)
    assert found.layers == ("water", "transportation")
    assert found.attribution == "© OpenStreetMap contributors", "as words: nothing of it is markup"


def test_pictures_are_a_base_map_as_well(tmp_path: Path) -> None:
    content = pmtiles.archive({PLACE: pmtiles.png([[(1, 2, 3)]])}, pmtiles.PNG, BOUNDS, {})
    found = read_archive(kept(tmp_path, content))
    assert (found.drawn, found.layers, found.attribution) == (Drawn.RASTER, (), "")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "不是PMTiles"),
        (b"<html>not found</html>", "pmtiles convert map.mbtiles map.pmtiles"),
        (b"SQLite format 3\0" + bytes(200), "MBTiles"),
        (b"PMTiles\x02" + bytes(200), "not version 3"),
        (vector()[:60], "cut short"),
        (vector()[:-1], "cut short"),
        (vector()[:97] + b"\x03" + vector()[98:], "plain or gzip"),
        (vector()[:99] + b"\x06" + vector()[100:], "MVT, PNG"),
        (vector()[:32] + struct.pack("<Q", 3) + vector()[40:], "metadata"),
    ],
)  # fmt: skip
def test_what_is_no_such_file_is_refused_and_says_what_to_do(
    tmp_path: Path, content: bytes, said: str
) -> None:
    with pytest.raises(ValueError, match=r"kenli\.pmtiles") as refused:
        read_archive(kept(tmp_path, content))
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "metadata", [{}, {"vector_layers": "none", "attribution": None}, {"vector_layers": [1]}]
)
def test_odd_metadata_are_no_reason_to_do_without_a_map(tmp_path: Path, metadata: dict[str, object]) -> None:
    assert read_archive(kept(tmp_path, vector(metadata))).layers == ()


def test_each_known_provider_has_one_origin_and_its_own_coordinates() -> None:
    amap = tiles_from("amap")
    assert (amap.origin, amap.crs) == ("https://webrd01.is.autonavi.com", Crs.GCJ02)
    tianditu = tiles_from("tianditu", key="0a1b")
    assert (tianditu.origin, tianditu.crs) == ("https://t0.tianditu.gov.cn", Crs.WGS84)
    assert all(each.endswith("&tk=0a1b") for each in tianditu.addresses)
    assert {each.partition("&LAYER=")[2][:3] for each in tianditu.addresses} == {"vec", "cva"}
    assert all(each.startswith(f"{tianditu.origin}/") for each in tianditu.addresses)


def test_a_site_may_have_a_server_of_its_own() -> None:
    tiles = tiles_from("https://gis.example:8443/t/{z}/{x}/{y}.png?k=1", Crs.GCJ02)
    assert (tiles.origin, tiles.crs) == ("https://gis.example:8443", Crs.GCJ02)


@pytest.mark.parametrize(
    ("name", "crs", "said"),
    [
        ("tianditu", Crs.WGS84, "ANXIN_TIANDITU_KEY"),
        ("gaode", Crs.WGS84, "write amap, tianditu, or an address"),
        ("https://gis.example/{z}/{x}.png", Crs.WGS84, "{z}, {x} and {y}"),
        ("https://gis.example; script-src *//{z}/{x}/{y}", Crs.WGS84, "write amap"),
        ("https://me:secret@gis.example/{z}/{x}/{y}", Crs.WGS84, "write amap"),
        ("javascript:{z}{x}{y}", Crs.WGS84, "write amap"),
        ("https://gis.example/{z}/{x}/{y}", Crs.BD09, "Baidu"),
    ],
)
def test_what_cannot_be_an_address_of_tiles_is_refused(name: str, crs: Crs, said: str) -> None:
    with pytest.raises(ValueError) as refused:
        tiles_from(name, crs)
    assert said in str(refused.value)
