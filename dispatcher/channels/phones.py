"""Simulated phones: each text and each call is really there, so that one made twice is seen twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dispatcher.channels import Capabilities, Fate, Medium, Outcome, Sent
from dispatcher.model import Message, MessageState
from dispatcher.telephone import NO_ANSWER

Receive = Callable[[Message], str | None]  # the id of the received text; None: none arrives on this phone
Received = Callable[[Message], str | None]
Ring = Callable[[Message], str]  # the id of the call
Rung = Callable[[Message], str | None]
Line = Callable[[Message], str | None]  # how a call stands, in the words of `_FATE`

_FATE: Mapping[str, Fate] = {
    "rings": Fate(MessageState.SENT),
    "goes on": Fate(MessageState.SENT, going_on=True),
    "unanswered": Fate(MessageState.UNDELIVERABLE, NO_ANSWER),
    "over": Fate(MessageState.SENT),
}


class Phones:
    """The default channel. `receive` puts a text on the phone, `received` looks whether it is there."""

    name = "phones"
    # They are rows of our own database: it has other things to do, too.
    capabilities = Capabilities(two_way=True, url_allowed=True, at_once=8)

    def __init__(self, receive: Receive, received: Received) -> None:
        self._receive = receive
        self._received = received

    def send(self, message: Message) -> Outcome:
        provider_id = self._receive(message)
        return Sent("", delivered=False) if provider_id is None else Sent(provider_id, delivered=True)

    def find(self, message: Message) -> Sent | None:
        provider_id = self._received(message)
        return Sent(provider_id, delivered=True) if provider_id is not None else None

    def fate(self, message: Message) -> Fate:
        return Fate(MessageState.SENT if self._received(message) is None else MessageState.DELIVERED)


class RingingPhones:
    """Calls to simulated phones. `ring` lets one ring, `rung` looks whether it did, `line` how it stands."""

    name = "phones-voice"
    capabilities = Capabilities(medium=Medium.VOICE, two_way=True, at_once=8)

    def __init__(self, ring: Ring, rung: Rung, line: Line) -> None:
        self._ring = ring
        self._rung = rung
        self._line = line

    def send(self, message: Message) -> Outcome:
        return Sent(self._ring(message))

    def find(self, message: Message) -> Sent | None:
        provider_id = self._rung(message)
        return Sent(provider_id) if provider_id is not None else None

    def fate(self, message: Message) -> Fate | None:
        said = self._line(message)
        return _FATE[said] if said is not None else None
