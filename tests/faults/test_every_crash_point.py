"""G6: whatever a gateway or a dispatcher asks of the world, it may die before it hears the answer.

One press is followed from the wire to the phones, and each statement, each commit and each text is once the
last thing that a process does. Then another process takes over, as in a centre, and everything must be as if
nobody had died.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import count

import pytest

from community.storage import Store
from devices.profiles import shipped
from devices.signal import Frame
from dispatcher.bell import LocalBell
from dispatcher.courier import LEASE, carry, settle
from dispatcher.engine import Engine
from dispatcher.model import CloseCode, Message, MessageState
from dispatcher.storage import outbox
from dispatcher.storage.planbook import Planbook
from gateway.receive import Parts, Receiver
from gateway.supervision import LastLife, LastSeen
from tests.faults.conftest import Figure
from tests.faults.dying import Death, Died, mortal
from tests.town import Town

pytestmark = pytest.mark.fault

FEWEST = 30  # requests; fewer would mean that the deaths no longer reach the driver


class InOneThread:
    """A courier for the engine that carries at once what it is handed, so that deaths come in one order."""

    worker = "one-thread"

    def __init__(self, store: Store, town: Town, death: Death) -> None:
        self._store = store
        self._town = town
        self._death = death
        self.name = town.phones.name
        self.find = town.phones.find

    def lease(self) -> tuple[str, object]:
        return self.worker, self._town.time + LEASE

    def free(self) -> int:
        return 500

    def accept(self, messages: Sequence[Message], _until: object) -> None:
        carried = [carry(self, message, self._town) for message in messages]  # type: ignore[arg-type]
        settle(self._store, carried)

    def send(self, message: Message) -> object:
        return self._death.request(lambda: self._town.phones.send(message))

    def collect(self) -> None:
        with self._store.write() as connection:
            outbox.drop_stale(connection, self._town.time)
            worker, until = self.lease()
            taken = outbox.take(connection, worker=worker, now=self._town.time, lease_until=until, limit=500)
        if taken:
            self.accept(taken, until)


class Life:
    """One life of a gateway and a dispatcher on one store; what they know dies with them."""

    def __init__(self, store: Store, town: Town, death: Death, *, hands_over: bool) -> None:
        self._store = store
        self._town = town
        self._seen = LastSeen()
        self._receiver = Receiver(
            Parts(store, Planbook(town.plans), shipped(), town, LocalBell(), self._seen, LastLife())
        )
        self._courier = InOneThread(store, town, death)
        self._engine = Engine(store, self._courier if hands_over else None)  # type: ignore[arg-type]

    def take(self, frame: Frame) -> bool:
        """The gateway's turn; whether the device was answered."""
        readings = self._receiver.take([frame])
        self._seen.flush(self._store)
        return all(reading.receipt is not None for reading in readings)

    def work(self) -> None:
        """The dispatcher's turns."""
        while self._engine.tick(self._town.time):
            pass
        self._courier.collect()


@pytest.mark.parametrize("hands_over", [False, True], ids=["collected", "handed over"])
def test_any_single_request_may_be_the_last(town: Town, figure: Figure, hands_over: bool) -> None:
    town.responder("网格员", metres=200)
    death = Death()
    dying = mortal(town.store, death)
    for at in count(1):
        name = f"王秀英{at}"
        town.resident(name, contacts=(f"女儿{at}", f"儿子{at}"))
        if not died(town, name, dying, death, at, hands_over=hands_over):
            break
        as_if_nobody_had_died(town, name, at)
        town.close(name, CloseCode.HELPED)
        town.phones.texts.clear()
    dying.close()
    points = death.requests
    assert points >= FEWEST
    kind = "SQLite" if town.store.is_sqlite else "PostgreSQL"
    way = "handed over" if hands_over else "collected"
    figure(f"G6  {kind}, texts {way}: {points} crash points, 0 violations, 0 texts twice, 0 never")


def died(town: Town, name: str, dying: Store, death: Death, at: int, *, hands_over: bool) -> bool:
    """A press, a process that dies after its request `at`, and its successor; False: nobody died."""
    press = Frame(f"care/town/{name}/signal", b'{"v":1,"id":"press-1","type":"press","battery":9}', town.time)
    death.after(at)
    first = Life(dying, town, death, hands_over=hands_over)
    survived = _lives(lambda: first.take(press)) and _lives(first.work)
    death.bury()
    dying.close()
    if survived:
        return False
    second = Life(town.store, town, Death(), hands_over=hands_over)
    # Nobody knows whether the device was answered: it says the same again, and the broker, too.
    again = Frame(press.topic, press.payload, town.time + timedelta(seconds=3), redelivered=True)
    assert second.take(again), "the device is answered in the end"
    town.time += LEASE + timedelta(seconds=1)  # whatever the dead had in hand is free now
    second.work()
    return True


def _lives(act: Callable[[], object]) -> bool:
    try:
        act()
    except Died:
        return False
    return True


def as_if_nobody_had_died(town: Town, name: str, at: int) -> None:
    detail = town.detail(name)
    alarms = {alarm.kind.value: alarm.times for alarm in detail.alarms}
    assert alarms == {"sos": 1, "low_battery": 1}, f"after {at}: pressed once, counted once"
    heard = [len(town.heard(who)) for who in (f"女儿{at}", f"儿子{at}", "网格员")]
    assert heard == [1, 1, 1], f"after {at}: each is told, and nobody twice"
    assert {message.state for message in detail.messages} == {MessageState.DELIVERED}
