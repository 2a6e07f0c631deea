"""What may lie under our own polygons: a PMTiles file of the site's own, or somebody's raster tiles.

Everything we store and draw is WGS-84. `Tiles.crs` says in which system foreign tiles are cut: the page moves
each tile when it draws it, and nothing else (`api/console/static/js/map_tiles.js`).
"""

from __future__ import annotations

import gzip
import html
import json
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO
from urllib.parse import urlsplit

from maps.coords import Crs


class Drawn(StrEnum):
    """How the tiles of a base map are drawn."""

    VECTOR = "vector"
    RASTER = "raster"


@dataclass(frozen=True, slots=True)
class Archive:
    """What a PMTiles file says of itself. `bounds` are west, south, east, north in degrees WGS-84."""

    drawn: Drawn
    min_zoom: int
    max_zoom: int
    bounds: tuple[float, float, float, float]
    layers: tuple[str, ...]  # of vector tiles, by name
    attribution: str  # plain text


@dataclass(frozen=True, slots=True)
class Tiles:
    """Raster tiles of 256 pixels from one origin: templates with {z}, {x} and {y}, the lowest layer first."""

    addresses: tuple[str, ...]
    crs: Crs
    max_zoom: int
    attribution: str

    @property
    def origin(self) -> str:
        """The one place they come from, as a Content-Security-Policy names it."""
        parts = urlsplit(self.addresses[0])
        return f"{parts.scheme}://{parts.netloc}"


# The PMTiles specification, version 3: https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md
_HEADER = struct.Struct("<7sB11QBBBBBB4iB2i")
_MAGIC = b"PMTiles"
_NONE, _GZIP = 1, 2  # compressions that browsers have
_MVT, _IMAGES = 1, (2, 3, 4, 5)  # kinds of tile
_LARGEST_METADATA = 4 * 1024 * 1024  # bytes
_TAG = re.compile(r"<[^>]*>")
_HOW = (
    "用 tilemaker 或 pmtiles convert 做一个 make one with tilemaker, "
    "or by `pmtiles convert map.mbtiles map.pmtiles`"
)


def read_archive(path: Path) -> Archive:
    """What the PMTiles file at `path` holds. ValueError with what is wrong and what to do; OSError."""
    with path.open("rb") as file:
        size = path.stat().st_size
        head = file.read(_HEADER.size)
        if head[:7] != _MAGIC:
            found = "不是PMTiles this is no PMTiles file"
            if head.startswith(b"SQLite format 3"):
                found = "这是MBTiles this is an MBTiles file"
            raise ValueError(f"{path.name}: {found}; {_HOW}")
        if head[7:8] != b"\x03":
            raise ValueError(f"{path.name}: 版本不对 not version 3 of PMTiles; {_HOW}")
        if len(head) < _HEADER.size:
            raise ValueError(f"{path.name}: 文件不完整 it is cut short; copy it again")
        (
            _, _, _, _, metadata_at, metadata_size, _, _, tiles_at, tiles_size, _, _, _,
            _, inner, outer, kind, min_zoom, max_zoom, west, south, east, north, *_,
        ) = _HEADER.unpack(head)  # fmt: skip
        if tiles_at + tiles_size > size or metadata_at + metadata_size > size:
            raise ValueError(f"{path.name}: 文件不完整 it is cut short ({size} bytes); copy it again")
        if inner not in (_NONE, _GZIP) or outer not in (_NONE, _GZIP) or kind not in (_MVT, *_IMAGES):
            raise ValueError(
                f"{path.name}: 浏览器读不了 browsers read MVT, PNG, JPEG, WebP, AVIF, plain or gzip; {_HOW}"
            )
        said = _metadata(file, path.name, metadata_at, metadata_size, packed=inner == _GZIP)
    layers = said.get("vector_layers")
    return Archive(
        Drawn.VECTOR if kind == _MVT else Drawn.RASTER,
        min_zoom,
        max_zoom,
        (west / 1e7, south / 1e7, east / 1e7, north / 1e7),
        tuple(str(each["id"]) for each in layers if isinstance(each, dict) and "id" in each)
        if isinstance(layers, list)
        else (),
        html.unescape(_TAG.sub("", str(said.get("attribution") or ""))).strip(),
    )


def _metadata(file: BinaryIO, name: str, at: int, size: int, *, packed: bool) -> Mapping[str, object]:
    if not size:
        return {}
    try:
        file.seek(at)
        content = file.read(min(size, _LARGEST_METADATA))
        said = json.loads(gzip.decompress(content) if packed else content)
    except (ValueError, OSError, EOFError) as broken:
        raise ValueError(f"{name}: 说明读不出 its metadata cannot be read ({broken}); {_HOW}") from broken
    return said if isinstance(said, dict) else {}


AMAP, TIANDITU = "amap", "tianditu"
_KNOWN: Mapping[str, Tiles] = MappingProxyType(
    {
        AMAP: Tiles(
            (
                "https://webrd01.is.autonavi.com/appmaptile"
                "?lang=zh_cn&size=1&scale=1&style=8&x={x}&y={y}&z={z}",
            ),
            Crs.GCJ02,
            18,
            "© 高德地图 AutoNavi",
        ),
        # CGCS2000 on the web Mercator: WGS-84 to within a metre, so it is not moved.
        TIANDITU: Tiles(
            tuple(
                f"https://t0.tianditu.gov.cn/{layer}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0"
                f"&LAYER={layer}&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles"
                "&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk=KEY"
                for layer in ("vec", "cva")
            ),
            Crs.WGS84,
            18,
            "© 国家地理信息公共服务平台 天地图 Tianditu",
        ),
    }
)
_KEY = re.compile(r"[0-9a-zA-Z]+")
_HOST = re.compile(r"[0-9a-z.-]+(:\d{1,5})?")


def tiles_from(name: str, crs: Crs = Crs.WGS84, key: str = "") -> Tiles:
    """The raster tiles called `name` (amap, tianditu), or those at the address `name`, cut in `crs`.

    ValueError for an address that cannot be one, and for Tianditu without its key.
    """
    if name == TIANDITU:
        if not _KEY.fullmatch(key):
            raise ValueError(
                "天地图需要密钥 Tianditu needs a key: set ANXIN_TIANDITU_KEY (console.tianditu.gov.cn)"
            )
        known = _KNOWN[name]
        filled = tuple(each.removesuffix("KEY") + key for each in known.addresses)
        return Tiles(filled, known.crs, known.max_zoom, known.attribution)
    if name in _KNOWN:
        return _KNOWN[name]
    parts = urlsplit(name)
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(parts.netloc):
        raise ValueError("write amap, tianditu, or an address like https://gis.example/tiles/{z}/{x}/{y}.png")
    if not all(part in name for part in ("{z}", "{x}", "{y}")):
        raise ValueError("the address of a tile has {z}, {x} and {y} in it")
    if crs not in (Crs.WGS84, Crs.GCJ02):
        raise ValueError("tiles are cut in wgs84 (CGCS2000 as well) or gcj02; Baidu's grid is another one")
    return Tiles((name,), crs, 18, parts.netloc)
