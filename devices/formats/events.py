"""For families that say plainly what has happened, each message an event of its own: words into a reading."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from devices.formats.meaning import (
    EMERGENCY,
    MOMENTARY,
    SUSPICIOUS,
    Heard,
    alive,
    by_role,
    ticket,
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


@dataclass(slots=True)
class _Sense:
    signals: dict[tuple[Kind, State], Signal] = field(default_factory=dict)
    tickets: list[Ticket] = field(default_factory=list)


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
    sense = _Sense()
    for each in said:
        kind = by_role(each.kind, heard.role)
        if kind is None:
            reading = unreadable(heard, f"{each.rule}: no alarm of such a device", levels)
            return replace(reading, beats=alive(heard, charge), reply=reply)
        _add(sense, heard, kind, each, charge)
    return Reading(
        signals=tuple(sense.signals.values()),
        beats=alive(heard, charge),
        tickets=tuple(sense.tickets),
        levels=understood(heard, levels) | dict(changed or {}),
        reply=reply,
    )


def _add(sense: _Sense, heard: Heard, kind: Kind, said: Said, charge: int | None) -> None:
    if kind is Kind.HEARTBEAT or (said.state is State.CLEAR and kind in MOMENTARY):
        return
    frame = heard.frame
    if heard.enrolment is None and kind not in EMERGENCY:
        if kind in SUSPICIOUS and said.state is State.ACTIVE and not heard.is_old:
            sense.tickets.append(
                ticket(frame, f"{kind} from a device that nobody enrolled", heard.device_key)
            )
        return
    sense.signals.setdefault(
        (kind, said.state),
        Signal(
            device_key=heard.device_key,
            kind=kind,
            unique_key=f"{heard.unique}/{kind}/{said.state}",
            received_at=frame.received_at,
            state=said.state,
            device_time=heard.device_time,
            retained=frame.retained,
            historical=heard.historical,
            redelivered=frame.redelivered,
            suspected=said.suspected,
            battery=charge,
            rule=said.rule,
            text=said.text,
            topic=frame.topic,
            payload=frame.payload,
        ),
    )
