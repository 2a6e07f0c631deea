"""The pages as a program sees them: who may open them, and what a stranger's words cannot do there."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.console import static_dir
from api.console.pages import MENU
from community.model import Resident
from community.storage import Store, register
from devices.signal import Kind
from dispatcher.wording import CLOSE_WORD, KIND_WORD
from hotline import orders
from tests.api.conftest import Browser, StoppedClock, Town

SCREENS = Path(__file__).parents[3] / "docs" / "screens"
PAGES = [
    *("/", "/phones", "/hotline", "/orders", "/reach", "/households", "/devices", "/catalogue"),
    *("/maintenance", "/handover"),
]


@pytest.mark.parametrize("path", PAGES)
def test_a_stranger_is_sent_to_the_login_and_back(stranger: TestClient, path: str) -> None:
    answer = stranger.get(path, headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/login?next={path}")


@pytest.mark.parametrize("path", PAGES)
def test_no_page_has_a_script_or_a_style_of_its_own(operator: Browser, path: str) -> None:
    page = operator.get(path)
    assert page.status_code == 200
    assert not re.search(r"<script(?![^>]*\bsrc=\"/)|<style|\sstyle=|\son\w+=", page.text)
    assert "unsafe" not in page.headers["content-security-policy"]


def test_every_script_a_page_names_is_there(operator: Browser) -> None:
    for path in PAGES:
        for link in re.findall(r"(?:src|href)=\"(/(?:static|vendor)/[^\"#]+)", operator.get(path).text):
            assert operator.get(link).status_code == 200, link


def test_plans_are_for_administrators(operator: Browser, admin: Browser) -> None:
    assert operator.get("/plans").status_code == 403
    assert 'href="/plans"' not in operator.get("/households").text
    page = admin.get("/plans")
    assert page.status_code == 200
    assert 'href="/plans"' in page.text
    assert not re.search(r"<script(?![^>]*\bsrc=\"/)|<style|\sstyle=|\son\w+=", page.text)


def test_a_wrong_password_is_told_in_words(stranger: TestClient) -> None:
    assert "登录名或密码不对" in stranger.get("/login?error=wrong_password").text


def test_words_from_the_address_line_stay_words(stranger: TestClient) -> None:
    page = stranger.get('/login?error=<script>x</script>&next="><script>alert(1)</script>').text
    assert "<script>" not in page


def test_a_name_with_markup_is_shown_and_not_obeyed(operator: Browser, store: Store, town: Town) -> None:
    with store.write() as connection:
        register.add_resident(connection, Resident(0, town.household_id, "<img src=x onerror=alert(1)>"))
    page = operator.get("/households").text
    assert "&lt;img src=x" in page
    assert "<img src=x" not in page


def test_the_list_of_homes_does_not_say_how_to_get_in(operator: Browser, town: Town) -> None:
    page = operator.get("/households").text
    assert "2580" not in page, "the code of a door in a list is read over a shoulder"
    assert "单元门密码 2580#" in operator.get(f"/households/{town.household_id}").text


def test_a_search_finds_a_home_by_name_and_says_so_when_there_is_none(operator: Browser) -> None:
    assert "幸福里3幢2单元501" in operator.get("/households?search=王秀英").text
    assert "没有找到" in operator.get("/households?search=诸葛亮").text


def test_devices_name_their_home_and_the_catalogue_its_price(operator: Browser) -> None:
    assert "care:kenli/KL-0001" in operator.get("/devices").text
    assert "35.00 元 / 小时" in operator.get("/catalogue").text


def test_orders_say_for_whom_what_by_whom_since_when_and_what_is_next(
    operator: Browser, town: Town, clock: StoppedClock
) -> None:
    wish = {"household_id": town.household_id, "item_id": town.item_id, "note": "下午三点<b>以后</b>"}
    placed = operator.post("/api/orders", wish).json()
    clock.pass_time(minutes=5)
    operator.post(f"/api/orders/{placed['id']}/steps", {"step": "pass_on"})
    page = operator.get("/orders").text
    for word in (
        "王秀英",
        "幸福里3幢2单元501",
        "擦玻璃",
        "下午三点&lt;b&gt;",
        "好帮手家政",
        "已转服务商",
        "11-21 14:10",
    ):
        assert word in page
    assert re.findall(r'data-step="(\w+)"( data-reasoned)?', page) == [
        ("take", ""),
        ("give_back", " data-reasoned"),
        ("cancel", " data-reasoned"),
    ]


def test_orders_go_on_with_a_cursor_newest_first(
    operator: Browser, store: Store, town: Town, now: datetime
) -> None:
    placed = [
        orders.place(store, town.household_id, town.item_id, f"第{number}个", now) for number in range(51)
    ]
    first = operator.get("/orders").text
    link = re.search(r'href="(/orders\?cursor=[^"]+)"', first)
    assert link is not None
    shown = re.findall(r'data-order="(\d+)" data-step="pass_on"', first)
    rest = re.findall(r'data-order="(\d+)" data-step="pass_on"', operator.get(link.group(1)).text)
    assert [int(id) for id in [*shown, *rest]] == [order.id for order in reversed(placed)]
    assert len(rest) == 1


def test_a_long_list_goes_on_with_a_cursor(operator: Browser, store: Store, town: Town) -> None:
    with store.write() as connection:
        home = register.household_by_id(connection, town.household_id).household
        for number in range(60):
            register.add_household(connection, replace(home, address=f"振兴路{number}号"))
    first = operator.get("/households").text
    link = re.search(r'href="(/households\?cursor=[^"]+)"', first)
    assert link is not None
    rest = operator.get(link.group(1)).text
    assert "振兴路48号" in first
    assert "振兴路49号" not in first
    assert "振兴路49号" in rest
    assert "?cursor=" not in rest


def test_the_scripts_have_the_same_words_as_the_texts(operator: Browser) -> None:
    module = operator.get("/console/words.js")
    assert module.headers["content-type"].startswith("text/javascript")
    words = json.loads(module.text.removeprefix("export default ").rstrip(";\n"))
    assert words["kind"]["sos"] == list(KIND_WORD[Kind.SOS])
    assert set(words["close"]) == {code.value for code in CLOSE_WORD}


def test_every_kind_of_trouble_has_a_clip_and_a_picture() -> None:
    icons = (static_dir / "img" / "icons.svg").read_text(encoding="utf-8")
    no_trouble = {Kind.CANCEL, Kind.HEARTBEAT, Kind.ACTIVITY, Kind.LOCATION, Kind.PROBE}
    for kind in set(KIND_WORD) - no_trouble:
        assert (static_dir / "voice" / f"{kind.value}.mp3").stat().st_size > 1000, kind
        assert f'id="{kind.value}"' in icons, kind


def test_every_page_of_the_menu_has_its_pictures() -> None:
    """On a desk and in a hand, by day and by night; the wall is always dark."""
    there = {picture.stem for picture in SCREENS.glob("*.png")}
    names = [path.strip("/").replace("/", "-") or "console" for _, _, inside in MENU for path, *_ in inside]
    ways = ("", "-dark", "-hand", "-hand-dark")
    wanted = {f"{name}{way}" for name in names for way in ways if name != "wall"}
    assert wanted - there == set(), "python -m tests.api.console.screens takes them"


def test_a_phone_says_whose_it_is(operator: Browser) -> None:
    daughter = operator.get("/console/phones/+8613800000002/owner").json()
    worker = operator.get("/console/phones/+8613800000011/owner").json()
    clinic = operator.get("/console/phones/+8613800000012/owner").json()
    assert daughter == {"role": "女儿", "of": "王秀英家", "group": "family"}
    assert (worker["role"], worker["group"]) == ("网格员", "grid")
    assert clinic["group"] == "clinic"


def test_the_words_of_an_incident_are_for_operators_only(
    operator: Browser, stranger: TestClient, incident_id: int
) -> None:
    assert operator.get(f"/console/speech/{incident_id}.wav").status_code in (200, 204)
    assert operator.get("/console/speech/999.wav").status_code == 404
    stranger.cookies.clear()
    assert stranger.get(f"/console/speech/{incident_id}.wav").status_code == 401


def test_a_page_without_an_icon_of_its_own_finds_ours(operator: Browser) -> None:
    answer = operator.get("/favicon.ico", follow_redirects=True)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
