"""The engine: looks at every incident that is due, asks the rule, and writes what it says.

A group of incidents goes through one transaction; if that fails, each goes through its own, so that one
broken case does not silence the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection

from community.storage import AWAY, Store, register, whereabouts
from dispatcher import news, roster
from dispatcher.courier import Courier
from dispatcher.escalation import brought_back, is_set_back, next_step, stage_of
from dispatcher.fleet import Fleet
from dispatcher.gathering import gather
from dispatcher.maintenance import may_wait, waits
from dispatcher.model import Case, Draft, Entry, Fact, Message, OfferState, Stage, Step
from dispatcher.pace import Pace
from dispatcher.plans import shipped
from dispatcher.storage import maintenance, reading, storms
from dispatcher.storage.casebook import (
    Casebook,
    is_anything_due,
    keep_offer_times,
    offers_of,
    set_offer,
    told_of,
)
from dispatcher.storage.planbook import Planbook
from dispatcher.storage.roadbook import Roadbook
from dispatcher.storms import rests
from dispatcher.wording import Voice

GROUP = 200
JUST_OPENED = 2  # opened, and why: with no more on its timeline a case has neither offers nor texts
PLACES_EVERY = timedelta(seconds=1)  # in a storm every worker tells hers, and each look would sort them anew
BROKEN_WAIT = timedelta(seconds=30)  # how long a case that cannot be judged waits, after the desk was told

log = structlog.get_logger()


@dataclass(slots=True)
class _Known:
    """What is kept in memory between ticks, with the revisions of the register it was read at."""

    responder: int
    fleet: Fleet
    voice: Voice
    map: int
    place: int
    placed_at: datetime
    chains: register.Chains = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Born:
    """Messages that came into the world under our courier's lease, which runs `until`."""

    messages: Sequence[Message]
    until: datetime


_NOBODY = _Born((), datetime.min.replace(tzinfo=UTC))


