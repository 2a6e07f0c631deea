"""From signals to incidents: what arrived is stored, judged and joined to a case in one transaction.

The caller acknowledges to the device and to the broker only after that transaction has committed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from community.errors import Invalid
from community.model import Device
from community.storage import Store, register
from devices.signal import Clock, Kind, LevelKey, Reading, Role, Signal, State, Ticket
from dispatcher.model import Entry, Fact, Incident, Severity, Stage, begins
from dispatcher.news import SAME_CRY
from dispatcher.plans import Plans
from dispatcher.storage import probes, supervised, watches
from dispatcher.storage import signals as rows
from dispatcher.storage.casebook import Casebook
from dispatcher.triage import SEVERITY, AskCancel, Clear, Echo, Look, Raise, Record, Verdict, judge
from dispatcher.wording import KIND_WORD


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a group of readings."""

    new_signals: int
    opened: tuple[int, ...]  # incidents opened by this group
    touched: bool  # whether any incident changed: worth ringing the bell
    levels_at: int = 0  # the revision of the levels that this group changed; 0 when it changed none


def take(connection: Connection, readings: Sequence[Reading], plans: Plans, now: datetime) -> Taken:
    """Store everything `readings` say and bring it into the open incidents. Harmless to repeat."""
    said = [signal for reading in readings for signal in reading.signals]
    new = rows.keep(connection, said)
    fresh = _first_of_each(signal for signal in said if signal.unique_key in new)
    tickets = [ticket for reading in readings for ticket in reading.tickets]
    changed: dict[LevelKey, str] = {}
    for reading in readings:
        changed.update(reading.levels)
    rows.keep_levels(connection, changed)
    levels_at = register.levels_changed(connection) if changed else 0

    judged = [(signal, judge(signal)) for signal in fresh]
    tickets += _all_to_look_at(connection, judged)
    rows.keep_tickets(connection, tickets)
    echoes = [signal.unique_key for signal, verdict in judged if isinstance(verdict, Echo)]
    probes.stored(connection, echoes, now)
    matters: list[tuple[Signal, Verdict]] = [
        (signal, verdict) for signal, verdict in judged if not isinstance(verdict, Look | Record | Echo)
    ]
    matters += [pair for reading in readings for pair in _unreadable(reading)]
    if not matters:
        return Taken(len(new), (), touched=bool(tickets or echoes), levels_at=levels_at)

    devices = register.devices_by_key(connection, {signal.device_key for signal, _ in matters})
    matters = [(s, v) for s, v in matters if s.kind is not Kind.UNREADABLE or _calls_people(devices, s)]
    matters = [(s, v) for s, v in matters if not (isinstance(v, Raise) and _is_bed(devices, s))]
    away = {
        devices[signal.device_key].id: signal.state is State.ACTIVE
        for signal, _ in matters
        if signal.kind is Kind.OFFLINE and signal.device_key in devices
    }
    supervised.announced(connection, away, now)
    book = Casebook(connection)
    book.load_subjects({_subject(devices, signal.device_key) for signal, _ in matters})
    for signal, verdict in matters:
        _apply(book, devices, signal, verdict, plans, now)
    book.write()
    return Taken(len(new), tuple(book.stored_ids.values()), touched=True, levels_at=levels_at)


def report(
    store: Store,
    household_id: int,
    kind: Kind,
    text: str,
    actor: str,
    plans: Plans,
    now: datetime,
) -> Incident:
    """A person (the hotline, a worker) says that there is trouble in a household; returns its incident.

    `actor` is `account:<id>`. NotFound: there is no such household. Invalid: `kind` is no trouble.
    """
    if kind not in SEVERITY:
        raise Invalid("not_a_trouble", f"{kind} is no trouble: choose one of {', '.join(sorted(SEVERITY))}")
    fact = Fact(Entry.SIGNAL, text or KIND_WORD[kind][0], actor=actor, detail={"kind": kind.value})
    try:
        return _report(store, household_id, kind, actor, fact, plans, now)
    except IntegrityError:  # a device or a colleague has opened the case at this very moment: join it
        return _report(store, household_id, kind, actor, fact, plans, now)


