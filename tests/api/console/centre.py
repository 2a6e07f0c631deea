"""A whole centre in one process: the real application behind a real port, the engine, and simulated phones.

Nothing runs by itself but the web server: a press is followed by `work`, which does what a dispatcher would.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta
from uuid import uuid4

from api.app import create_app
from api.parts import Parts
from api.server import Server, serve
from api.settings import Settings
from community.model import Account
from community.storage import Store
from devices.signal import Kind, Reading, Signal, State
from dispatcher import intake, plans, responses
from dispatcher.bell import LocalBell
from dispatcher.channels.phones import Phones
from dispatcher.clock import SystemClock
from dispatcher.courier import Courier
from dispatcher.downlink import Line
from dispatcher.engine import Engine
from dispatcher.health import WorkerKind
from dispatcher.model import Meaning, Message
from dispatcher.pulse import Pulse
from dispatcher.storage import handsets
from dispatcher.storage.planbook import Planbook
from hotline.exchange import Exchange
from tests.servers import free_port

START_S = 60.0


class Centre:
    """`url` is where it answers while it runs. It may be stopped and started again on the same port."""

    def __init__(self, store: Store, **settings: str) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.clock = SystemClock()
        self._store = store
        self._bell = LocalBell()
        self._plans = plans.shipped()
        self._settings = Settings.model_validate({"database_url": "sqlite://", "api_port": port, **settings})
        self._courier = Courier(
            store, Phones(self._receive, self._received), self.clock, worker="test", senders=2
        )
        self._engine = Engine(store, self._courier)
        self.turning = {WorkerKind.GATEWAY, WorkerKind.DISPATCHER, WorkerKind.COURIER, WorkerKind.WATCH}
        self._closing = threading.Event()
        self._turner = threading.Thread(target=self._turn, name="loops")
        self._turner.start()
        self.line: Line | None = None  # to a broker, for simulated devices; read when it starts
        self.exchange: Exchange | None = None  # read when it starts
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    # ---- the server ----

    def start(self) -> None:
        ready = threading.Event()
        app = create_app(
            Parts(
                store=self._store,
                clock=self.clock,
                bell=self._bell,
                plans=Planbook(self._plans),
                settings=self._settings,
                line=self.line,
                exchange=self.exchange,
            )
        )
        self._server = serve(app, self._settings, ready.set)
        self._thread = threading.Thread(target=self._server.run, name="web")
        self._thread.start()
        assert ready.wait(START_S), "the web server did not start"

    def stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(START_S)
            assert not self._thread.is_alive(), "the web server did not stop"
        self._server = self._thread = None

    def close(self) -> None:
        self.stop()
        self._closing.set()
        self._turner.join()
        self._courier.close()

    def _turn(self) -> None:
        """The loops of absent processes say that they turn, as long as they are in `turning`."""
        pulses = {kind: Pulse(self._store, kind) for kind in self.turning}
        while not self._closing.is_set():
            for kind in tuple(self.turning):
                pulses[kind].turn(self.clock.now())
            self._closing.wait(1)

    # ---- what happens in town ----

    def press(
        self,
        device_key: str,
        kind: Kind = Kind.SOS,
        text: str = "",
        state: State = State.ACTIVE,
        *,
        test: bool = False,
    ) -> int:
        """A device speaks; the incident it opened (or 0), after the engine has looked at it."""
        now = self.clock.now()
        said = Signal(device_key, kind, uuid4().hex, now, state, text=text, test=test)
        with self._store.write() as connection:
            taken = intake.take(connection, [Reading(signals=(said,))], self._plans, now)
        self.work()
        return taken.opened[0] if taken.opened else 0

    def press_together(self, device_keys: Sequence[str]) -> list[int]:
        """Many devices call in one moment, and the consoles are told before an engine looks."""
        now = self.clock.now()
        said = [Reading(signals=(Signal(key, Kind.SOS, uuid4().hex, now),)) for key in device_keys]
        with self._store.write() as connection:
            taken = intake.take(connection, said, self._plans, now)
        self._bell.ring()
        return list(taken.opened)

    def answer(self, phone: str, body: str) -> Meaning:
        meaning = responses.reply(self._store, phone, body, uuid4().hex, self.clock.now())
        self.work()
        return meaning

    def claim(self, incident_id: int, account: Account) -> None:
        responses.claim(self._store, incident_id, account, self.clock.now())
        self._bell.ring()

    def work(self, later_s: float = 0) -> None:
        """One turn of a dispatcher, now or as if `later_s` seconds had passed: decide, send what waits."""
        self._engine.tick(self.clock.now() + timedelta(seconds=later_s))
        self._courier.collect()
        self._bell.ring()

    def _receive(self, message: Message) -> str:
        with self._store.write() as connection:
            return handsets.receive(connection, message, self.clock.now())

    def _received(self, message: Message) -> str | None:
        with self._store.read() as connection:
            return handsets.received(connection, message)
