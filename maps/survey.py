"""What a surveyor hands over - GeoJSON, Shapefile, CSV - as features in degrees WGS-84.

A file never says reliably in which system its coordinates are (tools write "WGS 84" over GCJ-02), so whoever
imports declares it, and `maps.gate` compares. A feature that cannot be used carries the reason; a file that
cannot be read at all is a ValueError that says what to do.
"""

from __future__ import annotations

import csv
import io
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import shapefile
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError
from shapely.geometry import shape as shape_of

from maps.coords import Crs, Point, to_wgs84
from maps.grid import DECIMALS, Polygon, Ring, plain

Floats = NDArray[np.float64]

LONGEST_CELL = 10_000_000  # characters of one outline in a table
_ENCODINGS = ("utf-8-sig", "gb18030")  # what spreadsheets and old Shapefiles are written in here
_WKT = ("wkt", "geometry", "geom", "the_geom", "图形", "几何")
_LON, _LAT = ("lon", "lng", "longitude", "经度", "x"), ("lat", "latitude", "纬度", "y")
_CGCS2000 = "cgcs2000"


@dataclass(frozen=True)
class System:
    """The coordinate system a file is declared to be in: wgs84, cgcs2000, gcj02, bd09, or epsg:NNNN.

    ValueError for any other word. CGCS2000 is WGS-84 to within a metre; its plane systems (and the city's
    own, if EPSG has it) go by their number, epsg:4548 for instance.
    """

    name: str

    def __post_init__(self) -> None:
        if self.name == _CGCS2000 or self.name in set(Crs):
            return
        try:
            known = self.name.lower().startswith("epsg:") and CRS.from_user_input(self.name) is not None
        except CRSError:
            known = False
        if not known:
            raise ValueError(
                f"不认识坐标系“{self.name}” no such coordinate system: "
                "write wgs84, cgcs2000, gcj02 (高德、腾讯), bd09 (百度) or epsg:NNNN"
            )

    @property
    def crs(self) -> Crs | None:
        """As `maps.coords` knows it; None for an EPSG number."""
        if self.name == _CGCS2000:
            return Crs.WGS84
        return Crs(self.name) if self.name in set(Crs) else None

    def to_wgs84(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Longitudes and latitudes; infinite where a position cannot be in this system."""
        if self.crs is not None:
            return to_wgs84(x, y, self.crs)
        lon, lat = self._transformer.transform(x, y)
        return np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)

    @cached_property
    def _transformer(self) -> Any:
        # to the same datum's degrees: between CGCS2000 and WGS-84 nothing moves by more than a metre
        given = CRS.from_user_input(self.name)
        return Transformer.from_crs(given, given.geodetic_crs, always_xy=True)


@dataclass(frozen=True, slots=True)
class Feature:
    """One row of a file. `number` counts as the file does: features from 1, lines of a table from 2.

    One of `polygons`, `lines` and `point` holds its shape, unless `wrong` says why there is none.
    `centre` is its middle in the coordinates of the file, for the gate.
    """

    number: int
    said: Mapping[str, str]  # its attributes, trimmed
    polygons: tuple[Polygon, ...] = ()
    lines: tuple[Ring, ...] = ()
    point: Point | None = None
    centre: tuple[float, float] | None = None
    wrong: str = ""

    def of(self, names: Iterable[str]) -> str:
        """What it says under the first of `names` that it has, whatever their case; else ""."""
        return next((self.said[name] for name in names if self.said.get(name)), "")


def read(path: Path, system: System) -> tuple[Feature, ...]:
    """All features of a file: .geojson or .json, .shp (with its .dbf) or a .zip of them, .csv.

    A table has a column of WKT, or two of longitude and latitude. ValueError: it is none of these.
    """
    match path.suffix.lower():
        case ".geojson" | ".json":
            rows = _geojson(path.read_bytes())
        case ".shp" | ".zip":
            rows = _shapefile(path)
        case ".csv":
            rows = _table(path.read_bytes())
        case other:
            raise ValueError(f"不能读取{other}文件 no such format: give .geojson, .shp, .zip or .csv")
    return tuple(_feature(number, said, drawn, system) for number, said, drawn in rows)


_Drawn = Any  # a shapely geometry, or the words why there is none
_Rows = Iterator[tuple[int, dict[str, str], _Drawn]]


def _geojson(content: bytes) -> _Rows:
    try:
        features = orjson.loads(content)["features"]
        pairs = [(each.get("properties") or {}, each.get("geometry")) for each in features]
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        raise ValueError("不是GeoJSON要素集 no GeoJSON FeatureCollection: export it again") from None
    for number, (said, geometry) in enumerate(pairs, start=1):
        yield number, _words(said), _drawn(geometry)


def _shapefile(path: Path) -> _Rows:
    try:
        try:
            found = _records(path, None)
        except (shapefile.ShapefileException, UnicodeDecodeError):  # no .cpg, and not UTF-8
            found = _records(path, _ENCODINGS[1])
    except (shapefile.ShapefileException, OSError, struct.error, IndexError, ValueError) as problem:
        raise ValueError(f"不能读取Shapefile({problem}) keep .shp, .shx and .dbf together") from None
    for number, (said, geometry) in enumerate(found, start=1):
        yield number, _words(said), _drawn(geometry)


def _records(path: Path, encoding: str | None) -> list[tuple[Mapping[str, Any], Any]]:
    with shapefile.Reader(str(path), encoding=encoding) as reader:
        return [(each.record.as_dict(), each.shape.__geo_interface__) for each in reader.iterShapeRecords()]


def _table(content: bytes) -> _Rows:
    csv.field_size_limit(LONGEST_CELL)
    rows = csv.DictReader(io.StringIO(_text(content), newline=""))
    headers = {name.strip().lower() for name in rows.fieldnames or ()}
    if headers.isdisjoint(_WKT) and (headers.isdisjoint(_LON) or headers.isdisjoint(_LAT)):
        raise ValueError("表头缺少WKT,或经度和纬度 the first row must name WKT, or 经度 and 纬度")
    for number, row in enumerate(rows, start=2):
        said = _words({name: value for name, value in row.items() if name is not None})
        if any(said.values()):
            yield number, said, _drawn_in_a_table(said)


def _drawn_in_a_table(said: dict[str, str]) -> _Drawn:
    if wkt := next((said.pop(name) for name in _WKT if said.get(name)), ""):
        try:
            return shapely.from_wkt(wkt)
        except shapely.errors.ShapelyError:
            return "WKT写错了 this is no WKT"
    lon, lat = (next((said[name] for name in names if said.get(name)), "") for names in (_LON, _LAT))
    try:
        return shapely.Point(float(lon), float(lat))
    except ValueError:
        return f"“{lon}”“{lat}”不是坐标 these are no coordinates"


def _drawn(geometry: Any) -> _Drawn:
    if not geometry:
        return "没有图形 it has no geometry"
    try:
        return shape_of(geometry)
    except (shapely.errors.ShapelyError, ValueError, TypeError, KeyError, AttributeError, IndexError):
        return "图形写错了 its geometry cannot be read"


def _feature(number: int, said: dict[str, str], drawn: _Drawn, system: System) -> Feature:
    if isinstance(drawn, str):
        return Feature(number, said, wrong=drawn)
    if drawn.is_empty or not np.isfinite(shapely.get_coordinates(drawn)).all():
        return Feature(number, said, wrong="没有图形 it has no geometry")
    drawn = shapely.force_2d(drawn)
    placed = shapely.transform(drawn, lambda corners: np.column_stack(system.to_wgs84(*corners.T)))
    corners = shapely.get_coordinates(placed)
    if wrong := _not_degrees(corners, shapely.get_coordinates(drawn)):
        return Feature(number, said, wrong=wrong)
    centre = (float(drawn.centroid.x), float(drawn.centroid.y))
    parts = shapely.get_parts(placed)
    match placed.geom_type:
        case "Polygon" | "MultiPolygon":
            if not placed.is_valid:
                why = shapely.is_valid_reason(placed)
                return Feature(number, said, centre=centre, wrong=f"边界自相交 it crosses itself: {why}")
            return Feature(number, said, polygons=tuple(plain(part) for part in parts), centre=centre)
        case "LineString" | "MultiLineString":
            lines = tuple(tuple((float(x), float(y)) for x, y in part.coords) for part in parts)
            return Feature(number, said, lines=lines, centre=centre)
        case "Point":
            point = Point(round(float(placed.x), DECIMALS), round(float(placed.y), DECIMALS))
            return Feature(number, said, point=point, centre=centre)
        case other:
            return Feature(number, said, wrong=f"不能使用{other} draw polygons, lines or points")


def _not_degrees(corners: Floats, given: Floats) -> str:
    lon, lat = np.abs(corners).T
    if bool(((lon <= 180) & (lat <= 90)).all()):
        return ""
    if bool((np.abs(given) <= 180).all()):
        return "纬度超出±90,经纬度写反了? latitude beyond 90: longitude comes first"
    return "坐标不是经纬度,像是以米计的平面坐标 metres, no degrees: declare its plane system, as in epsg:4548"


def _words(said: Mapping[Any, Any]) -> dict[str, str]:
    return {str(name).strip().lower(): _word(value) for name, value in said.items()}


def _word(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # a code that a .dbf keeps as a number
    return "" if value is None else str(value).strip().strip("\x00")


def _text(content: bytes) -> str:
    for encoding in _ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ValueError("不是CSV文件,请在表格软件中另存为CSV no CSV: save the table as CSV")
