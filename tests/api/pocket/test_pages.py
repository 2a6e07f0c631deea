"""A relative sees how far help is, a worker where to go; nobody else sees a thing, and a GET does nothing."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from fastapi import FastAPI
from httpx2 import Response
from starlette.testclient import TestClient

from community.model import Position, Topic, Way
from community.storage import Store, consent, register, whereabouts
from dispatcher import guests, passes, views
from dispatcher.engine import Engine
from dispatcher.model import Meaning, OfferState, Stage
from dispatcher.passes import Pass
from dispatcher.storage.casebook import told_of
from tests.api.conftest import URL, Browser, StoppedClock, Town
from tests.api.pocket.conftest import SECRET, code_of, daughter_of

OURS = {"Origin": URL}


@pytest.fixture
def told(with_pages: Town, store: Store, incident_id: int, clock: StoppedClock) -> int:
    """A case of which the daughter has been told, and to which the worker is asked."""
    assert with_pages
    Engine(store).tick(clock.now())
    return incident_id


@pytest.fixture
def daughter(told: int, store: Store, with_pages: Town) -> Pass:
    return daughter_of(store, with_pages, told)


@pytest.fixture
def worker(told: int, with_pages: Town) -> Pass:
    return Pass(told, f"responder:{with_pages.worker_id}")


def phone(app: FastAPI, held: Pass) -> TestClient:
    """A phone that has come in with the digits of its text."""
    opened = TestClient(app, base_url=URL, follow_redirects=False)
    answer = opened.post("/p", data={"code": code_of(held)}, headers=OURS)
    assert (answer.status_code, answer.headers["location"]) == (303, "/p/case"), answer.text
    return opened


def said(page: str) -> str:
    """What a person reads."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


# ---- the texts ----


def test_the_texts_bring_each_her_own_six_digits(
    operator: Browser, daughter: Pass, worker: Pass, told: int
) -> None:
    messages = operator.get(f"/api/incidents/{told}").json()["messages"]
    bodies = {message["to"]["who"]: message["body"] for message in messages}
    assert f"查询码{code_of(daughter)}。能赶到回1" in bodies[daughter.who]
    assert len(bodies[daughter.who]) <= 70
    assert f"。码{code_of(worker)}。能去回1" in bodies[worker.who]
    assert len(bodies[worker.who]) <= 70


def test_a_site_without_a_secret_texts_no_digits(
    operator: Browser, town: Town, store: Store, incident_id: int, clock: StoppedClock
) -> None:
    assert town
    Engine(store).tick(clock.now())
    messages = operator.get(f"/api/incidents/{incident_id}").json()["messages"]
    assert messages
    assert not any("查询码" in message["body"] for message in messages)


# ---- the relative ----


def test_a_daughter_sees_how_far_help_is_and_neither_address_nor_illness(
    app: FastAPI, operator: Browser, daughter: Pass, worker: Pass, told: int, clock: StoppedClock
) -> None:
    hers = phone(app, daughter)
    page = hers.get("/p/case")
    assert page.status_code == 200
    assert "王奶奶 · 和平一网格 · 紧急呼叫" in said(page.text)
    assert "已收到求助,正在联系" in said(page.text)
    operator.post(f"/api/incidents/{told}/claim")
    assert "值班员已接警" in said(hers.get("/p/case").text)
    phone(app, worker).post(
        "/p/step", data={"incident": told, "state": "accepted", "eta_min": 6}, headers=OURS
    )
    page = hers.get("/p/case")
    assert "网格员李师傅正在赶来,约6分钟到" in said(page.text)
    hidden_ways = ("北门", "2580", "张桂芝", "敲门要重")
    hidden_illness = ("高血压", "氨氯地平", "青霉素")
    for hidden in ("李强", "幸福里", "501", "钥匙", "13800000001", "王秀英", *hidden_ways, *hidden_illness):
        assert hidden not in page.text, hidden
    operator.post(f"/api/incidents/{told}/close", {"code": "helped", "note": "低血糖"})
    page = hers.get("/p/case")
    assert "已上门处理" in said(page.text)
    assert "低血糖" not in page.text
    assert "/p/answer" not in page.text, "there is nothing left to answer"
    clock.pass_time(hours=25)
    assert hers.get("/p/case", headers={"Accept": "text/html"}).headers["location"].startswith("/p?")


