"""Messages leave once, also when a courier dies at the worst moment."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from community.storage import Store
from community.storage.tables import message
from dispatcher.channels import Capabilities, Outcome, Sent, TryLater, Undeliverable
from dispatcher.courier import ATTEMPT, LEASE, MOST_ATTEMPTS, Courier, carry, settle, wait_before
from dispatcher.engine import Engine
from dispatcher.model import CloseCode, Lane, Message, MessageState, OfferState
from dispatcher.storage import outbox
from dispatcher.storage.casebook import Casebook
from tests.dispatcher.backlog import waiting
from tests.dispatcher.test_engine import pressed
from tests.servers import until
from tests.town import Town


@dataclass
class Clock:
    time: datetime

    def now(self) -> datetime:
        return self.time


@dataclass
class Handsets:
    """A provider that counts: several couriers may send through it at once."""

    name: str = "handsets"
    capabilities: Capabilities = field(default_factory=Capabilities)
    received: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, sent: Message) -> Outcome:
        with self.lock:
            self.received[sent.key] += 1
        return Sent(f"h-{sent.key}", delivered=True)

    def find(self, sent: Message) -> Sent | None:
        with self.lock:
            return Sent(f"h-{sent.key}", delivered=True) if self.received[sent.key] else None


class Breaks:
    name = "breaks"
    capabilities = Capabilities()

    def send(self, _: Message) -> Outcome:
        raise RuntimeError("no such host")

    def find(self, _: Message) -> Sent | None:
        return None


def row(town: Town, key: str = "") -> Message:
    with town.store.read() as connection:
        key = key or connection.execute(select(message.c.key).order_by(message.c.id)).scalars().first() or ""
        found = outbox.find(connection, key=key)
    assert found is not None
    return found


def took(town: Town) -> list[Message]:
    """A courier takes what waits, and is never heard of again."""
    with town.store.write() as connection:
        return outbox.take(connection, worker="dead", now=town.time, lease_until=town.time + LEASE, limit=100)


def decided(town: Town) -> None:
    """王秀英 has pressed, and the engine has put her daughter's text into the outbox."""
    pressed(town, "王秀英")
    town.engine.tick(town.time)


# ---- a courier that dies ----


def test_a_courier_that_dies_before_sending_is_replaced_when_its_lease_is_over(town: Town) -> None:
    decided(town)
    took(town)

    town.pass_time(seconds=LEASE.total_seconds() - 1)
    assert town.heard("王秀英的女儿") == []
    town.pass_time(seconds=1)

    assert len(town.heard("王秀英的女儿")) == 1
    assert row(town).attempts == 2


def test_a_courier_that_dies_after_sending_is_asked_about_and_nothing_is_sent_twice(town: Town) -> None:
    decided(town)
    for taken in took(town):
        town.phones.send(taken)

    town.pass_time(seconds=LEASE.total_seconds())

    assert len(town.heard("王秀英的女儿")) == 1
    assert row(town).state is MessageState.DELIVERED
    assert row(town).provider_id == "town-1", "as its provider knows it"


def test_what_a_dead_courier_left_of_a_closed_case_is_never_said(town: Town) -> None:
    decided(town)
    took(town)
    town.close("王秀英", CloseCode.FALSE_PRESS)

    town.pass_time(minutes=1)

    assert all("紧急按钮,和平" not in body for body in town.heard("王秀英的女儿"))
    assert row(town).state is MessageState.CANCELLED


def test_an_engines_own_messages_are_born_taken_and_survive_its_death(town: Town) -> None:
    pressed(town, "王秀英")
    clock = Clock(town.time)
    courier = Courier(town.store, Breaks(), clock, worker="mine", senders=1)
    engine = Engine(town.store, courier)
    courier.accept = lambda _messages, _until: None  # type: ignore[method-assign]  # it dies here
    engine.tick(town.time)
    courier.close()
    assert row(town).state is MessageState.SENDING

    town.pass_time(seconds=LEASE.total_seconds())

    assert len(town.heard("王秀英的女儿")) == 1


# ---- a provider in trouble ----


