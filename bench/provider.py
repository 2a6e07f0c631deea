"""`python -m bench.provider`: our dispatcher, with a channel that hands each text to the street over TCP.

Everything but the channel is what `python -m dispatcher` runs. The channel submits in a window and waits for
the provider's answer to each text, as SMPP does, without TLS and without an SDK.
"""

from __future__ import annotations

import signal
import socket
import sys
import threading
from collections.abc import Sequence

import structlog

from bench.settings import BenchSettings
from bench.street import TAKEN
from community.storage import Store
from dispatcher.__main__ import run
from dispatcher.bell import MqttBell
from dispatcher.channels import Capabilities, Outcome, Sent
from dispatcher.clock import SystemClock
from dispatcher.courier import Courier
from dispatcher.engine import Engine
from dispatcher.model import Message

WINDOW = 64


class Handover:
    """One connection per sending thread; a text is taken when the provider has answered."""

    name = "bench"
    capabilities = Capabilities(together=WINDOW)

    def __init__(self, port: int) -> None:
        self._port = port
        self._mine = threading.local()

    def send(self, message: Message) -> Outcome:
        return self.send_together([message])[0]

    def send_together(self, messages: Sequence[Message]) -> list[Outcome]:
        self.hand_over([(message.to.phone, message.key) for message in messages])
        return [Sent(message.key) for message in messages]

    def hand_over(self, texts: Sequence[tuple[str, str]]) -> None:
        """Submit (phone, key) of each text, and wait until each is taken."""
        link: socket.socket | None = getattr(self._mine, "link", None)
        if link is None:
            self._mine.link = link = socket.create_connection(("127.0.0.1", self._port), timeout=10)
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link.sendall("".join([f"{phone} {key}\n" for phone, key in texts]).encode())
        waiting = len(texts) * len(TAKEN)
        while waiting:
            taken = link.recv(waiting)
            if not taken:
                raise ConnectionError("the provider hung up")
            waiting -= len(taken)

    def find(self, _message: Message) -> Sent | None:
        return None


def main() -> int:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    settings = BenchSettings()
    store = Store(settings.database_url)
    bell = MqttBell("127.0.0.1", settings.mqtt_port)
    clock = SystemClock()
    courier = Courier(
        store,
        Handover(settings.bench_provider_port),
        clock,
        worker="bench",
        recorded=lambda that_is_all: bell.tell() if that_is_all else bell.ring(),
    )
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    print("ready dispatcher", flush=True)
    run(Engine(store, courier), courier, bell, clock, stopping)
    courier.close()
    bell.close()
    store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
