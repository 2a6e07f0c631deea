"""When the fall-back speaks. Pure: how old a call for help is and what is known of it in, what to do out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto

GIVE_UP = timedelta(minutes=10)


class Seen(Enum):
    """What the store says of a call for help."""

    IN_HAND = auto()  # somebody was told, or works on the case, or has closed it
    UNTOLD = auto()  # stored, and nobody has been told
    NOT_STORED = auto()
    UNKNOWN = auto()  # the store does not answer


class Deed(Enum):
    FORGET = auto()
    WAIT = auto()
    TELL = auto()


@dataclass(frozen=True, slots=True)
class Centre:
    """Which of its loops turn, as the store says; none while it does not answer."""

    gateway: bool = False
    dispatcher: bool = False


def decide(age: timedelta, wait: timedelta, seen: Seen, centre: Centre, *, repeats: bool) -> Deed:
    """Return what to do about a call for help that was heard `age` ago; the centre has `wait` to tell.

    What is stored is left to a dispatcher that turns: its plan may tell people later, and the watchdog looks
    after it. A gateway that turns and has not stored what was heard took it for the repetition of a state, as
    those of detectors are; but what a device of ours repeats until it is stored (`repeats`) never is one, so
    there the gateway gets twice the time. When nothing can be known somebody is told: twice is better than
    never.
    """
    if seen is Seen.IN_HAND:
        return Deed.FORGET
    if age < wait:
        return Deed.WAIT
    if seen is Seen.UNTOLD and centre.dispatcher:
        return Deed.WAIT if age < GIVE_UP else Deed.FORGET
    if seen is Seen.NOT_STORED and centre.gateway:
        if not repeats:
            return Deed.FORGET
        return Deed.WAIT if age < 2 * wait else Deed.TELL
    return Deed.TELL
