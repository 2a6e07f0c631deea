"""From the commit of a case to its card on the screens of the desk, with few and with many consoles open.

One process opens cases and rings the bell, the real application tells every console, and Chromium draws.
All of them share this machine and its clock: ten consoles on two cores are slower than ten desks are. So
fifty are one page that draws and forty-nine streams that are read: the application has fifty to tell. A case
counts as drawn after the frame that holds its card or, behind a hundred more urgent ones, counts it. Beside
it, what most would write first: a page that asks for the whole board every second.

Then one console sees an hour of a storm, 36,000 cases, come and go as fast as they can be written. Each has
a card of its own for a moment, and the page is weighed before and after.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, sync_playwright
from rich.table import Table

from bench.readers import reading
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
TAKEN_AT_ONCE = 500  # cases after which the replay takes from the page what it has noted
PATIENCE_S = 60.0

# `drawn`: how many cases the queue has shown, its cards and those that it counts behind them, and when each
# number was first drawn; `cards`: when a card was. In milliseconds of the machine's clock. It looks once a
# frame and keeps nothing of what is gone: watching must be neither the load nor the weight.
WATCH = """() => {
  window.drawn = [];
  window.cards = [];
  let most = 0;
  let before = new Set();
  let isAwaited = false;
  const look = () => {
    isAwaited = false;
    const at = Date.now();
    const more = document.querySelector(".queue__more");
    const behind = more ? Number(more.dataset.behind || 0) : 0;
    const ids = Array.from(document.querySelectorAll("[data-incident]"), (card) => card.dataset.incident);
    if (ids.length + behind > most) window.drawn.push([most = ids.length + behind, at]);
    for (const id of ids) if (!before.has(id)) window.cards.push([Number(id), at]);
    before = new Set(ids);
  };
  new MutationObserver(() => {
    if (isAwaited) return;
    isAwaited = true;
    requestAnimationFrame(() => setTimeout(look));
  }).observe(document.body, { childList: true, subtree: true, attributes: true });
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
    """`consoles` at once as (pages that draw, streams that are read), one after the other; a rate for some
    seconds; how many come and go after, and for how long at most."""

    consoles: tuple[tuple[int, int], ...]
    per_s: int
    seconds: int
    replayed: int
    replay_s: float


FULL = Size(((1, 0), (10, 0), (1, 49)), 100, 10, 36_000, 360)
QUICK = Size(((1, 0), (1, 49)), 100, 5, 3_000, 60)
TINY = Size(((1, 0), (2, 2)), 10, 2, 40, 60)


def homes(size: Size) -> int:
    """How many homes must be there for each run to open cases in homes of its own."""
    return max(size.per_s * size.seconds, OPEN_AT_ONCE) + 1


@dataclass(frozen=True)
class Desk:
    """ms from commit to pixel over all pages, and to having read it over all readers; the time of a core that
    the main thread of one page worked for each case."""

    how: str
    pages: int
    readers: int
    cases: int
    drawn: float  # share of the cases that appeared on all the screens
    p50_ms: float
    p99_ms: float
    main_thread_ms: float
    read: float  # share of the cases that all the readers were told of; 1 without readers
    read_p50_ms: float
    read_p99_ms: float


@dataclass(frozen=True)
class Replay:
    """`cases` came and went: ms from commit to the card of each, what a page worked for each, and MB of
    JavaScript's memory in use and elements before and after."""

    cases: int
    per_s: float
    drawn: float  # share of the cases whose card was drawn before it went
    p50_ms: float
    p99_ms: float
    main_thread_ms: float
    before_mb: float
    after_mb: float
    elements_before: int
    elements_after: int


@dataclass(frozen=True)
class Pixels:
    store: str
    desks: list[Desk]
    replay: Replay


def can_draw() -> bool:
    return shutil.which("chromium") is not None


def measure(size: Size, scene: Scene, tell: Callable[[str], None]) -> Pixels:
    """Needs Chromium: ask `can_draw` first."""
    scene.databases.fill(scene.homes)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-3d-apis"]
        )
        desks = [_desk(size, scene, chromium, "poll", 1, 0)]
        for pages, readers in size.consoles:
            tell(f"{scene.databases.kind}: {pages + readers} consoles, {size.per_s} cases a second")
            desks.append(_desk(size, scene, chromium, "live", pages, readers))
        tell(f"{scene.databases.kind}: {size.replayed:,} cases come and go")
        replay = _replay(size, scene, chromium)
        chromium.close()
    return Pixels(scene.databases.kind, desks, replay)


def table(found: list[Pixels]) -> Table:
    title = "From the commit of a case to every screen, in ms; work: of a page's main thread for each case"
    made = Table(title=title, title_justify="left")
    for name in ("store", "page", "drawn", "read", "cases", "shown", "p50", "p99", "work", "read p50", "p99"):
        made.add_column(name, justify="left" if name in ("store", "page") else "right")
    captions = []
    for each in found:
        for one in each.desks:
            made.add_row(
                each.store, one.how, str(one.pages), str(one.readers), f"{one.cases:,}", f"{one.drawn:.1%}",
                f"{one.p50_ms:,.0f}", f"{one.p99_ms:,.0f}", f"{one.main_thread_ms:.2f}",
                f"{one.read_p50_ms:,.0f}", f"{one.read_p99_ms:,.0f}",
            )  # fmt: skip
        past = each.replay
        made.add_row(
            each.store, f"replay {past.per_s:.0f}/s", "1", "0", f"{past.cases:,}", f"{past.drawn:.1%}",
            f"{past.p50_ms:,.0f}", f"{past.p99_ms:,.0f}", f"{past.main_thread_ms:.2f}", "", "",
        )  # fmt: skip
        captions.append(
            f"{each.store}, {past.cases:,} cases came and went: {past.before_mb:.1f} → "
            f"{past.after_mb:.1f} MB in use, {past.elements_before:,} → {past.elements_after:,} elements"
        )
    made.caption = "\n".join(captions)
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


