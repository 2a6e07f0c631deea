"""For families that say plainly what has happened, each message an event of its own: words into a reading."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from devices.formats.meaning import (
    Heard,
    alive,
    by_role,
    understood,
    unreadable,
)
from devices.profiles import Press
from devices.signal import Kind, LevelKey, Levels, Reading, Signal, State, Ticket


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that a message says. A press of what is no help button is not understood."""

    kind: Kind | Press
    state: State = State.ACTIVE
    rule: str = ""
    text: str = ""
    suspected: bool = False


def reading_of(
    heard: Heard,
    said: Iterable[Said],
    levels: Levels,
    *,
    charge: int | None = None,
    changed: Mapping[LevelKey, str] | None = None,
    reply: bytes = b"",
) -> Reading:
    """The reading of a message that says all of `said`; a sign of life when that is nothing.

    A stranger is heard when it cries for help; the rest of what it says is for its installer.
    """
    signals: dict[tuple[Kind, State], Signal] = {}
    tickets: list[Ticket] = []
    for each in said:
        kind = by_role(each.kind, heard.role)
        if kind is None:
            reading = unreadable(heard, f"{each.rule}: no alarm of such a device", levels)
            return replace(reading, beats=alive(heard, charge), reply=reply)
        if not heard.is_no_news(kind, each.state, tickets):
            signal = heard.signal(
                kind,
                each.state,
                suspected=each.suspected,
                rule=each.rule,
                text=each.text,
                battery=charge,
            )
            signals.setdefault((kind, each.state), signal)
    return Reading(
        signals=tuple(signals.values()),
        beats=alive(heard, charge),
        tickets=tuple(tickets),
        levels=understood(heard, levels) | dict(changed or {}),
        reply=reply,
    )
