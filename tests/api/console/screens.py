"""Take the pictures of the pages for the documentation: `python -m tests.api.console.screens [folder]`.

A real centre with the made-up street of the `kenli` site, a small evening of trouble, and Chromium.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from community import passwords
from community.model import Account, AccountRole, Device
from community.sites import generate, profile
from community.storage import Store, accounts, register, schema, seeding
from devices.signal import Kind, Role, Ticket
from dispatcher import responses, views
from dispatcher.model import Stage
from dispatcher.storage import signals
from tests.api.console.centre import Centre

PASSWORD = "a-picture-of-the-desk"
DESK = {"width": 1440, "height": 900}
HAND = {"width": 390, "height": 844}
LARGEST = 300_000  # bytes


def main(folder: Path) -> None:
    """Write the pictures into `folder`; ValueError when one is too large for a repository."""
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
                tab = browser.new_page(viewport=DESK)
                _take(tab, centre, store, colleague, folder)
                browser.close()
        finally:
            centre.close()
            store.close()
    for picture in sorted(folder.glob("*.png")):
        if picture.stat().st_size > LARGEST:
            raise ValueError(f"{picture.name} has {picture.stat().st_size} bytes, more than {LARGEST}")


def _fill(store: Store) -> Account:
    with store.write() as connection:
        seeding.load(connection, generate.generate(profile.read("kenli"), 1))
        hashed = passwords.hashed(PASSWORD)
        _operator, colleague = (
            accounts.create_account(connection, Account(0, login, name, AccountRole.OPERATOR), hashed)
            for login, name in (("liufang", "刘芳"), ("sunli", "孙丽"))
        )
    return colleague


def _take(tab: Page, centre: Centre, store: Store, colleague: Account, folder: Path) -> None:
    with store.read() as connection:
        buttons = [one for one in register.devices(connection) if one.role is Role.HELP_BUTTON]
    tab.goto(f"{centre.url}/login")
    tab.screenshot(path=folder / "login.png")
    tab.fill("#login", "liufang")
    tab.fill("#password", PASSWORD)
    tab.press("#password", "Enter")
    tab.wait_for_selector(".link.state--good")

    _an_evening(centre, store, buttons, colleague)
    tab.click(".sound")
    tab.wait_for_selector(".sound.state--good")
    tab.wait_for_selector(".card >> nth=4")
    tab.wait_for_timeout(1500)
    tab.screenshot(path=folder / "console-ringing.png")
    tab.keyboard.press("Space")
    tab.wait_for_selector('[data-deed="close"]')
    centre.work()
    _somebody_comes(centre, store)
    tab.wait_for_selector(".case .chip--good")
    tab.wait_for_timeout(2500)
    tab.screenshot(path=folder / "console.png")
    tab.locator(".case").evaluate("element => element.scrollTo(0, 620)")
    tab.wait_for_timeout(400)
    tab.screenshot(path=folder / "console-timeline.png")
    tab.click('[data-deed="close"]')
    tab.wait_for_selector("dialog[open]")
    tab.screenshot(path=folder / "console-close.png")
    tab.keyboard.press("Escape")
    tab.goto(f"{centre.url}/phones")
    tab.wait_for_selector(".phone-set__answers .button")
    tab.wait_for_timeout(1200)
    tab.screenshot(path=folder / "phones.png")
    tab.set_viewport_size(HAND)
    tab.wait_for_timeout(400)
    tab.screenshot(path=folder / "phones-hand.png")
    tab.set_viewport_size(DESK)
    for name in ("households", "devices", "catalogue", "hotline"):
        tab.goto(f"{centre.url}/{name}")
        tab.wait_for_timeout(500)
        tab.screenshot(path=folder / f"{name}.png")


def _an_evening(centre: Centre, store: Store, buttons: list[Device], colleague: Account) -> None:
    centre.press(buttons[40].key, Kind.LOW_BATTERY)
    fall = centre.press(buttons[12].key, Kind.FALL)
    responses.claim(store, fall, colleague, centre.clock.now())
    _somebody_comes(centre, store)
    centre.press(buttons[23].key, Kind.INACTIVITY)
    centre.press(buttons[3].key)
    centre.press(buttons[57].key, Kind.SMOKE)
    now = centre.clock.now() - timedelta(minutes=3)
    with store.write() as connection:
        signals.keep_tickets(
            connection,
            [Ticket("action: no such word", "zigbee2mqtt/bed", b'{"action":"wobble","battery":87}', now)],
        )
    with store.read() as connection:
        relative = next(one for one in views.phones(connection) if one.who.startswith("contact"))
    centre.answer(relative.phone, "我在开会,马上给她打电话")


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
