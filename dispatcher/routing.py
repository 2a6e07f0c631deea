"""By which channel a message leaves: what the person wants at this hour, who is well, and what each can take.

Values in, values out; the switchboard holds them between two messages.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum

from community.model import ContactChannel, Medium
from dispatcher.channels import Capabilities
from dispatcher.model import Message, Purpose

# ---- which ways there are ----


@dataclass(frozen=True, slots=True)
class Way:
    """One channel, and the address when it is not the telephone."""

    channel: str
    url: str = ""


def ways(
    message: Message, channels: Mapping[str, Capabilities], wishes: Sequence[ContactChannel], minute: int
) -> tuple[Way, ...]:
    """By what `message` can leave at `minute` of the site's day, best first; `channels` in the site's order.

    What the person wants comes first; but what waits for an answer goes where one can be given, while that
    works. A call for help goes on by text when nothing of that works: better a text at night than silence.
    Nobody is rung up for mere news.
    """
    able = {
        name: can for name, can in channels.items() if can.can_carry(message) and name not in message.refused
    }
    by_phone = [Way(name) for name, can in able.items() if can.medium is Medium.VOICE]
    by_text = [Way(name) for name, can in able.items() if can.medium is Medium.SMS]
    if message.is_call:
        return tuple(by_phone)
    found: list[Way] = []
    # A key cannot say which of several cases it is about.
    may_ring = calls_for_help(message) and not message.is_bundle
    for wish in wishes:
        if wish.covers(minute):
            match wish.medium:
                case Medium.SMS:
                    found += by_text
                case Medium.VOICE:
                    found += by_phone if may_ring else ()
                case Medium.PUSH:
                    found += [Way(name, wish.url) for name, can in able.items() if can.medium is Medium.PUSH]
    if calls_for_help(message) or message.purpose in AWAITED or not found:
        found += by_text
    if message.to.who.startswith("responder:"):
        found += [Way(name) for name, can in able.items() if can.medium is Medium.PUSH and can.for_staff]
    if message.purpose in AWAITED:
        found.sort(key=lambda way: not channels[way.channel].two_way)
    return tuple(dict.fromkeys(found))


# The plan, the round or the drill waits for the answer of this one person. A relative who is told of an alarm
# may answer, and is not waited for: she is told as she likes.
AWAITED = frozenset({Purpose.ASK, Purpose.LATE, Purpose.CHECK_IN, Purpose.CHECK, Purpose.DRILL})


def calls_for_help(message: Message) -> bool:
    """Whether somebody is to come: not the news of it."""
    return message.purpose in (Purpose.RAISED, Purpose.ASK)


def in_turn(
    found: Sequence[Way],
    message: Message,
    healths: Mapping[str, Health],
    now: datetime,
    sick: Collection[str] = (),
) -> list[Way]:
    """`found` in the order in which to try: after a failed attempt the next one, and the sick ones last.

    `sick` did not answer when asked. Nobody is left out: when all are sick, an alarm still tries each.
    """
    order = list(found)
    names = [way.channel for way in order]
    if message.attempts > 1 and message.channel in names:
        after = len(names) - names[::-1].index(message.channel)
        order = order[after:] + order[:after]
    return sorted(order, key=lambda way: way.channel in sick or is_shut(healths.get(way.channel, WELL), now))


# ---- which provider is well ----

MOST_FAILURES = 3  # in a row
SHORTEST_REST, LONGEST_REST = timedelta(seconds=5), timedelta(seconds=60)
PROBE = timedelta(seconds=9)  # one attempt: while one message finds out, the others stay away


@dataclass(frozen=True, slots=True)
class Health:
    """How a provider has done lately: failures in a row, and until when it is left alone."""

    failures: int = 0
    shut_until: datetime | None = None


WELL = Health()


def is_shut(health: Health, now: datetime) -> bool:
    """Whether to leave a provider alone; never longer than its longest rest, whatever the clock did."""
    return health.shut_until is not None and now < health.shut_until <= now + LONGEST_REST


def failed(health: Health, now: datetime) -> Health:
    """One more failure: after the third in a row the provider rests, each time twice as long."""
    failures = health.failures + 1
    if failures < MOST_FAILURES:
        return Health(failures)
    rest = min(LONGEST_REST, SHORTEST_REST * 2 ** min(failures - MOST_FAILURES, 10))
    return Health(failures, now + rest)


def tried(health: Health, now: datetime) -> Health:
    """A message is about to find out whether a provider that rested is well again; the others wait for it."""
    if health.failures >= MOST_FAILURES and not is_shut(health, now):
        return replace(health, shut_until=now + PROBE)
    return health


# ---- what a provider, and a number, takes in a second ----


class Urgency(IntEnum):
    """Who goes first when there is not enough for all."""

    FIRST = 0  # the first messages of a person's alarm
    HELP = 1  # somebody more, or again, is called to a person in trouble
    PERSON = 2  # news of such a case
    OTHER = 3  # devices, tests, reports


# The share of a full bucket that each must leave for those before it.
LEAVES = {Urgency.FIRST: 0.0, Urgency.HELP: 0.25, Urgency.PERSON: 0.375, Urgency.OTHER: 0.5}


def urgency(message: Message) -> Urgency:
    if not message.lane.is_persons:
        return Urgency.OTHER
    if not calls_for_help(message):
        return Urgency.PERSON
    return Urgency.FIRST if message.lane.is_urgent else Urgency.HELP


LONGEST_TURN = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Bucket:
    """A token bucket: `rate` messages a second on average, `burst` at once; `level` is what is left `at`.

    Those who find it empty are told when to come again, one after the other: the last of each urgency was
    told `promised`. Nobody waits for the turns of those behind him.
    """

    rate: float
    burst: float
    level: float
    at: datetime
    promised: tuple[datetime, ...]  # by urgency

    @classmethod
    def full(cls, rate: float, burst: float, now: datetime) -> Bucket:
        return cls(rate, burst, burst, now, (now,) * len(Urgency))

    def refilled(self, now: datetime) -> Bucket:
        """At `now`. A clock that was set back gives nothing and takes nothing."""
        gone_s = max(0.0, (now - self.at).total_seconds())
        return replace(self, level=min(self.burst, self.level + gone_s * self.rate), at=now)

    def of(self, rate: float, burst: float) -> Bucket:
        """The same with another rate and burst; it holds no more than that."""
        return replace(self, rate=rate, burst=burst, level=min(burst, self.level))

    def has_room(self, who: Urgency) -> bool:
        return self._missing(who) <= 0

    def less_one(self) -> Bucket:
        return replace(self, level=max(0.0, self.level - 1))

    def queued(self, who: Urgency) -> tuple[Bucket, float]:
        """One who found no room, and in how many seconds it is its turn: a minute at most."""
        refilled = self.at + timedelta(seconds=self._missing(who) / self.rate)
        turn = min(max(refilled, *self.promised[: who + 1]), self.at + LONGEST_TURN)
        promised = list(self.promised)
        promised[who] = turn + timedelta(seconds=1 / self.rate)
        return replace(self, promised=tuple(promised)), (turn - self.at).total_seconds()

    def _missing(self, who: Urgency) -> float:
        return 1 + LEAVES[who] * self.burst - self.level
