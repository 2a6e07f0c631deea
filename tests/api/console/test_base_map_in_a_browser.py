"""What lies under the map, drawn by a real browser: a file of the site's own, and tiles cut in GCJ-02.

Everything of ours stays WGS-84: what is moved is each foreign tile, and it must come to lie where it belongs.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import cos, hypot, radians
from pathlib import Path
from random import Random
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from community.storage import Store
from maps.coords import Crs, from_wgs84
from tests import pmtiles
from tests.api.conftest import Town
from tests.api.console.centre import Centre
from tests.api.console.conftest import PATIENCE_MS, Desk
from tests.api.console.test_map_in_a_browser import BUTTON, drawn

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("store", ["sqlite"], indirect=True)]

KENLI, LUJIAZUI = (118.545, 37.585), (121.5005, 31.2385)
EQUATOR_M = 40075016.7
ON = pytest.mark.parametrize
SOLID, FLAT = (ON("chromium", [how], indirect=True) for how in ("solid", "flat"))
WATER, MEADOW = (195, 219, 233), (0, 160, 0)

# How many dots of what would be printed have (about) this colour.
OF_COLOUR = """async ([red, green, blue]) => {
  dispatchEvent(new Event("beforeprint"));
  const still = document.querySelector(".map__still");
  await still.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [still.naturalWidth, still.naturalHeight];
  const brush = canvas.getContext("2d");
  brush.drawImage(still, 0, 0);
  const dots = brush.getImageData(0, 0, canvas.width, canvas.height).data;
  let found = 0;
  for (let at = 0; at < dots.length; at += 4)
    if ([red, green, blue].every((part, index) => Math.abs(dots[at + index] - part) < 8)) found++;
  dispatchEvent(new Event("afterprint"));
  return found;
}"""


class Provider:
    """Somebody's tiles in GCJ-02: white, with a red dot where each of the `places` (WGS-84) is."""

    def __init__(self, *places: tuple[float, float]) -> None:
        shifted = [from_wgs84(*place, Crs.GCJ02) for place in places]
        self.asked: list[pmtiles.Tile] = []
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                z, x, y = (int(parse_qs(urlsplit(self.path).query)[name][0]) for name in "zxy")
                provider.asked.append((z, x, y))
                rows = [[(255, 255, 255)] * 256 for _ in range(256)]
                for lon, lat in shifted:
                    across, down = pmtiles.pixel(float(lon), float(lat), z)
                    if (across // 256, down // 256) == (x, y):
                        rows[int(down % 256)][int(across % 256)] = (255, 0, 0)
                content = pmtiles.png(rows)
                self.send_response(200)
                self.send_header("Content-Type", "image/png")
                self.send_header("Content-Length", str(len(content)))
                self.send_header("Access-Control-Allow-Origin", "*")
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()


@pytest.fixture
def provider() -> Iterator[Provider]:
    running = Provider(KENLI, LUJIAZUI)
    yield running
    running.close()


@pytest.fixture
def centre(store: Store, town: Town, beneath: dict[str, str]) -> Iterator[Centre]:  # noqa: ARG001
    """A centre that has something `beneath` its polygons."""
    running = Centre(store, **beneath)
    running.start()
    yield running
    running.close()


@pytest.fixture
def water(tmp_path: Path) -> dict[str, str]:
    """A file of vector tiles: a lake as large as the district, and a road through it."""
    tile = pmtiles.vector_tile(
        {
            "water": [(3, [(0, 0), (4096, 0), (4096, 4096), (0, 4096)], {"class": "lake"})],
            "transportation": [(2, [(0, 2048), (4096, 2048)], {"class": "primary"})],
            "transportation_name": [(2, [(0, 2048), (4096, 2048)], {"name": "民丰路"})],
        }
    )
    layers = [{"id": name} for name in ("water", "transportation", "transportation_name")]
    said = {"vector_layers": layers, "attribution": "© 垦利测绘 <b>survey</b>"}
    return _file(tmp_path, tile, pmtiles.MVT, said)


@pytest.fixture
def meadow(tmp_path: Path) -> dict[str, str]:
    """A file of pictures, all of one green."""
    return _file(tmp_path, pmtiles.png([[MEADOW] * 256] * 256), pmtiles.PNG, {})


@pytest.fixture
def theirs(provider: Provider) -> dict[str, str]:
    return {"map_tiles": f"{provider.origin}/tile?x={{x}}&y={{y}}&z={{z}}", "map_tiles_crs": "gcj02"}


@pytest.fixture
def beneath(request: pytest.FixtureRequest) -> dict[str, str]:
    named: dict[str, str] = request.getfixturevalue(request.param)
    return named


def _file(folder: Path, tile: bytes, kind: int, said: dict[str, object]) -> dict[str, str]:
    around = (118.4, 37.4, 118.7, 37.7)
    tiles = {pmtiles.tile_at(lon, lat, 10): tile for lon in around[::2] for lat in around[1::2]}
    path = folder / "kenli.pmtiles"
    path.write_bytes(pmtiles.archive(tiles, kind, around, said))
    return {"map_file": str(path)}


@pytest.fixture(autouse=True)
def nothing_went_wrong(desk: Desk) -> Iterator[None]:
    """No error of the page or of its policy."""
    desk.tab.set_viewport_size({"width": 1280, "height": 720})
    desk.tab.emulate_media(reduced_motion="reduce")
    yield
    assert desk.wrong == []


def dots_of(tab: Page, colour: tuple[int, int, int], at_least: int) -> None:
    """Look until there are so many; never waited for in vain."""
    found = tab.evaluate(
        f"""async ([colour, wanted, patience]) => {{
          const until = performance.now() + patience;
          let found;
          do {{
            found = await ({OF_COLOUR})(colour);
            await new Promise(requestAnimationFrame);
          }} while (found < wanted && performance.now() < until);
          return found;
        }}""",
        [colour, at_least, PATIENCE_MS],
    )
    assert found >= at_least, f"{found} dots of {colour}"


@SOLID
@ON("beneath", ["water"], indirect=True)
def test_a_file_of_the_site_lies_under_our_polygons_and_can_be_put_away(desk: Desk) -> None:
    desk.log_in()
    tab = desk.tab
    drawn(tab, "3d")
    dots_of(tab, WATER, at_least=20_000)
    expect(tab.locator(".map__source")).to_have_text("© 垦利测绘 survey")
    expect(tab.locator('.map__base[aria-pressed="true"]')).to_be_visible()
    assert desk.asked_elsewhere == [], "a base map of ours asks nobody"

    tab.click(".map__base")
    expect(tab.locator('.map__base[aria-pressed="false"]')).to_be_visible()
    drawn(tab, "3d")
    assert tab.evaluate(OF_COLOUR, WATER) < 1000, "but for edges that are mixed of others"
    tab.reload()
    drawn(tab, "3d")
    expect(tab.locator('.map__base[aria-pressed="false"]')).to_be_visible()
    assert tab.evaluate(OF_COLOUR, WATER) < 1000, "the browser remembers"
    tab.click(".map__base")
    tab.click(".map__look")
    dots_of(tab, (15, 44, 65), at_least=20_000)  # water by night


@FLAT
@ON("beneath", ["meadow"], indirect=True)
def test_a_file_of_pictures_is_drawn_on_the_flat_map_too(desk: Desk) -> None:
    desk.log_in()
    tab = desk.tab
    drawn(tab, "2d")
    tile = tab.locator(".leaflet-tile-pane canvas.leaflet-tile-loaded").first
    expect(tile).to_be_visible()
    colour = tile.evaluate("(tile) => Array.from(tile.getContext('2d').getImageData(9, 9, 1, 1).data)")
    assert colour == [*MEADOW, 255]
    assert desk.asked_elsewhere == []


@FLAT
@ON("beneath", ["water"], indirect=True)
def test_vector_tiles_are_painted_on_the_flat_map_too_by_day_and_by_night(desk: Desk) -> None:
    desk.log_in()
    tab = desk.tab
    drawn(tab, "2d")
    for water, road in ((WATER, (255, 255, 255)), ((15, 44, 65), (44, 69, 83))):
        expect(tab.locator(".leaflet-tile-pane canvas.leaflet-tile-loaded").first).to_be_visible()
        tab.wait_for_function(
            """([water, road]) => {
              const colours = new Map([[water.join(), 0], [road.join(), 0]]);
              for (const tile of document.querySelectorAll(".leaflet-tile-pane canvas.leaflet-tile-loaded")) {
                const dots = tile.getContext("2d").getImageData(0, 0, tile.width, tile.height).data;
                for (let at = 0; at < dots.length; at += 4) {
                  const colour = dots.subarray(at, at + 3).join();
                  if (colours.has(colour)) colours.set(colour, colours.get(colour) + 1);
                }
              }
              return [...colours.values()].every((dots) => dots > 500);
            }""",
            arg=[water, road],
        )
        tab.click(".map__look")
    assert desk.asked_elsewhere == []


@SOLID
@ON("beneath", ["theirs"], indirect=True)
def test_shifted_tiles_come_to_lie_where_our_own_things_are(desk: Desk, provider: Provider) -> None:
    desk.log_in()
    tab = desk.tab
    drawn(tab, "3d")
    expect(tab.locator('.map[data-base="raster"]')).to_be_visible()
    assert provider.asked, "the map asks for tiles"
    assert all(url.startswith(f"{provider.origin}/") for url in desk.asked_elsewhere), "and one origin only"
    for lon, lat in (KENLI, LUJIAZUI):
        for zoom in (15, 18):
            z, x, y = pmtiles.tile_at(lon, lat, zoom)
            across, down = tab.evaluate(
                """async ([z, x, y]) => {
                  const { Tiles } = await import("/static/js/map_tiles.js");
                  const base = await (await fetch("/api/map/base")).json();
                  const tile = await new Tiles(base, true).picture(z, x, y);
                  const dots = tile.getContext("2d").getImageData(0, 0, 256, 256).data;
                  let [sum, across, down] = [0, 0, 0];
                  for (let at = 0; at < dots.length; at += 4) {
                    const red = dots[at] - dots[at + 1];
                    sum += red;
                    across += red * (((at / 4) % 256) + 0.5);
                    down += red * (Math.floor(at / 4 / 256) + 0.5);
                  }
                  return [across / sum, down / sum];
                }""",
                [z, x, y],
            )
            there = pmtiles.pixel(lon, lat, zoom)
            metres = EQUATOR_M * cos(radians(lat)) / (256 * 2**zoom)  # of a dot
            off = hypot(x * 256 + across - there[0], y * 256 + down - there[1])
            assert off <= 1.0, f"{off * metres:.1f} m beside it at zoom {zoom}: a dot is {metres:.1f} m wide"


@SOLID
@ON("beneath", ["theirs"], indirect=True)
def test_the_desk_goes_on_when_nobody_serves_the_tiles_any_more(
    centre: Centre, desk: Desk, provider: Provider
) -> None:
    provider.close()
    desk.log_in()
    tab = desk.tab
    drawn(tab, "3d")
    incident_id = centre.press(BUTTON)
    expect(tab.locator(f'.map [data-pin="{incident_id}"]')).to_be_visible()
    tab.keyboard.press("Space")
    expect(tab.locator('[data-deed="close"]')).to_be_visible()
    expect(tab.locator('.map[data-view="3d"]')).to_be_visible()
    assert [text for text in desk.wrong if "no tile from 127.0.0.1" not in text] == []
    desk.wrong.clear()


@FLAT
@ON("beneath", ["theirs"], indirect=True)
def test_shifted_tiles_are_on_the_flat_map_too_and_all_of_it_to_a_metre(
    desk: Desk, provider: Provider
) -> None:
    desk.log_in()
    tab = desk.tab
    drawn(tab, "2d")
    expect(tab.locator(".leaflet-tile-pane canvas.leaflet-tile-loaded").first).to_be_visible()
    assert all(url.startswith(f"{provider.origin}/") for url in desk.asked_elsewhere)

    dice = Random(5)
    places = [
        (lon + dice.uniform(-0.2, 0.2), lat + dice.uniform(-0.2, 0.2), dice.randrange(12, 19))
        for lon, lat in (KENLI, LUJIAZUI)
        for _ in range(300)
    ]
    shifted = [tuple(map(float, from_wgs84(lon, lat, Crs.GCJ02))) for lon, lat, _ in places]
    ours = tab.evaluate(
        """async ([places, shifted]) => {
          const { placed, toGcj, toPixel, TILE_PX } = await import("/static/js/map_tiles.js");
          return places.map(([lon, lat, z], index) => {
            const [x, y] = toPixel(lon, lat, z).map((each) => Math.floor(each / TILE_PX));
            const { columns, rows, transform: [a, b, c, d, e, f] } = placed(z, x, y, "gcj02");
            const [across, down] = toPixel(...shifted[index], z);
            const [east, south] = [across - columns[0] * TILE_PX, down - rows[0] * TILE_PX];
            const moved = [a * east + c * south + e, b * east + d * south + f];
            const inside = (at, tiles) => at >= -0.3 && at <= tiles.length * TILE_PX + 0.3;
            const covered = inside(east, columns) && inside(south, rows);
            return [toGcj(lon, lat), [x * TILE_PX + moved[0], y * TILE_PX + moved[1]], covered];
          });
        }""",
        [places, shifted],
    )  # fmt: skip
    for (lon, lat, zoom), there, (said, drawn_at, covered) in zip(places, shifted, ours, strict=True):
        assert said == pytest.approx(there, abs=1e-11), "both write down the same formula"
        where = pmtiles.pixel(lon, lat, zoom)
        off = hypot(drawn_at[0] - where[0], drawn_at[1] - where[1])
        metres = off * EQUATOR_M * cos(radians(lat)) / (256 * 2**zoom)
        assert off < 0.3, f"{off:.2f} dots beside it at zoom {zoom}"
        assert zoom < 14 or metres < 1, f"{metres:.2f} m beside it at zoom {zoom}"
        assert covered, "what belongs into the tile is on the sheet that is moved"
