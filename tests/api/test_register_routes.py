"""The register over HTTP: found in pages, changed in part, and never half."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from community.storage import Store
from community.storage.tables import device
from tests.api.conftest import Browser, StoppedClock, Town


def test_a_home_is_found_by_name_number_and_address(operator: Browser, town: Town) -> None:
    for words in ("王秀英", "13800000001", "13800000002", "幸福里 3幢"):
        [home] = operator.get("/api/households", params={"search": words}).json()["items"]
        assert home["household"]["id"] == town.household_id, words
    assert operator.get("/api/households", params={"search": "没有"}).json() == {"items": [], "next": None}


def test_a_new_home_is_kept_as_a_whole_or_not_at_all(admin: Browser, town: Town) -> None:
    new = {
        "area_id": town.cell_id,
        "address": "和平社区幸福里3幢2单元601",
        "position": {"lon": 118.545, "lat": 37.585, "source": "survey"},
        "residents": [{"name": "赵德福", "birth_date": "1939-07-01", "lives_alone": True}],
        "contacts": [{"name": "赵军", "relation": "儿子", "phone": "13800000077"}],
    }
    bad_phone = {**new, "contacts": [{"name": "赵军", "relation": "儿子", "phone": "12"}]}
    refused = admin.post("/api/households", bad_phone)
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_phone")
    assert len(admin.get("/api/households").json()["items"]) == 1, (
        "the address was not kept without its people"
    )

    home = admin.post("/api/households", new)
    assert home.status_code == 201, home.text
    assert home.json()["contacts"][0]["phone"] == "+8613800000077"
    first = admin.get("/api/households", params={"limit": 1}).json()
    second = admin.get("/api/households", params={"limit": 1, "cursor": first["next"]}).json()
    assert second["items"] == [home.json()]
    assert second["next"] is None


def test_a_change_of_one_thing_leaves_the_others(admin: Browser, town: Town) -> None:
    path = f"/api/households/{town.household_id}"
    before = admin.get(path).json()
    after = admin.patch(path, {"access_notes": "门禁密码 2580#"}).json()
    assert after["household"] == {**before["household"], "access_notes": "门禁密码 2580#"}
    assert (after["residents"], after["contacts"]) == (before["residents"], before["contacts"])
    assert admin.patch(path, {"position": None}).json()["household"]["position"] is None


def test_what_120_asks_for_is_kept_in_fields_of_its_own(admin: Browser, town: Town) -> None:
    path = f"/api/households/{town.household_id}"
    told = {"gate": "东门", "door_notes": "按502的铃", "key_holder": "门卫老孙"}
    after = admin.patch(path, {**told, "key_holder_phone": "138 0000 0009"}).json()["household"]
    assert {name: after[name] for name in told} == told
    assert after["key_holder_phone"] == "+8613800000009"
    refused = admin.patch(path, {"key_holder_phone": "12"})
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_phone")
    found = admin.get("/api/households", params={"search": "13800000009"}).json()["items"]
    assert [one["household"]["id"] for one in found] == [town.household_id]


def test_people_are_changed_by_their_id_and_contacts_as_a_list(admin: Browser, town: Town) -> None:
    path = f"/api/households/{town.household_id}"
    resident = admin.get(path).json()["residents"][0]
    del resident["household_id"]
    contact = admin.get(path).json()["contacts"][0]
    after = admin.patch(
        path,
        {
            "residents": [{**resident, "health_notes": "糖尿病"}, {"name": "王建国"}],
            "contacts": [
                {"name": "张大爷", "relation": "邻居", "phone": "13800000003"},
                {"id": contact["id"], "name": "李梅", "relation": "女儿", "phone": "13800000002"},
            ],
        },
    ).json()
    assert [(one["name"], one["health_notes"]) for one in after["residents"]] == [
        ("王秀英", "糖尿病"),
        ("王建国", ""),
    ]
    assert [(one["rank"], one["name"]) for one in after["contacts"]] == [(1, "张大爷"), (2, "李梅")]
    less = {"residents": [{"id": resident["id"], "name": "王秀英", "allergies": "头孢"}]}
    kept = admin.patch(path, less).json()["residents"][0]
    assert kept["allergies"] == "头孢"
    assert (kept["conditions"], kept["birth_date"]) == ("高血压", "1941-03-05"), "what is left out stays"
    stranger = admin.patch(path, {"residents": [{"id": 999, "name": "某人"}]})
    assert (stranger.status_code, stranger.json()["code"]) == (404, "no_such_resident")


def test_a_device_is_enrolled_once_moved_and_disabled(admin: Browser, operator: Browser, town: Town) -> None:
    again = admin.post("/api/devices", {"key": "care:kenli/KL-0001", "role": "help_button"})
    assert (again.status_code, again.json()["code"]) == (409, "device_enrolled")
    changed = admin.patch(f"/api/devices/{town.device_id}", {"household_id": None, "enabled": False}).json()
    assert (changed["household_id"], changed["enabled"], changed["key"]) == (
        None,
        False,
        "care:kenli/KL-0001",
    )
    assert operator.get(f"/api/devices/{town.device_id}").json() == changed
    assert operator.get("/api/devices", params={"household_id": town.household_id}).json()["items"] == []


def test_only_a_contact_is_turned_round(admin: Browser, operator: Browser, town: Town) -> None:
    bed = {"key": "z2m:bed", "role": "bed_sensor", "inverted": True}
    enrolled = admin.post("/api/devices", bed).json()
    assert enrolled["inverted"] is True
    wiring = f"/api/devices/{enrolled['id']}/wiring"
    assert operator.put(wiring, {"inverted": False}).json()["code"] == "not_yours_to_wire"
    assert admin.put(wiring, {"inverted": False}).json()["inverted"] is False
    refused = admin.put(f"/api/devices/{town.device_id}/wiring", {"inverted": True})
    assert (refused.status_code, refused.json()["code"]) == (422, "no_contact")
    assert operator.get(f"/api/devices/{town.device_id}").json()["inverted"] is False


def test_a_key_is_kept_as_it_will_be_heard_or_refused(admin: Browser) -> None:
    given = admin.post("/api/devices", {"key": "lora:24-E1-24-53-5B-31-60-56", "role": "help_button"})
    assert (given.status_code, given.json()["key"]) == (201, "lora:24e124535b316056")
    refused = admin.post("/api/devices", {"key": "ha:house/+/cord", "role": "help_button"})
    assert (refused.status_code, "another name" in refused.text) == (422, True)


def test_a_responder_moves_and_goes_off(operator: Browser, town: Town) -> None:
    [worker, clinic] = operator.get("/api/responders").json()["items"]
    assert (worker["responder"]["name"], worker["on_duty"], clinic["on_duty"]) == ("李强", True, True)
    path = f"/api/responders/{town.worker_id}"
    moved = operator.patch(path, {"position": {"lon": 118.5, "lat": 37.5}}).json()
    assert (moved["position"]["lon"], moved["active"]) == (118.5, True)
    assert operator.patch(path, {"active": False}).json()["position"]["lon"] == 118.5
    assert operator.get("/api/responders").json()["items"][0]["on_duty"] is False


def test_degrees_that_are_none_are_refused(operator: Browser, town: Town) -> None:
    for position in ({"lon": 37.5, "lat": 118.5}, {"lon": "NaN", "lat": 1}, {"lon": 1e400, "lat": 1}):
        answer = operator.client.patch(
            f"/api/responders/{town.worker_id}",
            content=f'{{"position": {{"lon": {position["lon"]}, "lat": {position["lat"]}}}}}',
            headers={"X-CSRF-Token": operator.csrf_token, "Content-Type": "application/json"},
        )
        assert answer.status_code == 422, position


def test_an_operator_may_say_that_a_contact_wants_no_texts(operator: Browser, town: Town) -> None:
    path = f"/api/households/{town.household_id}"
    [daughter] = operator.get(path).json()["contacts"]
    assert daughter["no_texts_since"] is None

    texts = f"{path}/contacts/{daughter['id']}/texts"
    [stopped] = operator.post(texts, {"wanted": False}).json()["contacts"]
    assert stopped["no_texts_since"] is not None
    assert "已退订短信" in operator.get("/households").text
    [again] = operator.post(texts, {"wanted": True}).json()["contacts"]
    assert again["no_texts_since"] is None
    assert operator.post(f"{path}/contacts/404/texts", {"wanted": True}).status_code == 404


def test_who_said_what_may_be_sent_when_and_how_is_kept_beside_each_contact(
    operator: Browser, town: Town, clock: StoppedClock
) -> None:
    path = f"/api/households/{town.household_id}"
    [daughter] = operator.get(path).json()["contacts"]
    mine = f"{path}/contacts/{daughter['id']}"
    [nothing] = operator.get(f"{path}/consents").json()
    assert nothing == {"contact_id": daughter["id"], "texts": True, "weekly": False, "said": []}

    assert operator.post(f"{mine}/texts", {"wanted": True, "way": "paper"}).status_code == 200
    clock.pass_time(minutes=1)
    assert operator.post(f"{mine}/weekly", {"wanted": True}).status_code == 204
    [both] = operator.get(f"{path}/consents").json()
    assert (both["texts"], both["weekly"]) == (True, True)
    assert [(one["topic"], one["wanted"], one["way"], one["by"]) for one in both["said"]] == [
        ("weekly", True, "phone", "刘芳"),
        ("texts", True, "paper", "刘芳"),
    ]
    assert both["said"][0]["at"] > both["said"][1]["at"]

    operator.post(f"{mine}/texts", {"wanted": False, "way": "in_person"})
    [none] = operator.get(f"{path}/consents").json()
    assert (none["texts"], none["weekly"]) == (False, False)
    refused = operator.post(f"{mine}/weekly", {"wanted": True})
    assert (refused.status_code, refused.json()["code"]) == (409, "no_texts")
    assert operator.post(f"{mine}/weekly", {"wanted": False}).status_code == 204  # as it is
    assert operator.post(f"{mine}/weekly", {"wanted": True, "way": "page"}).status_code == 422
    assert operator.post(f"{path}/contacts/404/weekly", {"wanted": True}).status_code == 404


def test_who_can_be_sent_is_entered_changed_and_taken_off(
    admin: Browser, operator: Browser, town: Town
) -> None:
    given = {"kind": "volunteer", "name": "赵阳", "phone": "13800000077", "areas": [town.cell_id]}
    assert operator.post("/api/responders", given).status_code == 403
    assert admin.post("/api/responders", {**given, "areas": [404]}).status_code == 404
    assert admin.post("/api/responders", {**given, "phone": "12"}).status_code == 422
    kept = admin.post("/api/responders", given).json()
    assert (kept["name"], kept["cells"], kept["active"]) == ("赵阳", [town.cell_id], True)

    path = f"/api/responders/{kept['id']}"
    assert operator.patch(path, {"phone": "13800000078"}).status_code == 403
    assert operator.patch(path, {"active": False}).json()["active"] is False
    changed = admin.patch(path, {"phone": "13800000078", "skills": ["急救"], "areas": []}).json()
    assert (changed["phone"], changed["skills"], changed["cells"]) == ("+8613800000078", ["急救"], [])
    assert (changed["name"], changed["active"]) == ("赵阳", False)


@pytest.mark.parametrize("what", ["responders", "devices", "households"])
def test_whoever_decided_on_something_older_is_told(admin: Browser, town: Town, what: str) -> None:
    changes = {
        "responders": (town.worker_id, {"name": "李强强"}, {"active": False}),
        "devices": (town.device_id, {"label": "床头"}, {"label": "门口"}),
        "households": (town.household_id, {"phone": "05462520118"}, {"access_notes": "密码 1"}),
    }
    id, first, second = changes[what]
    path = f"/api/{what}/{id}"
    seen = admin.client.get(path).headers["ETag"]
    assert admin.client.get(path).headers["ETag"] == seen

    def change(said: dict[str, object], tag: str):  # type: ignore[no-untyped-def]
        headers = {"X-CSRF-Token": admin.csrf_token, "If-Match": tag}
        return admin.client.patch(path, json=said, headers=headers)

    mine = change(first, seen)
    assert mine.status_code == 200
    assert mine.headers["ETag"] == admin.client.get(path).headers["ETag"] != seen
    late = change(second, seen)
    assert (late.status_code, late.json()["code"]) == (412, "changed_meanwhile")
    assert change(second, mine.headers["ETag"]).status_code == 200


def test_what_a_device_says_does_not_refuse_a_change_of_it(admin: Browser, store: Store, town: Town) -> None:
    path = f"/api/devices/{town.device_id}"
    seen = admin.client.get(path).headers["ETag"]
    with store.write() as connection:
        connection.execute(update(device).where(device.c.id == town.device_id).values(battery=17))
    assert admin.get(path).json()["battery"] == 17
    assert admin.client.get(path).headers["ETag"] == seen
