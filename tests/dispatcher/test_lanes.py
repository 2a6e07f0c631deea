"""Inside a courier the first words of a home overtake everything, and find a sender however slow all is."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from community.storage import Store
from community.storage.tables import message
from dispatcher.channels import Capabilities, Outcome, Sent
from dispatcher.courier import BACKLOG, Courier
from dispatcher.lanes import Lanes
from dispatcher.model import Lane, Message
from dispatcher.storage import outbox
from tests.dispatcher.backlog import waiting
from tests.servers import until
from tests.town import Town

SENDERS = 4
ROOM = SENDERS * BACKLOG


class Slow:
    """A provider that answers when the test lets it."""

    name = "slow"
    capabilities = Capabilities()

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.answers = threading.Semaphore(0)

    def send(self, message: Message) -> Outcome:
        self.begun.append(message.key)
        self.answers.acquire()
        return Sent(message.key, delivered=True)

    def find(self, _message: Message) -> Sent | None:
        return None


def put(store: Store, now: datetime, lane: Lane, count: int) -> None:
    waiting(store, now, ((f"{lane.name}{n}", lane) for n in range(count)))


@contextmanager
def courier_of(town: Town, slow: Slow) -> Iterator[Courier]:
    courier = Courier(town.store, slow, town, worker="w", senders=SENDERS)
    try:
        yield courier
    finally:
        slow.answers.release(10_000)
        courier.close()


def states(store: Store) -> Counter[str]:
    with store.read() as connection:
        return Counter(connection.execute(select(message.c.state)).scalars())


def test_repeats_never_take_the_last_sender(town: Town) -> None:
    put(town.store, town.time, Lane.PERSON, 100)
    slow = Slow()
    with courier_of(town, slow) as courier:
        while courier.collect():
            pass
        assert until(lambda: len(slow.begun) == SENDERS - 1)

        put(town.store, town.time, Lane.FIRST, 1)
        assert courier.collect() == 1, "there is room for it however many repeats were taken"
        assert until(lambda: slow.begun[-1] == "FIRST0"), "and a sender at once, while no repeat is answered"
    assert states(town.store)["delivered"] == ROOM + 1


def test_what_was_taken_before_is_overtaken_by_what_is_urgent(town: Town) -> None:
    put(town.store, town.time, Lane.ORDINARY, ROOM)
    slow = Slow()
    with courier_of(town, slow) as courier:
        courier.collect()
        assert until(lambda: len(slow.begun) == SENDERS - 1)
        begun = len(slow.begun)
        for lane in (Lane.LAST, Lane.PERSON, Lane.EARLY, Lane.FIRST):
            put(town.store, town.time, lane, 3)
        courier.collect()
        urgent = {f"{lane.name}{n}" for lane in (Lane.FIRST, Lane.EARLY) for n in range(3)}
        assert until(lambda: len(slow.begun) == begun + 1)
        for count in range(2, 7):
            slow.answers.release()
            assert until(lambda many=begun + count: len(slow.begun) == many)  # type: ignore[misc]
        assert set(slow.begun[begun : begun + 6]) == urgent


def test_a_full_courier_looks_for_first_words_only(town: Town) -> None:
    put(town.store, town.time, Lane.PERSON, ROOM + 50)
    slow = Slow()
    with courier_of(town, slow) as courier:
        assert courier.collect() == ROOM
        assert courier.collect() == 0
        put(town.store, town.time, Lane.EARLY, ROOM)
        assert courier.collect() == ROOM
        assert courier.collect() == 0
        put(town.store, town.time, Lane.FIRST, ROOM + 1)
        assert courier.collect() == ROOM
        assert courier.collect() == 0, "of these, too, no more than leaves before its lease is over"


def test_the_store_gives_out_lane_by_lane(town: Town) -> None:
    for lane in reversed(Lane):
        put(town.store, town.time, lane, 2)
    with town.store.write() as connection:
        until_then = town.time + timedelta(seconds=15)
        taken = outbox.take(connection, worker="w", now=town.time, lease_until=until_then, limit=100)
    assert [one.lane for one in taken] == [lane for lane in Lane for _ in range(2)]
    assert list(Lane) == sorted(Lane), "the lanes are written down in the order in which they leave"


@pytest.mark.parametrize("senders", [1, 2, 3, 4, 32])
def test_some_senders_are_always_left_for_what_is_urgent_if_there_are_enough(senders: int) -> None:
    lanes: Lanes[str] = Lanes(senders)
    lanes.put(Lane.ORDINARY, ["other"] * 100)
    most = max(1, senders - senders // 4)
    for _ in range(most):
        assert lanes.take(1) == (Lane.ORDINARY, ["other"])
    lanes.put(Lane.EARLY, ["early"])
    assert lanes.take(1) == (Lane.EARLY, ["early"])
    lanes.done(Lane.ORDINARY)
    assert lanes.take(1) == (Lane.ORDINARY, ["other"])


def test_a_window_takes_of_one_lane_only_and_the_end_leaves_nothing_behind() -> None:
    lanes: Lanes[int] = Lanes(4)
    lanes.put(Lane.PERSON, [3, 4, 5], together=2)
    lanes.put(Lane.FIRST, [1, 2], together=8)
    lanes.end()
    assert lanes.take(8) == (Lane.FIRST, [1, 2])
    assert lanes.take(2) == (Lane.PERSON, [3, 4])
    assert lanes.take(2) == (Lane.PERSON, [5])
    assert lanes.take(2) == (Lane.LAST, [])
