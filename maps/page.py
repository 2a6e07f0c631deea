"""The incident map: one sheet, on screen or printed, that shows where help is needed and who is near.

It carries ids, codes, distances and our own words only. A resident's name, or any other free text, never
enters folium: folium runs the script hidden in it, whatever is escaped.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import isfinite
from pathlib import Path
from typing import Any

import folium
from branca.element import Element

from maps.coords import Point
from maps.grid import Cell, Polygon, label_point
from maps.offline import Page, offline

SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
MAX_ZOOM = 20
CLOSEST_ZOOM = 17  # when all are in one house, its surroundings are still shown
LEAST_SPAN = 0.01  # degrees, about a kilometre: what CLOSEST_ZOOM shows
MARGIN_PX = 48  # room for the captions of markers at the edge

# What lies above what: more than Leaflet's own order from north to south can outweigh.
CODES, CANDIDATES, HOME = 0, 100_000, 200_000

RED, BLUE, GREEN, GREY = "#b3261e", "#1b4f8f", "#1d6b45", "#8a94a0"  # as in incident_map.css


class Category(StrEnum):
    """Who or what can be sent."""

    RESPONDER = "responder"
    CLINIC = "clinic"


WORDS = {Category.RESPONDER: "网格员", Category.CLINIC: "卫生服务中心"}
COLOURS = {Category.RESPONDER: BLUE, Category.CLINIC: GREEN}
HOUSE = '<svg viewBox="0 0 24 24"><path d="M12 4 3 12h3v8h4.5v-5h3v5H18v-8h3z"/></svg>'
CROSS = '<svg viewBox="0 0 24 24"><path d="M9.5 4h5v5.5h5.5v5h-5.5v5.5h-5v-5.5H4v-5h5.5z"/></svg>'


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who can be sent: id, position, how far (metres) and, if known, how long (whole minutes)."""

    id: str
    category: Category
    point: Point
    distance_m: float
    minutes: int | None = None

    def __post_init__(self) -> None:
        _safe(self.id)
        if not (isfinite(self.distance_m) and self.distance_m >= 0):
            raise ValueError(f"the distance of {self.id} must be 0 metres or more, not {self.distance_m}")


