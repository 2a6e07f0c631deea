"""The incidents that one transaction works on: locked and loaded once, changed as values, written back once.

Every change of an incident goes through here, so every change is on its timeline, and the timeline's chain of
digests cannot be forgotten. On PostgreSQL the rows are locked for the transaction; SQLite has one writer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    literal_column,
    or_,
    select,
    union_all,
    update,
)

from community.model import ResponderKind
from community.storage.prepared import Changes, Query, Rows
from community.storage.tables import alarm, incident, message, offer, reply, responder, timeline
from devices.signal import Kind
from dispatcher import exercise
from dispatcher.chain import link
from dispatcher.model import (
    DEFINITE,
    LOST,
    OPEN_OFFERS,
    TOO_FAR,
    Alarm,
    Candidate,
    CloseCode,
    Draft,
    Entry,
    Fact,
    Incident,
    Lane,
    Meaning,
    Message,
    MessageState,
    Offer,
    OfferState,
    Plan,
    Purpose,
    Recipient,
    Severity,
    Stage,
    TimelineEntry,
    Told,
)
from dispatcher.plans import freeze, thaw
from dispatcher.storage import answers
from dispatcher.storage.questions import tell_apart

_WORKERS = 8  # that find enough to do at once; one more waits for the next look

# Due by its time, or written before the clock was set back.
_DUE = (incident.c.due_at <= bindparam("now"), incident.c.due_at > bindparam("too_far"))
# Whose plan has told nobody yet comes before all whose plan only goes on, however many those are.
_UNTOLD = incident.c.rung == incident.c.ladder_rung


def _due_first() -> Select[Any]:
    """The ids of the first `most` due of each severity: a few steps in an index, however many are open.

    Asked for all at once, PostgreSQL believes that a third of the cases are due, and reads every one.
    """
    found = (
        select(incident.c.id)
        .where(incident.c.severity == literal_column(str(int(severity))), incident.c.due_at.is_not(None), due)
        .order_by(incident.c.due_at)
        .limit(bindparam("most"))
        .subquery()
        for severity in Severity
        for due in (*_DUE, and_(_UNTOLD, _DUE[0]))
    )
    return select(union_all(*(select(one.c.id) for one in found)).subquery().c.id)


_ANY_DUE = Query(lambda _: _due_first().limit(1))


def _in_order(of: Select[Any]) -> Select[Any]:
    """The `limit` most urgent of those that are due."""
    due = of.where(incident.c.id.in_(_due_first()))
    order = (incident.c.severity.desc(), ~_UNTOLD, incident.c.due_at, incident.c.id)
    return due.order_by(*order).limit(bindparam("limit"))


_DUE_IDS = Query(lambda _: _in_order(select(incident.c.id)))
_TAKE_DUE = Query(lambda _: _in_order(select(incident)).with_for_update(skip_locked=True))
_TAKE_SUBJECTS = Query(
    lambda among: (
        select(incident)
        .where(among(incident.c.subject, "subjects"), incident.c.closed_at.is_(None))
        .order_by(incident.c.id)
        .with_for_update()
    )
)
_TAKE_FREE = Query(
    lambda among: (
        select(incident)
        .where(among(incident.c.subject, "subjects"), incident.c.closed_at.is_(None))
        .order_by(incident.c.id)
        .with_for_update(skip_locked=True)
    )
)
_TAKE_IDS = Query(
    lambda among: (
        select(incident).where(among(incident.c.id, "ids")).order_by(incident.c.id).with_for_update()
    )
)
_ALARMS_OF = Query(
    lambda among: select(alarm).where(among(alarm.c.incident_id, "ids"), alarm.c.ended_at.is_(None))
)
_CHANGING = (
    *("kind", "severity", "stage", "due_at", "rung", "ladder_rung", "ladder_at", "version", "digest"),
    *("claimed_by", "claimed_at", "lease_until", "covered_at", "on_scene_at", "closed_at", "close_code"),
    "close_note",
)
_INCIDENTS = Rows(incident, "subject", "household_id", "opened_at", "plan", *_CHANGING)
_INCIDENT_CHANGES = Changes(incident, *_CHANGING)
_INCIDENT_PLANS = Changes(incident, "plan")  # longer than all the rest, and seldom another one
_INCIDENT_HEADS = Changes(incident, "version", "digest")
_ALARMS = Rows(
    alarm,
    *(
        "incident_id",
        "subject",
        "kind",
        "severity",
        "device_key",
        "raised_at",
        "last_at",
        "times",
        "cleared_at",
    ),
)
_ALARM_CHANGES = Changes(alarm, "last_at", "times", "cleared_at")
_OFFERS = Rows(
    offer, "incident_id", "responder_id", "state", "why", "distance_m", "eta_min", "asked_at", "expires_at"
)
_MESSAGES = Rows(
    message,
    *("key", "incident_id", "who", "name", "phone", "purpose", "rung", "body", "channel", "lane", "state"),
    *("attempts", "created_at", "due_at", "lease_until", "worker", "variables", "is_call"),
)
_ENTRIES = Rows(timeline, "incident_id", "seq", "at", "entry", "actor", "text", "detail", "digest")


def _is_due(due_at: datetime | None, now: datetime) -> bool:
    """Said again of a row that is locked: another worker may have moved it since it was found."""
    return due_at is not None and (due_at <= now or due_at > now + TOO_FAR)


def _moments(now: datetime) -> dict[str, datetime]:
    return {"now": now, "too_far": now + TOO_FAR}


def is_anything_due(connection: Connection, now: datetime) -> bool:
    """Whether any open incident is due at `now`; a cheap look, without a lock."""
    return bool(_ANY_DUE.rows(connection, **_moments(now), most=1))


@dataclass(slots=True)
class _Open:
    """One incident in the making or in the changing."""

    id: int
    made: Incident | None  # None until somebody asks: who only notes something needs no more than the head
    row: Any
    changes: dict[str, Any] = field(init=False, default_factory=dict)  # not in `made` until somebody asks
    plan: str  # frozen; thawed when asked for, so that a broken one harms nobody who does not need it
    head: str  # digest of its last timeline entry
    version: int  # of its last timeline entry: runs ahead of `incident.version` until somebody asks
    new: bool = False
    changed: bool = False
    replanned: bool = False
    moved: bool = False  # to another stage: the devices at home are told
    alarms: list[Alarm] = field(default_factory=list)
    entries: list[dict[str, Any]] = field(default_factory=list)

    @property
    def before(self) -> Incident:
        """As it was before `changes`."""
        if self.made is None:
            self.made = incident_from(self.row)
        return self.made

    @property
    def incident(self) -> Incident:
        made = self.before
        if self.changes or made.version != self.version:
            self.made = made = replace(made, version=self.version, **self.changes)
            self.changes = {}
        return made


class Casebook:
    """One transaction's incidents. Ids of incidents that are not stored yet are negative until `write`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._open: dict[int, _Open] = {}
        self._open_for: dict[str, int] = {}
        self._alarms_new: list[dict[str, Any]] = []
        self._alarms_changed: dict[int, dict[str, Any]] = {}  # the last change of each: one row, one update
        self._offers_new: list[dict[str, Any]] = []
        self._messages_new: list[dict[str, Any]] = []
        self._drafts: list[Draft] = []  # of these messages
        self._together: set[str] = set()  # keys of messages that leave with others
        self.stored_ids: dict[int, int] = {}  # negative id → stored id, after `write`

    # ---- loading ----

    def load_subjects(self, subjects: Collection[str]) -> None:
        """Lock and load the open incidents of `subjects`, with their alarms."""
        if subjects:
            for row in _TAKE_SUBJECTS.rows(self._connection, subjects=sorted(subjects)):
                self._add(row)
            self._load_alarms()

    def load_free(self, subjects: Collection[str]) -> None:
        """Lock and load the open incidents of `subjects`, but those another worker holds: without alarms."""
        wanted = sorted(set(subjects) - self._open_for.keys())
        if wanted:
            for row in _TAKE_FREE.rows(self._connection, subjects=wanted):
                self._add(row)

    def load_ids(self, ids: Collection[int]) -> None:
        """Lock and load the incidents `ids`, open or closed."""
        if ids:
            for row in _TAKE_IDS.rows(self._connection, ids=sorted(ids)):
                self._add(row)

    def load_due(self, now: datetime, limit: int) -> list[int]:
        """Lock and load open incidents that are due, most urgent first, but those another worker holds.

        One that is due too far ahead was written before the clock was set back: it is due now.
        """
        # More than are wanted: the first ones may be another worker's.
        rows = _TAKE_DUE.rows(self._connection, **_moments(now), most=limit * _WORKERS, limit=limit)
        return [self._add(row) for row in rows if _is_due(row.due_at, now)]

    def due_ids(self, now: datetime, limit: int) -> list[int]:
        """The ids of the first incidents that are due, most urgent first, unlocked."""
        return [row.id for row in _DUE_IDS.rows(self._connection, **_moments(now), most=limit, limit=limit)]

    def is_due(self, incident_id: int, now: datetime) -> bool:
        """Whether a loaded incident is (still) due."""
        return _is_due(self._open[incident_id].incident.due_at, now)

    def _add(self, row: Any) -> int:
        id: int = row.id
        self._open[id] = _Open(id, None, row, row.plan, row.digest, row.version)
        if row.closed_at is None:
            self._open_for[row.subject] = id
        return id

    def _load_alarms(self) -> None:
        if not self._open:
            return
        for row in _ALARMS_OF.rows(self._connection, ids=list(self._open)):
            self._open[row.incident_id].alarms.append(alarm_from(row))

    # ---- looking ----

    def __contains__(self, incident_id: int) -> bool:
        return incident_id in self._open

    def incident(self, incident_id: int) -> Incident:
        """The incident as it stands in this book; a number from `open` works also after `write`."""
        return self._open[incident_id].incident

    def plan(self, incident_id: int) -> Plan:
        return thaw(self._open[incident_id].plan)

    def alarms(self, incident_id: int) -> tuple[Alarm, ...]:
        return tuple(self._open[incident_id].alarms)

    def open_for(self, subject: str) -> int | None:
        """The id of the open incident of `subject` in this book."""
        return self._open_for.get(subject)

    # ---- changing ----

    def open(
        self,
        *,
        subject: str,
        household_id: int | None,
        kind: Kind,
        severity: Severity,
        plan: Plan,
        now: datetime,
    ) -> int:
        """Open an incident that is due at once; the number is its id until `write`."""
        temporary = -1 - len(self._open)
        self._open[temporary] = _Open(
            temporary,
            Incident(
                id=temporary,
                subject=subject,
                household_id=household_id,
                kind=kind,
                severity=severity,
                stage=Stage.RAISED,
                opened_at=now,
                due_at=now,
                rung=0,
                ladder_rung=0,
                ladder_at=now,
                version=0,
            ),
            row=None,
            plan=freeze(plan),
            head="",
            version=0,
            new=True,
        )
        self._open_for[subject] = temporary
        return temporary

    def change(self, incident_id: int, **values: Any) -> None:
        """Replace fields of an incident."""
        entry = self._open[incident_id]
        if "stage" in values:
            entry.moved |= values["stage"] is not entry.changes.get("stage", entry.before.stage)
        entry.changes.update(values)
        entry.changed = True

    def restart(self, incident_id: int, plan: Plan, now: datetime) -> None:
        """Begin the ladder again, on `plan`, at once."""
        entry = self._open[incident_id]
        entry.plan = freeze(plan)
        entry.replanned = True
        due_at = min(entry.incident.due_at or now, now)
        self.change(incident_id, ladder_rung=entry.incident.rung, ladder_at=now, due_at=due_at)

    def note(self, incident_id: int, at: datetime, *facts: Fact) -> None:
        """Append to the timeline."""
        entry = self._open[incident_id]
        for fact in facts:
            entry.version = seq = entry.version + 1
            entry.head = link(entry.head, seq, at, fact)
            entry.entries.append(
                {
                    "incident_id": incident_id,
                    "seq": seq,
                    "at": at,
                    "entry": fact.entry.value,
                    "actor": fact.actor,
                    "text": fact.text,
                    "detail": dict(fact.detail),
                    "digest": entry.head,
                }
            )

    def raise_alarm(
        self, incident_id: int, kind: Kind, severity: Severity, device_key: str, now: datetime
    ) -> bool:
        """Add `kind` to the incident, or count it again; True when it is new to the case."""
        entry = self._open[incident_id]
        for index, known in enumerate(entry.alarms):
            if known.kind is kind and known.cleared_at is None:
                entry.alarms[index] = again = replace(known, last_at=now, times=known.times + 1)
                if again.id:
                    self._alarms_changed[again.id] = _alarm_change(again)
                else:
                    self._pending_alarm(incident_id, kind).update(last_at=now, times=again.times)
                return False
        entry.alarms.append(Alarm(0, incident_id, kind, severity, now, now, 1, device_key))
        self._alarms_new.append(
            {
                "incident_id": incident_id,
                "subject": entry.incident.subject,
                "kind": kind.value,
                "severity": int(severity),
                "device_key": device_key,
                "raised_at": now,
                "last_at": now,
                "times": 1,
                "cleared_at": None,
            }
        )
        return True

    def clear_alarm(self, incident_id: int, kind: Kind, now: datetime) -> bool:
        """Mark what the device says is over; False when there was no such alarm."""
        entry = self._open[incident_id]
        for index, known in enumerate(entry.alarms):
            if known.kind is kind and known.cleared_at is None:
                entry.alarms[index] = over = replace(known, cleared_at=now)
                if over.id:
                    self._alarms_changed[over.id] = _alarm_change(over)
                else:
                    self._pending_alarm(incident_id, kind).update(cleared_at=now)
                return True
        return False

    def _pending_alarm(self, incident_id: int, kind: Kind) -> dict[str, Any]:
        return next(
            row
            for row in reversed(self._alarms_new)
            if row["incident_id"] == incident_id and row["kind"] == kind.value
        )

    def make_offer(
        self, incident_id: int, candidate: Candidate, asked_at: datetime, expires_at: datetime
    ) -> None:
        self._offers_new.append(
            {
                "incident_id": incident_id,
                "responder_id": candidate.responder.id,
                "state": OfferState.ASKED.value,
                "why": candidate.why,
                "distance_m": candidate.distance_m,
                "eta_min": candidate.eta_min,
                "asked_at": asked_at,
                "expires_at": expires_at,
            }
        )

    def say(self, incident_id: int, draft: Draft, now: datetime, together_at: datetime | None = None) -> None:
        """Put a message into the outbox; that of a drill says so, whoever wrote it.

        With `together_at` it leaves then, with others to its person.
        """
        if exercise.household_of(self._open[incident_id].incident.subject) is not None:
            draft = exercise.marked(draft)
        if together_at is not None:
            self._together.add(draft.key)
        self._drafts.append(draft)
        self._messages_new.append(
            {
                "key": draft.key,
                "incident_id": incident_id,
                "who": draft.to.who,
                "name": draft.to.name,
                "phone": draft.to.phone,
                "purpose": draft.purpose.value,
                "rung": draft.rung,
                "body": draft.body,
                "channel": "",
                "lane": int(draft.lane),
                "is_call": draft.is_call,
                "state": MessageState.QUEUED.value,
                "attempts": 0,
                "created_at": now,
                "due_at": together_at or now,
                "lease_until": None,
                "worker": "",
                "variables": dict(draft.variables),
            }
        )

    # ---- writing ----

    def write(self, *, lease: tuple[str, datetime] | None = None, lease_most: int = 0) -> list[Message]:
        """Write everything back, in a few statements however many incidents there are.

        With `lease` (worker, until) the first `lease_most` new messages that are urgent are born as taken by
        that worker and returned: its courier need not look for them again. The others wait for their turn.
        """
        self._write_incidents()
        for rows in (self._alarms_new, self._offers_new, self._messages_new):
            for row in rows:
                row["incident_id"] = self.stored_ids.get(row["incident_id"], row["incident_id"])
        if self._alarms_changed:  # first: one that was cleared makes room for one of the same kind
            _ALARM_CHANGES.run(self._connection, list(self._alarms_changed.values()))
        if self._alarms_new:
            _ALARMS.insert(self._connection, self._alarms_new)
        if self._offers_new:
            _OFFERS.insert(self._connection, self._offers_new)
        moved = [entry.id for entry in self._open.values() if entry.moved and not entry.new]
        if moved:
            answers.tell(self._connection, {id: self._open[id].version for id in moved})
        return self._write_messages(lease, lease_most)

    def _write_incidents(self) -> None:
        new = [entry for entry in self._open.values() if entry.new]
        if new:
            ids = _INCIDENTS.insert_for_ids(self._connection, [_new_row(entry) for entry in new])
            for entry, stored in zip(new, ids, strict=True):
                self.stored_ids[entry.id] = stored
                entry.changes["id"] = stored
        known = [entry for entry in self._open.values() if not entry.new]
        changed = [_incident_row(entry) for entry in known if entry.changed]
        if changed:
            _INCIDENT_CHANGES.run(self._connection, changed)
        replanned = [{"id": entry.id, "plan": entry.plan} for entry in known if entry.replanned]
        if replanned:
            _INCIDENT_PLANS.run(self._connection, replanned)
        noted = [_head_row(entry) for entry in known if entry.entries and not entry.changed]
        if noted:
            _INCIDENT_HEADS.run(self._connection, noted)
        entries = [row for entry in self._open.values() for row in entry.entries]
        if entries:
            for row in entries:
                row["incident_id"] = self.stored_ids.get(row["incident_id"], row["incident_id"])
            _ENTRIES.insert(self._connection, entries)

    def _write_messages(self, lease: tuple[str, datetime] | None, most: int) -> list[Message]:
        rows = self._messages_new
        if not rows:
            return []
        taken: list[tuple[dict[str, Any], Draft]] = []
        if lease is not None and most > 0:
            worker, until = lease
            said = zip(rows, self._drafts, strict=True)
            urgent = [(row, d) for row, d in said if d.lane.is_urgent and d.key not in self._together]
            taken = sorted(urgent, key=lambda each: each[1].lane)[:most]
            for row, _ in taken:
                row.update(state=MessageState.SENDING.value, attempts=1, lease_until=until, worker=worker)
        tell_apart(self._connection, rows, rows[0]["created_at"])
        ids = _MESSAGES.insert_for_ids(self._connection, rows)
        for row, stored in zip(rows, ids, strict=True):
            row["id"] = stored
        return [_message_of(row, draft) for row, draft in taken]


