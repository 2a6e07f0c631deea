"""An earthquake: every home presses within ten seconds, while older cases go on and a provider is slow.

Time is handed in and the provider answers when it is let, so that the order in which it is handed the texts
is the same on any machine.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from community.model import Contact, Device, Household, Resident
from community.sites.generate import SiteData
from community.storage import Store, seeding
from community.storage.tables import bundled, incident, message
from devices.signal import Kind, Reading, Role, Signal
from dispatcher import intake
from dispatcher.channels import Capabilities, Outcome, Sent
from dispatcher.courier import BACKLOG, Courier
from dispatcher.engine import GROUP, Engine
from dispatcher.model import Lane, Message, MessageState, Purpose
from dispatcher.pace import GATHER, Pace
from dispatcher.plans import shipped
from tests.faults.conftest import Figure
from tests.gateway.conftest import STREET
from tests.servers import until

OLDER = GROUP // 2  # homes that pressed a while ago, and as many in which nobody moves
PRESSING = 4_000
HOMES = PRESSING + 2 * OLDER
WITHIN = timedelta(seconds=10)
SENDERS = 32
AT_A_TIME = 4 * SENDERS  # answers that the provider gives before anybody looks again
ENDS_S = 60.0

pytestmark = [pytest.mark.fault, pytest.mark.timeout(600)]


@dataclass
class Time:
    time: datetime

    def now(self) -> datetime:
        return self.time


@dataclass
class Provider:
    """Takes texts one by one, and answers when it is let."""

    name: str = "slow"
    capabilities: Capabilities = field(default_factory=Capabilities)
    taken: list[Message] = field(default_factory=list)
    answers: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def send(self, text: Message) -> Outcome:
        self.taken.append(text)
        self.answers.acquire()
        return Sent(text.key, delivered=True)

    def find(self, message: Message) -> Sent | None:
        is_taken = any(text.key == message.key for text in self.taken)
        return Sent(message.key, delivered=True) if is_taken else None


def town() -> SiteData:
    """The Kenli street's areas and workers, and its homes again and again, with two relatives each."""
    homes = range(1, HOMES + 1)
    return replace(
        STREET,
        households=tuple(_home(id) for id in homes),
        residents=tuple(Resident(id, id, f"住户{id}") for id in homes),
        contacts=tuple(
            Contact(2 * id + rank - 2, id, rank, f"亲属{id}", "女儿", f"+8619{id:07d}{rank:02d}")
            for id in homes
            for rank in (1, 2)
        ),
        devices=tuple(Device(id, f"care:kenli/{id}", Role.HELP_BUTTON, id) for id in homes),
    )


def _home(id: int) -> Household:
    return replace(STREET.households[id % len(STREET.households)], id=id)


def says(store: Store, homes: range, kind: Kind, now: datetime) -> None:
    readings = [Reading((Signal(f"care:kenli/{id}", kind, f"{id}#{kind.value}", now),)) for id in homes]
    with store.write() as connection:
        intake.take(connection, readings, shipped(), now)


def of_home(text: Message) -> int:
    return int(text.to.phone[5:12])


@contextmanager
def courier_of(store: Store, provider: Provider, clock: Time) -> Iterator[Courier]:
    courier = Courier(store, provider, clock, worker="w", senders=SENDERS, bundles=True)
    try:
        yield courier
    finally:
        provider.answers.release(1_000_000)
        courier.close()


