"""`python -m dispatcher.watch`: watch the centre until told to stop; `health` says once how it is."""

from __future__ import annotations

import json
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from os import getpid
from pathlib import Path
from secrets import token_hex

import structlog
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from community import logs
from community.starting import CannotStart, ready, starting
from community.storage import Store
from community.storage.schema import require_newest
from dispatcher.bell import Bell, MqttBell
from dispatcher.checkup import Checkup
from dispatcher.clock import Clock, SystemClock
from dispatcher.health import Grade, Health, WorkerKind, database_away, watch_broken
from dispatcher.pulse import Pulse
from dispatcher.settings import DispatcherSettings
from dispatcher.storage import vitals
from dispatcher.switchboard import Switchboard
from dispatcher.watch.broker import Broker
from dispatcher.watch.heartbeat import Heartbeat, Way, by_broker, by_file, by_url
from dispatcher.watch.pager import Pager
from dispatcher.watch.prober import Prober
from dispatcher.watch.settings import WatchSettings
from dispatcher.watch.watchdog import Watchdog
from dispatcher.wiring import Parts, channels

LOOK_S = 3.0  # between two looks at everything
WAIT_S = 1.0
PROBE_WAIT_S = 0.2  # while a probe is on its way
HEARTBEAT_KEPT_S = 180

log = structlog.get_logger()


def main(words: Sequence[str]) -> int:
    logs.configure()
    clock = SystemClock()
    try:
        with starting():
            settings = WatchSettings()
            technicians, checkup = (
                settings.technicians_phones,
                Checkup(settings.needed, settings.gateways_each),
            )
            store = Store(settings.database_url.get_secret_value())
            if list(words) in (["health"], ["health", "--json"]):
                return tell(store, checkup, clock, as_json="--json" in words)
            log.info("settings", **settings.model_dump(mode="json"))
            with suppress(OperationalError):  # a database that is away: that is to be told
                require_newest(store)
    except CannotStart as wrong:
        print(wrong, file=sys.stderr)
        return 1
    login = settings.mqtt_username, settings.mqtt_password.get_secret_value()
    broker = Broker(settings.mqtt_host, settings.mqtt_port, *login)
    bell = MqttBell(settings.mqtt_host, settings.mqtt_port, *login)
    channel = _channel(store, clock)
    pool = ThreadPoolExecutor(1, thread_name_prefix="pager")
    worker = f"watch-{socket.gethostname()[:32]}-{getpid()}-{token_hex(4)}"  # never used before
    round_ = Round(
        Watchdog(store, technicians, checkup),
        Prober(store, broker.say, settings.probe_s),
        Heartbeat(_ways(settings, broker), settings.heartbeat_s),
        Pager(store, channel, technicians, clock, pool, worker),
        Pulse(store, WorkerKind.WATCH),
        settings.watch_grace_s,
    )
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    ready("watch")
    run(round_, bell, clock, stopping)
    round_.end()
    pool.shutdown(cancel_futures=True)
    if channel is not None:
        channel.close()
    bell.close()
    broker.close()
    store.close()
    return 0


def _channel(store: Store, clock: Clock) -> Switchboard | None:
    """The watch's own way out, by the channels that the dispatcher has; None, and a word in the log, where
    they cannot be made: then it still watches.
    """
    try:
        with starting():
            return Switchboard(channels(Parts(DispatcherSettings(), store, clock)), clock)
    except CannotStart as wrong:
        log.error("the watch cannot tell technicians itself: give it the channels' settings", why=str(wrong))
        return None


def _ways(settings: WatchSettings, broker: Broker) -> dict[str, Way]:
    ways = {
        "broker": by_broker(lambda topic, said: broker.say(topic, said, kept_s=HEARTBEAT_KEPT_S)),
    }
    if settings.heartbeat_file:
        ways["file"] = by_file(Path(settings.heartbeat_file))
    if url := settings.heartbeat_url.get_secret_value():
        ways["url"] = by_url(url)
    return ways


