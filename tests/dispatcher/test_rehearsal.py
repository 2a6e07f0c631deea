"""A plan is tried before it is needed, and what is shown is what would happen."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from community.model import ResponderKind
from community.storage import Store, register
from devices.signal import Kind
from dispatcher.fleet import Fleet
from dispatcher.model import Candidates, Plan, Severity
from dispatcher.plans import shipped
from dispatcher.rehearsal import RehearsedRung, rehearse
from dispatcher.wording import Voice
from tests.dispatcher.cases import (
    CLINIC,
    DESK,
    START,
    VOICE,
    WORKER,
    after,
    candidates,
    home,
    nearest,
    plan,
    relatives,
)
from tests.town import Town

EMERGENCY = shipped().of(Kind.SOS, Severity.EMERGENCY)


def tried(ladder: Plan, contacts: int = 0, workers: int = 0, clinics: int = 0) -> tuple[RehearsedRung, ...]:
    def there(_now: datetime) -> Candidates:
        return candidates(workers, clinics)

    return rehearse(ladder, home(contacts), Kind.SOS, Severity.EMERGENCY, START, there, VOICE)


def who(rung: RehearsedRung) -> list[str]:
    return [reached.who for reached in rung.reached]


def test_each_rung_has_its_moment_its_people_and_their_reason() -> None:
    ladder = plan((0, (relatives(1), nearest(1))), (60, (DESK, relatives(0))), offer_s=600)

    first, second = tried(ladder, contacts=3, workers=2)

    assert (first.number, first.after_s, who(first)) == (1, 0, ["contact:1", "responder:1"])
    assert (first.reached[1].why, first.reached[1].distance_m) == ("最近", 100.0)
    assert (first.rings_desk, first.skipped, first.nobody) == (False, False, ())
    assert (second.after_s, who(second), second.rings_desk) == (60, ["contact:2", "contact:3"], True)


def test_who_is_asked_because_the_first_let_it_pass_stands_on_the_rung_with_the_later_moment() -> None:
    ladder = plan((0, (nearest(1),)), (60, (DESK,)), offer_s=20)

    first, _ = tried(ladder, workers=3)

    assert [(reached.after_s, reached.who) for reached in first.reached] == [
        (0, "responder:1"),
        (20, "responder:2"),
        (40, "responder:3"),
    ]


def test_an_empty_rung_is_skipped_with_the_reason_and_the_next_comes_at_once() -> None:
    ladder = plan((0, (relatives(1), nearest(1, CLINIC))), (60, (nearest(1),)), (90, (DESK,)))

    first, second, third = tried(ladder, workers=1)

    assert (first.skipped, first.after_s, first.reached) == (True, 0, ())
    assert [reason[:6] for reason in first.nobody] == ["没有登记联系", "没有在岗的卫"]
    assert (second.skipped, second.after_s, who(second)) == (False, 0, ["responder:1"])
    assert third.after_s == 90


def test_whoever_comes_on_duty_meanwhile_is_asked_on_the_later_rung() -> None:
    ladder = plan((0, (nearest(1), DESK)), (600, (nearest(1), DESK)))

    def there(now: datetime) -> Candidates:
        return candidates(1 if now >= after(300) else 0)

    first, second = rehearse(ladder, home(), Kind.SOS, Severity.EMERGENCY, START, there, VOICE)

    assert first.nobody == ("没有在岗的网格员 nobody of them is on duty",)
    assert (who(second), second.nobody) == (["responder:1"], ())


@pytest.mark.parametrize(
    "ladder",
    [ladder for ladder in shipped().all if ladder not in shipped().for_areas],
    ids=lambda ladder: ladder.name,
)
def test_every_shipped_plan_can_be_tried_to_its_end(ladder: Plan) -> None:
    rungs = tried(ladder, contacts=3, workers=9, clinics=2)

    assert [rung.number for rung in rungs] == list(range(1, len(ladder.rungs) + 1))
    assert not any(rung.skipped for rung in rungs)


def test_a_plan_that_waits_for_hours_is_tried_to_its_end() -> None:
    rungs = tried(plan((0, (DESK,)), (40_000, (DESK,))))

    assert [rung.after_s for rung in rungs] == [0, 40_000]


def test_what_is_rehearsed_is_what_then_happens(town: Town, store: Store) -> None:
    """The same evening twice: first tried, then for real with nobody answering."""
    home_id = town.resident("王秀英", contacts=("女儿", "儿子", "邻居", "侄子"))
    for number in range(1, 8):
        town.responder(f"网格员{number}", metres=90 * number)
    town.responder("卫生站", metres=700, kind=CLINIC)
    town.responder("值班长", metres=5000, kind=ResponderKind.SUPERVISOR)
    town.responder("只在白天", metres=10, kind=WORKER, duty=(0, 14 * 60 + 6))  # it is 14:05
    with store.read() as connection:
        there = register.household_by_id(connection, home_id)
        site = register.site(connection)
        fleet = Fleet(register.responders(connection), register.duties(connection), Voice.of(site).zone)

    rungs = rehearse(
        EMERGENCY,
        there,
        Kind.SOS,
        Severity.EMERGENCY,
        town.time,
        lambda now: fleet.candidates(there, now),
        Voice.of(site),
    )

    pressed_at = town.time
    town.press("王秀英")
    town.pass_time(seconds=EMERGENCY.rungs[-1].after_s)
    said = sorted((m.created_at - pressed_at, m.to.who) for m in town.detail("王秀英").messages)
    assert sorted((timedelta(seconds=r.after_s), r.who) for rung in rungs for r in rung.reached) == said
    assert len(said) > 12
    assert {r.name for r in rungs[-1].reached} >= {"值班长"}
