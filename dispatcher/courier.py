"""Carries messages out: takes them under a lease, sends outside any transaction, records what became of them.

At least once, never silently: a courier that dies leaves its lease to run out, and before anything is sent a
second time the provider is asked whether the first attempt did leave.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast

import structlog
from sqlalchemy import Connection

from community.storage import AWAY, Store
from dispatcher import bundling
from dispatcher.bundling import Bundles
from dispatcher.channels import Channel, Held, Outcome, Sent, Together, TryLater, Undeliverable, ask
from dispatcher.clock import Clock
from dispatcher.lanes import Lanes
from dispatcher.model import LOST, Entry, Fact, Lane, Message, MessageState, Purpose, speaks
from dispatcher.storage import outbox
from dispatcher.storage.casebook import Casebook
from dispatcher.wording import fate

SENDERS = 256  # at 300 ms a text, the first words of 400 homes a second take 120 of them
FEW = 32  # that are there from the beginning
LOOPBACK = "probe"
LEASE = timedelta(seconds=15)
ATTEMPT = timedelta(seconds=9)  # asking the provider and sending: two time-outs of 4 s, and some
BACKLOG = 8  # messages taken for each sender, or a full window: at 300 ms a text they leave within 3 s
MOST_ATTEMPTS = 20  # by each way
LONGEST_WAIT_S = 60.0
LINGER_S = 0.003  # outcomes that follow each other this closely are recorded together
UNRECORDED_S = 0.5  # longest that a sender waits for that: a slow database must not keep a text from leaving
AGAIN_S = 0.5  # between attempts to record while the database is away
_GROUP = 500

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Carried:
    """A message and what became of this attempt."""

    message: Message
    channel: str
    outcome: Outcome
    at: datetime


def carry(channel: Channel, message: Message, clock: Clock) -> Carried:
    """One attempt. A channel that breaks is a reason to try later, never the end of the courier."""
    outcome: Outcome
    if message.purpose is Purpose.PROBE:  # it has come to its end: nobody is told
        return Carried(message, LOOPBACK, Sent(LOOPBACK, delivered=True), clock.now())
    try:
        outcome = (ask(channel, message) if message.attempts > 1 else None) or channel.send(message)
    except Exception as broken:
        log.exception("channel broke", channel=channel.name, message=message.id)
        outcome = TryLater(type(broken).__name__)
    return Carried(message, outcome.channel or channel.name, outcome, clock.now())


def carry_together(channel: Channel, messages: Sequence[Message], clock: Clock) -> list[Carried]:
    """First attempts that leave in one go, where the channel has a window for them; others one by one."""
    if len(messages) == 1 or channel.capabilities.together == 1:
        return [carry(channel, message, clock) for message in messages]
    again = [message for message in messages if message.attempts > 1]
    first = [message for message in messages if message.attempts <= 1]
    outcomes: Sequence[Outcome]
    try:
        outcomes = cast("Together", channel).send_together(first) if first else ()
        if len(outcomes) != len(first):
            raise ValueError(f"{channel.name} told of {len(outcomes)} messages, and was given {len(first)}")
    except Exception as broken:
        log.exception("channel broke", channel=channel.name, messages=len(first))
        outcomes = [TryLater(type(broken).__name__)] * len(first)
    now = clock.now()
    carried = [
        Carried(m, outcome.channel or channel.name, outcome, now)
        for m, outcome in zip(first, outcomes, strict=True)
    ]
    return carried + [carry(channel, message, clock) for message in again]


def settle(store: Store, carried: Sequence[Carried]) -> None:
    """Record a group of outcomes, each on its incident's timeline, in one transaction."""
    held = [c for c in carried if isinstance(c.outcome, Held)]
    carried = [c for c in carried if not isinstance(c.outcome, Held)]
    with store.write() as connection:
        book = Casebook(connection)
        of_cases = {c.message.incident_id for c in carried if c.message.incident_id is not None}
        bundles = Bundles.of(connection, [c.message for c in carried])
        book.load_ids(of_cases | bundles.incident_ids)
        outbox.settle_sent(connection, [_sent_row(c) for c in carried if isinstance(c.outcome, Sent)])
        outbox.put_back(connection, [_held_row(c) for c in held])
        outbox.settle_unsent(connection, [_unsent_row(c) for c in carried if not isinstance(c.outcome, Sent)])
        for c in carried:
            cases = _note(connection, book, bundles, c)
            if _state_after(c) in LOST and c.message.purpose in (Purpose.RAISED, Purpose.ASK):
                for incident_id in cases:
                    due_at = book.incident(incident_id).due_at
                    if due_at is not None:
                        book.change(incident_id, due_at=min(c.at, due_at))  # the ladder moves on at once
        book.write()


