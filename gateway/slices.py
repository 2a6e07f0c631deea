"""Which devices a gateway listens to: its slice of the topics, where there is more than one can carry.

Every slice is read by two gateways, each with a session of its own; what both hear is stored once. Never by a
shared subscription (`$share`): with one of its members down, the alarms that the broker gave it wait there.
"""

from __future__ import annotations

from collections.abc import Sequence


def parse(text: str, spoken: Sequence[str]) -> tuple[str, ...]:
    """The MQTT filters in `text`, separated by commas; all that are `spoken` when it is empty.

    ValueError names a filter that is none, or that reaches beyond the topics on which a family of devices
    speaks: what came in by it could only be put aside.
    """
    filters = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    for one in filters:
        if not any(is_within(one, wide) for wide in spoken):
            raise ValueError(f"no family of devices speaks on {one!r}: choose parts of {', '.join(spoken)}")
        if not _is_filter(one):
            raise ValueError(
                f"{one!r} is no MQTT filter: + stands for one whole level, # for all that follow"
            )
    return filters or tuple(spoken)


def is_within(narrow: str, wide: str) -> bool:
    """Whether every topic that the filter `narrow` lets in is let in by `wide`, too."""
    inner, outer = narrow.split("/"), wide.split("/")
    for place, level in enumerate(outer):
        if level == "#":
            return True
        if place >= len(inner) or inner[place] == "#" or level not in ("+", inner[place]):
            return False
    return len(inner) == len(outer)


def _is_filter(text: str) -> bool:
    levels = text.split("/")
    return "#" not in levels[:-1] and all(
        level in ("+", "#") or not {"+", "#", "\x00"} & set(level) for level in levels
    )
