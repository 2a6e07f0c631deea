"""What programs elsewhere are told of a case, and how it is signed. Pure.

The form is that of Standard Webhooks (https://www.standardwebhooks.com): an event has an id that stays the
same when it is sent again, and each attempt is signed with its own moment.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import orjson

from devices.signal import Kind
from dispatcher.model import CloseCode, Entry, Severity, Stage, TimelineEntry

# Between attempts; after the last of them an event is given up, and waits for somebody to send it again.
PAUSES = tuple(
    timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 3600, 6 * 3600, 24 * 3600)
)  # 31 hours in all
SECRET = "whsec_"


class Event(StrEnum):
    """Words of the wire: never renamed. UNCOVERED: who had the case, or was coming, has it no more."""

    RAISED = "incident.raised"
    CLAIMED = "incident.claimed"
    COVERED = "incident.covered"
    ON_SCENE = "incident.on_scene"
    UNCOVERED = "incident.uncovered"
    CLOSED = "incident.closed"
    TEST = "webhook.test"


class Detail(StrEnum):
    """What of a home a receiver may know beside its cell; nothing unless the administrator says so."""

    ADDRESS = "address"
    NAMES = "names"
    POSITION = "position"


@dataclass(frozen=True, slots=True)
class Happened:
    """Something worth telling; `stage` is where the case stands after it."""

    seq: int
    at: datetime
    event: Event
    stage: Stage


@dataclass(frozen=True, slots=True)
class About:
    """A case as receivers may see it. `position` is (longitude, latitude), degrees WGS-84."""

    incident_id: int
    kind: Kind
    severity: Severity
    cell: str
    is_drill: bool
    close_code: CloseCode | None = None
    address: str = ""
    names: tuple[str, ...] = field(default=(), repr=False)
    position: tuple[float, float] | None = None


_RANK = {stage: rank for rank, stage in enumerate(Stage)}
_REACHED = {Stage.COVERED: Event.COVERED, Stage.ON_SCENE: Event.ON_SCENE}


def story(entries: Iterable[TimelineEntry], told: Stage | None, stands: Stage) -> tuple[Happened, ...]:
    """What to tell of new `entries` of a timeline. `told` is the stage that was told last, `stands` the one
    in which the case is: that it fell back is told even where no entry says so.
    """
    found: list[Happened] = []
    stage, last = told or Stage.RAISED, None

    def tell(entry: TimelineEntry, event: Event, now: Stage) -> None:
        nonlocal stage
        stage = now
        found.append(Happened(entry.seq, entry.at, event, now))

    for entry in entries:
        last = entry
        if entry.entry is Entry.OPENED:
            tell(entry, Event.RAISED, Stage.RAISED)
        elif entry.entry is Entry.CLAIMED:
            tell(entry, Event.CLAIMED, max(stage, Stage.CLAIMED, key=_RANK.__getitem__))
        elif entry.entry is Entry.STAGE and (reached := Stage(entry.text)) is not stage:
            is_back = _RANK[reached] < _RANK[stage]
            tell(entry, Event.UNCOVERED if is_back else _REACHED.get(reached, Event.CLAIMED), reached)
        elif entry.entry is Entry.CLOSED:
            tell(entry, Event.CLOSED, Stage.CLOSED)
    if last is not None and _RANK[stands] < _RANK[stage]:
        tell(last, Event.UNCOVERED, stands)
    return tuple(found)


def body(happened: Happened, about: About, includes: Sequence[Detail]) -> str:
    """The event as it is sent to a receiver that may know what it `includes`."""
    data: dict[str, object] = {
        "incident": about.incident_id,
        "seq": happened.seq,
        "kind": about.kind.value,
        "severity": about.severity.name.lower(),
        "stage": happened.stage.value,
        "cell": about.cell,
        "drill": about.is_drill,
    }
    if happened.event is Event.CLOSED and about.close_code is not None:
        data["close_code"] = about.close_code.value
    if Detail.ADDRESS in includes:
        data["address"] = about.address
    if Detail.NAMES in includes:
        data["names"] = list(about.names)
    if Detail.POSITION in includes and about.position is not None:
        data["position"] = {"lon": about.position[0], "lat": about.position[1]}
    return _written(happened.event, happened.at, data)


def trial(label: str, at: datetime) -> str:
    """An event that says nothing of anybody: whether the receiver hears us and believes the signature."""
    return _written(Event.TEST, at, {"label": label})


def _written(event: Event, at: datetime, data: Mapping[str, object]) -> str:
    said = {"type": event.value, "timestamp": at.astimezone(UTC).isoformat(), "data": data}
    return orjson.dumps(said).decode()


def headers(secret: str, delivery: str, now: datetime, said: bytes) -> dict[str, str]:
    """What a request carries: `delivery` names the event, `now` the attempt, and both are signed."""
    moment = str(int(now.timestamp()))
    return {
        "content-type": "application/json",
        "user-agent": "Anxin-webhooks/1",
        "webhook-id": delivery,
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{signature(secret, delivery, moment, said)}",
    }


def signature(secret: str, delivery: str, moment: str, said: bytes) -> str:
    """HMAC-SHA256 of `id.timestamp.body` with the bytes of the secret, in base64."""
    key = base64.b64decode(secret.removeprefix(SECRET))
    made = hmac.new(key, f"{delivery}.{moment}.".encode() + said, hashlib.sha256)
    return base64.b64encode(made.digest()).decode()


def secret_of(random: bytes) -> str:
    """A secret as it is written, of random bytes."""
    return SECRET + base64.b64encode(random).decode()


def next_pause(attempts: int) -> timedelta | None:
    """How long to wait after the n-th attempt failed; None when it was the last."""
    return PAUSES[attempts - 1] if attempts <= len(PAUSES) else None
