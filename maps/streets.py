"""Roads from what maps are exchanged in: OpenStreetMap XML, or lines of a GeoJSON or Shapefile.

The words are OpenStreetMap's: `highway`, `oneway`, `maxspeed`, `access` and its kinds. A survey of a street's
own may use the same columns; a line without `highway` is taken for a lane open to all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree

from maps.roads import MODES, Mode, Way
from maps.survey import Feature

NODE_DECIMALS = 6  # lines that end within a tenth of a metre of each other meet

# What a car makes there, lights and turns included, km/h: about two thirds of what is allowed in a town.
_KMH: Mapping[str, float] = {
    "motorway": 80, "trunk": 55, "primary": 40, "secondary": 35, "tertiary": 30, "unclassified": 25,
    "residential": 20, "living_street": 10, "service": 12, "track": 12, "road": 20, "busway": 20,
    "major_road": 40, "minor_road": 20,  # as vector tiles generalise them
}  # fmt: skip
_SHARE = 0.67  # of `maxspeed` that is made
_WHEELS = frozenset({Mode.EBIKE, Mode.CAR})
_ALL = frozenset(MODES)
_LIGHT = frozenset({Mode.EBIKE, Mode.FOOT})
_WALK = frozenset({Mode.FOOT})
_OPEN_TO: Mapping[str, frozenset[Mode]] = {
    "motorway": frozenset({Mode.CAR}), "cycleway": _LIGHT, "path": _LIGHT, "footway": _WALK,
    "pedestrian": _LIGHT, "steps": _WALK, "bridleway": _WALK, "corridor": _WALK, "platform": _WALK,
}  # fmt: skip
_NO_ROAD = frozenset(
    {"construction", "proposed", "abandoned", "razed", "raceway", "rest_area", "services", "rail", "ferry",
     "aeroway", "aerialway", "piste"}
)  # fmt: skip
_SHUT = frozenset({"no", "private", "agricultural", "forestry", "military"})
_FREE = frozenset({"yes", "designated", "permissive", "destination", "customers", "delivery", "official"})
_TAGS: Mapping[Mode, tuple[str, ...]] = {  # from the particular to the general
    Mode.EBIKE: ("bicycle", "vehicle", "access"),
    Mode.CAR: ("motorcar", "motor_vehicle", "vehicle", "access"),
    Mode.FOOT: ("foot", "access"),
}


def from_osm(path: Path) -> Iterator[Way]:
    """The roads of an .osm file (XML). ValueError when it is none.

    A .pbf becomes one with `osmium cat site.osm.pbf -o site.osm`.
    """
    places: dict[str, tuple[float, float]] = {}
    try:
        for _, element in ElementTree.iterparse(path):
            if element.tag == "node":
                places[element.attrib["id"]] = (float(element.attrib["lon"]), float(element.attrib["lat"]))
                element.clear()
            elif element.tag == "way":
                tags = {tag.attrib["k"]: tag.attrib["v"] for tag in element.iter("tag")}
                nodes = [ref for nd in element.iter("nd") if (ref := nd.attrib["ref"]) in places]
                if "highway" in tags and tags.get("area") != "yes" and len(nodes) > 1:
                    key = f"osm:{element.attrib['id']}"
                    yield from _way(key, tags, [places[node] for node in nodes], nodes)
                element.clear()
    except (ElementTree.ParseError, KeyError, ValueError) as problem:
        raise ValueError(f"不是OSM XML({problem}) no OpenStreetMap XML: export it as .osm") from None


def from_lines(features: Iterable[Feature]) -> Iterator[Way]:
    """The roads among the lines of a survey: those that say `highway` (`kind`), or nothing of the sort."""
    for one in features:
        tags = dict(one.said)
        tags["highway"] = tags.get("highway") or tags.get("kind_detail") or tags.get("kind") or "road"
        key = tags.get("osm_id") or tags.get("id") or tags.get("编码") or str(one.number)
        tags.setdefault("name", tags.get("名称", ""))
        for line in one.lines:
            nodes = [(round(lon, NODE_DECIMALS), round(lat, NODE_DECIMALS)) for lon, lat in line]
            yield from _way(key, tags, line, nodes)


def _way(
    key: str, tags: Mapping[str, str], corners: Iterable[tuple[float, float]], nodes: Iterable[object]
) -> Iterator[Way]:
    kind = tags["highway"].removesuffix("_link")
    if kind in _NO_ROAD:
        return
    may = frozenset(mode for mode in MODES if _may(mode, kind, tags))
    if not may:
        return
    onward, back = _directions(kind, tags, may)
    yield Way(key, tags.get("name", ""), tuple(corners), tuple(nodes), onward, back, _kmh(kind, tags))


def _may(mode: Mode, kind: str, tags: Mapping[str, str]) -> bool:
    for tag in _TAGS[mode]:
        if (said := tags.get(tag)) in _SHUT:
            return False
        if said in _FREE:
            # "access=yes" makes no stairs for cars; that a car may is said of cars
            return mode in _OPEN_TO.get(kind, _ALL) or tag not in ("access", "vehicle")
    return mode in _OPEN_TO.get(kind, _ALL)


def _directions(
    kind: str, tags: Mapping[str, str], may: frozenset[Mode]
) -> tuple[frozenset[Mode], frozenset[Mode]]:
    said = tags.get("oneway", "")
    implied = tags.get("junction") == "roundabout" or kind == "motorway"
    one_way = said in ("yes", "true", "1", "-1", "reverse") or (implied and said != "no")
    if not one_way:
        return may, may
    excepted = {Mode.EBIKE} if tags.get("oneway:bicycle") == "no" else set()
    both = may - (_WHEELS - excepted)
    return (both, may) if said in ("-1", "reverse") else (may, both)


def _kmh(kind: str, tags: Mapping[str, str]) -> float:
    usual = _KMH.get(kind, 15.0)
    if found := re.fullmatch(r"(\d{1,3})( mph)?", tags.get("maxspeed", "")):
        allowed = float(found[1]) * (1.609 if found[2] else 1)
        return max(5.0, min(usual, allowed * _SHARE)) if kind in _KMH else usual
    return usual
