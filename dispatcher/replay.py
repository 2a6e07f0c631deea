"""The flight recorder: what another plan would have done with a case that was. Pure.

The rule itself is asked, look by look, on a clock of its own. People do in it what they did then, as long
after they were asked as then; who was not asked then says nothing. Who is on duty is taken from the rota as
it stands. When the case became another one - something worse came, or another cry for help - the ladder
begins again as it did then, on the plan for that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from heapq import heappop, heappush

from community.model import HomeRecord
from devices.signal import Kind
from dispatcher.escalation import next_step
from dispatcher.model import (
    OPEN_OFFERS,
    Candidates,
    Case,
    Entry,
    Meaning,
    Message,
    Offer,
    OfferState,
    Plan,
    Purpose,
    Severity,
    Step,
    TimelineEntry,
)
from dispatcher.rehearsal import carried_out, just_opened
from dispatcher.triage import SEVERITY
from dispatcher.waves import Waves
from dispatcher.wording import KIND_WORD, MEANING_WORD, OFFER_WORD, Voice

MOST_LOOKS = 2000
REPEATS = 2  # of the last rung, which repeats for ever: enough to see that it does

_QUESTIONS = frozenset({Purpose.RAISED, Purpose.ASK})
_SAID_BY_THE_RULE = frozenset({Entry.DESK, Entry.SKIPPED, Entry.OFFER, Entry.NEWS})


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody did, and how long after being asked first: a word, or a step of who was sent."""

    after: timedelta
    meaning: Meaning | None = None
    state: OfferState | None = None
    eta: timedelta | None = None  # from the answer until the promised arrival


Answers = Mapping[str, Sequence[Answer]]  # by who, as in a message


