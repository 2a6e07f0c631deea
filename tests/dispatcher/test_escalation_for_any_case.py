"""What holds for every plan and every evening: hypothesis makes up the plan and what people do."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from community.model import ResponderKind
from devices.signal import Kind
from dispatcher.escalation import is_past, next_step
from dispatcher.model import (
    COVERING,
    LOOK_AT_LEAST,
    OPEN_OFFERS,
    Case,
    Meaning,
    OfferState,
    Plan,
    Rung,
    Step,
    Tell,
    Whom,
)
from tests.dispatcher.cases import (
    CLINIC,
    DESK,
    START,
    VOICE,
    WORKER,
    a_case,
    answered,
    carried_out,
    cried,
    replied,
    unreachable,
    whom,
)

WORKERS, CLINICS, CONTACTS = 5, 2, 3
INSTANT = timedelta(microseconds=1)


def tells() -> st.SearchStrategy[Tell]:
    kinds = st.sampled_from([(WORKER,), (CLINIC,), (WORKER, CLINIC), (ResponderKind.VOLUNTEER,)])
    return st.one_of(
        st.just(DESK),
        st.builds(Tell, st.just(Whom.RELATIVES), st.integers(0, 2)),
        st.builds(Tell, st.just(Whom.NEAREST), st.integers(1, 3), kinds),
        st.builds(Tell, st.just(Whom.STAFF), st.integers(1, 3), kinds),
    )


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    delays = sorted(draw(st.lists(st.integers(0, 400), min_size=1, max_size=4)))
    rungs = [Rung(delay, tuple(draw(st.lists(tells(), max_size=3)))) for delay in delays]
    rungs[-1] = replace(rungs[-1], tell=(*rungs[-1].tell, DESK))
    wait = st.integers(20, 400)
    return Plan("any", tuple(rungs), draw(wait), draw(wait), draw(wait), draw(wait))


ANSWERS = [
    OfferState.ACCEPTED,
    OfferState.ON_THE_WAY,
    OfferState.ARRIVED,
    OfferState.DONE,
    OfferState.DECLINED,
]
EVENTS = st.one_of(
    st.tuples(st.just("offer"), st.integers(1, WORKERS + CLINICS), st.sampled_from(ANSWERS)),
    st.tuples(st.just("reply"), st.integers(1, CONTACTS), st.sampled_from(list(Meaning))),
    st.tuples(st.just("lost"), st.integers(1, CONTACTS), st.just(None)),
    st.tuples(st.just("claim"), st.integers(1, 60), st.just(None)),
    st.tuples(st.just("fire"), st.just(0), st.just(None)),
    st.tuples(st.just("cry"), st.just(0), st.sampled_from([Kind.SOS, Kind.FALL, Kind.LEAK])),
)
EVENINGS = st.lists(st.tuples(st.integers(0, 250), EVENTS, st.booleans()), max_size=8)


def happens(case: Case, event: tuple[str, int, object], now: datetime) -> Case:
    what, number, how = event
    if what == "offer" and isinstance(how, OfferState):
        asked = [o for o in case.offers if o.responder_id == number and o.state in OPEN_OFFERS]
        return answered(case, number, how, now, eta_s=100) if asked else case
    if what == "reply" and isinstance(how, Meaning):
        return replied(case, number, how, now)
    if what == "lost":
        return unreachable(case, f"contact:{number}", now)
    if what == "cry" and isinstance(how, Kind):
        return cried(case, how, now)
    incident = case.incident
    if what == "claim":
        until = now + timedelta(seconds=number)
        due_at = min(incident.due_at or now, until)
        return replace(case, incident=replace(incident, claimed_by=1, lease_until=until, due_at=due_at))
    return replace(case, incident=replace(incident, ladder_rung=incident.rung, ladder_at=now, due_at=now))


class Evening:
    """One case from its opening on; everything is checked at every look."""

    def __init__(self, plan: Plan) -> None:
        self.case = a_case(plan, contacts=CONTACTS, workers=WORKERS, clinics=CLINICS)
        self.keys: set[str] = set()

    def look(self, now: datetime) -> None:
        before = self.case
        step = next_step(before, now, VOICE)
        assert now < step.due_at <= now + LOOK_AT_LEAST
        self._tells_nobody_twice(step)
        self._respects_who_comes_and_who_cannot(before, step)
        self.case = carried_out(before, step, now)
        for early in (now, now + (step.due_at - now) / 2, step.due_at - INSTANT):
            if early > now:
                self._nothing_changes(early, step)

    def _tells_nobody_twice(self, step: Step) -> None:
        assert len(whom(step)) == len(set(whom(step)))
        keys = [draft.key for draft in (*step.texts, *(ask.draft for ask in step.asks))]
        assert not self.keys & set(keys)
        self.keys.update(keys)

    def _respects_who_comes_and_who_cannot(self, case: Case, step: Step) -> None:
        asked = {ask.candidate.responder.id for ask in step.asks}
        still_asked = {
            o.responder_id for o in case.offers if o.state in OPEN_OFFERS and o.id not in step.expired
        }
        assert not asked & still_asked
        stopped = {told.who for told in case.told if told.answer is Meaning.STOP}
        assert not stopped & set(whom(step))
        there = [
            o
            for o in case.offers
            if o.state is OfferState.ARRIVED
            or (o.state is OfferState.DONE and not is_past(o, step.ladder_at))
        ]
        assert not there or not whom(step) or step.ladder_rung in (case.incident.rung, step.rung)

    def _nothing_changes(self, early: datetime, step: Step) -> None:
        """A look before the due time would have changed nothing: it may be left out."""
        idle = next_step(self.case, early, VOICE)
        assert (idle.texts, idle.asks, idle.facts, idle.expired) == ((), (), (), ())
        assert not idle.lease_lost
        assert idle.rung == step.rung
        assert idle.due_at == step.due_at

    def until(self, moment: datetime, outage: bool) -> None:
        """Look whenever it is due; in an outage only when it is over."""
        while (due_at := self.case.incident.due_at) is not None and due_at <= moment:
            self.look(moment if outage else due_at)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(plans(), EVENINGS)
def test_whatever_happens_there_is_a_next_look_and_nobody_is_told_twice(
    plan: Plan, events: list[tuple[int, tuple[str, int, object], bool]]
) -> None:
    evening, now = Evening(plan), START
    evening.look(now)
    for wait_s, event, outage in events:
        now += timedelta(seconds=wait_s)
        evening.until(now, outage)
        evening.case = happens(evening.case, event, now)
        evening.until(now, outage)
    evening.until(now + timedelta(minutes=20), outage=False)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(plans())
def test_a_case_that_nobody_answers_comes_back_to_the_desk_for_ever(plan: Plan) -> None:
    evening = Evening(plan)
    last = plan.rungs[-1].after_s

    for repeats in range(1, 4):
        end = START + timedelta(seconds=last + repeats * plan.repeat_s)
        evening.until(end, outage=False)
        assert evening.case.incident.rung == len(plan.rungs) + repeats
        assert not any(offer.state in COVERING for offer in evening.case.offers)
