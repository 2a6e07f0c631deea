"""The watchdog: looks at the whole centre every few seconds, and barks where somebody hears it.

What fails is kept as a finding, told to the technicians by the ordinary outbox, and again while it lasts.
When nobody carries it the watch does so itself: pager.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from community.errors import NotFound
from community.storage import Store, register
from dispatcher.checkup import Checkup
from dispatcher.health import Check, Health
from dispatcher.model import Entry, Fact
from dispatcher.storage import outbox, vitals
from dispatcher.storage.casebook import Casebook
from dispatcher.watch.pager import AGAIN, UNNAMED, page
from dispatcher.wording import Voice

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
        if ill or self._knows_findings:
            self._bark(ill, now)
        self._knows_findings = bool(ill)
        self._tidy(now)
        return health

    def _bark(self, ill: Sequence[Check], now: datetime) -> None:
        with self._store.write() as connection:
            vitals.keep_findings(connection, [(check.name, check.text[0]) for check in ill], now)
            keys = vitals.take_pages(connection, now, AGAIN)
            told = [check for check in ill if check.name in keys]
            if told:
                try:
                    site = register.site(connection)
                except NotFound:
                    site = UNNAMED
                wrong = [check.text[0] for check in told]
                key = f"trouble.{now.timestamp():.6f}"
                for number, phone in enumerate(self._technicians, start=1):
                    outbox.put(connection, page(number, phone, wrong, Voice.of(site), key), now)
        if told:
            log.error("the centre is not well", failing=[check.name for check in told])
        if "incidents" in keys:
            self._ring_the_desk(now)

    def _ring_the_desk(self, now: datetime) -> None:
        """Say on each forgotten case that it is forgotten: the console shows it, whoever sleeps."""
        with self._store.read() as connection:
            forgotten = vitals.overdue_ids(connection, now, _MOST_RUNG)
        with self._store.write() as connection:
            book = Casebook(connection)
            book.load_ids(forgotten)
            for incident_id in forgotten:
                if book.incident(incident_id).is_open:
                    text = (
                        "看门狗:此案逾期无人处理,请值班员立即人工处理 nobody looks at this case: act by hand"
                    )
                    book.note(incident_id, now, Fact(Entry.DESK, text, actor="watch"))
            book.write()

    def _tidy(self, now: datetime) -> None:
        if self._tidied is not None and abs(now - self._tidied) < TIDY:
            return
        self._tidied = now
        with self._store.write() as connection:
            vitals.forget_replaced(connection, now)
