"""What one family of envelopes is: a name, the topics it speaks on, and how to read a frame of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import zip_longest

from devices.profiles import Profiles
from devices.signal import Enrolment, Frame, Levels, Reading, Registry, Role

Read = Callable[[Frame, Registry, Levels, Profiles], Reading]
Split = Callable[[bytes], tuple[list[bytes], bytes]]


@dataclass(frozen=True, slots=True)
class Family:
    """`topics` are MQTT filters; `read` is pure and never raises.

    A family that speaks over a stream has no topics but a `split`: what has arrived on a connection → the
    whole frames in it, and the rest that waits for more. Rubbish comes out as a frame: nothing waits forever.
    """

    name: str
    topics: tuple[str, ...]
    read: Read
    split: Split | None = None

    def speaks_on(self, topic: str) -> bool:
        """Whether one of the filters covers the topic."""
        return any(covers(each, topic) for each in self.topics)


def whose(registry: Registry, *keys: str) -> tuple[str, Enrolment | None]:
    """The first of the names under which a device may be known that is enrolled; else its first name.

    The telephone of a responder is known by its name, and a stranger to homes: neither its battery nor its
    silence is a matter of the centre.
    """
    for key in keys:
        if key and (enrolment := registry.find(key)) is not None:
            is_of_staff = enrolment.role is Role.STAFF_PHONE
            return enrolment.device_key, None if is_of_staff else enrolment
    return next((key for key in keys if key), ""), None


def covers(topic_filter: str, topic: str) -> bool:
    """MQTT's own matching: `+` is one level, `#` any number of them at the end, `x/#` covers `x` itself."""
    wanted, given = topic_filter.split("/"), topic.split("/")
    for position, level in enumerate(wanted):
        if level == "#":
            return True
        if position >= len(given):
            return False
        if level not in ("+", given[position]):
            return False
    return len(wanted) == len(given)


def share(one: str, other: str) -> bool:
    """Whether there is a topic that both MQTT filters let in."""
    for mine, theirs in zip_longest(one.split("/"), other.split("/")):
        if "#" in (mine, theirs):
            return True
        if mine is None or theirs is None or (mine != theirs and "+" not in (mine, theirs)):
            return False
    return True
