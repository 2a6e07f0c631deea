"""The ways out to people. A channel is one module here and one line in `dispatcher/__main__.py`.

What can go wrong while sending is a value, not an exception: the courier decides what follows from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from dispatcher.model import Message


@dataclass(frozen=True, slots=True)
class Sent:
    """The provider took it. `delivered` only where the channel itself is the handset."""

    provider_id: str
    delivered: bool = False


@dataclass(frozen=True, slots=True)
class TryLater:
    """Nothing is known to have left; `wait_s` seconds is what the provider asked for, or a guess."""

    why: str
    wait_s: float = 2.0


@dataclass(frozen=True, slots=True)
class Undeliverable:
    """It will never arrive this way: a wrong number, a refused text."""

    why: str


Outcome = Sent | TryLater | Undeliverable


class Channel(Protocol):
    """One way out. `send` may be called from several threads at once, and returns within a few seconds."""

    name: str

    def send(self, message: Message) -> Outcome: ...

    def find(self, message: Message) -> Sent | None:
        """Whether an earlier attempt left, as far as the provider can tell; asked before a second one."""
        ...
