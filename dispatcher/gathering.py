"""When the homes of an area have the same trouble, it becomes one case of the area (`storms` says when)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from community.storage import Store, register
from devices.signal import Kind
from dispatcher import storms
from dispatcher.model import CRIES, Entry, Fact, begins
from dispatcher.plans import Plans
from dispatcher.storage import storms as rows
from dispatcher.storage.casebook import Casebook
from dispatcher.storage.planbook import Planbook
from dispatcher.wording import KIND_WORD, door_of

CRIES_EVERY = timedelta(seconds=2)  # each is looked after already: what they have in common may wait so long
LATE_COMMIT = timedelta(minutes=1)  # an alarm may become visible so long after it was raised
MOST_DOORS = 20  # named on a timeline: a street has thousands


def gather(
    connection: Connection, book: Casebook, due: Iterable[int], planbook: Planbook, now: datetime
) -> None:
    """Open the cases of cells whose trouble has begun, and let more homes belong to those that are open.

    Asks nothing of the store unless `due`, loaded in `book`, holds a case that nobody has looked at yet and
    that is about anything but a call for help: a press costs nothing here, and is for `Cries`.
    """
    fresh: dict[int, Kind] = {}
    for incident_id in due:
        one = book.incident(incident_id)
        is_new = one.due_at == one.opened_at  # the first look moves it
        if is_new and one.household_id is not None and one.kind not in CRIES:
            fresh[one.household_id] = one.kind
    if not fresh:
        return
    plans = planbook.current(connection)
    kinds = {kind for plan in plans.for_areas for kind in plan.kinds} | storms.TECHNICAL
    fresh = {home: kind for home, kind in fresh.items() if kind in kinds}
    if not fresh:
        return
    troubles = rows.troubles(connection, fresh, kinds - CRIES)
    begun = storms.gathering(troubles, plans, now)
    cell_of = {trouble.household_id: trouble.cell_id for trouble in troubles}
    cells = {cell_of[home] for home in fresh if home in cell_of}
    book.load_subjects({storms.subject_of(cell) for cell in cells})
    for cell in sorted(cells):
        here = {home: kind for home, kind in fresh.items() if cell_of.get(home) == cell}
        found = _bring_together(connection, book, cell, begun.get(cell, {}), here, plans, now)
        if found is not None:
            storm_id, joined, belong = found
            # Also those whom another dispatcher has let in while they were ours, and could not tell.
            _say_so(book, storm_id, joined | (belong & fresh.keys()), now)


class Cries:
    """One worker's look at how many call for help at once. Any number may look: one case comes of it."""

    def __init__(self, store: Store, planbook: Planbook) -> None:
        self._store = store
        self._planbook = planbook
        self._looked_at: datetime | None = None
        self._from_id = 0  # older alarms are of no interest any more

    def turn(self, now: datetime) -> int:
        """Look again, when it is time; returns how many areas have, or have got, a case with more homes."""
        if self._looked_at is not None and abs(now - self._looked_at) < CRIES_EVERY:
            return 0
        self._looked_at = now
        with self._store.read() as connection:
            plans = self._planbook.current(connection)
            thresholds = [plan.threshold for plan in plans.for_areas if CRIES & set(plan.kinds)]
            within = [threshold.within for threshold in thresholds if threshold is not None]
            if not within:
                return 0
            since = now - max(within) - LATE_COMMIT
            self._from_id = rows.first_alarm_since(connection, self._from_id, since)
            cries = rows.cries(connection, self._from_id, since)
            areas = {area for cry in cries for area in _new_to(cry)}
            known = rows.crying_areas(connection, areas)
        begun = storms.gathering(cries, plans, now)
        concerned = areas & (begun.keys() | known)
        if not concerned:
            return 0
        try:
            with self._store.write() as connection:
                return self._bring_together(connection, concerned, plans, since, now)
        except IntegrityError:  # a colleague has opened it at this very moment
            return 0

    def _bring_together(
        self,
        connection: Connection,
        areas: Collection[int],
        plans: Plans,
        since: datetime,
        now: datetime,
    ) -> int:
        book = Casebook(connection)
        book.load_subjects({storms.subject_of(area) for area in areas})
        cries = rows.cries(connection, self._from_id, since)  # without those a colleague has just taken
        begun = storms.gathering(cries, plans, now)
        changed = 0
        for area in sorted(areas):
            here = {cry.household_id: cry.kind for cry in cries if area in _new_to(cry)}
            found = _bring_together(connection, book, area, begun.get(area, {}), here, plans, now)
            changed += found is not None and bool(found[1])
        book.write()
        return changed


