"""The watchdog: looks at the whole centre every few seconds, and barks where somebody hears it.

What fails is kept as a finding, told to the technicians by the ordinary outbox, and again while it lasts.
When nobody carries it the watch does so itself: pager.py. That no console can be heard, the shift leaders on
duty are told.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from community.model import Site
from community.storage import Store
from dispatcher import roster
from dispatcher.checkup import Checkup
from dispatcher.duties import each
from dispatcher.health import SOUND, Check, Grade, Health
from dispatcher.model import Entry, Fact, Recipient
from dispatcher.storage import outbox, vitals
from dispatcher.storage.casebook import Casebook
from dispatcher.watch.pager import AGAIN, page, people, site_of
from dispatcher.wording import Voice

SILENCE_AGAIN = timedelta(hours=1)  # how often a shift leader hears that no console can be heard
TIDY = timedelta(minutes=1)
_MOST_RUNG = 50  # incidents marked in one look

log = structlog.get_logger()


class Watchdog:
    """`technicians` are telephone numbers; without any, the heartbeat and the console are what is left."""

    def __init__(self, store: Store, technicians: Sequence[str], checkup: Checkup | None = None) -> None:
        self._store = store
        self._technicians = technicians
        self._checkup = checkup or Checkup()
        self._knows_findings = True  # perhaps of a watch before us
        self._tidied: datetime | None = None

    def look(self, now: datetime) -> Health:
        """Look once, tell what is new, and return how the centre is. Raises what the store raises."""
        with self._store.read() as connection:
            health = self._checkup.look(connection, now)
        ill = [check for check in health.ill if check.name != "pages"]  # of that, no page can tell
        silent = [check for check in health.checks if check.name == SOUND and check.grade is not Grade.PASS]
        if ill or silent or self._knows_findings:
            self._bark(ill, silent, now)
        self._knows_findings = bool(ill or silent)
        self._tidy(now)
        return health

    def _bark(self, ill: Sequence[Check], silent: Sequence[Check], now: datetime) -> None:
        with self._store.write() as connection:
            found = [*ill, *silent]
            back = vitals.keep_findings(connection, [(check.name, check.text[0]) for check in found], now)
            keys = vitals.take_pages(connection, [check.name for check in ill], now, AGAIN)
            keys |= vitals.take_pages(connection, [check.name for check in silent], now, SILENCE_AGAIN)
            told = [check for check in found if check.name in keys]
            if told:
                site, technicians = site_of(connection), people(self._technicians)
                leaders = _shift_leaders(connection, site, now) or technicians
                for what, checks, whom in (
                    ("trouble", ill, technicians),
                    ("trouble.silent", silent, leaders),
                ):
                    wrong = [check.text[0] for check in checks if check in told]
                    key = f"{what}.{now.timestamp():.6f}"  # two keys: both may be one technician's
                    for to in whom if wrong else ():
                        outbox.put(connection, page(to, wrong, Voice.of(site), key), now)
        if told:
            log.error("the centre is not well", failing=[check.name for check in told])
        if "incidents" in keys | back:  # other cases than last time, perhaps: the desk sees each at once
            self._ring_the_desk(now)

    def _ring_the_desk(self, now: datetime) -> None:
        """Say on each forgotten case that it is forgotten: the console shows it, whoever sleeps."""
        with self._store.read() as connection:
            forgotten = vitals.overdue_ids(connection, now, _MOST_RUNG)
        each(forgotten, lambda incident_id: self._mark(incident_id, now), "a case cannot be marked")

    def _mark(self, incident_id: int, now: datetime) -> int:
        text = "看门狗:此案逾期无人处理,请值班员立即人工处理 nobody looks at this case: act by hand"
        with self._store.write() as connection:
            book = Casebook(connection)
            book.load_ids([incident_id])
            if book.incident(incident_id).is_open:
                book.note(incident_id, now, Fact(Entry.DESK, text, actor="watch"))
            book.write()
        return 1

    def _tidy(self, now: datetime) -> None:
        if self._tidied is not None and abs(now - self._tidied) < TIDY:
            return
        self._tidied = now
        with self._store.write() as connection:
            vitals.forget_replaced(connection, now)
            vitals.forget_consoles(connection, now)


def _shift_leaders(connection: Connection, site: Site, now: datetime) -> list[Recipient]:
    """None, and a word in the log, where the register cannot be read: somebody else is to be told then."""
    try:
        fleet = roster.fleet(connection, ZoneInfo(site.timezone))
        return [Recipient(f"responder:{one.id}", one.name, one.phone) for one in fleet.supervisors(now)]
    except SQLAlchemyError:
        raise
    except Exception:
        log.exception("nobody knows which shift leader is on duty")
        return []
