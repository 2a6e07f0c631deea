"""A real centre on a real port, and the system's Chromium that can reach nothing but it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from community.storage import Store
from tests.api.conftest import PASSWORD, Town
from tests.api.console.centre import Centre

CHROMIUM = shutil.which("chromium")
DRAWS = {
    "solid": ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],  # no graphics card
    "flat": ["--disable-3d-apis"],
}
PATIENCE_MS = 60_000  # with a browser on a busy machine; no test waits for anything in vain
CUT_OFF = "net::ERR_"  # what the browser itself writes when a server is away; not an error of the page


@pytest.fixture
def centre(store: Store, town: Town) -> Iterator[Centre]:  # noqa: ARG001 - the centre finds the town in its store
    running = Centre(store)
    running.start()
    yield running
    running.close()


@pytest.fixture(scope="module")
def chromium(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """For one module: while it is open this thread has an event loop, and no other test could run its own.

    It draws the flat map, or what of `DRAWS` the test asks for.
    """
    if CHROMIUM is None:
        pytest.skip("no chromium found on PATH; install it to see the pages work")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
                *DRAWS[getattr(request, "param", "flat")],
            ],
        )
        expect.set_options(timeout=PATIENCE_MS)
        yield started
        started.close()


@dataclass
class Desk:
    """An operator's tab. It remembers what was asked for and what went wrong."""

    tab: Page
    url: str
    asked: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tab.on("request", self._request)
        self.tab.on("console", self._console)
        self.tab.on("pageerror", lambda error: self.wrong.append(str(error)))

    def log_in(self, path: str = "/", login: str = "liufang") -> None:
        self.tab.goto(f"{self.url}{path}")
        self.tab.fill("#login", login)
        self.tab.fill("#password", PASSWORD)
        self.tab.press("#password", "Enter")
        self.tab.wait_for_url(f"{self.url}{path}")

    def _request(self, request: Request) -> None:
        self.asked.append(request.url)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and CUT_OFF not in message.text:
            self.wrong.append(message.text)

    @property
    def asked_elsewhere(self) -> list[str]:
        return [url for url in self.asked if not url.startswith((f"{self.url}/", "data:", "tel:"))]


@pytest.fixture
def desk(chromium: Browser, centre: Centre) -> Iterator[Desk]:
    """Who sits there wants the map in three dimensions, where the browser can at all."""
    wishes = {"origin": centre.url, "localStorage": [{"name": "anxin.map", "value": "solid"}]}
    context = chromium.new_context(
        viewport={"width": 1440, "height": 900}, storage_state={"origins": [wishes], "cookies": []}
    )
    context.set_default_timeout(PATIENCE_MS)
    at_work = Desk(context.new_page(), centre.url)
    yield at_work
    context.close()


@pytest.fixture
def only_refusals(desk: Desk) -> Iterator[None]:
    """In the end the page has asked nobody but us, and nothing went wrong but what it says on itself."""
    yield
    assert desk.asked_elsewhere == []
    assert [said for said in desk.wrong if "status of 4" not in said] == [], "a refusal is said on the page"
