"""Is she well? The gentle question to one person, what is answered to it, and what is said afterwards."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from community.model import HomeRecord
from community.storage import register
from dispatcher import templates
from dispatcher.absence import DAILY, Away
from dispatcher.model import Draft, Lane, Meaning, Purpose, Recipient
from dispatcher.storage import lives, outbox, watches
from dispatcher.storage.watches import CheckState, message_key
from dispatcher.understanding import understand_check
from dispatcher.wording import Voice


def recipients(home: HomeRecord) -> tuple[Recipient, ...]:
    """Who can be asked, in order: she herself, then who is told first."""
    themselves = [Recipient(f"resident:{one.id}", one.name, one.phone) for one in home.residents if one.phone]
    texted = [one for one in home.contacts if one.no_texts_since is None]
    others = [Recipient(f"contact:{one.id}", one.name, one.phone) for one in texted]
    return (*themselves[:1], *others[:1])


def ask(
    connection: Connection,
    home: watches.Home,
    why: str,
    since: datetime,
    wait: timedelta,
    now: datetime,
) -> Recipient | None:
    """Ask the next person, in a new question or in the open one; None when nobody is left to be asked."""
    household_id, check = home.watched.household_id, home.watched.check
    record = register.household_by_id(connection, household_id)
    left = [one for one in recipients(record) if one.who not in home.asked]
    asked = (*home.asked, left[0].who) if left else home.asked
    if check is None:
        check_id = watches.ask(connection, household_id, why, since, now, now + wait, asked=asked)
    else:
        check_id = check.id
    if not left:
        return None
    to, voice = left[0], Voice.of(register.site(connection))
    key = message_key(check_id, to.who)
    watches.change_check(
        connection, check_id, asked=list(asked), asked_at=now, until_at=now + wait, message_key=key
    )
    body = voice.check(record, to.who.startswith("resident:"), why == DAILY, since)
    say(connection, Purpose.CHECK, key, to, body, templates.check(voice, record, since), now)
    return to


def reassure(connection: Connection, home: watches.Home, check_id: int, now: datetime) -> None:
    """Call back what has not left, and tell those whom the question reached, not herself, that she moved."""
    reached = watches.call_back(connection, check_id)
    record = register.household_by_id(connection, home.watched.household_id)
    voice = Voice.of(register.site(connection))
    at = home.watched.life.at if home.watched.life is not None else now
    for to in recipients(record):
        if to.who in reached and not to.who.startswith("resident:"):
            body, short = voice.moved(record, at), templates.moved(voice, record, at)
            say(connection, Purpose.WELL, f"check{check_id}.moved.{to.who}", to, body, short, now)


def tell_back(connection: Connection, household_id: int, away: Away, now: datetime) -> None:
    """Tell who would be asked first after her that a trip or a stay has ended and watching goes on."""
    record = register.household_by_id(connection, household_id)
    voice = Voice.of(register.site(connection))
    for to in recipients(record)[-1:]:
        body, short = voice.back(record, away.kind), templates.back(record, away.kind)
        key = f"back{household_id}.{away.until:%Y%m%d%H%M}.{to.who}"
        say(connection, Purpose.BACK, key, to, body, short, now)


def answer(
    connection: Connection, phone: str, body: str, now: datetime, *, asked_elsewhere: bool
) -> Meaning | None:
    """Take `body` for the answer to the question that `phone` was asked; None: it was asked none.

    UNCLEAR leaves it to an operator, and the question open. So does a phone that was asked of two homes, or
    in a case as well (`asked_elsewhere`): the same digit means another thing there.
    """
    open_checks = watches.asked_by_phone(connection, phone)
    if not open_checks:
        return None
    meaning = understand_check(body)
    if len(open_checks) > 1 or asked_elsewhere or meaning is Meaning.UNCLEAR:
        return Meaning.UNCLEAR
    return meaning if _take(connection, open_checks[0], meaning, now) else Meaning.UNCLEAR


def answer_by_key(connection: Connection, message_key: str, meaning: Meaning, now: datetime) -> bool:
    """A key pressed in the call that asked; False when the question is settled already."""
    asked = watches.asked_by_message(connection, message_key)
    return asked is not None and _take(connection, asked, meaning, now)


def _take(connection: Connection, asked: watches.Asked, meaning: Meaning, now: datetime) -> bool:
    """An answer ends the question and counts as life; a cry for help is acted upon at the next look."""
    if not watches.change(connection, asked.household_id, look_at=now):
        return False
    if meaning is Meaning.HELP:
        return watches.change_check(connection, asked.id, wants_help=True)
    if not watches.settle(connection, asked.id, CheckState.WELL, now):
        return False
    watches.call_back(connection, asked.id)
    by_hand = asked.who.startswith("resident:")
    lives.heard_from(connection, asked.household_id, "reply", now, by_hand=by_hand)
    return True


def say(
    connection: Connection,
    purpose: Purpose,
    key: str,
    to: Recipient,
    body: str,
    short: templates.Variables,
    now: datetime,
) -> None:
    draft = Draft(key, to, purpose, rung=0, body=body, lane=Lane.ORDINARY, variables=short)
    outbox.put(connection, draft, now)