def _report(
    store: Store, household_id: int, kind: Kind, actor: str, fact: Fact, plans: Plans, now: datetime
) -> Incident:
    with store.write() as connection:
        register.household_by_id(connection, household_id)
        incident_id = bring(connection, household_id, kind, actor, fact, plans, now)
        book = Casebook(connection)
        book.load_ids([incident_id])
        return book.incident(incident_id)


def bring(
    connection: Connection,
    household_id: int | None,
    kind: Kind,
    source: str,
    fact: Fact,
    plans: Plans,
    now: datetime,
    *,
    severity: Severity | None = None,
    subject: str = "",
) -> int:
    """Bring trouble of which no device has spoken into the open incident of a home; returns its id.

    `severity` is the kind's own if not given. What is no home's trouble has a `subject` of its own.
    """
    book = Casebook(connection)
    subject = subject or f"household:{household_id}"
    book.load_subjects({subject})
    how_bad = SEVERITY[kind] if severity is None else severity
    incident_id = _join(book, subject, household_id, kind, how_bad, source, fact, plans, now)
    book.write()
    return book.stored_ids.get(incident_id, incident_id)


def ease(
    connection: Connection, subject: str, kind: Kind, text: str, actor: str, now: datetime, *, is_over: bool
) -> None:
    """Note in the open incident of `subject` that trouble of `kind` eases or is over; only a human closes."""
    book = Casebook(connection)
    book.load_subjects({subject})
    incident_id = book.open_for(subject)
    if incident_id is None or all(alarm.kind is not kind for alarm in book.alarms(incident_id)):
        return
    is_cleared = is_over and book.clear_alarm(incident_id, kind, now)
    book.note(incident_id, now, Fact(Entry.CLEARED if is_cleared else Entry.NOTE, text, actor=actor))
    book.write()


def _first_of_each(signals: Iterable[Signal]) -> list[Signal]:
    once: dict[str, Signal] = {}
    for signal in signals:
        once.setdefault(signal.unique_key, signal)
    return list(once.values())


def _all_to_look_at(connection: Connection, judged: Sequence[tuple[Signal, Verdict]]) -> list[Ticket]:
    """Tickets for what a human must look at; "I am well", said as was agreed, is kept and asks nobody."""
    looks = [(signal, verdict) for signal, verdict in judged if isinstance(verdict, Look)]
    pressed = {s.device_key: s.received_at for s, _ in looks if s.kind is Kind.REQUEST}
    greeted = watches.greetings(connection, pressed) if pressed else set()
    return [
        _to_look_at(signal, verdict)
        for signal, verdict in looks
        if signal.kind is not Kind.REQUEST or signal.device_key not in greeted
    ]


def _to_look_at(signal: Signal, verdict: Look) -> Ticket:
    reason = f"{KIND_WORD[signal.kind][0]}:{verdict.why}"
    return Ticket(reason, signal.topic, signal.payload, signal.received_at, signal.device_key)


def _unreadable(reading: Reading) -> list[tuple[Signal, Verdict]]:
    """A ticket from a known sender may have been a cry for help: it is judged like a signal."""
    return [
        (
            Signal(ticket.device_key, Kind.UNREADABLE, "", ticket.received_at, text=ticket.reason),
            Raise(SEVERITY[Kind.UNREADABLE], ticket.reason),
        )
        for ticket in reading.tickets
        if ticket.device_key
    ]


def _calls_people(devices: Mapping[str, Device], signal: Signal) -> bool:
    device = devices.get(signal.device_key)
    return device is not None and device.role.calls_people


def _is_bed(devices: Mapping[str, Device], signal: Signal) -> bool:
    """Whether a bed only says that nobody lies in it: that is no alarm before its time is up (`absence`)."""
    device = devices.get(signal.device_key)
    return signal.kind is Kind.BED_EXIT and device is not None and device.role is Role.BED_SENSOR


