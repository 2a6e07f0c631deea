"""One trouble in many homes: when it is an area's, who belongs to it, and what then rests. Pure.

A power cut rings in every home of a cell. From so many homes on as its plan says (edited as all plans are) it
is one case of the cell, with one request to somebody who goes and looks. What only says that a device is not
well then rests in each home, and is still counted there. A person who calls for help, and a home that burns,
never rest: when many do so at once (an earthquake), a case of the area comes on top of theirs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from devices.signal import Kind
from dispatcher.model import Incident, Plan, Severity, Stage, Threshold
from dispatcher.plans import Plans
from dispatcher.triage import SEVERITY

TECHNICAL = frozenset({Kind.MAINS_FAILURE, Kind.OFFLINE, Kind.LOW_BATTERY, Kind.TAMPER, Kind.FAULT})

# What follows from a trouble of the area in its other homes: they belong to it, too.
BRINGS: Mapping[Kind, frozenset[Kind]] = {
    Kind.MAINS_FAILURE: frozenset({Kind.OFFLINE, Kind.LOW_BATTERY, Kind.FAULT}),
    Kind.SOS: frozenset({Kind.FALL}),
    Kind.FALL: frozenset({Kind.SOS}),
}

_SUBJECT = "area:"
Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Trouble:
    """An alarm that is not over, in a home of a cell, of which `street_id` is the street if that is known.

    `known_to` are the areas whose cases the home has joined since.
    """

    household_id: int
    cell_id: int
    kind: Kind
    since: datetime
    street_id: int | None = None
    known_to: frozenset[int] = frozenset()

    def is_new_to(self, area: int | None) -> bool:
        return area is not None and area not in self.known_to


Begun = dict[int, dict[Kind, frozenset[int]]]  # by area and kind, the homes


def subject_of(area_id: int) -> str:
    return f"{_SUBJECT}{area_id}"


def area_of(subject: str) -> int | None:
    """The cell or street whose case has `subject`; None: it is a home's or a device's."""
    return int(subject.removeprefix(_SUBJECT)) if subject.startswith(_SUBJECT) else None


def severity_of(kind: Kind) -> Severity:
    """How severe `kind` is for a cell: what is trouble in one home is more than that in many."""
    return max(SEVERITY[kind], Severity.ROUTINE)


def gathering(troubles: Iterable[Trouble], plans: Plans, now: datetime) -> Begun:
    """By area and kind, the homes of each trouble that reaches the threshold of its plan at `now`.

    What reaches that of the street is the street's, and not one case more for each of its cells.
    """
    in_time: defaultdict[Plan, list[Trouble]] = defaultdict(list)
    for trouble in troubles:
        plan = plans.for_area(trouble.kind)
        if plan is not None and plan.threshold is not None and _is_in_time(trouble, plan.threshold, now):
            in_time[plan].append(trouble)
    found: Begun = {}
    for plan, those in in_time.items():
        threshold = plan.threshold
        assert threshold is not None, "only plans for areas were taken"
        new_there = [trouble for trouble in those if trouble.is_new_to(trouble.street_id)]
        of_streets = _by(new_there, lambda trouble: trouble.street_id) if threshold.street_homes else {}
        streets = {area for area, some in of_streets.items() if _homes(some) >= threshold.street_homes}
        left = [trouble for trouble in those if not trouble.known_to and trouble.street_id not in streets]
        cells = _by(left, lambda trouble: trouble.cell_id)
        reached = {area: some for area, some in cells.items() if _homes(some) >= threshold.homes}
        for area, some in [*((area, of_streets[area]) for area in streets), *reached.items()]:
            kinds = _by(some, lambda trouble: trouble.kind)
            found.setdefault(area, {}).update(
                {kind: frozenset(one.household_id for one in alike) for kind, alike in kinds.items()}
            )
    return found


def _is_in_time(trouble: Trouble, threshold: Threshold, now: datetime) -> bool:
    return abs(now - trouble.since) <= threshold.within  # also when the clock was set back meanwhile


def _by(troubles: Iterable[Trouble], key: Callable[[Trouble], Key | None]) -> dict[Key, list[Trouble]]:
    found: defaultdict[Key, list[Trouble]] = defaultdict(list)
    for trouble in troubles:
        if (of := key(trouble)) is not None:
            found[of].append(trouble)
    return dict(found)


def _homes(troubles: Iterable[Trouble]) -> int:
    return len({trouble.household_id for trouble in troubles})


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
