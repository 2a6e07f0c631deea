"""TD, 退订, STOP: a contact wants no texts, in this case and in every later one; 开通, START undoes it.
周报 and 退订周报 ask for the weekly summary, and end it.

The number is answered once, because a forged text must not silence a daughter unnoticed, and an operator sees
it. Who was told of trouble before still hears how it ended (docs/adr/0014): nobody is left worrying.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from community.model import Way
from community.storage import consent, register
from dispatcher import templates
from dispatcher.model import Draft, Entry, Fact, Lane, Meaning, Purpose, Recipient
from dispatcher.storage import outbox, weeks
from dispatcher.storage.casebook import Casebook
from dispatcher.understanding import Question
from dispatcher.weekly import next_at
from dispatcher.wording import MEANING_WORD, Voice


def take(
    connection: Connection,
    phone: str,
    meaning: Meaning,
    reply_id: int,
    asked: Sequence[Question],
    now: datetime,
) -> bool:
    """Keep what `phone` wants (STOP, START, WEEKLY, NO_WEEKLY); False for a number of no contact.

    With STOP and START the open cases in which it was told, among `asked`, are told, and go on to the next
    relative at once.
    """
    if not consent.is_contact(connection, phone):
        return False
    if meaning in (Meaning.WEEKLY, Meaning.NO_WEEKLY):
        _take_weekly(connection, phone, meaning, reply_id, now)
        return True
    change = consent.withdraw if meaning is Meaning.STOP else consent.restore
    changed = change(connection, phone, now)
    told = [question for question in asked if question.who.startswith("contact:")]
    book = Casebook(connection)
    book.load_ids([question.incident_id for question in told])
    for question in told:
        incident = book.incident(question.incident_id)
        name = outbox.name_of(connection, incident.id, question.who)
        text = f"{name}回复:{MEANING_WORD[meaning][0]}"
        book.note(incident.id, now, Fact(Entry.REPLY, text, question.who, {"meaning": meaning.value}))
        if incident.due_at is not None:
            book.change(incident.id, due_at=min(now, incident.due_at))
    book.write()
    if not changed:
        return True
    voice = Voice.of(register.site(connection))
    if meaning is Meaning.STOP:
        outbox.cancel_unsent_to(connection, phone)
        body, short = voice.stopped(still_told=bool(told)), templates.stopped(still_told=bool(told))
    else:
        body, short = voice.resumed(), templates.resumed()
    _say(connection, told[0].who if told else f"phone:{phone}", phone, reply_id, body, short, now)
    return True


def _take_weekly(connection: Connection, phone: str, meaning: Meaning, reply_id: int, now: datetime) -> None:
    site = register.site(connection)
    voice = Voice.of(site)
    if meaning is Meaning.NO_WEEKLY:
        changed = stop_weekly(connection, phone, now)
        body, short = voice.weekly_stopped(), templates.weekly_stopped()
    elif consent.wants_none(connection, phone):
        changed, body, short = True, voice.weekly_refused(), templates.weekly_refused()
    else:
        changed = consent.subscribe(connection, phone, next_at(phone, now, ZoneInfo(site.timezone)), now)
        body, short = voice.weekly_wanted(), templates.weekly_wanted()
    if changed:
        _say(connection, f"phone:{phone}", phone, reply_id, body, short, now)


def set_texts(
    connection: Connection, phone: str, now: datetime, way: Way, account_id: int | None, *, wanted: bool
) -> None:
    """As by TD and 开通, for who says it otherwise than by text."""
    if wanted:
        consent.restore(connection, phone, now, way, account_id)
    else:
        consent.withdraw(connection, phone, now, way, account_id)
        outbox.cancel_unsent_to(connection, phone)


def set_weekly(
    connection: Connection, phone: str, now: datetime, way: Way, account_id: int | None, *, wanted: bool
) -> None:
    """As by 周报 and 退订周报. Conflict where no texts are wanted at all."""
    if wanted:
        zone = ZoneInfo(register.site(connection).timezone)
        consent.subscribe(connection, phone, next_at(phone, now, zone), now, way, account_id)
    else:
        stop_weekly(connection, phone, now, way, account_id)


def stop_weekly(
    connection: Connection, phone: str, now: datetime, way: Way = Way.TEXT, account_id: int | None = None
) -> bool:
    """`phone` does not want it any more, not even one that waits to be sent; False when it got none."""
    changed = consent.unsubscribe(connection, phone, now, way, account_id)
    weeks.call_back(connection, now, phone)
    return changed


def _say(
    connection: Connection,
    who: str,
    phone: str,
    reply_id: int,
    body: str,
    short: templates.Variables,
    now: datetime,
) -> None:
    to = Recipient(who, next((match.name for match in register.by_phone(connection, phone)), phone), phone)
    key = f"reply{reply_id}.consent"
    draft = Draft(key, to, Purpose.CONSENT, rung=0, body=body, lane=Lane.ORDINARY, variables=short)
    outbox.put(connection, draft, now)