def _note(connection: Connection, book: Casebook, bundles: Bundles, c: Carried) -> list[int]:
    """Write what became of it on the timeline of its case, or of each whose request it holds; those cases."""
    incident_id, state = c.message.incident_id, _state_after(c)
    if incident_id is not None:
        book.note(incident_id, c.at, _fact(c))
        return [incident_id]
    if state is MessageState.QUEUED:
        return []
    why = c.outcome.why if isinstance(c.outcome, TryLater | Undeliverable) else ""
    return bundles.follow(connection, book, c.message, state, c.channel, c.at, why)


def wait_before(attempt: int, asked_s: float) -> timedelta:
    """How long to wait after a failed `attempt` (1, 2, …): doubling, at least what the provider asked for."""
    return timedelta(seconds=min(LONGEST_WAIT_S, max(asked_s, 2.0 ** (attempt - 1))))


def _state_after(c: Carried) -> MessageState:
    match c.outcome:
        case Sent(delivered=delivered):
            return MessageState.DELIVERED if delivered else MessageState.SENT
        case TryLater(ways=ways):
            return MessageState.QUEUED if c.message.attempts < MOST_ATTEMPTS * ways else MessageState.FAILED
        case Undeliverable():
            return MessageState.UNDELIVERABLE
        case Held():
            return MessageState.QUEUED


def _sent_row(c: Carried) -> dict[str, Any]:
    assert isinstance(c.outcome, Sent)
    return {
        "id": c.message.id,
        "state": _state_after(c).value,
        "lease_until": None,
        "channel": c.channel,
        "provider_id": c.outcome.provider_id,
        "error": "",
        "sent_at": c.at,
        "delivered_at": c.at if c.outcome.delivered else None,
    }


def _unsent_row(c: Carried) -> dict[str, Any]:
    assert isinstance(c.outcome, TryLater | Undeliverable)
    return {
        "id": c.message.id,
        "attempts": c.message.attempts,
        "state": _state_after(c).value,
        "lease_until": None,
        "channel": c.channel,
        "due_at": _due_again(c),
        "error": c.outcome.why,
    }


