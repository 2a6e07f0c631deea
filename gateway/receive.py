"""Bytes → signals → intake: whatever has arrived is read and committed together, then acknowledged.

Nothing is acknowledged that is not stored. A group that fails is taken one by one; a message that cannot be
stored even alone is kept as bytes and put before a human. While the database is away nothing is acknowledged
and nothing is given up: the broker and the devices keep it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from community.storage import AWAY, Store, register, trials
from devices.formats import read
from devices.profiles import Profiles
from devices.signal import Enrolment, Frame, LevelKey, Reading, Ticket
from dispatcher import intake
from dispatcher.bell import Rope
from dispatcher.clock import Clock
from dispatcher.storage import signals
from dispatcher.storage.planbook import Planbook
from gateway.following import LastPlace
from gateway.strangers import Strangers
from gateway.supervision import LastLife, LastSeen
from gateway.trying import as_test

_RACES = 3  # another gateway may open the same incident at the same moment; the next try sees it

log = structlog.get_logger()


class Devices:
    """The enrolled devices in memory, read again when the register's revision has moved."""

    def __init__(self) -> None:
        self._revision = -1
        self._known: Mapping[str, Enrolment] = {}
        self.tried_until: Mapping[str, datetime] = {}  # whose first alarm is a test

    def find(self, device_key: str) -> Enrolment | None:
        return self._known.get(device_key)

    def refresh(self, connection: Connection, revision: int) -> bool:
        """Catch up with the register; whether there was anything new."""
        if revision == self._revision:
            return False
        self._known = {
            device.key: Enrolment(device.key, device.role, device.vendor, device.model, device.inverted)
            for device in register.devices(connection)
        }
        self.tried_until = trials.waiting(connection)
        self._revision = revision
        return True


@dataclass(frozen=True, slots=True)
class Parts:
    """What a receiver works with."""

    store: Store
    plans: Planbook
    profiles: Profiles
    clock: Clock
    bell: Rope
    seen: LastSeen
    alive: LastLife
    strangers: Strangers = field(default_factory=Strangers)
    places: LastPlace = field(default_factory=LastPlace)


class _Overtaken(Exception):
    """Another gateway has changed a level since this one read it."""


class Receiver:
    """Takes groups of frames in. One per gateway, used from one thread.

    Gateways that hear the same devices keep the same levels: whoever finds that another was faster reads them
    again, and then the frames. Else an edge that one of them missed would be seen twice, or not at all.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._devices = Devices()
        self._levels: dict[LevelKey, str] | None = None
        self._levels_at = 0
        self._is_news = False

    def take(self, frames: Sequence[Frame]) -> list[Reading]:
        """Store what `frames` say; returns what each meant: now its receipt and its reply may be said.

        An error of AWAY is not the message's fault: it waits, try again.
        """
        try:
            return self._commit(frames)
        except AWAY:
            raise
        except Exception:
            log.exception("a group failed, taking its messages one by one", frames=len(frames))
        return [self._alone(frame) for frame in frames]

    def _alone(self, frame: Frame) -> Reading:
        for _ in range(_RACES):
            try:
                return self._commit([frame])[0]
            except AWAY:
                raise
            except IntegrityError:
                log.info("lost a race with another worker, looking again")
            except Exception:
                log.exception("a message cannot be stored as it is")
                break
        return self._quarantine(frame)

    def _commit(self, frames: Sequence[Frame]) -> list[Reading]:
        while True:
            with suppress(_Overtaken):
                return self._try(frames)

    def _try(self, frames: Sequence[Frame]) -> list[Reading]:
        parts = self._parts
        while True:
            levels = self._known_levels()
            self._levels = None  # until the commit they are known to nobody else: a failure reads them again
            readings: list[Reading] = []
            tried: set[str] = set()
            for frame in frames:
                reading = read(frame, self._devices, levels, parts.profiles)
                reading = as_test(reading, self._devices.tried_until, tried)
                levels.update(reading.levels)
                readings.append(reading)
            says_something = any(one.signals or one.tickets or one.levels for one in readings)
            self._is_news = False
            with parts.store.write(self._ring) if says_something else parts.store.read() as connection:
                revisions = register.revisions(connection)
                if self._devices.refresh(connection, revisions.device) or revisions.level != self._levels_at:
                    continue  # a device has changed, or a level: what a frame means may have, too
                if says_something:
                    plans = parts.plans.current(connection, revisions.plan)
                    taken = intake.take(connection, readings, plans, parts.clock.now())
                    if taken.levels_at not in (0, revisions.level + 1):
                        raise _Overtaken  # in the middle of it: this transaction keeps nothing
                    if tried and not trials.heard(connection, tried, parts.clock.now()):
                        raise _Overtaken
                    self._is_news = taken.touched
            break
        self._levels = levels
        if says_something and taken.levels_at:
            self._levels_at = taken.levels_at
        for reading in readings:
            parts.seen.note(reading)
            parts.alive.note(reading, self._devices)
            parts.strangers.note(reading, self._devices)
            parts.places.note(reading, self._devices)
        return readings

    def _ring(self) -> None:
        """Whoever decides what follows may begin, while what was taken comes to the disk."""
        if self._is_news:
            self._parts.bell.tell()

    def _quarantine(self, frame: Frame) -> Reading:
        """Keep the bytes, before a human and with their sender; where even that is refused, without."""
        reading = self._understood(frame)
        senders = [signal.device_key for signal in reading.signals]
        senders += [ticket.device_key for ticket in reading.tickets]
        sender = next((key for key in senders if self._devices.find(key)), "")
        try:
            self._keep_bytes(frame, sender)
        except AWAY:
            raise
        except Exception:
            if not sender:
                raise
            log.exception("a message cannot be put before a human with its sender")
            self._keep_bytes(frame, "")
        self._parts.bell.tell()
        return reading

    def _understood(self, frame: Frame) -> Reading:
        """What it said, as far as that can be told: a decoder that fails on it must not stop the gateway."""
        levels = self._known_levels()
        try:
            return read(frame, self._devices, levels, self._parts.profiles)
        except Exception:
            log.exception("a decoder failed")
            return Reading()

    def _keep_bytes(self, frame: Frame, sender: str) -> None:
        topic = frame.topic.encode("utf-8", "backslashreplace").decode()
        ticket = Ticket("无法入库,原样保存 kept as bytes", topic, frame.payload, frame.received_at, sender)
        with self._parts.store.write() as connection:
            plans = self._parts.plans.known
            intake.take(connection, [Reading(tickets=(ticket,))], plans, self._parts.clock.now())

    def _known_levels(self) -> dict[LevelKey, str]:
        if self._levels is None:
            with self._parts.store.read() as connection:
                self._levels_at = register.revisions(connection).level  # first: what is newer is read again
                self._levels = signals.levels(connection)
        return self._levels