# ---- rows to values ----

# A third of the time that calling the enumeration takes, for each of the cases of a storm.
_KINDS = {kind.value: kind for kind in Kind}
_SEVERITIES = {severity.value: severity for severity in Severity}
_STAGES = {stage.value: stage for stage in Stage}


def incident_from(row: Any) -> Incident:
    return Incident(
        id=row.id,
        subject=row.subject,
        household_id=row.household_id,
        kind=_KINDS[row.kind],
        severity=_SEVERITIES[row.severity],
        stage=_STAGES[row.stage],
        opened_at=row.opened_at,
        due_at=row.due_at,
        rung=row.rung,
        ladder_rung=row.ladder_rung,
        ladder_at=row.ladder_at,
        version=row.version,
        claimed_by=row.claimed_by,
        claimed_at=row.claimed_at,
        lease_until=row.lease_until,
        covered_at=row.covered_at,
        on_scene_at=row.on_scene_at,
        closed_at=row.closed_at,
        close_code=CloseCode(row.close_code) if row.close_code else None,
        close_note=row.close_note,
    )


def _new_row(entry: _Open) -> dict[str, Any]:
    i = entry.before
    return {
        **_incident_row(entry),
        "subject": i.subject,
        "household_id": i.household_id,
        "opened_at": i.opened_at,
        "plan": entry.plan,
    }


