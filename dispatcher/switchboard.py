"""All channels as one: each message leaves by the way that fits it, and by another when that one fails.

What a channel did before is kept in memory, by each process for itself: one that has just started finds out
anew which provider is well, and that costs three messages one attempt each. What a provider takes in a second
is shared out evenly among the couriers that are alive.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo

from community.model import ContactChannel, Medium
from dispatcher import passes
from dispatcher.channels import (
    Capabilities,
    Channel,
    Held,
    Outcome,
    Sent,
    TryLater,
    Undeliverable,
    ask,
)
from dispatcher.clock import Clock
from dispatcher.model import Message
from dispatcher.passes import Pass
from dispatcher.routing import (
    WELL,
    Bucket,
    Health,
    Urgency,
    Way,
    failed,
    in_turn,
    tried,
    urgency,
    ways,
)
from dispatcher.wording import unanswered

# A provider is given up after 4 s. Who answered as quickly has left time for another one within the attempt.
_ANOTHER = timedelta(seconds=4.9)
_ASK_ANOTHER = timedelta(seconds=0.5)
_ANOTHER_AFTER_ASKING = timedelta(seconds=0.4)
_LOOK_AGAIN = timedelta(seconds=1)
_LEAST_BURST = 4.0  # so that the share that is left for others is at least one message
_MOST_NUMBERS = 10_000


@dataclass(frozen=True, slots=True)
class Wishes:
    """What people want, by `contact:<id>` and `responder:<id>`, and where they live.

    `revision` tells whether it is still so.

    `sick` are providers that did not answer when they were asked: they come last. `couriers` are alive, this
    one among them: each takes its share of what a provider, and a number, may get in a second.
    """

    revision: int = -1
    by_who: Mapping[str, Sequence[ContactChannel]] = field(default_factory=dict)
    zone: tzinfo = UTC
    sick: frozenset[str] = frozenset()
    couriers: int = 1
    hotline: str = ""
    secret: str = field(default="", repr=False)  # of the site: with it a link opens the page of a case


@dataclass(frozen=True, slots=True)
class PerNumber:
    """What one number may get: `burst` messages at once, then `rate` a second. Calls for help always pass."""

    rate: float = 0.1
    burst: float = 10


@dataclass(frozen=True, slots=True)
class Done:
    """What a channel did in a while. `failures` are those after it last took something."""

    sent_at: datetime | None = None
    failed_at: datetime | None = None
    failures: int = 0
    error: str = ""

    def sent(self, now: datetime) -> Done:
        return replace(self, sent_at=now, failures=0)

    def failed(self, now: datetime, error: str) -> Done:
        return replace(self, failed_at=now, failures=self.failures + 1, error=error)


class Switchboard:
    """A channel made of channels, in the site's order. `wishes` is asked at most once a second, with what it
    said last. Safe to use from several threads.
    """

    name = "switchboard"

    def __init__(
        self,
        channels: Sequence[Channel],
        clock: Clock,
        wishes: Callable[[Wishes], Wishes] = lambda known: known,
        per_number: PerNumber | None = None,
        public_url: str = "",
    ) -> None:
        self.channels: Mapping[str, Channel] = {channel.name: channel for channel in channels}
        self._can: Mapping[str, Capabilities] = {c.name: c.capabilities for c in channels}
        self.capabilities = replace(
            channels[0].capabilities, at_once=sum(can.at_once for can in self._can.values())
        )
        self._clock = clock
        self._ask_wishes = wishes
        self._wishes = wishes(Wishes())
        self._looked_at = clock.now()
        self._per_number = per_number or PerNumber()
        self._public_url = public_url.rstrip("/")
        self._healths: dict[str, Health] = {}
        self._done: dict[str, Done] = {}
        self._buckets: dict[str, Bucket] = {}
        self._numbers: dict[str, Bucket] = {}
        self._lock = threading.Lock()

    @property
    def has_another_way(self) -> bool:
        """Whether a text that one channel could not deliver may go by another."""
        return sum(can.medium is not Medium.VOICE for can in self._can.values()) > 1

    def ways(self, message: Message, now: datetime) -> tuple[Way, ...]:
        """By what `message` can leave now, best first."""
        known = self._known_wishes(now)
        local = now.astimezone(known.zone)
        wanted = known.by_who.get(message.to.who, ())
        return ways(message, self._can, wanted, local.hour * 60 + local.minute)

    def send(self, message: Message) -> Outcome:
        """One attempt. A refusal leaves time for the next way at once; a time-out does not."""
        begun = now = self._clock.now()
        refusal: Undeliverable | None = None
        left = list(self.ways(message, now))
        ways = len({way.channel for way in left})
        while left:
            way, wait_s = self._choose(left, message, now)
            if way is None:
                if refusal is None:
                    return Held(wait_s)
                return TryLater(refusal.why, wait_s, channel=refusal.channel, ways=ways)
            outcome = self._send_by(way, message)
            left.remove(way)
            if isinstance(outcome, TryLater):
                # Each way is tried once before anybody waits.
                return replace(outcome, elsewhere=message.attempts % ways != 0, ways=ways)
            if not isinstance(outcome, Undeliverable):
                return outcome
            refusal = outcome
            now = self._clock.now()
            if left and now - begun > (_ANOTHER if message.attempts == 1 else _ANOTHER_AFTER_ASKING):
                return TryLater(refusal.why, channel=way.channel, elsewhere=True, ways=ways)
        why = message.error or "没有可用的通道 no channel can carry this"
        return refusal or Undeliverable(why, channel=message.channel)

    def find(self, message: Message) -> Sent | None:
        """Ask by whom an earlier attempt left, the one that was tried last first, while there is time.

        All are asked: a courier that died may have used any of them.
        """
        begun = self._clock.now()
        names = dict.fromkeys([message.channel, *(way.channel for way in self.ways(message, begun))])
        for name in names:
            channel = self.channels.get(name) if name not in message.refused else None
            found = ask(channel, message) if channel is not None else None
            if found is not None:
                return replace(found, channel=name)
            if self._clock.now() - begun > _ASK_ANOTHER:
                break
        return None

    def done(self) -> dict[str, Done]:
        """What the channels did since this was last asked, by their names."""
        with self._lock:
            done, self._done = self._done, {}
        return done

    def close(self) -> None:
        """Close every channel that has something to close."""
        for channel in self.channels.values():
            if close := getattr(channel, "close", None):
                close()

    def _send_by(self, way: Way, message: Message) -> Outcome:
        addressed = replace(message, to=replace(message.to, url=way.url)) if way.url else message
        if not self._can[way.channel].two_way:
            addressed = replace(addressed, body=self._unanswered(addressed, way))
        try:
            outcome = self.channels[way.channel].send(addressed)
        except Exception as broken:
            self._remember(way.channel, type(broken).__name__)
            raise
        match outcome:
            case TryLater(why=why, provider_is_well=False):
                self._remember(way.channel, why or "?")
            case _:
                self._remember(way.channel, "")
        return replace(outcome, channel=way.channel)

    def _unanswered(self, message: Message, way: Way) -> str:
        """The words of `message` where no answer comes back.

        With a link only at an address of the person's own: whoever opens it answers in her name.
        """
        known, page = self._wishes, ""
        incident_id = message.leads_to if message.is_bundle else message.incident_id
        if self._can[way.channel].url_allowed and way.url and known.secret and incident_id is not None:
            held = Pass(incident_id, message.to.who)
            token = passes.seal(known.secret, held, self._clock.now() + passes.LASTS)
            page = f"{self._public_url}/p/open?pass={token}"
        return unanswered(message.body, known.hotline, page)

    def _choose(self, left: Sequence[Way], message: Message, now: datetime) -> tuple[Way | None, float]:
        """The first way that has room now; none: in how many seconds it is this message's turn."""
        who, phone = urgency(message), message.to.phone
        with self._lock:
            number = self._number(phone, now) if self._is_limited(left) else None
            if number is not None and who > Urgency.HELP and not number.has_room(who):
                self._numbers[phone], wait_s = number.queued(who)
                return None, wait_s
            order = in_turn(left, message, self._healths, now, self._wishes.sick)
            for way in order:
                if self._take_token(way.channel, who, now):
                    if number is not None:
                        self._numbers[phone] = number.less_one()
                    self._healths[way.channel] = tried(self._healths.get(way.channel, WELL), now)
                    return way, 0.0
            name = order[0].channel
            self._buckets[name], wait_s = self._buckets[name].queued(who)
            return None, wait_s

    def _is_limited(self, left: Sequence[Way]) -> bool:
        return any(self._can[way.channel].is_limited for way in left)

    def _take_token(self, name: str, who: Urgency, now: datetime) -> bool:
        can = self._can[name]
        if not can.is_limited:
            return True
        bucket = self._filled(self._buckets.get(name), can.rate_per_s, can.rate_per_s / 2, now)
        has_room = bucket.has_room(who)
        self._buckets[name] = bucket.less_one() if has_room else bucket
        return has_room

    def _number(self, phone: str, now: datetime) -> Bucket:
        if len(self._numbers) > _MOST_NUMBERS:
            self._numbers.clear()
        return self._filled(self._numbers.get(phone), self._per_number.rate, self._per_number.burst, now)

    def _filled(self, known: Bucket | None, rate: float, burst: float, now: datetime) -> Bucket:
        """A bucket as it is now, of this courier's share in `rate` and `burst`."""
        couriers = self._wishes.couriers
        rate, burst = rate / couriers, max(_LEAST_BURST, burst / couriers)
        if known is None:
            return Bucket.full(rate, burst, now)
        return known.refilled(now).of(rate, burst)

    def _remember(self, name: str, error: str) -> None:
        """How an attempt went; no `error`: well."""
        now = self._clock.now()
        with self._lock:
            known, done = self._healths.get(name, WELL), self._done.get(name, Done())
            self._healths[name] = failed(known, now) if error else WELL
            self._done[name] = done.failed(now, error) if error else done.sent(now)

    def _known_wishes(self, now: datetime) -> Wishes:
        with self._lock:
            if self._looked_at <= now < self._looked_at + _LOOK_AGAIN:
                return self._wishes
            self._looked_at = now
        self._wishes = self._ask_wishes(self._wishes)
        return self._wishes
