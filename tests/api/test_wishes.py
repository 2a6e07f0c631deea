"""How people want to be told, over HTTP: as a list, by an administrator, and no secret comes back."""

from __future__ import annotations

import pytest

from community.model import ContactChannel, Medium
from community.storage import Store, register, wishes
from tests.api.conftest import URL, Browser, Town

NIGHT = {"medium": "voice", "starts": 1320, "ends": 1860}
WECOM = {"medium": "push", "url": "wecombot://a-secret-of-hers"}


def path(browser: Browser, town: Town) -> str:
    home = browser.get(f"/api/households/{town.household_id}").json()
    return f"/api/households/{town.household_id}/contacts/{home['contacts'][0]['id']}/channels"


def put(browser: Browser, path: str, wishes: object):  # type: ignore[no-untyped-def]
    headers = {"X-CSRF-Token": browser.csrf_token, "Origin": URL}
    return browser.client.put(path, json=wishes, headers=headers)


def kept(store: Store, path: str) -> tuple[ContactChannel, ...]:
    with store.read() as connection:
        number = path.split("/")[-2]
        who = f"responder:{number}" if "responders" in path else f"contact:{number}"
        return wishes.of_everybody(connection).get(who, ())


def test_who_has_said_nothing_gets_a_text_at_any_hour(operator: Browser, town: Town) -> None:
    assert operator.get(path(operator, town)).json() == []


def test_by_night_a_call_and_wecom_before_a_text(admin: Browser, store: Store, town: Town) -> None:
    where = path(admin, town)
    said = put(admin, where, [NIGHT, WECOM, {"medium": "sms"}])

    assert said.status_code == 200, said.text
    assert said.json() == admin.get(where).json()
    assert said.json() == [
        {"medium": "voice", "service": "", "starts": 1320, "ends": 1860},
        {"medium": "push", "service": "wecombot", "starts": 0, "ends": 1440},
        {"medium": "sms", "service": "", "starts": 0, "ends": 1440},
    ]
    assert "a-secret-of-hers" not in admin.get(where).text
    assert kept(store, where)[1] == ContactChannel(Medium.PUSH, "wecombot://a-secret-of-hers")


def test_other_hours_do_not_need_the_secret_again(admin: Browser, store: Store, town: Town) -> None:
    where = path(admin, town)
    put(admin, where, [WECOM])
    put(admin, where, [{"medium": "push", "starts": 480, "ends": 1200}, {"medium": "sms"}])

    assert kept(store, where)[0] == ContactChannel(Medium.PUSH, "wecombot://a-secret-of-hers", 480, 1200)
    assert put(admin, where, []).json() == []
    assert kept(store, where) == ()


def test_a_push_that_moves_up_keeps_its_own_address(admin: Browser, store: Store, town: Town) -> None:
    where = path(admin, town)
    put(admin, where, [NIGHT, WECOM, {"medium": "push", "url": "dingtalk://another"}])
    put(admin, where, [{"medium": "push", "keeps": 2}, NIGHT])

    assert [channel.url for channel in kept(store, where)] == ["dingtalk://another", ""]
    assert put(admin, where, [{"medium": "push", "keeps": 1}]).status_code == 422, "no push stands there"


def test_a_responder_has_wishes_of_her_own(admin: Browser, operator: Browser, store: Store) -> None:
    with store.read() as connection:
        first, second, *_ = register.responders(connection)
    where = f"/api/responders/{first.id}/channels"
    assert operator.get(where).json() == []

    said = put(admin, where, [NIGHT, WECOM])

    assert said.status_code == 200, said.text
    assert said.json() == operator.get(where).json()
    assert [channel.medium for channel in kept(store, where)] == [Medium.VOICE, Medium.PUSH]
    assert operator.get(f"/api/responders/{second.id}/channels").json() == []
    assert put(operator, where, []).status_code == 403
    assert put(admin, "/api/responders/999999/channels", []).status_code == 404
    assert operator.get("/api/responders/999999/channels").status_code == 404


@pytest.mark.parametrize(
    "wish",
    [
        {"medium": "push"},
        {"medium": "sms", "url": "wecombot://x"},
        {"medium": "push", "url": "no address"},
        {"medium": "voice", "starts": 600, "ends": 600},
        {"medium": "voice", "starts": 0, "ends": 2000},
        {"medium": "pigeon"},
        {"medium": "sms", "when": "always"},
    ],
)
def test_what_cannot_be_meant_is_refused_and_changes_nothing(
    admin: Browser, store: Store, town: Town, wish: object
) -> None:
    where = path(admin, town)
    put(admin, where, [NIGHT])

    assert put(admin, where, [{"medium": "sms"}, wish]).status_code == 422
    assert [channel.medium for channel in kept(store, where)] == [Medium.VOICE]


def test_only_an_administrator_may_and_only_for_a_contact_of_that_home(
    admin: Browser, operator: Browser, town: Town
) -> None:
    where = path(admin, town)
    assert put(operator, where, [NIGHT]).status_code == 403
    for wrong in (
        where.replace(f"households/{town.household_id}", "households/404"),
        f"{where[:-11]}9{where[-9:]}",
    ):
        assert put(admin, wrong, [NIGHT]).status_code == 404
        assert admin.get(wrong).status_code == 404


def test_wishes_go_with_the_contact(admin: Browser, store: Store, town: Town) -> None:
    where = path(admin, town)
    put(admin, where, [NIGHT])
    admin.patch(f"/api/households/{town.household_id}", {"contacts": []})

    assert kept(store, where) == ()
