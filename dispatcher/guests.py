"""What people see of a case without a login: a relative how far help is, a worker where to go.

A relative sees no address and no illness: the page may be read over her shoulder, or on a phone that is not
hers any more. A worker sees how to get in only while she is on the case.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from community.errors import NotFound
from community.model import HomeRecord, Position, ResponderKind, Site
from community.storage import consent, register
from community.whereabouts import moves
from dispatcher import passes, views
from dispatcher.brief import BriefLine, ways_in
from dispatcher.exercise import household_of
from dispatcher.model import COVERING, OPEN_OFFERS, CloseCode, Incident, Meaning, OfferState, Stage
from dispatcher.model import Told as TimesTold
from dispatcher.passes import Pass
from dispatcher.storage import reading, storms
from dispatcher.storage.casebook import told_of
from dispatcher.views import Helper
from dispatcher.wording import (
    CLOSE_WORD,
    KIND_WORD,
    MEANING_WORD,
    Pair,
    called,
    door_of,
    responder_title,
    surname,
)

_UNANSWERED: Pair = ("还没有回复", "no answer yet")
_UNREACHABLE: Pair = ("没有联系上", "not reached")


@dataclass(frozen=True, slots=True)
class Mark:
    """One step of help. `at` is None while it is still to come."""

    stage: Stage
    words: Pair
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Told:
    """One contact of the home, and what she answered."""

    relation: str
    words: Pair
    is_you: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """What a relative sees. `eta_at` while somebody is on the way and says when."""

    incident_id: int
    version: int
    who: str  # 王奶奶
    place: str  # the cell's name, never the address
    kind: Pair
    headline: Pair
    marks: tuple[Mark, ...]
    told: tuple[Told, ...]
    answered: Meaning | None
    eta_at: datetime | None
    close_code: CloseCode | None
    hotline: str
    weekly: bool | None  # whether she gets the weekly text; None: she wants no texts at all

    @property
    def is_open(self) -> bool:
        return self.close_code is None


@dataclass(frozen=True, slots=True)
class Errand:
    """What a worker sees. How to get in and whom to call are empty unless she is on the case."""

    incident_id: int
    version: int
    offer_id: int
    state: OfferState
    kind: Pair
    opened_at: datetime
    who: str  # 王秀英 85岁 女
    address: str
    place: str
    position: Position | None
    ways_in: tuple[BriefLine, ...]
    phones: tuple[tuple[str, str], ...]  # (whose, number)
    eta_at: datetime | None
    covered_by: str  # who else comes, when that is why she need not
    is_open: bool
    hotline: str
    others: tuple[tuple[int, str], ...]  # (incident, door) of what else she is asked to
    moves: bool  # a clinic does not: nobody asks where it is

    @property
    def is_on_it(self) -> bool:
        return self.state in COVERING

    @property
    def may_tell_place(self) -> bool:
        """Whether anybody needs to know where she is."""
        return self.moves and (bool(self.others) or (self.is_open and self.state in OPEN_OFFERS))


def find(connection: Connection, code: str, now: datetime) -> tuple[Pass, ...]:
    """Whom the six digits of a text belong to: nobody, one, or once in a long while two."""
    secret = register.site(connection).secret
    told = sorted(reading.told(connection, now - passes.LASTS_CLOSED)) if secret else ()
    held = (Pass(incident_id, who) for incident_id, who in told)
    return tuple(each for each in held if passes.code(secret, each) == code)


def look(connection: Connection, held: Pass, now: datetime) -> Progress | Errand:
    """What `held` opens. NotFound when that is nothing."""
    return (progress if held.who.startswith("contact:") else errand)(connection, held, now)


def phone_of(connection: Connection, held: Pass) -> str:
    """The number of whoever holds it, as the register has it; empty when she is not in it any more."""
    kind, _, number = held.who.partition(":")
    if kind == "responder":
        return register.responder_by_id(connection, int(number)).phone
    [incident] = reading.incidents(connection, [held.incident_id])
    household_id = incident.household_id or household_of(incident.subject) or 0
    home = register.homes(connection, [household_id]).get(household_id)
    contacts = home.contacts if home is not None else ()
    return next((one.phone for one in contacts if one.id == int(number)), "")


def progress(connection: Connection, held: Pass, now: datetime) -> Progress:
    """The relative's page. NotFound when the case, or what she had to do with it, is over and gone."""
    incident, home, site = _case(connection, held, now)
    contact = next((one for one in home.contacts if f"contact:{one.id}" == held.who), None)
    if contact is None:
        raise _gone(site)
    [card] = views.cards(connection, [incident.id])
    told = {each.who: each for each in told_of(connection, [incident.id]).get(incident.id, ())}
    comes = next((one for one in card.helpers if one.state in COVERING and not one.oversees), None)
    marks = _marks(incident, comes)
    return Progress(
        incident_id=incident.id,
        version=incident.version,
        who=called(home),
        place=home.cell.name,
        kind=_kind(incident),
        headline=_headline(incident, marks),
        marks=marks,
        told=tuple(
            Told(one.relation, _answer(told[who]), one is contact)
            for one in home.contacts
            if (who := f"contact:{one.id}") in told
        ),
        answered=told[held.who].answer if held.who in told else None,
        eta_at=comes.eta_at if comes is not None and incident.on_scene_at is None else None,
        close_code=incident.close_code,
        hotline=site.hotline,
        weekly=None if contact.no_texts_since else bool(consent.subscribed(connection, [contact.phone])),
    )


