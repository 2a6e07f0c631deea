"""The script, the brief for 120 and the results of calls, over HTTP."""

from __future__ import annotations

from tests.api.conftest import Browser, StoppedClock, Town


def timeline(operator: Browser, incident_id: int) -> list[str]:
    return [entry["text"] for entry in operator.get(f"/api/incidents/{incident_id}/timeline").json()]


def test_nothing_is_asked_or_read_out_before_somebody_has_the_case(
    operator: Browser, incident_id: int
) -> None:
    for path in ("script", "brief"):
        refused = operator.get(f"/api/incidents/{incident_id}/{path}")
        assert (refused.status_code, refused.json()["code"]) == (409, "not_claimed")
    asked = operator.post(f"/api/incidents/{incident_id}/script", {"question": "awake", "answer": "no"})
    assert asked.json()["code"] == "not_claimed"
    assert operator.get("/api/incidents/999/script").status_code == 404


def test_answers_stand_on_the_timeline_and_in_the_brief(
    operator: Browser, incident_id: int, clock: StoppedClock
) -> None:
    operator.post(f"/api/incidents/{incident_id}/claim")
    first, *_ = operator.get(f"/api/incidents/{incident_id}/script").json()
    assert (first["question"], first["answer"]) == ("speaks", None)

    clock.pass_time(seconds=20)
    lines = operator.post(
        f"/api/incidents/{incident_id}/script", {"question": "awake", "answer": "no"}
    ).json()
    [awake] = [line for line in lines if line["question"] == "awake"]
    assert (awake["answer"], awake["calls_120"]) == ("no", True)
    assert "120" in awake["step"][0]
    assert "意识清楚吗?说话清楚吗? 否" in timeline(operator, incident_id)

    brief = operator.get(f"/api/incidents/{incident_id}/brief").json()
    assert "地址:和平社区幸福里3幢2单元501" in brief["text"]
    assert "老人:王秀英,女" in brief["text"]
    assert "说话清楚吗:否" in brief["text"]
    assert "哪个门:北门" in brief["text"]
    assert "谁有钥匙:邻居张桂芝 138 0000 0005" in brief["text"]
    assert "进门备注:敲门要重" in brief["text"]

    unknown = operator.post(f"/api/incidents/{incident_id}/script", {"question": "weather", "answer": "no"})
    assert unknown.json()["code"] == "no_such_question"
    operator.post(f"/api/incidents/{incident_id}/close", {"code": "helped"})
    late = operator.post(f"/api/incidents/{incident_id}/script", {"question": "awake", "answer": "yes"})
    assert late.json()["code"] == "already_closed"


def test_how_a_call_went_stands_on_the_timeline_by_name_without_the_number(
    operator: Browser, incident_id: int, town: Town
) -> None:
    home = operator.get(f"/api/incidents/{incident_id}").json()["home"]
    operator.post(f"/api/incidents/{incident_id}/claim")
    operator.post(f"/api/incidents/{incident_id}/offers", {"responder_id": town.worker_id})
    people = {
        f"resident:{home['residents'][0]['id']}": "打给老人王秀英:无人接",
        f"contact:{home['contacts'][0]['id']}": "打给女儿李梅:无人接",
        "home": "打给家里电话:无人接",
        "key": "打给有钥匙的邻居张桂芝:无人接",
        "120": "打给120:无人接",
        f"responder:{town.worker_id}": "打给网格员李强:无人接",
    }
    for who, text in people.items():
        said = operator.post(f"/api/incidents/{incident_id}/calls", {"who": who, "result": "no_answer"})
        assert said.status_code == 204, said.text
        assert timeline(operator, incident_id)[-1] == text
    wrong = operator.post(f"/api/incidents/{incident_id}/calls", {"who": "contact:999", "result": "answered"})
    assert (wrong.status_code, wrong.json()["code"]) == (404, "no_such_person")
    assert operator.post(f"/api/incidents/{incident_id}/calls", {"who": "the mayor"}).status_code == 422