@dataclass(frozen=True, slots=True)
class Turn:
    """A ladder begins, on `plan`: when a case is opened, and when something worse comes or another cry."""

    at: datetime
    kind: Kind
    severity: Severity
    plan: Plan


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a case as it was or would have been, `after_s` seconds after it was opened."""

    after_s: int
    text: str
    who: str = ""


def answers_in(
    entries: Iterable[TimelineEntry], messages: Iterable[Message], offers: Iterable[Offer]
) -> dict[str, list[Answer]]:
    """What each person of a case answered, from its record."""
    asked: dict[str, datetime] = {}
    for message in sorted(messages, key=lambda one: one.created_at):
        if message.purpose in _QUESTIONS:
            asked.setdefault(message.to.who, message.created_at)
    etas = {offer.id: offer.eta_at for offer in offers}
    found: defaultdict[str, list[Answer]] = defaultdict(list)
    for entry in entries:
        answer = _answer(entry, asked, etas)
        if answer is not None:
            found[answer[0]].append(answer[1])
    return dict(found)


def turns_in(entries: Iterable[TimelineEntry], plan_of: Callable[[Kind, Severity], Plan]) -> tuple[Turn, ...]:
    """When the ladders of a case began, and for what; `plan_of` says on which plan each would begin.

    A ladder begins with every entry that says how severe its trouble is. (Older records say it of none: of
    them the opening alone is known.)
    """
    found: list[Turn] = []
    for entry in entries:
        kind, severity = entry.detail.get("kind"), entry.detail.get("severity")
        if kind is not None and (severity is not None or entry.entry is Entry.OPENED):
            trouble = Kind(str(kind))
            how_bad = SEVERITY[trouble] if severity is None else Severity(int(str(severity)))
            found.append(Turn(entry.at, trouble, how_bad, plan_of(trouble, how_bad)))
    return tuple(found)


def happened(entries: Sequence[TimelineEntry]) -> tuple[Event, ...]:
    """The record itself, in the same shape."""
    return tuple(Event(_seconds(entry.at - entries[0].at), entry.text, entry.actor) for entry in entries)


def replay(
    turns: Sequence[Turn],
    home: HomeRecord | None,
    answers: Answers,
    until: datetime,
    candidates: Callable[[datetime], Candidates | None],
    voice: Voice,
) -> tuple[Event, ...]:
    """What the plans of `turns`, at least one, would have done at `home`, at the latest `until`.

    It ends early when nobody has anything more to say and the last rung only repeats. `home` is a household,
    an area as one place, or None for a device that belongs to nobody; `candidates` gives who is on duty when.
    """
    first, *ahead = turns
    start = now = first.at
    case = just_opened(first.plan, home, first.kind, first.severity, start)
    events: list[Event] = []
    coming: list[tuple[datetime, int, str, Answer]] = []  # answers on their way; the number keeps their order
    asked: set[str] = set()
    for look in range(MOST_LOOKS):
        case = replace(case, candidates=candidates(now))
        step = next_step(case, now, voice)
        events += _said(step, _seconds(now - start))
        for who in _people(step) - asked:
            asked.add(who)
            for answer in answers.get(who, ()):
                heappush(coming, (now + answer.after, len(coming) + look * 100, who, answer))
        case = carried_out(case, step, now)
        moments = [at for at, *_ in coming[:1]] + [turn.at for turn in ahead[:1]]
        fired = case.incident.rung - case.incident.ladder_rung
        if fired < len(case.plan.rungs) + REPEATS or coming:
            moments.append(step.due_at)
        now = min(moments, default=until + timedelta(seconds=1))
        if now > until:
            break
        while coming and coming[0][0] <= now:
            _, _, who, answer = heappop(coming)
            case, text = _heard(case, who, answer, now)
            events += [Event(_seconds(now - start), text, who)] if text else []
        while ahead and ahead[0].at <= now:
            turn = ahead.pop(0)
            case = _begun(case, turn, now)
            events.append(Event(_seconds(now - start), KIND_WORD[turn.kind][0]))
    return tuple(events)


def _begun(case: Case, turn: Turn, now: datetime) -> Case:
    """The case when the ladder of `turn` begins, at once, as intake begins it."""
    incident = replace(
        case.incident,
        kind=turn.kind,
        severity=turn.severity,
        ladder_rung=case.incident.rung,
        ladder_at=now,
        due_at=now,
    )
    return replace(case, incident=incident, plan=turn.plan)


def _answer(
    entry: TimelineEntry, asked: Mapping[str, datetime], etas: Mapping[int, datetime | None]
) -> tuple[str, Answer] | None:
    state, meaning = entry.detail.get("state"), entry.detail.get("meaning")
    if entry.entry is Entry.OFFER and state in set(OfferState) and "responder" in entry.detail:
        who = f"responder:{entry.detail['responder']}"
        eta_at = etas.get(int(str(entry.detail.get("offer", 0))))
        if who in asked:
            eta = eta_at - entry.at if eta_at is not None and eta_at > entry.at else None
            return who, Answer(entry.at - asked[who], state=OfferState(str(state)), eta=eta)
    if entry.entry is Entry.REPLY and entry.actor.startswith("contact:") and entry.actor in asked:
        return entry.actor, Answer(entry.at - asked[entry.actor], meaning=Meaning(str(meaning)))
    return None


def _said(step: Step, after_s: int) -> list[Event]:
    told = [Event(after_s, f"通知{draft.to.name}", draft.to.who) for draft in step.texts]
    asks = [
        Event(after_s, f"请{ask.draft.to.name}前往:{ask.candidate.why}", ask.draft.to.who)
        for ask in step.asks
    ]
    facts = [Event(after_s, fact.text, fact.actor) for fact in step.facts if fact.entry in _SAID_BY_THE_RULE]
    return facts + told + asks


def _people(step: Step) -> set[str]:
    return {draft.to.who for draft in step.texts} | {ask.draft.to.who for ask in step.asks}


def _heard(case: Case, who: str, answer: Answer, now: datetime) -> tuple[Case, str]:
    """The case after an answer, and the answer in words; none where it means nothing in this course."""
    due = replace(case, incident=replace(case.incident, due_at=now))
    if answer.meaning is not None:
        told = tuple(
            replace(one, answer=answer.meaning, answered_at=now) if one.who == who else one
            for one in case.told
        )
        return replace(due, told=told), MEANING_WORD[answer.meaning][0]
    mine = [o for o in case.offers if f"responder:{o.responder_id}" == who and o.state in OPEN_OFFERS]
    if not mine or answer.state is None:
        return case, ""
    moved = replace(
        mine[-1],
        state=answer.state,
        changed_at=now,
        eta_at=now + answer.eta if answer.eta is not None else mine[-1].eta_at,
    )
    gone: set[int] = set()
    if moved.covers and case.home is not None:
        waves = Waves(case.plan, case.home, case.people)
        gone = {offer.id for offer in waves.overtaken(moved, case.offers)}
    offers = tuple(
        moved
        if offer.id == moved.id
        else replace(offer, state=OfferState.WITHDRAWN, changed_at=now)
        if offer.id in gone
        else offer
        for offer in case.offers
    )
    return replace(due, offers=offers), OFFER_WORD[answer.state][0]


def _seconds(passed: timedelta) -> int:
    return int(passed.total_seconds())
