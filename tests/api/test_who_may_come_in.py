"""Nobody comes in without a login, a stranger's page can do nothing, and every answer carries its policy."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount
from starlette.testclient import TestClient

from api.app import create_app
from api.headers import CSP
from api.parts import Parts
from api.settings import Settings
from community.model import AccountRole
from community.storage import Store, accounts
from tests.api.conftest import PASSWORD, URL, Browser, StoppedClock, Town

# What answers everybody: the way in, three health checks, and callbacks that prove themselves.
OPEN = {
    ("GET", "/healthz"),
    ("GET", "/health"),
    ("GET", "/readyz"),
    ("GET", "/login"),
    ("POST", "/login"),
    ("POST", "/api/login"),
    ("POST", "/callbacks/twilio/sms"),
    ("POST", "/callbacks/twilio/status"),
    ("POST", "/callbacks/twilio/voice"),
    ("POST", "/callbacks/twilio/voice/digit"),
    ("POST", "/callbacks/twilio/voice/answered-by"),
    ("POST", "/callbacks/twilio/voice/status"),
    ("POST", "/callbacks/aliyun/report"),
    ("POST", "/callbacks/aliyun/sms"),
    ("POST", "/callbacks/tencent/report"),
    ("POST", "/callbacks/tencent/sms"),
    ("GET", "/console/words.js"),  # the words of dispatcher.wording, which are on the web anyway
}
# What asks for a pass instead of a login, and is walked over in tests of its own.
BY_PASS = {
    ("GET", "/p"),
    ("POST", "/p"),
    ("GET", "/p/open"),
    ("POST", "/p/open"),
    ("GET", "/p/case"),
    ("POST", "/p/answer"),
    ("POST", "/p/weekly"),
    ("POST", "/p/step"),
    ("POST", "/p/place"),
    ("POST", "/p/place/forget"),
    ("GET", "/p/live"),
    ("GET", "/p/worker.js"),
    ("GET", "/wall/open"),
    ("POST", "/wall/open"),
    ("GET", "/rota/{responder_id}.ics"),
}
FILES = {"/static", "/vendor", "/docs/files", "/p/static"}


def routes(app: FastAPI) -> Iterator[tuple[str, str]]:
    for context in iter_route_contexts(app.routes):
        if isinstance(context.route, Mount):
            assert context.path in FILES, f"{context.path} is mounted, and nobody has said that it may be"
            continue
        assert context.path is not None
        for method in (context.methods or set()) - {"HEAD"}:
            yield method, context.path


def test_no_route_answers_without_a_login(app: FastAPI, stranger: TestClient) -> None:
    asked = 0
    for method, path in routes(app):
        if (method, path) in OPEN | BY_PASS:
            continue
        asked += 1
        answer = stranger.request(method, re.sub(r"{[^}]+}", "1", path), headers={"Origin": URL})
        assert answer.status_code == 401, f"{method} {path} answered {answer.status_code} to a stranger"
        assert answer.json()["code"] == "not_logged_in"
    assert asked > 40, "the routes were really walked over"


def test_no_change_is_made_without_the_csrf_token(app: FastAPI, operator: Browser) -> None:
    for method, path in routes(app):
        if method == "GET" or (method, path) in OPEN | BY_PASS:
            continue
        answer = operator.client.request(method, re.sub(r"{[^}]+}", "1", path), headers={"Origin": URL})
        assert (answer.status_code, answer.json()["code"]) == (403, "bad_csrf_token"), f"{method} {path}"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:8001"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_sites_page_can_do_nothing_even_with_the_token(
    operator: Browser, headers: dict[str, str]
) -> None:
    with_token = {**headers, "X-CSRF-Token": operator.csrf_token}
    answer = operator.client.post("/api/logout", headers=with_token)
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_origin")
    assert operator.get("/api/session").status_code == 200


def test_another_sites_page_cannot_log_a_browser_in(stranger: TestClient) -> None:
    answer = stranger.post(
        "/api/login",
        json={"login": "liufang", "password": PASSWORD},
        headers={"Origin": "https://evil.example"},
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_origin")
    assert "set-cookie" not in answer.headers


def test_our_own_page_under_its_other_name_is_not_another_site(app: FastAPI, town: Town) -> None:
    assert town.operator.login == "liufang"
    by_name = TestClient(app, base_url="http://localhost:8000")
    answer = by_name.post(
        "/api/login",
        json={"login": "liufang", "password": PASSWORD},
        headers={"Origin": "http://localhost:8000"},
    )
    assert answer.status_code == 200


def test_a_wrong_token_is_as_good_as_none(operator: Browser) -> None:
    for token in ("", "x", operator.csrf_token[:-1], operator.csrf_token + "x", "令牌".encode()):
        answer = operator.client.post("/api/logout", headers={"X-CSRF-Token": token, "Origin": URL})
        assert answer.json()["code"] == "bad_csrf_token"


def test_a_form_may_carry_the_token_as_a_field(operator: Browser) -> None:
    answer = operator.client.post(
        "/logout", data={"csrf_token": operator.csrf_token}, headers={"Origin": URL}
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert operator.get("/api/session").status_code == 401


def test_a_machine_needs_its_key_and_no_csrf_token(stranger: TestClient, api_key: str, town: Town) -> None:
    key = {"Authorization": f"Bearer {api_key}"}
    assert stranger.get("/api/session", headers=key).json()["login"] == town.operator.login
    answer = stranger.post(
        "/api/incidents", json={"household_id": town.household_id, "kind": "fall"}, headers=key
    )
    assert answer.status_code == 201
    assert stranger.get("/api/session", headers={"Authorization": "Bearer wrong"}).status_code == 401


def test_a_revoked_key_opens_nothing(
    stranger: TestClient, api_key: str, store: Store, clock: StoppedClock
) -> None:
    with store.write() as connection:
        accounts.revoke_api_key(connection, accounts.api_keys(connection)[0].id, clock.now())
    answer = stranger.get("/api/session", headers={"Authorization": f"Bearer {api_key}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "login_ended")


def test_a_browsers_cookie_is_no_key_and_a_key_is_no_cookie(
    operator: Browser, stranger: TestClient, api_key: str
) -> None:
    cookie = operator.client.cookies["anxin_session"]
    assert stranger.get("/api/session", headers={"Authorization": f"Bearer {cookie}"}).status_code == 401
    stranger.cookies.set("anxin_session", api_key)
    assert stranger.get("/api/session").status_code == 401


def test_only_an_administrator_changes_the_register(operator: Browser, admin: Browser, town: Town) -> None:
    device = {"key": "zigbee2mqtt:0x00158d0001", "role": "smoke_detector"}
    refused = operator.post("/api/devices", device)
    assert (refused.status_code, refused.json()["code"]) == (403, "admins_only")
    assert admin.post("/api/devices", device).status_code == 201
    change = {"access_notes": "门禁密码 2580#"}
    assert operator.patch(f"/api/households/{town.household_id}", change).status_code == 403
    assert admin.patch(f"/api/households/{town.household_id}", change).status_code == 200


def test_an_operator_who_is_disabled_is_out_at_once(operator: Browser, store: Store, town: Town) -> None:
    with store.write() as connection:
        account = accounts.account_by_id(connection, town.operator.id)
        assert account.role is AccountRole.OPERATOR
        accounts.update_account(
            connection, type(account)(account.id, account.login, account.name, account.role, False)
        )
    assert operator.get("/api/board").status_code == 401


@pytest.mark.parametrize("path", ["/login", "/healthz", "/api/session", "/no/such/path", "/docs", "/"])
def test_every_answer_carries_its_policy(operator: Browser, stranger: TestClient, path: str) -> None:
    for client in (operator.client, stranger):
        headers = client.get(path).headers
        assert headers["content-security-policy"] == CSP
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"


def test_the_policy_lets_no_inline_script_run() -> None:
    assert "default-src 'none'" in CSP
    assert "unsafe" not in CSP
    assert "http" not in CSP


def test_our_own_files_may_be_kept_but_are_asked_for(stranger: TestClient) -> None:
    answer = stranger.get("/vendor/leaflet/leaflet.js")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_docs_load_nothing_from_elsewhere(operator: Browser) -> None:
    page = operator.get("/docs").text
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(loaded) == 4
    for path in loaded:
        assert path.startswith("/")
        assert operator.get(path).status_code == 200
    assert operator.get("/openapi.json").json()["info"]["title"] == "安心 Anxin"


def test_a_person_who_opens_a_page_is_sent_to_the_login_and_a_program_is_told(stranger: TestClient) -> None:
    page = stranger.get("/docs", headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["location"]) == (303, "/login?next=/docs")
    assert stranger.get("/api/board", headers={"Accept": "text/html"}).status_code == 401


def test_a_bug_tells_the_caller_nothing_and_the_log_everything(
    app: FastAPI, stranger: TestClient, logged: io.StringIO
) -> None:
    @app.get("/broken")
    def broken() -> None:
        raise ZeroDivisionError("geheim: 王秀英")

    answer = stranger.get("/broken")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "geheim" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.headers["content-security-policy"] == CSP
    assert answer.headers["content-type"] == "application/problem+json"
    assert "ZeroDivisionError" in logged.getvalue()


def test_nothing_and_the_wrong_method_are_problems_too(operator: Browser) -> None:
    missing = operator.get("/api/nothing")
    assert (missing.status_code, missing.json()["code"]) == (404, "no_such_path")
    wrong = operator.get("/api/logout")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")
    assert wrong.headers["allow"] == "POST"
    assert {missing.headers["content-type"], wrong.headers["content-type"]} == {"application/problem+json"}


def test_input_that_cannot_be_meant_is_named_but_not_repeated(operator: Browser) -> None:
    answer = operator.post("/api/incidents", {"household_id": "高血压", "knid": "sos"})
    body = answer.json()
    assert (answer.status_code, body["code"]) == (422, "invalid_input")
    assert {error["where"] for error in body["errors"]} == {"body.household_id", "body.knid"}
    assert "高血压" not in answer.text


def test_a_body_without_end_is_not_read(operator: Browser) -> None:
    answer = operator.post("/api/incidents", {"text": "长" * 300_000})
    assert answer.status_code == 413


def test_over_https_the_cookie_has_the_host_prefix_and_stays_secret(
    parts: Parts, town: Town, settings: Settings
) -> None:
    assert town.operator.login == "liufang"
    public = Settings.model_validate({**settings.model_dump(), "public_url": "https://anxin.example.org"})
    app = create_app(Parts(parts.store, parts.clock, parts.bell, parts.plans, public))
    client = TestClient(app, base_url="https://anxin.example.org")
    answer = client.post("/api/login", json={"login": "liufang", "password": PASSWORD})
    name, *attributes = answer.headers["set-cookie"].split("; ")
    assert name.startswith("__Host-anxin=")
    assert {attribute.lower() for attribute in attributes} == {"httponly", "path=/", "samesite=lax", "secure"}
    assert "max-age" in answer.headers["strict-transport-security"]
    assert client.get("/api/session").status_code == 200


def test_on_loopback_the_cookie_is_still_kept_from_scripts(stranger: TestClient) -> None:
    answer = stranger.post("/api/login", json={"login": "liufang", "password": PASSWORD})
    name, *attributes = answer.headers["set-cookie"].split("; ")
    assert name.startswith("anxin_session=")
    assert {attribute.lower() for attribute in attributes} == {"httponly", "path=/", "samesite=lax"}
    assert "strict-transport-security" not in answer.headers


def test_the_log_holds_neither_the_query_nor_a_number_of_the_address(
    operator: Browser, logged: io.StringIO
) -> None:
    operator.get("/api/households", params={"search": "王秀英"})
    operator.get("/api/phones/+8613800000002")
    written = logged.getvalue()
    assert "path='/api/households'" in written
    assert "path='/api/phones/138****0002'" in written
    assert "王秀英" not in written
    assert "13800000002" not in written
