"""GeoJSON (RFC 7946) from plain values, for the live picture and for export."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from maps.coords import Point
from maps.grid import Polygon

Json = dict[str, object]


def polygon_feature(id: str, polygon: Polygon, properties: Mapping[str, object]) -> Json:
    """One polygon with its properties; `id` is the feature's id."""
    rings = [[[lon, lat] for lon, lat in ring] for ring in polygon]
    return _feature(id, {"type": "Polygon", "coordinates": rings}, properties)


def point_feature(id: str, point: Point, properties: Mapping[str, object]) -> Json:
    """One point with its properties; `id` is the feature's id."""
    return _feature(id, {"type": "Point", "coordinates": [point.lon, point.lat]}, properties)


def feature_collection(features: Iterable[Json]) -> Json:
    return {"type": "FeatureCollection", "features": list(features)}


def _feature(id: str, geometry: Json, properties: Mapping[str, object]) -> Json:
    return {"type": "Feature", "id": id, "geometry": geometry, "properties": dict(properties)}
