"""The site's geometry from a command line: what was surveyed, the grid and drafts of it, the roads."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import orjson
import typer
from sqlalchemy import Connection

from community import geometry
from community.errors import Invalid, NotFound
from community.geometry import What, Wishes
from community.ledger import WRONG
from community.model import AreaLevel
from community.starting import opened
from community.storage import atlas, register, schema
from community.storage import roads as road_rows
from maps import topology
from maps.coords import Point
from maps.division import divide
from maps.gate import Fit
from maps.geojson import feature_collection, polygon_feature
from maps.grid import draft_cells as drafted_by_area
from maps.roads import SNAP_M, Mode, Network, Roads, build
from maps.streets import from_lines, from_osm
from maps.survey import System, read

app = typer.Typer()

_Picture = Annotated[
    Path | None, typer.Option(help="把问题画成SVG / draw what is wrong with the grid into this SVG")
]
_Crs = Annotated[
    str, typer.Option(help="坐标系 / wgs84, cgcs2000, gcj02 (高德、腾讯), bd09 (百度) or epsg:NNNN")
]


@app.command()
def import_geometry(
    what: Annotated[What, typer.Argument(help="网格、楼栋或住户位置 / what the file holds")],
    file: Annotated[Path, typer.Argument(help=".geojson, .shp, .zip or .csv")],
    crs: _Crs,
    write: Annotated[bool, typer.Option("--write", help="导入无误的行 / import the good rows")] = False,
    create: Annotated[
        bool, typer.Option(help="新建登记中没有的网格 / create areas that the register does not know")
    ] = False,
    storeys: Annotated[
        int | None, typer.Option(min=1, help="没有层数的楼按几层 / where none are told")
    ] = None,
    unchecked: Annotated[
        bool, typer.Option(help="坐标系无法核对,已在地图上看过 / no check was possible, and I have looked")
    ] = False,
    flawed: Annotated[bool, typer.Option(help="网格有问题也导入 / although cells do not fit")] = False,
    bad_rows: Annotated[
        Path | None, typer.Option(help="有误的行写到这里 / where the bad rows go; else beside the file")
    ] = None,
    picture: _Picture = None,
) -> None:
    """检查并导入网格、楼栋、住户位置 / Check outlines of cells, houses or homes, and with --write import.

    The coordinate system is declared, and compared with what the register knows: a wrong one is refused.
    """
    system = System(crs)
    features = read(file, system)
    with opened() as store:
        schema.require_newest(store)
        with store.write() if write else store.read() as connection:
            known = atlas.known(connection)
            looked = geometry.look(what, features, system, known, Wishes(storeys, create))
            for line in geometry.report(looked):
                typer.echo(line)
            if looked.bad:
                back = bad_rows or file.with_name(f"{file.stem}-{WRONG}.csv")
                back.write_bytes(geometry.given_back(looked))
                typer.echo(f"有误的行在 the bad rows are in {back}")
            if looked.verdict.fit is Fit.WRONG:
                raise Invalid("wrong_crs", f"没有导入,请改正坐标系 nothing imported: {looked.verdict.text}")
            fits = True
            if what is What.CELLS:
                areas = (*known.areas, *looked.new)
                fits = _say_what_is_wrong(geometry.outlines_of(areas, looked.outlines), picture)
            if not write:
                return
            if looked.verdict.fit is Fit.UNKNOWN and not unchecked:
                raise Invalid(
                    "crs_unchecked",
                    "坐标系未能核对,没有导入;在地图上看过后加 --unchecked"
                    " nothing imported: look at it on a map, then say --unchecked",
                )
            if not fits and not flawed:
                raise Invalid(
                    "cells_do_not_fit",
                    "网格有问题,没有导入;改正后再来,或加 --flawed"
                    " nothing imported: mend the cells, or say --flawed",
                )
            atlas.survey(connection, looked)
    done = len(looked.outlines) + len(looked.buildings) + len(looked.positions)
    typer.echo(f"已导入{done}项、新建{len(looked.new)}个 imported {done}, created {len(looked.new)}")


@app.command()
def check_geometry(
    picture: _Picture = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出JSON / print what was found as JSON")] = False,
) -> None:
    """检查网格的编码和拓扑 / Check the grid: codes, gaps, overlaps, slivers; exit code 1 when any."""
    with opened() as store:
        schema.require_newest(store)
        with store.read() as connection:
            areas = register.areas(connection)
    by_id = {area.id: area for area in areas}
    codes = [wrong for area in areas if (wrong := geometry.wrong_code(area, by_id.get(area.parent_id or 0)))]
    outlines = geometry.outlines_of(areas, {})
    if as_json:
        findings = topology.check(outlines)
        found = {"codes": codes, "cells": list(topology.report(findings)) if findings else []}
        typer.echo(json.dumps(found, ensure_ascii=False))
        fits = not findings
    else:
        for line in codes:
            typer.echo(line)
        fits = _say_what_is_wrong(outlines, picture)
    if codes or not fits:
        raise typer.Exit(1)


@app.command()
def draft_cells(
    community: Annotated[str, typer.Argument(help="社区编码 / the community's code")],
    cells: Annotated[int, typer.Argument(min=1, help="几个网格 / how many cells")],
    out: Annotated[Path, typer.Argument(help="写到这个GeoJSON / the file to write")],
) -> None:
    """为社区起草网格 / Draft cells of a community with about as many homes in each, as GeoJSON to be edited.

    Codes go on after the highest that the community has. Nothing is imported: that is `import-geometry
    cells FILE --crs wgs84 --create --write`.
    """
    with opened() as store:
        schema.require_newest(store)
        with store.read() as connection:
            known = atlas.known(connection)
    found = [area for area in known.areas if area.level is AreaLevel.COMMUNITY and area.code == community]
    if not found:
        raise NotFound("no_such_community", f"登记中没有社区{community} the register has no such community")
    (area,) = found
    if area.polygon is None:
        raise Invalid("no_outline", f"{area.name}没有边界 it has no outline: import that first")
    inside = {area.id, *(one.id for one in known.areas if one.parent_id == area.id)}
    homes = [
        Point(home.position.lon, home.position.lat)
        for home in known.homes
        if home.area_id in inside and home.position is not None
    ]
    by_homes = len(set(homes)) >= cells
    drafts = divide(area.polygon, cells, homes) if by_homes else drafted_by_area(area.polygon, cells, seed=1)
    codes = geometry.next_codes(area, known.areas, cells)
    features = [
        polygon_feature(
            code,
            polygon,
            {"网格编码": code, "网格名称": f"{area.name}第{int(code[-3:])}网格(草案)", "草案": "是"},
        )
        for code, polygon in zip(codes, drafts, strict=True)
    ]
    out.write_bytes(orjson.dumps(feature_collection(features), option=orjson.OPT_INDENT_2))
    few = "有位置的住户太少,按面积 by area: too few homes have a position"
    how = f"按{len(homes)}户均分 by {len(homes)} homes" if by_homes else few
    typer.echo(f"{cells}个草案网格({how}) draft cells are in {out}")


@app.command()
def import_roads(
    file: Annotated[Path, typer.Argument(help=".osm (XML), .geojson, .shp, .zip or .csv")],
    crs: _Crs = "wgs84",
    write: Annotated[bool, typer.Option("--write", help="用作路网 / use them from now on")] = False,
) -> None:
    """导入路网 / Read the roads of the site, and with --write rank who is sent by their time on them."""
    if file.suffix.lower() == ".osm":
        ways = list(from_osm(file))
    else:
        features = read(file, System(crs))
        for one in features:
            if one.wrong:
                typer.echo(f"第{one.number}行:{one.wrong}")
        ways = list(from_lines(features))
    network = build(ways)
    roads = Roads(network)
    with opened() as store:
        schema.require_newest(store)
        with store.write() if write else store.read() as connection:
            positions = [home.position for home in atlas.known(connection).homes if home.position is not None]
            doors = [Point(where.lon, where.lat) for where in positions]
            typer.echo(f"道路{len(ways)}条、{network.metres.sum() / 1000:.1f}公里 roads, km")
            if doors:
                near = roads.near(doors, Mode.EBIKE)
                typer.echo(f"{near}/{len(doors)}户离路不超过{SNAP_M:.0f}米 homes are within reach of a road")
                if near < len(doors) / 2:
                    raise Invalid(
                        "roads_elsewhere",
                        "多数住户离路网太远,坐标系或范围可能有误"
                        " most homes are far from these roads: look at the coordinate system and the extract",
                    )
            if write:
                road_rows.keep(connection, network, file.name, datetime.now(UTC))  # noqa: TID251 - a command
                typer.echo("已启用 in use")


@app.command()
def close_road(
    road: Annotated[str, typer.Argument(help="路名或编号 / its name or key, as in the imported map")],
    why: Annotated[str, typer.Option(help="原因 / why")],
) -> None:
    """封路:派人时绕开 / Nobody is sent over this road until it is opened again."""
    with opened() as store:
        schema.require_newest(store)
        with store.write() as connection:
            ways = road_rows.named(_network(connection), road)
            road_rows.close(connection, ways, why, datetime.now(UTC))  # noqa: TID251 - a command
    typer.echo(f"{road}:已封{len(ways)}段 closed")


@app.command()
def open_road(road: Annotated[str, typer.Argument(help="路名或编号 / its name or key")]) -> None:
    """恢复通行 / People are sent over this road again."""
    with opened() as store:
        schema.require_newest(store)
        with store.write() as connection:
            count = road_rows.reopen(connection, road_rows.named(_network(connection), road))
    typer.echo(f"{road}:恢复{count}段 open again")


def _network(connection: Connection) -> Network:
    found = road_rows.network(connection)
    if found is None:
        raise NotFound("no_roads", "还没有路网,先 import-roads there are no roads yet: import them first")
    return found


def _say_what_is_wrong(outlines: tuple[topology.Outline, ...], picture: Path | None) -> bool:
    """Whether the cells fit; says it, and draws it where that is wished."""
    findings = topology.check(outlines)
    for line in topology.report(findings):
        typer.echo(line)
    if picture is not None and outlines:
        picture.write_text(topology.picture(outlines, findings), encoding="utf-8")
        typer.echo(f"图在 drawn in {picture}")
    return not findings