def _due_again(c: Carried) -> datetime:
    match c.outcome:
        case TryLater(elsewhere=True):
            return c.at
        case TryLater(wait_s=asked_s, ways=ways):
            return c.at + wait_before(-(-c.message.attempts // ways), asked_s)  # each way was tried as often
        case _:
            return c.at


def _held_row(c: Carried) -> dict[str, Any]:
    assert isinstance(c.outcome, Held)
    wait = timedelta(seconds=min(LONGEST_WAIT_S, c.outcome.wait_s))
    return {"of_id": c.message.id, "of_attempt": c.message.attempts, "wait_until": c.at + wait}


def _fact(c: Carried) -> Fact:
    state = _state_after(c)
    why = f":{c.outcome.why}" if isinstance(c.outcome, TryLater | Undeliverable) else ""
    return Fact(
        Entry.MESSAGE,
        f"{fate(c.message.is_call or speaks(c.channel), c.message.to.name, state)}{why}",
        detail={
            "message": c.message.id,
            "state": state.value,
            "purpose": c.message.purpose.value,
            "channel": c.channel,
        },
    )


@dataclass(frozen=True, slots=True)
class _Leased:
    message: Message
    until: datetime


@dataclass(frozen=True, slots=True)
class _Outcomes:
    """What one sender has done, and waits to see `recorded`."""

    carried: Sequence[Carried]
    recorded: threading.Event = field(default_factory=threading.Event)


class Courier:
    """Couriers of one process: a pool that sends, and one thread that records. Any number may run.

    The pool grows to `senders`, and no further than the channel can use, when all it has wait for a provider
    and more is to be sent: a provider that answers at once never sees more than a few.

    A sender takes nothing more until it is recorded what it sent, or for `unrecorded_s` seconds. So a process
    that is killed beside a well database leaves no more texts in doubt than it has senders (for each as many
    as the channel takes together), however fast it sent.

    `recorded` is called when a group of outcomes has been written, with whether that is all: nothing of it
    has to be looked at, and nothing waits for a free sender. With `has_another_way`, what a provider took and
    then could not deliver is taken back from it. With `bundles`, many requests to one responder are one text.
    """

    def __init__(
        self,
        store: Store,
        channel: Channel,
        clock: Clock,
        *,
        worker: str,
        senders: int = SENDERS,
        recorded: Callable[[bool], None] = lambda _: None,
        has_another_way: bool = False,
        unrecorded_s: float = UNRECORDED_S,
        bundles: bool = False,
    ) -> None:
        self._store = store
        self._channel = channel
        self._clock = clock
        self.worker = worker
        self._most_senders = senders = min(senders, channel.capabilities.at_once)
        self._recorded = recorded
        self._has_another_way = has_another_way
        self._unrecorded_s = unrecorded_s
        self._bundles = bundles
        self._work: Lanes[_Leased] = Lanes(senders)
        self._done: queue.SimpleQueue[_Outcomes | None] = queue.SimpleQueue()
        self._together = channel.capabilities.together
        self._most = senders * max(BACKLOG, self._together)
        self._busy: Counter[Lane] = Counter()  # messages taken and not carried yet
        self._is_full = False
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self._asking = 0  # senders that wait for a provider
        self._pool: list[threading.Thread] = []
        for _ in range(min(FEW, senders)):
            self._hire()
        self._recorder = threading.Thread(target=self._record_all, name="courier-record", daemon=True)
        self._recorder.start()

    def free(self, lane: Lane = Lane.EARLY) -> int:
        """How many messages of `lane` could be taken now and be on their way before their lease runs out.

        What was taken of later lanes takes no room: it is overtaken.
        """
        with self._lock:
            return max(0, self._most - sum(count for busy, count in self._busy.items() if busy <= lane))

    def lease(self) -> tuple[str, datetime]:
        """What a message must carry to be ours: this worker, until when."""
        return self.worker, self._clock.now() + LEASE

    def accept(self, messages: Sequence[Message], until: datetime) -> None:
        """Send messages that are under this worker's lease already, which runs `until`."""
        by_lane: defaultdict[Lane, list[_Leased]] = defaultdict(list)
        for message in messages:
            by_lane[message.lane].append(_Leased(message, until))
        for lane, leased in by_lane.items():
            self._count(lane, len(leased))
            self._work.put(lane, leased, self._together)
        with self._lock:
            self._grow()

    def collect(self) -> int:
        """Take what waits in the outbox, as much as can be sent soon; returns how many."""
        now = self._clock.now()
        for last in (Lane.LAST, Lane.EARLY, Lane.FIRST):
            limit = self.free(last)
            if limit >= self._most // 2:
                break
        self._is_full = last is not Lane.LAST
        if limit < self._most // 2:
            return 0  # many at once later, rather than a few at a time now: each look is a transaction
        with self._store.read() as connection:
            is_lost = self._has_another_way and outbox.is_anything_lost(connection, now)
            if not is_lost and not outbox.is_anything_waiting(connection, now, last):
                return 0
        if is_lost:
            # Not in the transaction that takes it again: a message that is written twice in one locks its
            # case on PostgreSQL, too, which whoever records an outcome locks before any message.
            with self._store.write() as connection:
                outbox.take_back(connection, now)
        _, until = self.lease()
        try:
            taken = self._take(now, limit, last, until, together=self._bundles)
        except AWAY:
            raise
        except Exception:
            if not self._bundles:
                raise
            log.exception("requests cannot be put together: each leaves by itself")
            taken = self._take(now, limit, last, until, together=False)
        self.accept(taken, until)
        return len(taken)

    def _take(
        self, now: datetime, limit: int, last: Lane, until: datetime, *, together: bool
    ) -> list[Message]:
        with self._store.write() as connection:
            outbox.drop_stale(connection, now)
            found = outbox.waiting(connection, now, limit, last)
            if together:
                return bundling.take(connection, found, self.worker, until, now)
            return outbox.lease(connection, found, self.worker, until)

    def ailment(self) -> str:
        """What is wrong with this courier, in words; empty when it is well."""
        return "" if self._recorder.is_alive() else "没有人记录发送结果 nobody records what was sent"

    def close(self) -> None:
        """Finish what is being sent, record it, and stop."""
        self._work.end()
        for sender in self._pool:  # while what waits is carried, it may still grow
            sender.join()
        self._ending.set()
        self._done.put(None)
        self._recorder.join()

    def _hire(self) -> None:
        name = f"courier-{len(self._pool)}"
        sender = threading.Thread(target=self._send_all, name=name, daemon=True)
        sender.start()
        self._pool.append(sender)

    def _grow(self) -> None:
        """One more sender when all wait for a provider and it would find something; it looks again."""
        if self._asking == len(self._pool) < self._most_senders and self._work.is_any_for_another():
            try:
                self._hire()
            except RuntimeError:  # the machine gives no more threads: those there are go on
                log.exception("no more senders", senders=len(self._pool))

    def _send_all(self) -> None:
        """One sender, until it is time to end. It outlives whatever breaks: nobody would take its place, and
        what it had in hand leaves when its lease has ended.
        """
        while True:
            lane, group = self._work.take(self._together)
            if not group:
                return
            try:
                self._carry(group)
            except Exception:
                log.exception("a sender broke", messages=len(group))
            self._count(lane, -len(group))
            self._work.done(lane)

    def _carry(self, group: Sequence[_Leased]) -> None:
        # Begun too late it could still be leaving when another courier takes it: then leave it to that one.
        now = self._clock.now()
        latest = now + ATTEMPT
        messages = [leased.message for leased in group if latest <= leased.until]
        carried = self._hand_over(messages) if messages else []
        for leased in group:
            if latest > leased.until:  # urgent ones have overtaken it for too long
                carried.append(Carried(leased.message, "", Held(0.0), now))
        outcomes = _Outcomes(carried)
        self._done.put(outcomes)
        outcomes.recorded.wait(self._unrecorded_s)

    def _hand_over(self, messages: Sequence[Message]) -> list[Carried]:
        with self._lock:
            self._asking += 1
            self._grow()
        try:
            return carry_together(self._channel, messages, self._clock)
        finally:
            with self._lock:
                self._asking -= 1

    def _count(self, lane: Lane, more: int) -> None:
        with self._lock:
            self._busy[lane] += more

    def _record_all(self) -> None:
        last = False
        while not last:
            group: list[_Outcomes] = []
            first = self._done.get()
            last = first is None
            if first is not None:
                group.append(first)
            with contextlib.suppress(queue.Empty):
                while not last and sum(len(each.carried) for each in group) < _GROUP:
                    following = self._done.get(timeout=LINGER_S)
                    last = following is None
                    if following is not None:
                        group.append(following)
            self._record([carried for each in group for carried in each.carried])
            for each in group:
                each.recorded.set()

    def _record(self, group: Sequence[Carried]) -> None:
        """Record, again and again while the database is away: a text whose fate was forgotten is sent again
        where the provider cannot be asked.
        """
        while group and not self._is_recorded(group) and not self._ending.wait(AGAIN_S):
            pass

    def _is_recorded(self, group: Sequence[Carried]) -> bool:
        """Record together; when that fails, one by one, so that one bad row does not hold the others."""
        try:
            settle(self._store, group)
            self._recorded(not self._is_full and all(isinstance(c.outcome, Sent) for c in group))
        except AWAY as error:
            log.error("not recorded: the database is away", messages=len(group), error=type(error).__name__)
            return False
        except Exception:
            log.exception("recording failed", messages=len(group))
            if len(group) > 1:
                for single in group:
                    self._record([single])
            elif isinstance(outcome := group[0].outcome, Sent) and outcome.provider_id:
                # That it left is kept without its provider's id, or it would leave again and again.
                self._record([replace(group[0], outcome=replace(outcome, provider_id=""))])
        return True