class Engine:
    """One dispatcher. With a `courier`, its new messages are on their way before anybody looks for them.

    With a `pace`, who would get many requests within seconds gets them as one text, if the courier bundles.
    """

    def __init__(
        self,
        store: Store,
        courier: Courier | None = None,
        plans: Planbook | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._store = store
        self._courier = courier
        self._plans = plans or Planbook(shipped())
        self._pace = pace
        self._roads = Roadbook()
        self._known: _Known | None = None

    def tick(self, now: datetime, *, expected: bool = False, once: bool = False) -> int:
        """Look at everything that is due at `now`; returns how many incidents that was.

        When something is `expected`, because somebody rang, it is not first asked whether there is anything.
        With `once`, at one group of at most GROUP: what happens meanwhile is not due at `now`.
        """
        if not expected:
            with self._store.read() as connection:
                if not is_anything_due(connection, now):
                    return 0  # most looks find nothing: no writer has to wait for them
        seen = 0
        while True:
            try:
                done, born = self._group(now, GROUP)
            except Exception:
                log.exception("a group of incidents failed, taking them one by one")
                done, born = self._one_by_one(now, GROUP), _NOBODY
            self._hand_over(born)
            seen += done
            if done < GROUP or once:
                return seen

    def _group(self, now: datetime, limit: int) -> tuple[int, _Born]:
        with self._store.write() as connection:
            book = Casebook(connection)
            due = book.load_due(now, limit)
            self._decide(connection, book, due, now)
            return len(due), self._write(book)

    def _one_by_one(self, now: datetime, limit: int) -> int:
        """How many were handled; `limit` also where some of so many could not be, for others may wait."""
        with self._store.read() as connection:
            due = Casebook(connection).due_ids(now, limit)
        seen = len(due)
        for incident_id in due:
            try:
                with self._store.write() as connection:
                    book = Casebook(connection)
                    book.load_ids([incident_id])
                    if book.is_due(incident_id, now):
                        self._decide(connection, book, [incident_id], now)
                    born = self._write(book)
                self._hand_over(born)
            except AWAY as error:  # not the case's fault: it stays due
                log.error(
                    "an incident waits for the database", incident=incident_id, error=type(error).__name__
                )
                seen -= 1
            except Exception:
                log.exception("an incident cannot be judged", incident=incident_id)
                seen -= not self._set_aside(incident_id, now)
        return limit if seen and len(due) == limit else seen

    def _set_aside(self, incident_id: int, now: datetime) -> bool:
        """Tell the desk and look again later; False when not even that can be written."""
        try:
            with self._store.write() as connection:
                book = Casebook(connection)
                book.load_ids([incident_id])
                if book.incident(incident_id).is_open:
                    text = "预案无法执行,请值班员立即人工处理 the plan cannot be carried out: act by hand"
                    book.note(incident_id, now, Fact(Entry.DESK, text))
                    book.change(incident_id, due_at=now + BROKEN_WAIT)
                book.write()
        except Exception:
            log.exception("an incident cannot be set aside", incident=incident_id)
            return False
        return True

    def _write(self, book: Casebook) -> _Born:
        if self._courier is None:
            book.write()
            return _NOBODY
        lease = self._courier.lease()
        return _Born(book.write(lease=lease, lease_most=self._courier.free()), until=lease[1])

    def _hand_over(self, born: _Born) -> None:
        if self._courier is not None and born.messages:
            self._courier.accept(born.messages, born.until)

    def _decide(self, connection: Connection, book: Casebook, due: Sequence[int], now: datetime) -> None:
        known = self._current(connection, now)
        gather(connection, book, due, self._plans, now)
        incidents = [book.incident(id) for id in due]
        ids = {i.household_id for i in incidents if i.household_id is not None}
        homes = register.homes(connection, ids, known.chains)
        scenes = storms.scenes(connection, incidents)
        ailing = [i.household_id for i in incidents if i.household_id is not None and rests(i, in_storm=True)]
        resting = storms.open_for_homes(connection, ailing)
        may = [incident.id for incident in incidents if may_wait(incident)]
        worked_on = maintenance.waiting(connection, may) if may else {}
        seen_before = [i.id for i in incidents if i.version > JUST_OPENED]
        offers = offers_of(connection, seen_before) if seen_before else {}
        told = told_of(connection, seen_before) if seen_before else {}
        accepted = [
            i.id for i in incidents if i.stage in (Stage.COVERED, Stage.ON_SCENE) and i.version > JUST_OPENED
        ]
        heard = reading.log_of(connection, accepted, news.TELLING) if accepted else {}
        asked = {id: {offer.responder_id for offer in standing} for id, standing in offers.items()}
        most_asked = max(map(len, asked.values()), default=0)
        candidates = known.fleet.candidates_for([*homes.values(), *scenes.values()], now, beyond=most_asked)
        asks: list[tuple[int, Draft]] = []
        for incident in incidents:
            incident_id = incident.id
            known_offers = offers.get(incident_id, ())
            if is_set_back(incident, now):
                known_offers = brought_back(incident, book.plan(incident_id), known_offers, now)
                keep_offer_times(connection, known_offers)
            household_id = incident.household_id
            home = scenes.get(incident_id) if household_id is None else homes.get(household_id)
            case = Case(
                incident=incident,
                plan=book.plan(incident_id),
                home=home,
                candidates=candidates[home.household.id] if home is not None else None,
                offers=known_offers,
                told=told.get(incident_id, ()),
                people=known.fleet.people(asked.get(incident_id, ())),
                log=heard.get(incident_id, ()),
                rests=rests(incident, household_id in resting) or incident_id in worked_on,
            )
            if incident_id in worked_on and incident.due_at == incident.opened_at:  # its first look
                book.note(incident_id, now, waits(worked_on[incident_id]))
            step = next_step(case, now, known.voice)
            self._apply(connection, book, case, step, now)
            asks += [(incident_id, ask.draft) for ask in step.asks]
        phones = [draft.to.phone for _, draft in asks]
        together = self._pace.turns(phones, now) if self._pace is not None and phones else {}
        for incident_id, draft in asks:
            book.say(incident_id, draft, now, together.get(draft.to.phone))

    def _apply(self, connection: Connection, book: Casebook, case: Case, step: Step, now: datetime) -> None:
        incident_id = case.incident.id
        for offer_id in step.expired:
            set_offer(connection, offer_id, OfferState.EXPIRED, now, only_from={OfferState.ASKED})
        for draft in step.texts:
            book.say(incident_id, draft, now)
        for ask in step.asks:
            book.make_offer(incident_id, ask.candidate, now, ask.expires_at)
        book.note(incident_id, now, *step.facts)
        standing = tuple(offer for offer in case.offers if offer.id not in step.expired)
        book.change(
            incident_id,
            due_at=step.due_at,
            kind=step.kind,
            rung=step.rung,
            ladder_rung=step.ladder_rung,
            ladder_at=step.ladder_at,
            stage=stage_of(case.incident.claimed_by is not None, standing, step.ladder_at),
            **({"lease_until": None} if step.lease_lost else {}),
        )

    def _current(self, connection: Connection, now: datetime) -> _Known:
        at = register.revisions(connection)
        if self._known is None or self._known.responder != at.responder:
            site = register.site(connection)
            ground = self._roads.current(connection, at)
            fleet = roster.fleet(connection, ZoneInfo(site.timezone), ground)
            self._known = _Known(at.responder, fleet, Voice.of(site), at.map, at.place, now)
        if self._known.place != at.place and abs(now - self._known.placed_at) >= PLACES_EVERY:
            self._known.place, self._known.placed_at = at.place, now
            self._known.fleet.move(whereabouts.newest(connection))
        if self._known.map != at.map:
            self._known.map, self._known.chains = at.map, {}
        return self._known
