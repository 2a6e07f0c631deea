"""What is new to whom, once somebody is on the way. Pure: read from the timeline, whose order needs no clock.

A second press within `SAME_CRY` is the same cry, and technical trouble is no news to people who hurry.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from devices.signal import Kind
from dispatcher.model import Entry, OfferState, Severity, TimelineEntry
from dispatcher.triage import SEVERITY

SAME_CRY = timedelta(minutes=2)

# What must be read of a timeline to answer these questions.
TELLING = frozenset({Entry.SIGNAL, Entry.ASKED, Entry.RUNG, Entry.NEWS, Entry.OFFER})

Log = Sequence[TimelineEntry]  # of one case, in order; entries that are not `TELLING` do no harm


def new_to_responder(log: Log, responder_id: int) -> TimelineEntry | None:
    """The worst that has been heard since this one was asked, or was told the last time."""
    return _new(log, max((entry.seq for entry in log if _was_told(entry, responder_id)), default=0))


def new_to_all(log: Log) -> TimelineEntry | None:
    """The worst that has been heard since a rung fired, somebody was there, or it was passed on."""
    return _new(log, max((entry.seq for entry in log if _is_known_to_all(entry)), default=0))


def heard_since(log: Log, seq: int) -> TimelineEntry | None:
    """The last trouble, worse than that of a device, which stands after `seq`."""
    cries = (entry for entry in log if entry.entry is Entry.SIGNAL and entry.seq > seq)
    return max((cry for cry in cries if SEVERITY[kind_of(cry)] > Severity.TROUBLE), key=_seq, default=None)


def _seq(entry: TimelineEntry) -> int:
    return entry.seq


def _was_told(entry: TimelineEntry, responder_id: int) -> bool:
    if entry.entry is Entry.ASKED:
        return entry.detail.get("responder") == responder_id
    told = entry.detail.get("responders")
    return entry.entry is Entry.NEWS and isinstance(told, list) and responder_id in told


def _is_known_to_all(entry: TimelineEntry) -> bool:
    if entry.entry is Entry.OFFER:
        return entry.detail.get("state") in (OfferState.ARRIVED, OfferState.DONE)
    return entry.entry in (Entry.RUNG, Entry.NEWS)


def _new(log: Log, known_seq: int) -> TimelineEntry | None:
    """The most severe cry after `known_seq`, of equals the latest, that is none of those before it again."""
    cries = [entry for entry in log if entry.entry is Entry.SIGNAL]
    known = {kind_of(cry): cry for cry in cries if cry.seq <= known_seq}
    new = [cry for cry in cries if cry.seq > known_seq and _counts(cry, known.get(kind_of(cry)))]
    return max(new, key=lambda cry: (SEVERITY[kind_of(cry)], cry.seq), default=None)


def _counts(cry: TimelineEntry, known: TimelineEntry | None) -> bool:
    severity = SEVERITY[kind_of(cry)]
    if known is None:
        return severity > Severity.TROUBLE
    return severity is Severity.EMERGENCY and abs(cry.at - known.at) >= SAME_CRY


def kind_of(cry: TimelineEntry) -> Kind:
    return Kind(str(cry.detail["kind"]))
