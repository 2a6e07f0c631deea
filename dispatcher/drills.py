"""Test the numbers of relatives: plan each month's tests, send what is due, take the answers."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from community.model import Known
from community.storage import Store, register
from dispatcher import templates
from dispatcher.model import Draft, Lane, Meaning, Purpose, Recipient
from dispatcher.reachability import check_code, drill_at, is_civil, month_of
from dispatcher.storage import drills, outbox
from dispatcher.understanding import Heard, is_automatic
from dispatcher.wording import Voice

EVERY = timedelta(minutes=1)
BY_HAND = timedelta(seconds=2)  # somebody sits before the page and waits for it
AT_ONCE = 20  # tests a minute: they never fill the outbox


class Drills:
    """One worker's tests; any number may run. `monthly` off leaves those that an operator asks for."""

    def __init__(self, store: Store, monthly: bool) -> None:
        self._store = store
        self._monthly = monthly
        self._looked_at: datetime | None = None
        self._looked_by_hand: datetime | None = None
        self._planned: date | None = None

    def turn(self, now: datetime) -> int:
        """Plan, once a day, and send what is due; returns how many texts were put into the outbox."""
        is_short = self._looked_at is not None and abs(now - self._looked_at) < EVERY
        if is_short and self._looked_by_hand is not None and abs(now - self._looked_by_hand) < BY_HAND:
            return 0
        self._looked_by_hand = now
        if not is_short:
            self._looked_at = now
        with self._store.read() as connection:
            is_any_due = drills.is_any_due(connection, now, by_hand=is_short)
            if not is_any_due and (is_short or not self._monthly):
                return 0
            zone = ZoneInfo(register.site(connection).timezone)
        today = now.astimezone(zone).date()
        if self._monthly and today != self._planned:
            with self._store.write() as connection:
                drills.plan(connection, month_of(now, zone), lambda phone: drill_at(phone, now, zone))
            self._planned = today
        if not is_any_due:
            return 0
        with self._store.write() as connection:
            due = drills.due(connection, now, AT_ONCE, civil=not is_short and is_civil(now, zone))
            return sum(_ask(connection, drill_id, phone, now) for drill_id, phone in due)


def _ask(connection: Connection, drill_id: int, phone: str, now: datetime) -> bool:
    matches = register.by_phone(connection, phone)
    match = next((one for one in matches if one.known_as is Known.CONTACT), None)
    if match is None or match.household_id is None:
        drills.drop(connection, drill_id)
        return False
    home = register.household_by_id(connection, match.household_id)
    key = f"drill{drill_id}.{now.timestamp():.0f}"
    site = register.site(connection)
    digits = check_code(site.secret, key)
    draft = Draft(
        key,
        Recipient(f"contact:{match.id}", f"{match.detail}{match.name}", phone),
        Purpose.DRILL,
        rung=0,
        body=Voice.of(site).drill(home, digits),
        lane=Lane.LAST,
        variables=templates.drill(home, digits),
    )
    drills.ask(connection, drill_id, key, now)
    outbox.put(connection, draft, now)
    return True


def answer(connection: Connection, phone: str, heard: Heard, body: str, now: datetime) -> Meaning | None:
    """What a text from `phone` says to its test; None when it is about something else.

    Whoever writes has read it. What is more than a yes is for an operator as well (UNCLEAR).
    """
    key = drills.key_of(connection, phone, now)
    if is_automatic(body) or not drills.answer(connection, phone, now):
        return None
    digits = check_code(register.site(connection).secret, key)
    is_yes = heard.meaning in (Meaning.COMING, Meaning.RECEIVED) or body.strip() == digits
    return Meaning.RECEIVED if is_yes else Meaning.UNCLEAR