def _desk(size: Size, scene: Scene, chromium: Browser, how: str, drawing: int, reading_too: int) -> Desk:
    count = size.per_s * size.seconds
    with _at_work(scene) as (town, url), reading(url, LOGIN, PASSWORD, reading_too) as readers:
        pages = [opened(chromium, url, how) for _ in range(drawing)]
        session = watched(pages[0])
        busy_s = metrics(session)["ThreadTime"]
        begun = time.monotonic()
        committed = {}
        for number in range(count):
            time.sleep(max(0.0, begun + number / size.per_s - time.monotonic()))
            incident_id, at = town.opens(number + 1)
            committed[incident_id] = at
        seen = [_seen(page, list(committed)) for page in pages]
        busy_s = metrics(session)["ThreadTime"] - busy_s
        heard = readers.heard(count, PATIENCE_S)
        for page in pages:
            page.context.close()
    took = _took(committed, (each.items() for each in seen))
    read = _took(committed, heard)
    return Desk(
        how=how,
        pages=drawing,
        readers=reading_too,
        cases=count,
        drawn=len(took) / (count * drawing),
        p50_ms=_part(took, 0.5),
        p99_ms=_part(took, 0.99),
        main_thread_ms=1000 * busy_s / count,
        read=len(read) / (count * reading_too) if reading_too else 1.0,
        read_p50_ms=_part(read, 0.5),
        read_p99_ms=_part(read, 0.99),
    )


def _took(committed: dict[int, float], seen: Iterable[Iterable[tuple[int, float]]]) -> list[float]:
    """ms from each commit to each sight of its case, the shortest first."""
    return sorted(at - committed[id] for each in seen for id, at in each if id in committed)


def _part(took: list[float], part: float) -> float:
    """The percentile; 0 of nothing."""
    return took[int(len(took) * part)] if took else 0.0


def _replay(size: Size, scene: Scene, chromium: Browser) -> Replay:
    """Cases are closed in the order they came, so the desk never has more than a bad evening's."""
    with _at_work(scene) as (town, url):
        page = opened(chromium, url, "live")
        session = watched(page)
        open_cases: list[int] = []
        homes_in_turn = cycle(range(1, OPEN_AT_ONCE + 2))
        committed: dict[int, float] = {}
        drawn: dict[int, float] = {}

        def pass_by(count: int) -> None:
            until = time.monotonic() + size.replay_s
            for number, home in enumerate(islice(homes_in_turn, count), start=1):
                incident_id, committed[incident_id] = town.opens(home)
                open_cases.append(incident_id)
                if len(open_cases) > OPEN_AT_ONCE:
                    town.closes(open_cases.pop(0))
                if number % TAKEN_AT_ONCE == 0:
                    take()
                    if time.monotonic() > until:
                        break
            page.wait_for_selector(f'[data-incident="{open_cases[-1]}"]', timeout=PATIENCE_S * 1000)
            page.wait_for_timeout(LOOK_MS)
            take()

        def take() -> None:
            for id, at in page.evaluate("window.cards.splice(0)"):
                drawn.setdefault(int(id), float(at))

        pass_by(OPEN_AT_ONCE * 2)  # what is loaded once, a sound or a home on the map, is loaded now
        committed.clear()
        before, begun = _used(session), time.monotonic()
        pass_by(size.replayed)
        took_s = time.monotonic() - begun
        after = _used(session)
        page.context.close()
    took = _took(committed, [drawn.items()])
    cases = len(committed)
    return Replay(
        cases=cases,
        per_s=cases / took_s,
        drawn=len(took) / cases,
        p50_ms=_part(took, 0.5),
        p99_ms=_part(took, 0.99),
        main_thread_ms=1000 * (after["ThreadTime"] - before["ThreadTime"]) / cases,
        before_mb=before["JSHeapUsedSize"] / 1e6,
        after_mb=after["JSHeapUsedSize"] / 1e6,
        elements_before=round(before["Nodes"]),
        elements_after=round(after["Nodes"]),
    )


def opened(chromium: Browser, url: str, how: str, view: str = "") -> Page:
    """The console, or the page that polls, of an operator who has chosen `view` for the map, if any."""
    context: BrowserContext = chromium.new_context(viewport={"width": 1440, "height": 900})
    if view:
        context.add_init_script(f"localStorage.setItem('anxin.map', '{view}')")
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


def _seen(page: Page, cases: list[int]) -> dict[int, float]:
    """When `page` showed each of `cases`, which opened in this order: fewer when it shows no more."""
    until = time.monotonic() + PATIENCE_S
    while page.evaluate("(window.drawn.at(-1) || [0])[0]") < len(cases) and time.monotonic() < until:
        page.wait_for_timeout(LOOK_MS)
    seen: dict[int, float] = {}
    for shown, at in page.evaluate("window.drawn"):
        seen.update((id, float(at)) for id in cases[len(seen) : int(shown)])
    return seen


def watched(page: Page) -> CDPSession:
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    return session


def metrics(session: CDPSession) -> dict[str, float]:
    said: dict[str, Any] = session.send("Performance.getMetrics")
    return {one["name"]: one["value"] for one in said["metrics"]}


def _used(session: CDPSession) -> dict[str, float]:
    """After everything that nobody holds has been let go."""
    session.send("HeapProfiler.collectGarbage")
    return metrics(session)