def _incident_row(entry: _Open) -> dict[str, Any]:
    i = entry.before
    row = {
        "id": i.id,
        "kind": i.kind.value,
        "severity": int(i.severity),
        "stage": i.stage.value,
        "due_at": i.due_at,
        "rung": i.rung,
        "ladder_rung": i.ladder_rung,
        "ladder_at": i.ladder_at,
        "version": entry.version,
        "digest": entry.head,
        "claimed_by": i.claimed_by,
        "claimed_at": i.claimed_at,
        "lease_until": i.lease_until,
        "covered_at": i.covered_at,
        "on_scene_at": i.on_scene_at,
        "closed_at": i.closed_at,
        "close_code": i.close_code.value if i.close_code else None,
        "close_note": i.close_note,
    }
    for name, value in entry.changes.items():
        row[name] = value.value if isinstance(value, Enum) else value
    return row


def _head_row(entry: _Open) -> dict[str, Any]:
    return {"id": entry.id, "version": entry.version, "digest": entry.head}


def alarm_from(row: Any) -> Alarm:
    return Alarm(
        id=row.id,
        incident_id=row.incident_id,
        kind=Kind(row.kind),
        severity=Severity(row.severity),
        raised_at=row.raised_at,
        last_at=row.last_at,
        times=row.times,
        device_key=row.device_key,
        cleared_at=row.cleared_at,
        ended_at=row.ended_at,
    )


