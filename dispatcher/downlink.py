"""Down to the device: the lamp and the voice at home say how the call for help stands.

A word is written with the change that it tells of (`storage.answers`), and gone when the broker has it. What
is said is how it stands at that moment, so a word that was late is never a false one.
"""

from __future__ import annotations

import threading
from typing import Protocol
from uuid import uuid4

import orjson
import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from community.storage import Store
from devices.profiles.zigbee.lights import Lights
from dispatcher.answering import flash, topic_of, word
from dispatcher.clock import Clock
from dispatcher.pulse import Pulse
from dispatcher.storage import answers

EVERY_S = 0.5
MOST = 200
HEARD_WITHIN_S = 2.0  # the broker's answer
FLASH_STALE_S = 20  # a light that comes later would be taken for news
STALE_S = 600  # a device that is away for longer has missed it: it hears the next word

log = structlog.get_logger()


class Line(Protocol):
    def say(self, topic: str, payload: bytes, stale_s: int = STALE_S) -> bool:
        """Publish; whether the broker has it. Who is away for longer than `stale_s` has missed it."""
        ...


class MqttLine:
    """A line to the broker for words to devices, QoS 1."""

    def __init__(self, host: str, port: int, username: str = "", password: str = "") -> None:
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=f"anxin-down-{uuid4().hex[:12]}", protocol=mqtt.MQTTv5
        )
        if username:
            self._client.username_pw_set(username, password)
        self._client.reconnect_delay_set(1, 2)
        self._client.connect_async(host, port, keepalive=10)
        self._client.loop_start()

    def say(self, topic: str, payload: bytes, stale_s: int = STALE_S) -> bool:
        if not self._client.is_connected():
            return False
        stale = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        stale.MessageExpiryInterval = stale_s
        sent = self._client.publish(topic, payload, qos=1, properties=stale)
        try:
            sent.wait_for_publish(HEARD_WITHIN_S)
        except (ValueError, RuntimeError):  # not taken, or the line broke
            return False
        return sent.is_published()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


class Downlink:
    """Says what is to be said. Any number may run: a word said twice is still true."""

    def __init__(self, store: Store, line: Line, lights: Lights | None = None) -> None:
        self._store = store
        self._line = line
        self._lights = lights or Lights()

    def run(self, clock: Clock, stopping: threading.Event, pulse: Pulse) -> None:
        """Look twice a second until `stopping`."""
        while not stopping.wait(EVERY_S):
            try:
                self.turn(clock)
                pulse.turn(clock.now())
            except Exception:
                log.exception("no word went down to the devices")
        pulse.end()

    def turn(self, clock: Clock) -> int:
        """Say what waits; returns of how many cases all devices were told. Others wait for the next turn."""
        with self._store.read() as connection:
            waiting = answers.pending(connection, MOST)
        told = []
        for standing in waiting:
            payload = orjson.dumps(word(standing, clock.now()))
            topics = [topic for key in standing.device_keys if (topic := topic_of(key)) is not None]
            heard = [self._line.say(topic, payload) for topic in topics]
            for strobe in standing.strobes:
                if (told_so := flash(standing, strobe, self._lights)) is not None:
                    topic, command = told_so
                    heard.append(self._line.say(topic, orjson.dumps(command), FLASH_STALE_S))
            if all(heard):
                told.append(standing)
        if told:
            with self._store.write() as connection:
                answers.said(connection, told)
        return len(told)