def _new_to(cry: storms.Trouble) -> set[int]:
    """The areas of a cry that have not heard of it yet."""
    return {area for area in (cry.cell_id, cry.street_id) if area is not None and cry.is_new_to(area)}


def _bring_together(
    connection: Connection,
    book: Casebook,
    area: int,
    reached: Mapping[Kind, frozenset[int]],
    fresh: Mapping[int, Kind],
    plans: Plans,
    now: datetime,
) -> tuple[int, set[int], set[int]] | None:
    """Open the case of `area`, or let homes join it: its id, who has joined, and who belongs to it of all.

    `reached` are the homes of each trouble that is the area's by now, `fresh` what is new in its homes. None:
    there is no case, and no reason for one.
    """
    homes = {home for those in reached.values() for home in those}
    storm_id = book.open_for(storms.subject_of(area))
    if storm_id is None:
        if not reached:
            return None
        return _open(connection, area, reached, homes, plans, now), homes, homes
    for kind in reached:
        _add_kind(book, storm_id, kind, plans, now)
    known = {alarm.kind for alarm in book.alarms(storm_id)}
    homes |= {home for home, kind in fresh.items() if storms.belongs(kind, known)}
    # A home that is in it for another trouble, and now calls for help, joins anew: so it is counted once.
    crying = {home for home in homes if fresh.get(home) in CRIES}
    joined = rows.join(connection, storm_id, homes - crying, now)
    joined |= rows.join(connection, storm_id, crying, now, anew=True)
    if joined:
        book.note(storm_id, now, _joined(connection, joined))
    return storm_id, joined, homes


def _say_so(book: Casebook, storm_id: int, homes: Collection[int], now: datetime) -> None:
    """Write it on each home's timeline, too: that is what consoles look at."""
    subjects = {f"household:{home}" for home in homes}
    book.load_free(subjects)
    for subject in sorted(subjects):
        if (one := book.open_for(subject)) is not None:
            text = f"属于网格事件{storm_id} part of the case of its area"
            book.note(one, now, Fact(Entry.NOTE, text, detail={"area_case": storm_id}))


def _open(
    connection: Connection,
    area: int,
    kinds: Mapping[Kind, Collection[int]],
    homes: Collection[int],
    plans: Plans,
    now: datetime,
) -> int:
    """Open the case of `area`, and return its id. The store refuses a second one."""
    first, *others = sorted(kinds, key=lambda kind: (-storms.severity_of(kind), -len(kinds[kind]), kind))
    plan = plans.for_area(first)
    assert plan is not None, "only what has a plan for areas is gathered"
    book = Casebook(connection)
    new = book.open(
        subject=storms.subject_of(area),
        household_id=None,
        kind=first,
        severity=storms.severity_of(first),
        plan=plan,
        now=now,
    )
    for kind in (first, *others):
        book.raise_alarm(new, kind, storms.severity_of(kind), "", now)
    words = "、".join(KIND_WORD[kind][0] for kind in (first, *others))
    text = f"本区域多户同时{words} in many homes of the area at once"
    opened = begins(Fact(Entry.OPENED, text, detail={"kind": first.value}), storms.severity_of(first))
    book.note(new, now, opened, _joined(connection, homes))
    book.write()
    rows.join(connection, book.stored_ids[new], homes, now)
    return book.stored_ids[new]


def _add_kind(book: Casebook, storm_id: int, kind: Kind, plans: Plans, now: datetime) -> None:
    """The homes have one more trouble in common; when it is worse than the others, all begins again."""
    if any(alarm.kind is kind for alarm in book.alarms(storm_id)):
        return
    severity, before = storms.severity_of(kind), book.incident(storm_id).severity
    book.raise_alarm(storm_id, kind, severity, "", now)
    text = f"本区域又有多户{KIND_WORD[kind][0]} in many homes of the area, too"
    fact = Fact(Entry.SIGNAL, text, detail={"kind": kind.value})
    plan = plans.for_area(kind)
    is_turn = severity > before and plan is not None
    book.note(storm_id, now, begins(fact, severity) if is_turn else fact)
    if is_turn and plan is not None:
        book.change(storm_id, kind=kind, severity=severity)
        book.restart(storm_id, plan, now)


def _joined(connection: Connection, homes: Collection[int]) -> Fact:
    ids = sorted(homes)
    known = register.homes(connection, ids[:MOST_DOORS])
    doors = "、".join(door_of(known[home]) for home in ids[:MOST_DOORS] if home in known)
    more = "等" if len(ids) > MOST_DOORS else ""
    return Fact(Entry.NOTE, f"{len(ids)}户并入:{doors}{more} joined", detail={"households": ids})
