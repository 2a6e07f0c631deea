"""2222999 rings: the caller is on screen, a wish becomes an order, trouble becomes an incident."""

from __future__ import annotations

import pytest

from tests.api.conftest import Browser, Town


@pytest.mark.parametrize("number", ["13800000002", "013800000002", "+86 138-0000-0002"])
def test_the_daughter_calls_and_her_mothers_home_is_on_screen(
    operator: Browser, town: Town, number: str
) -> None:
    pop = operator.post("/api/hotline/calls", {"number": number}).json()
    assert pop["advice"] == "known"
    [caller] = pop["callers"]
    assert (caller["match"]["name"], caller["home"]["household"]["id"]) == ("李梅", town.household_id)


def test_a_wish_becomes_an_order_that_goes_its_way(operator: Browser, town: Town) -> None:
    call = operator.post("/api/hotline/calls", {"number": "13800000001"}).json()["call"]
    order = operator.post(f"/api/hotline/calls/{call['id']}/order", {"item_id": town.item_id})
    assert order.status_code == 201
    assert (order.json()["household_id"], order.json()["state"]) == (town.household_id, "placed")
    steps = f"/api/orders/{order.json()['id']}/steps"
    for step, state in (("pass_on", "passed_on"), ("take", "taken"), ("finish", "done")):
        assert operator.post(steps, {"step": step}).json()["state"] == state
    over = operator.post(steps, {"step": "take"})
    assert (over.status_code, over.json()["code"]) == (409, "step_not_possible")
    [line] = operator.get("/api/orders").json()["items"]
    assert (line["offer"]["item"]["name"], line["offer"]["provider"]["name"]) == ("擦玻璃", "好帮手家政")


def test_trouble_becomes_an_incident_with_one_tap(operator: Browser, town: Town) -> None:
    call = operator.post("/api/hotline/calls", {"number": "13800000001"}).json()["call"]
    incident = operator.post(f"/api/hotline/calls/{call['id']}/incident", {"text": "摔倒了", "kind": "fall"})
    assert incident.status_code == 201
    assert operator.get("/api/board").json()[0]["household_id"] == town.household_id
    [kept] = operator.get("/api/hotline/calls").json()["items"]
    assert (kept["outcome"], kept["incident_id"]) == ("incident", incident.json()["id"])


def test_a_withheld_number_asks_for_a_search_and_then_for_the_home(operator: Browser, town: Town) -> None:
    pop = operator.post("/api/hotline/calls", {"number": ""}).json()
    assert (pop["advice"], pop["callers"]) == ("search", [])
    path = f"/api/hotline/calls/{pop['call']['id']}"
    which = operator.post(f"{path}/incident", {})
    assert (which.status_code, which.json()["code"]) == (422, "which_home")
    assert operator.post(f"{path}/household", {"household_id": town.household_id}).status_code == 200
    assert operator.post(f"{path}/incident", {}).status_code == 201


def test_a_call_that_was_recorded_is_opened_again_with_what_is_known_now(
    operator: Browser, town: Town
) -> None:
    made = operator.post("/api/hotline/calls", {"number": "13800000002"}).json()
    path = f"/api/hotline/calls/{made['call']['id']}"
    assert operator.get(path).json() == made
    operator.post(f"{path}/incident", {"kind": "fall"})
    opened = operator.get(path).json()
    assert opened["call"]["outcome"] == "incident"
    assert [card["household_id"] for card in opened["callers"][0]["incidents"]] == [town.household_id]
    missing = operator.get("/api/hotline/calls/404")
    assert (missing.status_code, missing.json()["code"]) == (404, "no_such_call")


def test_a_question_is_answered_and_the_call_is_over(operator: Browser) -> None:
    call = operator.post("/api/hotline/calls", {"number": "120"}).json()["call"]
    closed = operator.post(f"/api/hotline/calls/{call['id']}/close", {"note": "医保时间"}).json()
    assert (closed["outcome"], closed["note"]) == ("information", "医保时间")


def test_the_catalogue_answers_a_wish_in_words(operator: Browser) -> None:
    [offer] = operator.get("/api/catalogue", params={"category": "家政"}).json()
    assert (offer["item"]["name"], offer["item"]["price_fen"]) == ("擦玻璃", 3500)
    [found] = operator.get("/api/catalogue/search", params={"wish": "想擦玻璃"}).json()
    assert found["offer"]["item"]["name"] == "擦玻璃"
    assert [one["name"] for one in operator.get("/api/providers").json()] == ["好帮手家政"]


def test_a_provider_and_what_it_offers_are_entered_changed_and_taken_off(
    admin: Browser, operator: Browser
) -> None:
    window = {"category": "家政", "name": "修水龙头", "unit": "小时", "price_fen": 5000}
    given = {"name": "黄河家政", "category": "家政", "phone": "05462520118", "items": [window]}
    assert operator.post("/api/providers", given).status_code == 403
    sheet = admin.post("/api/providers", given).json()
    path, [item] = f"/api/providers/{sheet['provider']['id']}", sheet["items"]
    assert admin.post("/api/providers", given).json()["code"] == "provider_known"
    on_offer = [one["item"]["name"] for one in operator.get("/api/catalogue").json()]
    assert "修水龙头" in on_offer

    dearer = {**window, "id": item["id"], "price_fen": 6000}
    errand = {"category": "跑腿", "name": "代买药", "unit": "次", "price_fen": 0}
    changed = admin.put(path, {**given, "items": [dearer, errand]}).json()
    assert [(one["name"], one["price_fen"]) for one in changed["items"]] == [
        ("修水龙头", 6000),
        ("代买药", 0),
    ]
    assert admin.put(path, {**given, "items": [{**window, "id": 404}]}).status_code == 404
    left = admin.put(path, {**given, "items": [dearer]}).json()
    assert [one["active"] for one in left["items"]] == [True, False], "orders may point to what is gone"

    admin.put(path, {**given, "active": False, "items": [dearer]})
    assert "修水龙头" not in [one["item"]["name"] for one in operator.get("/api/catalogue").json()]
    assert "黄河家政" not in [one["name"] for one in operator.get("/api/providers").json()]
    assert "黄河家政" in [one["name"] for one in operator.get("/api/providers?retired=true").json()]


def test_whoever_decided_on_an_older_price_list_is_told(admin: Browser) -> None:
    given = {"name": "黄河家政", "category": "家政", "phone": "05462520118", "items": []}
    path = f"/api/providers/{admin.post('/api/providers', given).json()['provider']['id']}"
    seen = admin.client.get(path).headers["ETag"]
    admin.put(path, {**given, "phone": "05462520119"})
    headers = {"X-CSRF-Token": admin.csrf_token, "If-Match": seen}
    assert admin.client.put(path, json=given, headers=headers).status_code == 412
