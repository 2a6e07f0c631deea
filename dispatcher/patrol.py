"""The patrol: looks at every device that may have gone silent, and puts before somebody what is down, or
what alarms for nothing.

A look costs what is due, found by an index: not what is there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import structlog
from sqlalchemy import Connection

from community.storage import Store, register
from devices.signal import Kind
from dispatcher import intake
from dispatcher.clock import Clock
from dispatcher.duties import each
from dispatcher.model import Entry, Fact
from dispatcher.pulse import Pulse
from dispatcher.storage import lives, supervised
from dispatcher.storage.planbook import Planbook
from dispatcher.supervision import Matter, Presence, Supervised, is_network, look, matters, subject_of
from dispatcher.suspects import Suspects
from dispatcher.triage import SEVERITY

EVERY_S = 5.0
GROUP = 1000
MOST_GROUPS = 50  # in one tick; more come with the next
ACTOR = "patrol"  # who says so on the timeline
CENTRE = "centre:devices"  # the subject of what is down everywhere
SHOWN = 5  # devices named; of more, their number

log = structlog.get_logger()


class Patrol:
    """One worker's patrol. Any number may go: a device is looked at by one of them, and told of by one."""

    def __init__(self, store: Store, plans: Planbook) -> None:
        self._store = store
        self._plans = plans
        self._suspects = Suspects(store, plans)
        self._register_at = -1  # the revision of the register of which every device is supervised

    def run(self, clock: Clock, stopping: threading.Event, pulse: Pulse, changed: Callable[[], None]) -> None:
        """Look every few seconds until `stopping`; `changed` is called after somebody was told."""
        while not stopping.wait(EVERY_S):
            try:
                if self.tick(clock.now()):
                    changed()
                pulse.turn(clock.now())
            except Exception:
                log.exception("a patrol failed")
        pulse.end()

    def tick(self, now: datetime) -> int:
        """Look at everything that is due at `now`; returns how many matters were told or are over."""
        with self._store.write() as connection:
            register_at = register.device_revision(connection)
            is_new = register_at != self._register_at
            while supervised.begin(connection, now, GROUP, enrolled_anew=is_new) == GROUP:
                pass
        self._register_at = register_at
        back: list[Supervised] = []
        for _ in range(MOST_GROUPS):
            with self._store.read() as connection:
                if not supervised.is_anything_due(connection, now):
                    break
            back += self._look(now)
        return self._tell(now) + self._back(back, now) + self._suspects.turn(now)

    def _look(self, now: datetime) -> list[Supervised]:
        """Look at one group; returns what somebody was told of, and is heard again."""
        with self._store.write() as connection:
            devices = supervised.take_due(connection, now, GROUP)
            gaps = lives.gaps(connection, now)
            rows, back = [], []
            for device in devices:
                presence, look_at = look(device, gaps, now)
                row = {"id": device.id, "presence": presence.value, "look_at": look_at}
                if presence is device.presence:
                    since = device.since
                else:
                    since = now
                    log.info("presence", device=device.id, before=device.presence, now=presence)
                told = device.told and presence is Presence.DOWN
                rows.append({**row, "since": since, "told": told})
                if device.told and not told:
                    back.append(device)
            supervised.keep(connection, rows)
        return back

    def _tell(self, now: datetime) -> int:
        """Put before somebody what is down and not told of yet, unless a hub or the network explains it."""
        with self._store.read() as connection:
            gone = supervised.untold(connection)
            if not gone:
                return 0
            found = matters(
                gone,
                network=is_network(*supervised.counts(connection)),
                at_risk=supervised.at_risk(
                    connection, {d.household_id for d in gone if d.household_id is not None}, now
                ),
                behind=supervised.behind(connection, [device.id for device in gone]),
            )
        return each(found, lambda matter: self._tell_of(matter, now), "nobody can be told of silent devices")

    def _tell_of(self, matter: Matter, now: datetime) -> int:
        with self._store.write() as connection:
            ours = supervised.tell_of(connection, [device.id for device in matter.devices])
            if ours:
                self._bring(connection, matter, ours, now)
        return 1

    def _bring(self, connection: Connection, matter: Matter, ours: set[int], now: datetime) -> None:
        devices = [device for device in matter.devices if device.id in ours]
        detail = {"kind": Kind.OFFLINE.value, "devices": [device.key for device in devices]}
        intake.bring(
            connection,
            matter.household_id,
            Kind.OFFLINE,
            ACTOR,
            Fact(Entry.SIGNAL, _words(matter, devices), actor=ACTOR, detail=detail),
            self._plans.current(connection),
            now,
            severity=matter.severity,
            subject=CENTRE if matter.is_network else subject_of(devices[0]),
        )

    def _back(self, devices: Iterable[Supervised], now: datetime) -> int:
        """Note that devices are heard again; the last of a home ends its alarm, a human closes the case."""
        subjects: dict[str, list[Supervised]] = {}
        for device in devices:
            subjects.setdefault(subject_of(device), []).append(device)
            subjects.setdefault(CENTRE, []).append(device)

        def ease(subject: str) -> int:
            those = subjects[subject]
            text = f"{_named(those)}恢复在线 heard again"
            with self._store.write() as connection:
                is_over = not supervised.is_any_down(connection, None if subject == CENTRE else those[0])
                intake.ease(connection, subject, Kind.OFFLINE, text, ACTOR, now, is_over=is_over)
            return 1

        return each(subjects, ease, "devices are heard again, and it cannot be noted")


def _words(matter: Matter, devices: Sequence[Supervised]) -> str:
    """What the operator reads: which devices, and what to do."""
    names = _named(devices)
    if matter.is_new:
        return (
            f"{names}登记后从未收到信号,请去装好并按一次试试 never heard since it was enrolled: "
            "install it, and press it once"
        )
    if matter.is_network:
        many = f"{len(devices)}台设备同时失联({names}),可能是网络或网关故障"
        return f"{many} many devices are silent at once: see to the network"
    if matter.behind:
        return f"{names}失联,它带的{matter.behind}台设备也收不到 the hub is silent, and so is what it carries"
    if matter.severity > SEVERITY[Kind.OFFLINE]:
        return f"{names}失联,老人可能无法呼救,请先打电话问一问 she may be unable to call: telephone first"
    return f"{names}失联,请检查设备 silent: see to the device"


def _named(devices: Sequence[Supervised]) -> str:
    names = "、".join(device.label or device.key for device in devices[:SHOWN])
    return names if len(devices) <= SHOWN else f"{names}等"
