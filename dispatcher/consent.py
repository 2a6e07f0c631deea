"""TD, 退订, STOP: a contact wants no texts, in this case and in every later one; 开通, START undoes it.

The number is answered once, because a forged text must not silence a daughter unnoticed, and an operator sees
it. Who was told of trouble before still hears how it ended (docs/adr/0014): nobody is left worrying.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from community.storage import consent, register
from dispatcher import templates
from dispatcher.model import Draft, Entry, Fact, Lane, Meaning, Purpose, Recipient
from dispatcher.storage import outbox
from dispatcher.storage.casebook import Casebook
from dispatcher.understanding import Question
from dispatcher.wording import MEANING_WORD, Voice


def take(
    connection: Connection,
    phone: str,
    meaning: Meaning,
    reply_id: int,
    asked: Sequence[Question],
    now: datetime,
) -> bool:
    """Keep that `phone` wants no texts (STOP), or wants them again (START); False for a number of no contact.

    The open cases in which it was told, among `asked`, are told and go on to the next relative at once.
    """
    if not consent.is_contact(connection, phone):
        return False
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
    who = told[0].who if told else f"phone:{phone}"
    to = Recipient(who, next((match.name for match in register.by_phone(connection, phone)), phone), phone)
    key = f"reply{reply_id}.consent"
    draft = Draft(key, to, Purpose.CONSENT, rung=0, body=body, lane=Lane.ORDINARY, variables=short)
    outbox.put(connection, draft, now)
    return True
