"""What an operator does in a day, over HTTP: claim, send, note, close; and what waits in the inbox."""

from __future__ import annotations

from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from community.model import Contact
from community.storage import Store, register
from dispatcher.engine import Engine
from dispatcher.model import MessageState
from tests.api.conftest import Browser, StoppedClock, Town
from tests.api.test_twilio_callbacks import STATUS, post


def test_from_the_report_to_the_closed_case(
    operator: Browser, town: Town, incident_id: int, clock: StoppedClock
) -> None:
    [card] = operator.get("/api/board").json()
    assert (card["id"], card["stage"], card["who"]) == (incident_id, "raised", "王秀英 85岁")

    claimed = operator.post(f"/api/incidents/{incident_id}/claim").json()
    assert (claimed["stage"], claimed["claimed_by"]) == ("claimed", town.operator.id)
    clock.pass_time(seconds=15)
    renewed = operator.post(f"/api/incidents/{incident_id}/renew").json()
    assert renewed["lease_until"] > claimed["lease_until"]

    offer = operator.post(f"/api/incidents/{incident_id}/offers", {"responder_id": town.worker_id})
    assert offer.status_code == 201
    answer = f"/api/offers/{offer.json()['id']}/answer"
    assert operator.post(answer, {"state": "accepted", "eta_min": 6}).json()["state"] == "accepted"
    assert operator.post(answer, {"state": "arrived"}).json()["state"] == "arrived"
    assert operator.get(f"/api/incidents/{incident_id}").json()["card"]["stage"] == "on_scene"

    assert operator.post(f"/api/incidents/{incident_id}/notes", {"text": "意识清楚"}).status_code == 204
    closed = operator.post(f"/api/incidents/{incident_id}/close", {"code": "helped", "note": "低血糖"})
    assert (closed.json()["stage"], closed.json()["close_code"]) == ("closed", "helped")
    assert operator.get("/api/board").json() == []

    timeline = operator.get(f"/api/incidents/{incident_id}/timeline").json()
    assert [entry["seq"] for entry in timeline] == list(range(1, len(timeline) + 1))
    by_operator = [one["entry"] for one in timeline if one["actor"] == f"account:{town.operator.id}"]
    assert {"claimed", "note", "closed"} <= set(by_operator)
    assert timeline[0]["at"].endswith("Z")


def test_two_operators_cannot_have_one_case_but_one_may_take_it_over(
    operator: Browser, colleague: Browser, incident_id: int
) -> None:
    operator.post(f"/api/incidents/{incident_id}/claim")
    refused = colleague.post(f"/api/incidents/{incident_id}/claim")
    assert (refused.status_code, refused.json()["code"]) == (409, "already_claimed")
    assert "刘芳" in refused.json()["detail"]
    taken = colleague.post(f"/api/incidents/{incident_id}/take-over").json()
    assert taken["claimed_by"] != operator.get("/api/session").json()["id"]
    assert operator.post(f"/api/incidents/{incident_id}/renew").status_code == 409
    refused = operator.post(f"/api/incidents/{incident_id}/close", {"code": "helped"})
    assert (refused.status_code, refused.json()["code"]) == (409, "already_claimed")
    assert colleague.post(f"/api/incidents/{incident_id}/close", {"code": "helped"}).status_code == 200


def test_a_call_by_hand_is_written_down_and_no_exchange_is_pretended(
    operator: Browser, incident_id: int
) -> None:
    dial = f"/api/incidents/{incident_id}/dial"
    assert operator.post(dial, {"who": "120"}).status_code == 204
    refused = operator.post(dial, {"who": "120", "extension": "601"})
    assert (refused.status_code, refused.json()["code"]) == (409, "no_exchange")
    assert operator.post(dial, {"who": "120", "extension": "601@elsewhere"}).status_code == 422
    assert operator.post(dial, {"who": "+8613800000001"}).status_code == 422
    timeline = operator.get(f"/api/incidents/{incident_id}/timeline").json()
    assert [one["text"] for one in timeline if one["entry"] == "dialled"] == ["拨打120"]


def test_what_does_not_exist_is_404_and_what_is_over_is_409(operator: Browser, incident_id: int) -> None:
    missing = operator.post("/api/incidents/404/claim")
    assert (missing.status_code, missing.json()["code"]) == (404, "no_such_incident")
    unclaimed = operator.post(f"/api/incidents/{incident_id}/close", {"code": "test"})
    assert (unclaimed.status_code, unclaimed.json()["code"]) == (409, "not_claimed")
    operator.post(f"/api/incidents/{incident_id}/claim")
    operator.post(f"/api/incidents/{incident_id}/close", {"code": "test"})
    again = operator.post(f"/api/incidents/{incident_id}/close", {"code": "test"})
    assert (again.status_code, again.json()["code"]) == (409, "already_closed")


