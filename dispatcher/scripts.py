"""What an operator asks on the telephone, as data from TOML: a few questions for each trouble. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

from devices.signal import Kind
from dispatcher.model import Entry, Fact, TimelineEntry
from dispatcher.triage import SEVERITY
from dispatcher.wording import Pair

SHIPPED = Path(__file__).with_name("scripts.toml")
FEWEST, MOST = 3, 6  # questions of a script: more are not asked while somebody lies on the floor


class Said(StrEnum):
    """An answer to a question of a script."""

    YES = "yes"
    NO = "no"


SAID_WORD: Mapping[Said, Pair] = {Said.YES: ("是", "yes"), Said.NO: ("否", "no")}


@dataclass(frozen=True, slots=True)
class Question:
    """One question, and what to do next after each answer; without a word, the next question.

    `name` stands on timelines. After the answer `call_120` an ambulance is called before anything else.
    """

    name: str
    ask: Pair
    steps: Mapping[Said, Pair]
    call_120: Said | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A question in one case: what was answered last, and what therefore is to be done."""

    question: str
    ask: Pair
    answer: Said | None = None
    at: datetime | None = None
    step: Pair | None = None
    calls_120: bool = False


Script = tuple[Question, ...]


def load(text: str) -> Mapping[Kind, Script]:
    """The script of each kind of trouble. ValueError names the script and what cannot be meant."""
    found: dict[Kind, Script] = {}
    for name, body in tomllib.loads(text).items():
        try:
            script = tuple(_question(**one) for one in body["questions"])
            kinds = [Kind(kind) for kind in body["kinds"]]
        except (KeyError, TypeError, ValueError) as wrong:
            raise ValueError(f"script {name!r} cannot be read: {wrong}") from wrong
        if not FEWEST <= len(script) <= MOST or len({one.name for one in script}) < len(script):
            raise ValueError(f"script {name!r}: give it {FEWEST} to {MOST} questions, no two of one name")
        for kind in kinds:
            if found.setdefault(kind, script) is not script:
                raise ValueError(f"{kind} has two scripts: keep one")
    if without := sorted(SEVERITY.keys() - found.keys()):
        raise ValueError(f"there is no script for {', '.join(without)}: add each to the `kinds` of one")
    return found


@lru_cache(maxsize=1)
def shipped() -> Mapping[Kind, Script]:
    return load(SHIPPED.read_text("utf-8"))


def lines(script: Script, timeline: Iterable[TimelineEntry]) -> tuple[Line, ...]:
    """The questions with what was answered last to each, as the timeline of the case has it."""
    answered = {
        str(entry.detail.get("question")): (Said(str(entry.detail.get("answer"))), entry.at)
        for entry in timeline
        if entry.entry is Entry.SCRIPT
    }
    return tuple(_line(question, *answered.get(question.name, (None, None))) for question in script)


def answered(question: Question, answer: Said, actor: str) -> Fact:
    """What goes on the timeline: the whole question, for a script may be edited later."""
    text = f"{question.ask[0]} {SAID_WORD[answer][0]}"
    return Fact(Entry.SCRIPT, text, actor, {"question": question.name, "answer": answer.value})


def _line(question: Question, answer: Said | None, at: datetime | None) -> Line:
    step = question.steps.get(answer) if answer is not None else None
    calls = answer is not None and answer is question.call_120
    return Line(question.name, question.ask, answer, at, step, calls)


def _question(
    name: str,
    ask: Iterable[str],
    yes: Iterable[str] | None = None,
    no: Iterable[str] | None = None,
    call_120: str | None = None,
) -> Question:
    steps = {said: _pair(words) for said, words in ((Said.YES, yes), (Said.NO, no)) if words is not None}
    return Question(name, _pair(ask), steps, None if call_120 is None else Said(call_120))


def _pair(words: Iterable[Any]) -> Pair:
    zh, en = words
    return str(zh), str(en)
