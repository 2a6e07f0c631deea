"""What is said back to somebody who answered by text: once for a phone and a case, and never to a machine.

Two machines that answer each other would talk until the money is out: so nothing said here is said twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from community.storage import register
from dispatcher import templates
from dispatcher.model import (
    DEFINITE,
    Draft,
    Entry,
    Fact,
    Lane,
    Meaning,
    OfferState,
    Purpose,
    Recipient,
)
from dispatcher.storage import outbox, questions, storms
from dispatcher.storage.casebook import Casebook, offers_of
from dispatcher.understanding import Heard, Question, is_automatic
from dispatcher.wording import MEANING_WORD, Voice, name_of


def explain(
    connection: Connection, book: Casebook, to: Question, heard: Heard, phone: str, body: str, now: datetime
) -> None:
    """Say how to answer, when an answer to the case `to` was not understood; `book` holds the case.

    A worker who only says "收到" may believe that she has accepted: she is asked for the digit, too.
    """
    unclear = heard.meaning is Meaning.UNCLEAR and not is_automatic(body)
    if unclear or (heard.meaning is Meaning.RECEIVED and _is_still_asked(connection, to)):
        voice = Voice.of(register.site(connection))
        text, short = voice.not_understood(to.who, to.code), templates.not_understood(to.who, to.code)
        _say_once(connection, book, to, phone, Purpose.HELP, text, short, now)


def ask_which(
    connection: Connection, asked: Sequence[Question], heard: Heard, phone: str, body: str, now: datetime
) -> None:
    """Say by which digits several open cases are told apart, when an answer could be to any of them."""
    if is_automatic(body) or (heard.meaning is Meaning.RECEIVED and not heard.agreed):
        return
    book = Casebook(connection)
    book.load_ids([one.incident_id for one in asked])
    household_of = {one.incident_id: book.incident(one.incident_id).household_id for one in asked}
    homes = register.homes(connection, {id for id in household_of.values() if id is not None})
    codes = {one.code for one in asked}
    named = [
        (name_of(homes[household]), one.code)
        for one in asked
        if (household := household_of[one.incident_id]) is not None and household in homes
    ]
    if len(codes) < len(asked) or len(named) < len(asked):  # the digits do not tell them apart
        named = []
    text = Voice.of(register.site(connection)).which_case(len(asked), named)
    short = templates.which_case(len(asked))
    _say_once(connection, book, asked[0], phone, Purpose.HELP, text, short, now)
    book.write()


def too_late(
    connection: Connection, late: Question, heard: Heard, phone: str, body: str, now: datetime
) -> None:
    """Put an answer to a closed case on its timeline, and say once that it is over: they may be coming."""
    book = Casebook(connection)
    book.load_ids([late.incident_id])
    name = outbox.name_of(connection, late.incident_id, late.who)
    text = f"结案后{name}回复“{body.strip()[:60]}”:{MEANING_WORD[heard.meaning][0]}"
    book.note(
        late.incident_id,
        now,
        Fact(Entry.REPLY, text, late.who, {"meaning": heard.meaning.value, "late": True}),
    )
    closed = book.incident(late.incident_id)
    if closed.household_id is None:
        home = storms.scenes(connection, [closed]).get(closed.id)
    else:
        home = register.homes(connection, [closed.household_id])[closed.household_id]
    if heard.meaning in DEFINITE and home is not None:
        voice = Voice.of(register.site(connection))
        assert closed.close_code is not None, "it is closed"
        short = templates.closed(voice, home, closed.close_code, closed.closed_at or now)
        _say_once(connection, book, late, phone, Purpose.CLOSED, voice.over(home), short, now)
    book.write()


def _is_still_asked(connection: Connection, to: Question) -> bool:
    kind, _, number = to.who.partition(":")
    offers = offers_of(connection, [to.incident_id]).get(to.incident_id, ())
    return kind == "responder" and any(
        offer.responder_id == int(number) and offer.state is OfferState.ASKED for offer in offers
    )


def _say_once(
    connection: Connection,
    book: Casebook,
    to: Question,
    phone: str,
    purpose: Purpose,
    body: str,
    short: templates.Variables,
    now: datetime,
) -> None:
    """`book` holds the case locked, so no other worker says it at this moment."""
    key = f"i{to.incident_id}.{'late' if purpose is Purpose.CLOSED else 'help'}.{to.who}"
    if questions.is_said(connection, key):
        return
    name = outbox.name_of(connection, to.incident_id, to.who)
    recipient = Recipient(to.who, name, phone)
    draft = Draft(key, recipient, purpose, rung=0, body=body, lane=Lane.ORDINARY, variables=short)
    book.say(to.incident_id, draft, now)