def _alarm_change(changed: Alarm) -> dict[str, Any]:
    return {
        "id": changed.id,
        "last_at": changed.last_at,
        "times": changed.times,
        "cleared_at": changed.cleared_at,
    }


def offer_from(row: Row[Any]) -> Offer:
    return Offer(
        id=row.id,
        incident_id=row.incident_id,
        responder_id=row.responder_id,
        state=OfferState(row.state),
        why=row.why,
        asked_at=row.asked_at,
        expires_at=row.expires_at,
        distance_m=row.distance_m,
        eta_min=row.eta_min,
        eta_at=row.eta_at,
        changed_at=row.changed_at,
    )


def message_from(row: Row[Any]) -> Message:
    return message_from_mapping(row._mapping)


def message_from_mapping(row: Mapping[Any, Any]) -> Message:
    return Message(
        id=row["id"],
        key=row["key"],
        incident_id=row["incident_id"],
        to=Recipient(row["who"], row["name"], row["phone"]),
        purpose=Purpose(row["purpose"]),
        body=row["body"],
        channel=row["channel"],
        lane=Lane(row["lane"]),
        state=MessageState(row["state"]),
        attempts=row["attempts"],
        created_at=row["created_at"],
        due_at=row["due_at"],
        provider_id=row.get("provider_id") or "",
        error=row.get("error") or "",
        sent_at=row.get("sent_at"),
        delivered_at=row.get("delivered_at"),
        variables=row["variables"],
        refused=tuple((row.get("refused") or "").split()),
        is_call=row["is_call"],
    )


