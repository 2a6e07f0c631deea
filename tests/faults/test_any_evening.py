"""Any evening: presses, answers, receipts, clocks and deaths in any order, and the promises after each.

Hypothesis makes the evening up and shortens it when a promise breaks. What people and devices do is drawn
from what they really do; a process dies at any request to the database or the provider, and another takes
over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from community.errors import Refused
from community.storage import Store
from devices.signal import Kind, State
from dispatcher import intake, responses
from dispatcher.channels import Outcome, TryLater, Undeliverable
from dispatcher.courier import LEASE
from dispatcher.model import LOOK_AT_LEAST, CloseCode, MessageState, OfferState
from tests.conftest import NOW, FreshStore
from tests.faults.conftest import Figure
from tests.faults.dying import Death, Died, mortal
from tests.faults.lives import Life
from tests.invariants import broken_promises
from tests.town import Town

pytestmark = pytest.mark.fault

HOMES = ("王秀英", "李桂兰", "张玉珍")
RELATIVES = ("女儿", "儿子", "邻居")
WORKERS = ("李强", "赵敏", "刘洋")

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
    TryLater("429", 5),
    TryLater("HTTP 500"),
    Undeliverable("21211"),
)


class Evening(RuleBasedStateMachine):
    """A small town on a real store. Whoever works there works through a process that may die."""

    def __init__(self, store: Store, evenings: Counter[str]) -> None:
        super().__init__()
        self.town = Town(store, NOW)
        for home in HOMES:
            self.town.resident(home, contacts=tuple(f"{home}的{who}" for who in RELATIVES))
        for place, worker in enumerate(WORKERS, start=1):
            self.town.responder(worker, metres=300 * place)
        self.death = Death()
        self.dying = mortal(store, self.death)
        self.evenings = evenings
        self.evenings["evenings"] += 1

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

    @rule(number=st.integers(1, 60), state=st.sampled_from(REPORTS), times=st.integers(1, 2))
    def a_provider_reports(self, number: int, state: MessageState, times: int) -> None:
        for _ in range(times):
            responses.receipt(self.town.store, f"town-{number}", state, "", self.town.time)
        self.town.work()

    @rule(who=people, trouble=st.sampled_from(TROUBLES))
    def a_number_is_troubled(self, who: str, trouble: Outcome | None) -> None:
        phone = self.town.people[who]
        self.town.phones.trouble.pop(phone, None)
        if trouble is not None:
            self.town.phones.trouble[phone] = trouble

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

    @rule(seconds=st.sampled_from([1, 10, 16, 61, 200, 1000]))
    def time_passes(self, seconds: int) -> None:
        self.town.pass_time(seconds=seconds)

    @rule(minutes=st.sampled_from([-60, -7, 45, 60]))
    def the_clock_jumps(self, minutes: int) -> None:
        self.town.time += timedelta(minutes=minutes)
        self.town.work()

    @rule(home=homes, after=st.integers(1, 45))
    def a_process_dies_with_a_press_in_hand(self, home: str, after: int) -> None:
        """The device says it again until it is answered, and another process takes over."""
        self.evenings["deaths"] += 1
        self.death.after(after)
        reading = self.town.reading(home, Kind.SOS)
        life = Life(self.dying, self.town, self.death, hands_over=True)
        with suppress(Died):
            with self.dying.write() as connection:
                intake.take(connection, [reading], self.town.plans, self.town.time)
            life.work()
        self.death.bury()
        self.dying.close()
        self.town.take(reading)
        self.town.time += LEASE + timedelta(seconds=1)
        self.town.work()

    # ---- what must be so ----

    @invariant()
    def every_promise_is_kept(self) -> None:
        with self.town.store.read() as connection:
            broken = broken_promises(connection)
        assert not broken, "\n".join(broken)

    @invariant()
    def nobody_has_a_text_twice(self) -> None:
        twice = [key for key, times in Counter(self.town.phones.keys).items() if times > 1]
        assert not twice

    @invariant()
    def nothing_waits_longer_than_it_may(self) -> None:
        latest = self.town.time + LOOK_AT_LEAST
        waits = [card.due_at for card in self.town.open_cards() if card.due_at is not None]
        assert all(due_at <= latest for due_at in waits)

    def teardown(self) -> None:
        """When all is well again, every open case still goes on by itself."""
        self.town.phones.trouble.clear()
        self.town.pass_time(minutes=1)
        before = {card.id: card.version for card in self.town.open_cards() if card.claimed_by is None}
        self.town.pass_time(minutes=LOOK_AT_LEAST / timedelta(minutes=1) + 1)
        self.every_promise_is_kept()
        self.nobody_has_a_text_twice()
        after = {card.id: card.version for card in self.town.open_cards()}
        forgotten = [id for id, version in before.items() if id in after and after[id] <= version]
        assert not forgotten
        self.dying.close()
        self.town.store.close()


@pytest.mark.timeout(600)
def test_any_evening_keeps_every_promise(fresh_store: FreshStore, figure: Figure) -> None:
    evenings: Counter[str] = Counter()
    many = settings(
        max_examples=25 if fresh_store.is_sqlite else 6,
        stateful_step_count=25,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )

    run_state_machine_as_test(lambda: Evening(fresh_store.open(), evenings), settings=many)

    kind = "SQLite" if fresh_store.is_sqlite else "PostgreSQL"
    told = ", ".join(f"{number} {what}" for what, number in sorted(evenings.items()))
    figure(f"any evening, {kind}: {told}: 0 promises broken")
    assert evenings["deaths"] >= 1
    assert evenings["presses"] >= 10
