"""The simulator's mouth and ears: says what a script tells, and says it again until the gateway has it."""

from __future__ import annotations

import heapq
import socket
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import quantiles
from types import TracebackType
from typing import Any, Final, Protocol

import orjson
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from devices.sim.roster import Device
from devices.sim.script import Scenario, repeated
from devices.sim.speech import Emission

GAPS: Final = (1.5, 3.0, 6.0)  # seconds before the first, second and third repetition
LAST_GAP: Final = 10.0  # ... and before each one after that, for ever
KEEPALIVE: Final = 15  # seconds
ALONE_S: Final = (
    60.0  # without a receipt for so long a device tells its owner to telephone: 请拨打2222999或120
)

PRESS: Final = Scenario.model_validate(
    {"title": "a press", "length": 1, "step": [{"does": "press", "who": ["help_button"]}]}
)


class NoBroker(ConnectionError):
    """Nobody answers, or we are not let in. The message says where and why."""


def backoff(times_said: int) -> float:
    """Seconds to wait for the receipt of something that was said `times_said` times (1 or more)."""
    return GAPS[times_said - 1] if times_said <= len(GAPS) else LAST_GAP


@dataclass(frozen=True, slots=True)
class Tally:
    """What was said and heard so far."""

    said: int  # messages, repetitions not counted
    kept: int  # of these: said until acknowledged
    resent: int  # repetitions
    acked: int  # kept ones whose receipt was heard
    acks_heard: int  # receipts, also for what had been acknowledged before
    latencies: tuple[float, ...] = ()  # seconds from first saying to the first receipt
    alone: int = 0  # calls for help whose device told its owner to telephone

    @property
    def waiting(self) -> int:
        """Kept messages still without a receipt."""
        return self.kept - self.acked

    def latency(self, percentile: int) -> float | None:
        """Seconds within which so many percent of the receipts were heard; None before the first."""
        if not self.latencies:
            return None
        if len(self.latencies) == 1:
            return self.latencies[0]
        return quantiles(self.latencies, n=100, method="inclusive")[percentile - 1]


@dataclass(slots=True)
class _Kept:
    emission: Emission
    first_said: float
    times_said: int = 1
    is_alone: bool = False


