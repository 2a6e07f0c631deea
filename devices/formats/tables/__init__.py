"""What the codes of the alarm industry mean, as data beside this module."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from devices.profiles import PRESS, Press
from devices.signal import Kind

Meaning = Kind | Press | Literal["look", "known"]
_WORDS: Final[dict[str, Meaning]] = {
    PRESS: PRESS,
    "look": "look",
    "known": "known",
    **{kind.value: kind for kind in Kind},
}


def table(name: str) -> Mapping[str, object]:
    """The TOML file `name` beside this module."""
    return tomllib.loads((Path(__file__).parent / f"{name}.toml").read_text(encoding="utf-8"))


def meanings(listed: object) -> dict[str, Meaning]:
    """Codes with what they mean, from meanings with their codes. ValueError: a code has two."""
    if not isinstance(listed, Mapping):
        raise ValueError(f"a table of meanings, not {listed!r}")
    found: dict[str, Meaning] = {}
    for word, codes in listed.items():
        for code in codes:
            if code in found or word not in _WORDS:
                raise ValueError(f"{code} means {word}: it has another meaning, or that is none")
            found[code] = _WORDS[word]
    return found