def _message_of(row: Mapping[str, Any], draft: Draft) -> Message:
    """The message that `draft` has become: its text may have got a code."""
    return Message(
        id=row["id"],
        key=draft.key,
        incident_id=row["incident_id"],
        to=draft.to,
        purpose=draft.purpose,
        body=row["body"],
        channel="",
        lane=draft.lane,
        state=MessageState(row["state"]),
        attempts=row["attempts"],
        created_at=row["created_at"],
        due_at=row["due_at"],
        variables=row["variables"],
        is_call=draft.is_call,
    )


def timeline_from(row: Row[Any]) -> TimelineEntry:
    return TimelineEntry(
        id=row.id,
        incident_id=row.incident_id,
        seq=row.seq,
        at=row.at,
        entry=Entry(row.entry),
        actor=row.actor,
        text=row.text,
        detail=row.detail,
        digest=row.digest,
    )


# ---- what a case needs beside the incident ----


def offers_of(connection: Connection, incident_ids: Iterable[int]) -> dict[int, tuple[Offer, ...]]:
    """Every offer of each incident, oldest first."""
    found: defaultdict[int, list[Offer]] = defaultdict(list)
    query = select(offer).where(offer.c.incident_id.in_(list(incident_ids))).order_by(offer.c.id)
    for row in connection.execute(query):
        found[row.incident_id].append(offer_from(row))
    return {incident_id: tuple(offers) for incident_id, offers in found.items()}


