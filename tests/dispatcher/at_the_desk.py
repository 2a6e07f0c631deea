"""Tables of the rules of the desk: what a script says, what a drill says, what waits for work on devices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from types import ModuleType
from typing import Any

from devices.signal import Kind
from dispatcher.model import Draft, Entry, Incident, Lane, Purpose, Recipient, Severity, Stage, TimelineEntry
from dispatcher.triage import SEVERITY

NOW = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
TICK = timedelta(microseconds=1)


def what_is_asked(rules: ModuleType) -> object:
    """Every question of some scripts, answered once and anew, beside an entry that is no answer."""

    def entry(seq: int, kind: Entry, question: str, answer: str) -> TimelineEntry:
        return TimelineEntry(seq, 1, seq, NOW, kind, "", "", {"question": question, "answer": answer}, "")

    shipped = rules.shipped()
    found: list[object] = []
    for kind in (Kind.SOS, Kind.FALL, Kind.GAS):
        for question, first, last in product(
            asked := shipped.of(kind).questions, ("yes", "no"), ("yes", "no")
        ):
            said = [entry(1, Entry.SCRIPT, question.name, first), entry(2, Entry.SCRIPT, question.name, last)]
            said.append(entry(3, Entry.NOTE, question.name, "yes"))
            found.append(rules.lines(asked, said))
            found.append(rules.answered(question, rules.Said(last), "account:1"))
    return found, _what_is_edited(rules)


def _what_is_edited(rules: ModuleType) -> object:
    """Scripts that take kinds from others, are missing, or cannot be asked."""

    def tried(make: Callable[[], Any]) -> object:
        try:
            made = make()
        except ValueError as wrong:
            return str(wrong)
        return made if not hasattr(made, "all") else ([*made.all], [made.of(kind) for kind in SEVERITY])

    shipped, fall = rules.shipped(), rules.shipped().of(Kind.FALL)
    first, second, *others = fall.questions
    gas = replace(shipped.of(Kind.GAS), kinds=(Kind.GAS,), version=3)
    co = replace(gas, name="co", kinds=(Kind.CO,))
    asked = [
        (*fall.questions, replace(first, name="seventh", ask=("七?", ""))),
        fall.questions[:3],
        fall.questions[:2],
        (replace(first, ask=("", "?")), second, *others),
        (replace(first, ask=second.ask), second, *others),
        (replace(first, name=second.name), second, *others),
        *((replace(first, call_120=said), second, *others) for said in rules.Said),
    ]
    return (
        [tried(lambda questions=each: replace(fall, questions=questions)) for each in asked],  # type: ignore[misc]
        [tried(lambda script=each: shipped.edited(script)) for each in (gas, co, replace(fall, version=9))],  # type: ignore[misc]
        [tried(lambda: rules.Scripts([*shipped.all, co])), tried(lambda: rules.Scripts(shipped.all[1:]))],
        [
            tried(lambda some=each: rules.completed(some, shipped))  # type: ignore[misc]
            for each in ([], [gas], [gas, co], [co], [replace(gas, kinds=(Kind.GAS, Kind.CO), name="fumes")])
        ],
        [rules.thaw(rules.freeze(script)) for script in shipped.all],
        tried(lambda: shipped.edited(replace(fall, kinds=(Kind.FALL, Kind.HEARTBEAT)))),
    )


def what_a_drill_says(rules: ModuleType) -> object:
    to = Recipient("contact:1", "女儿", "1")
    drafts = [
        Draft("k", to, Purpose.RAISED, 1, body, lane, variables)
        for body in ("【x】好", "好", "【x】这是演练。好", "【x】好。这是演练。")
        for lane in (Lane.FIRST, Lane.ORDINARY, Lane.LAST)
        for variables in ({}, {"who": "王奶奶"})
    ]
    marked = [rules.marked(draft) for draft in drafts]
    subjects = ("household:7", "exercise:7", "area:7", rules.subject_of(9))
    return marked, [rules.marked(one) for one in marked], [rules.household_of(one) for one in subjects]


def what_waits(rules: ModuleType) -> object:
    ends = NOW + timedelta(hours=1)
    minute = timedelta(minutes=1)
    moments = (NOW - minute - TICK, NOW - minute, NOW, ends - TICK, ends)
    cases = [
        Incident(1, subject, None, kind, Severity.TROUBLE, stage, NOW, NOW, 0, 0, NOW, version=1)
        for subject in ("household:1", "area:1")
        for kind in Kind
        for stage in Stage
    ]
    return [rules.is_over(NOW, ends, now) for now in moments], [rules.may_wait(case) for case in cases]
