"""From the commit of a case to its card on the screens of the desk, with few and with many consoles open.

One process opens cases and rings the bell, the real application tells every console, and Chromium draws.
All of them share this machine and its clock: fifty consoles on two cores are slower than fifty desks are.
A card counts as drawn after the frame that holds it. Beside it, what most would write first: a page that asks
for the whole board every second. Then one console sees thousands of cases come and go, and is weighed before
and after.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, sync_playwright
from rich.table import Table

from bench.scene import OURS, Scene
from community import passwords
from community.model import Account, AccountRole
from community.storage import Store, accounts
from devices.signal import Kind, Reading, Signal
from dispatcher import intake, responses
from dispatcher.bell import MqttBell
from dispatcher.clock import SystemClock
from dispatcher.model import CloseCode
from dispatcher.plans import shipped
from tests.servers import free_port

LOGIN, PASSWORD = "bench", "a-desk-that-is-measured"
NO_CHROMIUM = "chromium is not on PATH: apt-get install chromium"
POLL_MS = 1000
LOOK_MS = 200
OPEN_AT_ONCE = 30  # in the replay: as many as a bad evening has
PATIENCE_S = 60.0

# When each card was first drawn: its number, and the milliseconds of the machine's clock.
WATCH = """() => {
  window.drawn = [];
  const known = new Set();
  const look = () => {
    const shown = Array.from(document.querySelectorAll("[data-incident]"), (card) => card.dataset.incident);
    const fresh = shown.filter((id) => !known.has(id));
    fresh.forEach((id) => known.add(id));
    if (fresh.length) requestAnimationFrame(() => setTimeout(() => {
      const at = Date.now();
      for (const id of fresh) window.drawn.push([Number(id), at]);
    }));
  };
  look();
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
}"""
POLL = """(every) => {
  const ask = async () => {
    const cards = await (await fetch("/api/board")).json();
    const rows = cards.map((card) => `<p data-incident="${card.id}">${card.address}</p>`);
    document.body.innerHTML = rows.join("");
  };
  setInterval(ask, every);
}"""


@dataclass(frozen=True)
class Size:
    """`consoles` at once, one number after the other; a rate for some seconds; how many come and go after."""

    consoles: tuple[int, ...]
    per_s: int
    seconds: int
    replayed: int


FULL = Size((1, 10, 50), 100, 10, 36_000)
QUICK = Size((1, 10), 100, 5, 3_000)
TINY = Size((1, 2), 10, 2, 40)


def homes(size: Size) -> int:
    """How many homes must be there for each run to open cases in homes of its own."""
    return max(size.per_s * size.seconds, OPEN_AT_ONCE) + 1


@dataclass(frozen=True)
class Desk:
    """ms from commit to pixel over all consoles; what the main thread of one worked for each case."""

    how: str
    consoles: int
    cases: int
    drawn: float  # share of the cards that appeared on all the screens
    p50_ms: float
    p99_ms: float
    main_thread_ms: float


@dataclass(frozen=True)
class Weight:
    """MB of JavaScript's memory that are in use, and elements, before and after `cases` came and went."""

    cases: int
    before_mb: float
    after_mb: float
    elements_before: int
    elements_after: int


@dataclass(frozen=True)
class Pixels:
    store: str
    desks: list[Desk]
    weight: Weight


def can_draw() -> bool:
    return shutil.which("chromium") is not None


def measure(size: Size, scene: Scene, tell: Callable[[str], None]) -> Pixels:
    """Needs Chromium: ask `can_draw` first."""
    scene.databases.fill(scene.homes)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-3d-apis"]
        )
        desks = [_desk(size, scene, chromium, "poll", 1)]
        for consoles in size.consoles:
            tell(f"{scene.databases.kind}: {consoles} consoles, {size.per_s} cases a second")
            desks.append(_desk(size, scene, chromium, "live", consoles))
        tell(f"{scene.databases.kind}: {size.replayed:,} cases come and go")
        weight = _weigh(size, scene, chromium)
        chromium.close()
    return Pixels(scene.databases.kind, desks, weight)


def table(found: list[Pixels]) -> Table:
    made = Table(title="From the commit of a case to its card on every screen", title_justify="left")
    for name in ("store", "page", "consoles", "cases", "drawn", "p50 ms", "p99 ms", "main thread ms a case"):
        made.add_column(name, justify="left" if name in ("store", "page") else "right")
    for each in found:
        for one in each.desks:
            made.add_row(
                each.store, one.how, str(one.consoles), f"{one.cases:,}", f"{one.drawn:.1%}",
                f"{one.p50_ms:,.0f}", f"{one.p99_ms:,.0f}", f"{one.main_thread_ms:.2f}",
            )  # fmt: skip
        heap = each.weight
        made.caption = (
            f"{heap.cases:,} cases came and went: {heap.before_mb:.1f} → {heap.after_mb:.1f} MB in use, "
            f"{heap.elements_before:,} → {heap.elements_after:,} elements"
        )
    return made


