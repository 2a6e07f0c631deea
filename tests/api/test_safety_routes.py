"""The safety net of a home over the API and on its page."""

from __future__ import annotations

from community.storage import Store, register
from devices.signal import Kind, Reading, Signal
from dispatcher import intake
from dispatcher.drills import Drills
from dispatcher.plans import shipped
from dispatcher.storage import outbox
from tests.api.conftest import Browser, StoppedClock, Town


def test_an_operator_sees_what_is_wrong_has_a_contact_tested_and_sees_it_mended(
    operator: Browser, store: Store, town: Town, clock: StoppedClock
) -> None:
    path = f"/api/households/{town.household_id}"
    net = operator.get(f"{path}/safety-net").json()
    assert net["level"] == "red"
    assert ["报警设备都没有信号", "no alarm device has been heard"] in [hole["why"] for hole in net["holes"]]
    [daughter] = net["contacts"]
    assert (daughter["name"], daughter["state"]) == ("李梅", "untried")
    [listed] = operator.get("/api/safety-nets").json()["items"]
    assert (listed["household_id"], listed["level"]) == (town.household_id, "red")
    assert listed["holes"] == net["holes"]
    page = operator.get("/households").text
    assert "✖ 不可靠 does not hold" in page
    assert "报警设备都没有信号 → 打电话请老人按一次测试,不响就上门更换" in page

    assert operator.post(f"{path}/test").status_code == 202
    assert operator.post(f"{path}/contacts/{daughter['contact_id']}/test").status_code == 202
    assert Drills(store, monthly=False).turn(clock.now()) == 1
    assert operator.get(f"{path}/safety-net").json()["contacts"][0]["state"] == "waiting"
    clock.pass_time(hours=1)
    operator.post("/api/phones/+8613800000002/reply", {"body": "收到"})
    with store.write() as connection:
        register.touch_devices(connection, {"care:kenli/KL-0001": (clock.now(), 90)})
    assert "还没有证实" in str(operator.get(f"{path}/safety-net").json()["holes"])
    pressed = Signal("care:kenli/KL-0001", Kind.SOS, "care:kenli/KL-0001#1", clock.now(), test=True)
    with store.write() as connection:
        intake.take(connection, [Reading(signals=(pressed,))], shipped(), clock.now())

    net = operator.get(f"{path}/safety-net").json()
    [daughter] = net["contacts"]
    assert (daughter["state"], net["level"]) == ("proved", "green" if not net["holes"] else "amber")
    assert daughter["answered_at"] is not None
    assert not any("短信" in hole["why"][0] or "设备" in hole["why"][0] for hole in net["holes"])


def test_what_is_not_there_is_said(operator: Browser, town: Town) -> None:
    assert operator.get("/api/households/404/safety-net").status_code == 404
    assert operator.post("/api/households/404/test").status_code == 404
    assert operator.post(f"/api/households/{town.household_id}/contacts/404/test").status_code == 404


def test_the_code_of_a_test_is_checked_at_the_desk(
    operator: Browser, store: Store, town: Town, clock: StoppedClock
) -> None:
    path = f"/api/households/{town.household_id}"
    [daughter] = operator.get(f"{path}/safety-net").json()["contacts"]
    assert (daughter["waits"], daughter["text"]) == (False, None)
    hers = f"{path}/contacts/{daughter['contact_id']}"
    early = operator.post(f"{hers}/verify", {"code": "0000"})
    assert (early.status_code, early.json()["code"]) == (409, "not_tested")

    operator.post(f"{hers}/test")
    assert operator.get(f"{path}/safety-net").json()["contacts"][0]["waits"] is True
    Drills(store, monthly=False).turn(clock.now())
    [daughter] = operator.get(f"{path}/safety-net").json()["contacts"]
    assert (daughter["waits"], daughter["text"], daughter["state"]) == (False, "queued", "waiting")
    with store.read() as connection:
        [text] = outbox.waiting(connection, clock.now(), 9)
    code = text.variables["code"]
    assert f"验证码{code}。" in text.body
    wrong = operator.post(f"{hers}/verify", {"code": f"{(int(code) + 1) % 10000:04d}"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "wrong_code")
    assert operator.post(f"{hers}/verify", {"code": "12345"}).status_code == 422
    assert operator.post(f"{hers}/verify", {"code": code}).status_code == 204
    assert operator.get(f"{path}/safety-net").json()["contacts"][0]["state"] == "proved"
    assert operator.post(f"{path}/contacts/404/verify", {"code": code}).status_code == 404
