"""2222999 rings: who it is, what is open there, and what becomes of the call."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from community.errors import Invalid, NotFound
from community.model import CallOutcome, Known, Responder, ResponderKind
from community.storage import Store, desk, register
from devices.signal import Kind
from dispatcher import views
from dispatcher.plans import Plans
from hotline import calls
from hotline.model import Advice
from tests.hotline.conftest import Desk


@pytest.mark.parametrize(
    "number", ["13800000001", "013800000001", "+86 138 0000 0001", "sip:13800000001@pbx"]
)
def test_the_caller_is_on_screen_before_the_agent_speaks(
    store: Store, town: Desk, now: datetime, number: str
) -> None:
    pop = calls.answer(store, number, now)
    (caller,) = pop.callers
    assert (pop.advice, caller.match.name) == (Advice.KNOWN, "王秀英")
    assert caller.home is not None
    assert caller.home.household == town.street.home
    assert caller.incidents == ()
    with store.read() as connection:
        assert desk.call_by_id(connection, pop.call.id) == pop.call
    assert (pop.call.number, pop.call.household_id, pop.call.outcome) == (
        "+8613800000001",
        town.street.home.id,
        CallOutcome.OPEN,
    )


@pytest.mark.usefixtures("town")
@pytest.mark.parametrize("number", ["", "anonymous", "2222999", "02222999", "13899999999", "9" * 60])
def test_a_withheld_or_unknown_caller_is_recorded_and_searched_for(
    store: Store, now: datetime, number: str
) -> None:
    pop = calls.answer(store, number, now)
    assert (pop.advice, pop.callers, pop.call.household_id) == (Advice.SEARCH, (), None)
    with store.read() as connection:
        assert desk.list_calls(connection) == (pop.call,)


def test_a_daughter_of_two_homes_is_asked_which_and_the_one_in_trouble_comes_first(
    store: Store, town: Desk, now: datetime, response_plans: Plans
) -> None:
    daughter = town.street.contacts[0]
    with store.write() as connection:
        other = register.add_household(connection, replace(town.street.home, address="幸福里4幢", phone=""))
        register.set_contacts(connection, other.id, [daughter])
    first = calls.answer(store, daughter.phone, now)
    assert first.advice is Advice.CHOOSE
    assert first.call.household_id is None
    assert [caller.home.household.id for caller in first.callers if caller.home] == [
        town.street.home.id,
        other.id,
    ]
    calls.raise_incident(store, first.call.id, other.id, Kind.FALL, "跌倒", town.agent, response_plans, now)
    again = calls.answer(store, daughter.phone, now)
    assert [caller.home.household.id for caller in again.callers if caller.home] == [
        other.id,
        town.street.home.id,
    ]
    assert [len(caller.incidents) for caller in again.callers] == [1, 0]


def test_two_people_of_one_home_are_one_home(store: Store, town: Desk, now: datetime) -> None:
    with store.write() as connection:
        register.add_resident(connection, replace(town.street.resident, name="李福林"))
    pop = calls.answer(store, town.street.resident.phone, now)
    assert len(pop.callers) == 2
    assert (pop.advice, pop.call.household_id) == (Advice.KNOWN, town.street.home.id)


@pytest.mark.usefixtures("town")
def test_a_worker_who_is_also_a_neighbour_is_asked_why_he_calls(store: Store, now: datetime) -> None:
    with store.write() as connection:
        register.add_responder(
            connection, Responder(0, ResponderKind.GRID_WORKER, "张大爷", "13800000003", None)
        )
    pop = calls.answer(store, "13800000003", now)
    assert [caller.match.known_as for caller in pop.callers] == [Known.CONTACT, Known.RESPONDER]
    assert (pop.advice, pop.call.household_id) == (Advice.CHOOSE, None)


def test_a_provider_is_known_by_name(store: Store, town: Desk, now: datetime) -> None:
    (caller,) = calls.answer(store, town.cleaner.phone, now).callers
    assert (caller.match.known_as, caller.match.name, caller.home) == (
        Known.PROVIDER,
        "惠民家政服务部",
        None,
    )


def test_trouble_becomes_an_incident_with_one_tap(
    store: Store, town: Desk, now: datetime, response_plans: Plans
) -> None:
    pop = calls.answer(store, "13800000001", now)
    home = town.street.home.id
    incident = calls.raise_incident(
        store, pop.call.id, home, Kind.FALL, "摔倒了,起不来", town.agent, response_plans, now
    )
    with store.read() as connection:
        call = desk.call_by_id(connection, pop.call.id)
        (card,) = views.board(connection)
    assert (card.id, card.household_id, card.kind) == (incident.id, home, Kind.FALL)
    assert (call.outcome, call.incident_id, call.household_id) == (CallOutcome.INCIDENT, incident.id, home)


def test_a_second_tap_joins_the_open_incident(
    store: Store, town: Desk, now: datetime, response_plans: Plans
) -> None:
    pop = calls.answer(store, "", now)
    home = town.street.home.id
    incidents = {
        calls.raise_incident(
            store, pop.call.id, home, kind, "", town.agent, response_plans, now + timedelta(seconds=second)
        ).id
        for second, kind in enumerate((Kind.FALL, Kind.FALL, Kind.SMOKE))
    }
    assert len(incidents) == 1
    again = calls.answer(store, "13800000001", now)
    assert [card.id for card in again.callers[0].incidents] == list(incidents)


def test_what_is_no_trouble_or_no_home_raises_nothing(
    store: Store, town: Desk, now: datetime, response_plans: Plans
) -> None:
    call, home = calls.answer(store, "", now).call.id, town.street.home.id
    with pytest.raises(Invalid, match="no trouble"):
        calls.raise_incident(store, call, home, Kind.HEARTBEAT, "", town.agent, response_plans, now)
    with pytest.raises(NotFound, match="no household 999"):
        calls.raise_incident(store, call, 999, Kind.FALL, "", town.agent, response_plans, now)
    with pytest.raises(NotFound, match="no call 999"):
        calls.raise_incident(store, 999, home, Kind.FALL, "", town.agent, response_plans, now)
    with store.read() as connection:
        assert views.board(connection) == ()
        assert desk.call_by_id(connection, call).outcome is CallOutcome.OPEN


def test_the_agent_says_which_home_it_was_and_what_was_answered(
    store: Store, town: Desk, now: datetime
) -> None:
    call = calls.answer(store, "anonymous", now).call
    assert calls.choose(store, call.id, town.street.home.id).household_id == town.street.home.id
    with pytest.raises(NotFound, match="no household 999"):
        calls.choose(store, call.id, 999)
    settled = calls.inform(store, call.id, " 电费问供电所 ")
    assert (settled.outcome, settled.note, settled.household_id) == (
        CallOutcome.INFORMATION,
        "电费问供电所",
        town.street.home.id,
    )
