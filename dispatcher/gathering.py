"""When the homes of one cell have the same trouble, it becomes one case of the cell (`storms` says when)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection

from community.storage import register
from devices.signal import Kind
from dispatcher import storms
from dispatcher.model import Entry, Fact
from dispatcher.storage import storms as rows
from dispatcher.storage.casebook import Casebook
from dispatcher.wording import KIND_WORD, door_of


def gather(connection: Connection, book: Casebook, due: Iterable[int], now: datetime) -> None:
    """Open the cases of cells whose trouble has begun, and let more homes belong to those that are open.

    Asks nothing of the store unless `due`, loaded in `book`, holds a case that nobody has looked at yet and
    that could be part of an area's trouble: a press costs nothing here.
    """
    fresh: dict[int, Kind] = {}
    for incident_id in due:
        one = book.incident(incident_id)
        is_new = one.due_at == one.opened_at  # the first look moves it
        if is_new and one.household_id is not None and one.kind in storms.WATCHED:
            fresh[one.household_id] = one.kind
    if not fresh:
        return
    troubles = rows.troubles(connection, fresh)
    begun = storms.gathering(troubles, now)
    cell_of = {trouble.household_id: trouble.cell_id for trouble in troubles}
    cells = {cell_of[home] for home in fresh if home in cell_of}
    book.load_subjects({storms.subject_of(cell) for cell in cells})
    for cell in sorted(cells):
        storm_id = book.open_for(storms.subject_of(cell))
        reached = begun.get(cell, {})
        homes = {home for those in reached.values() for home in those}
        if storm_id is None:
            if reached:
                storm_id = _open(connection, cell, reached, homes, now)
                _say_so(book, storm_id, homes, now)
            continue
        for kind in reached:
            _add_kind(book, storm_id, kind, now)
        known = {alarm.kind for alarm in book.alarms(storm_id)}
        homes |= {
            home for home, kind in fresh.items() if cell_of.get(home) == cell and storms.belongs(kind, known)
        }
        joined = rows.join(connection, storm_id, homes, now)
        if joined:
            book.note(storm_id, now, _joined(connection, joined))
        # Also those whom another dispatcher has let in while they were ours, and could not tell.
        _say_so(book, storm_id, joined | (homes & fresh.keys()), now)


def _say_so(book: Casebook, storm_id: int, homes: Collection[int], now: datetime) -> None:
    """Write it on each home's timeline, too: that is what consoles look at."""
    subjects = {f"household:{home}" for home in homes}
    book.load_free(subjects)
    for subject in sorted(subjects):
        if (one := book.open_for(subject)) is not None:
            text = f"属于网格事件{storm_id} part of the case of its area"
            book.note(one, now, Fact(Entry.NOTE, text, detail={"area_case": storm_id}))


def _open(
    connection: Connection, cell: int, kinds: Collection[Kind], homes: Collection[int], now: datetime
) -> int:
    """Open the case of `cell`, and return its id. The store refuses a second one."""
    first, *others = sorted(kinds, key=lambda kind: (-storms.severity_of(kind), kind))
    book = Casebook(connection)
    new = book.open(
        subject=storms.subject_of(cell),
        household_id=None,
        kind=first,
        severity=storms.severity_of(first),
        plan=storms.PLAN,
        now=now,
    )
    for kind in (first, *others):
        book.raise_alarm(new, kind, storms.severity_of(kind), "", now)
    words = "、".join(KIND_WORD[kind][0] for kind in (first, *others))
    text = f"本网格多户同时{words} in many homes of the cell at once"
    book.note(new, now, Fact(Entry.OPENED, text, detail={"kind": first.value}), _joined(connection, homes))
    book.write()
    rows.join(connection, book.stored_ids[new], homes, now)
    return book.stored_ids[new]


def _add_kind(book: Casebook, storm_id: int, kind: Kind, now: datetime) -> None:
    """The homes have one more trouble in common; when it is worse than the others, all begins again."""
    if any(alarm.kind is kind for alarm in book.alarms(storm_id)):
        return
    severity, before = storms.severity_of(kind), book.incident(storm_id).severity
    book.raise_alarm(storm_id, kind, severity, "", now)
    text = f"本网格又有多户{KIND_WORD[kind][0]} in many homes of the cell, too"
    book.note(storm_id, now, Fact(Entry.SIGNAL, text, detail={"kind": kind.value}))
    if severity > before:
        book.change(storm_id, kind=kind, severity=severity)
        book.restart(storm_id, storms.PLAN, now)


def _joined(connection: Connection, homes: Collection[int]) -> Fact:
    known = register.homes(connection, homes)
    ids: Sequence[int] = sorted(homes)
    doors = "、".join(door_of(known[home]) for home in ids if home in known)
    return Fact(Entry.NOTE, f"{len(ids)}户并入:{doors} joined", detail={"households": list(ids)})