def errand(connection: Connection, held: Pass, now: datetime) -> Errand:
    """The worker's page. NotFound when the case is over and gone, or never asked for her."""
    incident, home, site = _case(connection, held, now)
    responder_id = int(held.who.removeprefix("responder:"))
    offers = [one for one in views.offers(connection, incident.id) if one.responder_id == responder_id]
    if not offers:
        raise _gone(site)
    offer = next((one for one in reversed(offers) if one.state in OPEN_OFFERS), offers[-1])
    [card] = views.cards(connection, [incident.id])
    comes = next((h for h in card.helpers if h.state in COVERING and h.responder_id != responder_id), None)
    is_on_it = offer.state in COVERING and incident.is_open
    today = now.astimezone(ZoneInfo(site.timezone)).date()
    return Errand(
        incident_id=incident.id,
        version=incident.version,
        offer_id=offer.id,
        state=offer.state,
        kind=_kind(incident),
        opened_at=incident.opened_at,
        who="、".join(_in_full(home, today)),
        address=home.household.address,
        place=home.cell.name,
        position=home.household.position,
        ways_in=ways_in(home.household) if is_on_it else (),
        phones=_phones(home) if is_on_it else (),
        eta_at=offer.eta_at,
        covered_by="" if comes is None else responder_title(comes.kind, comes.name),
        is_open=incident.is_open,
        hotline=site.hotline,
        others=_others(connection, responder_id, incident.id),
        moves=moves(register.responder_by_id(connection, responder_id).kind),
    )


def _case(connection: Connection, held: Pass, now: datetime) -> tuple[Incident, HomeRecord, Site]:
    site = register.site(connection)
    found = reading.incidents(connection, [held.incident_id])
    if not found or (found[0].closed_at is not None and now - found[0].closed_at > passes.LASTS_CLOSED):
        raise _gone(site)
    [incident] = found
    home = (
        storms.scenes(connection, found).get(incident.id)
        if incident.household_id is None
        else register.household_by_id(connection, incident.household_id)
    )
    if home is None:
        raise _gone(site)
    return incident, home, site


def _gone(site: Site) -> NotFound:
    return NotFound(
        "page_gone", f"这件事的页面已经关闭,请拨打{site.hotline} this page is over: call the hotline"
    )


def _kind(incident: Incident) -> Pair:
    zh, en = KIND_WORD[incident.kind]
    return (zh, en) if household_of(incident.subject) is None else (f"演练:{zh}", f"a drill: {en}")


def _answer(told: TimesTold) -> Pair:
    if told.answer is not None:
        return MEANING_WORD[told.answer]
    return _UNREACHABLE if told.unreachable else _UNANSWERED


def _marks(incident: Incident, comes: Helper | None) -> tuple[Mark, ...]:
    coming: Pair = ("有人前往", "somebody is on the way")
    there: Pair = ("已到家中", "somebody is there")
    if comes is not None:
        name = _in_short(comes)
        coming, there = (f"{name}正在赶来", "is on the way"), (f"{name}已到家中", "is there")
    steps: tuple[tuple[Stage, Pair, datetime | None], ...] = (
        (Stage.RAISED, ("收到求助", "call received"), incident.opened_at),
        (Stage.CLAIMED, ("值班员已接警", "an operator has it"), incident.claimed_at),
        (Stage.COVERED, coming, incident.covered_at),
        (Stage.ON_SCENE, there, incident.on_scene_at),
        (Stage.CLOSED, ("处理完毕", "over"), incident.closed_at),
    )
    order = [stage for stage, _, _ in steps]
    reached = order.index(incident.stage)  # who had set out and turned back has left a moment behind, no more
    return tuple(
        Mark(stage, words, at if place <= reached else None) for place, (stage, words, at) in enumerate(steps)
    )


def _headline(incident: Incident, marks: tuple[Mark, ...]) -> Pair:
    """What is true now, in one line: never more than is known."""
    if incident.close_code is not None:
        return CLOSE_WORD[incident.close_code]
    by_stage = {mark.stage: mark.words for mark in marks}
    if incident.stage is Stage.RAISED:
        return ("已收到求助,正在联系", "received: people are being called")
    return by_stage[incident.stage]


def _in_short(helper: Helper) -> str:
    """网格员李师傅: a relative learns no more than the surname; a clinic is called by its own name."""
    if helper.kind is ResponderKind.CLINIC:
        return helper.name
    return responder_title(helper.kind, f"{surname(helper.name)}师傅")


def _in_full(home: HomeRecord, today: date) -> list[str]:
    """王秀英 85岁 女."""
    ages = ((one, one.age(today)) for one in home.residents)
    return [f"{one.name} {'' if age is None else f'{age}岁 '}{one.sex}".strip() for one, age in ages]


def _phones(home: HomeRecord) -> tuple[tuple[str, str], ...]:
    lives = home.household
    known = [(one.name, one.phone) for one in home.residents]
    known += [("家里", lives.phone), (f"有钥匙的{lives.key_holder}", lives.key_holder_phone)]
    known += [(one.relation, one.phone) for one in home.contacts[:2]]
    return tuple((whose, number) for whose, number in known if number)


def _others(connection: Connection, responder_id: int, incident_id: int) -> tuple[tuple[int, str], ...]:
    ids = [each for each in reading.open_errands(connection, responder_id) if each != incident_id]
    found = reading.incidents(connection, ids)
    homes = register.homes(connection, {i.household_id for i in found if i.household_id is not None})
    return tuple((i.id, door_of(homes[i.household_id])) for i in found if i.household_id in homes)
