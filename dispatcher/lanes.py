"""What waits for a sender inside one courier: taken by lane, and never all senders by what can wait."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence
from threading import Condition
from typing import Generic, TypeVar

from dispatcher.model import Lane

T = TypeVar("T")


class Lanes(Generic[T]):
    """A queue between threads. Of `senders` at most three in four carry what is not urgent at a time: however
    slow its provider is, a first message finds a sender. Within a lane the first to come is the first to go.
    """

    def __init__(self, senders: int) -> None:
        self._waiting: defaultdict[Lane, deque[T]] = defaultdict(deque)
        self._most_others = max(1, senders - senders // 4)
        self._others = 0  # senders that carry what is not urgent
        self._is_ending = False
        self._changed = Condition()

    def put(self, lane: Lane, things: Sequence[T], together: int = 1) -> None:
        """Let `things` wait, of which one sender carries so many `together`."""
        with self._changed:
            self._waiting[lane].extend(things)
            self._changed.notify(-(-len(things) // together))

    def take(self, most: int) -> tuple[Lane, list[T]]:
        """Wait for work: the lane that is next, and up to `most` of it; nothing when it is time to end.

        Whoever takes says `done` before it takes again.
        """
        with self._changed:
            while True:
                lane = self._next()
                if lane is not None:
                    waiting = self._waiting[lane]
                    self._others += not lane.is_urgent
                    return lane, [waiting.popleft() for _ in range(min(most, len(waiting)))]
                if self._is_ending and not any(self._waiting.values()):
                    return Lane.LAST, []
                self._changed.wait()

    def is_any_for_another(self) -> bool:
        """Whether one more sender would find something to do."""
        with self._changed:
            return self._next() is not None

    def done(self, lane: Lane) -> None:
        """What was taken of `lane` is carried."""
        with self._changed:
            if not lane.is_urgent:
                self._others -= 1
                self._changed.notify()  # whoever says so may turn to something urgent now

    def end(self) -> None:
        """What waits is still carried, and then there is nothing more to take."""
        with self._changed:
            self._is_ending = True
            self._changed.notify_all()

    def _next(self) -> Lane | None:
        found = min((lane for lane, waiting in self._waiting.items() if waiting), default=None)
        if found is not None and not found.is_urgent and self._others >= self._most_others:
            return None
        return found
