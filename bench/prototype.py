"""`python -m bench.prototype`: the fast path and nothing else: group commit and a pool of senders.

What the promises cost is the distance from here. One thread hears, commits whatever has arrived in one
transaction, acknowledges, and gives one text for each press to the pool; another commits in groups what the
pool has sent. Everything is on the disk before anybody is told of it. There are no cases, plans, offers,
codes or timelines, nobody takes over what it was sending, and what it cannot read ends it.
"""

from __future__ import annotations

import json
import queue
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import chain, count
from typing import TypeVar

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from sqlalchemy import Table, bindparam, create_engine, event, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from bench import naive
from bench.naive import Base, Event, Home, Relative, as_safe_as_ours
from bench.provider import Handover
from bench.settings import BenchSettings
from community.starting import ready

GROUP = 500
RECEIVE_MAXIMUM = 2000  # as our gateway's
WAIT_S = 0.5

T = TypeVar("T")
Job = tuple[int, str, str]  # the text's number, whom it goes to, its key


class Outbox(Base):
    """A text that is promised with its press; `sent_at` once the provider has it."""

    __tablename__ = "prototype_outbox"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str]
    phone: Mapped[str]
    sent_at: Mapped[datetime | None]


EVENTS, OUTBOX = Event.__table__, Outbox.__table__
assert isinstance(EVENTS, Table)
assert isinstance(OUTBOX, Table)
_KEEP, _PROMISE = insert(EVENTS), insert(OUTBOX)
_RECORD = update(OUTBOX).where(OUTBOX.c.id == bindparam("number")).values(sent_at=bindparam("at"))


def build(url: str, homes: int) -> None:
    """The naive service's homes, and where texts are promised."""
    naive.build(url, homes)


class Prototype:
    """`take` is called from one thread."""

    def __init__(self, settings: BenchSettings) -> None:
        self._engine = create_engine(settings.database_url)
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine, "connect", as_safe_as_ours)
        self._window = settings.bench_window
        self._provider = Handover(settings.bench_provider_port, window=settings.bench_window)
        with self._engine.connect() as connection:
            known = select(Home.device, Relative.phone).join(Relative, Relative.home_id == Home.id)
            rows = connection.execute(known.order_by(Relative.id.desc()))  # the last one stays: the first
            self._phones = dict(rows.tuples().all())
        self._numbers = count(1)
        self._to_send: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._sent: queue.SimpleQueue[list[Job]] = queue.SimpleQueue()
        for _ in range(settings.senders):
            threading.Thread(target=self._send, daemon=True).start()
        threading.Thread(target=self._record, daemon=True).start()

    def take(self, messages: Sequence[mqtt.MQTTMessage]) -> list[tuple[str, bytes]]:
        """Commit all of them, and have their texts sent; returns the (topic, payload) of each receipt."""
        now = datetime.now(UTC)
        events, jobs, receipts = [], [], []
        for message in messages:
            said = json.loads(message.payload)
            device = message.topic.split("/")[2]
            key = f"{device}#{said['id']}"
            payload = message.payload.decode()
            events.append({"key": key, "device": device, "kind": said["type"], "payload": payload, "at": now})
            if said["type"] == "press":
                jobs.append((next(self._numbers), self._phones[device], key))
            receipts.append((message.topic.replace("/signal", "/ack"), b'{"id":"%s"}' % said["id"].encode()))
        with self._engine.begin() as connection:
            connection.execute(_KEEP, events)
            if jobs:
                promised = [{"id": number, "phone": phone, "key": key} for number, phone, key in jobs]
                connection.execute(_PROMISE, promised)
        for job in jobs:
            self._to_send.put(job)
        return receipts

    def _send(self) -> None:
        while True:
            jobs = _all_of(self._to_send, self._window)
            self._provider.hand_over([(phone, key) for _, phone, key in jobs])
            self._sent.put(jobs)

    def _record(self) -> None:
        while True:
            jobs = chain.from_iterable(_all_of(self._sent, GROUP))
            now = datetime.now(UTC)
            with self._engine.begin() as connection:
                connection.execute(_RECORD, [{"number": number, "at": now} for number, _, _ in jobs])


def _all_of(waiting: queue.SimpleQueue[T], most: int) -> list[T]:
    """Wait for one, and take up to `most` that are there."""
    found = [waiting.get()]
    while len(found) < most:
        try:
            found.append(waiting.get_nowait())
        except queue.Empty:
            break
    return found


def main() -> int:
    settings = BenchSettings()
    prototype = Prototype(settings)
    heard: list[mqtt.MQTTMessage] = []
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2, client_id="bench-prototype", protocol=mqtt.MQTTv5, manual_ack=True
    )
    client.max_inflight_messages_set(RECEIVE_MAXIMUM)
    client.on_socket_open = lambda _client, _data, link: link.setsockopt(
        socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
    )
    client.on_connect = lambda client, *_: client.subscribe("care/+/+/signal", qos=1)
    client.on_subscribe = lambda *_: ready("prototype")
    client.on_message = lambda _client, _data, message: heard.append(message)
    client.connect("127.0.0.1", settings.mqtt_port)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    while not stopping.is_set() and client.loop(WAIT_S) == mqtt.MQTT_ERR_SUCCESS:
        before = 0
        while before < len(heard) < GROUP:  # what is here already
            before = len(heard)
            client.loop_read()
        if heard:
            for topic, payload in prototype.take(heard):
                client.publish(topic, payload)
            for message in heard:
                client.ack(message.mid, message.qos)
            heard.clear()
    client.disconnect()
    return 0


if __name__ == "__main__":
    sys.exit(main())
