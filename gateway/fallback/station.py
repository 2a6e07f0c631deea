"""Hears calls for help beside the gateway, and tells the first relatives itself when in the end nobody has.

It needs the broker and a provider. The store is asked when it answers; when it does not, a snapshot says whom
to tell, and a journal remembers who was told until the store can be told, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLong
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import orjson
import structlog
from sqlalchemy.exc import SQLAlchemyError

from community.errors import NotFound
from community.storage import Store
from devices import formats
from devices.profiles import Profiles
from devices.signal import Frame, Kind, LevelKey, Receipt, Signal
from dispatcher.channels import Channel, Sent, ask
from dispatcher.duties import each
from dispatcher.health import WorkerKind
from dispatcher.model import Lane, Message, MessageState, Purpose, Recipient, Severity
from dispatcher.pulse import Pulse
from dispatcher.storage import aftermath, vitals
from dispatcher.triage import Raise, judge
from dispatcher.wording import HAPPENED, Voice
from gateway.fallback.journal import Journal, Line
from gateway.fallback.rule import Centre, Deed, Seen, decide
from gateway.fallback.snapshot import Home, Relative, Snapshot, read, take, write

ASK_EVERY = timedelta(seconds=5)
REFRESH = timedelta(minutes=5)
TELL_AGAIN = timedelta(minutes=10)  # another call for help of the same home says nothing new before
PATIENCE_S = 4.0  # a store that is silent for longer counts as away
_MOST = 5000  # calls for help remembered: more than all homes of a street
_OURS = "care:"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Call:
    """One call for help, as it was first heard."""

    unique_key: str
    device_key: str
    kind: Kind
    at: datetime
    was_tried: bool = False  # nobody could be told: tried again with each turn


@dataclass(frozen=True, slots=True)
class _Look:
    """What the store said."""

    seen: Mapping[str, Seen]
    centre: Centre


class Station:
    """`wait` is what the centre has to tell somebody; `folder` keeps the snapshot and the journal.

    ValueError: the snapshot there cannot be read.
    """

    patience_s = PATIENCE_S

    def __init__(
        self, store: Store, channel: Channel, folder: Path, profiles: Profiles, wait: timedelta
    ) -> None:
        self._wait = wait
        self._store = store
        self._channel = channel
        self._profiles = profiles
        self._snapshot_path = folder / "snapshot.json"
        self._snapshot = read(self._snapshot_path)
        self._journal = Journal(folder / "journal.jsonl")
        self._levels: dict[LevelKey, str] = {}
        self._calls: dict[str, Call] = {}
        self._told_homes: dict[int, datetime] = {}
        self._asked_at: datetime | None = None
        self._refreshed_at: datetime | None = None
        self._asking = ThreadPoolExecutor(1, thread_name_prefix="fallback-store")
        self._answer: Future[_Look] | None = None
        self._pulse = Pulse(store, WorkerKind.FALLBACK)

    @property
    def snapshot(self) -> Snapshot:
        return self._snapshot

    @property
    def waiting(self) -> int:
        """Calls for help of which nothing is known yet."""
        return len(self._calls)

    def hear(self, frames: Sequence[Frame]) -> None:
        """Remember the calls for help among `frames`."""
        each(frames, self._hear, "a frame cannot be heard")

    def _hear(self, frame: Frame) -> int:
        reading = formats.read(frame, self._snapshot, self._levels, self._profiles)
        self._levels.update(reading.levels)
        for signal in reading.signals:
            if _is_call_for_help(signal) and len(self._calls) < _MOST:
                call = Call(signal.unique_key, signal.device_key, signal.kind, signal.received_at)
                self._calls.setdefault(signal.unique_key, call)
        return 1

    def turn(self, now: datetime) -> list[Receipt]:
        """Look after what was heard; returns what to tell the devices."""
        if self._asked_at is not None and abs(now - self._asked_at) < ASK_EVERY:
            return []
        self._asked_at = now
        look = self._ask(now)
        said: list[Receipt] = []
        for key, call in list(self._calls.items()):
            repeats = call.device_key.startswith(_OURS)
            deed = decide(
                now - call.at, self._wait, look.seen.get(key, Seen.UNKNOWN), look.centre, repeats=repeats
            )
            if deed is Deed.WAIT:
                continue
            is_told = deed is Deed.TELL and self._tell(call, now)
            if deed is Deed.TELL and (is_told or not call.was_tried):
                said += _to_the_device(call, told=is_told)
            if deed is Deed.FORGET or is_told:
                del self._calls[key]
            else:
                self._calls[key] = replace(call, was_tried=True)
        return said

    def close(self) -> None:
        self._asking.shutdown(wait=False, cancel_futures=True)
        self._pulse.end()

    # ---- the store ----

    def _ask(self, now: datetime) -> _Look:
        """What the store says, or nothing: a silent one is never waited for, and asked by one thread only."""
        if self._answer is None or self._answer.done():
            self._answer = self._asking.submit(self._look, tuple(self._calls), now)
        try:
            return self._answer.result(self.patience_s)
        except (TooLong, SQLAlchemyError, NotFound) as away:
            log.warning("the store does not answer", kind=type(away).__name__, waiting=len(self._calls))
            return _Look({}, Centre())

    def _look(self, keys: Sequence[str], now: datetime) -> _Look:
        self._pulse.turn(now)
        with self._store.read() as connection:
            stored = aftermath.stored(connection, keys) if keys else set()
            in_hand = aftermath.in_hand(connection, keys) if keys else set()
            turning = {
                worker.kind
                for worker in vitals.workers(connection)
                if not worker.is_stale(now) and not worker.ailment
            }
        # No reason not to help: a case that cannot be read, a disk that is full.
        each(self._journal.unmerged(), lambda line: self._merge(line, now), "a text cannot be brought home")
        each([now], self._refresh, "the snapshot stays as it is")
        seen = {key: Seen.UNTOLD if key in stored else Seen.NOT_STORED for key in keys}
        centre = Centre(
            gateway=WorkerKind.GATEWAY in turning,
            dispatcher={WorkerKind.DISPATCHER, WorkerKind.COURIER} <= turning,
        )
        return _Look({**seen, **dict.fromkeys(in_hand, Seen.IN_HAND)}, centre)

    def _merge(self, line: Line, now: datetime) -> int:
        with self._store.write() as connection:
            merged = aftermath.merge(
                connection,
                line.household_id,
                Recipient(f"contact:{line.contact_id}", line.name, line.phone),
                line.body,
                (line.at, line.channel, line.provider_id),
                now,
            )
        if merged:
            self._journal.write(replace(line, merged=True))
        return merged

    def _refresh(self, now: datetime) -> int:
        if self._refreshed_at is not None and abs(now - self._refreshed_at) < REFRESH:
            return 0
        with self._store.read() as connection:
            taken = take(connection)
        self._snapshot, self._refreshed_at = taken, now
        write(taken, self._snapshot_path)
        return 1

    # ---- telling ----

    def _tell(self, call: Call, now: datetime) -> bool:
        """Tell the first relatives; whether any of them is told now, or was a little while ago."""
        home = self._snapshot.home(call.device_key)
        if home is None:
            return False
        before = self._told_homes.get(home.household_id)
        if before is not None and abs(now - before) < TELL_AGAIN:
            return True
        told = [self._text(call, home, relative, now) for relative in home.relatives]
        log.error("told relatives in place of the centre", household=home.household_id, told=sum(told))
        if any(told):
            self._told_homes[home.household_id] = now
        return any(told)

    def _text(self, call: Call, home: Home, relative: Relative, now: datetime) -> bool:
        """One text to one relative; whether the provider took it."""
        voice = Voice(self._snapshot.signature, self._snapshot.hotline, ZoneInfo(self._snapshot.timezone))
        key = f"fallback.{call.unique_key}.{relative.contact_id}"[:120]
        body = voice.alone(home.name, home.door, call.kind, call.at)
        known = self._journal.get(key)
        if known is not None and known.provider_id:
            return True
        line = Line(key, home.household_id, relative.contact_id, relative.name, relative.phone, body, now)
        self._journal.write(line)  # first, so that after a restart the provider is asked
        variables = {"who": home.title, "time": voice.clock(call.at), "what": HAPPENED[call.kind]}
        message = _message(line, variables, again=known is not None)
        try:
            outcome = (ask(self._channel, message) if known is not None else None) or self._channel.send(
                message
            )
        except Exception:
            log.exception("channel broke", channel=self._channel.name)
            return False
        if not isinstance(outcome, Sent):
            log.error("the fall-back's text did not leave", outcome=type(outcome).__name__)
            return False
        channel = outcome.channel or self._channel.name
        self._journal.write(replace(line, channel=channel, provider_id=outcome.provider_id))
        return True


def _is_call_for_help(signal: Signal) -> bool:
    verdict = judge(signal)
    return isinstance(verdict, Raise) and verdict.severity is Severity.EMERGENCY


def _message(line: Line, variables: Mapping[str, str], *, again: bool) -> Message:
    return Message(
        id=0,
        key=line.key,
        incident_id=None,
        to=Recipient(f"contact:{line.contact_id}", line.name, line.phone),
        purpose=Purpose.RAISED,
        body=line.body,
        channel="",
        lane=Lane.PERSON,
        state=MessageState.SENDING,
        attempts=2 if again else 1,
        created_at=line.at,
        due_at=line.at,
        variables=variables,
    )


def _to_the_device(call: Call, *, told: bool) -> list[Receipt]:
    """What a device of ours says aloud: the truth, and what to do oneself."""
    if not call.device_key.startswith(_OURS):
        return []
    text = "已短信通知家属,急请拨打120" if told else "请拨打2222999或120"
    said = {"v": 1, "say": "relatives_told" if told else "call_yourself", "text": text}
    return [Receipt(f"care/{call.device_key.removeprefix(_OURS)}/cmd", orjson.dumps(said))]
