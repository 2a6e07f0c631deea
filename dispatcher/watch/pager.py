"""The watch's own way to the technicians, for when nobody else carries what it has to say.

Its pages wait in the outbox like every text. One that no courier took in time the watch takes itself, under a
lease as a courier does: so each is told once, whoever comes first. While the database is away there is no
outbox, and it texts without one: once for each time that it is away, and again while that lasts.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection

from community.errors import NotFound
from community.model import Site
from community.storage import Store, register
from dispatcher import templates
from dispatcher.channels import Channel, Outcome, Sent, Undeliverable
from dispatcher.clock import Clock
from dispatcher.courier import LEASE, carry, settle
from dispatcher.health import Health
from dispatcher.model import Draft, Lane, Message, MessageState, Purpose, Recipient
from dispatcher.storage import outbox
from dispatcher.wording import Voice

AGAIN = timedelta(minutes=10)  # how often a technician hears of the same trouble
PATIENCE = timedelta(seconds=20)  # what a courier has to take a page: a lease and some
AWAY_S = 30.0  # a database that is away for less is being restarted
LOOK_S = 3.0
UNNAMED = Site("", "", "", "安心")  # until the register has a site

log = structlog.get_logger()


def people(technicians: Sequence[str]) -> list[Recipient]:
    """The technicians with these telephone numbers."""
    return [
        Recipient(f"technician:{number}", f"技术员{number}", phone)
        for number, phone in enumerate(technicians, start=1)
    ]


def page(to: Recipient, wrong: Sequence[str], voice: Voice, key: str) -> Draft:
    """To a technician, or who else has to know: what is `wrong` with the centre."""
    short = templates.trouble(wrong)
    return Draft(
        f"{key}.{to.who}", to, Purpose.TROUBLE, 0, voice.trouble(wrong), Lane.PERSON, variables=short
    )


class Pager:
    """`channel` is None where there is none of its own; `technicians` are telephone numbers. What takes long
    is done in `pool`, one thing at a time: a silent provider keeps no look waiting.
    """

    def __init__(
        self,
        store: Store,
        channel: Channel | None,
        technicians: Sequence[str],
        clock: Clock,
        pool: Executor,
        worker: str,
    ) -> None:
        self._store = store
        self._channel = channel
        self._technicians = technicians
        self._clock = clock
        self._pool = pool
        self._worker = worker
        self._job: Future[None] | None = None
        self._turned_s: float | None = None
        self._voice = Voice.of(UNNAMED)
        self._away_s: float | None = None  # since when the database is away
        self._alone: list[Message] = []  # what is said of that, until each has left
        self._alone_s: float | None = None
        self._told_at: datetime | None = None

    def turn(self, health: Health, now_s: float) -> None:
        """Carry what waits too long. `now_s` is monotonic seconds."""
        is_away = [check.text[0] for check in health.checks if check.name == "database"]
        if not is_away:
            self._away_s = self._alone_s = None
        elif self._away_s is None:
            self._away_s = now_s
        is_early = self._turned_s is not None and now_s - self._turned_s < LOOK_S
        if self._channel is None or is_early or (self._job is not None and not self._job.done()):
            return
        self._turned_s = now_s
        if self._away_s is None:
            self._job = self._pool.submit(self._carry_waiting, self._channel)
        elif now_s - self._away_s >= AWAY_S:
            if self._alone_s is None or now_s - self._alone_s >= AGAIN.total_seconds():
                self._alone_s = now_s
                self._alone = self._pages(is_away, health.at)
            if self._alone:
                self._job = self._pool.submit(self._tell_alone, self._channel)

    def ailment(self, now: datetime) -> str:
        """What somebody should know of how technicians are told; empty while others carry its pages."""
        if self._technicians and self._channel is None:
            return "没有自己的通道 has no channel of its own: see its log"
        if self._told_at is not None and abs(now - self._told_at) < AGAIN:
            return "已自行通知技术员 told the technicians itself: nobody else did"
        return ""

    def _carry_waiting(self, channel: Channel) -> None:
        try:
            now = self._clock.now()
            with self._store.read() as connection:
                self._voice = Voice.of(site_of(connection))
                is_waiting = outbox.is_page_waiting(connection, now - PATIENCE)
            while is_waiting:  # one by one: each is begun under a lease of its own
                now = self._clock.now()
                with self._store.write() as connection:
                    found = outbox.waiting_pages(connection, now - PATIENCE, limit=1)
                    taken = outbox.lease(connection, found, self._worker, now + LEASE)
                for message in taken:
                    carried = carry(channel, message, self._clock)
                    settle(self._store, [carried])
                    self._noted(message, carried.outcome)
                is_waiting = bool(taken)
        except Exception:  # the next turn tries again, and the heartbeat stays away meanwhile
            log.exception("pages that nobody carries did not leave")

    def _tell_alone(self, channel: Channel) -> None:
        left = []
        for message in self._alone:
            outcome = carry(channel, message, self._clock).outcome
            self._noted(message, outcome)
            if not isinstance(outcome, Sent | Undeliverable):  # next time the provider is asked first
                left.append(replace(message, attempts=message.attempts + 1))
        self._alone = left

    def _noted(self, message: Message, outcome: Outcome) -> None:
        if isinstance(outcome, Sent):
            self._told_at = self._clock.now()
        log.error(
            "a page that nobody carried", who=message.to.who, page=message.key, outcome=type(outcome).__name__
        )

    def _pages(self, wrong: Sequence[str], now: datetime) -> list[Message]:
        key = f"trouble.away.{now.timestamp():.6f}"
        drafts = [page(to, wrong, self._voice, key) for to in people(self._technicians)]
        return [_in_hand(draft, now) for draft in drafts]


def site_of(connection: Connection) -> Site:
    """The register's site, or one to speak for: a time zone that nobody knows keeps no page back."""
    try:
        site = register.site(connection)
    except NotFound:
        return UNNAMED
    try:
        ZoneInfo(site.timezone)
    except (KeyError, ValueError, OSError):
        log.exception("nobody knows the site's time zone")
        return replace(site, timezone=UNNAMED.timezone)
    return site


def _in_hand(draft: Draft, now: datetime) -> Message:
    """A first attempt of a message that no outbox knows."""
    return Message(
        id=0,
        key=draft.key,
        incident_id=None,
        to=draft.to,
        purpose=draft.purpose,
        body=draft.body,
        channel="",
        lane=draft.lane,
        state=MessageState.SENDING,
        attempts=1,
        created_at=now,
        due_at=now,
        variables=draft.variables,
    )
