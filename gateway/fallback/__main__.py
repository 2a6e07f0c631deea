"""`python -m gateway.fallback`: stand by until told to stop."""

from __future__ import annotations

import signal
import sys
import threading
from datetime import timedelta
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError

from community import logs
from community.starting import CannotStart, ready, starting
from community.storage import Store
from devices.formats import TOPICS
from devices.profiles import shipped
from dispatcher.clock import SystemClock
from dispatcher.switchboard import Switchboard
from dispatcher.wiring import Parts, channels, refuse_made_up_people
from gateway.fallback import snapshot
from gateway.fallback.settings import FallbackSettings
from gateway.fallback.station import Station
from gateway.mqtt import Line

WAIT_S = 1.0
GROUP = 500
KEPT_S = 60  # what was said longer ago has been told, or is too old to be told by us

log = structlog.get_logger()


def main() -> int:
    logs.configure()
    clock = SystemClock()
    try:
        with starting():
            settings = FallbackSettings()
            log.info("settings", **settings.model_dump(mode="json", exclude={"database_url"}))
            folder = Path(settings.fallback_folder)
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            store = Store(settings.database_url)  # which may be away: that is what we are for
            switchboard = Switchboard(channels(Parts(settings, store, clock)), clock)
            refuse_made_up_people(settings, made_up=_is_made_up(store, folder))
            wait = timedelta(seconds=settings.fallback_wait_s)
            station = Station(store, switchboard, folder, shipped(), wait)
    except CannotStart as wrong:
        print(wrong, file=sys.stderr)
        return 1
    line = Line(
        settings.mqtt_host,
        settings.mqtt_port,
        client_id=settings.fallback_id,
        topics=TOPICS,
        now=clock.now,
        username=settings.mqtt_username,
        password=settings.mqtt_password.get_secret_value(),
        kept_s=KEPT_S,
    )
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    line.start()
    if line.subscribed.wait(10):
        ready("fallback")
    while not stopping.is_set() and line.is_alive():
        arrivals = line.wait_arrivals(WAIT_S, GROUP)
        try:
            station.hear([arrival.frame for arrival in arrivals])
            line.answered(arrivals, station.turn(clock.now()))
        except Exception:
            log.exception("a turn failed")
            line.answered(arrivals, [])
    line.stop()
    station.close()
    switchboard.close()
    store.close()
    return 0 if stopping.is_set() else 1


def _is_made_up(store: Store, folder: Path) -> bool:
    """Whether the people are; as the store says, or as it said when it last answered."""
    try:
        with store.read() as connection:
            return snapshot.take(connection).made_up
    except SQLAlchemyError:
        return snapshot.read(folder / "snapshot.json").made_up


if __name__ == "__main__":
    sys.exit(main())