@dataclass(frozen=True, slots=True)
class IncidentMap:
    """What one sheet shows.

    `incident` is the incident's id; `candidates` come best first and are numbered within their category;
    `cells` are the polygons to draw, of which those coded `cell_code` are the home's own (None: in no cell);
    `drawn_at` is shown as given, so give it in the site's time zone; `schematic` says on the sheet that the
    cells were drafted, not surveyed. ValueError for an id or code that is not plain, or a naive time.
    """

    incident: str
    home: Point
    drawn_at: datetime
    cell_code: str | None = None
    cells: tuple[Cell, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    schematic: bool = False

    def __post_init__(self) -> None:
        for id in (self.incident, *(cell.code for cell in self.cells)):
            _safe(id)
        if self.cell_code is not None:
            _safe(self.cell_code)
        if self.drawn_at.utcoffset() is None:
            raise ValueError(f"drawn_at must be an aware datetime, got {self.drawn_at!r}")

    @property
    def own_cells(self) -> tuple[Cell, ...]:
        return tuple(cell for cell in self.cells if cell.code == self.cell_code)

    def ranked(self) -> Iterator[tuple[int, Candidate]]:
        """The candidates in order, each with its number within its category, from 1."""
        seen: Counter[Category] = Counter()
        for candidate in self.candidates:
            seen[candidate.category] += 1
            yield seen[candidate.category], candidate


def draw(sheet: IncidentMap) -> Page:
    """The sheet as a page that needs only `/vendor`. The same sheet gives the same page, byte for byte."""
    # Without tiles max_zoom= is not passed on, and the attribution would only show Leaflet's own flag.
    drawing = folium.Map(
        tiles=None, maxZoom=MAX_ZOOM, zoomSnap=0.25, control_scale=True, attributionControl=False
    )
    for layer in (_surroundings(sheet), _own_cell(sheet), _lines(sheet), _candidates(sheet), _home(sheet)):
        layer.add_to(drawing)
    folium.LayerControl().add_to(drawing)
    drawing.fit_bounds(_bounds(sheet), padding=(MARGIN_PX, MARGIN_PX), max_zoom=CLOSEST_ZOOM)

    figure = drawing.get_root()
    for number, element in enumerate(_all(figure)):
        element._id = str(number)  # folium's own are random
    style = (Path(__file__).parent / "incident_map.css").read_text(encoding="utf-8")
    html = figure.render()
    html = html.replace("<html>", '<html lang="zh-CN">', 1)
    html = html.replace("</head>", f"<title>{_title(sheet)}</title>\n<style>\n{style}</style>\n</head>", 1)
    html = html.replace("<body>", f"<body>\n{_header(sheet)}\n{_aside(sheet)}", 1)
    return offline(html)


def metres_in_words(distance_m: float) -> str:
    """A distance as a person says it: tens of metres below a kilometre, then tenths of kilometres."""
    tens = round(distance_m / 10) * 10
    return f"{tens} m" if tens < 1000 else f"{distance_m / 1000:.1f} km"


def _safe(id: str) -> str:
    if not SAFE_ID.fullmatch(id):
        raise ValueError(
            f"{id!r} cannot go on a map: give an id of letters, digits, '.', '_', ':' and '-' "
            "(a map never carries names)"
        )
    return id


def _surroundings(sheet: IncidentMap) -> folium.FeatureGroup:
    group = folium.FeatureGroup(name="相邻网格 surrounding cells")
    for cell in _in_view(sheet):
        _polygon(
            cell.polygon, color=GREY, weight=1, fill_color="#ffffff", fill_opacity=0.9, class_name="cell"
        ).add_to(group)
        _mark(label_point(cell.polygon), f'<span class="code">{cell.code[-3:]}</span>', CODES).add_to(group)
    return group


def _own_cell(sheet: IncidentMap) -> folium.FeatureGroup:
    group = folium.FeatureGroup(name="所在网格 own cell")
    for cell in sheet.own_cells:
        _polygon(
            cell.polygon,
            color=RED,
            weight=2.5,
            fill_color="#f3c9c0",
            fill_opacity=0.55,
            class_name="own-cell",
        ).add_to(group)
    return group


def _lines(sheet: IncidentMap) -> folium.FeatureGroup:
    group = folium.FeatureGroup(name="直线 straight lines")
    for rank, candidate in sheet.ranked():
        line = folium.PolyLine(  # type: ignore[no-untyped-call]
            [_latlon(sheet.home), _latlon(candidate.point)],
            color=COLOURS[candidate.category],
            weight=2.5 if rank == 1 else 1.25,
            opacity=0.9 if rank == 1 else 0.6,
            dash_array=None if rank == 1 else "3 6",
            class_name="line",
        )
        line.add_to(group)
    return group


def _candidates(sheet: IncidentMap) -> folium.FeatureGroup:
    group = folium.FeatureGroup(name="网格员和卫生服务中心 responders and clinics")
    for rank, candidate in sheet.ranked():
        html = (
            f'<div class="mark {candidate.category}" data-id="{candidate.id}">{_symbol(candidate, rank)}'
            f"<small>{metres_in_words(candidate.distance_m)}</small></div>"
        )
        _mark(candidate.point, html, CANDIDATES - 1000 * rank).add_to(group)
    return group


def _home(sheet: IncidentMap) -> folium.FeatureGroup:
    group = folium.FeatureGroup(name="住户 home")
    _mark(sheet.home, f'<div class="mark home"><b>{HOUSE}</b><small>住户</small></div>', HOME).add_to(group)
    return group


def _symbol(candidate: Candidate, rank: int) -> str:
    """Shape and number, so that it reads without colour."""
    return f"<b>{CROSS}<i>{rank}</i></b>" if candidate.category is Category.CLINIC else f"<b>{rank}</b>"


def _mark(point: Point, html: str, height: int) -> folium.Marker:
    # the icon is a dot at the point; what is seen is placed around it by the style sheet
    icon = folium.DivIcon(html=html, icon_size=(0, 0), icon_anchor=(0, 0), class_name="at")
    return folium.Marker(_latlon(point), icon=icon, interactive=False, keyboard=False, z_index_offset=height)


def _polygon(polygon: Polygon, **look: Any) -> folium.Polygon:
    rings = [[(lat, lon) for lon, lat in ring] for ring in polygon]
    return folium.Polygon(rings, fill=True, interactive=False, **look)


def _latlon(point: Point) -> tuple[float, float]:
    return point.lat, point.lon


def _bounds(sheet: IncidentMap) -> list[tuple[float, float]]:
    corners = [corner for cell in sheet.own_cells for corner in cell.polygon[0]]
    corners += [(point.lon, point.lat) for point in (sheet.home, *(one.point for one in sheet.candidates))]
    lons, lats = zip(*corners, strict=True)
    return [(min(lats), min(lons)), (max(lats), max(lons))]


def _in_view(sheet: IncidentMap) -> Iterator[Cell]:
    """The other cells that the sheet can show before anybody moves the map."""
    (south, west), (north, east) = _bounds(sheet)
    margin = max(north - south, east - west, LEAST_SPAN)
    for cell in sheet.cells:
        lons, lats = zip(*cell.polygon[0], strict=True)
        beside = max(lons) < west - margin or min(lons) > east + margin
        beyond = max(lats) < south - margin or min(lats) > north + margin
        if cell.code != sheet.cell_code and not beside and not beyond:
            yield cell


def _all(element: Element) -> Iterator[Element]:
    yield element
    for child in element._children.values():
        yield from _all(child)


def _title(sheet: IncidentMap) -> str:
    return f"事件位置图 Incident map {sheet.incident}"


def _header(sheet: IncidentMap) -> str:
    cell = sheet.cell_code if sheet.cell_code is not None else "未分格 in no cell"
    return (
        '<header><h1>事件位置图 <span lang="en">Incident map</span></h1><dl>'
        f'<div><dt>事件 <span lang="en">incident</span></dt><dd>{sheet.incident}</dd></div>'
        f'<div><dt>网格 <span lang="en">cell</span></dt><dd>{cell}</dd></div>'
        f'<div><dt>制图 <span lang="en">drawn</span></dt><dd>{sheet.drawn_at:%Y-%m-%d %H:%M}</dd></div>'
        "</dl></header>"
    )


def _aside(sheet: IncidentMap) -> str:
    rows = "".join(
        f'<tr class="{one.category}"><td class="mark {one.category}">{_symbol(one, rank)}</td>'
        f"<td>{WORDS[one.category]}<br><code>{one.id}</code></td>"
        f"<td>{metres_in_words(one.distance_m)}</td>"
        f"<td>{'–' if one.minutes is None else f'{one.minutes} 分'}</td></tr>"
        for rank, one in sheet.ranked()
    )
    nobody = '<p class="nobody">附近无人可派 <span lang="en">nobody to send nearby</span></p>'
    table = (
        '<table><thead><tr><th></th><th>可派 <span lang="en">can be sent</span></th>'
        '<th>直线 <span lang="en">straight</span></th><th>约 <span lang="en">min</span></th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )
    schematic = (
        '<p>网格为示意图形，非实测边界。<br><span lang="en">Cells are schematic, not surveyed.</span></p>'
    )
    return (
        f'<aside>{table if rows else nobody}<section><h2>图例 <span lang="en">legend</span></h2><ul>'
        f'<li><span class="mark home"><b>{HOUSE}</b></span>住户 <span lang="en">home</span></li>'
        '<li><span class="mark responder"><b>1</b></span>网格员 <span lang="en">responder</span></li>'
        f'<li><span class="mark clinic"><b>{CROSS}</b></span>卫生服务中心 <span lang="en">clinic</span></li>'
        '<li><span class="patch own"></span>所在网格 <span lang="en">own cell</span></li>'
        '<li><span class="patch"></span>相邻网格 <span lang="en">surrounding cell</span></li></ul></section>'
        "<footer><p>上方为北。距离为直线，不是路线。<br>"
        '<span lang="en">North is up. Distances are straight lines, not routes.</span></p>'
        f"{schematic if sheet.schematic else ''}</footer></aside>"
    )
