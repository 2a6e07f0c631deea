"""Who is told next, and when to look again. Pure: a case and `now` in, a step out.

The ladder runs while nobody is on the way. An accepted offer pauses it; only waves that want somebody else
go on (`waves`). An acceptance is a lease, so being late beyond the grace starts the ladder again. Every step
ends with a due time: no open case is without a future.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice

from community.model import Contact, HomeRecord, Responder, ResponderKind
from dispatcher import news, templates, waves
from dispatcher.model import (
    LOOK_AT_LEAST,
    OPEN_OFFERS,
    SENDS,
    TOO_FAR,
    Ask,
    Candidate,
    Case,
    Draft,
    Entry,
    Fact,
    Incident,
    Lane,
    Meaning,
    Offer,
    OfferState,
    Plan,
    Purpose,
    Recipient,
    Rung,
    RungAhead,
    Severity,
    Stage,
    Step,
    Tell,
    TimelineEntry,
    Whom,
)
from dispatcher.wording import KIND_WORD, RESPONDER_WORD, Voice, distance_words

_GAVE_UP = frozenset({OfferState.DECLINED, OfferState.EXPIRED})
_LANE = {
    Severity.EMERGENCY: Lane.PERSON,
    Severity.ROUTINE: Lane.ORDINARY,
    Severity.TROUBLE: Lane.LAST,
}


def next_step(case: Case, now: datetime, voice: Voice) -> Step:
    """Return whom to tell now and when to look again.

    A due time that lies too far ahead was written before the clock was set back: then the next rung comes at
    once. `brought_back` puts right what the case remembers of its offers.
    """
    return _Climb(case, now, voice).step()


def is_set_back(incident: Incident, now: datetime) -> bool:
    """Whether the clock was set back since the last look: the case is due further ahead than it can be."""
    return incident.due_at is not None and incident.due_at > now + TOO_FAR


def ladder_brought_back(plan: Plan, now: datetime, fired: int) -> datetime:
    """When the ladder of a case whose clock was set back is to have begun: so that the next rung is due."""
    return now - (rung_at(plan, now, fired) - now)


def brought_back(
    incident: Incident, plan: Plan, offers: tuple[Offer, ...], now: datetime
) -> tuple[Offer, ...]:
    """Offers with times in what is now the future, moved so that the last thing said was said at `now`.

    What belonged to the present ladder still does wherever the ladder now begins; what did not, does not.
    """
    ahead = max(timedelta(), max((o.changed_at or o.asked_at for o in offers), default=now) - now)
    since = incident.ladder_at
    begins = ladder_brought_back(plan, now, incident.rung - incident.ladder_rung)

    def moved(at: datetime) -> datetime:
        return max(at - ahead, begins) if at >= since else min(at - ahead, begins - timedelta.resolution)

    return tuple(
        replace(
            o,
            asked_at=moved(o.asked_at),
            expires_at=o.expires_at - ahead,
            eta_at=o.eta_at - ahead if o.eta_at else None,
            changed_at=moved(o.changed_at) if o.changed_at else None,
        )
        for o in offers
    )


def stage_of(claimed: bool, offers: tuple[Offer, ...], since: datetime) -> Stage:
    """The stage an open case has reached, from who works on it; `since` is when its ladder began."""
    present = [offer for offer in offers if not is_past(offer, since)]
    states = {offer.state for offer in present}
    if OfferState.ARRIVED in states or OfferState.DONE in states:
        return Stage.ON_SCENE
    if any(offer.covers for offer in present):
        return Stage.COVERED
    return Stage.CLAIMED if claimed else Stage.RAISED


def is_past(offer: Offer, since: datetime) -> bool:
    """Whether a visit was over before the ladder began (again): it helped with other trouble."""
    return offer.state is OfferState.DONE and offer.changed_at is not None and offer.changed_at < since


def rung_at(plan: Plan, ladder_at: datetime, fired: int) -> datetime:
    """When the rung after `fired` fired ones is due; beyond the last, every `repeat_s` for ever."""
    if fired < len(plan.rungs):
        return ladder_at + timedelta(seconds=plan.rungs[fired].after_s)
    repeats = fired - len(plan.rungs) + 1
    return ladder_at + timedelta(seconds=plan.rungs[-1].after_s + repeats * plan.repeat_s)


def ahead(plan: Plan, incident: Incident) -> tuple[RungAhead, ...]:
    """The rungs that come while nobody is on the way, up to the next time that the last one repeats."""
    fired, top = incident.rung - incident.ladder_rung, len(plan.rungs)
    return tuple(
        RungAhead(
            number=min(number, top - 1) + 1,
            at=rung_at(plan, incident.ladder_at, number),
            tell=plan.rungs[min(number, top - 1)].tell,
            repeat_s=plan.repeat_s if number >= top else 0,
        )
        for number in range(fired, max(fired, top) + 1)
    )


def request(
    voice: Voice,
    home: HomeRecord,
    incident: Incident,
    responder: Responder,
    distance_m: float | None,
    road_min: int | None = None,
) -> tuple[str, templates.Variables]:
    """What `responder` is asked, as a text and in few words: to go, or, a supervisor, to see to it."""
    kind, since = incident.kind, incident.ladder_at
    if responder.kind is ResponderKind.SUPERVISOR:
        return voice.oversee(home, kind, since), templates.oversee(voice, home, kind, since)
    page = voice.page_of(incident.id, f"responder:{responder.id}")
    return (
        voice.ask(home, kind, since, distance_m, page, road_min),
        templates.ask(voice, home, kind, since, distance_m, road_min),
    )


class _Climb:
    """One decision in the making. Nothing outside sees it; it only keeps the arguments together."""

    def __init__(self, case: Case, now: datetime, voice: Voice) -> None:
        self.case = case
        self.now = now
        self.voice = voice
        self.plan = case.plan
        self.incident = self._begun_again() or case.incident
        self.rung = case.incident.rung
        self.ladder_at = self.incident.ladder_at
        if is_set_back(case.incident, now):  # the next rung comes at once, and the others count from there
            self.ladder_at = ladder_brought_back(case.plan, now, self._fired)
            self.incident = replace(self.incident, ladder_at=self.ladder_at)
        self.lane = _LANE[case.incident.severity]
        self.texts: list[Draft] = []
        self.asks: list[Ask] = []
        self.facts: list[Fact] = []
        self.expired = tuple(
            offer.id for offer in case.offers if offer.state is OfferState.ASKED and offer.expires_at <= now
        )
        self.waiting = [
            offer for offer in case.offers if offer.state in OPEN_OFFERS and offer.id not in self.expired
        ]
        self.people = dict(case.people)
        # Not to be asked again on this ladder: who is being asked, who said no, who has just let it pass.
        self.asked = {offer.responder_id for offer in self.waiting}
        # What was said no to before it began was other trouble.
        here = [offer for offer in case.offers if offer.asked_at >= self.incident.ladder_at]
        self.refused = {o.responder_id for o in here if o.state in _GAVE_UP or o.id in self.expired}
        # What was told and answered before the present plan began was about other trouble: only a STOP holds.
        present = [told for told in case.told if told.rung > self.incident.ladder_rung]
        self.told = {told.who for told in present}
        # Told in this very step: never twice, however many rungs it catches up on.
        self.just_told: set[str] = set()
        self.nobody: list[str] = []  # why parts of the last rung found nobody
        self.stopped = {told.who for told in case.told if told.answer is Meaning.STOP}
        if case.home is not None:
            self.stopped |= {f"contact:{c.id}" for c in case.home.contacts if c.no_texts_since is not None}
        answered = [
            told for told in present if told.answered_at is None or told.answered_at >= self.ladder_at
        ]
        self.cannot = self.stopped | {told.who for told in answered if told.answer is Meaning.CANNOT}
        latest = {told.who: told for told in present}
        self.unreachable = {told.who for told in latest.values() if told.unreachable}
        self.is_silent = self.told <= self.unreachable  # nobody has been told of this trouble yet
        self.spoken = 0  # messages of this step by which the ladder turns to somebody
        relatives = {told.who: told for told in answered if told.who.startswith("contact:")}
        self.comes_until = {
            who: told.answered_at + timedelta(seconds=self.plan.relative_s)
            for who, told in relatives.items()
            if told.answer is Meaning.COMING and told.answered_at is not None
        }
        self.overdue = {who for who, end in self.comes_until.items() if not self._is_ahead(end)}
        self.relative_comes = bool(self.comes_until.keys() - self.overdue) or any(
            told.answer is Meaning.ARRIVED for told in relatives.values()
        )

    def step(self) -> Step:
        on_scene = [o for o in self.waiting if o.state is OfferState.ARRIVED]
        coming = [o for o in self.waiting if o.covers and o.state is not OfferState.ARRIVED]
        self.late = [o for o in coming if self._late_at(o) <= self.now]
        self.in_time = {o.responder_id for o in coming if o not in self.late}
        due = [offer.expires_at for offer in self.waiting if offer.state is OfferState.ASKED]

        lease_until = self.incident.lease_until
        lease_lost = lease_until is not None and not self.now < lease_until <= self.now + TOO_FAR
        if lease_lost:
            self.facts.append(
                Fact(Entry.LEASE_LOST, "接警人的控制台没有回应,请他人查看 the owner's console is silent")
            )
        elif lease_until is not None:
            due.append(lease_until)

        done = [
            offer
            for offer in self.case.offers
            if offer.state is OfferState.DONE and not is_past(offer, self.ladder_at)
        ]
        covered = bool(on_scene or done) or len(coming) > len(self.late)
        due.extend(self._ask_after(offer) for offer in on_scene)
        if done and not on_scene:
            due.append(self._remind_to_close(done))
        self._pass_on_what_is_new(on_scene, coming)
        due.extend(self._late_at(offer) for offer in coming if offer not in self.late)
        # A plan that has just begun speaks even when somebody is on the way: what is new must be said.
        climbs = (not covered or self._fired == 0) and not self.case.rests
        if climbs:
            self._say_who_is_late()
            self._say_which_relative_is_late()
            self._climb()
            self._replace_relatives()
            due.extend(self.comes_until[who] for who in self.comes_until.keys() - self.overdue)
        if climbs or not (on_scene or done or self.case.rests):  # whoever is there sees who else is needed
            self._replace_responders()
        if self.case.rests:
            due.append(self.now + LOOK_AT_LEAST)
        elif not covered or self._fired == 0:
            due.append(rung_at(self.plan, self.ladder_at, self._fired))
        due.extend(ask.expires_at for ask in self.asks)

        return Step(
            due_at=min(min(due), self.now + LOOK_AT_LEAST),
            rung=self.rung,
            ladder_rung=self.incident.ladder_rung,
            ladder_at=self.ladder_at,
            kind=self.incident.kind,
            texts=tuple(self.texts),
            asks=tuple(self.asks),
            expired=self.expired,
            facts=tuple(self.facts),
            lease_lost=lease_lost,
        )

    @property
    def _fired(self) -> int:
        """Rungs of the present plan that have fired."""
        return self.rung - self.incident.ladder_rung

    def _late_at(self, offer: Offer) -> datetime:
        return waves.late_at(self.plan, offer)

    def _is_new(self, moment: datetime) -> bool:
        """Whether `moment` has come since the case was last looked at."""
        return self.incident.due_at is not None and self.incident.due_at <= moment <= self.now

    def _is_ahead(self, end: datetime) -> bool:
        """Whether a relative is still waited for; an end further ahead was set by another clock."""
        return self.now < end <= self.now + timedelta(seconds=self.plan.relative_s)

    # ---- on scene ----

    def _ask_after(self, offer: Offer) -> datetime:
        """Somebody is there: ask after her when it stays quiet, and ring the desk until she answers."""
        last = offer.changed_at or offer.asked_at
        first = last + timedelta(seconds=self.plan.check_in_s)
        if self.now < first:
            return first
        again = timedelta(seconds=min(self.plan.repeat_s, self.plan.check_in_s))
        latest = first + (self.now - first) // again * again
        responder, home = self.people.get(offer.responder_id), self.case.home
        minutes = (self.now - last) // timedelta(minutes=1)
        if self._is_new(latest):
            name = responder.name if responder is not None else "现场人员"
            text = f"{name}已{minutes}分钟没有消息,请马上联系 no word from the scene: call them"
            self.facts.append(Fact(Entry.DESK, text, detail={"offer": offer.id}))
            if self._is_new(first) and responder is not None and home is not None:
                body = self.voice.check_in(home, minutes)
                self._text(responder, Purpose.CHECK_IN, body, templates.check_in(home, minutes))
        return latest + again

    def _remind_to_close(self, visited: list[Offer]) -> datetime:
        """Who was there has gone: the case waits for its code."""
        wait = timedelta(seconds=self.plan.check_in_s)
        last = max(offer.changed_at or offer.asked_at for offer in visited)
        waits = max(0, (self.now - last) // wait)
        if waits and self._is_new(last + waits * wait):
            minutes = (self.now - last) // timedelta(minutes=1)
            self.facts.append(
                Fact(Entry.DESK, f"现场已处理完{minutes}分钟,请结案 done on scene: please close")
            )
        return last + wait * (waits + 1)

    # ---- what is new ----

    def _begun_again(self) -> Incident | None:
        """The case on a ladder that begins now: somebody cries for help after everybody has gone."""
        case = self.case
        gone = any(
            offer.state is OfferState.DONE and not is_past(offer, case.incident.ladder_at)
            for offer in case.offers
        )
        if not gone or any(waves.is_coming(case.plan, offer, self.now) for offer in case.offers):
            return None
        cry = news.new_to_all(case.log)
        if cry is None:
            return None
        return replace(
            case.incident,
            kind=news.kind_of(cry),
            ladder_rung=case.incident.rung,
            ladder_at=self.now,
        )

    def _pass_on_what_is_new(self, on_scene: list[Offer], coming: list[Offer]) -> None:
        """Whoever is on the way hears of it, and the relatives; of whoever is there the desk is reminded."""
        home, log = self.case.home, self.case.log
        if home is None or not log:
            return
        told: list[int] = []
        for offer in coming:
            cry, responder = (
                news.new_to_responder(log, offer.responder_id),
                self.people.get(offer.responder_id),
            )
            if cry is not None and responder is not None:
                told.append(responder.id)
                kind = news.kind_of(cry)
                body, short = (
                    self.voice.news(home, kind, cry.at),
                    templates.news(self.voice, home, kind, cry.at),
                )
                self._text(responder, Purpose.NEWS, body, short)
                what = KIND_WORD[kind][0]
                text = f"已告知{responder.name}:又有{what} on the way, told"
                self.facts.append(Fact(Entry.NEWS, text, detail={"responders": [responder.id]}))
        cry = news.new_to_all(log)
        if cry is None:
            return
        what = KIND_WORD[news.kind_of(cry)][0]
        if on_scene:
            text = f"现场有人,又有{what},请联系现场 trouble again while somebody is there: call them"
            self.facts.append(Fact(Entry.NEWS, text))
        elif self.in_time and self._fired:  # a ladder that has just begun tells them itself
            comes = next((self.people[id] for id in self.in_time if id in self.people), None)
            if comes is not None:
                self._tell_again(home, cry, comes)

    def _tell_again(self, home: HomeRecord, cry: TimelineEntry, comes: Responder) -> None:
        """The relatives who were told hear that it is not over, and who comes."""
        kind, phones = news.kind_of(cry), {""}
        body = self.voice.again(home, kind, cry.at, comes.kind, comes.name)
        short = templates.again(self.voice, home, kind, cry.at, comes.kind, comes.name)
        for contact in home.contacts:
            who = f"contact:{contact.id}"
            if who in self.told - self.stopped - self.unreachable and contact.phone not in phones:
                phones.add(contact.phone)
                to = Recipient(who, f"{contact.relation}{contact.name}", contact.phone)
                self.texts.append(self._draft(to, Purpose.NEWS, body, short))
        text = f"已告知家属:又有{KIND_WORD[kind][0]} relatives told"
        self.facts.append(Fact(Entry.NEWS, text))

    def _text(
        self, responder: Responder, purpose: Purpose, body: str, variables: templates.Variables
    ) -> None:
        to = Recipient(f"responder:{responder.id}", responder.name, responder.phone)
        self.texts.append(self._draft(to, purpose, body, variables))

    def _draft(self, to: Recipient, purpose: Purpose, body: str, variables: templates.Variables) -> Draft:
        """A text that belongs to no rung. A look that says something makes a new version: so is the key."""
        key = f"i{self.incident.id}.v{self.incident.version}.{purpose.value}.{to.who}"
        return Draft(key, to, purpose, rung=0, body=body, lane=self.lane, variables=variables)

    # ---- who is late ----

    def _say_who_is_late(self) -> None:
        home = self.case.home
        for offer in self.late:
            if not self._is_new(self._late_at(offer)):
                continue
            self.facts.append(
                Fact(
                    Entry.OFFER,
                    "过了预计时间还未到达,继续找人 late beyond the grace: asking others",
                    actor=f"responder:{offer.responder_id}",
                    detail={"offer": offer.id},
                )
            )
            responder = self.people.get(offer.responder_id)
            if responder is not None and home is not None:
                self._text(responder, Purpose.LATE, self.voice.late(home), templates.late(home))

    def _say_which_relative_is_late(self) -> None:
        for who in self.overdue:
            if self._is_new(self.comes_until[who]):
                minutes = self.plan.relative_s // 60
                self.facts.append(
                    Fact(
                        Entry.DESK,
                        f"家属说能赶到,{minutes}分钟没有消息,继续通知别人 a relative is late: telling others",
                        actor=who,
                    )
                )

    # ---- the ladder ----

    def _climb(self) -> None:
        """Fire every rung that is due. One that finds nobody is said to, and the next follows at once."""
        top = len(self.plan.rungs)
        hurry = False
        while hurry or rung_at(self.plan, self.ladder_at, self._fired) <= self.now:
            fired = self._fired
            if fired >= top:  # an outage may have missed many repeats: one is enough
                last = self.ladder_at + timedelta(seconds=self.plan.rungs[-1].after_s)
                fired = top - 1 + (self.now - last) // timedelta(seconds=self.plan.repeat_s)
            self.rung = self.incident.ladder_rung + fired + 1
            reached = self._fire(self.plan.rungs[min(fired, top - 1)], repeating=fired >= top)
            if not reached:
                why = ";".join(self.nobody) or "没有写通知谁 it names nobody"
                self.facts.append(
                    Fact(
                        Entry.SKIPPED,
                        f"第{fired + 1}级没有可通知的人:{why} rung {fired + 1} found nobody",
                        detail={"rung": self.rung, "nobody": self.nobody},
                    )
                )
            hurry = not reached  # ends at the last rung at the latest: that one rings the desk

    def _fire(self, rung: Rung, repeating: bool) -> bool:
        """Tell everybody on `rung`; False when it reached no one. A repeat may tell the same people again."""
        if repeating:
            self.told = set(self.just_told)
            self.unreachable.clear()  # a phone that was off may be on again
            self.refused = {
                o.responder_id
                for o in self.case.offers
                if o.state is OfferState.DECLINED and o.asked_at >= self.incident.ladder_at
            }
        reached = [self._tell(tell) for tell in rung.tell]
        self.nobody = [
            self._why_nobody(tell) for tell, found in zip(rung.tell, reached, strict=True) if not found
        ]
        if any(reached):
            self.facts.append(
                Fact(
                    Entry.RUNG,
                    f"预案第{self._fired}级 rung {self._fired} of plan {self.plan.name}",
                    detail={"rung": self.rung} | ({"nobody": self.nobody} if self.nobody else {}),
                )
            )
        return any(reached)

    def _next_lane(self) -> Lane:
        """Until somebody is told, a person's alarm goes before what others hear again; one message of each
        home before all the rest.
        """
        self.spoken += 1
        if not self.is_silent or self.lane is not Lane.PERSON:
            return self.lane
        return Lane.FIRST if self.spoken == 1 else Lane.EARLY

    def _tell(self, tell: Tell) -> bool:
        match tell.whom:
            case Whom.DESK:
                self.facts.append(Fact(Entry.DESK, "此案仍在等待,请值班员处理 this case is still waiting"))
                return True
            case Whom.RELATIVES:
                return self._tell_relatives(tell.count)
            case Whom.NEAREST | Whom.STAFF:
                return self._ask_nearest(tell)

    def _why_nobody(self, tell: Tell) -> str:
        """Why `tell`, which found nobody, did not."""
        home = self.case.home
        if home is None:
            return "设备没有登记住户 the device belongs to no household"
        if tell.whom is Whom.RELATIVES:
            if self.relative_comes:
                return "已有家属说能赶到 a relative is coming"
            if not any(contact.phone for contact in home.contacts):
                return "没有登记联系人 no contacts"
            return "联系人都已通知、不能去或联系不上 every contact is told, cannot come or cannot be reached"
        who = "/".join(RESPONDER_WORD[kind][0] for kind in tell.kinds) or "工作人员"
        if tell.skill:
            who += f"({tell.skill})"
        if next(iter(self._fitting(tell)), None) is None:
            return f"没有在岗的{'本网格' if tell.whom is Whom.STAFF else ''}{who} nobody of them is on duty"
        return f"在岗的{who}都已问过 all of them have been asked"

    def _tell_relatives(self, count: int) -> bool:
        home = self.case.home
        if home is None or self.relative_comes:
            return False
        left = list(self._untold(home))
        chosen = left[:count] if count else left
        if not chosen:
            return False
        kind, since = self.incident.kind, self.incident.ladder_at
        variables = templates.raised(self.voice, home, kind, since)
        for contact in chosen:
            who = f"contact:{contact.id}"
            self.told.add(who)
            self.just_told.add(who)
            self.texts.append(
                Draft(
                    key=f"i{self.incident.id}.r{self.rung}.{who}",
                    to=Recipient(who, f"{contact.relation}{contact.name}", contact.phone),
                    purpose=Purpose.RAISED,
                    rung=self.rung,
                    body=self.voice.raised(home, kind, since, self.voice.page_of(self.incident.id, who)),
                    lane=self._next_lane(),
                    variables=variables,
                )
            )
        return True

    def _untold(self, home: HomeRecord) -> Iterator[Contact]:
        """Contacts who can still be told, in order; of several with one phone only the first."""
        passed = self.told | self.cannot | self.unreachable
        phones = {"", *(c.phone for c in home.contacts if f"contact:{c.id}" in passed)}
        for contact in home.contacts:
            if contact.phone not in phones:
                phones.add(contact.phone)
                yield contact

    def _ask_nearest(self, tell: Tell) -> bool:
        chosen = self._free(tell, tell.count)
        for candidate in chosen:
            self._ask(candidate)
        return bool(chosen)

    def _free(self, tell: Tell, most: int) -> list[Candidate]:
        """The first `most` who can be asked."""
        passed = self.asked | self.refused
        return list(islice((c for c in self._fitting(tell) if c.responder.id not in passed), most))

    def _fitting(self, tell: Tell) -> Iterable[Candidate]:
        return self.case.candidates.fitting(tell) if self.case.candidates is not None else ()

    def _ask(self, candidate: Candidate) -> None:
        home = self.case.home
        assert home is not None, "there are no candidates without a home"
        responder = candidate.responder
        who = f"responder:{responder.id}"
        self.asked.add(responder.id)
        self.people[responder.id] = responder
        # Also on one rung somebody may be asked again: she was withdrawn, and is needed after all.
        before = sum(offer.responder_id == responder.id for offer in self.case.offers)
        again = f".again{before}" if before else ""
        expires_at = self.now + timedelta(seconds=self.plan.offer_s)
        body, short = request(
            self.voice, home, self.incident, responder, candidate.distance_m, candidate.road_min
        )
        self.asks.append(
            Ask(
                candidate=candidate,
                expires_at=expires_at,
                draft=Draft(
                    key=f"i{self.incident.id}.r{self.rung}{again}.{who}",
                    to=Recipient(who, responder.name, responder.phone),
                    purpose=Purpose.ASK,
                    rung=self.rung,
                    body=body,
                    lane=self._next_lane(),
                    variables=short,
                ),
            )
        )
        far = f",{distance_words(candidate.distance_m)}" if candidate.distance_m is not None else ""
        self.facts.append(
            Fact(
                Entry.ASKED,
                f"请{responder.name}前往:{candidate.why}{far}",
                detail={"responder": responder.id, "distance_m": candidate.distance_m},
            )
        )

    def _replace_relatives(self) -> None:
        """Turn to the next relative for each one who cannot come, is late, or could not be reached."""
        for tell in self._tells():
            if tell.whom is Whom.RELATIVES:
                gone = self.cannot | self.unreachable | self.overdue
                reached = sum(who.startswith("contact:") for who in self.told - gone)
                if tell.count == 0 or reached < tell.count:  # also all the others, when peace is over
                    self._tell_relatives(tell.count and tell.count - reached)

    def _replace_responders(self) -> None:
        """Turn to the next for each one who cannot come, let it pass, is late, or could not be reached.

        A wave that somebody has answered needs nobody more; the others go on although somebody is on the way.
        """
        absent = {offer.responder_id for offer in self.late}
        absent |= {who for who in self.asked if f"responder:{who}" in self.unreachable}
        for tell in self._tells():
            if tell.whom in SENDS and not self._such(tell, self.in_time):
                missing = tell.count - self._such(tell, self.asked - absent)
                for candidate in self._free(tell, missing) if missing > 0 else ():
                    self._ask(candidate)

    def _such(self, tell: Tell, responders: set[int]) -> int:
        """How many of `responders` are such as `tell` means."""
        home = self.case.home
        if home is None:
            return 0
        return sum(tell.fits(self.people[id], home) for id in responders if id in self.people)

    def _tells(self) -> list[Tell]:
        """The lines of the rungs that have fired."""
        return [tell for rung in self.plan.rungs[: self._fired] for tell in rung.tell]
