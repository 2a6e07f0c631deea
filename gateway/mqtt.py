"""The gateway's line to the broker: MQTT 5, a persistent session, QoS 1, acknowledged after the commit.

paho is driven from one thread of ours, so every packet is read, acknowledged and published there: an ack from
a second thread costs it a third of its speed. `on_message` only puts aside; a message is acknowledged only on
the connection that brought it, because after a reconnect its packet id belongs to another one.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from devices.formats import family
from devices.signal import Frame, Receipt
from dispatcher.bell import TOPIC as BELL
from gateway.link import BufferedClient, Said, acknowledgement, publication
from gateway.spool import Spool

KEEPALIVE_S = 8  # a line that only falls silent is noticed after twice as long, and has to be within 20 s
SESSION_EXPIRY_S = 7 * 24 * 3600  # a forgotten session grows without limit: it ends by itself
RECEIVE_MAXIMUM = 2000  # messages that may wait for our commit at once
MOST_IN_MEMORY = 10_000  # messages; those at QoS 0 know no such limit, and go to disk beyond it
RECONNECT_S = 1.0
_READS = 200  # packets read before anything else gets its turn
_RING = publication(BELL, b"")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Arrival:
    """A frame, and what is needed to acknowledge it: its packet id on one connection."""

    frame: Frame
    packet_id: int
    qos: int
    connection: int


class Line:
    """Reads frames from the broker and acknowledges them when told so.

    `now` gives the moment of arrival. `wait_arrivals` and `answered` are called from the committing thread.
    """

    most_in_memory = MOST_IN_MEMORY

    def __init__(
        self,
        host: str,
        port: int,
        *,
        client_id: str,
        topics: Sequence[str],
        now: Callable[[], datetime],
        username: str = "",
        password: str = "",
        kept_s: int = SESSION_EXPIRY_S,
    ) -> None:
        self._kept_s = kept_s  # how long the broker keeps what comes while we are away
        self._address = (host, port)
        self._topics = self._wanted = tuple(topics)
        self._asked: dict[int | None, tuple[str, ...]] = {}  # filters, by the packet that asks for them
        self._now = now
        self._client = BufferedClient(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv5, manual_ack=True
        )
        if username:
            self._client.username_pw_set(username, password)
        self._client.max_inflight_messages_set(RECEIVE_MAXIMUM)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._connection = 0
        self._away = False
        self._hears = False  # connected and subscribed
        self._arrived: deque[Arrival] = deque()
        self._has_arrived = threading.Event()
        self._spool, self._spool_lock = Spool(), threading.Lock()
        self._lost = 0
        self._done: deque[tuple[Sequence[Arrival], Sequence[Receipt]]] = deque()
        self._rings = False  # the bell, before the next acknowledgements
        self._stopping = threading.Event()
        self.subscribed = threading.Event()
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._thread = threading.Thread(target=self._run, name="gateway-line", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def ailment(self) -> str:
        """What is wrong with the line, in words; empty while it hears."""
        return "" if self._hears else "听不到设备:与MQTT服务器的连接断开 cut off from the broker"

    def stop(self) -> None:
        """Acknowledge what is committed, say goodbye, and end."""
        self._stopping.set()
        self._wake()
        self._has_arrived.set()
        self._thread.join(timeout=3)
        self._spool.close()
        if not self._thread.is_alive():
            self._wake_in.close()
            self._wake_out.close()

    def listen(self, topics: Sequence[str]) -> None:
        """Hear what is said on these filters from now on, and on no others."""
        self._wanted = tuple(topics)
        self._wake()

    def wait_arrivals(self, timeout_s: float, most: int) -> list[Arrival]:
        """What has arrived, at most `most`; waits up to `timeout_s` for the first."""
        if not self._arrived:
            self._has_arrived.wait(timeout_s)
        self._has_arrived.clear()
        group: list[Arrival] = []
        with contextlib.suppress(IndexError):
            while len(group) < most:
                group.append(self._arrived.popleft())
        if self._spool and len(group) < most:
            group += self._from_disk(most - len(group))
        return group

    def nudge(self) -> None:
        """End the wait of `wait_arrivals`: something has come in by another way."""
        self._has_arrived.set()

    @property
    def waiting_in_memory(self) -> int:
        return len(self._arrived)

    def answered(self, arrivals: Sequence[Arrival], receipts: Sequence[Receipt]) -> None:
        """`arrivals` are committed: acknowledge them, and tell the devices."""
        self._done.append((arrivals, receipts))
        self._wake()

    def tell(self) -> None:
        """Ring the bell of the centre: what was committed is news elsewhere."""
        self._rings = True
        self._wake()

    # ---- the thread ----

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._connect()
                while self._client.socket() is not None and not self._stopping.is_set():
                    self._once()
            except OSError as error:
                if not self._away:  # once, not every second
                    host, port = self._address
                    log.error(
                        "no broker: start one, or set ANXIN_MQTT_HOST and ANXIN_MQTT_PORT; still trying",
                        host=host,
                        port=str(port),
                        error=str(error),
                    )
                self._away = True
            self._stopping.wait(RECONNECT_S)
        self._acknowledge()
        self._client.disconnect()

    def _connect(self) -> None:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = self._kept_s
        properties.ReceiveMaximum = RECEIVE_MAXIMUM
        self._connection += 1
        self._client.connect(*self._address, keepalive=KEEPALIVE_S, clean_start=False, properties=properties)

    def _once(self) -> None:
        link = self._client.link
        assert link is not None, "there is one since _connect"
        ears, mouths = [link.fileno(), self._wake_in.fileno()], [link.fileno()] if link.has_unsent else []
        readable, _, _ = select.select(ears, mouths, [], 0.0 if link.has_read_ahead else 1.0)
        if link.fileno() in readable or link.has_read_ahead:
            self._read()
        if self._wake_in.fileno() in readable:
            with contextlib.suppress(BlockingIOError):
                self._wake_in.recv(4096)
            self._acknowledge()
            self._follow()
        if self._client.want_write():  # said inside a callback
            self._client.loop_write()
        self._client.loop_misc()
        if self._client.socket() is not None:
            link.flush()

    def _read(self) -> None:
        link = self._client.link
        assert link is not None, "there is one since _connect"
        for _ in range(_READS):
            said = link.next_said()
            if said is not None:
                self._arrive(said)
            elif self._client.loop_read() != MQTTErrorCode.MQTT_ERR_SUCCESS or not link.has_read_ahead:
                break
        if self._arrived:
            self._has_arrived.set()

    def _acknowledge(self) -> None:
        if self._rings:
            self._rings = False  # first: who tells now may mean what this ring is too early for
            self._client.say(_RING)
        with contextlib.suppress(IndexError):
            while True:
                arrivals, receipts = self._done.popleft()
                self._client.say(
                    *(
                        acknowledgement(arrival.packet_id)
                        for arrival in arrivals
                        if arrival.connection == self._connection and arrival.qos
                    ),
                    *(publication(receipt.topic, receipt.payload) for receipt in receipts),
                )

    def _follow(self) -> None:
        """Ask the broker for filters that are new, and no longer for those that are gone."""
        wanted, was = self._wanted, self._topics
        if wanted == was or not self._hears:
            return  # a new connection asks for what is wanted then
        self._topics = wanted
        if gone := [topic for topic in was if topic not in wanted]:
            self._client.unsubscribe(gone)
        if new := tuple(topic for topic in wanted if topic not in was):
            self._subscribe(new)

    def _subscribe(self, topics: tuple[str, ...]) -> None:
        _, packet = self._client.subscribe([(topic, SubscribeOptions(qos=1)) for topic in topics])
        self._asked[packet] = topics

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # full means that a wake-up is on its way already
            self._wake_out.send(b"\0")

    # ---- paho's callbacks, in the thread above; they never raise, or paho would stop listening ----

    def _on_connect(
        self, _client: mqtt.Client, _data: object, flags: mqtt.ConnectFlags, reason: ReasonCode, _p: object
    ) -> None:
        if reason.is_failure:
            log.error("broker refused the gateway", reason=str(reason))
            return
        log.info("connected to the broker", session_present=flags.session_present)
        self._away = False
        self._topics = self._wanted
        self._asked.clear()
        self._subscribe(self._topics)

    def _on_subscribe(
        self, _client: mqtt.Client, _data: object, mid: int, reasons: Sequence[ReasonCode], _p: object
    ) -> None:
        asked = self._asked.pop(mid, ())
        refused = [topic for topic, reason in zip(asked, reasons, strict=False) if reason.is_failure]
        if refused:
            log.error("broker lets the gateway hear less than it needs: check its ACL", refused=refused)
        else:
            self._hears = True
            self.subscribed.set()
            self._follow()  # what was wanted meanwhile

    def _on_disconnect(
        self, _client: mqtt.Client, _data: object, _flags: object, reason: ReasonCode, _p: object
    ) -> None:
        self._hears = False
        if not self._stopping.is_set():  # paho does not always pass the broker's reason on
            log.warning(
                "the line to the broker is cut; if that repeats every second, another gateway uses the "
                "same session: give each its own ANXIN_GATEWAY_ID",
                reason=str(reason),
            )

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        self._arrive(
            Said(
                message._topic,
                bytes(message.payload),
                message.mid,
                message.qos,
                message.retain,
                message.dup,
            )
        )

    def _arrive(self, said: Said) -> None:
        topic = said.topic.decode("utf-8", "backslashreplace")
        if family(topic) is None and topic not in self._wanted:
            self._let_go(topic)
        frame = Frame(topic, said.payload, self._now(), said.retain, said.dup)
        if said.qos == 0 and (self._spool or len(self._arrived) >= self.most_in_memory):
            self._to_disk(frame)  # also when there is room again: they stay in their order
        else:
            self._arrived.append(Arrival(frame, said.packet_id, said.qos, self._connection))

    def _let_go(self, topic: str) -> None:
        """Ask no longer for what this session once asked for: a sensor that is enrolled no more.

        The broker remembers the session's filters and tells them to nobody. What has come is put before a
        human, once.
        """
        log.info("no device speaks here any more: not asked for again", topic=topic)
        self._client.unsubscribe(topic)

    def _to_disk(self, frame: Frame) -> None:
        with self._spool_lock:
            if not self._spool:
                log.error(
                    "messages come faster than they are stored, and the broker does not keep those at QoS 0: "
                    "they wait on disk; set the hubs to QoS 1"
                )
            if self._spool.put(frame):
                return
        self._lost += 1
        if self._lost.bit_count() == 1:  # 1, 2, 4, 8, …
            log.critical("NO ROOM: messages at QoS 0 are lost", lost=self._lost, topic=frame.topic)

    def _from_disk(self, most: int) -> list[Arrival]:
        with self._spool_lock:
            frames = self._spool.take(most)
            if frames and not self._spool:
                log.info("what waited on disk has been read", lost=self._lost)
        return [Arrival(frame, 0, 0, 0) for frame in frames]