def test_every_home_has_its_first_word_out_before_anything_is_said_again(
    store: Store, now: datetime, figure: Figure
) -> None:
    with store.write() as connection:
        seeding.load(connection, town())
    clock, provider, pressing = Time(now), Provider(), range(1, PRESSING + 1)
    earlier = Engine(store)
    says(store, range(PRESSING + 1, PRESSING + OLDER + 1), Kind.SOS, now)
    says(store, range(PRESSING + OLDER + 1, HOMES + 1), Kind.INACTIVITY, now)
    earlier.tick(now)
    _all_left(store)
    clock.time += timedelta(seconds=400)  # the older cases are told of again, at the moment of the shock

    with courier_of(store, provider, clock) as courier:
        engine = Engine(store, courier, pace=Pace())
        for first in range(1, PRESSING + 1, GROUP):
            says(store, range(first, first + GROUP), Kind.SOS, clock.time)
            while engine.tick(clock.time, once=True) >= GROUP:
                pass
            courier.collect()
            clock.time += WITHIN * GROUP / PRESSING
        clock.time += GATHER
        _drain(store, courier, provider)

    lanes = [text.lane for text in provider.taken]
    first = [text for text in provider.taken if text.lane is Lane.FIRST]
    assert {of_home(text) for text in first} == set(pressing), "every home"
    assert len(first) == PRESSING, "one of each"
    kinds = Counter(lanes)
    assert min(kinds[lane] for lane in (Lane.EARLY, Lane.PERSON, Lane.ORDINARY)) >= OLDER
    leaves = 0
    for lane in sorted(kinds):  # those that are begun at one moment overtake each other
        leaves += kinds[lane]
        assert max(at for at, other in enumerate(lanes) if other is lane) < leaves + SENDERS, lane.name
    told = Counter((text.to.who, text.key) for text in provider.taken)
    assert set(told.values()) == {1}, "nobody twice"

    with store.read() as connection:
        is_open = incident.c.closed_at.is_(None) & incident.c.due_at.is_not(None)
        assert connection.execute(select(func.count()).where(is_open)).scalar() == HOMES
        riding = connection.execute(select(func.count(bundled.c.message_id))).scalar() or 0
        left = connection.execute(
            select(func.count()).where(message.c.state != MessageState.DELIVERED.value)
        ).scalar()
    assert left == 0
    alone = [text for text in provider.taken if text.purpose is Purpose.ASK and not text.is_bundle]
    requests = riding + len(alone)
    asked = Counter(text.to.who for text in provider.taken if text.to.who.startswith("responder:"))
    assert riding > 0.9 * requests
    assert max(asked.values()) <= 8, "a worker can read them: two by themselves, and one every five seconds"
    assert not any(text.is_bundle for text in provider.taken if text.to.who.startswith("contact:"))
    name = "SQLite" if store.is_sqlite else "PostgreSQL"
    figure(
        f"    {name}: {PRESSING} homes pressed within {WITHIN.seconds} s: {HOMES} cases open, each home's "
        f"first word out before anything was said again; {requests} requests to {len(asked)} responders in "
        f"{asked.total()} texts, at most {max(asked.values())} to one"
    )


def _all_left(store: Store) -> None:
    """What was said before the shock has left."""
    with store.write() as connection:
        connection.execute(
            message.update().values(state=MessageState.DELIVERED.value, attempts=1, sent_at=message.c.due_at)
        )


def _drain(store: Store, courier: Courier, provider: Provider) -> None:
    """The provider answers some, the courier takes what has become free, until nothing is left."""
    room = SENDERS * BACKLOG
    waits = select(func.count()).where(
        message.c.state.in_([MessageState.QUEUED.value, MessageState.SENDING.value])
    )

    def is_over() -> bool:
        with store.read() as connection:
            return connection.execute(waits).scalar() == 0

    def goes_on(taken: int) -> bool:
        return len(provider.taken) >= taken or courier.free(Lane.LAST) == room or courier.collect() > 0

    def is_taken_or_over() -> bool:
        return courier.collect() > 0 or is_over()

    while True:
        many = len(provider.taken) + AT_A_TIME
        provider.answers.release(AT_A_TIME)
        assert until(lambda taken=many: goes_on(taken), ENDS_S, every_s=0.005)  # type: ignore[misc]
        if not courier.collect() and courier.free(Lane.LAST) == room:
            assert until(is_taken_or_over, ENDS_S), "what was put back because its time was short comes again"
            if is_over():
                return
