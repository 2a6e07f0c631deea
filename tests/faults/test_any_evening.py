"""Any evening: presses, answers, receipts, clocks and deaths in any order, and the promises after each.

Hypothesis makes the evenings up, the same in every run. What people and devices do is drawn from what they
really do. Two dispatchers work side by side, follow up what does not arrive and bundle what is
too much for one; either may be slow to send until long after its lease, a third dies at any request to the
database or the provider, clocks are set, plans are edited, and many homes call at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select, true

from community.errors import Refused
from community.storage import Store
from community.storage.tables import bundled, incident
from devices.signal import Kind, State
from dispatcher import intake, responses
from dispatcher.channels import Outcome, TryLater, Undeliverable
from dispatcher.model import (
    LOOK_AT_LEAST,
    CloseCode,
    MessageState,
    OfferState,
    Plan,
    Severity,
    Threshold,
)
from dispatcher.storage.planbook import Planbook
from tests.conftest import NOW, FreshStore
from tests.exchange import Telephone
from tests.faults.conftest import Figure
from tests.faults.dying import Death, Died, mortal
from tests.faults.lives import Life, a_while
from tests.faults.street import AREA_PLAN, SHIPPED_PLANS
from tests.invariants import broken_promises, forgotten
from tests.town import Town

pytestmark = pytest.mark.fault

HOMES = ("王秀英", "李桂兰", "张玉珍")
RELATIVES = ("女儿", "儿子", "邻居")
WORKERS = ("李强", "赵敏", "刘洋")

POWER_PLAN = next(plan for plan in SHIPPED_PLANS.all if plan.name == "area-power")

homes = st.sampled_from(HOMES)
people = st.sampled_from([f"{home}的{who}" for home in HOMES for who in RELATIVES] + list(WORKERS))
REPLIES = (
    "1",
    "2",
    "3",
    "4",
    "5",
    "马上到",
    "去不了",
    "误按",
    "没有误按",
    "6",
    "61",
    "退订",
    "开通",
    "你是谁?",
    "",
)
REPORTS = (MessageState.SENT, MessageState.DELIVERED, MessageState.FAILED, MessageState.UNDELIVERABLE)
TROUBLES: tuple[Outcome | None, ...] = (
    None,
    None,
    TryLater("429", 5),
    TryLater("HTTP 500"),
    Undeliverable("21211"),
)


class ManyHands(Town):
    """A town in which several dispatchers look after everything, in turn."""

    def __init__(self, store: Store, start: datetime) -> None:
        super().__init__(store, start)
        self.telephone = Telephone(self)
        self.also = None
        self.lives: list[Life] = []
        self.steady_s = 0.0

    def work(self) -> None:
        while sum(life.look(self.steady_s) for life in self.lives):
            pass

    def goes_on(self, seconds: float, step_s: float) -> None:
        """Time goes by; somebody looks whenever a case, a text or a home is due, and each `step_s` anyway."""
        end = self.time + timedelta(seconds=seconds)
        while self.time < end:
            before = self.time
            self.time = min(end, self.next_look(), before + timedelta(seconds=step_s))
            self.steady_s += (self.time - before).total_seconds()
            self.work()


class Evening(RuleBasedStateMachine):
    """A small town on a real store, two dispatchers, and now and then a third that dies."""

    def __init__(self, store: Store, evenings: Counter[str]) -> None:
        super().__init__()
        self.town = ManyHands(store, NOW)
        for home in HOMES:
            self.town.resident(home, contacts=tuple(f"{home}的{who}" for who in RELATIVES))
        for place, worker in enumerate(WORKERS, start=1):
            self.town.responder(worker, metres=300 * place)
        self.texts, self.calls = self.town.telephone.texts, self.town.telephone.exchange
        self.planbook = Planbook(SHIPPED_PLANS)
        self.edits(replace(AREA_PLAN, threshold=Threshold(2, 60)))
        self.edits(replace(POWER_PLAN, threshold=Threshold(2, 180)))
        self.death = Death()
        self.dying = mortal(store, self.death)
        self.town.lives = [self.born("a"), self.born("b")]
        self.evenings = evenings
        self.evenings["evenings"] += 1

    def born(self, worker: str) -> Life:
        return Life(self.town.store, self.town, Death(), hands_over=True, worker=worker, bundles=True)

    def edits(self, plan: Plan) -> None:
        with self.town.store.write() as connection:
            known = self.planbook.current(connection).named(plan.name)
            assert known is not None
            account = self.town.operator.id
            self.planbook.edit(connection, plan, known.version, account, self.town.time)
        with self.town.store.read() as connection:
            self.town.plans = self.planbook.current(connection)

    # ---- what happens ----

    @rule(home=homes)
    def somebody_presses(self, home: str) -> None:
        self.evenings["presses"] += 1
        self.town.press(home)

    @rule(home=homes, kind=st.sampled_from([Kind.FALL, Kind.CANCEL, Kind.LOW_BATTERY, Kind.REQUEST]))
    def a_device_says(self, home: str, kind: Kind) -> None:
        self.town.say(home, kind)

    @rule(home=homes, state=st.sampled_from(list(State)))
    def smoke(self, home: str, state: State) -> None:
        self.town.smoke(home, state)

    @rule(home=homes, again=st.integers(1, 3))
    def the_same_press_comes_again(self, home: str, again: int) -> None:
        reading = self.town.reading(home, Kind.SOS)
        for _ in range(again):
            self.town.take(reading)

    @rule(home=homes)
    def an_old_press_comes(self, home: str) -> None:
        self.town.say(home, Kind.SOS, retained=True)

    @rule(who=people, body=st.sampled_from(REPLIES))
    def somebody_replies(self, who: str, body: str) -> None:
        self.evenings["replies"] += 1
        self.town.answer(who, body)

    @rule(kind=st.sampled_from([Kind.SOS, Kind.MAINS_FAILURE]), some=st.integers(2, len(HOMES)))
    def many_homes_at_once(self, kind: Kind, some: int) -> None:
        self.evenings["storms"] += 1
        self.town.take(*(self.town.reading(home, kind) for home in HOMES[:some]))
        self.town.goes_on(3, 1)

    @rule(late=st.integers(1, 12), state=st.sampled_from(REPORTS), times=st.integers(1, 2))
    def a_provider_reports(self, late: int, state: MessageState, times: int) -> None:
        """Of one of the last texts, and perhaps twice."""
        number = len(self.texts.taken) + 1 - late
        for _ in range(times):
            responses.receipt(self.town.store, f"town-{number}", state, "", self.town.time)
        self.town.work()

    @rule(delivers=st.booleans(), away=st.booleans())
    def a_provider_changes(self, delivers: bool, away: bool) -> None:
        """It says at once that a text arrived, or never; and can be asked, or not."""
        self.texts.delivers, self.texts.away = delivers, away

    @rule(late=st.integers(1, 4), digit=st.sampled_from("1239"))
    def a_call_is_taken_up(self, late: int, digit: str) -> None:
        number = len(self.calls.calls) + 1 - late
        if number >= 1:
            self.evenings["keys pressed"] += 1
            call = self.calls.calls[number - 1]
            responses.key_pressed(self.town.store, call.key, digit, f"call-{number}", self.town.time)
            self.town.work()

    @rule(home=homes, what=st.sampled_from(["claim", "take over", "renew", "close", "note"]))
    def an_operator_acts(self, home: str, what: str) -> None:
        town, now = self.town, self.town.time
        card = next((card for card in town.open_cards() if card.household_id == town.homes[home]), None)
        if card is None:
            return
        acts: dict[str, Callable[[], object]] = {
            "claim": lambda: responses.claim(town.store, card.id, town.operator, now),
            "take over": lambda: responses.take_over(town.store, card.id, town.colleague, now),
            "renew": lambda: responses.renew(town.store, card.id, town.operator, now),
            "close": lambda: responses.close(town.store, card.id, town.operator, CloseCode.HELPED, "", now),
            "note": lambda: responses.note(town.store, card.id, town.operator, "听到有人说话", now),
        }
        with suppress(Refused):  # hers already, somebody else's, not claimed: all of it may be
            acts[what]()
        town.work()

    @rule(home=homes, place=st.integers(0, 5), state=st.sampled_from(list(OfferState)))
    def a_worker_taps(self, home: str, place: int, state: OfferState) -> None:
        for card in self.town.open_cards():
            if card.household_id == self.town.homes[home] and place < len(card.helpers):
                offer = card.helpers[place]
                actor = f"responder:{offer.responder_id}"
                with suppress(Refused):
                    responses.answer_offer(self.town.store, offer.offer_id, state, actor, self.town.time)
        self.town.work()

    @rule(seconds=st.sampled_from([1, 10, 16, 61, 200]))
    def time_passes(self, seconds: int) -> None:
        self.town.goes_on(seconds, 8)

    @rule(minutes=st.sampled_from([-1440, -60, -7, -0.25, 0.25, 45, 60, 1440]))
    def the_clock_is_set(self, minutes: float) -> None:
        """Of the machine on which both dispatchers run: their steady clocks go on."""
        self.evenings["clocks set"] += 1
        self.town.time += timedelta(minutes=minutes)
        self.town.work()

    @rule(after_s=st.sampled_from([20, 60, 300]), repeat_s=st.sampled_from([60, 180]))
    def the_plan_is_edited(self, after_s: int, repeat_s: int) -> None:
        self.evenings["edits"] += 1
        plan = self.town.plans.of(Kind.SOS, Severity.EMERGENCY)
        first, second, *others = plan.rungs
        rungs = (first, replace(second, after_s=after_s), *(replace(o, after_s=600) for o in others))
        self.edits(replace(plan, rungs=rungs, repeat_s=repeat_s))

    @rule(which=st.integers(0, 1), home=homes, seconds=st.sampled_from([1, 10, 16]))
    def a_dispatcher_dawdles(self, which: int, home: str, seconds: int) -> None:
        """It takes what is to be sent, sends one of it, and stands still; the other takes over when the lease
        has ended. Then it goes on where it was.
        """
        self.evenings["dawdlers"] += 1
        slow = self.town.lives[which]
        slow.courier.dawdles = True
        self.town.lives.sort(key=lambda life: life is not slow)  # whoever looks first takes it
        self.town.press(home)
        self.town.lives.remove(slow)
        self.town.goes_on(seconds, 4)
        slow.courier.dawdles = False
        slow.courier.wake()
        self.town.lives.insert(which, slow)
        self.town.work()

    @rule(home=homes, after=st.integers(1, 90), waits=st.sampled_from([0, 16, 61]), known=st.booleans())
    def a_process_dies_with_a_press_in_hand(self, home: str, after: int, waits: int, known: bool) -> None:
        """And with all that is due by then. The device says it again until it is answered, and the others
        take over, at once when it is known that it is dead.
        """
        self.town.time += timedelta(seconds=waits)
        self.town.steady_s += waits
        self.death.after(after)
        reading = self.town.reading(home, Kind.SOS)
        life = Life(self.dying, self.town, self.death, hands_over=True, worker="c", bundles=True)
        try:
            with self.dying.write() as connection:
                intake.take(connection, [reading], self.town.plans, self.town.time)
            life.work()
        except Died:
            self.evenings["deaths"] += 1
        self.death.bury()
        self.dying.close()
        if known:
            self.town.lives[0].inherit("c")
        self.town.take(reading)
        self.town.goes_on(a_while().total_seconds(), 8)

    # ---- what must be so ----

    @invariant()
    def every_promise_is_kept(self) -> None:
        with self.town.store.read() as connection:
            broken = broken_promises(connection)
        assert not broken, "\n".join(broken)

    @invariant()
    def nobody_is_told_twice(self) -> None:
        taken = Counter([*self.texts.keys, *(call.key for call in self.calls.calls)])
        assert not [key for key, times in taken.items() if times > 1]

    @invariant()
    def nothing_waits_longer_than_it_may(self) -> None:
        latest = self.town.time + LOOK_AT_LEAST
        waits = [card.due_at for card in self.town.open_cards() if card.due_at is not None]
        assert all(due_at <= latest for due_at in waits)

    def teardown(self) -> None:
        """When all is well again, every open case still goes on by itself."""
        for way in (self.texts, self.calls):
            way.trouble.clear()
        self.town.goes_on(60, 8)
        before = {card.id: card.due_at for card in self.town.open_cards()}
        self.town.goes_on((LOOK_AT_LEAST + timedelta(minutes=1)).total_seconds(), 60)
        self.every_promise_is_kept()
        self.nobody_is_told_twice()
        after = {card.id: card.due_at for card in self.town.open_cards()}
        assert not [id for id, due_at in before.items() if after.get(id) == due_at], "nobody looked"
        self.evenings["calls"] += len(self.calls.calls)
        with self.town.store.read() as connection:
            for what, table in (("requests in one text with others", bundled), ("cases of areas", incident)):
                which = incident.c.household_id.is_(None) if table is incident else true()
                counted = connection.execute(select(func.count()).select_from(table).where(which)).scalar()
                self.evenings[what] += counted or 0
        assert not forgotten(self.town.store)
        self.dying.close()
        self.town.store.close()


MUST_HAPPEN = (
    *("presses", "replies", "storms", "keys pressed", "clocks set", "edits", "dawdlers", "deaths"),
    *("calls", "requests in one text with others", "cases of areas"),
)


@pytest.mark.timeout(900)
def test_any_evening_keeps_every_promise(fresh_store: FreshStore, figure: Figure) -> None:
    evenings: Counter[str] = Counter()
    many = settings(
        max_examples=20 if fresh_store.is_sqlite else 8,
        stateful_step_count=25,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],  # add Phase.shrink to have a failure shortened: for minutes
    )

    run_state_machine_as_test(lambda: Evening(fresh_store.open(), evenings), settings=many)

    kind = "SQLite" if fresh_store.is_sqlite else "PostgreSQL"
    told = ", ".join(f"{number} {what}" for what, number in sorted(evenings.items()))
    figure(f"any evening, {kind}: {told}: 0 promises broken")
    assert [what for what in MUST_HAPPEN if not evenings[what]] == []
