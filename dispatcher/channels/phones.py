"""Simulated phones: each text is really received, so that one sent twice is seen twice."""

from __future__ import annotations

from collections.abc import Callable

from dispatcher.channels import Capabilities, Outcome, Sent
from dispatcher.model import Message

Receive = Callable[[Message], str]  # what a handset does; gives the id of the received text
Received = Callable[[Message], str | None]


class Phones:
    """The default channel. `receive` puts a text on the phone, `received` looks whether it is there."""

    name = "phones"
    capabilities = Capabilities(two_way=True, url_allowed=True)

    def __init__(self, receive: Receive, received: Received) -> None:
        self._receive = receive
        self._received = received

    def send(self, message: Message) -> Outcome:
        return Sent(self._receive(message), delivered=True)

    def find(self, message: Message) -> Sent | None:
        provider_id = self._received(message)
        return Sent(provider_id, delivered=True) if provider_id is not None else None
