"""The simulator over a real MQTT server: nothing is forgotten before the receipt is heard."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from devices import formats
from devices.signal import Frame
from devices.sim import player, roster, script
from devices.sim.player import NoBroker, Sender, Tally, backoff, send_presses
from devices.sim.speech import Emission
from tests.devices.conftest import Mosquitto
from tests.devices.street import Street
from tests.servers import until

pytestmark = pytest.mark.broker
STREET = roster.street("kenli")
AT = datetime(2026, 11, 20, tzinfo=UTC)


class Gateway:
    """Hears, keeps what it heard, and answers - unless it is told to be hard of hearing."""

    def __init__(self, port: int, deaf_for: int = 0) -> None:
        self.kept: Counter[str] = Counter()
        self.spoken = threading.Semaphore(0)
        self._deaf_for = deaf_for
        self._street = Street()
        for device in STREET:
            self._street.enrol(device.key, device.role, model=device.model)
        self._listening = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe([(each, 1) for each in formats.TOPICS])
        self._client.on_subscribe = lambda *_: self._listening.set()
        self._client.on_message = self._hear
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._listening.wait(60)

    def _hear(self, client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        reading = formats.read(Frame(message.topic, message.payload, AT), self._street, {})
        self.kept.update(signal.unique_key for signal in reading.signals)
        if self._deaf_for > 0:
            self._deaf_for -= 1
        elif reading.receipt:
            client.publish(reading.receipt.topic, reading.receipt.payload, qos=1)
        self.spoken.release()

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def gateway(mosquitto: Mosquitto) -> Iterator[Gateway]:
    started = Gateway(mosquitto.port)
    yield started
    started.stop()


def test_the_pauses_before_saying_it_again_are_the_documented_ones() -> None:
    assert [backoff(times) for times in range(1, 7)] == [1.5, 3.0, 6.0, 10.0, 10.0, 10.0]


def test_every_press_is_kept_once_and_its_receipt_heard(mosquitto: Mosquitto, gateway: Gateway) -> None:
    with Sender("127.0.0.1", mosquitto.port, site="kenli") as sender:
        tally = send_presses(sender, STREET, 300, seed=1, timeout=100)
    assert (tally.said, tally.kept, tally.acked, tally.waiting) == (300, 300, 300, 0)
    assert len(gateway.kept) == 300
    assert 0 < (tally.latency(50) or 0) <= (tally.latency(99) or 0) < 100


def test_a_press_is_said_again_with_the_same_id_until_somebody_answers(mosquitto: Mosquitto) -> None:
    gateway = Gateway(mosquitto.port, deaf_for=25)
    try:
        with Sender("127.0.0.1", mosquitto.port, gap=lambda _: 0.05) as sender:
            tally = send_presses(sender, STREET, 10, seed=2, timeout=100)
    finally:
        gateway.stop()
    assert tally.waiting == 0
    assert tally.resent >= 15
    assert len(gateway.kept) == 10
    assert max(gateway.kept.values()) > 1


def test_who_pressed_and_hears_nothing_for_long_is_told_once_to_telephone(mosquitto: Mosquitto) -> None:
    with Sender("127.0.0.1", mosquitto.port, gap=lambda _: 0.02, alone_s=3600) as sender:
        send_presses(sender, STREET, 2, seed=3, timeout=0)
        assert until(lambda: sender.tally().resent > 40)
        assert sender.tally().alone == 0
    with Sender("127.0.0.1", mosquitto.port, gap=lambda _: 0.02, alone_s=0.1) as sender:
        sender.say(Emission(0, "care/kenli/motion/signal", b"{}", receipt="m"))
        send_presses(sender, STREET, 2, seed=3, timeout=0)
        assert until(lambda: sender.tally().alone == 2)
        before = sender.tally().resent
        assert until(lambda: sender.tally().resent > before + 40)
        assert sender.tally().alone == 2


def test_nobody_answers_and_the_tally_says_so(mosquitto: Mosquitto) -> None:
    with Sender("127.0.0.1", mosquitto.port) as sender:
        tally = send_presses(sender, STREET, 2, seed=3, timeout=0.1)
    assert (tally.acked, tally.waiting, tally.latency(50)) == (0, 2, None)


def test_a_receipt_for_somebody_else_or_in_broken_words_is_none(mosquitto: Mosquitto) -> None:
    with Sender("127.0.0.1", mosquitto.port) as sender:
        (press,) = script.script(4, STREET[:1], player.PRESS)
        sender.say(press)
        ears = press.topic.removesuffix("signal") + "ack"
        publisher = mqtt.Client(CallbackAPIVersion.VERSION2)
        publisher.connect("127.0.0.1", mosquitto.port)
        publisher.loop_start()
        for body in (b"{", b"[]", b'{"id":"other","stored":true}', orjson.dumps({"id": press.receipt})):
            publisher.publish(ears, body, qos=1).wait_for_publish(60)
        assert not sender.wait(0.2)
        publisher.publish(ears, orjson.dumps({"id": press.receipt, "stored": True}), qos=1)
        assert sender.wait(100)
        publisher.disconnect()
        publisher.loop_stop()


@pytest.mark.fault
def test_presses_survive_the_death_of_the_broker(mosquitto: Mosquitto) -> None:
    gateway = Gateway(mosquitto.port, deaf_for=50)
    try:
        with Sender("127.0.0.1", mosquitto.port, gap=lambda _: 0.3) as sender:
            for press in script.repeated(5, STREET[:1], player.PRESS, 40, 0):
                sender.say(press)
            assert gateway.spoken.acquire(timeout=60)
            mosquitto.kill()
            for press in script.repeated(6, STREET[:1], player.PRESS, 10, 0):
                sender.say(press)
            mosquitto.start()
            assert sender.wait(100)
            assert sender.tally().acked == 50
    finally:
        gateway.stop()
    assert len(gateway.kept) == 50


def test_without_a_server_it_says_where_it_looked(mosquitto: Mosquitto) -> None:
    mosquitto.kill()
    with pytest.raises(NoBroker, match=f"no MQTT server at 127.0.0.1:{mosquitto.port}"):
        Sender("127.0.0.1", mosquitto.port).start()


def sim(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "devices.sim", *words]
    return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=120, check=False)


def test_the_command_plays_a_scenario_and_sums_up(mosquitto: Mosquitto, gateway: Gateway) -> None:
    ended = sim("--port", str(mosquitto.port), "--scenario", "everybody_at_once", "--seed", "9", "--json")
    assert ended.returncode == 0, ended.stderr
    summary = orjson.loads(ended.stdout)
    assert (summary["seed"], summary["said"], summary["kept"], summary["acked"]) == (9, 14, 8, 8)
    for _ in range(14):
        assert gateway.spoken.acquire(timeout=60)
    assert len(gateway.kept) == 14


def test_the_command_stops_when_its_time_is_over_and_tells_what_is_missing(mosquitto: Mosquitto) -> None:
    ended = sim("--port", str(mosquitto.port), "--count", "20", "--rate", "0", "--duration", "2", "--json")
    assert ended.returncode == 1
    summary = orjson.loads(ended.stdout)
    assert summary["waiting"] == summary["kept"] > 0


def test_the_command_explains_what_it_cannot_do(mosquitto: Mosquitto) -> None:
    ended = sim("--port", str(mosquitto.port), "--scenario", "flood")
    assert ended.returncode == 2
    assert "no scenario 'flood'" in ended.stderr


def test_the_command_finds_the_server_where_the_other_parts_find_it() -> None:
    ended = sim(ANXIN_MQTT_HOST="127.0.0.2", ANXIN_MQTT_PORT="1")
    assert ended.returncode == 2
    assert "127.0.0.2:1 " in ended.stderr


def test_the_latency_of_nothing_is_unknown_and_of_one_is_itself() -> None:
    nothing = Tally(said=0, kept=0, resent=0, acked=0, acks_heard=0)
    assert nothing.latency(99) is None
    assert Tally(1, 1, 0, 1, 1, (0.5,)).latency(99) == 0.5