_RINGING = (MessageState.QUEUED.value, MessageState.SENDING.value, MessageState.SENT.value)


def told_of(connection: Connection, incident_ids: Iterable[int]) -> dict[int, tuple[Told, ...]]:
    """Who was told on which rung, in that order, and what their phone answered last.

    A call counts when it is known what became of it: until then, what is known of the text stands.
    """
    ids = list(incident_ids)
    answers: dict[tuple[int, str], tuple[Meaning, datetime]] = {}
    for incident_id, phone, meaning, received_at in connection.execute(
        select(reply.c.incident_id, reply.c.phone, reply.c.meaning, reply.c.received_at)
        .where(reply.c.incident_id.in_(ids), reply.c.meaning.in_([said.value for said in DEFINITE]))
        .order_by(reply.c.id)
    ):
        answers[incident_id, phone] = (Meaning(meaning), received_at)
    found: defaultdict[int, list[Told]] = defaultdict(list)
    lost = {state.value for state in LOST}
    for incident_id, who, phone, rung, state in connection.execute(
        select(message.c.incident_id, message.c.who, message.c.phone, message.c.rung, message.c.state)
        .where(
            message.c.incident_id.in_(ids),
            message.c.rung > 0,
            or_(message.c.is_call.is_(False), message.c.state.not_in(_RINGING)),
        )
        .order_by(message.c.id)
    ):
        answer, answered_at = answers.get((incident_id, phone), (None, None))
        found[incident_id].append(Told(who, rung, answer, state in lost, answered_at))
    return {incident_id: tuple(told) for incident_id, told in found.items()}