@pytest.mark.parametrize(
    "attempt, asked_s, seconds",
    [(1, 0, 1), (2, 0, 2), (3, 0, 4), (6, 0, 32), (7, 0, 60), (19, 0, 60), (1, 5, 5), (1, 600, 60)],
)
def test_each_wait_is_twice_the_last_and_never_longer_than_a_minute(
    attempt: int, asked_s: float, seconds: float
) -> None:
    assert wait_before(attempt, asked_s) == timedelta(seconds=seconds)


def test_a_provider_that_is_busy_is_tried_again_when_it_asked_to(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.phones.trouble[town.people["女儿"]] = TryLater("429", wait_s=30)
    town.press("王秀英")
    town.phones.trouble.clear()

    town.pass_time(seconds=29)
    assert town.heard("女儿") == []
    town.pass_time(seconds=1)

    assert len(town.heard("女儿")) == 1
    assert [e.text for e in town.detail("王秀英").timeline if "短信" in e.text] == [
        "给女儿女儿的短信待发:429",
        "给女儿女儿的短信已送达",
    ]


def test_a_channel_that_breaks_is_a_reason_to_try_later(town: Town) -> None:
    decided(town)
    settle(town.store, [carry(Breaks(), taken, town) for taken in took(town)])

    assert (row(town).state, row(town).error) == (MessageState.QUEUED, "RuntimeError")
    town.pass_time(seconds=2)
    assert len(town.heard("王秀英的女儿")) == 1


def test_a_provider_that_breaks_when_it_is_asked_still_gets_the_text(town: Town) -> None:
    """Late is worse than twice: nobody waits for a question that can never be answered."""

    class Riddle(Handsets):
        def find(self, _: Message) -> Sent | None:
            raise ValueError("an answer that nobody foresaw")

    decided(town)
    took(town)
    riddle = Riddle()

    town.time += LEASE
    settle(town.store, [carry(riddle, taken, town) for taken in took(town)])

    assert sum(riddle.received.values()) == 1
    assert row(town).state is MessageState.DELIVERED


def test_what_a_channel_forgets_to_answer_ends_no_sender(town: Town) -> None:
    """A window of texts of which the channel tells too little: they leave later, and so do all the others."""
    backlog(town.store, town.time, 4)

    class Forgetful(Handsets):
        forgot = False

        def send_together(self, texts: list[Message]) -> list[Outcome]:
            if not self.forgot:
                self.forgot = True
                return []
            return [self.send(text) for text in texts]

    channel = Forgetful(capabilities=Capabilities(together=2))
    courier = Courier(town.store, channel, town, worker="w", senders=1)
    courier.collect()
    courier.close()
    town.pass_time(seconds=5)

    assert sum(channel.received.values()) == 2
    assert {row(town, f"k{n}").state for n in range(4)} == {MessageState.DELIVERED}
    assert len(town.phones.texts) == 2


def test_a_sender_that_breaks_takes_the_next_text_all_the_same(town: Town) -> None:
    """Whatever it is that breaks: what it had in hand leaves when its lease has ended."""
    backlog(town.store, town.time, 2)
    handsets = Handsets()

    class Stops(Clock):
        stops = 0

        def now(self) -> datetime:
            if threading.current_thread().name.startswith("courier-") and self.stops:
                self.stops -= 1
                raise OSError("no clock")
            return self.time

    clock = Stops(town.time)
    courier = Courier(town.store, handsets, clock, worker="w", senders=1)
    clock.stops = 1
    courier.collect()
    courier.close()

    assert sum(handsets.received.values()) == 1
    town.pass_time(seconds=LEASE.total_seconds())
    assert len(town.phones.texts) == 1


def test_after_many_attempts_a_text_has_failed_and_the_ladder_moves_on(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿", "儿子", "邻居"))
    town.phones.trouble[town.people["女儿"]] = TryLater("busy")
    town.press("王秀英")
    with town.store.write() as connection:
        connection.execute(
            message.update().where(message.c.state == "queued").values(attempts=MOST_ATTEMPTS - 1)
        )
    assert town.heard("邻居") == []

    town.pass_time(seconds=2)

    assert row(town).state is MessageState.FAILED
    assert len(town.heard("邻居")) == 1


def test_a_relative_and_a_worker_who_cannot_be_reached_are_replaced_at_once(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿", "儿子", "邻居"))
    for number in range(1, 4):
        town.responder(f"网格员{number}", metres=100 * number)
    for who in ("女儿", "网格员1"):
        town.phones.trouble[town.people[who]] = Undeliverable("21211")

    town.press("王秀英")

    assert len(town.heard("邻居")) == 1
    assert town.asked("王秀英")["网格员3"] is OfferState.ASKED
    assert len(town.heard("网格员3")) == 1


# ---- many couriers ----


def backlog(store: Store, now: datetime, count: int) -> None:
    waiting(store, now, ((f"k{n}", Lane(1 + n % 2)) for n in range(count)))


@pytest.mark.parametrize("couriers", [2, 4])
def test_any_number_of_couriers_send_each_message_once(town: Town, couriers: int) -> None:
    backlog(town.store, town.time, 200)
    handsets, recorded = Handsets(), threading.Event()
    ready = threading.Barrier(couriers)
    team = [
        Courier(town.store, handsets, town, worker=f"c{n}", senders=4, recorded=lambda _: recorded.set())
        for n in range(couriers)
    ]

    def work(courier: Courier) -> None:
        ready.wait()
        while sum(handsets.received.values()) < 200:
            if not courier.collect():
                recorded.wait(0.01)
        courier.close()

    threads = [threading.Thread(target=work, args=(courier,)) for courier in team]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert handsets.received == Counter({f"k{n}": 1 for n in range(200)})
    with town.store.read() as connection:
        states = Counter(connection.execute(select(message.c.state)).scalars())
        attempts = set(connection.execute(select(message.c.attempts)).scalars())
    assert states == {"delivered": 200}
    assert attempts == {1}


@pytest.mark.parametrize(
    "store", ["postgres"], indirect=True
)  # SQLite has one writer: nobody waits in a circle
def test_what_is_taken_back_and_taken_again_never_waits_for_its_case(town: Town) -> None:
    """Who records an outcome locks the case and then its messages: a courier that waited for the case while
    it held such a message would wait for ever.
    """
    decided(town)
    town.work()
    with town.store.write() as connection:
        lost = {"state": MessageState.UNDELIVERABLE.value, "channel": "first", "sent_at": town.time}
        connection.execute(message.update().values(**lost))
    handsets = Handsets()
    courier = Courier(
        town.store, handsets, town, worker="mine", senders=1, has_another_way=True, unrecorded_s=0.0
    )
    with town.store.write() as recorder:
        Casebook(recorder).load_ids([town.card("王秀英").id])
        taken = courier.collect()
    courier.close()

    assert taken == len(handsets.received) > 0


def test_person_alarms_leave_first_and_in_their_order(town: Town) -> None:
    backlog(town.store, town.time, 10)

    with town.store.write() as connection:
        taken = outbox.take(connection, worker="w", now=town.time, lease_until=town.time + LEASE, limit=7)

    assert [m.key for m in taken] == ["k0", "k2", "k4", "k6", "k8", "k1", "k3"]


def test_what_waited_too_long_behind_a_slow_provider_is_left_to_the_next_courier(town: Town) -> None:
    backlog(town.store, town.time, 2)
    clock, handsets = Clock(town.time), Handsets()
    begun, go_on = threading.Event(), threading.Event()

    class Slow(Handsets):
        def send(self, sent: Message) -> Outcome:
            begun.set()
            go_on.wait(60)
            return handsets.send(sent)

    slow = Courier(town.store, Slow(), clock, worker="slow", senders=1)
    slow.collect()
    begun.wait(60)  # the first is being sent, the second waits behind it
    clock.time += LEASE - ATTEMPT + timedelta(seconds=1)
    go_on.set()
    slow.close()
    assert sum(handsets.received.values()) == 1

    clock.time = town.time + LEASE
    quick = Courier(town.store, handsets, clock, worker="quick", senders=1)
    quick.collect()
    quick.close()

    assert handsets.received == Counter({"k0": 1, "k1": 1})


def test_a_sender_sends_nothing_more_until_it_is_recorded_what_it_sent(town: Town) -> None:
    """Or a killed process would have sent many texts of which nobody knows."""
    backlog(town.store, town.time, 6)
    in_doubt: list[int] = []

    class Looks(Handsets):
        def send(self, sent: Message) -> Outcome:
            recorded = sum(row(town, key).state is MessageState.DELIVERED for key in self.received)
            in_doubt.append(len(self.received) - recorded)
            return super().send(sent)

    courier = Courier(town.store, Looks(), town, worker="w", senders=1, unrecorded_s=60)
    courier.collect()
    courier.close()

    assert in_doubt == [0] * 6


def test_what_is_in_hand_leaves_while_the_database_takes_nothing(town: Town) -> None:
    backlog(town.store, town.time, 2)
    both = threading.Event()

    with ExitStack() as held:

        class Holds(Handsets):
            def send(self, sent: Message) -> Outcome:
                if not self.received:  # from now on nobody else can write
                    connection = held.enter_context(town.store.write())
                    if not town.store.is_sqlite:
                        connection.exec_driver_sql("LOCK TABLE message IN ACCESS EXCLUSIVE MODE")
                outcome = super().send(sent)
                if len(self.received) == 2:
                    both.set()
                return outcome

        courier = Courier(town.store, Holds(), town, worker="w", senders=1, unrecorded_s=0.01)
        courier.collect()
        assert both.wait(30)
    courier.close()

    assert row(town, "k0").state is row(town, "k1").state is MessageState.DELIVERED


def test_an_outcome_that_cannot_be_recorded_does_not_hold_up_the_others(town: Town) -> None:
    backlog(town.store, town.time, 3)
    handsets = Handsets()

    class OneTooLong(Handsets):
        def send(self, sent: Message) -> Outcome:
            handsets.send(sent)
            return Sent("x" * 65 + "\x00" if sent.key == "k1" else sent.key, delivered=True)

    courier = Courier(town.store, OneTooLong(), town, worker="w", senders=2)
    courier.collect()
    courier.close()

    assert row(town, "k0").state is row(town, "k2").state is MessageState.DELIVERED
    town.pass_time(seconds=LEASE.total_seconds())
    assert row(town, "k1").state is MessageState.DELIVERED


def test_a_text_whose_providers_id_cannot_be_kept_has_left_all_the_same(town: Town) -> None:
    """Else it leaves again whenever its lease ends, for ever: its provider cannot be asked either."""
    backlog(town.store, town.time, 1)

    class Odd(Handsets):
        def send(self, sent: Message) -> Outcome:
            super().send(sent)
            return Sent("\x00" + "x" * 65, delivered=True)

        def find(self, _: Message) -> Sent | None:
            return None

    odd, clock = Odd(), Clock(town.time)
    for _ in range(3):
        courier = Courier(town.store, odd, clock, worker="w", senders=1)
        courier.collect()
        courier.close()
        clock.time += LEASE

    assert odd.received == Counter({"k0": 1})
    assert row(town, "k0").state is MessageState.DELIVERED


def test_what_became_of_a_text_is_remembered_while_the_database_is_away(town: Town) -> None:
    backlog(town.store, town.time, 1)
    engine, away, refused = town.store.engine, threading.Event(), threading.Event()

    @event.listens_for(engine, "connect")
    def _(connection: Any, _: Any) -> None:
        if away.is_set():
            connection.close()
            refused.set()
            raise engine.dialect.loaded_dbapi.OperationalError("no server there")

    class CannotBeAsked(Handsets):
        def send(self, sent: Message) -> Outcome:
            away.set()
            engine.dispose()
            return super().send(sent)

        def find(self, _: Message) -> Sent | None:
            return None

    provider = CannotBeAsked()
    first = Courier(town.store, provider, town, worker="first", senders=1)
    first.collect()
    assert refused.wait(60)
    away.clear()
    assert until(lambda: row(town, "k0").state is MessageState.DELIVERED)
    first.close()
    town.time += LEASE
    second = Courier(town.store, Handsets(), town, worker="second", senders=1)
    assert second.collect() == 0, "nothing is left to be sent a second time"
    second.close()

    assert provider.received == Counter({"k0": 1})
