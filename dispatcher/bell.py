"""A wake-up between workers. It may only make things sooner: whoever misses it looks once a second anyway."""

from __future__ import annotations

import socket
import threading
from typing import Protocol
from uuid import uuid4

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

TOPIC = "anxin/bell"


class Rope(Protocol):
    """The end of a bell for those who never wait for it."""

    def tell(self) -> None:
        """Something has changed that is news elsewhere."""
        ...


class Bell(Rope, Protocol):
    def ring(self) -> None:
        """Something has changed; whoever waits should look, here and elsewhere."""
        ...

    def wait(self, timeout_s: float) -> bool:
        """Wait for a ring, at most `timeout_s` seconds; whether it rang."""
        ...


class LocalBell:
    """Within one process; one waiter."""

    def __init__(self) -> None:
        self._rung = threading.Event()

    def ring(self) -> None:
        self._rung.set()

    def tell(self) -> None:
        """There is no elsewhere."""

    def wait(self, timeout_s: float) -> bool:
        rang = self._rung.wait(timeout_s)
        self._rung.clear()
        return rang


class MqttBell(LocalBell):
    """Joins the processes of a centre over the broker, QoS 0; a local bell while the broker is away."""

    def __init__(self, host: str, port: int, username: str = "", password: str = "") -> None:
        super().__init__()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=f"anxin-bell-{uuid4().hex[:12]}", protocol=mqtt.MQTTv5
        )
        if username:
            self._client.username_pw_set(username, password)
        self._client.reconnect_delay_set(1, 2)
        self._client.on_socket_open = _send_at_once
        self._client.on_connect = self._connected
        self._client.on_message = self._heard
        self._client.connect_async(host, port, keepalive=10)
        self._client.loop_start()

    def ring(self) -> None:
        super().ring()
        self.tell()

    def tell(self) -> None:
        if self._client.is_connected():
            self._client.publish(TOPIC, b"", qos=0)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _connected(
        self, client: mqtt.Client, _data: object, _flags: object, reason: ReasonCode, _props: object
    ) -> None:
        if not reason.is_failure:
            client.subscribe(TOPIC, options=SubscribeOptions(qos=0, noLocal=True))
        super().ring()  # something may have been missed while the line was down

    def _heard(self, _client: mqtt.Client, _data: object, _message: mqtt.MQTTMessage) -> None:
        super().ring()


def _send_at_once(_client: mqtt.Client, _data: object, link: object) -> None:
    """Waking somebody must not wait for the next packet: Nagle's algorithm costs 40 ms at rest."""
    if isinstance(link, socket.socket):
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
