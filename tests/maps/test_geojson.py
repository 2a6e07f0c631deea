"""GeoJSON from plain values."""

from __future__ import annotations

from typing import Any, cast

import shapely

from maps.coords import Point
from maps.geojson import feature_collection, point_feature, polygon_feature
from maps.grid import Polygon

HOLED: Polygon = (
    ((0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0), (0.0, 0.0)),
    ((1.0, 1.0), (1.0, 2.0), (2.0, 2.0), (1.0, 1.0)),
)


def test_the_live_picture_is_geojson_that_others_can_read() -> None:
    collection = cast(
        "dict[str, Any]",
        feature_collection(
            [
                polygon_feature("370505001001001", HOLED, {"kind": "cell"}),
                point_feature("h-7", Point(0.0, 0.0), {"kind": "household", "open": True}),
            ]
        ),
    )
    assert collection["type"] == "FeatureCollection"
    cell, home = collection["features"]
    assert shapely.geometry.shape(cell["geometry"]).area == 16 - 0.5
    assert shapely.geometry.shape(home["geometry"]).equals(shapely.Point(0, 0))
    assert (cell["type"], cell["id"], cell["properties"]) == ("Feature", "370505001001001", {"kind": "cell"})
    assert (home["id"], home["properties"]) == ("h-7", {"kind": "household", "open": True})


def test_nothing_to_show_is_an_empty_collection() -> None:
    assert feature_collection([]) == {"type": "FeatureCollection", "features": []}
