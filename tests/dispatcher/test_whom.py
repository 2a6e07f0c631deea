"""Whom a line of a rung means, and what is said when that is nobody."""

from __future__ import annotations

from dataclasses import replace

import pytest

from community.model import Position, Responder, ResponderKind
from dispatcher.escalation import next_step
from dispatcher.model import Candidate, Case, Entry, Meaning, Plan, Tell, Whom
from dispatcher.wording import SEGMENT
from tests.dispatcher.cases import (
    CLINIC,
    DESK,
    START,
    VOICE,
    WORKER,
    Listed,
    a_case,
    after,
    carried_out,
    home,
    nearest,
    plan,
    relatives,
    replied,
    whom,
)

SUPERVISOR, VOLUNTEER = ResponderKind.SUPERVISOR, ResponderKind.VOLUNTEER


def somebody(id: int, kind: ResponderKind = WORKER, areas: tuple[int, ...] = (), *skills: str) -> Responder:
    where = Position(118.5, 37.6)
    return Responder(id, kind, f"人{id}", f"+8613800000{id:03d}", where, frozenset(areas), frozenset(skills))


def there(ladder: Plan, *responders: Responder, contacts: int = 0) -> Case:
    """A case just opened, with these on duty, each 100 m further away."""
    listed = Listed(
        tuple(Candidate(each, "在岗", 100.0 * n, n) for n, each in enumerate(responders, start=1))
    )
    return replace(a_case(ladder, contacts=contacts), candidates=listed, people=listed.people)


@pytest.mark.parametrize(
    "tell, means",
    [
        (nearest(1, WORKER), [1, 2, 6]),
        (nearest(1, WORKER, CLINIC), [1, 2, 3, 6]),
        (Tell(Whom.NEAREST, skill="急救"), [2, 3]),
        (nearest(1, SUPERVISOR), [5]),
        (Tell(Whom.NEAREST, kinds=(WORKER,), skill="急救"), [2]),
        (Tell(Whom.STAFF), [2, 4, 6]),
        (Tell(Whom.STAFF, kinds=(WORKER,)), [2, 6]),
        (Tell(Whom.STAFF, skill="急救"), [2]),
        (Tell(Whom.STAFF, kinds=(SUPERVISOR,)), [5]),
    ],
)
def test_a_line_means_those_of_its_kinds_with_its_skill_and_of_the_own_cell(
    tell: Tell, means: list[int]
) -> None:
    cell, community, elsewhere = 1, 2, 9
    everybody = [
        somebody(1, WORKER, (elsewhere,)),
        somebody(2, WORKER, (cell,), "急救"),
        somebody(3, CLINIC, (), "急救", "医生"),
        somebody(4, VOLUNTEER, (community,)),
        somebody(5, SUPERVISOR, (cell,), "急救医生"),
        somebody(6, WORKER, (cell, elsewhere)),
    ]

    assert [each.id for each in everybody if tell.fits(each, home())] == means


def test_a_grid_without_communities_has_staff_too() -> None:
    flat = replace(home(), community=None)

    assert Tell(Whom.STAFF).fits(somebody(1, areas=(1,)), flat)
    assert not Tell(Whom.STAFF).fits(somebody(1, areas=(2,)), flat)


def test_own_staff_are_asked_before_a_stranger_who_is_nearer() -> None:
    ladder = plan((0, (Tell(Whom.STAFF), DESK)))
    stranger, own = somebody(1), somebody(2, areas=(1,))

    assert whom(next_step(there(ladder, stranger, own), START, VOICE)) == ["responder:2"]


def test_when_own_staff_let_it_pass_the_next_of_them_is_asked_and_no_stranger() -> None:
    ladder = plan((0, (Tell(Whom.STAFF), DESK)), repeat_s=600, offer_s=30)
    case = there(ladder, somebody(1), somebody(2, areas=(1,)), somebody(3, areas=(2,)))
    case = carried_out(case, next_step(case, START, VOICE), START)

    step = next_step(case, after(30), VOICE)

    assert (step.expired, whom(step)) == ((1,), ["responder:3"])


