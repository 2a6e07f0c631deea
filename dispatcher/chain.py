"""The chain of digests that makes a timeline's past unalterable unnoticed. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache

import orjson

from dispatcher.model import Fact, TimelineEntry


def link(before: str, seq: int, at: datetime, fact: Fact) -> str:
    """The SHA-256 (hex) of a timeline entry and the digest of the one before it; the first has `""`."""
    content = [before, seq, _written(at), fact.entry.value, fact.actor, fact.text, fact.detail]
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


@lru_cache(maxsize=64)
def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()  # of one moment, every case of a transaction writes it


def first_break(entries: Iterable[TimelineEntry]) -> int | None:
    """The seq of the first entry that was altered, lost or moved; None when the chain holds."""
    before = ""
    for expected, entry in enumerate(entries, start=1):
        fact = Fact(entry.entry, entry.text, entry.actor, entry.detail)
        if entry.seq != expected or entry.digest != link(before, entry.seq, entry.at, fact):
            return expected
        before = entry.digest
    return None