def test_a_case_that_was_closed_a_day_ago_is_gone_also_for_who_is_still_in(
    store: Store, operator: Browser, daughter: Pass, told: int, clock: StoppedClock
) -> None:
    operator.post(f"/api/incidents/{told}/claim")
    operator.post(f"/api/incidents/{told}/close", {"code": "helped"})
    clock.pass_time(hours=24)
    with store.read() as connection:
        assert guests.progress(connection, daughter, clock.now()).close_code == "helped"
        clock.pass_time(seconds=1)
        with pytest.raises(guests.NotFound, match="2222999"):
            guests.progress(connection, daughter, clock.now())
        assert guests.find(connection, code_of(daughter), clock.now()) == ()


def test_her_answer_counts_as_her_text_would_and_the_same_tap_once(
    app: FastAPI, operator: Browser, store: Store, daughter: Pass, told: int
) -> None:
    hers = phone(app, daughter)
    for _ in range(2):
        answer = hers.post("/p/answer", data={"meaning": "coming", "tap": "7"}, headers=OURS)
        assert (answer.status_code, answer.headers["location"]) == (303, "/p/case")
    with store.read() as connection:
        [card] = views.cards(connection, [told])
    assert [(answer.name, answer.meaning) for answer in card.answers] == [("女儿李梅", Meaning.COMING)]
    page = said(hers.get("/p/case").text)
    assert "✓ 我能赶到" in page
    assert "女儿(您) 能赶到" in page
    entries = operator.get(f"/api/incidents/{told}/timeline").json()
    assert [entry["entry"] for entry in entries].count("reply") == 1
    hers.post("/p/answer", data={"meaning": "cannot", "tap": "7"}, headers=OURS)
    assert "✓ 我去不了" in said(hers.get("/p/case").text)


def test_her_answer_counts_also_when_she_has_a_new_number_meanwhile(
    app: FastAPI, store: Store, with_pages: Town, daughter: Pass, told: int
) -> None:
    hers = phone(app, daughter)
    with store.write() as connection:
        [contact] = register.household_by_id(connection, with_pages.household_id).contacts
        moved = replace(contact, phone="13800000099")
        register.set_contacts(connection, with_pages.household_id, [moved])
    hers.post("/p/answer", data={"meaning": "cannot", "tap": "1"}, headers=OURS)
    with store.read() as connection:
        [known] = [one for one in told_of(connection, [told])[told] if one.who == daughter.who]
    assert known.answer is Meaning.CANNOT, "the plan goes on to the next relative"


def test_please_call_me_waits_for_an_operator(
    app: FastAPI, operator: Browser, daughter: Pass, told: int
) -> None:
    phone(app, daughter).post("/p/answer", data={"meaning": "unclear", "tap": "8"}, headers=OURS)
    [waiting] = operator.get("/api/replies").json()
    assert (waiting["body"], waiting["name"], waiting["incident_id"]) == ("请给我回电", "女儿李梅", told)


def test_an_answer_after_the_end_is_refused_on_the_page(
    app: FastAPI, operator: Browser, daughter: Pass, told: int
) -> None:
    hers = phone(app, daughter)
    operator.post(f"/api/incidents/{told}/claim")
    operator.post(f"/api/incidents/{told}/close", {"code": "helped"})
    refused = hers.post("/p/answer", data={"meaning": "coming", "tap": "9"}, headers=OURS)
    assert refused.status_code == 409
    assert "已结案" in said(refused.text)


# ---- the worker ----


def test_a_worker_takes_four_steps_and_sees_how_to_get_in_only_on_the_way(
    app: FastAPI, operator: Browser, store: Store, worker: Pass, told: int
) -> None:
    ways_in = ["哪个门:北门", "单元门密码 2580#", "邻居张桂芝", "tel:+8613800000005", "敲门要重"]
    hers = phone(app, worker)
    page = hers.get("/p/case").text
    assert "和平社区幸福里3幢2单元501" in page
    assert not [word for word in ways_in if word in page]
    assert "13800000001" not in page
    for state in ("accepted", "on_the_way", "arrived", "done"):
        for _ in range(2):  # a phone that was cut off says it again
            answer = hers.post("/p/step", data={"incident": told, "state": state}, headers=OURS)
            assert answer.status_code == 303, answer.text
        page = hers.get("/p/case").text
        is_on_it = state != "done"
        assert [word in page for word in ways_in] == [is_on_it] * len(ways_in), state
        assert ("tel:+8613800000001" in page) is is_on_it, state
        assert not [word for word in ("高血压", "氨氯地平", "青霉素") if word in page], "no illness, ever"
    with store.read() as connection:
        offers = views.offers(connection, told)
    assert [one.state for one in offers if f"responder:{one.responder_id}" == worker.who] == [OfferState.DONE]
    entries = operator.get(f"/api/incidents/{told}/timeline").json()
    assert sum(entry["entry"] == "offer" and entry["actor"] == worker.who for entry in entries) == 4


