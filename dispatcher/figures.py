"""How well the centre did: pure arithmetic over the courses of cases.

The targets are those that telecare is measured by: 97.5 % of alarms answered within 60 s and 99 % within
180 s (TSA, TEC Quality), 90 % attended within 45 min and all within 60 min; at most one alarm for an operator
in ten minutes on average and ten at the peak (EEMUA 191).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from devices.signal import Kind
from dispatcher.model import FALSE_ALARMS, CloseCode, Severity

TARGETS: tuple[tuple[str, timedelta, float], ...] = (
    ("answered", timedelta(seconds=60), 0.975),
    ("answered", timedelta(seconds=180), 0.99),
    ("attended", timedelta(minutes=45), 0.90),
    ("attended", timedelta(minutes=60), 1.0),
)
SPAN = timedelta(minutes=10)
_NO_TROUBLE = frozenset({CloseCode.TEST, CloseCode.DUPLICATE})


@dataclass(frozen=True, slots=True)
class Course:
    """One case from its beginning to its end. `answered_at` is when an operator first claimed it."""

    incident_id: int
    opened_at: datetime
    kind: Kind
    severity: Severity
    place: str  # the name of the cell
    model: str  # of the device that spoke first; empty when a person told
    answered_at: datetime | None = None
    answered_by: str = ""
    covered_at: datetime | None = None
    attended_at: datetime | None = None
    closed_at: datetime | None = None
    close_code: CloseCode | None = None
    area_id: int | None = None  # the cell; None: of a whole area, or of nobody who is known

    @property
    def counts(self) -> bool:
        """Whether a person called for help, or might have: what the targets are about."""
        return self.severity is Severity.EMERGENCY and self.close_code not in _NO_TROUBLE


@dataclass(frozen=True, slots=True)
class Share:
    """How many of those that could be judged were in time."""

    what: str  # answered | attended
    within_s: int
    target: float
    in_time: int
    judged: int

    @property
    def share(self) -> float | None:
        return self.in_time / self.judged if self.judged else None

    @property
    def is_met(self) -> bool | None:
        return None if self.share is None else self.share >= self.target


@dataclass(frozen=True, slots=True)
class Phase:
    """How long a phase took, in seconds, by nearest rank; None while no case has ended it."""

    name: str  # answered | covered | attended | closed, each counted from the opening
    count: int
    p50_s: float | None
    p90_s: float | None
    p99_s: float | None


@dataclass(frozen=True, slots=True)
class Load:
    """One operator. `peak` is the most cases she took within any ten minutes."""

    name: str
    cases: int
    peak: int


@dataclass(frozen=True, slots=True)
class Model:
    """A kind of device: how many of its cases were for nothing."""

    name: str
    cases: int
    false: int


@dataclass(frozen=True, slots=True)
class Figures:
    since: datetime
    until: datetime
    cases: int
    emergencies: int
    shares: tuple[Share, ...]
    phases: tuple[Phase, ...]
    by_kind: Mapping[Kind, int]
    by_code: Mapping[CloseCode, int]
    by_day: tuple[tuple[str, int], ...]  # of emergencies, ISO dates of the site's days
    loads: tuple[Load, ...]
    models: tuple[Model, ...]


def figures(courses: Iterable[Course], since: datetime, until: datetime, days: Sequence[str]) -> Figures:
    """Over the cases opened in [`since`, `until`); `days` names the day of each course, in order."""
    found = list(courses)
    meant = [course for course in found if course.counts]
    dates = Counter(day for day, course in zip(days, found, strict=True) if course.counts)
    return Figures(
        since=since,
        until=until,
        cases=len(found),
        emergencies=len(meant),
        shares=tuple(_share(meant, until, *target) for target in TARGETS),
        phases=tuple(
            _phase(name, meant) for name in ("answered_at", "covered_at", "attended_at", "closed_at")
        ),
        by_kind=dict(Counter(course.kind for course in found).most_common()),
        by_code=dict(Counter(c.close_code for c in found if c.close_code is not None).most_common()),
        by_day=tuple(sorted(dates.items())),
        loads=_loads(found),
        models=_models(found),
    )


def _share(courses: Sequence[Course], now: datetime, what: str, within: timedelta, target: float) -> Share:
    """Only cases that have had so long are judged; who is not needed at the door is not attended."""
    judged = in_time = 0
    for course in courses:
        reached = course.answered_at if what == "answered" else course.attended_at
        over = course.closed_at if what == "attended" else None
        if reached is None and over is not None:
            continue  # closed without a visit: she was well, and nobody had to go
        took = (reached or now) - course.opened_at
        if reached is None and took < within:
            continue
        judged += 1
        in_time += reached is not None and took <= within
    return Share(what, int(within.total_seconds()), target, in_time, judged)


def _phase(name: str, courses: Sequence[Course]) -> Phase:
    took = sorted(
        (reached - course.opened_at).total_seconds()
        for course in courses
        if (reached := getattr(course, name)) is not None
    )

    def rank(share: float) -> float | None:
        return took[max(0, ceil(share * len(took)) - 1)] if took else None

    return Phase(name.removesuffix("_at"), len(took), rank(0.5), rank(0.9), rank(0.99))


def _loads(courses: Sequence[Course]) -> tuple[Load, ...]:
    taken: defaultdict[str, list[datetime]] = defaultdict(list)
    for course in courses:
        if course.answered_at is not None and course.answered_by:
            taken[course.answered_by].append(course.answered_at)
    loads = (Load(name, len(moments), _peak(sorted(moments))) for name, moments in taken.items())
    return tuple(sorted(loads, key=lambda load: (-load.cases, load.name)))


def _peak(moments: Sequence[datetime]) -> int:
    most = first = 0
    for last, moment in enumerate(moments):
        while moment - moments[first] >= SPAN:
            first += 1
        most = max(most, last - first + 1)
    return most


def _models(courses: Sequence[Course]) -> tuple[Model, ...]:
    cases = Counter(course.model for course in courses if course.model)
    false = Counter(course.model for course in courses if course.model and course.close_code in FALSE_ALARMS)
    models = (Model(name, count, false[name]) for name, count in cases.items())
    return tuple(sorted(models, key=lambda model: (-model.false, -model.cases, model.name)))
