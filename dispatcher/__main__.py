"""`python -m dispatcher`: run one dispatcher and its couriers until told to stop."""

from __future__ import annotations

import signal
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from os import getpid
from pathlib import Path

import structlog

from community import logs
from community.starting import CannotStart, starting
from community.storage import Store, register
from community.storage.schema import require_newest
from dispatcher import plans, presets
from dispatcher.bell import Bell, MqttBell
from dispatcher.channels import Channel
from dispatcher.channels.by_medium import ByMedium
from dispatcher.channels.phones import Phones
from dispatcher.channels.twilio import TwilioSms, TwilioVoice
from dispatcher.chase import Chaser
from dispatcher.clock import Clock, SystemClock
from dispatcher.courier import Courier
from dispatcher.echo import Echo
from dispatcher.engine import Engine
from dispatcher.health import WorkerKind
from dispatcher.model import Message
from dispatcher.pulse import Pulse
from dispatcher.rounds import Rounds
from dispatcher.settings import DispatcherSettings
from dispatcher.storage import handsets
from dispatcher.storage.planbook import Planbook

TICK_S = 1.0  # the fall-back when no bell rings
SWITCH_S = 0.0005  # a sender that is ready must not wait 5 ms, Python's default, for the engine's turn to end

ASKERS = 4  # questions to providers on their way at once: never in the way of a text

log = structlog.get_logger()


def _phones(_settings: DispatcherSettings, store: Store, clock: Clock) -> Channel:
    def receive(message: Message) -> str:
        with store.write() as connection:
            return handsets.receive(connection, message, clock.now())

    def received(message: Message) -> str | None:
        with store.read() as connection:
            return handsets.received(connection, message)

    return Phones(receive, received)


def _twilio(settings: DispatcherSettings, _store: Store, _clock: Clock) -> Channel:
    return TwilioSms(*_account(settings, "status"))


def _twilio_voice(settings: DispatcherSettings, _store: Store, _clock: Clock) -> Channel:
    return TwilioVoice(*_account(settings, "voice"))


def _account(settings: DispatcherSettings, callback: str) -> tuple[str, str, str, str, str]:
    """What both of Twilio's channels are made with; `callback` is the path of theirs."""
    if not (settings.twilio_account_sid and settings.twilio_auth_token.get_secret_value()):
        raise ValueError("Twilio needs ANXIN_TWILIO_ACCOUNT_SID, ANXIN_TWILIO_AUTH_TOKEN, ANXIN_TWILIO_FROM")
    return (
        settings.twilio_account_sid,
        settings.twilio_auth_token.get_secret_value(),
        settings.twilio_from,
        f"{settings.public_url.rstrip('/')}/callbacks/twilio/{callback}",
        settings.twilio_base_url,
    )


# A new channel is a module in `channels/` and a line here.
CHANNELS: Mapping[str, Callable[[DispatcherSettings, Store, Clock], Channel]] = {
    "phones": _phones,
    "twilio": _twilio,
    "twilio-voice": _twilio_voice,
}


def main() -> int:
    logs.configure()
    clock = SystemClock()
    try:
        with starting():
            settings = DispatcherSettings()
            log.info("settings", **settings.model_dump(mode="json", exclude={"database_url"}))
            store = Store(settings.database_url)
            require_newest(store)
            _refuse_real_texts_to_made_up_people(settings, store)
            channel = CHANNELS[settings.channel](settings, store, clock)
            rounds = Rounds(store, Planbook(plans.shipped()), _presets(settings.presets_file))
            ways = [channel]
            if settings.voice:
                ways.append(CHANNELS[settings.voice](settings, store, clock))
                channel = ByMedium(*ways)
    except CannotStart as wrong:
        print(wrong, file=sys.stderr)
        return 1
    bell = MqttBell(
        settings.mqtt_host,
        settings.mqtt_port,
        settings.mqtt_username,
        settings.mqtt_password.get_secret_value(),
    )
    courier = Courier(
        store,
        channel,
        clock,
        worker=f"{socket.gethostname()}-{getpid()}",
        senders=settings.senders,
        recorded=bell.ring,
    )
    engine = Engine(store, courier)
    own, couriers = Pulse(store, WorkerKind.DISPATCHER), Pulse(store, WorkerKind.COURIER)

    asking = ThreadPoolExecutor(ASKERS, thread_name_prefix="ask")
    chaser = Chaser(store, ways, clock, asking)
    echo = Echo(store)

    def also(now: datetime) -> int:
        if chaser.turn(now):
            bell.ring()
        own.turn(now)
        couriers.turn(now, courier.ailment())
        return echo.pass_on(now)

    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    # On a thread of their own: a morning on which many homes are asked must not delay a press.
    going_round = threading.Thread(target=rounds.run, args=(clock, stopping, bell.ring), name="rounds")
    going_round.start()
    print("ready dispatcher", flush=True)
    run(engine, courier, bell, clock, stopping, also)
    going_round.join()
    courier.close()
    asking.shutdown(cancel_futures=True)
    own.end()
    couriers.end()
    bell.close()
    store.close()
    return 0


def _presets(path: str) -> presets.Presets:
    try:
        return presets.load((Path(path) if path else presets.SHIPPED).read_text("utf-8"))
    except (OSError, ValueError) as wrong:
        raise ValueError(f"ANXIN_PRESETS_FILE: {wrong}") from wrong


def _refuse_real_texts_to_made_up_people(settings: DispatcherSettings, store: Store) -> None:
    """The numbers of a seeded street may belong to strangers."""
    is_real = settings.channel != "phones" and not settings.twilio_base_url
    with store.read() as connection:
        if is_real and any(area.synthetic for area in register.areas(connection, with_polygons=False)):
            raise ValueError(
                "this database holds a made-up street, and its numbers may belong to strangers: "
                "use ANXIN_CHANNEL=phones, or a database of your own"
            )


def run(
    engine: Engine,
    courier: Courier,
    bell: Bell,
    clock: Clock,
    stopping: threading.Event,
    also: Callable[[datetime], int],
) -> None:
    """Look when the bell rings and once a second anyway, until `stopping`; `also` ends each round."""
    sys.setswitchinterval(SWITCH_S)
    while not stopping.is_set():
        try:
            changed = engine.tick(clock.now())
            changed += courier.collect()
            changed += also(clock.now())
            if changed:
                bell.ring()
                continue
        except Exception:
            log.exception("a tick failed")
            stopping.wait(TICK_S)
        bell.wait(TICK_S)


if __name__ == "__main__":
    sys.exit(main())
