"""The ways out to people. A channel is one module here and one line in `dispatcher/wiring.py`.

What can go wrong while sending is a value, not an exception: the courier decides what follows from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Protocol, runtime_checkable

import structlog

from community.model import Medium as Medium
from dispatcher.model import Message, MessageState, Purpose

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a channel can do, so that routing never asks more of it."""

    medium: Medium = Medium.SMS
    two_way: bool = False  # answers come back on it
    url_allowed: bool = False  # mainland operators drop texts with links
    template_only: bool = False  # sends `variables` into an approved template, never a free text
    templates: frozenset[Purpose] = frozenset()  # what there is an approved template for
    for_staff: bool = False  # a push with an address of the site's own, where its responders read
    segment: int = 70  # UCS-2 characters that travel as one text; joined ones hold three fewer each
    rate_per_s: float = inf  # messages a second that it takes without refusing
    at_once: int = 1024  # senders that it can use, each waiting for an answer of its own
    together: int = 1  # messages that may be under way at once on one connection; more need `Together`

    @property
    def is_limited(self) -> bool:
        """Whether it refuses what comes too fast."""
        return self.rate_per_s < inf

    def can_carry(self, message: Message) -> bool:
        """Whether `message` has what this channel needs to say it."""
        if self.template_only:
            return message.purpose in self.templates and bool(message.variables)
        return True


@dataclass(frozen=True, slots=True)
class Sent:
    """The provider took it. `delivered` only where the channel itself is the handset."""

    provider_id: str
    delivered: bool = False
    channel: str = ""  # by which of several it left


@dataclass(frozen=True, slots=True)
class TryLater:
    """Nothing is known to have left; `wait_s` seconds is what the provider asked for, or a guess.

    `provider_is_well` when the refusal is about this one number, and says nothing of the next message.
    `elsewhere`: another channel is ready, so that there is nothing to wait for; `ways` is how many there are.
    """

    why: str
    wait_s: float = 2.0
    provider_is_well: bool = False
    channel: str = ""
    elsewhere: bool = False
    ways: int = 1


@dataclass(frozen=True, slots=True)
class Undeliverable:
    """It will never arrive this way: a wrong number, a refused text."""

    why: str
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """Nothing was begun: others have used up what the provider takes in a second. No attempt was spent."""

    wait_s: float
    channel: str = ""


Outcome = Sent | TryLater | Undeliverable | Held


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a message that a provider took. SENT: it cannot say that it arrived.

    `going_on` while a call has been taken up and is not over: its end will be known.
    """

    state: MessageState
    error: str = ""
    going_on: bool = False


class Together(Protocol):
    """What a channel can do beside `send` that has a window of submits, as SMPP has, or takes a batch."""

    def send_together(self, messages: Sequence[Message]) -> Sequence[Outcome]:
        """The outcome of each of `messages`, in their order; at most `capabilities.together` at once."""
        ...


class Reception(Protocol):
    """Where a channel that hears by itself (a modem, an SMPP line) hands in what it heard.

    Both return when it is stored, so that the channel may forget it; what they raise means: not yet.
    """

    def reply(self, phone: str, body: str, dedupe_key: str) -> None: ...

    def receipt(self, provider_id: str, state: MessageState, error: str) -> bool:
        """Whether a message of ours has this id."""
        ...


class Channel(Protocol):
    """One way out. `send` may be called from several threads at once, and returns within a few seconds."""

    name: str
    capabilities: Capabilities

    def send(self, message: Message) -> Outcome: ...

    def find(self, message: Message) -> Sent | None:
        """Whether an earlier attempt left, as far as the provider can tell; asked before a second one."""
        ...


def ask(channel: Channel, message: Message) -> Sent | None:
    """`channel.find`; what breaks there counts as not known: late is worse than twice."""
    try:
        return channel.find(message)
    except Exception:
        log.exception("a provider cannot be asked for a text", channel=channel.name, message=message.id)
        return None


@runtime_checkable
class Reporting(Protocol):
    """A channel whose provider reports what became of a message, and can be asked when no report comes."""

    def fate(self, message: Message) -> Fate | None:
        """What the provider knows of `message`, which it took; None when it cannot be asked now."""
        ...


@runtime_checkable
class Ailing(Protocol):
    """A channel that can say whether its provider answers, without sending anything."""

    def ailment(self) -> str:
        """What is wrong, in a few words without a secret; empty when the provider answers."""
        ...
