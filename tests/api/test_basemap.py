"""What lies under the map: nothing unless the site says so; its own file by ranges, or one origin's tiles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from api.app import create_app
from api.headers import CSP
from api.parts import Parts
from api.settings import Settings
from tests import pmtiles
from tests.api.conftest import URL, Browser, Town, browser

PLACE = pmtiles.tile_at(118.545, 37.585, 14)
CONTENT = pmtiles.archive(
    {PLACE: pmtiles.vector_tile({"water": [(2, [(0, 0), (9, 9)], {})]})},
    pmtiles.MVT,
    (118.5, 37.5, 118.6, 37.6),
    {"vector_layers": [{"id": "water"}], "attribution": "示范 made up"},
)
At = Callable[..., Browser]


@pytest.fixture
def desk_with(parts: Parts, town: Town) -> At:  # noqa: ARG001 - the application finds the town in its store
    """An operator's browser at a centre with these settings."""

    def open_one(**settings: str) -> Browser:
        chosen = Settings.model_validate({"database_url": "sqlite://", "public_url": URL, **settings})
        return browser(create_app(replace(parts, settings=chosen)), "liufang")

    return open_one


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "kenli.pmtiles"
    path.write_bytes(CONTENT)
    return path


def test_nothing_lies_under_it_unless_the_site_says_so(operator: Browser) -> None:
    assert operator.get("/api/map/base").json()["drawn"] is None
    answer = operator.get("/api/map/base.pmtiles")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_base_map")
    assert operator.get("/").headers["content-security-policy"] == CSP


def test_a_file_of_the_site_is_served_by_ranges_to_those_who_have_logged_in(
    desk_with: At, file: Path
) -> None:
    desk = desk_with(map_file=str(file))
    base = desk.get("/api/map/base").json()
    assert (base["drawn"], base["layers"], base["max_zoom"]) == ("vector", ["water"], 14)
    assert (base["attribution"], base["problem"]) == ("示范 made up", "")
    part = desk.get(base["file"], headers={"Range": "bytes=0-126"})
    assert (part.status_code, part.content) == (206, CONTENT[:127])
    assert part.headers["content-range"] == f"bytes 0-126/{len(CONTENT)}"
    assert part.headers["etag"]
    assert desk.get("/").headers["content-security-policy"] == CSP, "it is ours: no other origin is opened"
    desk.client.cookies.clear()
    assert desk.get(base["file"]).status_code == 401
    assert desk.get("/api/map/base").status_code == 401


def test_a_file_that_is_none_is_said_and_the_map_goes_on(desk_with: At, file: Path) -> None:
    desk = desk_with(map_file=str(file))
    file.write_bytes(b"SQLite format 3\0" + bytes(200))
    base = desk.get("/api/map/base").json()
    assert base["drawn"] is None
    assert "MBTiles" in base["problem"]
    assert "pmtiles convert" in base["problem"]
    file.unlink()
    assert "ANXIN_MAP_FILE" in desk.get("/api/map/base").json()["problem"]
    assert desk.get("/api/map/base.pmtiles").status_code == 404
    file.write_bytes(CONTENT)
    assert desk.get("/api/map/base").json()["drawn"] == "vector", "a new one is taken without a restart"


def test_the_console_alone_may_ask_the_one_origin_that_the_site_has_chosen(desk_with: At) -> None:
    desk = desk_with(map_tiles="amap")
    base = desk.get("/api/map/base").json()
    assert (base["drawn"], base["crs"], base["file"]) == ("raster", "gcj02", "")
    policy = desk.get("/").headers["content-security-policy"]
    assert policy == CSP.replace(
        "img-src 'self' data:", "img-src 'self' data: https://webrd01.is.autonavi.com"
    )
    assert desk.get("/households").headers["content-security-policy"] == CSP
    assert desk.get("/api/map/base.pmtiles").status_code == 404


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"map_tiles": "amap", "map_file": "/var/lib/kenli.pmtiles"}, "not both"),
        ({"map_tiles": "tianditu"}, "ANXIN_TIANDITU_KEY"),
        ({"map_tiles": "http://gis.example/{z}/{x}/{y}", "public_url": "https://a.example"}, "https address"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused_at_the_start(wrong: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Settings.model_validate({"database_url": "sqlite://", **wrong})


def test_keys_are_not_printed_with_the_settings() -> None:
    settings = Settings.model_validate({"map_tiles": "tianditu", "tianditu_key": "0a1b2c3d"})
    assert "0a1b2c3d" not in str(settings.model_dump(mode="json"))
    assert "0a1b2c3d" not in repr(settings)
    own = Settings.model_validate({"map_tiles": "https://gis.example/{z}/{x}/{y}?token=0a1b2c3d"})
    assert "0a1b2c3d" not in str(own.model_dump(mode="json"))
