"""A worker's duties beside its main work: one that breaks is said, and keeps no other from being done."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeVar

import structlog

from community.storage import AWAY

AGAIN = 3  # turns in a row that a duty fails before anybody is told: once may be chance

T = TypeVar("T")

log = structlog.get_logger()


def each(things: Iterable[T], do: Callable[[T], int], what: str) -> int:
    """Do it with each of `things`; returns the sum. `what` is said of one with which it cannot be done."""
    done = 0
    for thing in things:
        try:
            done += do(thing)
        except Exception:
            log.exception(what)  # without the thing itself, which may hold a name
    return done


class Duties:
    """The duties of one loop, by their names, in their order."""

    def __init__(self, **duties: Callable[[datetime], int | None]) -> None:
        self._duties = duties
        self._order = deque(duties)
        self._failed: Counter[str] = Counter()

    def turn(self, now: datetime) -> int:
        """Do each of them; returns the sum of what they returned. Never raises.

        Where the database is away all others would wait for it as long: the next turn begins with them.
        """
        done = 0
        for _ in self._duties:
            name = self._order[0]
            self._order.rotate(-1)
            try:
                done += self._duties[name](now) or 0
                self._failed[name] = 0
            except Exception as error:
                log.exception("a duty failed", duty=name)
                self._failed[name] += 1
                if isinstance(error, AWAY):
                    break
        return done

    def ailment(self) -> str:
        """Which of them fail again and again, in words; empty when all go well."""
        ill = [name for name, times in self._failed.items() if times >= AGAIN]
        return f"有任务一再失败 fails again and again: {', '.join(ill)}" if ill else ""
