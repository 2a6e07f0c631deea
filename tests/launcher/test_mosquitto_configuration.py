"""The production configuration in the real Mosquitto: devices speak only as themselves."""

from __future__ import annotations

import getpass
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import paho.mqtt.client as paho
import pytest

from devices.formats import TOPICS
from gateway import slices
from tests.servers import free_port

SHIPPED = Path(__file__).resolve().parents[2] / "deploy" / "mosquitto"
MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
USERS = {"devices": ("btn-0042", "btn-0043", "home17"), "centre": ("gateway",)}

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(MOSQUITTO is None, reason="Mosquitto is not installed: apt install mosquitto"),
]

WITHIN_S = 60.0

Until = Callable[[Callable[[], bool]], bool]


@dataclass(frozen=True)
class Ports:
    devices: int
    centre: int


@dataclass
class Peer:
    """An MQTT client that remembers what it heard."""

    client: paho.Client
    refused: threading.Event = field(default_factory=threading.Event)
    connected: threading.Event = field(default_factory=threading.Event)
    lost: threading.Event = field(default_factory=threading.Event)
    heard: list[str] = field(default_factory=list)

    def say(self, topic: str, payload: bytes = b"{}") -> None:
        self.client.publish(topic, payload, qos=1).wait_for_publish(WITHIN_S)


@pytest.fixture
def ports(anxin: ModuleType, tmp_path: Path, until: Until) -> Iterator[Ports]:
    """Mosquitto with the shipped files: only ports, paths and TLS are the test's own."""
    assert MOSQUITTO
    chosen = Ports(free_port(), free_port())
    shutil.copytree(SHIPPED, tmp_path / "anxin")
    settings = (SHIPPED / "mosquitto.conf").read_text(encoding="utf-8")
    for shipped, ours in (
        ("listener 8883", f"listener {chosen.devices} 127.0.0.1"),
        ("listener 1883 127.0.0.1", f"listener {chosen.centre} 127.0.0.1"),
        ("/etc/mosquitto/anxin", str(tmp_path / "anxin")),
        ("/var/lib/mosquitto/", f"{tmp_path}/"),
    ):
        assert shipped in settings
        settings = settings.replace(shipped, ours)
    plain = [line for line in settings.splitlines() if "tls" not in line]
    (tmp_path / "test.conf").write_text("\n".join([f"user {getpass.getuser()}", *plain]) + "\n")
    for file, names in USERS.items():
        path = tmp_path / "anxin" / f"{file}.passwords"
        path.touch(mode=0o600)
        for name in names:
            subprocess.run(["mosquitto_passwd", "-b", str(path), name, "secret"], check=True)
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([MOSQUITTO, "-c", str(tmp_path / "test.conf")], stderr=log)
    try:
        served = until(lambda: process.poll() is not None or not anxin.is_free(chosen.centre))
        assert served, (tmp_path / "log").read_text()
        assert process.poll() is None, (tmp_path / "log").read_text()
        yield chosen
    finally:
        process.terminate()
        process.wait(WITHIN_S)


@pytest.fixture
def connect() -> Iterator[Callable[..., Peer]]:
    peers = []

    def open_connection(user: str | None, port: int) -> Peer:
        client = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=paho.MQTTv311)
        peer = Peer(client)
        peers.append(peer)
        if user:
            client.username_pw_set(user, "secret")
        client.on_connect = lambda *told: (peer.refused if told[3].is_failure else peer.connected).set()
        client.on_disconnect = lambda *_: peer.lost.set()
        client.on_message = lambda _client, _userdata, message: peer.heard.append(message.topic)
        client.connect("127.0.0.1", port)
        client.loop_start()
        return peer

    yield open_connection
    for peer in peers:
        peer.client.disconnect()
        peer.client.loop_stop()
        if (line := peer.client.socket()) is not None:  # whoever was refused may have been trying again
            line.close()


