"""A home for which nobody can be reached is found by day."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from types import ModuleType
from zoneinfo import ZoneInfo

import pytest

from community.model import Contact, Duty, Position, Resident, Responder, ResponderKind
from devices.signal import Kind
from dispatcher.fleet import Fleet
from dispatcher.model import Plan, Severity, Tell, Whom
from dispatcher.plans import shipped
from dispatcher.reach import (
    ALWAYS,
    DAY,
    REASON_WORD,
    REMEDY,
    WEEK,
    Gap,
    Reason,
    Rota,
    gaps,
    hours_in_words,
    spans,
    week_of,
)
from maps.coords import Point
from maps.roads import Ground
from tests.dispatcher.cases import CLINIC, DESK, START, WORKER, home, nearest, plan, relatives

CHIEF = ResponderKind.SUPERVISOR
ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 11, 16, tzinfo=ZONE)
EVERY_DAY = frozenset(range(1, 8))
OFFICE = Duty(0, frozenset(range(1, 6)), 8 * 60, 18 * 60)
NIGHTS = Duty(0, EVERY_DAY, 18 * 60, 32 * 60)


def somebody(id: int, kind: ResponderKind = WORKER, located: bool = True, *areas: int) -> Responder:
    where = Position(118.5, 37.6) if located else None
    return Responder(id, kind, f"人{id}", f"+8613800000{id:03d}", where, frozenset(areas))


def rota(*people: tuple[Responder, Duty]) -> Rota:
    return Rota(
        [each for each, _ in people],
        {each.id: (replace(duty, responder_id=each.id),) for each, duty in people},
    )


def used(*rungs: tuple[int, tuple[Tell, ...]]) -> Plan:
    return replace(plan(*rungs), kinds=(Kind.SOS,))


ASKS = used((0, (relatives(1), nearest(1))), (60, (DESK,)))
TELLS = used((0, (relatives(1),)), (60, (DESK,)))
NOBODY_THERE = rota()


# ---- contacts ----


def test_a_home_with_a_contact_and_somebody_always_on_duty_has_no_gap() -> None:
    whole = rota((somebody(1), Duty(0, EVERY_DAY, 0, DAY)))

    assert gaps(home(1), [ASKS], whole) == ()


def test_a_home_without_contacts_is_found_and_so_is_one_whose_only_contact_is_the_home_itself() -> None:
    elder = Resident(1, 1, "王秀英", phone="+8613900000001")
    own_number = replace(home(1), residents=(elder,))
    own_line = replace(home(1), household=replace(home(1).household, phone="13900000001"))
    nonsense = replace(home(), contacts=(Contact(1, 1, 1, "李梅", "女儿", "12"),))

    for poor in (home(0), own_number, own_line, nonsense):
        assert gaps(poor, [TELLS], NOBODY_THERE)[-1] == Gap(Reason.NO_CONTACT)
    assert gaps(home(1), [TELLS], NOBODY_THERE) == ()


def test_contacts_who_are_all_lost_are_no_contacts() -> None:
    both, one = frozenset({1, 2}), frozenset({2})

    assert [gap.reason for gap in gaps(home(2), [TELLS], NOBODY_THERE, both)] == [
        Reason.NOBODY,
        Reason.CONTACTS_LOST,
    ]
    assert gaps(home(2), [TELLS], NOBODY_THERE, one) == ()
    first, second = home(2).contacts
    unsubscribed = replace(home(2), contacts=(replace(first, no_texts_since=START), second))
    assert gaps(unsubscribed, [TELLS], NOBODY_THERE) == ()
    assert gaps(unsubscribed, [TELLS], NOBODY_THERE, one)[-1] == Gap(Reason.CONTACTS_LOST)


# ---- hours ----


def test_the_hours_without_anybody_on_duty_are_named_for_the_rung() -> None:
    [gap] = gaps(home(1), [ASKS], rota((somebody(1), OFFICE)))

    assert (gap.reason, gap.plan, gap.rung) == (Reason.RUNG_EMPTY, "try", 1)
    assert hours_in_words(gap.hours) == (
        "周一18:00–周二08:00、周二18:00–周三08:00、周三18:00–周四08:00、周四18:00–周五08:00、周五18:00–周一08:00"
    )


def test_two_who_relieve_each_other_leave_no_gap_and_a_minute_between_them_is_one() -> None:
    day = Duty(0, EVERY_DAY, 8 * 60, 18 * 60)

    assert gaps(home(1), [ASKS], rota((somebody(1), day), (somebody(2), NIGHTS))) == ()
    late = replace(NIGHTS, starts=18 * 60 + 1)
    [gap] = gaps(home(1), [ASKS], rota((somebody(1), day), (somebody(2), late)))
    assert hours_in_words(gap.hours) == "每天 daily 18:00–18:01"


def test_nobody_but_the_desk_is_the_worst_and_is_said_once() -> None:
    found = gaps(home(0), [ASKS], rota((somebody(1), OFFICE)))

    assert [gap.reason for gap in found] == [Reason.NOBODY, Reason.NO_CONTACT]
    assert found[0].hours[0] == (18 * 60, DAY + 8 * 60)


def test_a_plan_that_asks_no_relatives_needs_somebody_on_duty_although_there_is_a_daughter() -> None:
    staff_only = used((0, (nearest(1),)), (60, (DESK,)))

    [gap] = gaps(home(1), [staff_only], NOBODY_THERE)

    assert (gap.reason, hours_in_words(gap.hours)) == (Reason.NOBODY, "全周 all week")


def test_a_plan_for_the_desk_alone_and_one_that_is_not_in_use_ask_for_nobody() -> None:
    desk_only, unused = used((0, (DESK,))), replace(ASKS, kinds=())

    assert gaps(home(1), [desk_only, unused], NOBODY_THERE) == ()


def test_the_other_rungs_of_a_plan_help_where_one_is_empty() -> None:
    ladder = used((0, (nearest(1, CLINIC),)), (60, (nearest(1, WORKER),)), (90, (DESK,)))
    worker = (somebody(1), Duty(0, EVERY_DAY, 0, DAY))

    [gap] = gaps(home(0), [ladder], rota(worker))[1:]

    assert (gap.reason, gap.rung) == (Reason.RUNG_EMPTY, 1)


def test_who_is_inactive_or_has_no_duty_is_no_help() -> None:
    always = Duty(0, EVERY_DAY, 0, DAY)
    idle = Rota([somebody(1)], {})

    for nobody in (rota((replace(somebody(1), active=False), always)), idle):
        assert gaps(home(1), [ASKS], nobody)[0].reason is Reason.RUNG_EMPTY


# ---- the same as the fleet finds ----


def test_in_every_hour_the_rota_says_what_the_fleet_finds() -> None:
    """Two ways to one answer: bits of a week, and the fleet asked at that moment."""
    dice = random.Random(7)
    for _ in range(60):
        people = [_anybody(dice, n) for n in range(1, dice.randint(2, 5))]
        duties = {each.id: (_any_duty(dice, each.id),) for each in people}
        drawn = {1: Point(118.5, 37.6)} if dice.random() < 0.5 else {}  # where the home's cell is
        fleet = Fleet(people, duties, ZONE, ground=Ground(middles=drawn))
        weeks = Rota(people, duties, drawn)
        tell = dice.choice(
            [
                nearest(1, WORKER, CLINIC),
                nearest(1, CHIEF),
                Tell(Whom.STAFF),
                Tell(Whom.STAFF, kinds=(WORKER, CHIEF)),
                Tell(Whom.NEAREST, skill="急救"),
            ]
        )
        for located in (True, False):
            there = home(located=located)
            week = weeks.covers(tell, there)
            for minute in (dice.randrange(WEEK) for _ in range(40)):
                found = fleet.candidates(there, MONDAY + timedelta(minutes=minute)).fitting(tell)
                assert bool(week >> minute & 1) == bool(list(found)), (tell, people, duties, minute, located)


def _anybody(dice: random.Random, id: int) -> Responder:
    kind = dice.choice([WORKER, CLINIC, CHIEF, ResponderKind.VOLUNTEER])
    areas = dice.sample((1, 2, 9), dice.randint(0, 2))
    skills = frozenset(dice.sample(("急救", "医生"), dice.randint(0, 1)))
    return replace(somebody(id, kind, dice.random() < 0.6, *areas), skills=skills)


def _any_duty(dice: random.Random, id: int) -> Duty:
    starts = dice.randrange(DAY)
    days = frozenset(dice.sample(range(1, 8), dice.randint(1, 4)))
    return Duty(id, days, starts, starts + dice.randint(1, DAY))


def test_the_shipped_plans_leave_no_gap_in_a_street_that_is_staffed() -> None:
    everybody = [
        (somebody(n, kind, True, 1), Duty(0, EVERY_DAY, 0, DAY)) for n, kind in enumerate(ResponderKind, 1)
    ]

    assert gaps(home(2), shipped().all, rota(*everybody)) == ()
    assert shipped().of(Kind.SOS, Severity.EMERGENCY).kinds


# ---- weeks ----


@pytest.mark.parametrize(
    "duties, expected",
    [
        ([], ()),
        ([Duty(0, EVERY_DAY, 0, DAY)], ((0, WEEK),)),
        ([Duty(0, frozenset({1}), 0, 1)], ((0, 1),)),
        ([Duty(0, frozenset({7}), 23 * 60, 25 * 60)], ((WEEK - 60, WEEK + 60),)),
        ([Duty(0, frozenset({7}), 1439, 1440)], ((WEEK - 1, WEEK),)),
        ([Duty(0, frozenset({1, 2}), 0, 60)], ((0, 60), (DAY, DAY + 60))),
        ([Duty(0, frozenset({1}), 0, 60), Duty(0, frozenset({1}), 60, 90)], ((0, 90),)),
    ],
)
def test_a_week_is_its_spans(duties: list[Duty], expected: tuple[tuple[int, int], ...]) -> None:
    assert spans(week_of(duties)) == expected


def test_what_is_left_of_a_week_and_the_week_make_the_whole() -> None:
    week = week_of([OFFICE])

    assert sum(end - start for start, end in spans(week)) == 5 * 600
    assert sum(end - start for start, end in spans(ALWAYS & ~week)) == WEEK - 5 * 600


@pytest.mark.parametrize(
    "hours, words",
    [
        ((), ""),
        (((0, WEEK),), "全周 all week"),
        (((8 * 60, 18 * 60),), "周一08:00–18:00"),
        (((8 * 60, DAY),), "周一08:00–24:00"),
        (((6 * DAY, WEEK + 60),), "周日00:00–周一01:00"),
        (tuple((d * DAY + 1080, d * DAY + 1920) for d in range(7)), "每天 daily 18:00–次日08:00"),
        (tuple((d * DAY + d, d * DAY + 60) for d in range(7)), "周一00:00–01:00、周二00:01–01:00 等7段"),
    ],
)
def test_hours_are_said_as_people_say_them(hours: tuple[tuple[int, int], ...], words: str) -> None:
    assert hours_in_words(hours, most=2) == words


def test_every_reason_has_words_and_a_remedy() -> None:
    tables: list[Mapping[Reason, tuple[str, str]]] = [REASON_WORD, REMEDY]
    for table in tables:
        assert set(table) == set(Reason)


# ---- for the mutants ----


def what_is_missing(rules: ModuleType) -> object:
    """A few homes, rotas and plans that differ in one thing each; `rules` is the module or a mutant of it."""
    elder = Resident(1, 1, "王秀英", phone="+8613900000002")
    homes = [home(contacts, located=located) for contacts in (0, 1, 2) for located in (True, False)]
    homes += [
        replace(home(2), residents=(elder,)),
        replace(home(1), contacts=(replace(home(1).contacts[0], no_texts_since=START),)),
    ]
    plans = [
        ASKS,
        TELLS,
        used(
            (0, (Tell(Whom.STAFF),)),
            (60, (nearest(1, CHIEF), relatives(1))),
            (90, (DESK,)),
        ),
        replace(ASKS, kinds=()),
    ]
    crews = [
        [],
        [(somebody(1), OFFICE)],
        [(somebody(1, WORKER, False, 1), NIGHTS), (somebody(2, CHIEF), OFFICE)],
        [(somebody(1), Duty(0, EVERY_DAY, 0, DAY))],
    ]
    found = []
    for crew in crews:
        duties = {each.id: (replace(duty, responder_id=each.id),) for each, duty in crew}
        there = rules.Rota([each for each, _ in crew], duties)
        found += [
            [
                (gap.reason.value, gap.plan, gap.rung, gap.hours)
                for gap in rules.gaps(each, [one], there, lost)
            ]
            for each in homes
            for one in plans
            for lost in (frozenset(), frozenset({1}))
        ]
    weeks = [
        rules.spans(rules.week_of([duty])) for duty in (OFFICE, NIGHTS, Duty(0, frozenset({7}), 1380, 1500))
    ]
    daily = tuple((day * DAY + 600, day * DAY + DAY) for day in range(7))
    words = [rules.hours_in_words(hours) for hours in [*weeks, (), ((0, WEEK),), ((600, DAY),), daily]]
    return found, weeks, words
