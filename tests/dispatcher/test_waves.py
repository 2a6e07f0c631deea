"""Who is enough for whom, and whose yes comes too late: the rule of the waves, case by case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from community.model import Responder, ResponderKind
from dispatcher.model import Offer, OfferState, Plan, Tell, Whom
from dispatcher.waves import Waves, late_at, suffices
from tests.dispatcher.cases import CLINIC, DESK, START, WORKER, after, home, nearest, plan

VOLUNTEER, COMMUNITY = ResponderKind.VOLUNTEER, ResponderKind.COMMUNITY_WORKER
LADDER = plan(
    (0, (nearest(2, WORKER, COMMUNITY), nearest(1, CLINIC))),
    (60, (DESK, nearest(2, WORKER, COMMUNITY, VOLUNTEER))),
    arrive_grace_s=300,
)
PEOPLE = {
    id: Responder(id, kind, f"人{id}", "1", None)
    for id, kind in {1: WORKER, 2: COMMUNITY, 3: CLINIC, 4: VOLUNTEER, 5: WORKER}.items()
}
WAVES = Waves(LADDER, home(), PEOPLE)


def of_kind(kind: ResponderKind) -> Responder:
    return Responder(1, kind, "人", "1", None)


def offer(responder: int, state: OfferState, eta_s: float | None = None) -> Offer:
    eta_at = after(eta_s) if eta_s is not None else None
    return Offer(10 + responder, 7, responder, state, "", START, after(60), 100.0, eta_at, START)


@pytest.mark.parametrize(
    "comes, other, enough",
    [
        (WORKER, WORKER, True),
        (WORKER, COMMUNITY, True),
        (WORKER, VOLUNTEER, True),
        (WORKER, CLINIC, False),
        (CLINIC, WORKER, False),
        (CLINIC, CLINIC, True),
        (VOLUNTEER, WORKER, False),  # the first rung wants a worker and takes no volunteer instead
        (VOLUNTEER, VOLUNTEER, True),
        (ResponderKind.CONNECTOR, ResponderKind.CONNECTOR, True),  # by hand: the plan asks none
        (WORKER, ResponderKind.CONNECTOR, False),
    ],
)
def test_who_is_enough_for_whom(comes: ResponderKind, other: ResponderKind, enough: bool) -> None:
    assert suffices(LADDER, home(), of_kind(comes), of_kind(other)) is enough


def test_one_tell_that_names_both_kinds_wants_either() -> None:
    either = plan((0, (nearest(2, WORKER, CLINIC), DESK)))

    assert suffices(either, home(), of_kind(WORKER), of_kind(CLINIC))
    assert suffices(either, home(), of_kind(CLINIC), of_kind(WORKER))


def test_who_has_no_first_aid_is_not_enough_for_a_wave_that_asks_for_it() -> None:
    aid = plan((0, (Tell(Whom.NEAREST, 1, (WORKER,), "急救"), DESK)))
    trained, untrained = replace(of_kind(WORKER), skills=frozenset({"急救"})), of_kind(WORKER)

    assert not suffices(aid, home(), untrained, trained)
    assert suffices(aid, home(), trained, trained)


def test_a_stranger_is_not_enough_for_the_cells_own_staff() -> None:
    own = plan((0, (Tell(Whom.STAFF), nearest(1), DESK)))
    staff, stranger = replace(of_kind(WORKER), cells=frozenset({1})), of_kind(WORKER)

    assert not suffices(own, home(), stranger, staff)
    assert suffices(own, home(), staff, stranger)


def test_who_has_not_answered_yet_is_overtaken_and_nobody_else() -> None:
    first = offer(1, OfferState.ACCEPTED)
    asked, clinic = offer(2, OfferState.ASKED), offer(3, OfferState.ASKED)
    known = (first, asked, clinic, offer(4, OfferState.EXPIRED), offer(5, OfferState.ON_THE_WAY))

    assert WAVES.overtaken(first, known) == (asked,)


@pytest.mark.parametrize("late", [OfferState.EXPIRED, OfferState.DECLINED, OfferState.WITHDRAWN])
def test_a_yes_that_comes_after_anothers_is_not_needed(late: OfferState) -> None:
    first, mine = offer(1, OfferState.ON_THE_WAY, eta_s=120), offer(2, late)

    assert WAVES.covered_by(mine, (first, mine), START) == first


@pytest.mark.parametrize("state", list(OfferState))
def test_whether_another_covers_is_told_by_the_state_of_his_offer(state: OfferState) -> None:
    first, mine = offer(1, state, eta_s=120), offer(2, OfferState.EXPIRED)
    coming = state in (OfferState.ACCEPTED, OfferState.ON_THE_WAY, OfferState.ARRIVED)

    assert (WAVES.covered_by(mine, (first, mine), START) is not None) is coming


@pytest.mark.parametrize("seconds, welcome", [(419.999999, False), (420, True)])
def test_when_the_first_is_late_the_next_yes_is_welcome(seconds: float, welcome: bool) -> None:
    first, mine = offer(1, OfferState.ACCEPTED, eta_s=120), offer(2, OfferState.EXPIRED)

    assert (WAVES.covered_by(mine, (first, mine), after(seconds)) is None) is welcome


def test_one_who_is_there_is_never_late() -> None:
    first, mine = offer(1, OfferState.ARRIVED, eta_s=120), offer(2, OfferState.EXPIRED)

    assert WAVES.covered_by(mine, (first, mine), after(9000)) == first


def test_one_who_is_being_asked_is_always_welcome() -> None:
    """The operator sends a second one, or the case has grown worse: she was asked after the first yes."""
    first, mine = offer(1, OfferState.ACCEPTED, eta_s=120), offer(2, OfferState.ASKED)

    assert WAVES.covered_by(mine, (first, mine), START) is None


def test_nobody_stands_in_his_own_way() -> None:
    """He accepted on a second request; his first one, which had expired, does not refuse him."""
    mine = offer(1, OfferState.EXPIRED)
    again = replace(mine, id=99, state=OfferState.ACCEPTED, eta_at=after(120))

    assert WAVES.covered_by(mine, (mine, again), START) is None


def test_a_clinic_is_not_refused_because_a_worker_comes() -> None:
    first, mine = offer(1, OfferState.ACCEPTED, eta_s=120), offer(3, OfferState.EXPIRED)

    assert WAVES.covered_by(mine, (first, mine), START) is None


def test_without_an_eta_the_grace_counts_from_the_answer_or_the_question() -> None:
    unknown = offer(1, OfferState.ACCEPTED)
    ladder: Plan = replace(LADDER, arrive_grace_s=200)

    assert late_at(ladder, replace(unknown, changed_at=after(50))) == after(250)
    assert late_at(ladder, replace(unknown, changed_at=None)) == after(200)
