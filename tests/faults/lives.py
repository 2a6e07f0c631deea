"""A gateway, a dispatcher and a door for answers as one process that may die, in one thread: what happens in
it happens in one order, and dies at one place.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from community.storage import Store
from devices.profiles import shipped
from devices.signal import Frame
from dispatcher import bundling
from dispatcher.bell import LocalBell
from dispatcher.channels import Channel, Fate, Held, Outcome, Reporting, Sent
from dispatcher.chase import Chaser
from dispatcher.courier import ATTEMPT, LEASE, Carried, carry, settle
from dispatcher.engine import Engine
from dispatcher.gathering import Cries
from dispatcher.model import Message
from dispatcher.pace import Pace
from dispatcher.steps import SetBack
from dispatcher.storage import outbox
from dispatcher.storage.planbook import Planbook
from dispatcher.switchboard import Switchboard
from gateway.receive import Parts, Receiver
from gateway.supervision import LastLife, LastSeen
from tests.exchange import AtOnce
from tests.faults.dying import Death
from tests.town import Town

AT_ONCE = 500


class Wire:
    """A channel of the town as a mortal process has it: each word to the provider may be its last."""

    def __init__(self, channel: Channel, death: Death) -> None:
        self._channel = channel
        self._death = death
        self.name = channel.name
        self.capabilities = channel.capabilities

    def send(self, message: Message) -> Outcome:
        return self._death.request(lambda: self._channel.send(message))

    def find(self, message: Message) -> Sent | None:
        return self._death.request(lambda: self._channel.find(message))

    def fate(self, message: Message) -> Fate | None:
        channel = self._channel
        if not isinstance(channel, Reporting):
            return None
        return self._death.request(lambda: channel.fate(message))


class InOneThread:
    """A courier for the engine that carries at once what it is handed, so that deaths come in one order.

    With `bundles`, many requests to one responder are one text. While it `dawdles`, it sends one of what it
    took and records nothing, until it is told to `wake`, at last after its lease has ended.
    """

    def __init__(
        self, store: Store, town: Town, channel: Channel, worker: str = "one-thread", *, bundles: bool = False
    ) -> None:
        self.worker = worker
        self.dawdles = False
        self._store = store
        self._town = town
        self._channel = channel
        self._bundles = bundles
        self._unrecorded: list[Carried] = []
        self._unsent: list[tuple[Message, datetime]] = []

    def lease(self) -> tuple[str, datetime]:
        return self.worker, self._town.time + LEASE

    def free(self) -> int:
        return AT_ONCE

    def accept(self, messages: Sequence[Message], until: datetime) -> None:
        self._unsent += [(message, until) for message in messages]
        if not self.dawdles:
            self.wake()
        elif self._unsent:
            message, _ = self._unsent.pop(0)
            self._unrecorded.append(carry(self._channel, message, self._town))

    def wake(self) -> None:
        """Send and record all that is in hand; what is too late to be begun is left to others, as a sender
        of the real courier leaves it.
        """
        now = self._town.time
        late, in_time = [], []
        for message, until in self._unsent:
            (in_time if now + ATTEMPT <= until else late).append(message)
        carried = self._unrecorded + [Carried(message, "", Held(0.0), now) for message in late]
        self._unrecorded, self._unsent = [], []
        carried += [carry(self._channel, message, self._town) for message in in_time]
        if carried:
            settle(self._store, carried)

    def collect(self) -> int:
        now = self._town.time
        worker, until = self.lease()
        with self._store.write() as connection:
            outbox.drop_stale(connection, now)
            found = outbox.waiting(connection, now, AT_ONCE)
            take = partial(bundling.take, now=now) if self._bundles else outbox.lease
            taken = take(connection, found, worker, until)
        self.accept(taken, until)
        return len(taken)


class Life:
    """One life of a gateway and a dispatcher on one store; what they know dies with them.

    With `voice`, texts that nobody confirms are followed by calls, as the town's `channel` has them.
    """

    def __init__(
        self,
        store: Store,
        town: Town,
        death: Death,
        *,
        hands_over: bool,
        worker: str = "one-thread",
        bundles: bool = False,
    ) -> None:
        self.store = store
        self._town = town
        self._seen = LastSeen()
        planbook = Planbook(town.plans)
        self._receiver = Receiver(
            Parts(store, planbook, shipped(), town, LocalBell(), self._seen, LastLife())
        )
        board = town.channel if isinstance(town.channel, Switchboard) else None
        wires = [Wire(channel, death) for channel in (board.channels.values() if board else [town.phones])]
        channel: Channel = Switchboard(wires, town) if board else wires[0]
        self.courier = InOneThread(store, town, channel, worker, bundles=bundles)
        courier = self.courier if hands_over else None
        self._engine = Engine(store, courier, planbook, Pace() if bundles else None)  # type: ignore[arg-type]
        self._chaser = Chaser(store, wires, town, AtOnce()) if board else None
        self._cries = Cries(store, planbook) if bundles else None
        self._set_back = SetBack(store, "town")

    def take(self, frame: Frame) -> bool:
        """The gateway's turn; whether the device was answered."""
        readings = self._receiver.take([frame])
        self._seen.flush(self.store)
        return all(reading.receipt is not None for reading in readings)

    def look(self, steady_s: float | None = None) -> int:
        """One round of the dispatcher, as its loop has them; returns how much there was to do.

        `steady_s` is its steady clock, beside which a step of the other one is seen.
        """
        now = self._town.time
        done = self._set_back.turn(now, steady_s) if steady_s is not None else 0
        done += self._engine.tick(now)
        done += self._chaser.turn(now) if self._chaser is not None else 0
        done += self._cries.turn(now) if self._cries is not None else 0
        return done + self.courier.collect()

    def work(self) -> None:
        """The dispatcher's rounds, until there is nothing left to do now."""
        while self.look():
            pass

    def inherit(self, worker: str = "one-thread") -> None:
        """The kernel says that `worker` is dead: what it had in hand is free."""
        with self.store.write() as connection:
            outbox.shorten_leases(connection, worker, self._town.time)


def a_while() -> timedelta:
    """After which whatever a dead process had in hand is free, if nobody says that it is dead."""
    return LEASE + timedelta(seconds=1)