def test_the_ways_are_drawn_where_the_home_is(app: FastAPI, worker: Pass) -> None:
    page = phone(app, worker).get("/p/case").text
    shifted = re.search(r"uri\.amap\.com/navigation\?to=([\d.]+),([\d.]+),", page)
    assert shifted is not None
    lon, lat = (float(each) for each in shifted.groups())
    assert (round(lon - 118.545, 4), round(lat - 37.585, 4)) == (0.0056, 0.0007), "half a kilometre: GCJ-02"
    assert "location=37.585000,118.545000" in page
    assert "coord_type=wgs84" in page


def test_who_cannot_go_says_why_and_the_operator_reads_it(
    app: FastAPI, operator: Browser, worker: Pass, told: int
) -> None:
    said_no = {"incident": told, "state": "declined", "note": "离得太远"}
    answer = phone(app, worker).post("/p/step", data=said_no, headers={**OURS, "Accept": "application/json"})
    assert answer.status_code == 204
    entries = operator.get(f"/api/incidents/{told}/timeline").json()
    assert any("离得太远" in entry["text"] for entry in entries)


def test_a_step_in_somebody_elses_case_is_refused(
    app: FastAPI, operator: Browser, worker: Pass, told: int
) -> None:
    answer = phone(app, worker).post(
        "/p/step",
        data={"incident": told + 1, "state": "accepted"},
        headers={**OURS, "Accept": "application/json"},
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "page_gone")
    assert operator.get(f"/api/incidents/{told}").json()["card"]["stage"] == Stage.RAISED


# ---- coming in ----


def test_nobody_comes_in_without_the_digits_and_guessing_is_slow(
    stranger: TestClient, daughter: Pass, clock: StoppedClock
) -> None:
    assert stranger.get("/p/case").status_code == 401
    assert stranger.get("/p/case", headers={"Accept": "text/html"}).headers["location"].startswith("/p?")
    wrong = f"{(int(code_of(daughter)) + 1) % 10**6:06d}"
    statuses = [stranger.post("/p", data={"code": wrong}, headers=OURS).status_code for _ in range(6)]
    assert statuses == [401] * 5 + [429]
    assert stranger.post("/p", data={"code": code_of(daughter)}, headers=OURS).status_code == 429
    clock.pass_time(seconds=20)
    assert stranger.post("/p", data={"code": code_of(daughter)}, headers=OURS).status_code == 303


def test_when_many_guess_the_right_digits_alone_are_not_enough(
    app: FastAPI, daughter: Pass, clock: StoppedClock
) -> None:
    for _ in range(50):
        TestClient(app, base_url=URL, client=("203.0.113.9", 1)).post("/p", data={"code": "12"}, headers=OURS)
        clock.pass_time(seconds=20)
    hers = TestClient(app, base_url=URL, follow_redirects=False, client=("203.0.113.10", 1))
    asked = hers.post("/p", data={"code": code_of(daughter)}, headers=OURS)
    assert asked.status_code == 401
    assert 'name="last4"' in asked.text
    wrong = hers.post("/p", data={"code": code_of(daughter), "last4": "9999"}, headers=OURS)
    assert wrong.status_code == 401
    right = hers.post("/p", data={"code": code_of(daughter), "last4": "0002"}, headers=OURS)
    assert right.status_code == 303


def test_digits_are_taken_as_people_type_them(app: FastAPI, daughter: Pass) -> None:
    code = code_of(daughter)
    wide = "".join(chr(ord(each) + 0xFEE0) for each in code)
    for typed in (f" {code[:3]} {code[3:]}", wide, f"查询码{code}"):
        opened = TestClient(app, base_url=URL, follow_redirects=False)
        assert opened.post("/p", data={"code": typed}, headers=OURS).status_code == 303


