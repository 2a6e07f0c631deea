"""Each channel's last success and failure are known, and that no channel works is a failure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.parts import Parts
from api.settings import Settings
from dispatcher import plans
from dispatcher.bell import LocalBell
from dispatcher.channels import Outcome, TryLater, Undeliverable
from dispatcher.checkup import Checkup
from dispatcher.health import THREE_FAILURES, ChannelHealth, Check, Facts, Grade, Traffic, judge
from dispatcher.storage.planbook import Planbook
from dispatcher.switchboard import Switchboard
from dispatcher.traffic import EVERY, Ledger
from tests.dispatcher.cases import START, after
from tests.town import Town, TownPhones

DOWN = TryLater("HTTP 503")


class Desk:
    """A dispatcher of a town with two providers, neither of which can be asked how it is."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.phones = {name: TownPhones(name) for name in ("first", "second")}
        town.channel = Switchboard(list(self.phones.values()), town)
        self.ledger = Ledger(town.store, town.channel)

    def trouble(self, name: str, outcome: Outcome) -> None:
        self.phones[name].trouble = dict.fromkeys(self.town.people.values(), outcome)

    def pass_time(self, seconds: float) -> None:
        self.town.pass_time(seconds=seconds)
        self.town.time += EVERY
        self.ledger.turn(self.town.time)

    def check(self, name: str) -> Check:
        with self.town.store.read() as connection:
            health = Checkup(()).look(connection, self.town.time)
        return next(check for check in health.checks if check.name == f"channel:{name}")


@pytest.fixture
def desk(town: Town) -> Desk:
    town.resident("王秀英", contacts=("女儿",))
    return Desk(town)


def test_every_channel_of_the_site_is_on_health_before_it_has_carried_anything(desk: Desk) -> None:
    desk.ledger.turn(desk.town.time)
    for name in desk.phones:
        assert desk.check(name) == Check(f"channel:{name}", Grade.PASS)


def test_the_last_success_and_the_last_failure_of_each_are_known(desk: Desk) -> None:
    desk.trouble("first", DOWN)
    pressed_at = desk.town.time
    desk.town.press("王秀英")
    desk.pass_time(1)
    assert desk.check("first").moments == {"lastFailure": pressed_at}
    assert desk.check("second").moments == {"lastSuccess": pressed_at}


def test_that_no_channel_works_is_a_failure_and_one_that_does_makes_it_a_warning(desk: Desk) -> None:
    for name in desk.phones:
        desk.trouble(name, DOWN)
    pressed_at = desk.town.time
    desk.town.press("王秀英")
    desk.pass_time(120)
    for name in desk.phones:
        found = desk.check(name)
        assert (found.grade, found.value >= THREE_FAILURES) == (Grade.FAIL, True)
        assert "HTTP 503" in found.text[0]
    waiting = [
        at for name in desk.phones for what, at in desk.check(name).moments.items() if what == "waitingSince"
    ]
    assert waiting == [pressed_at], "the text waits, last tried with one of them"

    desk.phones["second"].trouble.clear()
    desk.pass_time(120)
    assert [desk.check(name).grade for name in desk.phones] == [Grade.WARN, Grade.PASS]


def test_a_number_that_does_not_exist_says_nothing_of_the_channel(desk: Desk) -> None:
    for name in desk.phones:
        desk.trouble(name, Undeliverable("21211"))
    desk.town.press("王秀英")
    desk.pass_time(1)
    assert [desk.check(name).grade for name in desk.phones] == [Grade.PASS, Grade.PASS]


def test_two_dispatchers_add_up_what_they_saw(desk: Desk) -> None:
    other = Ledger(desk.town.store, Switchboard(list(desk.phones.values()), desk.town))
    other.turn(desk.town.time)
    desk.trouble("first", DOWN)
    desk.trouble("second", DOWN)
    desk.town.press("王秀英")
    desk.pass_time(120)
    other.turn(desk.town.time + EVERY)
    assert desk.check("first").grade is Grade.FAIL, "who has seen nothing changes nothing"


def test_a_channel_that_the_site_has_no_more_is_forgotten(desk: Desk) -> None:
    desk.ledger.turn(desk.town.time)
    Ledger(desk.town.store, Switchboard([desk.phones["second"]], desk.town)).turn(desk.town.time)
    with desk.town.store.read() as connection:
        checks = Checkup(()).look(connection, desk.town.time).checks
    assert [check.name for check in checks if check.name.startswith("channel:")] == ["channel:second"]


def test_the_api_tells_when_each_last_carried(desk: Desk) -> None:
    pressed_at = desk.town.time
    desk.town.press("王秀英")
    desk.pass_time(1)
    settings = Settings.model_validate({"database_url": "sqlite://", "public_url": "http://127.0.0.1:8000"})
    parts = Parts(desk.town.store, desk.town, LocalBell(), Planbook(plans.shipped()), settings)
    [told] = TestClient(create_app(parts)).get("/health").json()["checks"]["channel:first"]
    assert told == {"status": "pass", "lastSuccess": pressed_at.isoformat()}


@pytest.mark.parametrize(
    "carried, asked, grades",
    [
        ([Traffic("a", START)], [], [Grade.PASS]),
        ([Traffic("a", START, after(1), 2)], [], [Grade.PASS]),
        ([Traffic("a", START, after(1), 3)], [], [Grade.FAIL]),
        ([Traffic("a", START, after(1), 3), Traffic("b")], [], [Grade.FAIL, Grade.PASS]),
        ([Traffic("a", START, after(1), 3), Traffic("b", START)], [], [Grade.WARN, Grade.PASS]),
        ([Traffic("a", START)], [ChannelHealth("a", START, None, 2)], [Grade.FAIL]),
        ([Traffic("b", START)], [ChannelHealth("a", START, None, 2)], [Grade.WARN, Grade.PASS]),
        ([Traffic("b", None, START, 3)], [ChannelHealth("a", START, START, 0)], [Grade.PASS, Grade.WARN]),
    ],
)
def test_which_channels_work(
    carried: Sequence[Traffic], asked: Sequence[ChannelHealth], grades: Sequence[Grade]
) -> None:
    facts = Facts(traffic=tuple(carried), channels=tuple(asked))
    checks = judge(facts, START + timedelta(seconds=9), needed=()).checks
    assert [check.grade for check in checks if check.name.startswith("channel:")] == list(grades)
