"""The incident map in a real browser: drawn under its own policy, and nothing asked of anybody else."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, sync_playwright
from playwright.sync_api import Page as Tab

from maps.coords import Point
from maps.grid import Cell, Grid, Polygon, draft_communities, points_inside
from maps.nearest import Place, minutes, nearest
from maps.offline import Page
from maps.page import Candidate, Category, IncidentMap, draw
from maps.vendored import vendor_dir

CHROMIUM = shutil.which("chromium")
TYPES = {".js": "text/javascript", ".css": "text/css", ".png": "image/png"}
E_BIKE_M_PER_MIN = 200.0

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None, reason="no chromium found on PATH; install it to see the maps drawn"
    ),
]

STREET: Polygon = (
    ((118.50, 37.57), (118.56, 37.56), (118.60, 37.59), (118.55, 37.605), (118.50, 37.61), (118.50, 37.57)),
)


def a_sheet() -> IncidentMap:
    """A press in a drafted street of 10 communities, 143 workers and 5 clinics."""
    communities = draft_communities(STREET, 10, 458, seed=2)
    cells = tuple(
        Cell(f"370505001{area:03}{number:03}", polygon)
        for area, community in enumerate(communities, 1)
        for number, polygon in enumerate(community.cells, 1)
    )
    places = [
        Place(f"{kind}-{number:03}", point, frozenset({kind}))
        for kind, count in ((Category.RESPONDER, 143), (Category.CLINIC, 5))
        for number, point in enumerate(points_inside(STREET, count, seed=count), 1)
    ]
    at = {place.id: place.point for place in places}
    home = Point(118.5475, 37.5880)
    located = Grid(cells).locate(home)
    assert located is not None
    return IncidentMap(
        incident="A-20261121-0007",
        home=home,
        drawn_at=datetime(2026, 11, 21, 14, 5, tzinfo=timezone(timedelta(hours=8))),
        cell_code=located.code,
        cells=cells,
        candidates=tuple(
            Candidate(near.id, kind, at[near.id], near.distance_m, minutes(near.distance_m, E_BIKE_M_PER_MIN))
            for kind, k in ((Category.RESPONDER, 3), (Category.CLINIC, 2))
            for near in nearest(home, places, k, {kind})
        ),
        schematic=True,
    )


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"],
        )
        yield started
        started.close()


@pytest.fixture
def origin(request: pytest.FixtureRequest) -> Iterator[str]:
    """A server on loopback with one page, under its policy, and the vendored files."""
    page: Page = request.param

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.removeprefix("/vendor/")
            if self.path == "/":
                self.answer(200, "text/html; charset=utf-8", page.html.encode())
            elif self.path == "/favicon.ico":
                self.answer(204, "image/png", b"")
            elif self.path != name and (vendor_dir() / name).is_file():
                file = vendor_dir() / name
                self.answer(200, TYPES[file.suffix], file.read_bytes())
            else:
                self.answer(404, "text/plain", b"")

        def answer(self, status: int, type: str, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", type)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Content-Security-Policy", page.content_security_policy)
            self.send_header("X-Content-Type-Options", "nosniff")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Seen:
    """What the browser did while it showed a page."""

    tab: Tab
    requests: list[str]
    complaints: list[str]


@pytest.fixture
def seen(browser: Browser, origin: str) -> Iterator[Seen]:
    tab = browser.new_page(viewport={"width": 1120, "height": 780})
    seen = Seen(tab, [], [])
    tab.on("request", lambda request: seen.requests.append(request.url.removeprefix(origin)))
    tab.on("console", lambda message: seen.complaints.append(message.text))
    tab.on("pageerror", lambda error: seen.complaints.append(str(error)))
    tab.goto(origin, wait_until="networkidle")
    yield seen
    tab.close()


SHEET = a_sheet()
STREET_PAGE = draw(SHEET)
LONE_PAGE = draw(IncidentMap("A-1", Point(0.0, 0.0), SHEET.drawn_at))
BROKEN = Page("<p class=shown>here</p><script>document.title = 'ran'</script>", (), ())


@pytest.mark.parametrize("origin", [STREET_PAGE, LONE_PAGE], indirect=True, ids=["street", "alone"])
def test_the_page_asks_only_us_and_breaks_no_rule(seen: Seen) -> None:
    last = "performance.getEntriesByType('resource').some(asked => asked.name.endsWith('/layers.png'))"
    seen.tab.wait_for_function(last)
    assert seen.complaints == []
    assert set(seen.requests) - {"/favicon.ico"} == {
        "/",
        "/vendor/leaflet/leaflet.js",
        "/vendor/leaflet/leaflet.css",
        "/vendor/leaflet/images/layers.png",
    }


@pytest.mark.parametrize("origin", [STREET_PAGE], indirect=True, ids=["street"])
def test_the_home_its_cell_and_everybody_who_can_be_sent_are_in_view(seen: Seen) -> None:
    tab = seen.tab
    assert tab.locator(".at .home").count() == 1
    ids = [mark.get_attribute("data-id") for mark in tab.locator(".at [data-id]").all()]
    assert ids == [candidate.id for candidate in SHEET.candidates]
    frame = tab.locator(".folium-map").bounding_box()
    assert frame is not None
    for mark in tab.locator(".at .mark").all():
        spot = mark.bounding_box()
        assert spot is not None
        assert frame["x"] <= spot["x"]
        assert spot["x"] + spot["width"] <= frame["x"] + frame["width"]
        assert frame["y"] <= spot["y"]
        assert spot["y"] + spot["height"] <= frame["y"] + frame["height"]
    own = tab.locator("path.own-cell").bounding_box()
    assert own is not None
    assert own["width"] > 10
    assert own["height"] > 10
    assert tab.locator("path.cell").count() > 20
    assert tab.locator("path.line").count() == len(SHEET.candidates)


@pytest.mark.parametrize("origin", [STREET_PAGE], indirect=True, ids=["street"])
def test_the_legend_the_scale_and_the_list_can_be_read(seen: Seen) -> None:
    tab = seen.tab
    assert tab.locator("tbody tr").count() == len(SHEET.candidates)
    assert tab.locator("aside section").inner_text().split() == [
        *("图例", "legend", "住户", "home", "1", "网格员", "responder", "卫生服务中心", "clinic"),
        *("所在网格", "own", "cell", "相邻网格", "surrounding", "cell"),
    ]
    scales = [
        line.inner_text() for line in tab.locator(".leaflet-control-scale-line").all() if line.is_visible()
    ]
    assert len(scales) == 1
    assert scales[0].endswith("m"), "metres or kilometres, no miles"
    assert tab.locator(".leaflet-control-attribution").count() == 0


@pytest.mark.parametrize("origin", [STREET_PAGE], indirect=True, ids=["street"])
def test_it_prints_on_one_sheet_without_buttons(seen: Seen) -> None:
    assert seen.tab.pdf(prefer_css_page_size=True).count(b"/Type /Page\n") == 1
    on_screen = seen.tab.locator(".folium-map").bounding_box()
    seen.tab.emulate_media(media="print")
    on_paper = seen.tab.locator(".folium-map").bounding_box()
    assert on_screen is not None
    assert on_paper is not None
    assert (on_paper["width"], on_paper["height"]) == (on_screen["width"], on_screen["height"])
    assert not seen.tab.locator(".leaflet-control-zoom").is_visible()
    assert not seen.tab.locator(".leaflet-control-layers").is_visible()


@pytest.mark.parametrize("origin", [LONE_PAGE], indirect=True, ids=["alone"])
def test_a_lone_home_at_zero_zero_is_in_the_middle_of_its_map(seen: Seen) -> None:
    frame = seen.tab.locator(".folium-map").bounding_box()
    home = seen.tab.locator(".at .home b").bounding_box()
    assert frame is not None
    assert home is not None
    assert home["x"] + home["width"] / 2 == pytest.approx(frame["x"] + frame["width"] / 2, abs=2)
    assert home["y"] + home["height"] / 2 == pytest.approx(frame["y"] + frame["height"] / 2, abs=2)


@pytest.mark.parametrize("origin", [BROKEN], indirect=True, ids=["broken"])
def test_a_script_that_the_policy_does_not_name_does_not_run(seen: Seen) -> None:
    """Shows that the complaints above would be heard."""
    assert seen.tab.title() != "ran"
    assert any("Content Security Policy" in complaint for complaint in seen.complaints)
