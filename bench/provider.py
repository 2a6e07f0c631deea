"""`python -m bench.provider`: our dispatcher, with a channel that hands each text to the street over TCP.

Beside the channel it is what `python -m dispatcher` runs for a press, but it puts no requests to one worker
together: texts are counted here. The channel submits in a window and waits for the provider's answer to
each text, as SMPP does, without TLS and without an SDK. With `bench_http` each is a POST by the line of our
own channels.
"""

from __future__ import annotations

import signal
import socket
import sys
import threading
from collections.abc import Sequence
from os import getpid

import structlog

from bench.settings import BenchSettings
from bench.street import ASKS, TAKEN
from community.starting import ready
from community.storage import Store
from dispatcher.__main__ import run
from dispatcher.bell import MqttBell
from dispatcher.channels import Capabilities, Channel, Outcome, Sent, TryLater
from dispatcher.channels.http import Line, Silence
from dispatcher.clock import SystemClock
from dispatcher.courier import Courier
from dispatcher.engine import Engine
from dispatcher.lifeline import Lifeline, folder_for
from dispatcher.model import Message


class Handover:
    """One connection per sending thread; a text is taken when the provider has answered."""

    name = "bench"

    def __init__(self, port: int, *, window: int = 1, can_be_asked: bool = False) -> None:
        self.capabilities = Capabilities(together=window)
        self._port = port
        self._can_be_asked = can_be_asked
        self._mine = threading.local()

    def send(self, message: Message) -> Outcome:
        return self.send_together([message])[0]

    def send_together(self, messages: Sequence[Message]) -> list[Outcome]:
        self.hand_over([(message.to.phone, message.key) for message in messages])
        return [Sent(message.key) for message in messages]

    def hand_over(self, texts: Sequence[tuple[str, str]]) -> None:
        """Submit (phone, key) of each text, and wait until each is taken."""
        self._say("".join([f"{phone} {key}\n" for phone, key in texts]).encode(), len(texts))

    def find(self, message: Message) -> Sent | None:
        if not self._can_be_asked:
            return None
        asked = ASKS + f"{message.to.phone} {message.key}\n".encode()
        return Sent(message.key) if self._say(asked, 1) == TAKEN else None

    def _say(self, words: bytes, answers: int) -> bytes:
        link: socket.socket | None = getattr(self._mine, "link", None)
        if link is None:
            self._mine.link = link = socket.create_connection(("127.0.0.1", self._port), timeout=10)
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link.sendall(words)
        said = b""
        while len(said) < answers * len(TAKEN):
            more = link.recv(answers * len(TAKEN) - len(said))
            if not more:
                raise ConnectionError("the provider hung up")
            said += more
        return said


class OverHttp:
    """A POST for each text, by what carries those to Aliyun and Tencent Cloud, too."""

    name = "bench-http"
    capabilities = Capabilities()

    def __init__(self, port: int) -> None:
        self._line = Line(f"http://127.0.0.1:{port}")

    def send(self, message: Message) -> Outcome:
        answer = self._line.post(f"/{message.to.phone}/{message.key}", {"Authorization": "-" * 150})
        return TryLater(answer.why) if isinstance(answer, Silence) else Sent(message.key)

    def find(self, _message: Message) -> Sent | None:
        return None


def channel(settings: BenchSettings) -> Channel:
    port = settings.bench_provider_port
    if settings.bench_http:
        return OverHttp(port)
    return Handover(port, window=settings.bench_window, can_be_asked=settings.bench_can_be_asked)


def main() -> int:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    settings = BenchSettings()
    store = Store(settings.database_url)
    bell = MqttBell("127.0.0.1", settings.mqtt_port)
    clock = SystemClock()
    worker = f"bench-{getpid()}"
    life = Lifeline(store, folder_for(store), worker)
    courier = Courier(
        store,
        channel(settings),
        clock,
        worker=worker,
        senders=settings.senders,
        unrecorded_s=settings.bench_unrecorded_s,
        recorded=lambda that_is_all: bell.tell() if that_is_all else bell.ring(),
    )
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    ready("dispatcher")
    run(Engine(store, courier), courier, bell, clock, stopping, life.turn)
    courier.close()
    life.close()
    bell.close()
    store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
