"""Texts one way, calls another."""

from __future__ import annotations

from dispatcher.channels import Channel, Outcome, Sent
from dispatcher.model import Message


class ByMedium:
    """Two channels as one: `voice` for what has to be said by telephone, `text` for everything else."""

    def __init__(self, text: Channel, voice: Channel) -> None:
        self.name = text.name
        self.capabilities = text.capabilities
        self.text = text
        self.voice = voice

    def of(self, message: Message) -> Channel:
        """The channel that carries `message`."""
        return self.voice if message.is_call else self.text

    def send(self, message: Message) -> Outcome:
        return self.of(message).send(message)

    def find(self, message: Message) -> Sent | None:
        return self.of(message).find(message)