def test_a_supervisor_is_asked_to_see_to_it_in_one_text() -> None:
    ladder = plan((0, (nearest(1, SUPERVISOR), DESK)))

    [ask] = next_step(there(ladder, somebody(1, SUPERVISOR)), START, VOICE).asks

    assert "请督办" in ask.draft.body
    assert "请安排人前往" in ask.draft.body
    assert len(ask.draft.body) <= SEGMENT


# ---- nobody ----

FIRST_AID = Tell(Whom.NEAREST, skill="急救")
OWN = Tell(Whom.STAFF, kinds=(WORKER,))


@pytest.mark.parametrize(
    "tell, case, why",
    [
        (relatives(1), there(plan((0, (relatives(1),)), (9, (DESK,)))), "没有登记联系人"),
        (nearest(1), there(plan((0, (nearest(1),)), (9, (DESK,)))), "没有在岗的网格员"),
        (FIRST_AID, there(plan((0, (FIRST_AID,)), (9, (DESK,))), somebody(1)), "没有在岗的工作人员(急救)"),
        (OWN, there(plan((0, (OWN,)), (9, (DESK,))), somebody(1)), "没有在岗的本网格网格员"),
    ],
    ids=["no contact", "nobody on duty", "nobody with the skill", "nobody of the own cell"],
)
def test_an_empty_rung_is_skipped_at_once_and_says_why(tell: Tell, case: Case, why: str) -> None:
    step = next_step(case, START, VOICE)

    skipped = step.facts[0]
    assert skipped.entry is Entry.SKIPPED
    assert why in skipped.text
    [said] = skipped.detail["nobody"]  # type: ignore[misc]
    assert why in said
    assert step.rung == 2, f"{tell} holds the next rung up"


def test_a_rung_that_names_nobody_says_so() -> None:
    step = next_step(there(plan((0, ()), (9, (DESK,)))), START, VOICE)

    assert "没有写通知谁" in step.facts[0].text


def test_the_part_of_a_rung_that_found_nobody_is_told_beside_those_who_were_told() -> None:
    ladder = plan((0, (relatives(1), nearest(1, CLINIC))), (60, (DESK,)))

    step = next_step(there(ladder, contacts=1), START, VOICE)

    [fired] = [fact for fact in step.facts if fact.entry is Entry.RUNG]
    assert fired.detail == {"rung": 1, "nobody": ["没有在岗的卫生服务中心 nobody of them is on duty"]}


def test_people_who_are_used_up_are_not_called_missing() -> None:
    ladder = plan(
        (0, (relatives(1), nearest(1))), (60, (relatives(1), nearest(1))), (90, (DESK,)), offer_s=600
    )
    case = there(ladder, somebody(1), contacts=1)
    case = carried_out(case, next_step(case, START, VOICE), START)

    step = next_step(case, after(60), VOICE)

    told, asked = step.facts[0].detail["nobody"]  # type: ignore[misc]
    assert "联系人都已通知" in told
    assert "都已问过" in asked


def test_nobody_else_is_told_while_a_relative_says_to_be_coming() -> None:
    ladder = plan((0, (relatives(1),)), (60, (relatives(1),)), (90, (DESK,)))
    case = there(ladder, contacts=2)
    case = replied(carried_out(case, next_step(case, START, VOICE), START), 1, Meaning.COMING, after(5))

    step = next_step(case, after(60), VOICE)

    assert "已有家属说能赶到" in step.facts[0].text


def test_a_device_of_no_household_has_nobody_and_the_desk_is_told_why() -> None:
    ladder = plan((0, (relatives(1), nearest(1))), (60, (DESK,)))
    case = replace(there(ladder), home=None)

    step = next_step(case, START, VOICE)

    assert "设备没有登记住户" in step.facts[0].text
    assert Entry.DESK in [fact.entry for fact in step.facts]
