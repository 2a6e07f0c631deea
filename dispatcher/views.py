"""What screens show: read models over the store. Nothing here changes anything."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from community.errors import NotFound
from community.model import HomeRecord, ResponderKind
from community.storage import LONGEST_TRANSACTION_S, Store, register
from devices.signal import Kind
from dispatcher.escalation import ahead
from dispatcher.exercise import household_of
from dispatcher.maintenance import may_wait
from dispatcher.model import (
    OPEN_OFFERS,
    Alarm,
    CloseCode,
    Incident,
    Message,
    Offer,
    OfferState,
    Plan,
    RungAhead,
    Severity,
    Stage,
    TimelineEntry,
    Told,
)
from dispatcher.plans import thaw
from dispatcher.storage import handsets, inbox, maintenance, outbox, reading, storms
from dispatcher.storage.casebook import is_covered_without, is_supervisor, offers_of, told_of
from dispatcher.storms import area_of, rests
from dispatcher.telephone import CALL_OVER, KEYS, by_telephone, covered
from dispatcher.wording import door_of, spoken

CLAIM_TARGET = timedelta(seconds=60)  # answered within 60 s (26 TAC 279.79; TSA: 97.5 %)
ATTEND_TARGET = timedelta(minutes=45)  # attended within 45 min (90 %)


Answer = reading.Answer
Unread = reading.Unread


@dataclass(frozen=True, slots=True)
class Helper:
    """A responder on a case."""

    offer_id: int
    responder_id: int
    name: str
    kind: ResponderKind
    phone: str
    state: OfferState
    why: str
    distance_m: float | None
    asked_at: datetime
    expires_at: datetime
    eta_at: datetime | None
    oversees: bool = False  # has accepted, but does not set out: a supervisor


@dataclass(frozen=True, slots=True)
class Card:
    """An incident as the queue shows it. `version` grows with every change."""

    id: int
    subject: str
    kind: Kind
    kinds: tuple[Kind, ...]  # of its alarms, in the order in which they came
    severity: Severity
    stage: Stage
    version: int
    opened_at: datetime
    due_at: datetime | None
    claimed_by: int | None
    claimed_by_name: str
    claimed_at: datetime | None
    lease_until: datetime | None
    covered_at: datetime | None
    on_scene_at: datetime | None
    closed_at: datetime | None
    close_code: CloseCode | None
    household_id: int | None
    who: str
    address: str
    area_name: str
    lon: float | None
    lat: float | None
    helpers: tuple[Helper, ...]
    answers: tuple[Answer, ...]  # of relatives and workers, by text
    cleared: tuple[Kind, ...]  # the devices say that these are over, and nobody has looked yet
    deadline_at: datetime | None
    deadline_word: str
    spoken: str
    called_at: datetime | None = None  # when its owner was last called to it again: by a rung, a device
    exercise: bool = False  # a drill: counted and drawn apart from what is real
    waits_until: datetime | None = None  # for the end of work on devices, and rings nowhere
    area_case: int | None = None  # the open case of its area, while this one rests for it and rings nowhere


@dataclass(frozen=True, slots=True)
class Detail:
    """Everything about one incident."""

    card: Card
    home: HomeRecord | None
    alarms: tuple[Alarm, ...]
    messages: tuple[Message, ...]
    timeline: tuple[TimelineEntry, ...]
    told: tuple[Told, ...]  # on each rung; of one person the last counts
    ahead: tuple[RungAhead, ...]  # what comes by itself while nobody is on the way


@dataclass(frozen=True, slots=True)
class Frozen:
    """What an incident keeps for itself: its plan, None when that cannot be read, and its last digest."""

    plan: Plan | None
    head: str


ReplyLine = reading.ReplyLine
PossibleCase = reading.PossibleCase
Phone = reading.Phone
PhoneText = reading.PhoneText
Counters = reading.Counters
Change = reading.Change


def board(connection: Connection) -> tuple[Card, ...]:
    """All open incidents: worst first, homes before areas, then the nearest deadline; drills come last."""
    cards = _cards(connection, reading.open_incidents(connection))
    never = datetime.max.replace(tzinfo=UTC)

    def urgency(card: Card) -> tuple[bool, int, bool, datetime, int]:
        return (
            card.exercise,
            -card.severity,
            area_of(card.subject) is not None,
            card.deadline_at or never,
            card.id,
        )

    return tuple(sorted(cards, key=urgency))


def cards(connection: Connection, ids: Collection[int]) -> tuple[Card, ...]:
    """The incidents `ids`, open or closed, by id."""
    return tuple(_cards(connection, reading.incidents(connection, ids)))


def page(
    connection: Connection, *, before_id: int | None = None, limit: int = 50, stage: Stage | None = None
) -> tuple[Card, ...]:
    """Incidents newest first; `before_id` is the last id of the page before."""
    return tuple(_cards(connection, reading.page(connection, before_id, limit, stage)))


def detail(connection: Connection, incident_id: int) -> Detail:
    """One incident with everything that belongs to it. NotFound when there is none."""
    found = reading.incidents(connection, [incident_id])
    if not found:
        raise NotFound("no_such_incident", f"没有事件{incident_id} there is no incident {incident_id}")
    [incident] = found
    household_id = incident.household_id or household_of(incident.subject)
    homes = register.homes(connection, [household_id]) if household_id is not None else {}
    [card] = _cards(connection, found)
    plan = frozen(connection, incident_id).plan
    climbs = plan is not None and incident.is_open and not card.area_case and not card.waits_until
    return Detail(
        card=card,
        home=homes.get(household_id) if household_id is not None else None,
        alarms=reading.alarms(connection, incident_id),
        messages=reading.messages(connection, incident_id),
        timeline=reading.timeline_of(connection, incident_id),
        told=told_of(connection, [incident_id]).get(incident_id, ()),
        ahead=ahead(plan, incident) if plan is not None and climbs else (),
    )


def area_place(connection: Connection, incident_id: int) -> HomeRecord | None:
    """The area of an area's case, as one place that people are sent to; None for any other case."""
    return storms.scenes(connection, reading.incidents(connection, [incident_id])).get(incident_id)


