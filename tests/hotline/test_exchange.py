"""Click to call: the telephone of the desk rings, and the timeline says so; by hand where it cannot."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from community.errors import Away, Conflict, NotFound
from community.storage import Store
from devices.signal import Kind
from dispatcher import exercising
from dispatcher.model import Entry
from hotline import exchange
from hotline.exchange import Desk
from tests.hotline.asterisk import StandIn, standing_in
from tests.town import Town

START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


@pytest.fixture
def at_home(store: Store) -> Town:
    town = Town(store, START)
    town.resident("王秀英", contacts=("女儿",))
    town.responder("李强", metres=200)
    town.press("王秀英")
    town.claim("王秀英")
    return town


@pytest.fixture
def asterisk() -> Iterator[StandIn]:
    with standing_in() as there:
        yield there


def dial(town: Town, there: StandIn | None, who: str, extension: str) -> None:
    at = Desk(town.operator, extension)
    exchange.dial(town.store, there.exchange if there else None, town.card("王秀英").id, who, at, town.time)


def dialled(town: Town) -> list[str]:
    return [one.text for one in town.detail("王秀英").timeline if one.entry is Entry.DIALLED]


def daughter(town: Town) -> tuple[str, str]:
    home = town.detail("王秀英").home
    assert home is not None
    [contact] = home.contacts
    return f"contact:{contact.id}", contact.phone


def test_the_telephone_of_the_desk_rings_and_is_connected_with_the_number_of_the_register(
    at_home: Town, asterisk: StandIn
) -> None:
    who, number = daughter(at_home)
    dial(at_home, asterisk, who, "601")
    dial(at_home, asterisk, "120", "602")
    assert asterisk.rung == [
        {
            "endpoint": f"PJSIP/{extension}",
            "extension": digits,
            "context": "from-internal",
            "priority": 1,
            "timeout": 30,
        }
        for extension, digits in [("601", number.removeprefix("+86")), ("602", "120")]
    ]
    assert dialled(at_home) == ["用分机601拨打女儿女儿", "用分机602拨打120"]


def test_who_dials_by_hand_is_on_the_timeline_too(at_home: Town, asterisk: StandIn) -> None:
    who, _ = daughter(at_home)
    dial(at_home, asterisk, who, "")
    assert asterisk.rung == []
    assert dialled(at_home) == ["拨打女儿女儿"]


def test_where_no_exchange_is_set_she_is_told_to_dial_by_hand(at_home: Town) -> None:
    who, _ = daughter(at_home)
    with pytest.raises(Conflict, match="dial by hand"):
        dial(at_home, None, who, "601")
    assert dialled(at_home) == []


@pytest.mark.parametrize(
    ("extension", "why", "said"),
    [
        ("609", "500 Allocation failed", "分机609没有振铃"),
        ("601", "127.0.0.1: ReadTimeoutError", "交换机没有答复,不知道分机601是否振铃"),
    ],
)
def test_a_telephone_that_does_not_ring_is_said_at_once_and_on_the_timeline(
    at_home: Town, asterisk: StandIn, extension: str, why: str, said: str
) -> None:
    asterisk.is_dead = "Timeout" in why
    who, _ = daughter(at_home)
    with pytest.raises(Away, match=f"{said}.*dial by hand .{why}"):
        dial(at_home, asterisk, who, extension)
    assert dialled(at_home) == [f"用分机{extension}拨打女儿女儿", said]


def test_a_drill_rings_no_ambulance(at_home: Town, asterisk: StandIn) -> None:
    home = at_home.resident("李建国")
    case = exercising.begin(at_home.store, home, Kind.SOS, at_home.operator, at_home.plans, at_home.time)
    at = Desk(at_home.operator, "601")
    with pytest.raises(Conflict, match="drill"):
        exchange.dial(at_home.store, asterisk.exchange, case.id, "120", at, at_home.time)
    assert asterisk.rung == []


def test_an_exchange_that_does_not_know_us_says_so(at_home: Town) -> None:
    with standing_in(password="an-older-one") as there, pytest.raises(Away, match="401 Unauthorized"):
        dial(at_home, there, "120", "601")


def test_nobody_else_can_be_dialled_and_nobody_without_a_number(at_home: Town, asterisk: StandIn) -> None:
    with pytest.raises(NotFound, match="nobody of this case"):
        dial(at_home, asterisk, "contact:999999", "601")
    with pytest.raises(NotFound, match="no number is registered"):
        dial(at_home, asterisk, "key", "601")
    assert asterisk.rung == []
    assert dialled(at_home) == []