def test_a_link_opens_by_its_button_and_not_by_a_preview(
    app: FastAPI, operator: Browser, daughter: Pass, told: int, town: Town, clock: StoppedClock
) -> None:
    made = operator.post(f"/api/incidents/{told}/passes", {"who": daughter.who}).json()
    assert made["code"] == code_of(daughter)
    assert made["url"].startswith(f"{URL}/p/open?pass=")
    stranger = operator.post(f"/api/incidents/{told}/passes", {"who": f"responder:{town.clinic_id + 99}"})
    assert (stranger.status_code, stranger.json()["code"]) == (404, "page_gone")
    opened = TestClient(app, base_url=URL, follow_redirects=False)
    preview = opened.get(made["url"])
    assert preview.status_code == 200
    assert "王" not in preview.text
    assert not opened.cookies
    token = made["url"].partition("pass=")[2]
    assert opened.post("/p/open", data={"pass": token}, headers=OURS).headers["location"] == "/p/case"
    assert opened.get("/p/case").status_code == 200
    clock.pass_time(hours=13)
    assert opened.get(made["url"]).status_code == 404


def test_no_other_sites_page_can_answer_for_her(app: FastAPI, daughter: Pass) -> None:
    hers = phone(app, daughter)
    tricked = hers.post(
        "/p/answer", data={"meaning": "coming", "tap": "1"}, headers={"Origin": "https://evil.example"}
    )
    assert tricked.status_code == 403


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/p/case"), ("POST", "/p/answer"), ("POST", "/p/step"), ("GET", "/p/live")]
)
def test_nothing_of_a_case_is_shown_or_changed_without_a_pass(
    stranger: TestClient, told: int, method: str, path: str
) -> None:
    data = {"meaning": "coming", "tap": "1", "incident": str(told), "state": "accepted"}
    answer = stranger.request(method, path, data=data if method == "POST" else None, headers=OURS)
    assert (answer.status_code, answer.json()["code"]) == (401, "no_pass")


def test_a_pass_is_for_these_pages_only(app: FastAPI, worker: Pass) -> None:
    hers = phone(app, worker)
    for path in ("/api/board", "/api/households", "/"):
        assert hers.get(path).status_code == 401, path


def test_the_pages_are_kept_nowhere_and_found_by_no_search(app: FastAPI, daughter: Pass) -> None:
    headers = phone(app, daughter).get("/p/case").headers
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "same-origin", "nobody outside learns where she was"
    assert headers["x-robots-tag"] == "noindex"
    assert "script-src 'self';" in headers["content-security-policy"]


def test_the_page_is_put_on_a_home_screen_with_a_picture_of_the_size_it_says(app: FastAPI) -> None:
    phone = TestClient(app, base_url=URL)
    page = phone.get("/p").text
    said = phone.get(re.findall(r'rel="manifest" href="([^"]+)', page)[0]).json()
    pictures = {one["sizes"]: phone.get(one["src"]) for one in said["icons"] if one["type"] == "image/png"}
    assert pictures.keys() >= {"192x192", "512x512"}, "what a phone asks for before it installs anything"
    for size, picture in pictures.items():
        width, height = (int.from_bytes(picture.content[at : at + 4], "big") for at in (16, 20))
        assert f"{width}x{height}" == size
    assert phone.get(re.findall(r'rel="apple-touch-icon" href="([^"]+)', page)[0]).status_code == 200


def test_a_contact_who_was_struck_off_sees_nothing_more(
    app: FastAPI, store: Store, daughter: Pass, with_pages: Town
) -> None:
    hers = phone(app, daughter)
    with store.write() as connection:
        register.set_contacts(connection, with_pages.household_id, [])
    assert hers.get("/p/case").status_code == 404


def test_a_token_of_another_secret_opens_nothing(
    stranger: TestClient, daughter: Pass, clock: StoppedClock
) -> None:
    forged = passes.seal(SECRET + "!", daughter, clock.now() + passes.LASTS)
    stranger.cookies.set("anxin_pass", forged, path="/p")
    assert stranger.get("/p/case").status_code == 401


# ---- where the worker is ----


def told_place(app: FastAPI, held: Pass, **said: str) -> Response:
    data = {"lat": "37.586", "lon": "118.546", "accuracy_m": "12.5"} | said
    return phone(app, held).post("/p/place", data=data, headers=OURS)


