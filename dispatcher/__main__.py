"""`python -m dispatcher`: run one dispatcher and its couriers until told to stop."""

from __future__ import annotations

import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from os import getpid
from pathlib import Path
from secrets import token_hex

import structlog

from community import logs
from community.starting import CannotStart, ready, starting
from community.storage import Store
from community.storage.schema import require_newest
from devices import profiles
from dispatcher import lifeline, plans, presets, retention
from dispatcher.bell import Bell, MqttBell
from dispatcher.chase import Chaser
from dispatcher.clock import Clock, SystemClock
from dispatcher.courier import Courier
from dispatcher.downlink import Downlink, MqttLine
from dispatcher.drills import Drills
from dispatcher.duties import Duties
from dispatcher.echo import Echo
from dispatcher.engine import GROUP, Engine
from dispatcher.family_news import FamilyNews
from dispatcher.gathering import Cries
from dispatcher.health import WorkerKind
from dispatcher.herald import Herald
from dispatcher.maintaining import Upkeep
from dispatcher.pace import Pace
from dispatcher.patrol import Patrol
from dispatcher.pulse import Pulse
from dispatcher.reachcheck import ReachCheck
from dispatcher.rounds import Rounds
from dispatcher.settings import DispatcherSettings
from dispatcher.soundings import Soundings
from dispatcher.steps import SetBack
from dispatcher.storage.planbook import Planbook
from dispatcher.summaries import Summaries
from dispatcher.traffic import Ledger
from dispatcher.wiring import Parts, switchboard

TICK_S = 1.0  # the fall-back when no bell rings
SWITCH_S = 0.0005  # a sender that is ready must not wait 5 ms, Python's default, for the engine's turn to end

HERALDS = 4  # receivers of webhooks that are told at once
ASKERS = 4  # questions to providers on their way at once: never in the way of a text

log = structlog.get_logger()


def main() -> int:
    logs.configure()
    clock = SystemClock()
    try:
        with starting():
            settings = DispatcherSettings()
            log.info("settings", **settings.model_dump(mode="json", exclude={"database_url"}))
            store = Store(settings.database_url)
            require_newest(store)
            channel = switchboard(Parts(settings, store, clock))
            patrol = Patrol(store, Planbook(plans.shipped()))
            rounds = Rounds(store, Planbook(plans.shipped()), presets.from_file(settings.presets_file))
    except CannotStart as wrong:
        print(wrong, file=sys.stderr)
        return 1
    bell = MqttBell(
        settings.mqtt_host,
        settings.mqtt_port,
        settings.mqtt_username,
        settings.mqtt_password.get_secret_value(),
    )
    worker = f"{socket.gethostname()[:32]}-{getpid()}-{token_hex(4)}"  # never used before
    folder = Path(settings.run_folder) if settings.run_folder else lifeline.folder_for(store)
    life = lifeline.Lifeline(store, folder, worker)
    courier = Courier(
        store,
        channel,
        clock,
        worker=worker,
        senders=settings.senders,
        recorded=lambda that_is_all: bell.tell() if that_is_all else bell.ring(),
        has_another_way=channel.has_another_way,
        bundles=True,
    )
    planbook = Planbook(plans.shipped())
    engine = Engine(store, courier, planbook, Pace())
    cries = Cries(store, planbook)
    own, couriers = Pulse(store, WorkerKind.DISPATCHER), Pulse(store, WorkerKind.COURIER)

    asking = ThreadPoolExecutor(ASKERS, thread_name_prefix="ask")
    chaser = Chaser(store, channel.channels.values(), clock, asking)
    soundings = Soundings(store, channel.channels.values(), clock, asking)
    ledger = Ledger(store, channel)
    set_back = SetBack(store, socket.gethostname()[:120])
    echo = Echo(store)
    tests = Drills(store, settings.drills)
    upkeep = Upkeep(store)

    def calls(now: datetime) -> None:
        if chaser.turn(now):
            bell.ring()

    first = Duties(clock=lambda now: set_back.turn(now, time.monotonic()))
    also = Duties(
        soundings=soundings.turn,
        calls=calls,
        ledger=ledger.turn,
        lifeline=life.turn,
        echo=echo.pass_on,
        tests=tests.turn,
        summaries=Summaries(store).turn,
        family_news=FamilyNews(store).turn,
        cries=cries.turn,
        upkeep=upkeep.turn,
        places=retention.of_places(store).turn,
        imports=retention.of_imports(store).turn,
        courier_pulse=lambda now: couriers.turn(now, courier.ailment()),
        own_pulse=lambda now: own.turn(now, first.ailment() or also.ailment()),
    )

    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    # On a thread of their own: a morning on which many homes are asked must not delay a press.
    going_round = threading.Thread(
        target=rounds.run, args=(clock, stopping, Pulse(store, WorkerKind.ROUNDS), bell.ring), name="rounds"
    )
    going_round.start()
    net = ReachCheck(store, Planbook(plans.shipped()))
    checking = threading.Thread(target=net.run, args=(clock, stopping), name="reach")
    checking.start()
    patrolling = threading.Thread(
        target=patrol.run, args=(clock, stopping, Pulse(store, WorkerKind.PATROL), bell.ring), name="patrol"
    )
    patrolling.start()
    lights = profiles.shipped().lights
    line = MqttLine(
        settings.mqtt_host,
        settings.mqtt_port,
        settings.mqtt_username,
        settings.mqtt_password.get_secret_value(),
    )
    answering = threading.Thread(
        target=Downlink(store, line, lights).run,
        args=(clock, stopping, Pulse(store, WorkerKind.DOWNLINK)),
        name="downlink",
    )
    answering.start()
    telling = ThreadPoolExecutor(HERALDS, thread_name_prefix="webhook")
    heralding = threading.Thread(target=Herald(store, clock, telling).run, args=(stopping,), name="herald")
    heralding.start()
    ready("dispatcher")
    run(engine, courier, bell, clock, stopping, also.turn, first.turn)
    going_round.join()
    checking.join()
    patrolling.join()
    answering.join()
    heralding.join()
    telling.shutdown(cancel_futures=True)
    line.close()
    courier.close()
    life.close()
    asking.shutdown(cancel_futures=True)
    channel.close()
    own.end()
    couriers.end()
    bell.close()
    store.close()
    return 0


def run(
    engine: Engine,
    courier: Courier,
    bell: Bell,
    clock: Clock,
    stopping: threading.Event,
    also: Callable[[datetime], int] = lambda _: 0,
    first: Callable[[datetime], int] = lambda _: 0,
) -> None:
    """Look when the bell rings and once a second anyway, until `stopping`; `first` begins each round, at the
    very moment at which the engine looks, and `also` ends it.

    A round takes one group. While there are more it is followed by the next at once, which begins with what
    came in meanwhile: a press does not wait for the repeats of a thousand others.
    """
    sys.setswitchinterval(SWITCH_S)
    rang = False
    while not stopping.is_set():
        seen = 0
        try:
            now = clock.now()
            hastened = first(now)
            seen = engine.tick(now, expected=rang or hastened > 0, once=True)
            changed = seen + also(clock.now())
            if changed:
                bell.tell()
            while courier.collect():  # what was not born under our courier's lease
                pass
        except Exception:
            log.exception("a tick failed")
            stopping.wait(TICK_S)
        rang = seen >= GROUP or bell.wait(TICK_S)


if __name__ == "__main__":
    sys.exit(main())
