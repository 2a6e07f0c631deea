"""What people answer: operators, relatives, responders, and providers' receipts. One transaction each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from community import phones
from community.errors import Conflict, Invalid, NotFound
from community.model import Account, HomeRecord, ResponderKind
from community.storage import Store, accounts, register, whereabouts
from community.whereabouts import placed
from dispatcher import checks, consent, conversation, drills, news, templates
from dispatcher.asking import Asked
from dispatcher.bundling import Bundles
from dispatcher.escalation import request, stage_of
from dispatcher.model import (
    COVERING,
    LOST,
    OPEN_OFFERS,
    RANK,
    Candidate,
    CloseCode,
    Draft,
    Entry,
    Fact,
    Incident,
    Lane,
    Meaning,
    MessageState,
    Offer,
    OfferState,
    Purpose,
    Recipient,
    Stage,
)
from dispatcher.passes import Pass
from dispatcher.storage import inbox, outbox, questions, reading, storms
from dispatcher.storage.casebook import (
    Casebook,
    end_alarms,
    is_covered_without,
    is_supervisor,
    offer_by_id,
    offers_of,
    set_offer,
    withdraw_offers,
)
from dispatcher.storms import area_of, rests
from dispatcher.telephone import CALL_OVER, KEY_UNKNOWN, KEYS, covered, key_taken
from dispatcher.travel import SPEED_M_PER_MIN
from dispatcher.understanding import Heard, question_meant, understand
from dispatcher.wording import (
    CLOSE_WORD,
    KIND_WORD,
    MEANING_WORD,
    OFFER_WORD,
    OVERSEES,
    Voice,
    distance_words,
    fate,
)
from maps.coords import Point, geodesic_m
from maps.nearest import minutes

CLAIM_LEASE = timedelta(seconds=45)
HAND_OFFER = timedelta(seconds=60)  # not the plan's: by hand is what is left when a plan cannot be read
LONGEST_NUMBER = 32  # characters kept of a sender's number; no real one is as long
DEFAULT_ETA_MIN = 15  # when nobody says and no distance is known

# From which states an answer may come. A late "yes" is as welcome as a quick one, unless somebody else comes
# by now (`Waves.covered_by`); and who stands at the door is there, whatever we have told her.
_NOT_COMING = frozenset({OfferState.ASKED, OfferState.EXPIRED, OfferState.DECLINED, OfferState.WITHDRAWN})
_SETS_OUT = frozenset({OfferState.ACCEPTED, OfferState.ON_THE_WAY})
_FROM: Mapping[OfferState, frozenset[OfferState]] = {
    OfferState.ACCEPTED: _NOT_COMING,
    OfferState.ON_THE_WAY: _NOT_COMING | {OfferState.ACCEPTED},
    OfferState.ARRIVED: _NOT_COMING | _SETS_OUT,
    OfferState.DONE: _NOT_COMING | _SETS_OUT | {OfferState.ARRIVED},
    OfferState.DECLINED: _SETS_OUT | {OfferState.ASKED},
}
_ANSWER: Mapping[Meaning, OfferState] = {
    Meaning.COMING: OfferState.ACCEPTED,
    Meaning.CANNOT: OfferState.DECLINED,
    Meaning.ARRIVED: OfferState.ARRIVED,
    Meaning.DONE: OfferState.DONE,
}

# Who hears that nobody has to come any more: also one who let the time run out may have set out.
_MAY_BE_COMING = frozenset({OfferState.ASKED, OfferState.ACCEPTED, OfferState.ON_THE_WAY, OfferState.EXPIRED})


# ---- operators ----


def claim(store: Store, incident_id: int, account: Account, now: datetime) -> Incident:
    """Take an incident. The owner's second claim renews it; another's is told whose it is (Conflict)."""
    return _own(store, incident_id, account, now, take_over=False)


def take_over(store: Store, incident_id: int, account: Account, now: datetime) -> Incident:
    """Take an incident from whoever has it; both names stay on the timeline."""
    return _own(store, incident_id, account, now, take_over=True)


def renew(store: Store, incident_id: int, account: Account, now: datetime) -> Incident:
    """The owner's console is alive. Conflict when the incident is not (or no longer) this account's."""
    with store.write() as connection:
        book = _open_case(connection, incident_id)
        incident = book.incident(incident_id)
        if incident.claimed_by != account.id:
            raise _owned(connection, incident)
        _extend(book, incident, account, now)
        book.write()
        return book.incident(incident_id)


def note(store: Store, incident_id: int, account: Account, text: str, now: datetime) -> None:
    """Write a remark on the timeline; also after closing."""
    if not text.strip():
        raise Invalid("empty_note", "备注是空的,请写点什么 the note is empty: write something")
    with store.write() as connection:
        book = _case(connection, incident_id)
        book.note(incident_id, now, Fact(Entry.NOTE, text.strip(), actor=_account(account)))
        book.write()


def close(
    store: Store,
    incident_id: int,
    account: Account,
    code: CloseCode,
    remark: str,
    now: datetime,
    *,
    seen: int | None = None,
) -> Incident:
    """End the case: cancel what has not left, stand down who was asked, tell the end to who was told.

    `seen` is the version that the operator had before her. Conflict when nobody has claimed it, for then
    nobody has looked; when somebody else has it, for whoever took it over must not find it closed behind her
    back; and when there was a call for help after `seen`, of which nobody would ever hear.
    """
    with store.write() as connection:
        book = _open_case(connection, incident_id)
        if book.incident(incident_id).claimed_by != account.id:
            raise _owned(connection, book.incident(incident_id))
        if seen is not None:
            _refuse_unheard(connection, incident_id, seen)
        _end(connection, book, incident_id, account, code, remark, now)
        book.write()
        closed = book.incident(incident_id)
    if area_of(closed.subject) is not None:
        _let_homes_go(store, incident_id, account, code, now)
    return closed


def _refuse_unheard(connection: Connection, incident_id: int, seen: int) -> None:
    log = reading.log_of(connection, [incident_id], [Entry.SIGNAL]).get(incident_id, ())
    cry = news.heard_since(log, seen)
    if cry is not None:
        word = KIND_WORD[news.kind_of(cry)]
        raise Conflict("heard_meanwhile", f"刚刚又有{word[0]},请先看一眼 {word[1]} meanwhile: look first")


def _end(
    connection: Connection,
    book: Casebook,
    incident_id: int,
    account: Account,
    code: CloseCode,
    remark: str,
    now: datetime,
) -> None:
    home = _home(connection, book.incident(incident_id))
    outbox.cancel_unsent(connection, incident_id)
    known = offers_of(connection, [incident_id]).get(incident_id, ())
    stood_down = {f"responder:{o.responder_id}" for o in known if o.state in _MAY_BE_COMING}
    book.note(incident_id, now, *_ended_by_closing(connection, known))
    withdraw_offers(connection, incident_id, now)
    end_alarms(connection, incident_id, now)
    if home is not None:
        voice = Voice.of(register.site(connection))
        for recipient in outbox.reached(connection, incident_id, "contact:", also_withdrawn=True):
            body, short = voice.closed(home, code, now), templates.closed(voice, home, code, now)
            _say(book, incident_id, Purpose.CLOSED, "closed", recipient, body, now, short)
        for recipient in outbox.reached(connection, incident_id, "responder:"):
            if recipient.who in stood_down:
                body, short = voice.stand_down(home), templates.stand_down(home)
                _say(book, incident_id, Purpose.STAND_DOWN, "closed", recipient, body, now, short)
    word = CLOSE_WORD[code][0]
    text = f"{word}:{remark.strip()}" if remark.strip() else word
    book.note(incident_id, now, Fact(Entry.CLOSED, text, _account(account), {"code": code.value}))
    book.change(
        incident_id,
        stage=Stage.CLOSED,
        closed_at=now,
        close_code=code,
        close_note=remark.strip(),
        due_at=None,
        lease_until=None,
    )


def _let_homes_go(store: Store, storm_id: int, account: Account, code: CloseCode, now: datetime) -> None:
    """The case of an area has ended: what rested for it ends, too, where the device says that it is over.

    Where it is not over, the home's own plan begins now. What a colleague has in hand stays hers. In a
    transaction of its own: the engine locks homes before their area, and would wait for us as we for it. When
    this one never happens, the homes go on at their next look all the same.
    """
    with store.write() as connection:
        book = Casebook(connection)
        subjects = {f"household:{home}" for home in storms.ailing_homes_of(connection, storm_id)}
        book.load_subjects(subjects)
        for subject in sorted(subjects):
            resting = book.open_for(subject)
            if resting is None or not rests(book.incident(resting), in_storm=True):
                continue
            is_over = all(alarm.cleared_at is not None for alarm in book.alarms(resting))
            if is_over and book.incident(resting).claimed_by in (None, account.id):
                remark = f"随网格事件{storm_id}结案 with the case of its area"
                _end(connection, book, resting, account, code, remark, now)
            else:
                text = f"网格事件{storm_id}已结案,本户继续 its area's case is closed, this one goes on"
                book.note(resting, now, Fact(Entry.NOTE, text, _account(account)))
                begun = book.incident(resting).rung
                book.change(resting, ladder_rung=begun, ladder_at=now, due_at=now)
        book.write()


def _ended_by_closing(connection: Connection, offers: Sequence[Offer]) -> list[Fact]:
    """What becomes of open offers although nobody has said it: the timeline says whose word it was not."""
    people = register.responders_by_id(connection, {o.responder_id for o in offers if o.state in OPEN_OFFERS})
    facts = []
    for text, states in (
        ("随结案记为处理完毕 counted as done by closing", {OfferState.ARRIVED}),
        ("随结案撤回 withdrawn by closing", OPEN_OFFERS - {OfferState.ARRIVED}),
    ):
        ended = [offer for offer in offers if offer.state in states]
        if ended:
            names = "、".join(people[offer.responder_id].name for offer in ended)
            facts.append(Fact(Entry.OFFER, f"{names}{text}", detail={"offers": [o.id for o in ended]}))
    return facts


def ask_responder(
    store: Store, incident_id: int, responder_id: int, account: Account, now: datetime
) -> Offer:
    """An operator asks somebody by hand. Conflict when this one is being asked already."""
    with store.write() as connection:
        book = _open_case(connection, incident_id)
        incident = book.incident(incident_id)
        home = _home(connection, incident)
        responder = register.responder_by_id(connection, responder_id)
        if home is None:
            raise Invalid(
                "no_household",
                "设备未登记到住户,请先登记 enrol the device to a household first",
            )
        known = offers_of(connection, [incident_id]).get(incident_id, ())
        if any(o.responder_id == responder_id and o.state in OPEN_OFFERS for o in known):
            raise Conflict("already_asked", f"{responder.name}已在处理此案 is being asked already")
        seen = placed(responder, whereabouts.of(connection, responder_id), now)
        where, door = seen.position, home.household.position
        distance = (
            geodesic_m(Point(where.lon, where.lat), Point(door.lon, door.lat)) if where and door else None
        )
        candidate = Candidate(responder, "值班员指派 chosen by the operator", distance)
        expires_at = now + HAND_OFFER
        book.make_offer(incident_id, candidate, now, expires_at)
        voice = Voice.of(register.site(connection))
        attempt = sum(o.responder_id == responder_id for o in known)
        who = Recipient(f"responder:{responder.id}", responder.name, responder.phone)
        body, short = request(voice, home, incident, responder, distance)
        _say(book, incident_id, Purpose.ASK, f"hand{attempt}", who, body, now, short, Lane.EARLY)
        far = f",{distance_words(distance)}" if distance is not None else ""
        text = f"请{responder.name}前往:{candidate.why}{far}"
        book.note(incident_id, now, Fact(Entry.ASKED, text, _account(account), {"responder": responder.id}))
        _sooner(book, incident_id, expires_at)
        book.write()
        offers = offers_of(connection, [incident_id])[incident_id]
        return next(o for o in reversed(offers) if o.responder_id == responder_id)


# ---- responders ----


def answer_offer(
    store: Store,
    offer_id: int,
    state: OfferState,
    actor: str,
    now: datetime,
    *,
    eta_min: int | None = None,
    remark: str = "",
) -> Offer:
    """A responder accepts, sets out, arrives, is done, or declines. Saying the same twice is harmless.

    `actor` is `responder:<id>` or `account:<id>`. Conflict when the case has moved on; its code is `covered`
    when somebody else was quicker and is enough.
    """
    with store.write() as connection:
        found = offer_by_id(connection, offer_id)
        if found is None:
            raise NotFound("no_such_offer", f"没有派单{offer_id} there is no offer {offer_id}")
        book = _open_case(connection, found.incident_id)
        offer = _answer(connection, book, offer_id, state, actor, now, eta_min, remark)
        book.write()
        return offer


def check_in(store: Store, offer_id: int, actor: str, now: datetime) -> Offer:
    """Whoever is on scene says that she is well: the desk leaves her in peace for another while.

    `actor` is `responder:<id>` or `account:<id>`. Conflict when she is not there (any more).
    """
    with store.write() as connection:
        found = offer_by_id(connection, offer_id)
        if found is None:
            raise NotFound("no_such_offer", f"没有派单{offer_id} there is no offer {offer_id}")
        book = _open_case(connection, found.incident_id)
        if not _check_in(connection, book, found, actor, now):
            word = OFFER_WORD[found.state][0]
            raise Conflict(
                "not_on_scene", f"此派单是“{word}”,不在现场 this offer is {found.state}: not there"
            )
        book.write()
        answered = offer_by_id(connection, offer_id)
        assert answered is not None
        return answered


def _check_in(connection: Connection, book: Casebook, offer: Offer, actor: str, now: datetime) -> bool:
    """Her clock starts again; False when she is not on scene."""
    if not set_offer(connection, offer.id, OfferState.ARRIVED, now, only_from={OfferState.ARRIVED}):
        return False
    name = register.responder_by_id(connection, offer.responder_id).name
    detail = {"offer": offer.id, "responder": offer.responder_id}
    book.note(offer.incident_id, now, Fact(Entry.OFFER, f"{name}报平安 is well on scene", actor, detail))
    _sooner(book, offer.incident_id, now)
    return True


def _answer(
    connection: Connection,
    book: Casebook,
    offer_id: int,
    state: OfferState,
    actor: str,
    now: datetime,
    eta_min: int | None = None,
    remark: str = "",
) -> Offer:
    offer = offer_by_id(connection, offer_id)
    assert offer is not None, "the caller has just seen it, and offers are never deleted"
    standing = offers_of(connection, [offer.incident_id])[offer.incident_id]
    if offer.state not in OPEN_OFFERS:  # they may have been asked again meanwhile: that one is meant
        same = [o for o in standing if o.responder_id == offer.responder_id and o.state in OPEN_OFFERS]
        offer = same[-1] if same else offer
        offer_id = offer.id
    is_new_eta = state in _SETS_OUT and eta_min is not None
    if offer.state is state and not is_new_eta:
        return offer
    if state not in _FROM:
        raise Invalid("not_an_answer", f"{state} is no answer: choose one of {', '.join(sorted(_FROM))}")
    home = _home(connection, book.incident(offer.incident_id))
    voice = Voice.of(register.site(connection))
    asked = Asked(connection, book, offer.incident_id, home, voice)
    if state in _SETS_OUT and (first := asked.covered_by(offer, now)) is not None:
        name = asked.name_of(first)
        raise Conflict("covered", f"{name}已接单,您不用去了,谢谢 {name} is coming already: no need to go")
    responder = register.responder_by_id(connection, offer.responder_id)
    was_coming = offer.covers
    # A supervisor's yes is no journey: only who says when she will be there, or that she has left, sets out.
    oversees = responder.kind is ResponderKind.SUPERVISOR and state is OfferState.ACCEPTED and eta_min is None
    eta_at = offer.eta_at if was_coming else None
    if state in _SETS_OUT and not oversees and (eta_at is None or eta_min is not None):
        eta_min = eta_min if eta_min is not None else _guess_minutes(offer, responder.kind)
        eta_at = now + timedelta(minutes=eta_min)
    only_from = _FROM[state] | ({state} if is_new_eta else frozenset())
    if not set_offer(connection, offer_id, state, now, only_from=only_from, eta_at=eta_at):
        word = OFFER_WORD[offer.state][0]
        raise Conflict("offer_moved_on", f"此派单已是“{word}” this offer is already {offer.state}")

    incident_id = offer.incident_id
    offers = offers_of(connection, [incident_id])[incident_id]
    incident = book.incident(incident_id)
    word, english = OVERSEES if oversees else (OFFER_WORD[state][0], "")
    text = f"{responder.name}{word} {english}".rstrip()
    if state in COVERING and state is not OfferState.ARRIVED and eta_at is not None:
        text += f",约{_minutes_until(eta_at, now)}分钟到"
    if remark.strip():
        text += f":{remark.strip()}"
    covers = state in COVERING and not oversees
    detail = {"offer": offer_id, "state": state.value, "responder": offer.responder_id}
    book.note(incident_id, now, Fact(Entry.OFFER, text, actor, detail))
    stage = stage_of(incident.claimed_by is not None, offers, incident.ladder_at)
    if stage is not incident.stage:
        book.note(incident_id, now, Fact(Entry.STAGE, stage.value, actor))
    was_there = state in (OfferState.ARRIVED, OfferState.DONE)
    book.change(
        incident_id,
        stage=stage,
        covered_at=incident.covered_at or (now if covers or was_there else None),
        on_scene_at=incident.on_scene_at or (now if was_there else None),
    )
    _sooner(book, incident_id, now)  # the rule looks again: at the new ETA, or for somebody else
    answered = offer_by_id(connection, offer_id)
    assert answered is not None
    if covers or was_there:
        asked.withdraw_overtaken(answered, now)
    if home is None:
        return answered
    kind, name = responder.kind, responder.name
    match state:
        case OfferState.ARRIVED:
            purpose, body = Purpose.ARRIVED, voice.arrived(home, name, now)
            short = templates.arrived(voice, home, name, now)
        case OfferState.ACCEPTED | OfferState.ON_THE_WAY if covers and not was_coming:
            wait = _minutes_until(eta_at, now) if eta_at is not None else None
            purpose, body = Purpose.ACCEPTED, voice.accepted(home, kind, name, wait)
            short = templates.accepted(home, kind, name, wait)
        case OfferState.DECLINED if was_coming:
            purpose, body = Purpose.CALLED_OFF, voice.called_off(home, kind, name)
            short = templates.called_off(home, kind, name)
        case _:
            return answered
    # Who says yes, no and yes again is told of twice: the version keeps the two apart.
    mark = f"o{offer_id}.{state.value}.v{book.incident(incident_id).version}"
    for recipient in outbox.reached(connection, incident_id, "contact:"):
        _say(book, incident_id, purpose, mark, recipient, body, now, short)
    return answered


def _guess_minutes(offer: Offer, kind: ResponderKind) -> int:
    if offer.eta_min is not None:
        return offer.eta_min
    if offer.distance_m is None:
        return DEFAULT_ETA_MIN
    return minutes(offer.distance_m, SPEED_M_PER_MIN[kind])


def _minutes_until(moment: datetime, now: datetime) -> int:
    return max(1, round((moment - now) / timedelta(minutes=1)))


# ---- texts that come back ----


def reply(store: Store, phone: str, body: str, dedupe_key: str, now: datetime) -> Meaning:
    """A text from `phone`. Joined to its open case when that is certain; else an operator gets it.

    Never raises for odd input. `dedupe_key` is the provider's id of the text: the same one twice is taken
    once. Returns what it means, from this phone if it is certain in which case.
    """
    number = phones.normalise(phone)[:LONGEST_NUMBER]
    body = body.replace("\x00", "\ufffd")  # no database keeps it as text
    heard = understand(body)
    with store.write() as connection:
        reply_id = inbox.keep(connection, dedupe_key, number, body, heard.meaning, now)
        if reply_id is None:
            return heard.meaning
        asked = questions.open_questions(connection, number)
        if heard.meaning in _CONSENTS:
            if consent.take(connection, number, heard.meaning, reply_id, asked, now):
                incident_id = asked[0].incident_id if asked else None
                seen_at = None if heard.meaning in _FOR_A_HUMAN else now
                inbox.join(connection, reply_id, incident_id, heard.meaning, seen_at=seen_at)
                return heard.meaning
            if heard.meaning in (Meaning.WEEKLY, Meaning.NO_WEEKLY):
                heard = Heard(Meaning.UNCLEAR)  # of no relative: an operator reads it
        elif not heard.code:
            well = checks.answer(connection, number, body, now, asked_elsewhere=bool(asked))
            # Asked whether she is well and to come, a bare digit may mean either; words and codes do not.
            if well is not None and (not asked or heard.by_digit):
                inbox.understood(connection, reply_id, well, seen_at=None if well in _FOR_A_HUMAN else now)
                return well
        if not asked and heard.meaning not in _CONSENTS:
            drilled = drills.answer(connection, number, heard, body, now)
            if drilled is not None:
                seen_at = None if drilled in _FOR_A_HUMAN else now
                inbox.understood(connection, reply_id, drilled, seen_at=seen_at)
                return drilled
        meant = question_meant(heard, asked)
        if meant is not None:
            book = Casebook(connection)
            book.load_ids([meant.incident_id])
            if book.incident(meant.incident_id).is_open:  # still, now that it is ours
                heard = heard.said_by(meant.who)
                _hear(connection, book, meant.incident_id, meant.who, heard, body, now)
                conversation.explain(connection, book, meant, heard, number, body, now)
                book.write()
                seen_at = None if heard.meaning in _FOR_A_HUMAN else now
                inbox.join(connection, reply_id, meant.incident_id, heard.meaning, seen_at=seen_at)
                return heard.meaning
            asked = [one for one in asked if one != meant]
        late = questions.closed_question(connection, number, heard.code, now)
        if late is not None and (heard.code or not asked):
            conversation.too_late(connection, late, heard, number, body, now)
            seen_at = now if heard.meaning is Meaning.RECEIVED else None
            inbox.join(connection, reply_id, late.incident_id, heard.meaning, seen_at=seen_at)
        elif asked:
            conversation.ask_which(connection, asked, heard, number, body, now)
    return heard.meaning


_FOR_A_HUMAN = frozenset({Meaning.UNCLEAR, Meaning.STOP})
_CONSENTS = frozenset({Meaning.STOP, Meaning.START, Meaning.WEEKLY, Meaning.NO_WEEKLY})


def _hear(
    connection: Connection,
    book: Casebook,
    incident_id: int,
    who: str,
    heard: Heard,
    body: str,
    now: datetime,
) -> None:
    meaning = heard.meaning
    name = outbox.name_of(connection, incident_id, who)
    text = f"{name}回复“{body.strip()[:60]}”:{MEANING_WORD[meaning][0]}"
    book.note(incident_id, now, Fact(Entry.REPLY, text, who, {"meaning": meaning.value}))
    kind, _, number = who.partition(":")
    if kind == "responder" and meaning in _ANSWER:
        state = _ANSWER[meaning]
        offers = offers_of(connection, [incident_id]).get(incident_id, ())
        mine = [o for o in offers if o.responder_id == int(number)]
        meant = [o for o in mine if o.state in OPEN_OFFERS] or mine
        if not meant:
            return
        if state is OfferState.ARRIVED and _check_in(connection, book, meant[-1], who, now):
            return  # "4" once more: she is still there, and well
        if state is OfferState.ACCEPTED and heard.eta_min is not None and meant[-1].state in _SETS_OUT:
            state = meant[-1].state  # is on the way already, and says again when she will be there
        elif meant[-1].state not in _FROM[state]:
            return
        home = _home(connection, book.incident(incident_id))
        asked = Asked(connection, book, incident_id, home, Voice.of(register.site(connection)))
        first = asked.covered_by(meant[-1], now) if state in _SETS_OUT else None
        if first is None:
            _answer(connection, book, meant[-1].id, state, who, now, heard.eta_min)
        else:
            asked.decline_politely(meant[-1], first, now)
    elif meaning in (Meaning.CANNOT, Meaning.COMING):
        _sooner(book, incident_id, now)  # the ladder moves on, or leaves the other relatives in peace


@dataclass(frozen=True, slots=True)
class Pressed:
    """What a key meant, and what is said to whoever pressed it."""

    meaning: Meaning
    say: str


def key_pressed(store: Store, key: str, digit: str, call_id: str, now: datetime) -> Pressed | None:
    """A key on the telephone that our call (message `key`) rang; it answers exactly that call's case.

    None when there is no such call. A key that was not offered is UNCLEAR and changes nothing: the caller is
    asked again. `call_id` is the provider's: the same key in the same call is taken once.
    """
    with store.write() as connection:
        known = outbox.find(connection, key=key)
        if known is None or (known.incident_id is None and known.purpose is not Purpose.CHECK):
            return None
        meaning = KEYS.get(known.purpose, {}).get(digit, Meaning.UNCLEAR)
        if known.incident_id is None:
            if meaning is not Meaning.UNCLEAR and not checks.answer_by_key(connection, key, meaning, now):
                return Pressed(meaning, CALL_OVER)
            return Pressed(meaning, key_taken(meaning))
        incident_id, who = known.incident_id, known.to.who
        book = _case(connection, incident_id)
        if meaning is Meaning.UNCLEAR:
            return Pressed(meaning, KEY_UNKNOWN)
        number = phones.normalise(known.to.phone)[:LONGEST_NUMBER]
        reply_id = inbox.keep(connection, f"{call_id}:{digit}", number, digit, meaning, now)
        if reply_id is not None:
            inbox.join(connection, reply_id, incident_id, meaning, seen_at=now)
            if outbox.advance(connection, known.id, MessageState.DELIVERED, now, "", call_id):
                text = fate(known.is_spoken, known.to.name, MessageState.DELIVERED)
                detail = {"message": known.id, "state": MessageState.DELIVERED.value}
                book.note(incident_id, now, Fact(Entry.MESSAGE, text, detail=detail))
            if book.incident(incident_id).is_open:
                _hear(connection, book, incident_id, who, Heard(meaning), digit, now)
            else:
                text = f"{known.to.name}在结案后按了{digit}:{MEANING_WORD[meaning][0]} pressed after closing"
                book.note(incident_id, now, Fact(Entry.REPLY, text, who, {"meaning": meaning.value}))
            book.write()
        if not book.incident(incident_id).is_open:
            return Pressed(meaning, CALL_OVER)
        oversees = is_supervisor(connection, who)
        if meaning is Meaning.COMING and is_covered_without(connection, incident_id, who):
            return Pressed(meaning, covered(oversees=oversees))
        return Pressed(meaning, key_taken(meaning, oversees=oversees))


def receipt(
    store: Store, provider_id: str, state: MessageState, error: str, now: datetime, *, key: str = ""
) -> bool:
    """A provider reports a message's fate; False when it knows one that we do not.

    Receipts come unordered, doubled and late: what is more final wins. Whatever a provider reports, it has
    taken the message: one that we believed lost must not be sent again.
    """
    if RANK[state] < RANK[MessageState.SENT]:
        state = MessageState.SENT
    with store.write() as connection:
        known = outbox.find(connection, provider_id=provider_id, key=key)
        if known is None:
            return False
        if state in LOST and known.refused and known.provider_id != provider_id:
            return True  # about an attempt by another way, from which it was taken back
        # The case is locked before its message, as everywhere, so that nobody waits in a circle.
        book = _case(connection, known.incident_id) if known.incident_id is not None else None
        held = Bundles.of(connection, [known])
        if held.parts:
            book = Casebook(connection)
            book.load_ids(held.incident_ids)
        if not outbox.advance(connection, known.id, state, now, error, provider_id):
            return True
        if book is not None and held.parts:
            for incident_id in held.follow(connection, book, known, state, "", now, error):
                if state in LOST and book.incident(incident_id).is_open:
                    _sooner(book, incident_id, now)
            book.write()
        if book is not None and known.incident_id is not None:
            tail = f":{error}" if error else ""
            text = f"{fate(known.is_spoken, known.to.name, state)}{tail}"
            detail = {"message": known.id, "state": state.value}
            book.note(known.incident_id, now, Fact(Entry.MESSAGE, text, detail=detail))
            if state in LOST and book.incident(known.incident_id).is_open:
                _sooner(book, known.incident_id, now)
            book.write()
        return True


# ---- what is tapped on a page ----


def tapped(store: Store, held: Pass, meaning: Meaning, tap_id: str, now: datetime) -> None:
    """A contact answers on her page as she would by text; UNCLEAR asks an operator to call her.

    `tap_id` is her page's: the same tap twice is taken once. Conflict when the case is closed.
    """
    with store.write() as connection:
        book = _open_case(connection, held.incident_id)
        home = _home(connection, book.incident(held.incident_id))
        contacts = home.contacts if home is not None else ()
        contact = next((one for one in contacts if f"contact:{one.id}" == held.who), None)
        if contact is None or meaning not in _TAPS:
            raise Invalid("not_an_answer", "请在页面上选一项 choose one of the answers on the page")
        told_at = outbox.phone_of(connection, held.incident_id, held.who) or contact.phone
        number, body = phones.normalise(told_at)[:LONGEST_NUMBER], _TAPS[meaning]
        once = f"tap:{held.incident_id}:{held.who}:{meaning}:{tap_id}"
        reply_id = inbox.keep(connection, once, number, body, meaning, now)
        if reply_id is None:
            return
        seen_at = None if meaning in _FOR_A_HUMAN else now
        inbox.join(connection, reply_id, held.incident_id, meaning, seen_at=seen_at)
        _hear(connection, book, held.incident_id, held.who, Heard(meaning), body, now)
        book.write()


_TAPS: Mapping[Meaning, str] = {
    Meaning.COMING: "能赶到",
    Meaning.CANNOT: "不能去",
    Meaning.FALSE_ALARM: "误按",
    Meaning.UNCLEAR: "请给我回电",
}


# ---- what a human has looked at ----


def see_unread(store: Store, unread_id: int, account: Account, now: datetime) -> None:
    """An operator has looked at a message that no rule understood."""
    with store.write() as connection:
        if not inbox.see_unread(connection, unread_id, account.id, now):
            raise NotFound("no_such_unread", f"没有待看的消息{unread_id} nothing unread has this number")


def see_reply(store: Store, reply_id: int, account: Account, now: datetime) -> None:
    """An operator has dealt with an answer that was not understood."""
    with store.write() as connection:
        incident_id = inbox.see_reply(connection, reply_id, now)
        if incident_id is None:
            return
        book = _case(connection, incident_id)
        book.note(
            incident_id,
            now,
            Fact(Entry.NOTE, "已查看未识别的回复 has read the unclear reply", _account(account)),
        )
        book.write()


def assign_reply(store: Store, reply_id: int, incident_id: int, account: Account, now: datetime) -> Incident:
    """An operator says which case an answer is about: it counts as if it had been joined by itself.

    Saying the same twice is harmless. Conflict when the case is closed, when this phone was never asked in
    it, or when the answer belongs to another case already.
    """
    with store.write() as connection:
        found = inbox.kept(connection, reply_id)
        if found is None:
            raise NotFound("no_such_reply", f"没有回复{reply_id} there is no reply {reply_id}")
        book = _open_case(connection, incident_id)
        if found.incident_id == incident_id:
            return book.incident(incident_id)
        asked = dict(inbox.open_cases_of(connection, found.phone))
        who = asked.get(incident_id)
        if who is None:
            raise Conflict(
                "never_asked", f"事件{incident_id}没有问过这个号码 this phone was not asked in this incident"
            )
        if not inbox.assign(connection, reply_id, incident_id, now):
            raise Conflict("reply_assigned", "此回复已归入别的事件 this answer is another incident's already")
        name = outbox.name_of(connection, incident_id, who)
        text = f"{account.name}把{name}的回复归入此事件 assigned the answer to this case"
        book.note(incident_id, now, Fact(Entry.NOTE, text, _account(account), {"reply": reply_id}))
        heard = understand(found.body).said_by(who)
        _hear(connection, book, incident_id, who, heard, found.body, now)
        book.write()
        return book.incident(incident_id)


# ---- parts ----


def _own(store: Store, incident_id: int, account: Account, now: datetime, *, take_over: bool) -> Incident:
    with store.write() as connection:
        book = _open_case(connection, incident_id)
        incident = book.incident(incident_id)
        lease_until = now + CLAIM_LEASE
        if incident.claimed_by == account.id:
            _extend(book, incident, account, now)
        elif incident.claimed_by is not None and not take_over:
            raise _owned(connection, incident)
        else:
            before = incident.claimed_by
            text = f"{account.name}接警 claimed"
            if before is not None:
                text = f"{account.name}从{accounts.account_by_id(connection, before).name}接手 took over"
            book.note(incident_id, now, Fact(Entry.CLAIMED, text, _account(account)))
            offers = offers_of(connection, [incident_id]).get(incident_id, ())
            book.change(
                incident_id,
                claimed_by=account.id,
                claimed_at=now,
                lease_until=lease_until,
                stage=stage_of(True, offers, incident.ladder_at),
            )
        _sooner(book, incident_id, lease_until)
        book.write()
        return book.incident(incident_id)


def _extend(book: Casebook, incident: Incident, account: Account, now: datetime) -> None:
    if incident.lease_until is None:  # the others were told that this console had fallen silent
        text = f"{account.name}的控制台恢复 the owner's console is back"
        book.note(incident.id, now, Fact(Entry.CLAIMED, text, _account(account)))
    book.change(incident.id, lease_until=now + CLAIM_LEASE)
    _sooner(book, incident.id, now + CLAIM_LEASE)


def _owned(connection: Connection, incident: Incident) -> Conflict:
    if incident.claimed_by is None:
        return Conflict("not_claimed", "还没有人接警,请先接警 claim it first")
    owner = accounts.account_by_id(connection, incident.claimed_by).name
    return Conflict("already_claimed", f"{owner}已接警,需要时可接手 {owner} has it: take over if needed")


def _case(connection: Connection, incident_id: int) -> Casebook:
    book = Casebook(connection)
    book.load_ids([incident_id])
    if incident_id not in book:
        raise NotFound("no_such_incident", f"没有事件{incident_id} there is no incident {incident_id}")
    return book


def _open_case(connection: Connection, incident_id: int) -> Casebook:
    book = _case(connection, incident_id)
    if not book.incident(incident_id).is_open:
        raise Conflict("already_closed", f"事件{incident_id}已结案 incident {incident_id} is closed")
    return book


def _home(connection: Connection, incident: Incident) -> HomeRecord | None:
    if incident.household_id is None:
        return storms.scenes(connection, [incident]).get(incident.id)
    return register.household_by_id(connection, incident.household_id)


def _say(
    book: Casebook,
    incident_id: int,
    purpose: Purpose,
    mark: str,
    to: Recipient,
    body: str,
    now: datetime,
    variables: templates.Variables = templates.NONE,
    lane: Lane = Lane.PERSON,
) -> None:
    key = f"i{incident_id}.{mark}.{to.who}"
    draft = Draft(key, to, purpose, rung=0, body=body, lane=lane, variables=variables)
    book.say(incident_id, draft, now)


def _sooner(book: Casebook, incident_id: int, moment: datetime) -> None:
    due_at = book.incident(incident_id).due_at
    if due_at is None or due_at > moment:
        book.change(incident_id, due_at=moment)


def _account(account: Account) -> str:
    return f"account:{account.id}"
