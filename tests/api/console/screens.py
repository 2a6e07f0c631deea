"""Take the pictures of the pages for the documentation: `python -m tests.api.console.screens [folder]`.

A real centre with the made-up street of the `kenli` site, a small evening of trouble, and Chromium.
"""

from __future__ import annotations

import base64
import shutil
import struct
import sys
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, sync_playwright

from community import passwords
from community.model import Account, AccountRole, Area, AreaLevel, Device
from community.sites import generate, profile
from community.storage import Store, accounts, register, schema, seeding
from devices.signal import Kind, Role, Ticket
from dispatcher import exercising, maintaining, passes, plans, responses, views
from dispatcher.model import OfferState, Stage
from dispatcher.passes import Pass
from dispatcher.storage import signals
from hotline import calls, catalogue, orders
from hotline.orders import Step
from tests import pmtiles
from tests.api.console.centre import Centre

PASSWORD = "a-picture-of-the-desk"
DESK = {"width": 1440, "height": 900}
HAND = {"width": 390, "height": 844}
ZOOM = 13  # of the made-up base map
ROAD_NAMES = (
    "民丰路",
    "胜兴路",
    "新兴路",
    "黄河路",
    "中兴路",
    "广兴路",
    "利河路",
    "康居路",
    "和平路",
    "府前街",
)
LARGEST = 300_000  # bytes
COLOURS = 256  # as many as one byte can name
SOME_CHANGES = """async () => {
  const csrf = document.querySelector('meta[name="csrf-token"]').content;
  const headers = {"X-CSRF-Token": csrf, "Content-Type": "application/json"};
  const changes = [
    ["households/1", {phone: "05462520117"}], ["devices/1", {label: "床头"}],
    ["responders/1", {phone: "13800000199", skills: ["急救"]}], ["households/2", {phone: "05462520118"}],
  ];
  for (const [path, said] of changes)
    await fetch(`/api/${path}`, {method: "PATCH", headers, body: JSON.stringify(said)});
}"""
A_RECEIVER = """async () => {
  const csrf = document.querySelector('meta[name="csrf-token"]').content;
  const headers = {"X-CSRF-Token": csrf, "Content-Type": "application/json"};
  const events = ["incident.raised", "incident.covered", "incident.closed"];
  const said = {label: "街道大数据平台", url: "https://grid.example.org/anxin", events};
  await fetch("/api/webhooks", {method: "POST", headers, body: JSON.stringify(said)});
}"""
PIXELS = """async (address) => {
  const image = new Image();
  image.src = address;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width, image.height];
  const brush = canvas.getContext("2d");
  brush.drawImage(image, 0, 0);
  const pixels = brush.getImageData(0, 0, image.width, image.height).data;
  let letters = "";
  for (let at = 0; at < pixels.length; at += 32768)
    letters += String.fromCharCode(...pixels.subarray(at, at + 32768));
  return [image.width, image.height, btoa(letters)];
}"""


