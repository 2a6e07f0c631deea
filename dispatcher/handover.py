"""What one shift tells the next: open cases, what was promised in them, what is silenced, what is broken."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from dispatcher import views, watching
from dispatcher.maintenance import Maintenance
from dispatcher.model import COVERING, Entry, Meaning, OfferState, TimelineEntry
from dispatcher.storage import maintenance, reading, supervised
from dispatcher.storage.supervised import Down
from dispatcher.storage.watches import CheckState
from dispatcher.watching import CallLine
from dispatcher.wording import MEANING_WORD, OFFER_WORD, OVERSEES, responder_title

MOST = 100  # cases and devices on a sheet: of more than that a sheet of paper is no help
NOTES = 4  # the last ones of each case
_WRITTEN = (Entry.NOTE, Entry.CALLED)
_GIVEN = frozenset({Meaning.COMING, Meaning.ARRIVED})


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A case that goes on into the next shift. `notes` are what people wrote, oldest first."""

    card: views.Card
    promised: tuple[str, ...]
    notes: tuple[TimelineEntry, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    cases: tuple[OpenCase, ...]
    more_cases: int
    works: tuple[Maintenance, ...]
    down: tuple[Down, ...]  # the longest silent first
    more_down: int
    calls: tuple[CallLine, ...]  # welfare calls that are still to be made today
    unread: int
    replies: int


def sheet(connection: Connection, now: datetime, zone: ZoneInfo) -> Sheet:
    """All of it, as it stands."""
    board = views.board(connection)
    cards = board[:MOST]
    written = reading.log_of(connection, [card.id for card in cards], _WRITTEN)
    counted = views.counters(connection)
    down = supervised.down(connection)
    calls = watching.calls_of(connection, now.astimezone(zone).date(), zone, now)
    return Sheet(
        cases=tuple(OpenCase(card, promised(card, zone), _notes(written.get(card.id, ()))) for card in cards),
        more_cases=len(board) - len(cards),
        works=tuple(maintenance.going_on(connection)),
        down=tuple(down[:MOST]),
        more_down=max(0, len(down) - MOST),
        calls=tuple(line for line in calls if line.check.state is CheckState.OPEN),
        unread=counted.unread,
        replies=counted.replies,
    )


def promised(card: views.Card, zone: ZoneInfo) -> tuple[str, ...]:
    """Who said that she comes, and when she is to be there; who has not answered yet."""
    said = []
    for helper in card.helpers:
        if helper.state in COVERING:
            word = OVERSEES[0] if helper.oversees else OFFER_WORD[helper.state][0]
            due = helper.eta_at if helper.state is not OfferState.ARRIVED else None
            when = f",应于{due.astimezone(zone):%H:%M}到" if due is not None else ""
            said.append(f"{responder_title(helper.kind, helper.name)} {word}{when}")
    helpers = {helper.name for helper in card.helpers}
    said += [
        f"{answer.name} {MEANING_WORD[answer.meaning][0]}({answer.at.astimezone(zone):%H:%M})"
        for answer in card.answers
        if answer.meaning in _GIVEN and answer.name not in helpers
    ]
    asked = sum(helper.state is OfferState.ASKED for helper in card.helpers)
    return (*said, f"已询问{asked}人,还没有答复") if asked else tuple(said)


def _notes(entries: Iterable[TimelineEntry]) -> tuple[TimelineEntry, ...]:
    return tuple(entry for entry in entries if entry.actor.startswith("account:"))[-NOTES:]
