"""What an operator asks on the telephone, as data from TOML: a few questions for each trouble. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from devices.signal import Kind
from dispatcher.model import Entry, Fact, TimelineEntry
from dispatcher.triage import SEVERITY
from dispatcher.wording import KIND_WORD, Pair

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


Questions = tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Script:
    """What is asked for some kinds of trouble. ValueError says in words what is wrong, and what to do."""

    name: str
    title: str
    kinds: tuple[Kind, ...]
    questions: Questions
    version: int = 0

    def __post_init__(self) -> None:
        if not FEWEST <= len(self.questions) <= MOST:
            raise ValueError(
                f"问题要{FEWEST}到{MOST}个,现在{len(self.questions)}个 give it {FEWEST} to {MOST} questions"
            )
        for place, question in enumerate(self.questions, start=1):
            if not question.ask[0]:
                raise ValueError(
                    f"第{place}个问题还没有写,请写上或删去 question {place} is empty: write it, or remove it"
                )
            if question.call_120 is not None and question.call_120 not in question.steps:
                said = SAID_WORD[question.call_120]
                raise ValueError(
                    f"第{place}个问题答“{said[0]}”要代叫120,请写上怎么做 "
                    f"question {place} calls 120 after {said[1]}: write what to do then"
                )
        if len({one.name for one in self.questions}) < len(self.questions):
            raise ValueError("两个问题同名,请改一个 two questions have one name: rename one")
        if len({one.ask[0] for one in self.questions}) < len(self.questions):
            raise ValueError("两个问题一样,请删去一个 two questions are the same: remove one")


class Scripts:
    """A whole set of scripts: for every kind of trouble there is exactly one. ValueError: none, or two."""

    def __init__(self, scripts: Iterable[Script]) -> None:
        self.all: tuple[Script, ...] = tuple(scripts)
        self._of: dict[Kind, Script] = {}
        for script in self.all:
            for kind in script.kinds:
                if kind not in SEVERITY:
                    raise ValueError(f"script {script.name!r}: {kind} is no trouble: take it out of `kinds`")
                if self._of.setdefault(kind, script) is not script:
                    raise ValueError(f"{kind} has two scripts: keep one")
        if without := sorted(SEVERITY.keys() - self._of.keys()):
            words = "、".join(KIND_WORD[kind][0] for kind in without)
            raise ValueError(
                f"没有问询的警情:{words},请先给它们另选一份 "
                f"there is no script for {', '.join(without)}: add each to the `kinds` of one"
            )

    def of(self, kind: Kind) -> Script:
        """The script for trouble of `kind`."""
        return self._of[kind]

    def named(self, name: str) -> Script | None:
        return next((script for script in self.all if script.name == name), None)

    def edited(self, script: Script) -> Scripts:
        """The set with `script` in the place of the one with its name; its kinds are taken from the others.

        ValueError as above: a kind that it lets go has to be taken up by another script first.
        """
        others = [
            each if each.name == script.name else _without(each, frozenset(script.kinds)) for each in self.all
        ]
        if self.named(script.name) is None:
            return Scripts([*others, script])
        return Scripts([script if each.name == script.name else each for each in others])


def completed(scripts: Iterable[Script], spare: Scripts) -> Scripts:
    """`scripts`, completed from `spare` by each kind that none of them has."""
    found = {script.name: script for script in scripts}
    known = frozenset(kind for script in found.values() for kind in script.kinds)
    for script in spare.all:
        left = _without(script, known)
        if left.kinds and script.name in found:
            mine = found[script.name]
            found[script.name] = replace(mine, kinds=mine.kinds + left.kinds)
        elif script.name not in found and (left.kinds or not script.kinds):
            found[script.name] = left
    return Scripts(found.values())


def load(text: str) -> Scripts:
    """Read scripts from TOML. ValueError names the script and what cannot be meant."""
    found = []
    for name, body in tomllib.loads(text).items():
        try:
            found.append(parse({"name": name, **body, "questions": [*map(_of_file, body["questions"])]}))
        except (AttributeError, KeyError, TypeError, ValueError) as wrong:
            raise ValueError(f"script {name!r} cannot be read: {wrong}") from wrong
    return Scripts(found)


@lru_cache(maxsize=1)
def shipped() -> Scripts:
    """What a centre asks until somebody edits a script."""
    return load(SHIPPED.read_text("utf-8"))


def freeze(script: Script) -> str:
    """The script as JSON, to be kept."""
    return orjson.dumps(script, option=orjson.OPT_NON_STR_KEYS).decode()


def thaw(frozen: str) -> Script:
    """The script from what `freeze` made."""
    return parse(orjson.loads(frozen))


def parse(body: Mapping[str, Any]) -> Script:
    """A script from plain data. ValueError, KeyError, TypeError, AttributeError: it cannot be meant."""
    return Script(
        **{
            **body,
            "kinds": tuple(Kind(kind) for kind in body["kinds"]),
            "questions": tuple(_question(**one) for one in body["questions"]),
        }
    )


def lines(questions: Questions, timeline: Iterable[TimelineEntry]) -> tuple[Line, ...]:
    """`questions` with what was answered last to each, as the timeline of the case has it."""
    answered = {
        str(entry.detail.get("question")): (Said(str(entry.detail.get("answer"))), entry.at)
        for entry in timeline
        if entry.entry is Entry.SCRIPT
    }
    return tuple(_line(question, *answered.get(question.name, (None, None))) for question in questions)


def answered(question: Question, answer: Said, actor: str) -> Fact:
    """What goes on the timeline: the whole question, for a script may be edited later."""
    text = f"{question.ask[0]} {SAID_WORD[answer][0]}"
    return Fact(Entry.SCRIPT, text, actor, {"question": question.name, "answer": answer.value})


def _line(question: Question, answer: Said | None, at: datetime | None) -> Line:
    step = question.steps.get(answer) if answer is not None else None
    calls = answer is not None and answer is question.call_120
    return Line(question.name, question.ask, answer, at, step, calls)


def _question(
    name: str, ask: Iterable[str], steps: Mapping[str, Iterable[str]], call_120: str | None = None
) -> Question:
    said = {Said(answer): _pair(words) for answer, words in steps.items()}
    written = {answer: words for answer, words in said.items() if words[0]}
    return Question(name, _pair(ask), written, None if call_120 is None else Said(call_120))


def _of_file(question: Mapping[str, Any]) -> Mapping[str, Any]:
    """A question as the file has it: what to do stands under `yes` and `no`."""
    steps = {said.value: question[said.value] for said in Said if said.value in question}
    return {**{key: value for key, value in question.items() if key not in steps}, "steps": steps}


def _without(script: Script, taken: frozenset[Kind]) -> Script:
    """`script` without the kinds that others have; the same script when that is nothing."""
    left = tuple(kind for kind in script.kinds if kind not in taken)
    return script if left == script.kinds else replace(script, kinds=left)


def _pair(words: Iterable[Any]) -> Pair:
    zh, en = words
    return str(zh).strip(), str(en).strip()