def main(folder: Path) -> None:
    """Write the pictures into `folder`."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("chromium is not on PATH: install it and try again")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        store = Store(f"sqlite:///{scratch}/anxin.db")
        schema.migrate(store)
        colleague = _fill(store)
        centre = Centre(store)
        centre.start()
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
                tab = _at_a_desk(browser)
                _take(tab, centre, store, colleague, folder)
                _take_what_admins_see(_at_a_desk(browser), centre, folder)
                _take_the_wall(tab, centre, folder)
                _take_the_base_map(_at_a_desk(browser), store, Path(scratch), folder)
                _take_what_is_held_in_hands(browser, centre, store, folder)
                _make_small(browser.new_page(), folder)
                browser.close()
        finally:
            centre.close()
            store.close()


def _at_a_desk(browser: Browser) -> Page:
    """Whose operator wants the map solid although no graphics card draws it: it has time for a picture."""
    context = browser.new_context(viewport=DESK)
    context.add_init_script("localStorage.getItem('anxin.map') || localStorage.setItem('anxin.map', 'solid')")
    return context.new_page()


def _make_small(tab: Page, folder: Path) -> None:
    """Give every picture a palette; ValueError when that does not make it small enough for a repository."""
    for picture in sorted(folder.glob("*.png")):
        packed = base64.b64encode(picture.read_bytes()).decode()
        width, height, pixels = tab.evaluate(PIXELS, f"data:image/png;base64,{packed}")
        shown = np.frombuffer(base64.b64decode(pixels), np.uint8).reshape(height, width, 4)[:, :, :3]
        picture.write_bytes(_indexed_png(shown))
        if picture.stat().st_size > LARGEST:
            raise ValueError(f"{picture.name} has {picture.stat().st_size} bytes, more than {LARGEST}")


def _indexed_png(shown: NDArray[np.uint8]) -> bytes:
    """`shown` (height, width, 3) as a PNG of its most frequent colours; the others become their nearest."""
    height, width, _ = shown.shape
    found, where, often = np.unique(shown.reshape(-1, 3), axis=0, return_inverse=True, return_counts=True)
    palette = found[np.argsort(often)[::-1][:COLOURS]]
    apart = ((found[:, None, :].astype(int) - palette[None, :, :].astype(int)) ** 2).sum(axis=2)
    rows = apart.argmin(axis=1).astype(np.uint8)[where.reshape(height, width)]
    lines = np.hstack([np.zeros((height, 1), np.uint8), rows]).tobytes()  # 0: a line as it is, no filter

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            chunk(b"PLTE", palette.tobytes()),
            chunk(b"IDAT", zlib.compress(lines, 9)),
            chunk(b"IEND", b""),
        ]
    )


def _fill(store: Store) -> Account:
    with store.write() as connection:
        seeding.load(connection, generate.generate(profile.read("kenli"), 1))
        hashed = passwords.hashed(PASSWORD)
        register.set_site(connection, replace(register.site(connection), secret=PASSWORD))
        _operator, colleague, _admin = (
            accounts.create_account(connection, Account(0, login, name, role), hashed)
            for login, name, role in (
                ("liufang", "刘芳", AccountRole.OPERATOR),
                ("sunli", "孙丽", AccountRole.OPERATOR),
                ("admin", "管理员", AccountRole.ADMIN),
            )
        )
    return colleague


def _take(tab: Page, centre: Centre, store: Store, colleague: Account, folder: Path) -> None:
    with store.read() as connection:
        buttons = [one for one in register.devices(connection) if one.role is Role.HELP_BUTTON]
    tab.goto(f"{centre.url}/login")
    _shoot(tab, folder, "login")
    tab.fill("#login", "liufang")
    tab.fill("#password", PASSWORD)
    tab.press("#password", "Enter")
    tab.wait_for_selector(".link.state--good")

    _an_evening(centre, store, buttons, colleague)
    tab.click(".sound")
    tab.wait_for_selector(".sound.state--good")
    tab.wait_for_selector(".card >> nth=4")
    calls.answer(store, _a_relative(store), centre.clock.now())
    tab.wait_for_selector(".call")
    tab.wait_for_timeout(1500)
    tab.screenshot(path=folder / "console-ringing.png")
    tab.keyboard.press("Space")
    tab.wait_for_selector('[data-deed="close"]')
    centre.work()
    _take_the_map(tab, folder)
    tab.locator('[data-deed$="-accepted"]').first.click()  # he has said so on the telephone
    centre.work()
    tab.wait_for_selector(".case .chip--good")
    tab.locator(".case").evaluate("element => element.scrollTo(0, 0)")
    tab.wait_for_timeout(5500)  # the flight to the home is over, and the map knows who is coming
    _shoot(tab, folder, "console")
    tab.locator(".timeline").evaluate("element => element.scrollIntoView()")
    tab.wait_for_timeout(400)
    tab.screenshot(path=folder / "console-timeline.png")
    tab.click('[data-deed="close"]')
    tab.wait_for_selector("dialog[open]")
    tab.screenshot(path=folder / "console-close.png")
    tab.keyboard.press("Escape")
    centre.work()
    tab.keyboard.press("x")  # she is not there: what to do next
    tab.wait_for_selector(".script__step")
    tab.keyboard.press("e")
    tab.wait_for_selector("dialog .brief")
    tab.screenshot(path=folder / "console-brief.png")
    tab.keyboard.press("Escape")
    tab.goto(f"{centre.url}/phones")
    tab.wait_for_selector(".phone-set__answers .button")
    tab.wait_for_timeout(1200)
    _shoot(tab, folder, "phones")
    tab.goto(f"{centre.url}/hotline")
    tab.fill("#number", _a_relative(store))
    tab.press("#number", "Enter")
    tab.fill('[aria-label="需求 the wish"]', "想理发")
    tab.wait_for_selector("[data-item]")
    _shoot(tab, folder, "hotline")
    _some_orders(centre, store)
    now = centre.clock.now()
    maintaining.begin(store, None, "机房断电检修", timedelta(hours=4), colleague, now)
    home = buttons[30].household_id
    assert home is not None, "every button of the made-up street has a home"
    drill = exercising.begin(store, home, Kind.SOS, colleague, plans.shipped(), now)
    centre.work()
    tab.goto(f"{centre.url}/#case={drill.id}")
    tab.wait_for_selector(".card--drill")
    tab.wait_for_timeout(1500)
    _shoot(tab, folder, "drill")
    for name in ("orders", "households", "devices", "catalogue"):
        tab.goto(f"{centre.url}/{name}")
        tab.wait_for_timeout(500)
        _shoot(tab, folder, name)


def _shoot(tab: Page, folder: Path, name: str) -> None:
    """The page as it stands: on a desk and in a hand, by day and by night."""
    for size, on in ((HAND, "-hand"), (DESK, "")):
        tab.set_viewport_size(size)
        for look, by in (("dark", "-dark"), ("light", "")):
            tab.emulate_media(color_scheme=look)
            tab.wait_for_timeout(400)
            tab.screenshot(path=folder / f"{name}{on}{by}.png")


def _take_what_admins_see(tab: Page, centre: Centre, folder: Path) -> None:
    tab.goto(f"{centre.url}/login?next=/plans")
    tab.fill("#login", "admin")
    tab.fill("#password", PASSWORD)
    tab.press("#password", "Enter")
    for path in (
        "plans", "scripts", "watches", "rota", "channels", "reach", "welfare", "reports", "devices/1",
        "households/1", "households/import", "devices/proposals", "devices/labels", "install",
        "households/new", "incidents/1/record", "maintenance", "handover", "atlas", "atlas/2",
        "catalogue/edit", "webhooks", "audit",
    ):  # fmt: skip
        if path == "webhooks":
            tab.evaluate(A_RECEIVER)
        if path == "audit":
            tab.evaluate(SOME_CHANGES)
        tab.goto(f"{centre.url}/{path}")
        tab.wait_for_timeout(1200)
        if path == "webhooks":
            tab.get_by_role("button", name="街道大数据平台").click()
            tab.get_by_role("button", name="发送测试").click()
            tab.wait_for_selector(".webhook__sent li")
        _shoot(tab, folder, path.replace("/", "-"))


def _take_the_wall(tab: Page, centre: Centre, folder: Path) -> None:
    tab.set_viewport_size({"width": 1920, "height": 1080})
    tab.goto(f"{centre.url}/wall")
    tab.wait_for_timeout(800)
    tab.screenshot(path=folder / "wall.png")


def _take_what_is_held_in_hands(browser: Browser, centre: Centre, store: Store, folder: Path) -> None:
    """A relative's page and a worker's, by day and by night."""
    with store.read() as connection:
        [card] = [each for each in views.board(connection) if each.stage is Stage.COVERED][:1]
        told = views.detail(connection, card.id).messages
        comes = next(one.responder_id for one in card.helpers if one.state is OfferState.ACCEPTED)
    relative = next(each.to.who for each in told if each.to.who.startswith("contact:"))
    for look in ("light", "dark"):
        for name, who in (("family", relative), ("worker", f"responder:{comes}")):
            hand = browser.new_context(viewport=HAND, device_scale_factor=1, color_scheme=look)
            tab = hand.new_page()
            tab.goto(f"{centre.url}/p")
            if name == "family":
                tab.screenshot(path=folder / f"code-{look}.png")
            tab.fill("#code", passes.code(PASSWORD, Pass(card.id, who)))
            tab.press("#code", "Enter")
            tab.wait_for_url("**/p/case")
            tab.wait_for_timeout(800)
            tab.screenshot(path=folder / f"{name}-{look}.png", full_page=True)
            hand.close()


def _take_the_map(tab: Page, folder: Path) -> None:
    """The calling house and its storey, by day and by night, when the flight there is over."""
    for look in ("map", "map-night"):
        tab.wait_for_timeout(2500)
        tab.wait_for_selector('.map[data-settled="true"]')
        tab.screenshot(path=folder / f"{look}.png")
        tab.click(".map__look")


def _take_the_base_map(tab: Page, store: Store, scratch: Path, folder: Path) -> None:
    """A file of vector tiles under the grid: made up, as the street is. By day, and flat by night."""
    file = scratch / "made-up.pmtiles"
    with store.read() as connection:
        file.write_bytes(made_up_ground(register.areas(connection)))
    centre = Centre(store, map_file=str(file))
    centre.start()
    try:
        tab.goto(f"{centre.url}/login")
        tab.fill("#login", "liufang")
        tab.fill("#password", PASSWORD)
        tab.press("#password", "Enter")
        for how, name in (("solid", "map-base"), ("flat", "map-base-flat")):
            tab.wait_for_selector(f'.map[data-view="{"3d" if how == "solid" else "2d"}"]')
            tab.locator(".map [data-pin]").first.dispatch_event("click")
            tab.wait_for_timeout(4000)
            tab.wait_for_selector('.map[data-settled="true"]')
            tab.screenshot(path=folder / f"{name}.png")
            tab.click(".map__solid")
            tab.click(".map__look")
    finally:
        centre.close()


def made_up_ground(areas: Sequence[Area]) -> bytes:
    """Roads where cells meet, a main road where communities do, a park in each and a river beside them."""
    rings: dict[AreaLevel, list[list[tuple[float, float]]]] = {level: [] for level in AreaLevel}
    for area in areas:
        for ring in area.polygon or ():
            rings[area.level].append([pmtiles.pixel(lon, lat, ZOOM) for lon, lat in ring])
    corners = np.array([corner for ring in rings[AreaLevel.CELL] for corner in ring])
    (west, north), (east, south) = corners.min(axis=0) - 512, corners.max(axis=0) + 512
    river = [(east - 440, north), (east - 300, north), (east - 360, south), (east - 500, south)]
    drawn: list[tuple[str, int, list[tuple[float, float]], dict[str, str]]] = [
        ("landuse", 3, ring, {"class": "park"}) for ring in rings[AreaLevel.CELL][5::23]
    ]
    drawn.append(("water", 3, river, {"class": "river"}))
    drawn += [("transportation", 2, ring, {"class": "minor"}) for ring in rings[AreaLevel.CELL]]
    drawn += [("transportation", 2, ring, {"class": "primary"}) for ring in rings[AreaLevel.COMMUNITY]]
    for name, ring in zip(ROAD_NAMES, rings[AreaLevel.COMMUNITY], strict=False):
        drawn.append(("transportation_name", 2, ring, {"name": name}))
    tiles: dict[pmtiles.Tile, bytes] = {}
    for x in range(int(west // 256), int(east // 256) + 1):
        for y in range(int(north // 256), int(south // 256) + 1):
            layers: dict[str, list[pmtiles.Feature]] = {}
            for layer, kind, line, tags in drawn:
                for part in _cut(kind, line, x, y):
                    layers.setdefault(layer, []).append((kind, part, tags))
            tiles[ZOOM, x, y] = pmtiles.vector_tile(layers)
    said = {
        "vector_layers": [{"id": name} for name in dict.fromkeys(each[0] for each in drawn)],
        "attribution": "示范底图,纯属虚构 a made-up base map",
    }
    return pmtiles.archive(tiles, pmtiles.MVT, (118.4, 37.4, 118.7, 37.8), said)


def _cut(kind: int, line: Sequence[tuple[float, float]], x: int, y: int) -> Iterator[list[tuple[int, int]]]:
    """What of a line or an outline lies on a tile and a little around it, in the tile's own units."""
    shape = shapely.Polygon(line) if kind == 3 else shapely.LineString(line)
    edge = 16
    left, top = x * 256, y * 256
    cut = shapely.clip_by_rect(shape, left - edge, top - edge, left + 256 + edge, top + 256 + edge)
    for part in shapely.get_parts(cut):
        corners = part.exterior.coords[:-1] if kind == 3 else part.coords
        yield [(round((east - left) * 16), round((south - top) * 16)) for east, south in corners]


