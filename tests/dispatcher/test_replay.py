"""The flight recorder: the rule, on a clock of its own, with what people did then."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from community.storage import register
from devices.signal import Kind
from dispatcher import views
from dispatcher.fleet import Fleet
from dispatcher.model import Meaning, OfferState, Plan, Severity
from dispatcher.replay import Answer, Answers, Event, Turn, answers_in, happened, replay, turns_in
from dispatcher.triage import SEVERITY
from tests.dispatcher.cases import DESK, START, VOICE, after, candidates, home, nearest, plan, relatives
from tests.town import Town

ONE_BY_ONE = plan((0, (nearest(1),)), (60, (DESK, relatives(0))))


def played(
    ladder: Plan, answers: Answers, until_s: float, *, contacts: int = 0, workers: int = 0
) -> tuple[Event, ...]:
    return replay(
        [Turn(START, Kind.SOS, Severity.EMERGENCY, ladder)],
        home(contacts),
        answers,
        after(until_s),
        lambda _: candidates(workers),
        VOICE,
    )


def told(events: tuple[Event, ...]) -> list[tuple[int, str]]:
    return [(event.after_s, event.who) for event in events if ":" in event.who]


def worker(after_s: float, state: OfferState, eta_s: float | None = None) -> Answer:
    eta = timedelta(seconds=eta_s) if eta_s is not None else None
    return Answer(timedelta(seconds=after_s), state=state, eta=eta)


def test_with_nobody_who_answers_it_is_the_ladder_itself() -> None:
    events = played(ONE_BY_ONE, {}, 61, contacts=2, workers=1)

    assert told(events) == [(0, "responder:1"), (60, "contact:1"), (60, "contact:2")]


def test_the_last_rung_repeats_for_ever_and_is_shown_twice() -> None:
    events = played(ONE_BY_ONE, {}, 1_000_000, contacts=1, workers=1)

    assert [event.after_s for event in events if event.who == "contact:1"] == [60, 360, 660]


def test_people_answer_as_long_after_they_are_asked_as_they_did_then() -> None:
    answers = {
        "responder:1": [worker(10, OfferState.DECLINED)],
        "responder:2": [worker(20, OfferState.ACCEPTED, 300)],
    }

    events = played(ONE_BY_ONE, answers, 200, contacts=1, workers=3)

    assert told(events) == [
        (0, "responder:1"),
        (10, "responder:1"),
        (10, "responder:2"),
        (30, "responder:2"),
    ]


def test_who_is_on_the_way_and_late_is_followed_by_others() -> None:
    answers = {"responder:1": [worker(5, OfferState.ACCEPTED, 60)]}
    ladder = plan((0, (nearest(1),)), (60, (DESK,)), arrive_grace_s=120)

    events = played(ladder, answers, 186, workers=2)

    assert told(events) == [
        (0, "responder:1"),
        (5, "responder:1"),
        (185, "responder:1"),  # it is said that she is late,
        (185, "responder:1"),  # she is asked where she is,
        (185, "responder:2"),
    ]


def test_a_relative_who_cannot_come_is_replaced_by_the_next() -> None:
    answers = {"contact:1": [Answer(timedelta(seconds=7), meaning=Meaning.CANNOT)]}

    events = played(plan((0, (relatives(1), DESK))), answers, 20, contacts=2)

    assert told(events) == [(0, "contact:1"), (7, "contact:1"), (7, "contact:2")]


def test_a_case_that_becomes_worse_goes_on_with_the_plan_for_that() -> None:
    leak = Turn(START, Kind.LEAK, Severity.TROUBLE, plan((0, (nearest(1), DESK))))
    cry = Turn(after(100), Kind.SOS, Severity.EMERGENCY, plan((0, (relatives(1),)), (60, (DESK,))))

    events = replay([leak, cry], home(1), {}, after(170), lambda _: candidates(1), VOICE)

    assert told(events) == [(0, "responder:1"), (100, "contact:1")]
    assert (100, "紧急呼叫") in [(event.after_s, event.text) for event in events]


def test_trouble_that_comes_long_after_the_last_word_is_played_too() -> None:
    quiet = Turn(START, Kind.LEAK, Severity.TROUBLE, plan((0, (DESK,))))
    cry = Turn(after(1_000_000), Kind.SOS, Severity.EMERGENCY, plan((0, (relatives(1), DESK))))

    events = replay([quiet, cry], home(1), {}, after(1_000_100), lambda _: candidates(0), VOICE)

    assert told(events) == [(1_000_000, "contact:1")]


def test_the_record_says_when_a_ladder_began_and_for_what(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.say("王秀英", Kind.LEAK)
    town.pass_time(minutes=2)
    town.press("王秀英")
    town.pass_time(seconds=10)
    town.press("王秀英")  # the same cry: nothing begins

    detail = town.detail("王秀英")
    turns = turns_in(detail.timeline, lambda *_: ONE_BY_ONE)

    began = [(turn.at - detail.card.opened_at, turn.kind, turn.severity) for turn in turns]
    assert began == [
        (timedelta(0), Kind.LEAK, SEVERITY[Kind.LEAK]),
        (timedelta(minutes=2), Kind.SOS, Severity.EMERGENCY),
    ]


def test_a_device_that_belongs_to_nobody_has_a_course_too() -> None:
    events = replay(
        [Turn(START, Kind.SOS, Severity.EMERGENCY, ONE_BY_ONE)], None, {}, after(61), lambda _: None, VOICE
    )

    assert told(events) == []
    assert events[0].after_s == 0, "the desk is rung at once"


def test_a_real_case_played_with_its_own_plan_is_what_happened(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿", "儿子"))
    town.responder("李强", 200)
    town.responder("赵敏", 400)
    town.press("王秀英")
    town.pass_time(seconds=20)
    town.answer("李强", "2")
    town.pass_time(seconds=15)
    town.answer("赵敏", "1")
    town.pass_time(minutes=4)
    town.answer("赵敏", "4")
    town.close("王秀英")
    detail = town.detail("王秀英")
    assert detail.home is not None
    home_record = detail.home
    with town.store.read() as connection:
        fleet = Fleet(register.responders(connection), register.duties(connection), ZoneInfo("Asia/Shanghai"))
        offers = views.offers(connection, detail.card.id)
        frozen = views.frozen(connection, detail.card.id)
    assert frozen.plan is not None
    plan_then = frozen.plan

    would = replay(
        turns_in(detail.timeline, lambda *_: plan_then),
        home_record,
        answers_in(detail.timeline, detail.messages, offers),
        town.now(),
        lambda then: fleet.candidates(home_record, then),
        VOICE,
    )

    people = {f"responder:{helper.responder_id}": helper.name for helper in detail.card.helpers}
    course = [(event.after_s, people[event.who], event.text) for event in would if event.who in people]
    assert [(s, who) for s, who, text in course if text.startswith("请")] == [(0, "李强"), (0, "赵敏")]
    assert [line for line in course if not line[2].startswith("请")] == [
        (20, "李强", "不能去"),
        (35, "赵敏", "已接单"),
        (275, "赵敏", "已到达"),
    ]
    was = [(event.after_s, event.text) for event in happened(detail.timeline)]
    assert [s for s, text in was if text.startswith("赵敏已到达")] == [275]
