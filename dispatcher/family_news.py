"""Tells a contact of each home whose battery is weak or whose device is silent: once, and by day."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from community.storage import Store, register
from dispatcher import templates
from dispatcher.duties import each
from dispatcher.failing import is_day, key
from dispatcher.model import Draft, Entry, Fact, Lane, Purpose, Recipient
from dispatcher.storage import failing, outbox
from dispatcher.storage.casebook import Casebook
from dispatcher.storage.failing import Failing
from dispatcher.wording import Voice

EVERY = timedelta(minutes=1)
AT_ONCE = 20  # texts a minute: in the morning after a bad night they never fill the outbox


class FamilyNews:
    """One worker's look; any number may run."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._looked_at: datetime | None = None

    def turn(self, now: datetime) -> int:
        """Tell of what is due; returns how many texts were put into the outbox."""
        if self._looked_at is not None and abs(now - self._looked_at) < EVERY:
            return 0
        self._looked_at = now
        with self._store.read() as connection:
            found = failing.untold(connection, now)
            if not found or not is_day(now, ZoneInfo(register.site(connection).timezone)):
                return 0
        return each(found[:AT_ONCE], lambda one: self._tell(one, now), "a contact cannot be told of a device")

    def _tell(self, one: Failing, now: datetime) -> int:
        with self._store.write() as connection:
            book = Casebook(connection)
            book.load_ids([one.incident_id])  # from here on no other worker, and nobody closes it
            home = register.household_by_id(connection, one.household_id)
            contact = next((each for each in home.contacts if each.no_texts_since is None), None)
            if contact is None or not book.incident(one.incident_id).is_open or _is_told(connection, one):
                return 0
            voice = Voice.of(register.site(connection))
            draft = Draft(
                key(one.incident_id),
                Recipient(f"contact:{contact.id}", f"{contact.relation}{contact.name}", contact.phone),
                Purpose.DEVICE,
                rung=0,
                body=voice.device(home, one.kind, now - one.opened_at),
                lane=Lane.LAST,
                variables=templates.device(home, one.kind, now - one.opened_at),
            )
            outbox.put(connection, draft, now)
            text = f"已短信告知{contact.relation}{contact.name} a text to a contact"
            book.note(one.incident_id, now, Fact(Entry.NOTE, text, detail={"message": draft.key}))
            book.write()
        return 1


def _is_told(connection: Connection, one: Failing) -> bool:
    return outbox.find(connection, key=key(one.incident_id)) is not None
