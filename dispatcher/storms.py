"""One trouble in many homes: when it is an area's, who belongs to it, and what then rests. Pure.

A power cut rings in every home of a cell. From `Threshold.homes` homes on it is one case of the cell, with
one request to somebody who goes and looks. What only says that a device is not well then rests in each home,
and is still counted there. A person who calls for help, and a home that burns, never rest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from community.model import ResponderKind
from devices.signal import Kind
from dispatcher.model import Incident, Plan, Rung, Severity, Stage, Tell, Whom
from dispatcher.triage import SEVERITY


@dataclass(frozen=True, slots=True)
class Threshold:
    """So many homes of one cell within so long make one trouble of the cell."""

    homes: int
    within: timedelta


# Presses and falls are not here: each is looked after by itself, and a card more would only stand in the way.
THRESHOLDS: Mapping[Kind, Threshold] = {
    Kind.MAINS_FAILURE: Threshold(5, timedelta(minutes=3)),
    Kind.OFFLINE: Threshold(5, timedelta(minutes=10)),  # each device class is missed after its own time
    Kind.TAMPER: Threshold(5, timedelta(minutes=3)),  # what an earthquake does to detectors
    Kind.FAULT: Threshold(5, timedelta(minutes=10)),
    Kind.LEAK: Threshold(3, timedelta(minutes=10)),
    Kind.SMOKE: Threshold(3, timedelta(minutes=5)),
    Kind.GAS: Threshold(2, timedelta(minutes=5)),  # two kitchens at once: the main, not a pot
    Kind.CO: Threshold(2, timedelta(minutes=10)),
}

TECHNICAL = frozenset({Kind.MAINS_FAILURE, Kind.OFFLINE, Kind.LOW_BATTERY, Kind.TAMPER, Kind.FAULT})

# What follows from a trouble of the area in its other homes: they belong to it, too.
BRINGS: Mapping[Kind, frozenset[Kind]] = {
    Kind.MAINS_FAILURE: frozenset({Kind.OFFLINE, Kind.LOW_BATTERY, Kind.FAULT}),
}

WATCHED = TECHNICAL | THRESHOLDS.keys()

_ON_FOOT = (ResponderKind.GRID_WORKER, ResponderKind.COMMUNITY_WORKER)

# The same for every kind: what differs is done by the homes' own cases.
PLAN = Plan(
    name="area",
    title="网格事件",
    rungs=(
        Rung(0, (Tell(Whom.STAFF, 1, _ON_FOOT),)),
        Rung(60, (Tell(Whom.DESK), Tell(Whom.NEAREST, 1, _ON_FOOT))),
        Rung(180, (Tell(Whom.DESK), Tell(Whom.NEAREST, 1, (ResponderKind.SUPERVISOR,)))),
    ),
    repeat_s=600,
    offer_s=120,
)

_SUBJECT = "area:"


@dataclass(frozen=True, slots=True)
class Trouble:
    """An alarm that is not over, in a home of a cell."""

    household_id: int
    cell_id: int
    kind: Kind
    since: datetime


def subject_of(cell_id: int) -> str:
    return f"{_SUBJECT}{cell_id}"


def cell_of(subject: str) -> int | None:
    """The cell whose case has `subject`; None: it is a home's or a device's."""
    return int(subject.removeprefix(_SUBJECT)) if subject.startswith(_SUBJECT) else None


def severity_of(kind: Kind) -> Severity:
    """How severe `kind` is for a cell: what is trouble in one home is more than that in many."""
    return max(SEVERITY[kind], Severity.ROUTINE)


def gathering(troubles: Iterable[Trouble], now: datetime) -> dict[int, dict[Kind, frozenset[int]]]:
    """By cell and kind, the homes of each trouble that reaches its threshold at `now`."""
    found: defaultdict[tuple[int, Kind], set[int]] = defaultdict(set)
    for trouble in troubles:
        threshold = THRESHOLDS.get(trouble.kind)
        if threshold is not None and now - trouble.since <= threshold.within:
            found[trouble.cell_id, trouble.kind].add(trouble.household_id)
    cells: defaultdict[int, dict[Kind, frozenset[int]]] = defaultdict(dict)
    for (cell_id, kind), homes in found.items():
        if len(homes) >= THRESHOLDS[kind].homes:
            cells[cell_id][kind] = frozenset(homes)
    return dict(cells)


def belongs(kind: Kind, known: Iterable[Kind]) -> bool:
    """Whether `kind` in one more home is part of an area's trouble, of which `known` are the kinds."""
    return any(kind is one or kind in BRINGS.get(one, ()) for one in known)


def rests(incident: Incident, in_storm: bool) -> bool:
    """Whether a home's case asks nobody and rings no desk while its area's case is open.

    Only what is trouble of devices and nothing else, and only until somebody is on the way to it.
    """
    return (
        in_storm
        and incident.severity is Severity.TROUBLE
        and incident.kind in TECHNICAL
        and incident.stage in (Stage.RAISED, Stage.CLAIMED)
    )