def _an_evening(centre: Centre, store: Store, buttons: list[Device], colleague: Account) -> None:
    centre.press(buttons[40].key, Kind.LOW_BATTERY)
    fall = centre.press(buttons[12].key, Kind.FALL)
    responses.claim(store, fall, colleague, centre.clock.now())
    _somebody_comes(centre, store)
    centre.press(buttons[23].key, Kind.INACTIVITY)
    centre.press(buttons[0].key)
    centre.press(buttons[57].key, Kind.SMOKE)
    now = centre.clock.now() - timedelta(minutes=3)
    with store.write() as connection:
        signals.keep_tickets(
            connection,
            [Ticket("action: no such word", "zigbee2mqtt/bed", b'{"action":"wobble","battery":87}', now)],
        )
    centre.answer(_a_relative(store), "我在开会,马上给她打电话")
    centre.answer(_a_relative(store), "3")


def _some_orders(centre: Centre, store: Store) -> None:
    """One order at each stage of its way."""
    now = centre.clock.now()
    with store.read() as connection:
        homes = register.list_households(connection, limit=4)
        offers = catalogue.offers(connection)
    way = (Step.PASS_ON, Step.TAKE, Step.FINISH)
    for far, home in enumerate(homes):
        item = offers[far * 5 % len(offers)].item
        placed = orders.place(store, home.household.id, item.id, "下午三点以后", now)
        for minutes, step in enumerate(way[:far], start=2):
            orders.advance(store, placed.id, step, "", now + timedelta(minutes=minutes))


def _a_relative(store: Store) -> str:
    """The telephone of a relative who was told."""
    with store.read() as connection:
        return next(one.phone for one in views.phones(connection) if one.who.startswith("contact"))


def _somebody_comes(centre: Centre, store: Store) -> None:
    """Somebody who was asked says yes."""
    with store.read() as connection:
        claimed = [card for card in views.board(connection) if card.stage is Stage.CLAIMED]
        once = {
            phone.phone for phone in views.phones(connection) if phone.count == 1
        }  # asked for one case only
    asked = [one for card in claimed for one in card.helpers if one.state == "asked" and one.phone in once]
    if asked:
        centre.answer(asked[0].phone, "1")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs/screens"))
