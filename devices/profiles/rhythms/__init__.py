"""How often a device of each family is to be heard: `families.toml`, in the order in which it is asked."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from devices.signal import Role

FILE: Final = "families.toml"


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Devices of the family that `keys` names (of one role, or of any) speak at least `every` so often."""

    keys: str
    role: Role | None
    every: timedelta


def usual(rhythms: Iterable[Rhythm], key: str, role: Role) -> timedelta | None:
    """The first that fits; None where a protocol promises nothing."""
    return next((r.every for r in rhythms if key.startswith(r.keys) and r.role in (None, role)), None)


def read(folder: Path) -> tuple[Rhythm, ...]:
    """Those of a folder of profiles; none where there is no such file. ValueError: a flaw in it."""
    path = folder / "rhythms" / FILE
    if not path.exists():
        return ()
    table = _Table.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    return tuple(Rhythm(one.keys, one.role, timedelta(minutes=one.every_min)) for one in table.rhythm)


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    keys: str = Field(pattern=r"^\w+:$")
    role: Role | None = None
    every_min: int = Field(ge=1, le=44_640)
    why: str = Field(min_length=1)


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    rhythm: list[_Row]
