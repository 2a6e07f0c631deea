"""The screen on the wall: read only, comes in by a link once, and hides names unless somebody wants them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from community.storage import Store, register
from dispatcher import passes
from dispatcher.passes import Pass
from tests.api.conftest import URL, Browser, StoppedClock, Town


@pytest.fixture
def secret(store: Store, town: Town) -> str:
    assert town
    with store.write() as connection:
        register.set_site(connection, replace(register.site(connection), secret="a-secret"))
    return "a-secret"


def opened(app: FastAPI, url: str) -> TestClient:
    screen = TestClient(app, base_url=URL, follow_redirects=False)
    assert screen.get(url).status_code == 200
    assert not screen.cookies, "to look at a link opens nothing"
    token = url.partition("pass=")[2]
    assert screen.post("/wall/open", data={"pass": token}, headers={"Origin": URL}).status_code == 303
    return screen


def test_a_screen_comes_in_by_its_link_and_sees_no_names(
    app: FastAPI, admin: Browser, secret: str, incident_id: int, clock: StoppedClock
) -> None:
    assert secret
    assert incident_id
    screen = opened(app, admin.post("/api/wall/links").json()["url"])
    clock.pass_time(seconds=75)
    page = screen.get("/wall").text
    assert "王奶奶" in page
    assert "和平一网格 3幢" in page
    assert "1:15" in page
    for hidden in ("王秀英", "501", "13800000001", "高血压"):
        assert hidden not in page, hidden
    assert "王秀英" in screen.get("/wall?names=1").text
    clock.pass_time(days=200)
    assert screen.get("/wall").status_code == 200, "a wall is not logged in again"


def test_a_wall_may_look_at_nothing_else_and_change_nothing(
    app: FastAPI, admin: Browser, secret: str, incident_id: int
) -> None:
    assert secret
    screen = opened(app, admin.post("/api/wall/links").json()["url"])
    for path in ("/", "/api/board", f"/api/incidents/{incident_id}", "/p/case"):
        assert screen.get(path).status_code == 401, path
    assert screen.post(f"/api/incidents/{incident_id}/claim", headers={"Origin": URL}).status_code == 401


def test_only_an_administrator_makes_links_and_only_the_walls_own_open_it(
    app: FastAPI, operator: Browser, secret: str, clock: StoppedClock
) -> None:
    assert operator.post("/api/wall/links").status_code == 403
    assert operator.get("/wall").status_code == 200, "who is logged in sees it, too"
    of_a_worker = passes.seal(secret, Pass(1, "responder:1"), clock.now() + passes.LASTS)
    screen = TestClient(app, base_url=URL, follow_redirects=False)
    assert screen.get(f"/wall/open?pass={of_a_worker}").status_code == 401
    screen.cookies.set("anxin_wall", of_a_worker, path="/wall")
    assert screen.get("/wall").status_code == 401
    screen.cookies.set(
        "anxin_pass", passes.seal(secret, Pass(0, "wall"), clock.now() + passes.LASTS), path="/p"
    )
    assert screen.get("/p/case").status_code == 404, "and the wall's pass opens no case"


def test_without_anything_open_it_is_calm(operator: Browser, secret: str) -> None:
    assert secret
    assert "现在没有事件" in operator.get("/wall").text