@pytest.fixture
def gateway(connect: Callable[..., Peer], ports: Ports) -> Peer:
    peer = connect("gateway", ports.centre)
    assert peer.connected.wait(WITHIN_S)
    subscribed = threading.Event()
    peer.client.on_subscribe = lambda *_: subscribed.set()
    peer.client.subscribe([(topic, 1) for topic in TOPICS])
    assert subscribed.wait(WITHIN_S)
    return peer


def test_a_stranger_is_refused(connect: Callable[..., Peer], ports: Ports) -> None:
    assert connect(None, ports.devices).refused.wait(WITHIN_S)
    assert connect("btn-0042", ports.centre).refused.wait(WITHIN_S)


def test_a_device_speaks_only_as_itself(
    connect: Callable[..., Peer], ports: Ports, gateway: Peer, until: Until
) -> None:
    device = connect("btn-0042", ports.devices)
    assert device.connected.wait(WITHIN_S)
    device.say("care/kenli/btn-0043/signal")
    device.say("zigbee2mqtt/home17/button")
    device.say("btn-0043/events/rpc")
    device.say("tele/btn-0043/LWT")
    device.say("care/kenli/btn-0042/signal")  # and a refusal does not cost it the connection
    assert until(lambda: bool(gateway.heard))
    assert gateway.heard == ["care/kenli/btn-0042/signal"]


def test_a_device_of_any_family_is_heard_under_its_own_name(
    connect: Callable[..., Peer], ports: Ports, gateway: Peer, until: Until
) -> None:
    device = connect("btn-0042", ports.devices)
    assert device.connected.wait(WITHIN_S)
    topics = [
        "btn-0042/events/rpc",
        "btn-0042/online",
        "btn-0042/status/smoke:0",
        "shellies/btn-0042/sensor/flood",
        "tele/btn-0042/SENSOR",
        "stat/btn-0042/RESULT",
        "btn-0042/status",
        "btn-0042/binary_sensor/cord/state",
        "homie/btn-0042/$state",
    ]
    for topic in topics:
        device.say(topic)
    assert until(lambda: len(gateway.heard) >= len(topics))
    assert gateway.heard == topics


@pytest.mark.parametrize("user", ["gateway", "fallback"])
def test_whoever_listens_may_hear_every_family(user: str) -> None:
    rules = (SHIPPED / "centre.acl").read_text(encoding="utf-8").partition(f"user {user}\n")[2]
    heard = re.findall(r"^topic read (\S+)$", rules.partition("\nuser ")[0], re.MULTILINE)
    assert [topic for topic in TOPICS if not any(slices.is_within(topic, wide) for wide in heard)] == []


def test_a_device_hears_only_its_own_receipts(
    connect: Callable[..., Peer], ports: Ports, gateway: Peer, until: Until
) -> None:
    device = connect("btn-0042", ports.devices)
    assert device.connected.wait(WITHIN_S)
    subscribed = threading.Event()
    device.client.on_subscribe = lambda *_: subscribed.set()
    device.client.subscribe("care/#", qos=1)
    assert subscribed.wait(WITHIN_S)
    gateway.say("care/kenli/btn-0043/ack")
    gateway.say("care/kenli/btn-0042/ack")
    assert until(lambda: bool(device.heard))
    assert device.heard == ["care/kenli/btn-0042/ack"]


def test_a_hub_with_a_long_list_of_devices_stays_connected(
    connect: Callable[..., Peer], ports: Ports, gateway: Peer, until: Until
) -> None:
    hub = connect("home17", ports.devices)
    assert hub.connected.wait(WITHIN_S)
    hub.say("zigbee2mqtt/home17/bridge/devices", b"x" * 300_000)
    hub.say("zigbee2mqtt/home17/button", b'{"action":"emergency"}')
    assert until(lambda: len(gateway.heard) > 1)
    assert gateway.heard == ["zigbee2mqtt/home17/bridge/devices", "zigbee2mqtt/home17/button"]
    assert not hub.lost.is_set()