class Round:
    """What the watch does over and over: a look, a probe, a heartbeat. A store that is away is a finding.

    So is a part of the watch that raises: until a look has succeeded no beat leaves, and the others go on.

    For `grace_s` seconds after its start it keeps quiet: where a machine was started, the others start, too.
    """

    def __init__(
        self,
        watchdog: Watchdog,
        prober: Prober,
        heartbeat: Heartbeat,
        pager: Pager,
        pulse: Pulse,
        grace_s: float,
    ) -> None:
        self._grace_s = grace_s
        self._started_s: float | None = None
        self._watchdog = watchdog
        self._prober = prober
        self._heartbeat = heartbeat
        self._pager = pager
        self._pulse = pulse
        self._looked_s: float | None = None
        self._health: Health | None = None

    def turn(self, clock: Clock, now_s: float) -> float:
        """One round; returns how many seconds to wait at most before the next. `now_s` is monotonic."""
        if self._started_s is None:
            self._started_s = now_s
        if now_s - self._started_s < self._grace_s:
            return WAIT_S
        is_answered = True
        if self._looked_s is None or now_s - self._looked_s >= LOOK_S:
            self._looked_s = now_s
            is_answered = self._is_answered(lambda: self._look(clock), clock)
        if is_answered:  # after the look: what breaks here is not to be outshone by a look that went well
            self._is_answered(lambda: self._prober.step(clock.now(), now_s), clock)
        if (health := self._health) is not None:
            self._is_answered(lambda: self._pager.turn(health, now_s), clock)
            self._heartbeat.turn(self._health or health, now_s)
        return PROBE_WAIT_S if self._prober.is_underway else WAIT_S

    def _look(self, clock: Clock) -> None:
        self._health = self._watchdog.look(clock.now())
        self._pulse.turn(clock.now(), self._pager.ailment(clock.now()))

    def _is_answered(self, part: Callable[[], None], clock: Clock) -> bool:
        """Do one part; False when the store is away. What it raises is the health until the next look."""
        try:
            part()
        except SQLAlchemyError as error:
            log.error("the database is away", error=type(error).__name__)
            self._health = database_away(clock.now(), type(error).__name__)
            return False
        except Exception as error:
            log.exception("a part of the watch is broken")
            self._health = watch_broken(clock.now(), type(error).__name__)
        return True

    def end(self) -> None:
        self._pulse.end()
        self._heartbeat.close()


def run(round_: Round, bell: Bell, clock: Clock, stopping: threading.Event) -> None:
    """Rounds until `stopping`; the bell makes the end of a probe seen at once."""
    wait_s = WAIT_S
    while not stopping.is_set():
        try:
            wait_s = round_.turn(clock, time.monotonic())
        except Exception:
            log.exception("a round failed")
        bell.wait(wait_s)


def tell(store: Store, checkup: Checkup, clock: Clock, *, as_json: bool = False) -> int:
    """Print how the centre is; 1 when something fails. Where no worker was ever started there is none."""
    try:
        with store.read() as connection:
            if not vitals.workers(connection):
                if as_json:
                    print("[]")
                return 0
            health = checkup.look(connection, clock.now())
    except SQLAlchemyError as error:
        health = database_away(clock.now(), type(error).__name__)
    if as_json:
        found = [
            {
                "name": check.name,
                "grade": check.grade.value,
                "text": [*check.text],
                "value": check.value,
                "unit": check.unit,
                "moments": {what: at.isoformat() for what, at in check.moments.items()},
            }
            for check in health.checks
        ]
        print(json.dumps(found, ensure_ascii=False))
    for check in () if as_json else health.checks:
        value = "" if check.value is None else f"{check.value:.3g} {check.unit}"
        ago = [f"{what} {(health.at - at).total_seconds():.0f} s ago" for what, at in check.moments.items()]
        said = " ".join(part for part in (*check.text, "" if check.text[0] else value, *ago) if part)
        print(f"{check.grade.value}\t{check.name}\t{said}")
    return 1 if health.grade is Grade.FAIL else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