def place_of(store: Store, worker: Pass) -> Position | None:
    with store.read() as connection:
        found = whereabouts.of(connection, int(worker.who.removeprefix("responder:")))
    return found.position if found is not None else None


def test_a_worker_may_tell_where_she_is_while_she_is_asked_and_is_told_when_nobody_needs_it(
    app: FastAPI, worker: Pass, store: Store, operator: Browser, told: int
) -> None:
    page = phone(app, worker).get("/p/case").text
    assert "data-place" in page
    assert "只留最新的一个位置,十分钟作废,家属看不到" in said(page)
    assert told_place(app, worker).json() == {"wanted": True}
    assert place_of(store, worker) == Position(118.546, 37.586, "page", 12.5)
    operator.post(f"/api/incidents/{told}/claim")
    operator.post(f"/api/incidents/{told}/close", {"code": "helped"})
    assert told_place(app, worker).json() == {"wanted": False}
    assert "data-place" not in phone(app, worker).get("/p/case").text


@pytest.mark.parametrize(
    "wrong", [{"lat": "91"}, {"lon": "nan"}, {"lat": "inf"}, {"accuracy_m": "-1"}, {"accuracy_m": "inf"}]
)
def test_what_is_no_place_on_earth_is_refused(
    app: FastAPI, worker: Pass, store: Store, wrong: dict[str, str]
) -> None:
    assert told_place(app, worker, **wrong).status_code == 422
    assert place_of(store, worker) is None


def test_a_relative_has_no_place_here_and_sees_none(app: FastAPI, daughter: Pass, worker: Pass) -> None:
    assert told_place(app, daughter).status_code == 404
    assert told_place(app, worker).status_code == 200
    page = phone(app, daughter).get("/p/case").text
    assert not re.search(r"data-place|定位|位置|118\.5|37\.5", page)


def test_another_sites_page_may_not_tell_a_place(app: FastAPI, worker: Pass, store: Store) -> None:
    answer = phone(app, worker).post(
        "/p/place", data={"lat": "1", "lon": "1"}, headers={"Origin": "https://evil.example"}
    )
    assert answer.status_code == 403
    assert place_of(store, worker) is None


# ---- the weekly text ----


def test_a_relative_says_on_her_page_whether_she_wants_the_weekly_text(
    app: FastAPI, daughter: Pass, store: Store
) -> None:
    hers = phone(app, daughter)
    assert "我要周报" in hers.get("/p/case").text
    assert hers.post("/p/weekly", data={"wanted": "yes"}, headers=OURS).status_code == 303
    assert hers.post("/p/weekly", data={"wanted": "yes"}, headers=OURS).status_code == 303
    page = hers.get("/p/case").text
    assert "退订周报" in page
    assert "我要周报" not in page
    assert hers.post("/p/weekly", data={"wanted": "no"}, headers=OURS).status_code == 303
    assert "我要周报" in hers.get("/p/case").text

    with store.read() as connection:
        number = guests.phone_of(connection, daughter)
        said = consent.history(connection, [number])[number]
    assert [(one.topic, one.wanted, one.way, one.by) for one in said] == [
        (Topic.WEEKLY, False, Way.PAGE, ""),
        (Topic.WEEKLY, True, Way.PAGE, ""),
    ]


def test_a_strangers_page_a_worker_and_who_wants_no_texts_order_no_weekly_text(
    app: FastAPI, daughter: Pass, worker: Pass, store: Store, clock: StoppedClock
) -> None:
    assert phone(app, worker).post("/p/weekly", data={"wanted": "yes"}, headers=OURS).status_code != 303
    hers = phone(app, daughter)
    stranger = {"Origin": "https://elsewhere.example"}
    assert hers.post("/p/weekly", data={"wanted": "yes"}, headers=stranger).status_code == 403
    assert hers.get("/p/weekly").status_code == 405
    with store.write() as connection:
        number = guests.phone_of(connection, daughter)
        consent.withdraw(connection, number, clock.now())
    assert "周报" not in hers.get("/p/case").text
    refused = hers.post("/p/weekly", data={"wanted": "yes"}, headers=OURS)
    assert refused.status_code == 409
    assert "已退订全部短信" in refused.text
    with store.read() as connection:
        assert not consent.subscribed(connection, [number])
