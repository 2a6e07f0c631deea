"""`python -m gateway`: run one gateway until told to stop."""

from __future__ import annotations

import signal
import sys
import threading
import time

import structlog

from community import logs
from community.starting import CannotStart, ready, starting
from community.storage import AWAY, Store
from community.storage.schema import require_newest
from devices.formats import TOPICS
from devices.profiles import shipped
from dispatcher import plans
from dispatcher.clock import Clock, SystemClock
from dispatcher.health import WorkerKind
from dispatcher.pulse import Pulse
from dispatcher.storage.planbook import Planbook
from gateway import slices
from gateway.confirmed import Confirmed
from gateway.following import LastPlace
from gateway.mqtt import Arrival, Line
from gateway.receive import Parts, Receiver
from gateway.settings import GatewaySettings
from gateway.sockets.doors import Caller, Doors
from gateway.sockets.protocols import listed
from gateway.strangers import Strangers
from gateway.supervision import LastLife, LastSeen

GROUP = 500
FLUSH_S = 1.0
RETRY_S = 0.5

log = structlog.get_logger()


def main() -> int:
    logs.configure()
    try:
        with starting():
            settings = GatewaySettings()
            log.info("settings", **settings.model_dump(mode="json", exclude={"database_url"}))
            store = Store(settings.database_url)
            require_newest(store)
            slice_ = _topics(settings.topics)
            confirmed = Confirmed()
            topics = slice_ or (*TOPICS, *(confirmed.news(store) or ()))
            listen = listed(settings)
    except CannotStart as wrong:
        print(wrong, file=sys.stderr)
        return 1
    clock = SystemClock()
    seen, alive = LastSeen(), LastLife()
    strangers, places = Strangers(), LastPlace()
    line = Line(
        settings.mqtt_host,
        settings.mqtt_port,
        client_id=settings.gateway_id,
        topics=topics,
        now=clock.now,
        username=settings.mqtt_username,
        password=settings.mqtt_password.get_secret_value(),
    )
    receiver = Receiver(
        Parts(store, Planbook(plans.shipped()), shipped(), clock, line, seen, alive, strangers, places)
    )
    doors = Doors(listen, host=settings.socket_host, now=clock.now, wake=line.nudge)
    try:
        doors.start()
    except OSError as wrong:
        print(wrong, file=sys.stderr)
        return 1
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    line.start()
    if line.subscribed.wait(10):
        ready("gateway")
    pulse = Pulse(store, WorkerKind.GATEWAY, topics=",".join(slice_))
    following = None if slice_ else confirmed
    run(store, line, doors, receiver, seen, alive, strangers, places, following, clock, pulse, stopping)
    doors.stop()
    line.stop()
    if stopping.is_set():
        pulse.end()
    store.close()
    return 0 if stopping.is_set() else 1


def _topics(text: str) -> tuple[str, ...]:
    """Those of the slice; none without one."""
    try:
        return slices.parse(text, TOPICS) if text.strip() else ()
    except ValueError as wrong:
        raise ValueError(f"ANXIN_TOPICS: {wrong}") from wrong


def run(
    store: Store,
    line: Line,
    doors: Doors,
    receiver: Receiver,
    seen: LastSeen,
    alive: LastLife,
    strangers: Strangers,
    places: LastPlace,
    confirmed: Confirmed | None,
    clock: Clock,
    pulse: Pulse,
    stopping: threading.Event,
) -> None:
    """Commit what arrives until `stopping`, or until a thread that listens has died: somebody restarts us.

    `confirmed` is None where the gateway listens to a slice only.
    """
    flushed = time.monotonic()
    waiting: list[Arrival] = []  # read, not yet stored: the database was away
    callers: list[Caller] = []
    while not stopping.is_set() and line.is_alive() and doors.is_alive():
        waiting += line.wait_arrivals(0.0 if doors.has_more else 0.5, GROUP - len(waiting))
        callers += doors.take(GROUP - len(callers))
        try:
            if waiting or callers:
                readings = receiver.take([one.frame for one in waiting] + [one.frame for one in callers])
                heard = readings[: len(waiting)]
                line.answered(waiting, [one.receipt for one in heard if one.receipt is not None])
                doors.answered(callers, readings[len(waiting) :])
                waiting, callers = [], []
            if time.monotonic() - flushed >= FLUSH_S:
                flushed = time.monotonic()
                seen.flush(store)
                alive.flush(store, clock.now(), hears=not line.ailment())
                pulse.turn(clock.now(), line.ailment())
                if confirmed is not None and (topics := confirmed.news(store)) is not None:
                    line.listen((*TOPICS, *topics))
                places.flush(store, clock.now())
                strangers.flush(store, clock.now())  # last: all else matters more
        except AWAY as error:
            log.error("the database is away; messages wait at the broker", error=type(error).__name__)
            stopping.wait(RETRY_S)
        except Exception:  # to end here would bring the same message again, and again the end
            log.exception("not stored; trying again", messages=len(waiting))
            stopping.wait(RETRY_S)


if __name__ == "__main__":
    sys.exit(main())