class Sender:
    """One connection for all simulated devices: MQTT 5, QoS 1, reconnects by itself.

    What needs a receipt is kept here, not in the MQTT client, and survives any number of lost connections.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        username: str = "",
        password: str = "",
        site: str = "+",
        client_id: str = "",
        gap: Callable[[int], float] = backoff,
        alone_s: float = ALONE_S,
    ) -> None:
        self._where = (host, port)
        self._ears = f"care/{site}/+/ack"
        self._gap = gap
        self._alone_s = alone_s
        self._alone = 0
        self._changed = threading.Condition()
        self._ready = threading.Event()
        self._stopping = False
        self._refusal = ""
        self._waiting: dict[tuple[str, str], _Kept] = {}  # (topic of the receipt, id)
        self._due: list[tuple[float, tuple[str, str]]] = []
        self._said = self._kept = self._resent = self._acks_heard = 0
        self._handed = self._taken = 0  # to the client; by the server
        self._latencies: list[float] = []
        self._repeater = threading.Thread(target=self._repeat, name="sim-repeater", daemon=True)

        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv5)
        client.max_inflight_messages_set(1000)
        client.reconnect_delay_set(min_delay=1, max_delay=2)
        if username:
            client.username_pw_set(username, password)
        client.on_socket_open = _without_delay
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        self._client = client

    def start(self, timeout: float = 10) -> Sender:
        """Connect and listen for receipts. Raises `NoBroker` when that fails within `timeout` seconds."""
        host, port = self._where
        try:
            self._client.connect(host, port, keepalive=KEEPALIVE)
        except OSError as error:
            raise NoBroker(f"no MQTT server at {host}:{port} ({error}); is it running?") from error
        self._client.loop_start()
        self._repeater.start()
        if not self._ready.wait(timeout):
            self.stop()
            why = self._refusal or f"no answer within {timeout:g} s"
            raise NoBroker(f"{host}:{port}: {why}; check address, user name and password")
        return self

    def stop(self) -> None:
        """Say goodbye. What still waits for a receipt is forgotten."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._client.disconnect()
        self._client.loop_stop()
        if self._repeater.is_alive():
            self._repeater.join()

    def __enter__(self) -> Sender:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def say(self, emission: Emission) -> None:
        """Send one message now; one with a receipt also later, until the receipt is heard."""
        with self._changed:
            self._said += 1
            if emission.receipt:
                now = time.monotonic()
                key = (emission.topic.removesuffix("signal") + "ack", emission.receipt)
                self._kept += 1
                self._waiting[key] = _Kept(emission, now)
                heapq.heappush(self._due, (now + self._gap(1), key))
                self._changed.notify_all()
        self._publish(emission)

    def wait(self, timeout: float | None = None) -> bool:
        """Block until nothing waits for a receipt any more; False when `timeout` seconds pass before."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting, timeout)

    def flush(self, timeout: float) -> bool:
        """Block until the server has taken every message; False when `timeout` seconds pass before."""
        with self._changed:
            return self._changed.wait_for(lambda: self._taken >= self._handed, timeout)

    def tally(self) -> Tally:
        with self._changed:
            return Tally(
                said=self._said,
                kept=self._kept,
                resent=self._resent,
                acked=self._kept - len(self._waiting),
                acks_heard=self._acks_heard,
                latencies=tuple(self._latencies),
                alone=self._alone,
            )

    def _publish(self, emission: Emission) -> bool:
        """Hand a message to the client. What is kept here is not queued there too while we are cut off."""
        if emission.receipt and not self._client.is_connected():
            return False
        with self._changed:
            self._handed += 1
        self._client.publish(emission.topic, emission.payload, qos=1, retain=emission.retain)
        return True

    def _repeat(self) -> None:
        """Say again what is due; runs in its own thread until `stop`."""
        while True:
            with self._changed:
                if self._stopping:
                    return
                now = time.monotonic()
                if not self._due or self._due[0][0] > now:
                    self._changed.wait(self._due[0][0] - now if self._due else None)
                    continue
                due, key = heapq.heappop(self._due)
                kept = self._waiting.get(key)
                if kept is None:
                    continue
                is_alone = kept.emission.calls and now - kept.first_said >= self._alone_s
                self._alone += is_alone and not kept.is_alone
                kept.is_alone = is_alone
                kept.times_said += 1
                heapq.heappush(self._due, (due + self._gap(kept.times_said), key))
            if self._publish(kept.emission):
                with self._changed:
                    self._resent += 1

    # Called by the client's own thread.

    def _on_connect(self, client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _more: Any) -> None:
        if reason.is_failure:
            self._refusal = str(reason)
            return
        client.subscribe(self._ears, qos=1)

    def _on_subscribe(self, _client: mqtt.Client, _data: Any, _mid: int, reasons: Any, _more: Any) -> None:
        if any(reason.is_failure for reason in reasons):
            self._refusal = f"not allowed to subscribe to {self._ears}"
            return
        self._ready.set()

    def _on_disconnect(self, *_: Any) -> None:
        with self._changed:
            self._changed.notify_all()

    def _on_publish(self, *_: Any) -> None:
        with self._changed:
            self._taken += 1
            if self._taken == self._handed:
                self._changed.notify_all()

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        now = time.monotonic()
        try:
            receipt = orjson.loads(message.payload)
        except orjson.JSONDecodeError:
            return
        if not isinstance(receipt, dict) or receipt.get("stored") is not True:
            return
        with self._changed:
            self._acks_heard += 1
            kept = self._waiting.pop((message.topic, str(receipt.get("id"))), None)
            if kept is not None:
                self._latencies.append(now - kept.first_said)
                if not self._waiting:
                    self._changed.notify_all()


def _without_delay(_client: mqtt.Client, _data: Any, connection: Any) -> None:
    """Small messages leave at once: Nagle's algorithm and delayed acknowledgements cost 40 ms a receipt."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class Mouth(Protocol):
    """Whoever can say a message: the one connection of all devices, or a line of one."""

    def say(self, emission: Emission) -> None: ...


def play(
    sender: Mouth,
    emissions: Iterable[Emission],
    stopping: threading.Event,
    told: Callable[[Emission], None] = lambda _: None,
) -> None:
    """Say everything at its time until it is over or `stopping` is set. `told` hears of each message."""
    started = time.monotonic()
    for emission in emissions:
        early = started + emission.at - time.monotonic()
        if stopping.wait(early) if early > 0 else stopping.is_set():
            return
        sender.say(emission)
        told(emission)


def send_presses(
    sender: Sender,
    devices: Iterable[Device],
    count: int,
    *,
    rate: float = 0,
    seed: int = 0,
    timeout: float | None = None,
) -> Tally:
    """Let help buttons be pressed `count` times, `rate` per second (0: at once); wait for every receipt.

    The devices must be ours (`care:...`): others hear no receipt. Use another `seed` for other ids. After
    `timeout` seconds without the last receipt, `Tally.waiting` says how many are missing.
    """
    buttons = tuple(device for device in devices if device.family == "native")
    play(sender, repeated(seed, buttons, PRESS, count, rate), threading.Event())
    sender.wait(timeout)
    return sender.tally()