def end_alarms(connection: Connection, incident_id: int, now: datetime) -> None:
    connection.execute(
        update(alarm)
        .where(alarm.c.incident_id == incident_id, alarm.c.ended_at.is_(None))
        .values(ended_at=now)
    )


def set_offer(
    connection: Connection,
    offer_id: int,
    state: OfferState,
    now: datetime,
    *,
    only_from: Collection[OfferState] = OPEN_OFFERS,
    eta_at: datetime | None = None,
) -> bool:
    """Move an offer; False when it had left `only_from` already: somebody was quicker."""
    values: dict[str, Any] = {"state": state.value, "changed_at": now}
    if eta_at is not None:
        values["eta_at"] = eta_at
    return (
        connection.execute(
            update(offer)
            .where(offer.c.id == offer_id, offer.c.state.in_([s.value for s in only_from]))
            .values(**values)
        ).rowcount
        == 1
    )


def keep_offer_times(connection: Connection, offers: Collection[Offer]) -> None:
    """Write the times of `offers`, after a clock was set back."""
    if offers:
        connection.execute(
            update(offer).where(offer.c.id == bindparam("of_id")),
            [
                {
                    "of_id": o.id,
                    "asked_at": o.asked_at,
                    "expires_at": o.expires_at,
                    "eta_at": o.eta_at,
                    "changed_at": o.changed_at,
                }
                for o in offers
            ],
        )


def offer_by_id(connection: Connection, offer_id: int) -> Offer | None:
    row = connection.execute(select(offer).where(offer.c.id == offer_id)).first()
    return offer_from(row) if row is not None else None


def is_covered_without(connection: Connection, incident_id: int, who: str) -> bool:
    """Whether `who` is a responder who was asked and is not needed any more, because others go."""
    kind, _, number = who.partition(":")
    if kind != "responder":
        return False
    mine = [
        o for o in offers_of(connection, [incident_id]).get(incident_id, ()) if o.responder_id == int(number)
    ]
    return bool(mine) and mine[-1].state is OfferState.WITHDRAWN


def is_supervisor(connection: Connection, who: str) -> bool:
    """Whether `who` is a supervisor: she is asked to see to it that somebody goes, not to go."""
    kind, _, number = who.partition(":")
    if kind != "responder":
        return False
    query = select(responder.c.kind).where(responder.c.id == int(number))
    return connection.execute(query).scalar() == ResponderKind.SUPERVISOR.value


def withdraw_offers(connection: Connection, incident_id: int, now: datetime) -> None:
    """End the offers of a case: who is there is done, the others are withdrawn."""
    for state in OPEN_OFFERS:
        ended = OfferState.DONE if state is OfferState.ARRIVED else OfferState.WITHDRAWN
        connection.execute(
            update(offer)
            .where(offer.c.incident_id == incident_id, offer.c.state == state.value)
            .values(state=ended.value, changed_at=now)
        )
