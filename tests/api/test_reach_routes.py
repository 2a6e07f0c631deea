"""Homes for which nobody could be reached: listed with the reason and what to do, checked again on demand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from community.model import Contact
from community.storage import Store, register
from tests.api.conftest import Browser, StoppedClock, Town


@pytest.fixture
def poor(store: Store, town: Town) -> int:
    """A second home, without contacts, in a street whose workers go home at six."""
    with store.write() as connection:
        home = register.household_by_id(connection, town.household_id).household
        worker = register.responder_by_id(connection, town.worker_id)
        [duty] = register.duties(connection)[worker.id]
        register.update_responder(connection, worker, [replace(duty, starts=8 * 60, ends=18 * 60)])
        return register.add_household(connection, replace(home, address="振兴路<b>1</b>号")).id


def test_before_the_first_check_there_is_nothing_and_a_check_finds_it(
    operator: Browser, admin: Browser, poor: int, clock: StoppedClock
) -> None:
    assert operator.get("/api/reachability").json() == {"items": [], "next": None}
    assert operator.get("/api/reachability/check").json()["done_at"] is None
    assert operator.post("/api/reachability/check").status_code == 403

    checked = admin.post("/api/reachability/check").json()

    assert (checked["homes"], checked["homes_with_gaps"], checked["day"]) == (2, 2, None)
    assert checked["by_reason"]["no_contact"] == 1
    assert operator.get("/api/reachability/check").json() == checked
    summed = {(one["plan"], one["rung"]): one for one in checked["rota"]}
    assert summed["routine", 2]["homes"] == 1, "of the other home it is said that there is nobody at all"
    assert summed["routine", 2]["hours_words"] == "每天 daily 18:00–次日08:00"
    listed = operator.get("/api/reachability?reason=no_contact").json()["items"]
    assert [home["household_id"] for home in listed] == [poor]
    [no_contact] = listed[0]["gaps"]
    assert no_contact["why"][0] == "没有能用的联系人电话"
    assert "补登" in no_contact["what_to_do"][0]
    assert no_contact["since"] == clock.moment.isoformat().replace("+00:00", "Z")
    [home] = operator.get("/api/reachability?reason=nobody").json()["items"]
    nobody = next(gap for gap in home["gaps"] if gap["plan"] == "routine")
    assert (nobody["reason"], nobody["rung"]) == ("nobody", 0)
    assert nobody["hours_words"] == "每天 daily 18:00–次日08:00"


def test_the_list_goes_on_with_a_cursor(admin: Browser, town: Town, poor: int) -> None:
    admin.post("/api/reachability/check")

    first = admin.get("/api/reachability?limit=1").json()
    second = admin.get(f"/api/reachability?limit=1&cursor={first['next']}").json()

    assert [home["household_id"] for home in first["items"]] == [town.household_id]
    assert ([home["household_id"] for home in second["items"]], second["next"]) == ([poor], None)


def test_one_home_is_judged_as_things_stand(operator: Browser, store: Store, poor: int) -> None:
    before = operator.get(f"/api/households/{poor}/reachability").json()
    assert "no_contact" in [gap["reason"] for gap in before["gaps"]]
    assert before["gaps"][0]["since"] is None

    with store.write() as connection:
        register.set_contacts(connection, poor, [Contact(0, poor, 1, "李强", "儿子", "13912345678")])

    after = operator.get(f"/api/households/{poor}/reachability").json()
    assert {gap["reason"] for gap in after["gaps"]} == {"rung_empty"}
    assert operator.get("/api/households/999/reachability").status_code == 404


def test_the_page_names_homes_reasons_remedies_and_lets_an_administrator_check(
    operator: Browser, admin: Browser, poor: int, clock: StoppedClock
) -> None:
    assert "还没有检查过" in operator.get("/reach").text
    admin.post("/api/reachability/check")

    page = operator.get("/reach").text
    for words in (
        "振兴路&lt;b&gt;1",
        "排班缺口",
        "没有能用的联系人电话",
        "补登亲属",
        "每天 daily 18:00",
        "11-21 14:05",
    ):
        assert words in page
    assert "data-check" not in page
    assert "data-check" in admin.get("/reach").text
    assert "王秀英" not in page, "what the rota lacks for many homes is said once"
    assert "王秀英" in operator.get("/reach?reason=rung_empty").text
    assert "检查了 2 户" in page
    assert "两天没有检查" not in page
    clock.pass_time(days=2, seconds=1)
    operator.log_in("liufang")
    assert "两天没有检查" in operator.get("/reach").text
    assert poor
