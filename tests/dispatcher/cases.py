"""Cases for the pure rules: one home, some people, and what the engine would make of each step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import inf
from zoneinfo import ZoneInfo

from community.model import (
    Area,
    AreaLevel,
    Contact,
    HomeRecord,
    Household,
    Position,
    Resident,
    Responder,
    ResponderKind,
)
from devices.signal import Kind
from dispatcher.escalation import stage_of
from dispatcher.model import (
    COVERING,
    Candidate,
    Case,
    Entry,
    Fact,
    Incident,
    Meaning,
    Offer,
    OfferState,
    Plan,
    Rung,
    Severity,
    Stage,
    Step,
    Tell,
    TimelineEntry,
    Told,
    Whom,
)
from dispatcher.waves import Waves
from dispatcher.wording import Voice

START = datetime(2026, 11, 21, 6, 5, tzinfo=UTC)  # 14:05 there
VOICE = Voice("2222999", "2222999", ZoneInfo("Asia/Shanghai"))
WORKER, CLINIC = ResponderKind.GRID_WORKER, ResponderKind.CLINIC
DESK = Tell(Whom.DESK)


def after(seconds: float) -> datetime:
    """`seconds` after the press."""
    return START + timedelta(seconds=seconds)


def relatives(count: int) -> Tell:
    return Tell(Whom.RELATIVES, count)


def nearest(count: int, *kinds: ResponderKind) -> Tell:
    return Tell(Whom.NEAREST, count, kinds or (WORKER,))


def plan(*rungs: tuple[int, tuple[Tell, ...]], **waits: int) -> Plan:
    return Plan("try", tuple(Rung(after_s, tell) for after_s, tell in rungs), **waits)


def home(contacts: int = 0, located: bool = True) -> HomeRecord:
    cell = Area(1, AreaLevel.CELL, "111", "local", "第一网格", 2)
    return HomeRecord(
        Household(
            1,
            1,
            "和平社区幸福里3幢2单元501",
            "3幢",
            "2单元",
            5,
            "501",
            Position(118.5, 37.6) if located else None,
        ),
        (Resident(1, 1, "王秀英"),),
        tuple(Contact(n, 1, n, f"亲属{n}", "女儿", f"+861390000000{n}") for n in range(1, contacts + 1)),
        cell,
        Area(2, AreaLevel.COMMUNITY, "11", "local", "和平社区", None),
    )


@dataclass(frozen=True)
class Listed:
    """Candidates as a test writes them down."""

    all: tuple[Candidate, ...]

    @property
    def people(self) -> dict[int, Responder]:
        return {candidate.responder.id: candidate.responder for candidate in self.all}

    def fitting(self, tell: Tell) -> list[Candidate]:
        found = [candidate for candidate in self.all if tell.fits(candidate.responder, home())]
        return sorted(found, key=lambda one: inf if one.distance_m is None else one.distance_m)


def candidates(workers: int = 0, clinics: int = 0) -> Listed:
    kinds = [WORKER] * workers + [CLINIC] * clinics
    return Listed(
        tuple(
            Candidate(
                Responder(n, kind, f"人{n}", f"+8613800000{n:03d}", Position(118.5, 37.6)),
                "最近",
                100.0 * n,
                n,
            )
            for n, kind in enumerate(kinds, start=1)
        )
    )


def noted(case: Case, now: datetime, *facts: Fact) -> Case:
    """The case with more on its timeline."""
    entries = tuple(
        TimelineEntry(seq, case.incident.id, seq, now, f.entry, f.actor, f.text, f.detail, "")
        for seq, f in enumerate(facts, start=case.incident.version + 1)
    )
    incident = replace(case.incident, version=case.incident.version + len(facts))
    return replace(case, incident=incident, log=case.log + entries)


def cried(case: Case, kind: Kind, now: datetime) -> Case:
    """A device of the home cries for help (again); the case is due at once."""
    return due_at_once(noted(case, now, Fact(Entry.SIGNAL, "", detail={"kind": kind.value})), now)


def a_case(
    ladder: Plan,
    *,
    contacts: int = 0,
    workers: int = 0,
    clinics: int = 0,
    kind: Kind = Kind.SOS,
    severity: Severity = Severity.EMERGENCY,
    **of_incident: object,
) -> Case:
    """A case that has just been opened."""
    incident = Incident(
        id=7,
        subject="household:1",
        household_id=1,
        kind=kind,
        severity=severity,
        stage=Stage.RAISED,
        opened_at=START,
        due_at=START,
        rung=0,
        ladder_rung=0,
        ladder_at=START,
        version=0,
    )
    changed = replace(incident, **of_incident)  # type: ignore[arg-type]
    listed = candidates(workers, clinics)
    opened = Case(changed, ladder, home(contacts), listed, (), (), listed.people)
    return noted(opened, START, Fact(Entry.OPENED, ""), Fact(Entry.SIGNAL, "", detail={"kind": kind.value}))


def carried_out(case: Case, step: Step, now: datetime) -> Case:
    """What the engine makes of a step: offers are made and expire, people are told, the case is due later."""
    offers = [
        replace(o, state=OfferState.EXPIRED, changed_at=now) if o.id in step.expired else o
        for o in case.offers
    ]
    standing = tuple(offers)
    offers += [
        Offer(
            len(offers) + place,
            case.incident.id,
            ask.candidate.responder.id,
            OfferState.ASKED,
            ask.candidate.why,
            now,
            ask.expires_at,
            ask.candidate.distance_m,
        )
        for place, ask in enumerate(step.asks, start=1)
    ]
    drafts = [*step.texts, *(ask.draft for ask in step.asks)]
    incident = replace(
        case.incident,
        due_at=step.due_at,
        kind=step.kind,
        rung=step.rung,
        ladder_rung=step.ladder_rung,
        ladder_at=step.ladder_at,
        stage=stage_of(case.incident.claimed_by is not None, standing, step.ladder_at),
        lease_until=None if step.lease_lost else case.incident.lease_until,
    )
    told = tuple(Told(draft.to.who, draft.rung) for draft in drafts if draft.rung)
    changed = replace(case, incident=incident, offers=tuple(offers), told=case.told + told)
    return noted(changed, now, *step.facts)


def answered(case: Case, responder: int, state: OfferState, now: datetime, eta_s: float = 0) -> Case:
    """The newest offer of `responder` moves, and takes others of its wave along; the case is due at once."""
    [*_, mine] = [o for o in case.offers if o.responder_id == responder]
    eta_at = now + timedelta(seconds=eta_s) if eta_s else mine.eta_at
    moved = replace(mine, state=state, changed_at=now, eta_at=eta_at)
    offers = [moved if o.id == mine.id else o for o in case.offers]
    if state in COVERING:
        assert case.home is not None
        gone = {o.id for o in Waves(case.plan, case.home, case.people).overtaken(moved, offers)}
        offers = [
            replace(o, state=OfferState.WITHDRAWN, changed_at=now) if o.id in gone else o for o in offers
        ]
    case = noted(case, now, Fact(Entry.OFFER, "", detail={"state": state.value}))
    return replace(due_at_once(case, now), offers=tuple(offers))


def replied(case: Case, contact: int, meaning: Meaning, now: datetime) -> Case:
    who = f"contact:{contact}"
    told = tuple(replace(t, answer=meaning, answered_at=now) if t.who == who else t for t in case.told)
    return replace(due_at_once(case, now), told=told)


def unreachable(case: Case, who: str, now: datetime) -> Case:
    told = tuple(replace(t, unreachable=True) if t.who == who else t for t in case.told)
    return replace(due_at_once(case, now), told=told)


def due_at_once(case: Case, now: datetime) -> Case:
    due_at = case.incident.due_at
    return replace(case, incident=replace(case.incident, due_at=min(now, due_at) if due_at else now))


def whom(step: Step) -> list[str]:
    """Who is told or asked by the ladder, in order."""
    return [draft.to.who for draft in (*step.texts, *(ask.draft for ask in step.asks)) if draft.rung]
