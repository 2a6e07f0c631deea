"""A large street on the console's live map: how long until it stands there, and whether it stays smooth.

Every responder tells a new place each second, as in the worst of storms, while the map is dragged and
zoomed. It is drawn in three dimensions and flat, by Chromium without a graphics card: a desk that has one is
faster. A browser draws 60 frames a second at most, one each 16.7 ms.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from random import Random
from statistics import median

from playwright.sync_api import Page, sync_playwright
from rich.table import Table

from bench.disk import OWN
from bench.pixels import LOGIN, PASSWORD, metrics, opened, watched
from bench.scene import SQLITE, Scene, databases
from bench.speed import percentile
from bench.town import street_of
from community import passwords
from community.model import (
    Account,
    AccountRole,
    AreaLevel,
    Building,
    Duty,
    Position,
    Responder,
    Whereabouts,
)
from community.sites.generate import SiteData
from community.storage import Store, accounts, schema, seeding, whereabouts
from dispatcher.bell import MqttBell
from dispatcher.clock import SystemClock
from tests.servers import free_port

# What an operator chose, what the map then says that it is, and how Chromium draws.
VIEWS = (
    ("solid", "3d", ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]),
    ("flat", "2d", ["--disable-3d-apis"]),
)
PATIENCE_MS = 120_000
WATCHED_MS = 5_000
STEPS = 40  # of the mouse in one drag, one each frame
FRAMES = """() => {
  window.frames = [];
  const note = (at) => { window.frames.push(at); requestAnimationFrame(note); };
  requestAnimationFrame(note);
}"""


@dataclass(frozen=True)
class Size:
    homes: int
    buildings: int
    responders: int
    drags: int


FULL = Size(4000, 8000, 500, 10)
QUICK = Size(4000, 8000, 500, 4)
TINY = Size(40, 60, 12, 1)


@dataclass(frozen=True)
class Drawing:
    """`first_s` until everything stands on the map; ms between two frames while it is dragged and zoomed;
    the share of its time that the page's main thread works while all responders move and nobody touches it.
    """

    view: str
    first_s: float
    frame_p50_ms: float
    frame_p99_ms: float
    busy: float


def measure(size: Size, folder: Path, tell: Callable[[str], None]) -> list[Drawing]:
    """Needs Chromium: ask `pixels.can_draw` first."""
    found = []
    url, port = f"sqlite:///{folder}/drawing/street.db", free_port()
    street = a_large_street(size)
    with (
        databases(SQLITE, folder / "drawing", OWN) as none,
        closing(_filled(url, street)) as store,
        (scene := Scene(folder, none, size.homes)).broker() as (broker, provider),
        scene.part("api", url, broker, provider, api_port=port, mqtt_host="127.0.0.1"),
        sync_playwright() as playwright,
    ):
        for chosen, view, how in VIEWS:
            tell(f"{view}: {size.buildings:,} buildings, {size.homes:,} homes, {size.responders} responders")
            chromium = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox", *how]
            )
            begun = time.monotonic()
            page = opened(chromium, f"http://127.0.0.1:{port}", "live", chosen)
            page.wait_for_selector(f'.map[data-view="{view}"][data-settled="true"]', timeout=PATIENCE_MS)
            first_s = time.monotonic() - begun
            with all_moving(store, street, broker.port):
                session = watched(page)
                before, since = metrics(session)["TaskDuration"], time.monotonic()
                page.wait_for_timeout(WATCHED_MS)
                busy = (metrics(session)["TaskDuration"] - before) / (time.monotonic() - since)
                frames = dragged(page, size.drags)
            found.append(Drawing(view, first_s, median(frames), percentile(frames, 99), busy))
            chromium.close()
    return found


def _filled(url: str, street: SiteData) -> Store:
    store = Store(url)
    schema.migrate(store)
    with store.write() as connection:
        seeding.load(connection, street)
        operator = Account(0, LOGIN, LOGIN, AccountRole.OPERATOR)
        accounts.create_account(connection, operator, passwords.hashed(PASSWORD))
    return store


def a_large_street(size: Size) -> SiteData:
    """Kenli's areas with more in them, each at a place of its own, the same from the same numbers."""
    street, chance = street_of(size.homes), Random(size.homes)
    cells = [area for area in street.areas if area.polygon is not None and area.level is AreaLevel.CELL]

    def somewhere() -> tuple[int, float, float]:
        cell = chance.choice(cells)
        assert cell.polygon is not None
        one, other = chance.sample(cell.polygon[0], 2)
        part = chance.random()
        return cell.id, one[0] + part * (other[0] - one[0]), one[1] + part * (other[1] - one[1])

    homes, houses, people = [], [], []
    for home in street.households:
        cell, lon, lat = somewhere()
        homes.append(replace(home, area_id=cell, position=Position(lon, lat, "survey")))
    for number in range(1, size.buildings + 1):
        cell, lon, lat = somewhere()
        wide, deep = 0.00025, 0.00006
        corners = ((0.0, 0.0), (wide, 0.0), (wide, deep), (0.0, deep), (0.0, 0.0))
        outline = tuple((lon + x, lat + y) for x, y in corners)
        houses.append(Building(number, cell, f"{number}幢", 1 + number % 18, (outline,), synthetic=True))
    for number in range(1, size.responders + 1):
        cell, lon, lat = somewhere()
        alike = street.responders[number % len(street.responders)]
        people.append(
            replace(alike, id=number, position=Position(lon, lat, "survey"), cells=frozenset({cell}))
        )
    always = [Duty(person.id, frozenset(range(1, 8)), 0, 1440) for person in people]
    return replace(
        street,
        households=tuple(homes),
        buildings=tuple(houses),
        responders=tuple(people),
        duties=tuple(always),
    )