class Town:
    """Opens cases as a gateway would: stored, then the bell."""

    def __init__(self, url: str, broker_port: int) -> None:
        self._store = Store(url)
        self._clock = SystemClock()
        self._bell = MqttBell("127.0.0.1", broker_port)
        self._plans = shipped()
        with self._store.write() as connection:
            given = Account(0, LOGIN, LOGIN, AccountRole.OPERATOR)
            self._operator = accounts.create_account(connection, given, passwords.hashed(PASSWORD))

    def close(self) -> None:
        self._bell.close()
        self._store.close()

    def opens(self, home: int) -> tuple[int, float]:
        """The new case in `home`, and when it was committed, in ms of the machine's clock."""
        now = self._clock.now()
        said = Signal(f"care:bench/{home}", Kind.SOS, f"{home}-{now.timestamp()}", now)
        with self._store.write() as connection:
            taken = intake.take(connection, [Reading(signals=(said,))], self._plans, now)
        committed = time.time() * 1000
        self._bell.ring()
        return taken.opened[0], committed

    def closes(self, incident_id: int) -> None:
        now = self._clock.now()
        responses.claim(self._store, incident_id, self._operator, now)
        responses.close(self._store, incident_id, self._operator, CloseCode.HELPED, "", now)
        self._bell.ring()


@contextmanager
def _at_work(scene: Scene) -> Iterator[tuple[Town, str]]:
    """A town, and the address of the application that tells of it."""
    url, port = scene.databases.fresh(OURS), free_port()
    with scene.broker() as (broker, street):
        town = Town(url, broker.port)
        try:
            with scene.part("api", url, broker, street, api_port=port, mqtt_host="127.0.0.1"):
                yield town, f"http://127.0.0.1:{port}"
        finally:
            town.close()


def _desk(size: Size, scene: Scene, chromium: Browser, how: str, consoles: int) -> Desk:
    count = size.per_s * size.seconds
    with _at_work(scene) as (town, url):
        pages = [_opened(chromium, url, how) for _ in range(consoles)]
        watched = _watched(pages[0])
        busy_s = _metrics(watched)["TaskDuration"]
        begun = time.monotonic()
        committed = {}
        for number in range(count):
            time.sleep(max(0.0, begun + number / size.per_s - time.monotonic()))
            incident_id, at = town.opens(number + 1)
            committed[incident_id] = at
        seen = [_seen(page, count) for page in pages]
        busy_s = _metrics(watched)["TaskDuration"] - busy_s
        for page in pages:
            page.context.close()
    took = sorted(at - committed[id] for cards in seen for id, at in cards.items() if id in committed)
    return Desk(
        how=how,
        consoles=consoles,
        cases=count,
        drawn=len(took) / (count * consoles),
        p50_ms=took[len(took) // 2],
        p99_ms=took[len(took) * 99 // 100],
        main_thread_ms=1000 * busy_s / count,
    )


def _weigh(size: Size, scene: Scene, chromium: Browser) -> Weight:
    """Cases are closed in the order they came, so the desk never has more than a bad evening's."""
    with _at_work(scene) as (town, url):
        page = _opened(chromium, url, "live")
        watched = _watched(page)
        open_cases: list[int] = []
        homes_in_turn = cycle(range(1, OPEN_AT_ONCE + 2))

        def pass_by(count: int) -> None:
            for home in islice(homes_in_turn, count):
                open_cases.append(town.opens(home)[0])
                if len(open_cases) > OPEN_AT_ONCE:
                    town.closes(open_cases.pop(0))
            page.wait_for_selector(f'[data-incident="{open_cases[-1]}"]', timeout=PATIENCE_S * 1000)
            page.evaluate("window.drawn = []")

        pass_by(OPEN_AT_ONCE * 2)  # what is loaded once, a sound or a home on the map, is loaded now
        before = _used(watched)
        pass_by(size.replayed)
        after = _used(watched)
        page.context.close()
    return Weight(
        cases=size.replayed,
        before_mb=before["JSHeapUsedSize"] / 1e6,
        after_mb=after["JSHeapUsedSize"] / 1e6,
        elements_before=round(before["Nodes"]),
        elements_after=round(after["Nodes"]),
    )


def _opened(chromium: Browser, url: str, how: str) -> Page:
    context: BrowserContext = chromium.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(f"{url}/login?next=/reports" if how == "poll" else f"{url}/login")
    page.fill("#login", LOGIN)
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    if how == "poll":
        page.wait_for_selector("main.reports")
        page.evaluate(POLL, POLL_MS)
    else:
        page.wait_for_selector(".link.state--good")
    page.evaluate(WATCH)
    return page


def _seen(page: Page, count: int) -> dict[int, float]:
    """The first `count` cards of `page` and when they were drawn; fewer when it shows no more."""
    until = time.monotonic() + PATIENCE_S
    while page.evaluate("window.drawn.length") < count and time.monotonic() < until:
        page.wait_for_timeout(LOOK_MS)
    return {int(id): float(at) for id, at in page.evaluate("window.drawn")}


def _watched(page: Page) -> CDPSession:
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    return session


def _metrics(session: CDPSession) -> dict[str, float]:
    said: dict[str, Any] = session.send("Performance.getMetrics")
    return {one["name"]: one["value"] for one in said["metrics"]}


def _used(session: CDPSession) -> dict[str, float]:
    """After everything that nobody holds has been let go."""
    session.send("HeapProfiler.collectGarbage")
    return _metrics(session)
