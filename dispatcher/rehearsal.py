"""What a plan would do for a home while nobody answers. Pure: the rule itself is asked, look by look."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from community.model import HomeRecord
from devices.signal import Kind
from dispatcher.escalation import next_step
from dispatcher.model import (
    LONGEST_DELAY,
    LOOK_AT_LEAST,
    Candidates,
    Case,
    Entry,
    Incident,
    Offer,
    OfferState,
    Plan,
    Severity,
    Stage,
    Step,
    Told,
    Whom,
)
from dispatcher.wording import Voice

_MOST_LOOKS = 400 + LONGEST_DELAY // LOOK_AT_LEAST  # more than any ladder needs


@dataclass(frozen=True, slots=True)
class Reached:
    """Somebody who would be told or asked, `after_s` seconds after the press. `who` is as in a message."""

    after_s: int
    who: str
    name: str
    why: str
    distance_m: float | None = None


@dataclass(frozen=True, slots=True)
class RehearsedRung:
    """One rung as it would come, `skipped` at once when it finds nobody; `nobody` has the reasons."""

    number: int
    after_s: int
    skipped: bool
    rings_desk: bool
    reached: tuple[Reached, ...]
    nobody: tuple[str, ...]


def rehearse(
    plan: Plan,
    home: HomeRecord,
    kind: Kind,
    severity: Severity,
    start: datetime,
    candidates: Callable[[datetime], Candidates],
    voice: Voice,
) -> tuple[RehearsedRung, ...]:
    """Every rung of `plan` for trouble at `home` from `start` on; `candidates` gives who is on duty when."""
    case = just_opened(plan, home, kind, severity, start)
    rungs: list[RehearsedRung] = []
    now = start
    for _ in range(_MOST_LOOKS):
        case = replace(case, candidates=candidates(now))
        step = next_step(case, now, voice)
        after_s = int((now - start).total_seconds())
        rungs += _fired(plan, step, after_s)
        for reached, number in _people(step, after_s):
            rung = rungs[number - 1]
            rungs[number - 1] = replace(rung, reached=(*rung.reached, reached))
        if len(rungs) >= len(plan.rungs):
            break
        case, now = carried_out(case, step, now), step.due_at
    return tuple(rungs)


def _fired(plan: Plan, step: Step, after_s: int) -> list[RehearsedRung]:
    found: list[RehearsedRung] = []
    for fact in step.facts:
        if fact.entry in (Entry.RUNG, Entry.SKIPPED):
            number = fact.detail["rung"]
            nobody = fact.detail.get("nobody", ())
            assert isinstance(number, int)
            assert isinstance(nobody, (list, tuple))
            found.append(
                RehearsedRung(
                    number=number,
                    after_s=after_s,
                    skipped=fact.entry is Entry.SKIPPED,
                    rings_desk=any(tell.whom is Whom.DESK for tell in plan.rungs[number - 1].tell),
                    reached=(),
                    nobody=tuple(nobody),
                )
            )
    return found


def _people(step: Step, after_s: int) -> list[tuple[Reached, int]]:
    told = [
        (Reached(after_s, draft.to.who, draft.to.name, "联系人 contact"), draft.rung) for draft in step.texts
    ]
    return told + [
        (
            Reached(
                after_s,
                ask.draft.to.who,
                ask.draft.to.name,
                ask.candidate.why,
                ask.candidate.distance_m,
            ),
            ask.draft.rung,
        )
        for ask in step.asks
    ]


def just_opened(plan: Plan, home: HomeRecord | None, kind: Kind, severity: Severity, start: datetime) -> Case:
    """A case that is on no record, and of which nobody has been told."""
    household_id = home.household.id if home is not None else None
    incident = Incident(
        id=0,
        subject=f"household:{household_id}",
        household_id=household_id,
        kind=kind,
        severity=severity,
        stage=Stage.RAISED,
        opened_at=start,
        due_at=start,
        rung=0,
        ladder_rung=0,
        ladder_at=start,
        version=0,
    )
    return Case(incident, plan, home, None, (), ())


def carried_out(case: Case, step: Step, now: datetime) -> Case:
    """The case after the engine has done what `step` says, and before anybody has answered."""
    standing = [
        replace(offer, state=OfferState.EXPIRED, changed_at=now) if offer.id in step.expired else offer
        for offer in case.offers
    ]
    made = [
        Offer(
            id=len(standing) + place,
            incident_id=case.incident.id,
            responder_id=ask.candidate.responder.id,
            state=OfferState.ASKED,
            why=ask.candidate.why,
            asked_at=now,
            expires_at=ask.expires_at,
            distance_m=ask.candidate.distance_m,
        )
        for place, ask in enumerate(step.asks, start=1)
    ]
    drafts = [*step.texts, *(ask.draft for ask in step.asks)]
    return replace(
        case,
        incident=replace(
            case.incident,
            due_at=step.due_at,
            kind=step.kind,
            rung=step.rung,
            ladder_rung=step.ladder_rung,
            ladder_at=step.ladder_at,
        ),
        offers=(*standing, *made),
        told=(*case.told, *(Told(draft.to.who, draft.rung) for draft in drafts)),
        people={**case.people, **{ask.candidate.responder.id: ask.candidate.responder for ask in step.asks}},
    )
