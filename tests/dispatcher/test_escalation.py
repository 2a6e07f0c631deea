"""The ladder, rung by rung, to the second."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from devices.signal import Kind
from dispatcher.escalation import ahead, is_past, next_step, rung_at, stage_of
from dispatcher.model import (
    LOOK_AT_LEAST,
    Case,
    Entry,
    Lane,
    Meaning,
    Offer,
    OfferState,
    Purpose,
    Severity,
    Stage,
    Step,
)
from tests.dispatcher.cases import (
    CLINIC,
    DESK,
    START,
    VOICE,
    WORKER,
    Listed,
    a_case,
    after,
    answered,
    candidates,
    carried_out,
    cried,
    due_at_once,
    nearest,
    plan,
    relatives,
    replied,
    unreachable,
    whom,
)

LADDER = plan(
    (0, (relatives(1), nearest(1))),
    (60, (relatives(0),)),
    (180, (DESK, relatives(0), nearest(2))),
    repeat_s=100,
    offer_s=30,
    arrive_grace_s=300,
    check_in_s=1200,
)
QUIET = plan((0, (relatives(1), DESK)), (60, (relatives(1), DESK)), repeat_s=100)


def look(case: Case, seconds: float) -> tuple[Step, Case]:
    """The engine looks `seconds` after the press."""
    step = next_step(case, after(seconds), VOICE)
    return step, carried_out(case, step, after(seconds))


def entries(step: Step) -> list[Entry]:
    return [fact.entry for fact in step.facts]


# ---- when ----


def test_the_first_rung_fires_at_the_very_moment_of_opening() -> None:
    step, _ = look(a_case(QUIET, contacts=3), 0)

    assert whom(step) == ["contact:1"]
    assert step.rung == 1
    assert step.due_at == after(60)


@pytest.mark.parametrize("seconds, fires", [(59.999999, False), (60, True), (60.000001, True)])
def test_a_rung_fires_exactly_when_it_is_due_and_not_before(seconds: float, fires: bool) -> None:
    _, case = look(a_case(QUIET, contacts=3), 0)

    step, _ = look(case, seconds)

    assert (whom(step) == ["contact:2"]) is fires
    assert step.rung == (2 if fires else 1)


@pytest.mark.parametrize("seconds, expires", [(29.999999, False), (30, True)])
def test_a_request_expires_exactly_when_its_time_is_over(seconds: float, expires: bool) -> None:
    ladder = plan((0, (nearest(1),)), (600, (DESK,)), offer_s=30)
    step, case = look(a_case(ladder, workers=2), 0)
    assert step.due_at == after(30)

    step, _ = look(case, seconds)

    assert step.expired == ((1,) if expires else ())
    assert whom(step) == (["responder:2"] if expires else [])


@pytest.mark.parametrize("seconds, late", [(899.999999, False), (900, True)])
def test_somebody_on_the_way_is_waited_for_until_the_eta_and_the_grace(seconds: float, late: bool) -> None:
    ladder = plan((0, (nearest(1),)), (5000, (DESK,)), arrive_grace_s=300)
    _, case = look(a_case(ladder, workers=2), 0)
    case = answered(case, 1, OfferState.ACCEPTED, after(10), eta_s=590)
    step, case = look(case, 10)
    assert step.due_at == after(900)

    step, _ = look(case, seconds)

    assert whom(step) == (["responder:2"] if late else [])
    assert ("过了预计时间还未到达" in "".join(f.text for f in step.facts)) is late


def test_without_an_eta_the_grace_counts_from_the_acceptance() -> None:
    _, case = look(a_case(LADDER, workers=2), 0)
    case = answered(case, 1, OfferState.ON_THE_WAY, after(20))

    step, _ = look(case, 20)

    assert step.due_at == after(320)


def test_that_somebody_is_late_is_said_once() -> None:
    ladder = plan((0, (nearest(1),)), (5000, (DESK,)), arrive_grace_s=300, offer_s=60)
    _, case = look(a_case(ladder, workers=3), 0)
    case = answered(case, 1, OfferState.ACCEPTED, after(10), eta_s=90)
    _, case = look(case, 10)
    first, case = look(case, 400)
    second, _ = look(case, 460)

    assert Entry.OFFER in entries(first)
    assert Entry.OFFER not in entries(second)


def test_the_last_rung_repeats_and_tells_the_same_people_again() -> None:
    case = a_case(QUIET, contacts=2)
    told = []
    for seconds in (0, 60, 160, 260, 360):
        step, case = look(case, seconds)
        told.append(whom(step))
        assert step.due_at == after(60 if seconds == 0 else seconds + 100)

    assert told == [["contact:1"], ["contact:2"], ["contact:1"], ["contact:1"], ["contact:1"]]


@pytest.mark.parametrize("fired, seconds", [(0, 0), (1, 60), (2, 180), (3, 280), (4, 380), (13, 1280)])
def test_when_a_rung_is_due(fired: int, seconds: int) -> None:
    assert rung_at(LADDER, START, fired) == after(seconds)


def test_what_comes_next_is_said_up_to_the_repeat_of_the_last_rung() -> None:
    _, case = look(a_case(LADDER, contacts=3), 0)

    coming = ahead(LADDER, case.incident)
    assert [(rung.number, rung.at, rung.repeat_s) for rung in coming] == [
        (2, after(60), 0),
        (3, after(180), 0),
        (3, after(280), 100),
    ]
    assert coming[0].tell == (relatives(0),)

    late = replace(case.incident, rung=case.incident.rung + 6)
    [again] = ahead(LADDER, late)
    assert (again.number, again.at) == (3, after(680))


# ---- catching up ----


def test_after_an_outage_everybody_is_told_once_however_many_rungs_were_missed() -> None:
    case = a_case(LADDER, contacts=3, workers=9)
    step, case = look(case, 0)
    assert whom(step) == ["contact:1", "responder:1"]

    step, case = look(case, 100_000)

    assert len(whom(step)) == len(set(whom(step)))
    assert {"contact:1", "contact:2", "contact:3"} <= set(whom(step))
    assert entries(step).count(Entry.RUNG) == 3  # the two that were missed, and one repeat for all the rest
    assert after(100_000) < step.due_at <= after(100_100)
    assert look(case, 100_000.5)[0].texts == ()


def test_a_case_that_nobody_saw_for_a_day_tells_everybody_once() -> None:
    step, _ = look(a_case(LADDER, contacts=3, workers=3), 86_400)

    assert sorted(whom(step)) == sorted({*whom(step)})
    assert {"contact:1", "contact:2", "contact:3"} <= set(whom(step))


def test_catching_up_keeps_to_the_times_of_the_ladder() -> None:
    _, case = look(a_case(QUIET, contacts=1), 0)

    step, _ = look(case, 60 + 3 * 100 + 40)

    assert step.due_at == after(60 + 4 * 100)


# ---- whom ----


def test_a_rung_that_finds_nobody_is_said_to_and_the_next_follows_at_once() -> None:
    step, _ = look(a_case(LADDER, contacts=0, workers=0), 0)

    assert entries(step) == [Entry.SKIPPED, Entry.SKIPPED, Entry.DESK, Entry.RUNG]
    assert [fact.text[:3] for fact in step.facts if fact.entry is Entry.SKIPPED] == ["第1级", "第2级"]
    assert "rung 1 found nobody" in step.facts[0].text
    assert step.rung == 3
    assert step.due_at == after(280)


def test_a_plan_that_finds_nobody_at_all_still_has_a_next_time() -> None:
    nobody = plan((0, (relatives(1),)), (60, (relatives(0), DESK)), repeat_s=100)
    only_relatives = replace(nobody, rungs=nobody.rungs)
    step, case = look(a_case(only_relatives), 0)
    assert step.due_at == after(160)

    step, _ = look(case, 160)
    assert Entry.DESK in entries(step)
    assert step.due_at == after(260)


def test_relatives_are_told_in_their_order_and_the_rest_on_a_rung_for_all() -> None:
    step, case = look(a_case(LADDER, contacts=3), 0)
    assert whom(step) == ["contact:1"]

    step, _ = look(case, 60)

    assert whom(step) == ["contact:2", "contact:3"]


def test_the_desk_alone_is_rung_where_the_plan_says_the_desk_alone() -> None:
    ladder = plan((0, (DESK,)), (60, (DESK, relatives(1))))
    first, case = look(a_case(ladder, contacts=2), 0)
    second, _ = look(due_at_once(case, after(5)), 5)

    assert whom(first) == whom(second) == []


def test_a_relative_without_a_phone_is_passed_over() -> None:
    case = a_case(QUIET, contacts=2)
    assert case.home is not None
    silent = replace(case.home.contacts[0], phone="")
    case = replace(case, home=replace(case.home, contacts=(silent, case.home.contacts[1])))

    assert whom(look(case, 0)[0]) == ["contact:2"]


def test_two_contacts_with_one_phone_get_one_text() -> None:
    case = a_case(plan((0, (relatives(0), DESK))), contacts=3)
    assert case.home is not None
    first, second, third = case.home.contacts
    same = replace(second, phone=first.phone)
    case = replace(case, home=replace(case.home, contacts=(first, same, third)))

    assert whom(look(case, 0)[0]) == ["contact:1", "contact:3"]


def test_a_home_that_is_not_known_rings_the_desk() -> None:
    case = replace(a_case(LADDER), home=None)

    step, _ = look(case, 0)

    assert whom(step) == []
    assert Entry.DESK in entries(step)


def test_a_relative_who_comes_leaves_the_others_in_peace() -> None:
    _, case = look(a_case(LADDER, contacts=3), 0)
    case = replied(case, 1, Meaning.COMING, after(30))

    step, _ = look(case, 180)

    assert whom(step) == []
    assert Entry.DESK in entries(step)


@pytest.mark.parametrize("seconds, over", [(929.999999, False), (930, True)])
def test_a_relative_who_says_she_comes_is_not_waited_for_for_ever(seconds: float, over: bool) -> None:
    ladder = plan((0, (relatives(1),)), (60, (relatives(0),)), (5000, (DESK,)), relative_s=900)
    _, case = look(a_case(ladder, contacts=3), 0)
    case = replied(case, 1, Meaning.COMING, after(30))
    step, case = look(case, 30)
    assert step.due_at == after(60)
    step, case = look(case, 60)
    assert whom(step) == []
    assert step.due_at == after(930)

    step, _ = look(case, seconds)

    assert whom(step) == (["contact:2", "contact:3"] if over else [])
    assert ("家属说能赶到,15分钟没有消息" in "".join(f.text for f in step.facts)) is over


def test_a_relative_who_is_there_is_not_called_late() -> None:
    _, case = look(a_case(LADDER, contacts=3), 0)
    case = replied(case, 1, Meaning.COMING, after(30))
    _, case = look(case, 30)
    case = replied(case, 1, Meaning.ARRIVED, after(600))

    assert whom(look(case, 1000)[0]) == []


def test_a_relative_is_replaced_by_one_more_and_not_by_all_when_the_plan_wants_one() -> None:
    ladder = plan((0, (relatives(1),)), (5000, (DESK,)), relative_s=900)
    _, case = look(a_case(ladder, contacts=3), 0)
    case = replied(case, 1, Meaning.COMING, after(30))
    _, case = look(case, 30)

    assert whom(look(case, 930)[0]) == ["contact:2"]


def test_a_yes_written_by_a_clock_that_was_ahead_keeps_nobody_in_peace() -> None:
    _, case = look(a_case(LADDER, contacts=3), 0)
    case = replied(case, 1, Meaning.COMING, after(30))
    case = replace(case, told=tuple(replace(t, answered_at=after(86_400)) for t in case.told))

    assert whom(look(case, 30)[0]) == ["contact:2"]


@pytest.mark.parametrize("no", [Meaning.CANNOT, Meaning.STOP])
def test_a_relative_who_cannot_come_is_replaced_at_once_by_the_next(no: Meaning) -> None:
    _, case = look(a_case(LADDER, contacts=3), 0)
    case = replied(case, 1, no, after(10))

    step, _ = look(case, 10)

    assert whom(step) == ["contact:2"]


@pytest.mark.parametrize("unclear", [Meaning.UNCLEAR, Meaning.FALSE_ALARM, Meaning.ARRIVED, Meaning.DONE])
def test_any_other_answer_of_a_relative_moves_nobody(unclear: Meaning) -> None:
    _, case = look(a_case(LADDER, contacts=3), 0)
    case = replied(case, 1, unclear, after(10))

    assert whom(look(case, 10)[0]) == []


def test_a_relative_who_cannot_be_reached_is_replaced_at_once() -> None:
    _, case = look(a_case(LADDER, contacts=3), 0)

    step, _ = look(unreachable(case, "contact:1", after(5)), 5)

    assert whom(step) == ["contact:2"]


def test_a_phone_that_was_off_is_tried_again_when_the_last_rung_repeats() -> None:
    _, case = look(a_case(QUIET, contacts=1), 0)
    _, case = look(unreachable(case, "contact:1", after(5)), 5)
    _, case = look(case, 60)

    step, case = look(case, 160)
    assert whom(step) == ["contact:1"]
    step, case = look(unreachable(case, "contact:1", after(165)), 165)
    assert whom(step) == []  # once for each repeat


def test_a_worker_who_cannot_be_reached_is_replaced_at_once() -> None:
    _, case = look(a_case(LADDER, workers=2), 0)

    step, _ = look(unreachable(case, "responder:1", after(5)), 5)

    assert whom(step) == ["responder:2"]


@pytest.mark.parametrize(
    "no, seconds",
    [(OfferState.DECLINED, 10), (OfferState.EXPIRED, 10)],
)
def test_a_worker_who_does_not_come_is_replaced_by_the_next_nearest(no: OfferState, seconds: int) -> None:
    _, case = look(a_case(LADDER, workers=3), 0)
    case = answered(case, 1, no, after(seconds))

    step, case = look(case, seconds)
    assert whom(step) == ["responder:2"]
    assert step.due_at == after(seconds + 30)
    assert whom(look(case, seconds + 1)[0]) == []


def test_a_clinic_does_not_stand_in_for_a_worker() -> None:
    ladder = plan((0, (nearest(1, WORKER), nearest(1, CLINIC))), (600, (DESK,)))
    step, case = look(a_case(ladder, workers=1, clinics=2), 0)
    assert whom(step) == ["responder:1", "responder:2"]

    step, _ = look(answered(case, 1, OfferState.DECLINED, after(5)), 5)

    assert whom(step) == []


def test_who_declined_is_not_asked_again_but_who_slept_is_when_the_last_rung_repeats() -> None:
    ladder = plan((0, (nearest(2), DESK)), repeat_s=100, offer_s=30)
    _, case = look(a_case(ladder, workers=2), 0)
    _, case = look(answered(case, 1, OfferState.DECLINED, after(5)), 5)
    _, case = look(case, 30)

    step, _ = look(case, 100)

    assert whom(step) == ["responder:2"]


def test_nobody_is_asked_while_somebody_is_on_the_way() -> None:
    _, case = look(a_case(LADDER, contacts=3, workers=5), 0)
    case = answered(case, 1, OfferState.ACCEPTED, after(10), eta_s=600)
    _, case = look(case, 10)

    for seconds in (60, 180, 280, 909):
        step, case = look(case, seconds)
        assert whom(step) == []


def test_one_who_is_late_does_not_matter_while_another_is_on_the_way() -> None:
    ladder = plan((0, (nearest(2),)), (2000, (DESK,)), arrive_grace_s=300)
    _, case = look(a_case(ladder, workers=4), 0)
    case = answered(case, 1, OfferState.ACCEPTED, after(10), eta_s=60)
    case = answered(case, 2, OfferState.ACCEPTED, after(10), eta_s=600)
    _, case = look(case, 10)

    step, _ = look(case, 370)

    assert whom(step) == []
    assert step.due_at == after(910)


def test_a_plan_that_has_just_begun_speaks_even_when_somebody_is_on_the_way() -> None:
    _, case = look(a_case(LADDER, contacts=2, workers=3), 0)
    case = answered(case, 1, OfferState.ACCEPTED, after(10), eta_s=600)
    _, case = look(case, 10)
    fire = replace(case.incident, ladder_rung=case.incident.rung, ladder_at=after(50), due_at=after(50))

    step, case = look(replace(case, incident=fire), 50)
    assert whom(step) == ["contact:1", "responder:2"]
    assert step.rung == 2
    assert whom(look(case, 110)[0]) == []  # and is quiet again


@pytest.mark.parametrize("said", [Meaning.COMING, Meaning.CANNOT])
def test_an_answer_to_the_press_does_not_hide_the_fire(said: Meaning) -> None:
    _, case = look(a_case(LADDER, contacts=1), 0)
    case = replied(case, 1, said, after(10))
    _, case = look(case, 10)
    fire = replace(case.incident, ladder_rung=case.incident.rung, ladder_at=after(50), due_at=after(50))

    assert whom(look(replace(case, incident=fire), 50)[0]) == ["contact:1"]


@pytest.mark.parametrize("no", [OfferState.DECLINED, OfferState.EXPIRED])
def test_a_worker_who_did_not_come_for_a_leak_is_asked_when_it_burns(no: OfferState) -> None:
    _, case = look(a_case(LADDER, workers=1), 0)
    case = answered(case, 1, no, after(10))
    _, case = look(case, 10)
    fire = replace(case.incident, ladder_rung=case.incident.rung, ladder_at=after(50), due_at=after(50))

    step, case = look(replace(case, incident=fire), 50)
    assert whom(step) == ["responder:1"]
    _, case = look(answered(case, 1, OfferState.DECLINED, after(60)), 60)
    assert whom(look(case, 50 + 60)[0]) == [], "who said no to the fire is not asked again"


def test_who_wants_no_texts_gets_none_also_when_it_burns() -> None:
    _, case = look(a_case(LADDER, contacts=1), 0)
    case = replied(case, 1, Meaning.STOP, after(10))
    _, case = look(case, 10)
    fire = replace(case.incident, ladder_rung=case.incident.rung, ladder_at=after(50), due_at=after(50))

    assert whom(look(replace(case, incident=fire), 50)[0]) == []


def coming(workers: int = 3, contacts: int = 2) -> Case:
    """One worker is on the way, and will be for ten minutes."""
    _, case = look(a_case(LADDER, contacts=contacts, workers=workers), 0)
    case = answered(case, 1, OfferState.ACCEPTED, after(10), eta_s=600)
    return look(case, 10)[1]


def test_a_second_fall_is_told_to_whoever_is_on_the_way_and_to_the_relatives() -> None:
    step, case = look(cried(coming(), Kind.SOS, after(200)), 200)

    assert [(text.purpose, text.to.who) for text in step.texts] == [
        (Purpose.NEWS, "responder:1"),
        (Purpose.NEWS, "contact:1"),
    ]
    assert step.asks == ()
    assert "14:08又有紧急呼叫" in step.texts[0].body
    assert "14:08又有紧急呼叫,网格员人1正在赶去" in step.texts[1].body
    assert look(case, 201)[0].texts == ()


def test_who_presses_again_at_once_disturbs_nobody() -> None:
    step, _ = look(cried(coming(), Kind.SOS, after(60)), 60)

    assert step.texts == ()


def test_who_wants_no_texts_and_who_cannot_be_reached_is_left_out_of_the_news() -> None:
    _, case = look(a_case(plan((0, (relatives(0), nearest(1), DESK))), contacts=3, workers=1), 0)
    case = answered(case, 1, OfferState.ACCEPTED, after(10), eta_s=600)
    case = unreachable(replied(case, 1, Meaning.STOP, after(10)), "contact:2", after(10))

    step, _ = look(cried(case, Kind.SOS, after(200)), 200)

    assert [text.to.who for text in step.texts] == ["responder:1", "contact:3"]


def test_one_who_accepts_after_the_fire_was_asked_before_it_and_hears_of_it() -> None:
    _, case = look(a_case(LADDER, contacts=1, workers=1), 0)
    _, case = look(cried(case, Kind.SMOKE, after(5)), 5)
    case = answered(case, 1, OfferState.ACCEPTED, after(20), eta_s=600)

    step, _ = look(case, 20)

    assert "又有烟雾报警。进门前请注意安全" in step.texts[0].body


def test_the_desk_is_told_when_there_is_more_trouble_where_somebody_is() -> None:
    step, case = look(cried(arrived(), Kind.SOS, after(500)), 500)

    assert (step.texts, entries(step)) == ((), [Entry.NEWS])
    assert "请联系现场" in step.facts[0].text
    assert entries(look(case, 501)[0]) == []


def test_a_cry_after_everybody_has_gone_begins_the_ladder_again() -> None:
    _, case = look(answered(arrived(), 1, OfferState.DONE, after(700)), 700)

    step, case = look(cried(case, Kind.FALL, after(900)), 900)

    assert whom(step) == ["contact:1", "responder:1"]
    assert (step.kind, step.ladder_rung, step.ladder_at) == (Kind.FALL, 1, after(900))
    assert case.incident.stage is Stage.RAISED
    assert "可能跌倒了" in step.texts[0].body
    assert look(case, 960)[0].rung == step.rung + 1  # and it goes on


def test_a_cry_after_one_has_gone_does_not_begin_again_while_another_is_on_the_way() -> None:
    ladder = plan((0, (nearest(1), nearest(1, CLINIC))), (5000, (DESK,)))
    _, case = look(a_case(ladder, workers=2, clinics=1), 0)
    case = answered(case, 3, OfferState.ACCEPTED, after(10), eta_s=900)
    case = answered(case, 1, OfferState.DONE, after(300))

    step, _ = look(cried(case, Kind.SOS, after(500)), 500)

    assert step.asks == ()
    assert [text.to.who for text in step.texts] == ["responder:3"]


@pytest.mark.parametrize("seconds, past", [(99.999999, True), (100, False), (100.000001, False)])
def test_a_visit_that_was_over_before_the_ladder_began_helps_nobody_now(seconds: float, past: bool) -> None:
    [visit] = offers(OfferState.DONE)

    assert is_past(replace(visit, changed_at=after(seconds)), after(100)) is past
    assert not is_past(replace(visit, state=OfferState.ARRIVED, changed_at=START), after(100))


# ---- on scene ----


def arrived(workers: int = 2) -> Case:
    _, case = look(a_case(LADDER, contacts=3, workers=workers), 0)
    _, case = look(answered(case, 1, OfferState.ARRIVED, after(100)), 100)
    return case


@pytest.mark.parametrize("seconds, reminds", [(1299.999999, False), (1300, True)])
def test_the_desk_is_reminded_of_somebody_on_scene_when_it_stays_quiet(seconds: float, reminds: bool) -> None:
    step, _ = look(arrived(), seconds)

    assert (entries(step) == [Entry.DESK]) is reminds
    assert ("已20分钟" in "".join(f.text for f in step.facts)) is reminds
    assert step.due_at == after(1400 if reminds else 1300)
    assert whom(step) == []
    assert [(text.purpose, text.to.who) for text in step.texts] == (
        [(Purpose.CHECK_IN, "responder:1")] if reminds else []
    )


def test_the_desk_rings_again_and_again_until_there_is_a_word_from_the_scene() -> None:
    _, case = look(arrived(), 1300)
    assert entries(look(case, 1301)[0]) == []

    step, case = look(case, 1400)
    assert entries(step) == [Entry.DESK]
    assert "人1已21分钟没有消息" in step.facts[0].text
    assert step.texts == ()  # she was asked once; now it is for the desk
    assert step.due_at == after(1500)

    case = answered(case, 1, OfferState.ARRIVED, after(1450))
    step, _ = look(case, 1450)
    assert entries(step) == []
    assert step.due_at == after(2650)


def test_each_one_on_scene_is_asked_after_by_her_own_clock() -> None:
    ladder = plan((0, (nearest(2),)), (5000, (DESK,)), check_in_s=1200)
    _, case = look(a_case(ladder, workers=2), 0)
    case = answered(case, 2, OfferState.ARRIVED, after(100))
    case = answered(case, 1, OfferState.ARRIVED, after(400))
    step, case = look(case, 400)
    assert step.due_at == after(1300)

    step, _ = look(case, 1300)

    assert [text.to.who for text in step.texts] == ["responder:2"]


def test_a_case_that_is_done_on_scene_reminds_the_desk_to_close_it() -> None:
    case = answered(arrived(), 1, OfferState.DONE, after(200))
    step, case = look(case, 200)
    assert step.due_at == after(1400)
    assert entries(step) == []

    step, _ = look(case, 1400)

    assert "请结案" in step.facts[0].text
    assert whom(step) == []


def test_a_reminder_is_not_lost_when_something_else_made_the_case_due() -> None:
    case = due_at_once(arrived(), after(1305))  # a reply came in while the engine was away

    assert entries(look(case, 1305)[0]) == [Entry.DESK]


# ---- the owner ----


@pytest.mark.parametrize("seconds, lost", [(44.999999, False), (45, True)])
def test_a_lease_that_runs_out_is_reported_once(seconds: float, lost: bool) -> None:
    case = a_case(QUIET, contacts=1, claimed_by=3, claimed_at=START, lease_until=after(45))
    step, case = look(case, 0)
    assert step.due_at == after(45)
    assert not step.lease_lost

    step, case = look(case, seconds)
    assert step.lease_lost is lost
    assert (Entry.LEASE_LOST in entries(step)) is lost
    assert Entry.LEASE_LOST not in entries(look(case, 46)[0]) or not lost


def test_the_ladder_goes_on_while_an_operator_has_the_case_and_nobody_is_on_the_way() -> None:
    _, case = look(a_case(QUIET, contacts=2), 0)
    claimed = replace(case.incident, claimed_by=3, claimed_at=after(5), lease_until=after(600))

    assert whom(look(replace(case, incident=claimed), 60)[0]) == ["contact:2"]


# ---- what is said ----


def test_a_text_says_who_what_where_and_has_a_key_of_its_own() -> None:
    step, _ = look(a_case(LADDER, contacts=1, workers=1), 0)

    [text] = step.texts
    assert (text.key, text.purpose, text.rung) == ("i7.r1.contact:1", Purpose.RAISED, 1)
    assert (text.to.name, text.to.phone) == ("女儿亲属1", "+8613900000001")
    assert "王秀英14:05按了紧急按钮" in text.body
    [ask] = step.asks
    assert (ask.draft.key, ask.draft.purpose) == ("i7.r1.responder:1", Purpose.ASK)
    assert ask.expires_at == after(30)
    assert "约100米" in ask.draft.body
    assert "请人1前往:最近,100米" in [f.text for f in step.facts]


def test_the_distance_is_left_out_when_it_is_not_known() -> None:
    case = a_case(LADDER, workers=1)
    case = replace(case, candidates=Listed((replace(candidates(workers=1).all[0], distance_m=None),)))

    step, _ = look(case, 0)

    assert "约" not in step.asks[0].draft.body
    assert "请人1前往:最近" in [f.text for f in step.facts]


def lanes(step: Step) -> list[Lane]:
    return [draft.lane for draft in (*step.texts, *(ask.draft for ask in step.asks))]


@pytest.mark.parametrize(
    "severity, expected",
    [
        (Severity.EMERGENCY, [Lane.FIRST, Lane.EARLY]),
        (Severity.ROUTINE, [Lane.ORDINARY, Lane.ORDINARY]),
        (Severity.TROUBLE, [Lane.LAST, Lane.LAST]),
    ],
)
def test_only_person_alarms_have_the_fast_lanes(severity: Severity, expected: list[Lane]) -> None:
    ladder = plan((0, (relatives(1), nearest(1))), (60, (DESK,)))
    step, _ = look(a_case(ladder, contacts=1, workers=1, severity=severity), 0)

    assert lanes(step) == expected


def test_what_follows_the_first_words_waits_behind_those_of_other_homes() -> None:
    ladder = plan((0, (relatives(1),)), (60, (relatives(1), DESK)), repeat_s=100)
    case = a_case(ladder, contacts=2)
    found = []
    for seconds in (0, 60, 160):
        step, case = look(case, seconds)
        found.append(lanes(step))

    assert found == [[Lane.FIRST], [Lane.PERSON], [Lane.PERSON]]


def test_a_home_of_which_nobody_could_be_told_still_has_its_first_word_to_come() -> None:
    ladder = plan((0, (relatives(1),)), (60, (DESK,)))
    _, case = look(a_case(ladder, contacts=3), 0)
    step, case = look(unreachable(case, "contact:1", after(5)), 5)
    assert (whom(step), lanes(step)) == (["contact:2"], [Lane.FIRST])

    step, _ = look(replied(case, 2, Meaning.CANNOT, after(9)), 9)
    assert (whom(step), lanes(step)) == (["contact:3"], [Lane.PERSON])


def test_a_due_time_is_never_further_away_than_any_delay() -> None:
    ladder = plan((0, (nearest(1),)), (60, (DESK,)), arrive_grace_s=11 * 3600)
    _, case = look(a_case(ladder, workers=1), 0)
    case = answered(case, 1, OfferState.ACCEPTED, after(10), eta_s=10 * 3600)

    assert look(case, 10)[0].due_at == after(10) + LOOK_AT_LEAST


# ---- the stage ----


def offers(*states: OfferState) -> tuple[Offer, ...]:
    return tuple(
        Offer(n, 7, n, state, "", START, START + timedelta(minutes=1), eta_at=START)
        for n, state in enumerate(states)
    )


@pytest.mark.parametrize(
    "claimed, states, stage",
    [
        (False, (), Stage.RAISED),
        (True, (), Stage.CLAIMED),
        (False, (OfferState.ASKED,), Stage.RAISED),
        (True, (OfferState.DECLINED, OfferState.EXPIRED, OfferState.WITHDRAWN), Stage.CLAIMED),
        (False, (OfferState.ACCEPTED,), Stage.COVERED),
        (True, (OfferState.ON_THE_WAY, OfferState.DECLINED), Stage.COVERED),
        (False, (OfferState.ACCEPTED, OfferState.ARRIVED), Stage.ON_SCENE),
        (True, (OfferState.DONE, OfferState.ASKED), Stage.ON_SCENE),
    ],
)
def test_the_stage_is_what_those_who_come_have_reached(
    claimed: bool, states: tuple[OfferState, ...], stage: Stage
) -> None:
    assert stage_of(claimed, offers(*states), START) is stage


def test_a_supervisor_who_sees_to_it_is_nobody_on_the_way() -> None:
    [yes] = offers(OfferState.ACCEPTED)
    assert stage_of(False, (replace(yes, eta_at=None),), START) is Stage.RAISED


def test_the_nearest_is_asked_first_whatever_their_kind() -> None:
    ladder = plan((0, (nearest(2, WORKER, CLINIC), DESK)))
    case = a_case(ladder, workers=2, clinics=1)
    far, near, clinic = candidates(workers=2, clinics=1).all
    unknown = replace(near, responder=replace(near.responder, id=9), distance_m=None)
    case = replace(case, candidates=Listed((unknown, replace(far, distance_m=900.0), near, clinic)))

    assert whom(look(case, 0)[0]) == ["responder:2", "responder:3"]