@contextmanager
def all_moving(store: Store, street: SiteData, mqtt_port: int) -> Iterator[None]:
    """Every second each responder is some metres further."""
    ending, clock, bell = threading.Event(), SystemClock(), MqttBell("127.0.0.1", mqtt_port)

    def move() -> None:
        steps = 0
        while not ending.wait(1.0):
            steps += 1
            now = clock.now()
            with store.jot() as connection:
                whereabouts.keep(connection, (_moved(one, steps, now) for one in street.responders), now)
            bell.ring()

    moving = threading.Thread(target=move)
    moving.start()
    try:
        yield
    finally:
        ending.set()
        moving.join()
        bell.close()


def _moved(responder: Responder, steps: int, now: datetime) -> Whereabouts:
    at = responder.position
    assert at is not None
    return Whereabouts(responder.id, Position(at.lon + steps * 0.0001, at.lat, "phone", 10.0), now)


def dragged(page: Page, drags: int) -> list[float]:
    """ms between frames, while the map is pulled to and fro and zoomed in and out."""
    box = page.locator(".map").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.evaluate(FRAMES)
    for number in range(drags):
        reach = 150 if number % 2 else -150
        page.mouse.move(x, y)
        page.mouse.down()
        for step in range(1, STEPS + 1):
            page.mouse.move(x + reach * step / STEPS, y + reach * step / STEPS / 2)
        page.mouse.up()
        page.mouse.wheel(0, -200 if number % 4 < 2 else 200)
        page.wait_for_timeout(300)
    at: list[float] = page.evaluate("window.frames")
    return [later - sooner for sooner, later in pairwise(at)]


def table(found: list[Drawing]) -> Table:
    made = Table(title="A large street on the live map, all responders moving", title_justify="left")
    for name in ("view", "there after, s", "frame p50, ms", "frame p99, ms", "main thread busy"):
        made.add_column(name, justify="left" if name == "view" else "right")
    for one in found:
        made.add_row(
            one.view,
            f"{one.first_s:.1f}",
            f"{one.frame_p50_ms:.0f}",
            f"{one.frame_p99_ms:.0f}",
            f"{one.busy:.0%}",
        )
    return made
