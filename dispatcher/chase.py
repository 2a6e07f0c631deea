"""Follows up what was sent and has not arrived: rings people up, asks providers for receipts that stay away.

Nothing here is needed for a press to be told; it only makes sure that nobody counts on a message in vain.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta

import structlog

from community.storage import Store
from dispatcher import responses
from dispatcher.channels import Channel, Medium, Reporting
from dispatcher.clock import Clock
from dispatcher.followup import LOOK_BACK, Astray, call_for, is_given_up, is_vain, wants_asking, wants_call
from dispatcher.model import LOST, Entry, Fact, Message, MessageState
from dispatcher.storage import astray
from dispatcher.storage.casebook import Casebook

AT_ONCE = 200  # messages looked at in one turn
EVERY = timedelta(seconds=1)
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
            found = astray.astray(connection, now, self._reporting, limit=AT_ONCE)
        for one in found:
            if wants_asking(one, now) and self._asked.get(one.message.id, _NEVER) <= now - ASK_AGAIN:
                self._asked[one.message.id] = now
                self._asking.submit(self._ask, one.message)
        self._asked = {id: at for id, at in self._asked.items() if now - LOOK_BACK < at <= now}
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
            fate = way.fate(message)
            now = self._clock.now()
            if fate is not None and fate.state is not MessageState.SENT:
                responses.receipt(
                    self._store, message.provider_id, fate.state, fate.error, now, key=message.key
                )
            elif is_given_up(message, now) or (fate is not None and not fate.going_on):
                why = "问过服务商,没有结果 the provider does not know"
                responses.receipt(
                    self._store, message.provider_id, MessageState.UNCONFIRMED, why, now, key=message.key
                )
        except Exception:
            log.exception("asking a provider failed", message=message.id)


def _is_open(book: Casebook, one: Astray) -> bool:
    incident_id = one.message.incident_id
    return incident_id is not None and book.incident(incident_id).is_open