def frozen(connection: Connection, incident_id: int) -> Frozen:
    """What is frozen into an incident. NotFound when there is none."""
    found = reading.frozen(connection, incident_id)
    if found is None:
        raise NotFound("no_such_incident", f"没有事件{incident_id} there is no incident {incident_id}")
    text, head = found
    try:
        return Frozen(thaw(text), head)
    except ValueError:
        return Frozen(None, head)


def offers(connection: Connection, incident_id: int) -> tuple[Offer, ...]:
    """Everybody who was asked to come, oldest first."""
    return offers_of(connection, [incident_id]).get(incident_id, ())


def replies_waiting(connection: Connection, limit: int = 50) -> tuple[ReplyLine, ...]:
    """Answers that wait for an operator, newest first; those of no case with the cases they may be about."""
    lines = reading.replies_waiting(connection, limit)
    nobodys = {line.phone for line in lines if line.incident_id is None}
    asked = inbox.open_cases_by_phone(connection, nobodys) if nobodys else {}
    found = reading.incidents(connection, {id for ids in asked.values() for id in ids})
    homes = register.homes(connection, {i.household_id for i in found if i.household_id is not None})
    doors = {i.id: _door(homes.get(i.household_id or 0), i) for i in found}
    return tuple(
        replace(line, candidates=tuple(PossibleCase(id, doors[id]) for id in asked.get(line.phone, ())))
        if line.incident_id is None
        else line
        for line in lines
    )


unread = reading.unread_waiting
reply_case = reading.reply_case
phones = reading.phones
phone_texts = reading.phone_texts
PhoneCall = handsets.PhoneCall
phone_calls = handsets.calls
counters = reading.counters


@dataclass(frozen=True, slots=True)
class CallScript:
    """What a call says, and whether it then waits for a key."""

    words: str
    asks: bool


