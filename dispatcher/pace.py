"""How many requests a minute one person can read: from the third within seconds on they leave as one text.

What it remembers it remembers for a few seconds and for one dispatcher: two of them make two texts of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

MANY = 3  # requests that are one text instead
GATHER = timedelta(seconds=5)  # between two texts to one who gets many; no request waits longer
_MOST_PHONES = 10_000


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a phone was asked lately: when, and when the last text to it leaves, or left."""

    at: tuple[datetime, ...]
    leaves_at: datetime


class Pace:
    """Knows who was asked in the last seconds. Not for several threads."""

    def __init__(self) -> None:
        self._known: dict[str, _Asked] = {}

    def turns(self, phones: Iterable[str], now: datetime) -> dict[str, datetime]:
        """Of `phones`, one for each request made `now`, those whose requests leave together, and when."""
        found: dict[str, datetime] = {}
        if len(self._known) > _MOST_PHONES:
            self._known.clear()
        for phone, new in Counter(phones).items():
            known = self._known.get(phone)
            if known is None or not now - GATHER < known.leaves_at <= now + GATHER:  # or a clock was set back
                known = None
            lately = [at for at in known.at if now - at < GATHER] if known is not None else []
            leaves_at = now
            if len(lately) + new >= MANY:
                if known is not None:
                    leaves_at = known.leaves_at if known.leaves_at > now else known.leaves_at + GATHER
                found[phone] = leaves_at
            latest = [*lately, *[now] * min(new, MANY)][-MANY:]
            self._known[phone] = _Asked(tuple(latest), leaves_at)
        return found
