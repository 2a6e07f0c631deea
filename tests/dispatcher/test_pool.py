"""A courier has as many senders as its provider keeps waiting, and no more than the channel can use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from dispatcher.courier import FEW, Courier
from dispatcher.model import Lane
from tests.dispatcher.test_lanes import Slow, put
from tests.servers import until
from tests.town import Town

MOST = 4 * FEW


@contextmanager
def courier_of(town: Town, slow: Slow) -> Iterator[Courier]:
    courier = Courier(town.store, slow, town, worker="w", senders=MOST)
    try:
        yield courier
    finally:
        slow.answers.release(10_000)
        courier.close()


def test_a_slow_provider_is_given_all_that_waits_at_once(town: Town) -> None:
    put(town.store, town.time, Lane.FIRST, FEW + 20)
    slow = Slow()
    with courier_of(town, slow) as courier:
        courier.collect()

        assert until(lambda: len(slow.begun) == FEW + 20), "though not one of them is answered"
        assert len(courier._pool) == FEW + 20


def test_the_pool_ends_at_its_setting(town: Town) -> None:
    put(town.store, town.time, Lane.FIRST, MOST + 20)
    slow = Slow()
    with courier_of(town, slow) as courier:
        courier.collect()
        assert until(lambda: len(slow.begun) == MOST)

        slow.answers.release()
        assert until(lambda: len(slow.begun) == MOST + 1)
        assert len(courier._pool) == MOST


def test_a_channel_that_can_use_few_is_given_few(town: Town) -> None:
    put(town.store, town.time, Lane.FIRST, 20)
    slow = Slow()
    slow.capabilities = replace(slow.capabilities, at_once=3)
    with courier_of(town, slow) as courier:
        courier.collect()
        assert until(lambda: len(slow.begun) == 3)
        assert len(courier._pool) == 3


def test_a_first_word_finds_a_sender_when_all_there_are_carry_repeats(town: Town) -> None:
    put(town.store, town.time, Lane.PERSON, FEW)
    slow = Slow()
    with courier_of(town, slow) as courier:
        courier.collect()
        assert until(lambda: len(slow.begun) == FEW)

        put(town.store, town.time, Lane.FIRST, 1)
        courier.collect()
        assert until(lambda: slow.begun[-1] == "FIRST0")


def test_repeats_never_take_the_last_quarter(town: Town) -> None:
    put(town.store, town.time, Lane.PERSON, 2 * MOST)
    slow = Slow()
    with courier_of(town, slow) as courier:
        courier.collect()
        assert until(lambda: len(slow.begun) == MOST - MOST // 4)

        put(town.store, town.time, Lane.FIRST, MOST // 4)
        courier.collect()
        assert until(lambda: len(slow.begun) == MOST)
        assert {key[:5] for key in slow.begun[-(MOST // 4) :]} == {"FIRST"}
