"""Coming in and going out."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from api.login import Throttle
from api.problems import TooMany
from community.storage import Store, accounts
from tests.api.conftest import PASSWORD, URL, Browser, StoppedClock, Town


def test_the_right_password_opens_and_says_who_is_in(stranger: TestClient, town: Town) -> None:
    me = stranger.post("/api/login", json={"login": " liufang ", "password": PASSWORD}).json()
    assert (me["id"], me["name"], me["role"]) == (town.operator.id, "刘芳", "operator")
    assert len(me["csrf_token"]) >= 24
    assert stranger.get("/api/session").json() == me


@pytest.mark.parametrize(
    "login, password", [("liufang", "wrong"), ("nobody", PASSWORD), ("", ""), ("liufang", "")]
)
def test_a_wrong_login_and_a_wrong_password_look_the_same(
    stranger: TestClient, login: str, password: str
) -> None:
    answer = stranger.post("/api/login", json={"login": login, "password": password})
    assert (answer.status_code, answer.json()["code"]) == (401, "wrong_password")
    assert "set-cookie" not in answer.headers


def test_the_database_does_not_hold_the_token(operator: Browser, store: Store, clock: StoppedClock) -> None:
    token = operator.client.cookies["anxin_session"]
    with store.read() as connection:
        assert accounts.session_account(connection, token, clock.now()) is None
        assert accounts.session_account(connection, accounts.token_hash(token), clock.now()) is not None


def test_the_login_page_leads_on_to_where_one_wanted_to_go(stranger: TestClient) -> None:
    answer = stranger.post(
        "/login", data={"login": "liufang", "password": PASSWORD, "next": "/docs"}, headers={"Origin": URL}
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/docs")
    assert stranger.get("/api/session").status_code == 200


@pytest.mark.parametrize(
    "next",
    ["https://evil.example", "//evil.example", "/\\evil.example", "evil", "/a\r\nb", "/\t/evil.example"],
)
def test_the_login_page_never_leads_to_strangers(stranger: TestClient, next: str) -> None:
    answer = stranger.post("/login", data={"login": "liufang", "password": PASSWORD, "next": next})
    assert answer.headers["location"] == "/"


def test_a_wrong_password_leads_back_to_the_page_and_says_why(stranger: TestClient) -> None:
    answer = stranger.post("/login", data={"login": "liufang", "password": "wrong", "next": "/docs"})
    assert answer.headers["location"] == "/login?error=wrong_password&next=/docs"


def test_a_form_from_another_sites_page_is_refused(stranger: TestClient) -> None:
    answer = stranger.post(
        "/login", data={"login": "liufang", "password": PASSWORD}, headers={"Origin": "https://evil.example"}
    )
    assert answer.status_code == 403


def test_logging_out_ends_the_session_and_not_those_of_others(operator: Browser, colleague: Browser) -> None:
    stolen = operator.client.cookies["anxin_session"]
    assert operator.post("/api/logout").status_code == 204
    operator.client.cookies.set("anxin_session", stolen)
    assert operator.get("/api/session").status_code == 401
    assert colleague.get("/api/session").status_code == 200


def test_a_session_in_use_lasts_through_the_night_and_an_idle_one_does_not(
    operator: Browser, colleague: Browser, clock: StoppedClock
) -> None:
    for _ in range(4):
        clock.pass_time(hours=7)
        assert operator.get("/api/session").status_code == 200
    assert colleague.get("/api/session").status_code == 401


def test_guessing_is_slowed_and_nobody_is_locked_out(stranger: TestClient, clock: StoppedClock) -> None:
    for _ in range(5):
        assert stranger.post("/api/login", json={"login": "liufang", "password": "guess"}).status_code == 401
    slowed = stranger.post("/api/login", json={"login": "liufang", "password": PASSWORD})
    assert (slowed.status_code, slowed.json()["code"]) == (429, "slow_down")
    clock.pass_time(seconds=int(slowed.headers["retry-after"]))
    assert stranger.post("/api/login", json={"login": "liufang", "password": PASSWORD}).status_code == 200


def test_an_open_session_does_not_notice_that_somebody_guesses(
    operator: Browser, stranger: TestClient
) -> None:
    for _ in range(6):
        stranger.post("/api/login", json={"login": "liufang", "password": "guess"})
    assert operator.get("/api/board").status_code == 200


def test_who_guesses_elsewhere_slows_only_himself(clock: StoppedClock) -> None:
    throttle = Throttle()
    for _ in range(50):
        throttle.wrong("liufang", "203.0.113.9", clock.now())
    with pytest.raises(TooMany) as slowed:
        throttle.check("liufang", "203.0.113.9", clock.now())
    assert slowed.value.retry_after_s == 15, "never longer: an operator who mistyped is needed"
    throttle.check("liufang", "127.0.0.1", clock.now())


def test_the_wait_grows_and_ends_with_the_right_password(clock: StoppedClock) -> None:
    throttle = Throttle(free=2)
    waits = []
    for _ in range(6):
        throttle.wrong("liufang", "127.0.0.1", clock.now())
        try:
            throttle.check("liufang", "127.0.0.1", clock.now())
            waits.append(0)
        except TooMany as slowed:
            waits.append(slowed.retry_after_s)
    assert waits == [0, 1, 2, 4, 8, 15]
    throttle.right("liufang", "127.0.0.1")
    throttle.check("liufang", "127.0.0.1", clock.now())


def test_the_throttle_does_not_grow_without_end(clock: StoppedClock) -> None:
    throttle = Throttle(free=1, remember=2)
    for login in ("a", "b", "c"):
        throttle.wrong(login, "203.0.113.9", clock.now())
    throttle.check("a", "203.0.113.9", clock.now())
    with pytest.raises(TooMany):
        throttle.check("c", "203.0.113.9", clock.now())
