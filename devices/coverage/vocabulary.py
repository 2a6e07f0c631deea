"""Every word that a family documents, said to its decoder: it is something, or nothing, or a human looks."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from devices.formats import family, read
from devices.formats.ha_discovery import KEY
from devices.profiles import Profiles
from devices.signal import Enrolment, Frame, LevelKey, Role, State

FILE: Final = Path(__file__).with_name("vocabulary.toml")
WORD: Final = "WORD"  # where the word stands in what is said
NOTHING: Final = "nothing"
TICKET: Final = "a ticket"

_MORNING: Final = datetime(2026, 11, 20, 0, 15, 30, tzinfo=UTC)


class Vocabulary(BaseModel):
    """The words of one kind that one family has, and how a device says one of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    of: str
    source: str
    role: Role
    roles: dict[str, Role] = {}  # of devices that say a certain word
    vendor: str = ""
    model: str = ""
    say: list[tuple[str, str]]  # topic and payload
    words: list[str]
    nothing: dict[str, list[str]] = {}  # words that say nothing to a centre, by the reason

    def all(self) -> Iterator[tuple[str, str]]:
        """Each word, with the reason why it says nothing where it should."""
        yield from ((word, "") for word in self.words)
        yield from ((word, reason) for reason, words in self.nothing.items() for word in words)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    vocabulary: list[Vocabulary]


@dataclass(frozen=True, slots=True)
class _Anybody:
    """A register in which every name is this one device; nothing is confirmed that has a family."""

    role: Role
    vendor: str
    model: str

    def find(self, device_key: str) -> Enrolment | None:
        if device_key.startswith(KEY) and family(device_key.removeprefix(KEY)) is not None:
            return None
        return Enrolment(device_key, self.role, self.vendor, self.model)


def documented() -> list[Vocabulary]:
    return _File.model_validate(tomllib.loads(FILE.read_text(encoding="utf-8"))).vocabulary


def taken(vocabulary: Vocabulary, word: str, profiles: Profiles) -> str:
    """What the decoders make of a word: kinds, `a ticket` or `nothing`."""
    register = _Anybody(vocabulary.roles.get(word, vocabulary.role), vocabulary.vendor, vocabulary.model)
    levels: dict[LevelKey, str] = {}
    found: list[str] = []
    for topic, payload in vocabulary.say:
        frame = Frame(topic.replace(WORD, word), payload.replace(WORD, word).encode(), _MORNING)
        try:
            reading = read(frame, register, levels, profiles)
        except LookupError:
            continue
        levels |= reading.levels
        found += [
            f"{each.kind}{' is over' * (each.state is State.CLEAR)}{' (suspected)' * each.suspected}"
            for each in reading.signals
        ]
        found += [TICKET] * bool(reading.tickets)
    return ", ".join(sorted(set(found))) or NOTHING
