"""What happens when: a pure function from a seed, a roster and a scenario to a list of timed messages."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import count as count_up
from pathlib import Path
from random import Random
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from devices.signal import Role
from devices.sim.roster import Device, Roster
from devices.sim.speech import WORDS, Emission, can_say, say

SHIPPED: Final = Path(__file__).parent / "scenarios"
HOUR: Final = 3600.0


class ScenarioError(ValueError):
    """A scenario that cannot be played. The message says why and what to do."""


def _word(word: str) -> str:
    if word not in WORDS:
        raise ValueError(f"{word!r} is not one of {', '.join(sorted(WORDS))}")
    return word


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Step(_Table):
    """Something that happens to some devices, once or again and again."""

    does: Annotated[str, AfterValidator(_word)]
    who: tuple[Role, ...] = Field(
        min_length=1
    )  # the first of these roles that anybody has who knows the words
    how_many: Annotated[int, Field(ge=1)] | Literal["all"] = 1
    at: float = Field(default=0, ge=0)  # seconds
    within: float = Field(default=0, ge=0)  # seconds over which those concerned are spread
    every: float = Field(default=0, ge=0)  # seconds between repetitions until the scenario ends; 0 is once
    by_rhythm: bool = False  # less while the resident sleeps
    if_any: bool = False  # nobody in the street may have such a device


class Scenario(_Table):
    """A story as data. The steps of one `who` and `how_many` happen to the same devices."""

    title: str
    length: float = Field(gt=0)  # seconds
    starts: float = Field(default=8, ge=0, lt=24)  # o'clock
    endless: bool = False  # when it ends it goes on, with other dice
    step: tuple[Step, ...] = Field(min_length=1)


def scenarios() -> list[str]:
    """The names of the shipped scenarios."""
    return sorted(path.stem for path in SHIPPED.glob("*.toml"))


def load(name: str) -> Scenario:
    """A shipped scenario by name, or one from a file. Raises `ScenarioError`."""
    path = SHIPPED / f"{name}.toml"
    if not path.exists():
        path = Path(name)
    try:
        return Scenario.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError:
        shipped = ", ".join(scenarios())
        raise ScenarioError(f"no scenario {name!r}; shipped are {shipped}, or give a file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: not TOML: {error}") from None
    except ValidationError as error:
        flaws = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise ScenarioError(f"{path}: {flaws}") from None


def only(word: str, role: Role) -> Scenario:
    """The story in which one device of a role says one word. Raises `ScenarioError`."""
    try:
        step = Step(does=word, who=(role,))
    except ValidationError as error:
        raise ScenarioError("; ".join(each["msg"] for each in error.errors())) from None
    return Scenario(title=word, length=1, step=(step,))


@dataclass(frozen=True, slots=True)
class Rhythm:
    """The day of one resident, in hours: up with the sun, a nap at noon, early to bed."""

    wakes: float
    sleeps: float
    nap: float

    @classmethod
    def of(cls, resident: str, seed: int) -> Rhythm:
        """Everybody has a rhythm of their own, and keeps it."""
        dice = Random(f"{seed}/{resident}")
        return cls(wakes=dice.uniform(5, 7), sleeps=dice.uniform(20, 22), nap=dice.uniform(12, 13))

    def liveliness(self, hour: float) -> float:
        """From 0 (still) to 1 (up and about) at an hour of the day."""
        hour %= 24
        if not self.wakes <= hour < self.sleeps:
            return 0.05
        return 0.15 if self.nap <= hour < self.nap + 1.2 else 1.0


def script(seed: int, roster: Roster, scenario: Scenario, play: int = 0) -> list[Emission]:
    """Every message of one play of a scenario, in the order of time.

    `play` counts repetitions: each befalls the next people of the street. Raises `ScenarioError` when nobody
    there has the devices that the story needs.
    """
    said: list[tuple[Device, Emission]] = []
    silences: list[tuple[Device, float, float]] = []
    begins = scenario.starts + (play * scenario.length / HOUR if scenario.endless else 0)
    for number, step in enumerate(scenario.step):
        dice = Random(f"{seed}/{play}/{number}")
        for device in _cast(seed, roster, scenario, step, play):
            rhythm = Rhythm.of(device.resident or device.household or device.key, seed)
            for at in _times(step, scenario.length, dice):
                if step.by_rhythm and dice.random() > rhythm.liveliness(begins + at / HOUR):
                    continue
                said += [(device, emission) for emission in say(device, step.does, at, dice)]
                if step.does == "go_offline":
                    silences.append((device, at, _returns(scenario, step, at)))
    heard = [emission for device, emission in said if not _is_cut_off(device, emission.at, silences)]
    return sorted(heard, key=lambda emission: emission.at)


def repeated(seed: int, roster: Roster, scenario: Scenario, count: int, rate: float) -> list[Emission]:
    """`count` plays of a scenario, `rate` of them begun per second (0: all at once), in the order of time."""
    plays = (
        _later(emission, play / rate if rate else 0)
        for play in range(count)
        for emission in script(seed, roster, scenario, play)
    )
    return sorted(plays, key=lambda emission: emission.at)


def endless(seed: int, roster: Roster, scenario: Scenario) -> Iterator[Emission]:
    """The scenario again and again, the clock of the street going on."""
    for play in count_up():
        for emission in script(seed, roster, scenario, play):
            yield _later(emission, play * scenario.length)


def faster(emissions: Iterable[Emission], speed: float) -> Iterator[Emission]:
    """The same story told `speed` times as fast: hours in minutes."""
    return (replace(emission, at=emission.at / speed) for emission in emissions)


def _later(emission: Emission, seconds: float) -> Emission:
    return replace(emission, at=emission.at + seconds)


def _cast(seed: int, roster: Roster, scenario: Scenario, step: Step, play: int) -> list[Device]:
    """To whom it happens: shuffled once per seed, then taken in turn, so that plays befall others."""
    words = {each.does for each in scenario.step if (each.who, each.how_many) == (step.who, step.how_many)}
    for role in step.who:
        able = [each for each in roster if each.role is role and all(can_say(each, word) for word in words)]
        if not able:
            continue
        if step.how_many == "all":
            return able
        Random(f"{seed}/{role}").shuffle(able)
        wanted = min(step.how_many, len(able))
        return [able[(play * wanted + place) % len(able)] for place in range(wanted)]
    if step.if_any:
        return []
    roles = " or ".join(step.who)
    raise ScenarioError(f"nobody in the roster has a {roles} that can {' and '.join(sorted(words))}")


def _times(step: Step, length: float, dice: Random) -> Iterator[float]:
    at = step.at + dice.uniform(0, step.within)
    yield at
    if step.every:
        while (at := at + step.every) < length:
            yield at


def _returns(scenario: Scenario, step: Step, at: float) -> float:
    """When a hub that went offline at `at` is heard again."""
    back = [each.at for each in scenario.step if each.does == "come_back" and each.who == step.who]
    return min((time for time in back if time > at), default=float("inf"))


def _is_cut_off(device: Device, at: float, silences: list[tuple[Device, float, float]]) -> bool:
    return any(device.is_behind(hub) and start <= at < end for hub, start, end in silences)
