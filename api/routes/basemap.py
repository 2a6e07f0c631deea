"""What lies under the console's map, where the site has something: its own file, or tiles from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import structlog
from fastapi import APIRouter
from starlette.responses import FileResponse

from api.deps import PartsDep
from api.problems import describe
from community.errors import NotFound
from maps.basemap import Drawn, read_archive
from maps.coords import Crs

FILE = "/map/base.pmtiles"
log = structlog.get_logger(__name__)

router = APIRouter(tags=["map"])


@dataclass(frozen=True, slots=True)
class BaseMap:
    """`drawn` is null where there is nothing; then `problem` says why, if something was meant to be there."""

    drawn: Drawn | None = None
    file: str = ""  # the address of a PMTiles archive of ours …
    addresses: tuple[str, ...] = ()  # … or templates of raster tiles from elsewhere, the lowest first
    crs: Crs = Crs.WGS84  # in which they are cut: whoever draws them moves them, never what is ours
    min_zoom: int = 0
    max_zoom: int = 0
    bounds: tuple[float, float, float, float] | None = None  # west, south, east, north
    layers: tuple[str, ...] = ()  # of vector tiles
    attribution: str = ""
    problem: str = ""


@router.get("/map/base", operation_id="getBaseMap", summary="What lies under the site's own polygons")
def get_base_map(parts: PartsDep) -> BaseMap:
    """The file is looked at each time: a new one may be put in its place while we run."""
    if (tiles := parts.settings.tiles) is not None:
        return BaseMap(
            Drawn.RASTER,
            addresses=tiles.addresses,
            crs=tiles.crs,
            max_zoom=tiles.max_zoom,
            attribution=tiles.attribution,
        )
    if not parts.settings.map_file:
        return BaseMap()
    try:
        archive = read_archive(Path(parts.settings.map_file))
    except OSError as away:
        return _unusable(f"ANXIN_MAP_FILE: 打不开 it cannot be read: {away.strerror}")
    except ValueError as wrong:
        return _unusable(f"ANXIN_MAP_FILE: {wrong}")
    return BaseMap(
        archive.drawn,
        file=f"/api{FILE}",
        min_zoom=archive.min_zoom,
        max_zoom=archive.max_zoom,
        bounds=archive.bounds,
        layers=archive.layers,
        attribution=archive.attribution,
    )


@router.get(
    FILE,
    operation_id="getBaseMapFile",
    summary="The site's PMTiles archive, by ranges of bytes",
    response_class=FileResponse,
    responses={206: {"description": "the bytes asked for with `Range`"}, **describe(404)},
)
def get_base_map_file(parts: PartsDep) -> FileResponse:
    path = Path(parts.settings.map_file)
    if not parts.settings.map_file or not path.is_file():
        raise NotFound("no_base_map", "this site has no base map of its own: set ANXIN_MAP_FILE")
    return FileResponse(path, media_type="application/vnd.pmtiles")


def _unusable(problem: str) -> BaseMap:
    """The map goes on without it, and says so."""
    log.warning("base_map_unusable", problem=problem)
    return BaseMap(problem=problem)
