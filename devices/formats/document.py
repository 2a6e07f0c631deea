"""The bytes of one message as a JSON object that can be trusted, or the reason why they cannot."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isfinite
from typing import Final

import orjson

DEPTH_LIMIT: Final = 16  # a ChirpStack uplink is 5 deep

_STRING: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a message cannot be trusted. `salvage` is what could be made out, good for an id."""

    reason: str
    salvage: Mapping[str, object] = field(default_factory=dict)


def read_object(payload: bytes, limit: int) -> dict[str, object] | Unreadable:
    """Parse a JSON object of at most `limit` bytes.

    orjson refuses invalid UTF-8, lone surrogates, NaN and numbers beyond a double. Refused here: other
    documents than objects, a key given twice (who knows which one was meant), NUL in text (no database keeps
    it) and nesting deeper than `DEPTH_LIMIT`.
    """
    if len(payload) > limit:
        return Unreadable(f"{len(payload)} bytes, and this format allows {limit}")
    try:
        document = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        return Unreadable(f"not JSON: {error}")
    if not isinstance(document, dict):
        return Unreadable(f"a JSON {type(document).__name__} instead of an object")
    flaw = _flaw(document, payload)
    return Unreadable(flaw, document) if flaw else document


def read_scalar(payload: bytes, limit: int) -> object:
    """A bare value: a JSON scalar where it is one, otherwise the text; `Unreadable` when it is neither."""
    if len(payload) > limit:
        return Unreadable(f"{len(payload)} bytes, and this format allows {limit}")
    try:
        value = orjson.loads(payload)
    except orjson.JSONDecodeError:
        try:
            value = payload.decode()
        except UnicodeDecodeError:
            return Unreadable("not UTF-8")
    if isinstance(value, dict | list):
        return Unreadable("a JSON document instead of a bare value")
    return Unreadable("NUL in text") if isinstance(value, str) and "\x00" in value else value


def moment(value: object) -> datetime | None:
    """ISO 8601 with an offset, or Unix time in seconds or milliseconds, as aware UTC; None for anything else.

    Clocks of devices lie, so a time that makes no sense is no reason to refuse what came with it.
    """
    try:
        if isinstance(value, str):
            told = datetime.fromisoformat(value)
            return told.astimezone(UTC) if told.utcoffset() is not None else None
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def percent(value: object) -> int | None:
    """A battery charge from 0 to 100, or None when the value is nothing of the kind."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 100:
        return int(value)
    return None


def number(value: object) -> float | None:
    """A number, also one in quotes, as some codecs print them; None for anything else."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
        return float(value)
    return None


def quantity(value: object) -> float | None:
    """An amount that is not negative, or None when the value is nothing of the kind."""
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return float(value)
    return None


def _flaw(document: dict[str, object], payload: bytes) -> str:
    """What is wrong with a parsed document, or nothing."""
    look_for_nul = b"\\u0000" in payload
    keys = 0
    level: list[object] = [document]
    for _ in range(DEPTH_LIMIT):
        below: list[object] = []
        for value in level:
            if isinstance(value, dict):
                keys += len(value)
                if look_for_nul and any("\x00" in key for key in value):
                    return "NUL in a name"
                below += value.values()
            elif isinstance(value, list):
                below += value
            elif look_for_nul and isinstance(value, str) and "\x00" in value:
                return "NUL in text"
        level = below
        if not level:
            break
    else:
        return f"nested deeper than {DEPTH_LIMIT}"
    # Outside of strings a colon stands after each key and nowhere else: more colons than keys? One was lost.
    if payload.count(b":") != keys and _STRING.sub(b"", payload).count(b":") != keys:
        return "a key is given twice"
    return ""


def line(said: object, longest: int = 100) -> str:
    """A short printable text for people; empty when it is none."""
    return said.strip() if isinstance(said, str) and len(said) <= longest and is_printable(said) else ""


def is_printable(text: str) -> bool:
    """As Python says, and with the wide blank of Chinese keyboards and the one that breaks no line."""
    return text.replace("\u3000", " ").replace("\xa0", " ").isprintable()
