"""A whole cell in trouble: one case for what its homes share, and nobody who calls for help lost in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from api.routes import records
from community.model import ResponderKind
from devices.signal import Kind, State
from dispatcher import intake, responses, roster, views
from dispatcher.gathering import Cries
from dispatcher.model import CloseCode, Entry, Severity, Stage, Threshold
from dispatcher.plans import shipped
from dispatcher.storage.planbook import Planbook
from dispatcher.views import Card
from tests.town import Town


def threshold(kind: Kind) -> Threshold:
    plan = shipped().for_area(kind)
    assert plan is not None
    assert plan.threshold is not None
    return plan.threshold


HOMES = tuple(f"住户{n}" for n in range(40))
CUT = threshold(Kind.MAINS_FAILURE)
CRY = threshold(Kind.SOS)


@pytest.fixture
def cell(town: Town) -> Town:
    """Forty homes of one cell, with a grid worker of its own and a nearer one of another."""
    for name in HOMES:
        town.resident(name, contacts=(f"{name}的女儿",))
    town.responder("李强", 900, cells=frozenset({town.cell}))
    town.responder("外人", 100)
    return town


@pytest.fixture
def shaken(cell: Town) -> Town:
    """The same, with a dispatcher that looks how many call for help at once."""
    cell.also = Cries(cell.store, Planbook(cell.plans)).turn
    return cell


def all_at_once(town: Town, kind: Kind, *names: str, state: State = State.ACTIVE) -> None:
    """Their devices speak in the same moment, before any engine looks."""
    with town.store.write() as connection:
        readings = [town.reading(name, kind, state=state) for name in names]
        intake.take(connection, readings, town.plans, town.time)
    town.work()


def of_area(town: Town) -> Card:
    [card] = [card for card in town.cards() if card.subject.startswith("area:")]
    return card


def close_area(town: Town) -> None:
    card = of_area(town)
    responses.claim(town.store, card.id, town.operator, town.time)
    responses.close(town.store, card.id, town.operator, CloseCode.SELF_RESOLVED, "", town.time)
    town.work()


def desk_rang(town: Town, name: str) -> int:
    return sum(entry.entry is Entry.DESK for entry in town.detail(name).timeline)


def test_a_power_cut_is_one_case_and_two_who_press_stand_above_it(cell: Town) -> None:
    all_at_once(cell, Kind.MAINS_FAILURE, *HOMES)
    cell.press(HOMES[3])
    cell.press(HOMES[17])
    cell.pass_time(seconds=30)

    area = of_area(cell)
    assert (area.kind, area.stage, area.address) == (Kind.MAINS_FAILURE, Stage.RAISED, "和平社区第一网格40户")
    assert [helper.name for helper in area.helpers] == ["李强"]  # of the cell, although another is nearer
    requests = [text for text in cell.heard("李强") if "停电" in text]
    assert len(requests) == 1
    assert "第一网格40户" in requests[0]

    above = cell.open_cards()[:2]
    assert {card.household_id for card in above} == {cell.homes[HOMES[3]], cell.homes[HOMES[17]]}
    for name in (HOMES[3], HOMES[17]):
        assert len(cell.heard(f"{name}的女儿")) == 1
        assert len(cell.asked(name)) == 2

    resting = [name for name in HOMES if name not in (HOMES[3], HOMES[17])]
    assert len(cell.open_cards()) == 1 + len(HOMES)  # each home is still there to be seen
    assert {cell.card(name).area_case for name in resting} == {area.id}
    assert {cell.card(name).deadline_at for name in resting} == {None}
    assert cell.card(HOMES[3]).area_case is None
    cell.pass_time(minutes=180)
    assert [desk_rang(cell, name) for name in resting] == [0] * len(resting)
    assert all(cell.heard(f"{name}的女儿") == [] for name in resting)


def test_a_few_homes_without_power_are_no_storm(cell: Town) -> None:
    few = HOMES[: CUT.homes - 1]
    all_at_once(cell, Kind.MAINS_FAILURE, *few)
    cell.pass_time(seconds=CUT.within.total_seconds() + 1)
    cell.say(HOMES[10], Kind.MAINS_FAILURE)  # one more, but too late

    assert not any(card.subject.startswith("area:") for card in cell.cards())
    assert [desk_rang(cell, name) for name in few] == [1] * len(few)


def test_homes_that_follow_belong_to_it(cell: Town) -> None:
    """One after the other: the first ones have rung before it was a storm, the later ones do not ring."""
    for name in HOMES[:10]:
        cell.say(name, Kind.MAINS_FAILURE)
        cell.pass_time(seconds=10)
    cell.pass_time(minutes=30)
    cell.say(HOMES[20], Kind.OFFLINE)  # its router's battery is empty by now
    cell.say(HOMES[21], Kind.TAMPER)  # has nothing to do with it

    assert of_area(cell).address == "和平社区第一网格11户"
    for name in HOMES[:10]:  # consoles look again when the timeline grows: also at those that were first
        assert any("属于网格事件" in entry.text for entry in cell.detail(name).timeline)
    rang = [desk_rang(cell, name) for name in HOMES[:10]]
    assert rang == [1] * (CUT.homes - 1) + [0] * (11 - CUT.homes)
    assert (desk_rang(cell, HOMES[20]), desk_rang(cell, HOMES[21])) == (0, 1)
    cell.pass_time(minutes=180)
    assert [desk_rang(cell, name) for name in HOMES[:10]] == rang


def test_when_the_power_is_back_its_homes_end_with_it_and_the_others_go_on(cell: Town) -> None:
    dark = HOMES[:8]
    all_at_once(cell, Kind.MAINS_FAILURE, *dark)
    cell.answer("李强", "1")
    assert of_area(cell).stage is Stage.COVERED
    cell.pass_time(minutes=20)
    all_at_once(cell, Kind.MAINS_FAILURE, *dark[:6], state=State.CLEAR)
    assert all(cell.card(name).stage is Stage.RAISED for name in dark)  # only a human closes

    close_area(cell)

    assert [cell.card(name).stage for name in dark] == [Stage.CLOSED] * 6 + [Stage.RAISED] * 2
    assert [desk_rang(cell, name) for name in dark] == [0] * 6 + [1] * 2
    assert any("不用再去" in text for text in cell.heard("李强"))


def test_who_says_yes_when_the_power_is_back_hears_that_it_is_over(cell: Town) -> None:
    all_at_once(cell, Kind.MAINS_FAILURE, *HOMES[:8])
    cell.pass_time(seconds=30)
    close_area(cell)
    cell.pass_time(seconds=30)
    assert of_area(cell).stage is Stage.CLOSED  # and no second one, although it is still dark
    before = len(cell.heard("李强"))
    cell.answer("李强", "1")
    assert len(cell.heard("李强")) == before + 1
    assert "第一网格8户" in cell.heard("李强")[-1]


def test_who_presses_in_a_resting_home_is_helped_as_ever(cell: Town) -> None:
    dark = HOMES[:8]
    all_at_once(cell, Kind.MAINS_FAILURE, *dark)
    cell.pass_time(minutes=5)
    cell.press(dark[0])
    assert len(cell.heard(f"{dark[0]}的女儿")) == 1
    cell.pass_time(minutes=2)
    assert desk_rang(cell, dark[0]) >= 1
    close_area(cell)
    assert cell.card(dark[0]).stage is not Stage.CLOSED


def test_gas_in_a_stairwell_asks_the_cells_own_staff_and_silences_no_home(cell: Town) -> None:
    cell.say(HOMES[0], Kind.GAS)
    assert not any(card.subject.startswith("area:") for card in cell.cards())
    cell.pass_time(seconds=60)
    cell.say(HOMES[1], Kind.GAS)
    cell.pass_time(seconds=5)

    area = of_area(cell)
    assert (area.kind, area.address) == (Kind.GAS, "和平社区第一网格2户")
    assert [helper.name for helper in area.helpers] == ["李强"]
    for name in HOMES[:2]:  # each with its own relatives and helpers
        assert len(cell.heard(f"{name}的女儿")) >= 1
        assert cell.asked(name)


def test_gas_after_a_power_cut_begins_the_areas_ladder_anew(cell: Town) -> None:
    all_at_once(cell, Kind.MAINS_FAILURE, *HOMES[:8])
    cell.answer("李强", "2")
    cell.pass_time(minutes=3)
    before = of_area(cell)
    all_at_once(cell, Kind.GAS, *HOMES[10:12])
    after = of_area(cell)
    assert before.id == after.id
    assert (before.severity < after.severity, after.kind) == (True, Kind.GAS)
    assert set(after.kinds) == {Kind.MAINS_FAILURE, Kind.GAS}


def test_forty_who_press_at_once_are_forty_cases_and_one_of_the_street_below_them(shaken: Town) -> None:
    shaken.responder("马站长", 3000, kind=ResponderKind.SUPERVISOR)
    all_at_once(shaken, Kind.SOS, *HOMES)
    shaken.pass_time(seconds=10)

    area = of_area(shaken)
    assert (area.kind, area.severity, area.address) == (Kind.SOS, Severity.EMERGENCY, "街道40户")
    assert [helper.name for helper in area.helpers] == ["马站长"]  # whoever can go is needed in the homes
    assert "街道40户" in shaken.heard("马站长")[0]
    assert [card.id for card in shaken.open_cards()][-1] == area.id
    for name in HOMES:
        assert len(shaken.heard(f"{name}的女儿")) == 1
        assert shaken.card(name).area_case is None
        assert shaken.card(name).deadline_at is not None
    with shaken.store.read() as connection:
        timeline = views.detail(connection, area.id).timeline
    assert any(entry.text.startswith("40户并入") for entry in timeline)


def test_a_few_who_press_or_fall_in_one_cell_within_a_minute_are_a_case_of_the_cell(shaken: Town) -> None:
    for name, kind in zip(HOMES, (Kind.SOS, Kind.FALL, Kind.SOS), strict=False):
        assert not any(card.subject.startswith("area:") for card in shaken.cards())
        shaken.say(name, kind)
        shaken.pass_time(seconds=20)
    area = of_area(shaken)
    assert (area.kind, area.address) == (Kind.SOS, "和平社区第一网格3户")

    shaken.pass_time(minutes=20)
    shaken.press(HOMES[9])  # one more, while it is looked after: it belongs to it, and is a case as ever
    shaken.pass_time(seconds=10)

    assert of_area(shaken).address == "和平社区第一网格4户"
    assert len(shaken.heard(f"{HOMES[9]}的女儿")) == 1
    close_area(shaken)
    shaken.pass_time(minutes=5)
    assert of_area(shaken).stage is Stage.CLOSED
    assert all(shaken.card(name).stage is not Stage.CLOSED for name in (*HOMES[:3], HOMES[9]))


def test_two_who_press_and_a_third_too_late_have_nothing_in_common(shaken: Town) -> None:
    for name in HOMES[: CRY.homes - 1]:
        shaken.press(name)
    shaken.pass_time(seconds=CRY.within.total_seconds() + 5)
    shaken.press(HOMES[9])
    shaken.pass_time(seconds=10)
    assert not any(card.subject.startswith("area:") for card in shaken.cards())


def test_presses_in_a_dark_cell_make_its_case_worse_and_ring_the_desk_anew(shaken: Town) -> None:
    all_at_once(shaken, Kind.MAINS_FAILURE, *HOMES[:8])
    shaken.pass_time(minutes=5)
    before = of_area(shaken)
    all_at_once(shaken, Kind.SOS, *HOMES[2 : 2 + CRY.homes])
    shaken.pass_time(seconds=10)

    after = of_area(shaken)
    assert (after.id, after.kind, after.severity) == (before.id, Kind.SOS, Severity.EMERGENCY)
    assert {shaken.card(name).area_case for name in HOMES[2 : 2 + CRY.homes]} == {None}
    assert shaken.card(HOMES[0]).area_case == after.id  # what only says that it is dark goes on resting
    assert after.version > before.version
    shaken.pass_time(seconds=30)
    assert of_area(shaken).version == after.version  # and nothing more is said of the same presses


def test_an_edited_threshold_counts_from_the_next_look_on(shaken: Town) -> None:
    book = Planbook(shaken.plans)
    cries = shaken.plans.for_area(Kind.SOS)
    assert cries is not None
    with shaken.store.write() as connection:
        book.edit(connection, replace(cries, threshold=Threshold(5, 60)), 0, shaken.operator.id, shaken.time)
    all_at_once(shaken, Kind.SOS, *HOMES[:4])
    shaken.pass_time(seconds=10)
    assert not any(card.subject.startswith("area:") for card in shaken.cards())
    all_at_once(shaken, Kind.SOS, HOMES[4])
    shaken.pass_time(seconds=10)
    assert of_area(shaken).address == "和平社区第一网格5户"


def test_the_areas_case_is_never_forgotten(cell: Town) -> None:
    all_at_once(cell, Kind.MAINS_FAILURE, *HOMES[:8])
    cell.pass_time(minutes=60)
    with cell.store.read() as connection:
        timeline = views.detail(connection, of_area(cell).id).timeline
    rings = [entry.at for entry in timeline if entry.entry is Entry.DESK]
    assert len(rings) >= 5
    assert all(late - early <= timedelta(minutes=11) for early, late in pairwise(rings))


def test_a_street_whose_cells_have_cases_already_gets_one_when_it_is_the_whole_street(shaken: Town) -> None:
    all_at_once(shaken, Kind.SOS, *HOMES[: CRY.homes])
    shaken.pass_time(seconds=10)
    assert of_area(shaken).address == f"和平社区第一网格{CRY.homes}户"
    all_at_once(shaken, Kind.SOS, *HOMES[CRY.homes : CRY.street_homes])
    shaken.pass_time(seconds=30)

    areas = [card.address for card in shaken.open_cards() if card.subject.startswith("area:")]
    assert sorted(areas) == [f"和平社区第一网格{CRY.street_homes}户", f"街道{CRY.street_homes}户"]
    before = [card.version for card in shaken.open_cards()]
    shaken.pass_time(seconds=4)
    assert [card.version for card in shaken.open_cards()] == before  # each is told of a home once


def test_the_case_of_a_cell_can_be_played_again_with_its_plan(cell: Town) -> None:
    all_at_once(cell, Kind.MAINS_FAILURE, *HOMES[:30])
    cell.pass_time(minutes=2)
    all_at_once(cell, Kind.GAS, *HOMES[30:])
    cell.pass_time(minutes=3)
    area = of_area(cell)

    with cell.store.read() as connection:
        detail = views.detail(connection, area.id)
        fleet = roster.fleet(connection, ZoneInfo("Asia/Shanghai"))
        again = records.play(connection, detail, cell.plans, None, fleet, cell.now())

    assert again.plans == (cell.plans.for_area(Kind.MAINS_FAILURE), cell.plans.for_area(Kind.GAS))
    desk = [(event.after_s, event.text) for event in again.would if event.text.startswith(("此案", "第"))]
    assert desk == [
        (event.after_s, event.text) for event in again.happened if (event.after_s, event.text) in desk
    ]
    assert [after_s for after_s, _ in desk] == [60, 180, 300]
    asked = [(event.after_s, event.text[:5]) for event in again.would if event.text.startswith("请")]
    assert asked == [(0, "请李强前往"), (60, "请外人前往"), (120, "请李强前往"), (180, "请外人前往")]
