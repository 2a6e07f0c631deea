"""Where channels that hear by themselves hand in what they heard."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from dispatcher.model import MessageState


@dataclass
class Heard:
    """What a channel handed in; while `is_away` nothing can be stored. Ids in `strangers` are nobody's."""

    replies: list[tuple[str, str, str]] = field(default_factory=list)
    receipts: list[tuple[str, MessageState, str]] = field(default_factory=list)
    is_away: bool = False
    strangers: set[str] = field(default_factory=set)

    def reply(self, phone: str, body: str, dedupe_key: str) -> None:
        self._come()
        self.replies.append((phone, body, dedupe_key))

    def receipt(self, provider_id: str, state: MessageState, error: str) -> bool:
        self._come()
        self.receipts.append((provider_id, state, error))
        return provider_id not in self.strangers

    def _come(self) -> None:
        if self.is_away:
            raise ConnectionError("the database is away")


def until(is_so: object) -> None:
    """Threads need a moment; this looks until it is so."""
    looking = threading.Event()
    for _ in range(500):
        if is_so():  # type: ignore[operator]
            return
        looking.wait(0.01)
    raise AssertionError("it never came to be so")
