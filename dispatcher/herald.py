"""Tells programs elsewhere how cases go. It comes last: while a text waits for its turn, it waits.

Nothing is written for it while a case is opened or answered: it reads what changed, on a thread of its own,
and notes with each case how far it was told of. Any number may run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from datetime import datetime, timedelta

import structlog

from community.storage import Store
from dispatcher import webhooks
from dispatcher.channels.http import Silence
from dispatcher.clock import Clock
from dispatcher.posting import post
from dispatcher.storage import hooks
from dispatcher.storage.hooks import Delivery, Hook, Result

EVERY_S = 1.0
MOST_CASES = 50  # looked at in one turn: the writer's lock is soon free again
MOST_SENT = 20  # to one receiver in one go
LEASE = timedelta(minutes=3)  # longer than so many attempts can take
TEXTS_WAIT = timedelta(seconds=2)  # a text that nobody has taken for so long goes before us
AT_LATEST = timedelta(seconds=30)  # and yet we are heard of
FORGETS_EVERY = timedelta(hours=1)
GONE = 410

Post = Callable[[str, Mapping[str, str], bytes], "int | Silence"]

log = structlog.get_logger()


class Herald:
    """`pool` carries what is sent: one receiver that does not answer keeps no other waiting."""

    def __init__(self, store: Store, clock: Clock, pool: Executor, send: Post = post) -> None:
        self._store = store
        self._clock = clock
        self._pool = pool
        self._send = send
        self._stopping = threading.Event()
        self._sending: dict[int, Future[None]] = {}
        self._turned_at: datetime | None = None
        self._forgot_at: datetime | None = None

    def run(self, stopping: threading.Event) -> None:
        """Look each second until `stopping`; then what was not begun stays for the next who looks."""
        self._stopping = stopping
        while not stopping.wait(EVERY_S):
            try:
                self.turn(self._clock.now())
            except Exception:
                log.exception("webhooks were not looked at")

    def turn(self, now: datetime) -> int:
        """Note what is new and begin to send what is due; returns how many events are new."""
        if self._lets_texts_go_first(now):
            return 0
        self._turned_at = now
        new = self._look(now)
        with self._store.read() as connection:
            waiting = hooks.due_hooks(connection, now)
        for hook in waiting:
            if (running := self._sending.get(hook.id)) is None or running.done():
                self._sending[hook.id] = self._pool.submit(self._deliver, hook)
        if self._forgot_at is None or abs(now - self._forgot_at) >= FORGETS_EVERY:
            self._forgot_at = now
            with self._store.write() as connection:
                hooks.forget(connection, now)
        return new

    def _lets_texts_go_first(self, now: datetime) -> bool:
        if self._turned_at is None or abs(now - self._turned_at) >= AT_LATEST:
            return False
        with self._store.read() as connection:
            return hooks.are_texts_waiting(connection, now - TEXTS_WAIT)

    def _look(self, now: datetime) -> int:
        with self._store.read() as connection:
            told = [hook for hook in hooks.everyone(connection) if hook.enabled]
            if not told:
                return 0
            changed = hooks.untold(connection, now, MOST_CASES)
            names = any(webhooks.Detail.NAMES in hook.includes for hook in told)
            cases = hooks.about(connection, [row.id for row, _ in changed], names=names)
        if not changed:
            return 0
        new = 0
        with self._store.write() as connection:
            for row, happened in changed:
                if not hooks.note_told(connection, row):
                    continue
                for one in happened if row.id in cases else ():
                    for hook in told:
                        if one.event in hook.events and one.at >= hook.since:
                            said = webhooks.body(one, cases[row.id], hook.includes)
                            hooks.queue(connection, hook.id, one.event, said, now, row.id)
                            new += 1
        return new

    def _deliver(self, hook: Hook) -> None:
        try:
            self._carry(hook)
        except Exception:
            log.exception("webhooks did not leave", webhook=hook.id)  # they are due again after the lease

    def _carry(self, hook: Hook) -> None:
        """Send what is due to one receiver, until it fails: then the rest waits for the next turn."""
        now = self._clock.now()
        with self._store.write() as connection:
            taken = hooks.take(connection, hook.id, now, now + LEASE, MOST_SENT)
            secret = hooks.secret_of(connection, hook.id) if taken else ""
        results: list[Result] = []
        for delivery in taken:
            if self._stopping.is_set():  # whoever starts anew must not wait for twenty slow answers
                break
            results.append(self._attempt(hook, secret, delivery))
            if results[-1].error:
                log.warning("a webhook was not taken", webhook=hook.id, why=results[-1].error)
                break
        with self._store.write() as connection:
            now = self._clock.now()
            hooks.record(connection, results, now)
            hooks.give_back(connection, taken[len(results) :], now)

    def _attempt(self, hook: Hook, secret: str, delivery: Delivery) -> Result:
        now, said = self._clock.now(), delivery.body.encode()
        answer = self._send(hook.url, webhooks.headers(secret, delivery.name, now, said), said)
        if isinstance(answer, int) and 200 <= answer < 300:
            return Result(delivery, answer)
        if answer == GONE:
            return Result(delivery, GONE, "HTTP 410", stops="HTTP 410: 对方已停用 the receiver is gone")
        pause = webhooks.next_pause(delivery.attempts)
        status, error = (None, answer.why) if isinstance(answer, Silence) else (answer, f"HTTP {answer}")
        return Result(delivery, status, error, now + pause if pause is not None else None)