def test_what_was_heard_meanwhile_is_looked_at_before_the_case_is_closed(
    operator: Browser, colleague: Browser, town: Town, incident_id: int
) -> None:
    seen = operator.post(f"/api/incidents/{incident_id}/claim").json()["version"]
    told = {"household_id": town.household_id, "kind": "fall", "text": "家里又有响动"}
    assert colleague.post("/api/incidents", told).json()["id"] == incident_id
    closes = f"/api/incidents/{incident_id}/close"
    refused = operator.post(closes, {"code": "false_press", "seen": seen})
    assert (refused.status_code, refused.json()["code"]) == (409, "heard_meanwhile")
    [card] = operator.get("/api/board").json()
    assert operator.post(closes, {"code": "false_press", "seen": card["version"]}).status_code == 200


def test_numbers_beyond_any_database_are_refused_and_not_an_error(operator: Browser) -> None:
    for path in ("/api/incidents/0", f"/api/incidents/{2**63}", "/api/incidents/-1", "/api/incidents/x"):
        assert operator.get(path).status_code == 422


def test_text_that_no_database_keeps_is_refused(operator: Browser, incident_id: int) -> None:
    for bad in ("a\x00b", "\ud800", ""):
        content = (
            '{"text": "' + bad.encode("unicode_escape").decode().replace("\\x", "\\u00") + '"}'
        ).encode()
        headers = {"X-CSRF-Token": operator.csrf_token, "Content-Type": "application/json"}
        answer = operator.client.post(f"/api/incidents/{incident_id}/notes", content=content, headers=headers)
        assert answer.status_code == 422, bad.encode("unicode_escape")


def test_all_incidents_come_in_pages_newest_first(operator: Browser, town: Town) -> None:
    opened = []
    for _ in range(3):
        told = operator.post("/api/incidents", {"household_id": town.household_id, "kind": "fall"}).json()
        opened.append(told["id"])
        operator.post(f"/api/incidents/{told['id']}/claim")
        operator.post(f"/api/incidents/{told['id']}/close", {"code": "test"})
    first = operator.get("/api/incidents", params={"limit": 2}).json()
    assert [card["id"] for card in first["items"]] == [opened[2], opened[1]]
    rest = operator.get("/api/incidents", params={"limit": 2, "cursor": first["next"]}).json()
    assert [card["id"] for card in rest["items"]] == [opened[0]]
    assert rest["next"] is None
    assert operator.get("/api/incidents", params={"stage": "raised"}).json()["items"] == []
    assert operator.get("/api/incidents", params={"cursor": "x"}).json()["code"] == "bad_cursor"


def test_the_counters_say_what_is_open(operator: Browser, incident_id: int) -> None:
    assert incident_id
    counters = operator.get("/api/counters").json()
    assert (counters["by_stage"]["raised"], counters["unread"], counters["replies"]) == (1, 0, 0)


def test_a_kind_that_is_no_trouble_opens_nothing(operator: Browser, town: Town) -> None:
    answer = operator.post("/api/incidents", {"household_id": town.household_id, "kind": "heartbeat"})
    assert (answer.status_code, answer.json()["code"]) == (422, "not_a_trouble")
    assert operator.get("/api/board").json() == []


def test_the_daughters_phone_shows_her_text_and_she_answers(
    operator: Browser, store: Store, incident_id: int, clock: StoppedClock
) -> None:
    Engine(store).tick(clock.now())
    told = operator.get(f"/api/incidents/{incident_id}").json()["messages"]
    assert "+8613800000002" in {message["to"]["phone"] for message in told}
    answered = operator.post("/api/phones/+8613800000002/reply", {"body": "1"})
    assert answered.json() == {"meaning": "coming", "incident_id": incident_id}
    timeline = operator.get(f"/api/incidents/{incident_id}/timeline").json()
    assert "reply" in {entry["entry"] for entry in timeline}
    texts = operator.get("/api/phones/+8613800000002").json()
    assert [(text["incoming"], text["body"]) for text in texts][-1] == (False, "1")


def test_the_card_says_what_each_of_them_answered_last(
    operator: Browser, store: Store, town: Town, incident_id: int, clock: StoppedClock
) -> None:
    Engine(store).tick(clock.now())
    operator.post(f"/api/incidents/{incident_id}/claim")
    operator.post(f"/api/incidents/{incident_id}/offers", {"responder_id": town.worker_id})
    for phone, body in (
        ("+8613800000002", "1"),
        ("+8613800000011", "2"),
        ("+8613800000002", "3"),
        ("+8613800000002", "我妈怎么了"),
    ):
        clock.pass_time(seconds=10)
        operator.post(f"/api/phones/{phone}/reply", {"body": body})
    [card] = operator.get("/api/board").json()
    assert card["answers"] == [
        {"name": "李强", "meaning": "cannot", "at": "2026-11-21T06:05:20Z"},
        {"name": "女儿李梅", "meaning": "false_alarm", "at": "2026-11-21T06:05:30Z"},
    ]


def test_an_answer_nobody_understands_waits_until_it_is_seen(operator: Browser) -> None:
    operator.post("/api/phones/13900000000/reply", {"body": "你们是谁"})
    [waiting] = operator.get("/api/replies").json()
    assert waiting["body"] == "你们是谁"
    assert operator.get("/api/counters").json()["replies"] == 1
    assert operator.post(f"/api/replies/{waiting['id']}/seen").status_code == 204
    assert operator.get("/api/replies").json() == []


