"""What to do about a message that has not arrived. Pure: what is known of it and `now` in, a decision out.

A person's first text that nobody confirms is followed by a call to the same person, at the side; a receipt
that does not come is asked for; and when nothing is known even then, nobody counts on that message any more.
Figures: a call after 15 s, asking after 60 s, as the design of the alarm chain has them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatcher.model import LOST, Draft, Lane, Message, MessageState, Purpose, Recipient

CALL_AFTER = timedelta(seconds=15)  # from the decision to tell this person
ASK_AFTER = timedelta(seconds=60)  # from the moment the provider took it
CALL_ASK_AFTER = timedelta(seconds=30)  # a call rings for 25 s
TEXT_GIVEN_UP_AFTER = timedelta(seconds=75)  # also when the provider cannot be asked
CALL_GIVEN_UP_AFTER = timedelta(seconds=180)  # ringing and speaking take no longer
LOOK_BACK = timedelta(minutes=30)  # what is older was followed up, or the ladder has long gone on
_CLOCKS = timedelta(seconds=5)  # several workers' clocks differ by less


@dataclass(frozen=True, slots=True)
class Astray:
    """A message that has not arrived as far as we know, and what else is known of its case."""

    message: Message
    rung: int
    needed: bool  # its case is open, nobody is on the way, and its person has not answered
    called: bool  # its person is being called about it already
    reports: bool  # its channel says what became of a message


def wants_call(astray: Astray, now: datetime) -> bool:
    """Whether to ring the person up as well: a person's alarm whose text cannot arrive, or has not in time.

    Not where no channel would ever say that it arrived: then each text would be followed by a call.
    """
    message = astray.message
    asks = message.purpose in (Purpose.RAISED, Purpose.ASK) and message.lane.is_persons
    if message.is_spoken or astray.called or not asks or not astray.needed:
        return False
    if message.state in LOST:
        return True
    waits_for_a_sender = message.state in (MessageState.QUEUED, MessageState.SENDING)
    has_left = message.state is MessageState.SENT and astray.reports
    return (waits_for_a_sender or has_left) and _is_over(message.created_at, CALL_AFTER, now)


def is_vain(astray: Astray) -> bool:
    """Whether a call that has not begun is needed no more: its person has answered, or help is coming."""
    return astray.message.is_call and astray.message.state is MessageState.QUEUED and not astray.needed


def wants_asking(astray: Astray, now: datetime) -> bool:
    """Whether its receipt is overdue."""
    message = astray.message
    taken_at = message.sent_at
    return (
        astray.reports
        and message.state is MessageState.SENT
        and taken_at is not None
        and _is_over(taken_at, CALL_ASK_AFTER if message.is_spoken else ASK_AFTER, now)
    )


def is_given_up(message: Message, now: datetime) -> bool:
    """Whether to stop waiting for word of a message that was taken."""
    longest = CALL_GIVEN_UP_AFTER if message.is_spoken else TEXT_GIVEN_UP_AFTER
    return message.sent_at is not None and _is_over(message.sent_at, longest, now)


def call_for(astray: Astray) -> Draft:
    """The call that follows a text: to the same person, on the same rung, about the same.

    It is no first word unless the text has failed: a second word to one never delays the first to another.
    """
    text = astray.message
    return Draft(
        key=call_key(text.key),
        to=Recipient(text.to.who, text.to.name, text.to.phone),
        purpose=text.purpose,
        rung=astray.rung,
        body=text.body,
        lane=text.lane if text.state in LOST else max(text.lane, Lane.PERSON),
        variables=text.variables,
        is_call=True,
    )


def call_key(key: str) -> str:
    """The key of the call that follows the text with this key."""
    return f"{key}.call"


def _is_over(since: datetime, wait: timedelta, now: datetime) -> bool:
    """Whether `wait` has passed. What began in the future began before the clock was set back: it has."""
    return now - since >= wait or since - now > _CLOCKS
