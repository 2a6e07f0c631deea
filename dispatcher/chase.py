"""Follows up what was sent and has not arrived: rings people up, asks providers for receipts that stay away.

Nothing here is needed for a press to be told; it only makes sure that nobody counts on a message in vain.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor, Future
from datetime import UTC, datetime, timedelta

import structlog

from community.storage import Store
from dispatcher import responses
from dispatcher.bundling import Bundles
from dispatcher.channels import Channel, Medium, Reporting
from dispatcher.clock import Clock
from dispatcher.followup import LOOK_BACK, Astray, call_for, is_given_up, is_vain, wants_asking, wants_call
from dispatcher.model import LOST, Entry, Fact, Message, MessageState
from dispatcher.storage import astray, outbox
from dispatcher.storage.casebook import Casebook
from dispatcher.wording import fate

AT_ONCE = 200  # messages looked at in one turn
EVERY = timedelta(seconds=1)
MOST_QUESTIONS = 32  # to providers, under way at once
NOBODY_KNOWS = "问过服务商,没有结果 the provider does not know"
ASK_AGAIN = timedelta(seconds=5)  # longer than a provider's time-out: never twice at once
_NEVER = datetime.min.replace(tzinfo=UTC)

log = structlog.get_logger()


class Chaser:
    """`channels` are all ways out; `asking` carries the questions to providers, outside any transaction."""

    def __init__(self, store: Store, channels: Iterable[Channel], clock: Clock, asking: Executor) -> None:
        ways = list(channels)
        self._store = store
        self._clock = clock
        self._asking = asking
        self._reporting = {way.name: way for way in ways if isinstance(way, Reporting)}
        self._can_call = any(way.capabilities.medium is Medium.VOICE for way in ways)
        self._asked: dict[int, datetime] = {}  # when the provider of a message was asked last
        self._under_way: set[Future[None]] = set()
        self._looked_at = _NEVER

    def turn(self, now: datetime) -> int:
        """Look, once a second at most; returns how many calls were begun. Never raises: presses go first."""
        if abs(now - self._looked_at) < EVERY:
            return 0
        self._looked_at = now
        try:
            return self._look(now)
        except Exception:
            log.exception("following up failed")
            return 0

    def _look(self, now: datetime) -> int:
        with self._store.read() as connection:
            found = astray.astray(connection, now, self._reporting, can_call=self._can_call, limit=AT_ONCE)
        silent = [one.message for one in found if wants_asking(one, now)]
        self._ask_about([message for message in silent if not is_given_up(message, now)], now)
        given_up = [message for message in silent if is_given_up(message, now)]
        if given_up:
            self._give_up(given_up, now)
        vain = [one for one in found if is_vain(one)]
        if vain:
            with self._store.write() as connection:
                for one in vain:
                    astray.call_off(connection, one.message.id)
        wanted = [one for one in found if wants_call(one, now)] if self._can_call else []
        try:
            return self._call(wanted, now) if wanted else 0
        except Exception:
            log.exception("a group of calls failed, taking them one by one", calls=len(wanted))
            return sum(self._call_alone(one, now) for one in wanted)

    def _ask_about(self, messages: Sequence[Message], now: datetime) -> None:
        """Ask about as many as may be under way at once: one provider that hangs must not hold up all."""
        self._under_way = {future for future in self._under_way if not future.done()}
        self._asked = {id: at for id, at in self._asked.items() if now - LOOK_BACK < at <= now}
        for message in messages:
            if len(self._under_way) >= MOST_QUESTIONS:
                return
            if self._asked.get(message.id, _NEVER) <= now - ASK_AGAIN:
                self._asked[message.id] = now
                self._under_way.add(self._asking.submit(self._ask, message))

    def _give_up(self, messages: Sequence[Message], now: datetime) -> None:
        """Nothing was heard for too long, and the provider has not said more: nobody counts on these."""
        with self._store.write() as connection:
            book = Casebook(connection)
            of_cases = {message.incident_id for message in messages if message.incident_id is not None}
            bundles = Bundles.of(connection, messages)
            book.load_ids(of_cases | bundles.incident_ids)
            for message in messages:
                state = MessageState.UNCONFIRMED
                if not outbox.advance(connection, message.id, state, now, NOBODY_KNOWS, ""):
                    continue
                reached = bundles.follow(connection, book, message, state, "", now, NOBODY_KNOWS)
                if message.incident_id is not None:
                    text = f"{fate(message.is_spoken, message.to.name, state)}:{NOBODY_KNOWS}"
                    detail = {"message": message.id, "state": state.value}
                    book.note(message.incident_id, now, Fact(Entry.MESSAGE, text, detail=detail))
                    reached = [message.incident_id]
                for incident_id in reached:
                    due_at = book.incident(incident_id).due_at
                    if due_at is not None:
                        book.change(incident_id, due_at=min(due_at, now))
            book.write()

    def _call_alone(self, one: Astray, now: datetime) -> int:
        try:
            return self._call([one], now)
        except Exception:
            log.exception("a call could not be begun", message=one.message.id)
            return 0

    def _call(self, wanted: Sequence[Astray], now: datetime) -> int:
        with self._store.write() as connection:
            book = Casebook(connection)
            book.load_ids({id for one in wanted if (id := one.message.incident_id) is not None})
            # Another worker may have seen the same; now that the cases are locked, nobody else adds a call.
            known = astray.called(connection, [one.message.key for one in wanted])
            begun = [one for one in wanted if one.message.key not in known and _is_open(book, one)]
            for one in begun:
                assert one.message.incident_id is not None, "_is_open has just looked"
                book.say(one.message.incident_id, call_for(one), now)
                why = "短信送不到" if one.message.state in LOST else "短信还没有送达"
                text = f"{why},同时拨打{one.message.to.name}的电话 calling as well"
                book.note(one.message.incident_id, now, Fact(Entry.MESSAGE, text))
            book.write()
        return len(begun)

    def _ask(self, message: Message) -> None:
        try:
            way = self._reporting[message.channel]
            known = way.fate(message)
            now = self._clock.now()
            if known is None or known.going_on:
                return  # it may know more when it is asked again
            state, error = known.state, known.error
            if state is MessageState.SENT:
                state, error = MessageState.UNCONFIRMED, NOBODY_KNOWS
            responses.receipt(self._store, message.provider_id, state, error, now, key=message.key)
        except Exception:
            log.exception("asking a provider failed", message=message.id)


def _is_open(book: Casebook, one: Astray) -> bool:
    incident_id = one.message.incident_id
    return incident_id is not None and book.incident(incident_id).is_open