def _subject(devices: Mapping[str, Device], device_key: str) -> str:
    device = devices.get(device_key)
    if device is None or device.household_id is None:
        return f"device:{device_key}"
    return f"household:{device.household_id}"


def _apply(
    book: Casebook,
    devices: Mapping[str, Device],
    signal: Signal,
    verdict: Verdict,
    plans: Plans,
    now: datetime,
) -> None:
    subject = _subject(devices, signal.device_key)
    device = devices.get(signal.device_key)
    actor = f"device:{signal.device_key}"
    word = KIND_WORD[signal.kind][0]
    incident_id = book.open_for(subject)
    match verdict:
        case Raise(severity=severity):
            label = f"{word} · {device.label}" if device is not None and device.label else word
            said = " ".join(part for part in (signal.text, _doubt(signal)) if part)
            fact = Fact(
                Entry.SIGNAL,
                f"{label}:{said}" if said else label,
                actor=actor,
                detail={"kind": signal.kind.value, "received_at": signal.received_at.isoformat()},
            )
            household_id = device.household_id if device is not None else None
            _join(book, subject, household_id, signal.kind, severity, signal.device_key, fact, plans, now)
        case Clear() if incident_id is not None:
            if book.clear_alarm(incident_id, signal.kind, now):
                book.note(
                    incident_id, now, Fact(Entry.CLEARED, f"{word}:设备报告已恢复 cleared", actor=actor)
                )
        case AskCancel() if incident_id is not None:
            book.note(
                incident_id,
                now,
                Fact(
                    Entry.CANCEL_ASKED, "老人按了取消,仍需核实 cancelled at home: still to check", actor=actor
                ),
            )
        case _:
            pass  # the end of something that was never open here


def _doubt(signal: Signal) -> str:
    """What to know of a device's clock before it is taken for evidence; nothing where it agrees with ours."""
    match signal.clock:
        case Clock.SKEWED if signal.device_time is not None:
            return f"(设备时钟 its clock says {signal.device_time.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z)"
        case Clock.UNSYNCED:
            return "(设备时钟未校准 its clock was never set)"
    return ""


def _join(
    book: Casebook,
    subject: str,
    household_id: int | None,
    kind: Kind,
    severity: Severity,
    source: str,
    fact: Fact,
    plans: Plans,
    now: datetime,
) -> int:
    """Bring trouble into the open incident of `subject`, opening one if there is none."""
    incident_id = book.open_for(subject)
    if incident_id is None:
        incident_id = book.open(
            subject=subject,
            household_id=household_id,
            kind=kind,
            severity=severity,
            plan=plans.of(kind, severity),
            now=now,
        )
        book.raise_alarm(incident_id, kind, severity, source, now)
        opened = Fact(Entry.OPENED, KIND_WORD[kind][0], detail={"kind": kind.value})
        book.note(incident_id, now, begins(opened, severity), fact)
        return incident_id
    before = [alarm for alarm in book.alarms(incident_id) if alarm.kind is kind]
    is_new = all(alarm.cleared_at is not None and abs(now - alarm.last_at) >= SAME_CRY for alarm in before)
    book.raise_alarm(incident_id, kind, severity, source, now)
    current = book.incident(incident_id)
    is_turn = severity > current.severity or (is_new and severity is Severity.EMERGENCY)
    book.note(incident_id, now, begins(fact, severity) if is_turn else fact)
    if is_turn:
        # Worse, or another cry for help: everybody is told again, also when somebody is on the way already.
        book.change(incident_id, kind=kind, severity=severity)
        book.restart(incident_id, plans.of(kind, severity), now)
    elif severity > Severity.TROUBLE and current.stage in (Stage.COVERED, Stage.ON_SCENE):
        book.change(incident_id, due_at=now)  # the ladder rests: whoever is on the way must hear of it
    return incident_id