def call_script(connection: Connection, key: str) -> CallScript | None:
    """What the call with our message `key` has to say now, as its person takes it up; None: no such call."""
    message = outbox.find(connection, key=key)
    if message is None:
        return None
    asks, oversees = message.purpose in KEYS, is_supervisor(connection, message.to.who)
    if asks and message.incident_id is not None:
        [incident] = reading.incidents(connection, [message.incident_id])
        if not incident.is_open:
            return CallScript(CALL_OVER, asks=False)
        if is_covered_without(connection, incident.id, message.to.who):
            return CallScript(covered(oversees=oversees), asks=False)
    return CallScript(by_telephone(message.body, message.purpose, oversees=oversees), asks)


class Feed:
    """Every change once it is committed, also one that became visible late.

    Ids are given before the commit, so a row may appear below one that was seen already. The feed remembers
    such holes, and asks for them again until no transaction can fill them any more. `position` stays below
    the lowest hole, and below what the last poll gave: who has had an event with it has had all up to it.
    After a reconnect everything above the position is sent again; a page ignores what it has.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        with store.read() as connection:
            self.position = reading.settled_change(connection, timedelta(seconds=2 * LONGEST_TRANSACTION_S))
        self._last = self.position
        self._holes: dict[int, float] = {}  # id → when it was first missed, monotonic seconds

    def poll(self, now_s: float) -> tuple[Change, ...]:
        """Changes not given before, in id order. `now_s` is monotonic seconds."""
        with self._store.read() as connection:
            new = reading.changes(connection, self._last, self._holes)
        self.position = min(self._holes, default=self._last + 1) - 1
        for change in new:
            self._holes.update((id, now_s) for id in range(self._last + 1, change.id))
            self._holes.pop(change.id, None)
            self._last = max(self._last, change.id)
        self._holes = {id: at for id, at in self._holes.items() if now_s - at <= LONGEST_TRANSACTION_S}
        return new

    def since(self, connection: Connection, position: int) -> tuple[Change, ...]:
        """Everything above `position`: what a page that was away may have missed."""
        return reading.changes(connection, position)


def _cards(connection: Connection, incidents: Iterable[Incident]) -> list[Card]:
    found = list(incidents)
    ids = [incident.id for incident in found]
    homes = register.homes(connection, {i.household_id for i in found if i.household_id is not None})
    scenes = storms.scenes(connection, found)
    places = {i.id: scenes.get(i.id) if i.household_id is None else homes.get(i.household_id) for i in found}
    kinds = reading.kinds_of(connection, ids)
    names = reading.account_names(connection, {i.claimed_by for i in found if i.claimed_by is not None})
    helpers = _helpers(connection, ids)
    answers = reading.answers(connection, ids)
    cleared = reading.cleared_unseen(connection, ids)
    called = reading.called_since_taken(connection, ids)
    ailing = [i.household_id for i in found if i.household_id is not None and rests(i, in_storm=True)]
    area_cases = storms.open_for_homes(connection, ailing)
    may = [i.id for i in found if may_wait(i)]
    works = maintenance.waiting(connection, may) if may else {}
    made = [
        replace(
            _card(i, places[i.id], kinds.get(i.id, ()), names, helpers.get(i.id, ()), answers.get(i.id, ())),
            cleared=cleared.get(i.id, ()),
            called_at=called.get(i.id),
            waits_until=works[i.id].ends_at if i.id in works else None,
        )
        for i in found
    ]
    made = [
        replace(card, area_case=area_cases[i.household_id])
        if i.household_id in area_cases and rests(i, in_storm=True)
        else card
        for i, card in zip(found, made, strict=True)
    ]
    return [
        replace(card, deadline_at=None, deadline_word="") if card.area_case or card.waits_until else card
        for card in made
    ]


def _helpers(connection: Connection, ids: Collection[int]) -> dict[int, tuple[Helper, ...]]:
    found: defaultdict[int, list[Helper]] = defaultdict(list)
    for offer, name, kind, phone in reading.offers_with_responders(connection, ids):
        found[offer.incident_id].append(_helper(offer, name, kind, phone))
    return {id: tuple(helpers) for id, helpers in found.items()}


def _helper(offer: Offer, name: str, kind: str, phone: str) -> Helper:
    return Helper(
        offer_id=offer.id,
        responder_id=offer.responder_id,
        name=name,
        kind=ResponderKind(kind),
        phone=phone,
        state=offer.state,
        why=offer.why,
        distance_m=offer.distance_m,
        asked_at=offer.asked_at,
        expires_at=offer.expires_at,
        eta_at=offer.eta_at,
        oversees=offer.oversees,
    )


def _card(
    i: Incident,
    home: HomeRecord | None,
    kinds: tuple[Kind, ...],
    names: Mapping[int, str],
    helpers: tuple[Helper, ...],
    answers: tuple[Answer, ...],
) -> Card:
    deadline_at, deadline_word = _deadline(i, helpers)
    place: dict[str, Any] = {"lon": None, "lat": None}
    if home is not None and home.household.position is not None:
        place = {"lon": home.household.position.lon, "lat": home.household.position.lat}
    return Card(
        id=i.id,
        subject=i.subject,
        kind=i.kind,
        kinds=kinds or (i.kind,),
        severity=i.severity,
        stage=i.stage,
        version=i.version,
        opened_at=i.opened_at,
        due_at=i.due_at,
        claimed_by=i.claimed_by,
        claimed_by_name=names.get(i.claimed_by, "") if i.claimed_by is not None else "",
        claimed_at=i.claimed_at,
        lease_until=i.lease_until,
        covered_at=i.covered_at,
        on_scene_at=i.on_scene_at,
        closed_at=i.closed_at,
        close_code=i.close_code,
        household_id=i.household_id,
        who=_who(home, i),
        address=home.household.address if home is not None else _door(home, i),
        area_name=_area_name(home),
        helpers=helpers,
        answers=answers,
        cleared=(),
        deadline_at=deadline_at,
        deadline_word=deadline_word,
        spoken=spoken(home, i.kind) if household_of(i.subject) is None else f"演练,{spoken(home, i.kind)}",
        exercise=household_of(i.subject) is not None,
        **place,
    )


def _who(home: HomeRecord | None, incident: Incident) -> str:
    """Names with ages, for the card: 王秀英 84岁."""
    if home is None:
        return "未登记住户的设备 unassigned device"
    if area_of(incident.subject) is not None:
        return "网格事件 trouble of the area"
    today = incident.opened_at.date()
    words = []
    for resident in home.residents:
        age = resident.age(today)
        words.append(resident.name if age is None else f"{resident.name} {age}岁")
    return "、".join(words) or "住户资料未登记 no resident registered"


def _door(home: HomeRecord | None, incident: Incident) -> str:
    return incident.subject.removeprefix("device:") if home is None else door_of(home)


def _area_name(home: HomeRecord | None) -> str:
    if home is None:
        return ""
    community = home.community.name if home.community is not None else ""
    return home.cell.name if home.cell.name.startswith(community) else f"{community} {home.cell.name}"


def _deadline(i: Incident, helpers: tuple[Helper, ...]) -> tuple[datetime | None, str]:
    """The next promise to keep: claimed, somebody found, somebody there; then none."""
    etas = [h.eta_at for h in helpers if h.eta_at is not None and h.state in OPEN_OFFERS]
    match i.stage:
        case Stage.RAISED:
            return i.opened_at + CLAIM_TARGET, "接警 claim"
        case Stage.CLAIMED:
            asked = [h.expires_at for h in helpers if h.state is OfferState.ASKED]
            return (max(asked) if asked else i.opened_at + CLAIM_TARGET * 3), "派人 find somebody"
        case Stage.COVERED:
            return (min(etas) if etas else i.opened_at + ATTEND_TARGET), "到场 arrive"
        case Stage.ON_SCENE | Stage.CLOSED:
            return None, ""