@pytest.fixture
def two_mothers(operator: Browser, store: Store, town: Town, clock: StoppedClock) -> tuple[int, int]:
    """李梅 is the daughter in two homes, and has been told of trouble in both."""
    with store.write() as connection:
        home = register.household_by_id(connection, town.household_id).household
        other = register.add_household(
            connection, replace(home, address="幸福里3幢1单元502", unit="1单元", room="502")
        )
        register.set_contacts(connection, other.id, [Contact(0, 0, 0, "李梅", "女儿", "13800000002")])
    first, second = (
        operator.post("/api/incidents", {"household_id": id, "kind": "sos"}).json()["id"]
        for id in (town.household_id, other.id)
    )
    Engine(store).tick(clock.now())
    return first, second


def test_the_operator_says_which_of_two_mothers_an_answer_is_about(
    operator: Browser, town: Town, two_mothers: tuple[int, int]
) -> None:
    first, second = two_mothers
    operator.post("/api/phones/+8613800000002/reply", {"body": "误按"})
    [waiting] = operator.get("/api/replies").json()
    assert (waiting["incident_id"], waiting["candidates"]) == (
        None,
        [{"incident_id": second, "door": "3幢1单元502"}, {"incident_id": first, "door": "3幢2单元501"}],
    )

    path = f"/api/replies/{waiting['id']}/incident"
    assert operator.post(path, {"incident_id": second}).json()["id"] == second
    assert operator.post(path, {"incident_id": second}).status_code == 200, "saying it twice is harmless"

    timeline = operator.get(f"/api/incidents/{second}/timeline").json()
    [said] = [one for one in timeline if one["entry"] == "reply"]
    [assigned] = [
        one for one in timeline if one["actor"] == f"account:{town.operator.id}" and one["entry"] == "note"
    ]
    assert "说是误按" in said["text"]
    assert "刘芳把女儿李梅的回复归入此事件" in assigned["text"]
    assert operator.get("/api/replies").json() == []
    assert operator.get("/api/counters").json()["replies"] == 0
    refused = operator.post(path, {"incident_id": first})
    assert (refused.status_code, refused.json()["code"]) == (409, "reply_assigned")


def test_a_worker_asked_to_two_homes_comes_to_the_one_that_the_operator_names(
    operator: Browser, town: Town, two_mothers: tuple[int, int]
) -> None:
    first, second = two_mothers
    for incident_id in two_mothers:
        operator.post(f"/api/incidents/{incident_id}/claim")
        operator.post(f"/api/incidents/{incident_id}/offers", {"responder_id": town.worker_id})
    operator.post("/api/phones/+8613800000011/reply", {"body": "马上去"})
    [waiting] = operator.get("/api/replies").json()
    operator.post(f"/api/replies/{waiting['id']}/incident", {"incident_id": first})
    stages = {id: operator.get(f"/api/incidents/{id}").json()["card"]["stage"] for id in two_mothers}
    assert stages == {first: "covered", second: "claimed"}


def test_an_answer_goes_to_no_case_that_is_closed_or_never_asked_its_sender(
    operator: Browser, two_mothers: tuple[int, int]
) -> None:
    first, second = two_mothers
    operator.post("/api/phones/+8613800000002/reply", {"body": "马上到"})
    operator.post("/api/phones/+8613900000000/reply", {"body": "1"})
    strangers, daughters = operator.get("/api/replies").json()
    operator.post(f"/api/incidents/{first}/claim")
    operator.post(f"/api/incidents/{first}/close", {"code": "test"})
    for reply, incident_id, status, code in (
        (daughters, first, 409, "already_closed"),
        (strangers, second, 409, "never_asked"),
        (daughters, 404, 404, "no_such_incident"),
        ({"id": 404}, second, 404, "no_such_reply"),
    ):
        refused = operator.post(f"/api/replies/{reply['id']}/incident", {"incident_id": incident_id})
        assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert len(operator.get("/api/replies").json()) == 2
    assert strangers["candidates"] == []


def test_receipts_may_come_doubled_late_and_in_the_wrong_order(
    operator: Browser, stranger: TestClient, store: Store, incident_id: int, clock: StoppedClock
) -> None:
    Engine(store).tick(clock.now())

    def to_the_daughter() -> dict[str, str]:
        messages = operator.get(f"/api/incidents/{incident_id}").json()["messages"]
        found: dict[str, str] = next(one for one in messages if one["to"]["phone"] == "+8613800000002")
        return found

    path = f"{STATUS}?key={to_the_daughter()['key']}"
    for word in ("sent", "delivered", "sending", "delivered", "sent", "queued"):
        assert post(stranger, path, {"MessageSid": "SM77", "MessageStatus": word}).status_code == 204
    told = to_the_daughter()
    assert (told["state"], told["provider_id"]) == (MessageState.DELIVERED, "SM77")
