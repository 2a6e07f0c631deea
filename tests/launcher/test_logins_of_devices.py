"""Logins written from the register, in the real Mosquitto: its plain files, and its dynamic security."""

from __future__ import annotations

import getpass
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from typer.testing import CliRunner

from community import __main__ as register_command
from community import logins
from community.errors import Conflict, Invalid, NotFound
from community.model import Device
from community.storage import Store, device_logins, register
from devices.formats.rights import NONE, rights
from devices.signal import Role
from tests.servers import NO_MOSQUITTO, Server, free_port, program, until

SHIPPED = Path(__file__).resolve().parents[2] / "deploy" / "mosquitto"
PLUGINS = Path("/usr/lib"), Path("/usr/local/lib"), Path("/opt/homebrew/lib")
BUTTONS = ("KL-0001", "KL-0002")

# ---- what a key gives ----


@pytest.mark.parametrize(
    ("key", "says", "hears"),
    [
        ("care:kenli/KL-1", "care/kenli/KL-1/signal", "care/kenli/KL-1/ack care/kenli/KL-1/cmd"),
        ("z2m:home17/bridge", "zigbee2mqtt/home17/#", "zigbee2mqtt/home17/#"),
        ("z2m:bridge", "zigbee2mqtt/#", "zigbee2mqtt/#"),
        ("tasmota:kitchen/0xCBA4", "tele/kitchen/# stat/kitchen/#", ""),
        ("owntracks:wang/phone", "owntracks/wang/phone owntracks/wang/phone/#", ""),
        (
            "shelly:a/b/bthomedevice:200",
            "a/b/events/rpc a/b/online a/b/status/+ shellies/a/b/#",
            "",
        ),
    ],
)
def test_a_device_may_what_its_key_says(key: str, says: str, hears: str) -> None:
    assert (rights(key).says, rights(key).hears) == (set(says.split()), set(hears.split()))


@pytest.mark.parametrize(
    "key",
    [
        "care:+/KL-1",
        "care:kenli/#",
        "care:kenli/a/b",
        "care:kenli/a\ntopic write #",
        "z2m:home17/button",
        "lora:1000000000000001",
        "esphome:care",
        "shelly:$CONTROL/x",
        "tasmota:",
        "sia:1234",
    ],
)
def test_nobody_is_given_the_topics_of_others(key: str) -> None:
    assert rights(key) == NONE


# ---- what the register keeps ----


def enrol(store: Store, key: str, **more: str | bool) -> Device:
    with store.write() as connection:
        return register.enrol_device(connection, Device(0, key, Role.HELP_BUTTON, None, **more))


def test_a_login_is_issued_once_and_ends_with_its_device(store: Store) -> None:
    enrol(store, "care:kenli/KL-0001")
    enrol(store, "care:other/KL-0001")
    enrol(store, "lora:1000000000000001")
    with store.write() as connection:
        assert device_logins.issue(connection, "care:kenli/KL-0001", "", "secret") == "KL-0001"
    with store.read() as connection:
        (one,) = device_logins.issued(connection)
        assert (one.name, one.rights) == ("KL-0001", rights("care:kenli/KL-0001"))
    for key, name, wrong in (
        ("care:other/KL-0001", "", Conflict),
        ("care:other/KL-0001", "a:b", Invalid),
        ("care:other/KL-0001", "traccar", Invalid),
        ("lora:1000000000000001", "", Invalid),
        ("care:kenli/nobody", "", NotFound),
    ):
        with pytest.raises(wrong), store.write() as connection:
            device_logins.issue(connection, key, name, "secret")
    with store.write() as connection:
        device = next(each for each in register.devices(connection) if each.username)
        register.update_device(connection, Device(device.id, device.key, device.role, None, enabled=False))
        assert device_logins.issued(connection) == ()


# ---- in the broker ----


@dataclass
class Peer:
    """A device at the broker: what it heard, and whether it came in."""

    client: paho.Client
    answered: threading.Event = field(default_factory=threading.Event)
    lost: threading.Event = field(default_factory=threading.Event)
    subscribed: threading.Event = field(default_factory=threading.Event)
    refused: bool = False
    heard: list[str] = field(default_factory=list)

    def say(self, topic: str) -> None:
        self.client.publish(topic, b"{}", qos=1).wait_for_publish(20)

    def came_in(self) -> bool:
        assert self.answered.wait(20)
        return not self.refused

    def subscribe(self, topic: str) -> None:
        self.subscribed.clear()
        self.client.subscribe(topic, 1)
        assert self.subscribed.wait(20)


@dataclass
class Broker:
    port: int
    centre: int  # the port of the centre's own processes
    binds_client_ids: bool
    passwords: dict[str, str]
    database: str
    peers: list[Peer] = field(default_factory=list)

    def connect(self, name: str, client_id: str | None = None, password: str | None = None) -> Peer:
        client = _client(client_id or name)
        client.username_pw_set(name, self.passwords[name] if password is None else password)
        return self._opened(client, self.port)

    def gateway(self) -> Peer:
        """Who hears everything that devices were allowed to say."""
        peer = self._opened(_client("gateway"), self.centre)
        assert peer.came_in()
        peer.subscribe("#")
        return peer

    def _opened(self, client: paho.Client, port: int) -> Peer:
        peer = Peer(client)

        def answered(*told: object) -> None:
            peer.refused = bool(getattr(told[3], "is_failure", True))
            peer.answered.set()

        client.on_connect = answered
        client.on_disconnect = lambda *_: peer.lost.set()
        client.on_subscribe = lambda *_: peer.subscribed.set()
        client.on_message = lambda _client, _userdata, message: peer.heard.append(message.topic)
        client.connect("127.0.0.1", port)
        client.loop_start()
        self.peers.append(peer)
        return peer


def _client(name: str) -> paho.Client:
    return paho.Client(paho.CallbackAPIVersion.VERSION2, name, reconnect_on_failure=False)


class _Mosquitto(Server):
    def serves(self, before: int) -> bool:
        return b" running" in self.log.read_bytes()[before:]


@pytest.fixture(params=["plain", "dynamic"])
def broker(request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path) -> Iterator[Broker]:
    """Mosquitto with what `register broker-files` wrote for two buttons; the centre's server stays in it."""
    found = program("mosquitto")
    plugin = next(
        (each for place in PLUGINS for each in place.glob("**/mosquitto_dynamic_security.so")), None
    )
    if found is None or (request.param == "dynamic" and plugin is None):
        pytest.skip(NO_MOSQUITTO)
    (tmp_path / "anxin.db").write_bytes(sqlite_template.read_bytes())
    database = f"sqlite:///{tmp_path / 'anxin.db'}"
    files = tmp_path / "broker"
    files.mkdir()
    shutil.copy(SHIPPED / "devices.acl", files)
    known = logins.hashed("secret")
    (files / "devices.passwords").write_text(f"traccar:{known}\nstranger:{known}\n")
    _, iterations, salt, made = known[1:].split("$")
    server = {"username": "traccar", "password": made, "salt": salt, "iterations": int(iterations)}
    says = {"acltype": "publishClientSend", "topic": "events", "priority": 0, "allow": True}
    role = {"rolename": "servers", "acls": [says]}
    whole = ("publishClientSend", "publishClientReceive", "subscribePattern")
    control = [
        {"acltype": how, "topic": "$CONTROL/dynamic-security/#", "priority": 0, "allow": True}
        for how in whole
    ]
    admin = server | {"username": "admin", "roles": [{"rolename": "admin"}]}
    state = {
        "clients": [server | {"roles": [{"rolename": "servers"}]}, admin],
        "roles": [role, {"rolename": "admin", "acls": control}],
    }
    (files / "dynamic-security.json").write_text(json.dumps(state))
    store = Store(database)
    for name in BUTTONS:
        enrol(store, f"care:kenli/{name}")
    store.close()
    passwords = {"traccar": "secret", "stranger": "secret"}
    run = CliRunner(env={"ANXIN_DATABASE_URL": database})
    for name in BUTTONS:
        told = run.invoke(register_command.app, ["device-login", f"care:kenli/{name}"])
        passwords[name] = json.loads(told.stdout)["password"]
    for _ in range(2):  # the second time, what it wrote is what was before
        wrote = run.invoke(register_command.app, ["broker-files", str(files)])
        assert wrote.exit_code == 0, wrote.output
    port, centre = free_port(), free_port()
    lines = ["per_listener_settings true", f"listener {port} 127.0.0.1", f"user {getpass.getuser()}"]
    lines += ["allow_anonymous false", "log_dest stderr", "log_type all"]
    if request.param == "plain":
        lines += [f"password_file {files}/devices.passwords", f"acl_file {files}/devices.acl"]
        lines += ["use_username_as_clientid true"]
    else:
        lines += [f"plugin {plugin}", f"plugin_opt_config_file {files}/dynamic-security.json"]
    lines += [f"listener {centre} 127.0.0.1", "allow_anonymous true"]
    (tmp_path / "mosquitto.conf").write_text("\n".join(lines) + "\n")
    mosquitto = _Mosquitto(
        "mosquitto", [found, "-c", str(tmp_path / "mosquitto.conf")], tmp_path / "mosquitto.log"
    )
    mosquitto.start()
    broker = Broker(port, centre, request.param == "dynamic", passwords, database)
    try:
        yield broker
    finally:
        for peer in broker.peers:
            with suppress(ValueError):
                peer.client.disconnect()
            peer.client.loop_stop()
        mosquitto.stop()


@pytest.mark.broker
def test_a_device_says_and_hears_its_own(broker: Broker) -> None:
    gateway, first, second = broker.gateway(), broker.connect("KL-0001"), broker.connect("KL-0002")
    assert first.came_in()
    assert second.came_in()
    for topic in ("care/kenli/KL-0002/ack", "care/kenli/KL-0001/ack", "#"):
        first.subscribe(topic)
    first.say("care/kenli/KL-0002/signal")
    first.say("care/kenli/KL-0001/ack")
    first.say("events")
    first.say("care/kenli/KL-0001/signal")
    assert until(lambda: bool(gateway.heard))
    assert gateway.heard == ["care/kenli/KL-0001/signal"]
    gateway.say("care/kenli/KL-0002/ack")
    gateway.say("care/kenli/KL-0001/ack")
    assert until(lambda: bool(first.heard))
    assert set(first.heard) == {"care/kenli/KL-0001/ack"}


@pytest.mark.broker
def test_nobody_takes_the_place_of_another(broker: Broker) -> None:
    gateway, first = broker.gateway(), broker.connect("KL-0001")
    assert first.came_in()
    liar = broker.connect("KL-0002", client_id="KL-0001")
    assert liar.came_in() is not broker.binds_client_ids  # else it is in, under its own name
    if not broker.binds_client_ids:
        liar.say("care/kenli/KL-0001/signal")
        liar.say("care/kenli/KL-0002/signal")
    first.say("care/kenli/KL-0001/signal")
    assert until(lambda: "care/kenli/KL-0001/signal" in gateway.heard)
    assert gateway.heard.count("care/kenli/KL-0001/signal") == 1
    assert not first.lost.is_set()


@pytest.mark.broker
def test_a_wrong_password_and_a_login_of_no_device_are_refused_and_a_server_stays(broker: Broker) -> None:
    gateway = broker.gateway()
    assert not broker.connect("KL-0001", password="wrong").came_in()
    assert not broker.connect("stranger").came_in()
    server = broker.connect("traccar")
    assert server.came_in()
    server.say("care/kenli/KL-0001/signal")
    server.say("events")
    assert until(lambda: bool(gateway.heard))
    assert gateway.heard == ["events"]


@pytest.mark.broker
@pytest.mark.parametrize("broker", ["dynamic"], indirect=True)
def test_a_device_taken_out_of_service_is_put_out_and_comes_in_again_with_it(broker: Broker) -> None:
    first, second = broker.connect("KL-0001"), broker.connect("KL-0002")
    assert first.came_in()
    assert second.came_in()
    environment = {"ANXIN_DATABASE_URL": broker.database, "ANXIN_BROKER_PORT": str(broker.port)}
    admin = {"ANXIN_BROKER_ADMIN": "admin", "ANXIN_BROKER_ADMIN_PASSWORD": "secret"}
    run = CliRunner(env=environment | admin)
    off = run.invoke(register_command.app, ["device-off", "care:kenli/KL-0001"])
    assert (off.exit_code, off.stdout.splitlines()[1:]) == (0, ["KL-0001: put out at the broker"])
    assert first.lost.wait(20)
    assert not broker.connect("KL-0001").came_in()
    assert not second.lost.is_set()
    on = run.invoke(register_command.app, ["device-on", "care:kenli/KL-0001"])
    assert on.stdout.splitlines()[1:] == ["KL-0001: may come in at the broker"]
    assert broker.connect("KL-0001").came_in()
    for told, why in (
        (admin | {"ANXIN_BROKER_ADMIN_PASSWORD": "wrong"}, "refuses the administrator"),
        (admin | {"ANXIN_BROKER_PORT": str(free_port())}, "does not answer"),
        ({"ANXIN_BROKER_ADMIN": ""}, "ANXIN_BROKER_ADMIN is not set"),
    ):
        off = CliRunner(env=environment | told).invoke(
            register_command.app, ["device-off", "care:kenli/KL-0001"]
        )
        assert why in off.output, told
        assert "mosquitto_ctrl dynsec disableClient KL-0001" in off.output


def test_a_login_ends_with_the_last_device_in_service_that_has_it(store: Store) -> None:
    one = enrol(store, "shelly:kitchen/input:0", username="kitchen")
    other = enrol(store, "shelly:kitchen/input:1", username="kitchen")
    bare = enrol(store, "care:kenli/KL-0002")

    def off(device: Device) -> str:
        with store.write() as connection:
            return device_logins.switch(connection, device.key, on=False)

    with store.write() as connection:
        assert device_logins.issue(connection, one.key, "", "secret") == "kitchen"
    assert off(one) == ""
    assert off(other) == "kitchen"
    assert off(bare) == ""
    with pytest.raises(NotFound):
        off(Device(0, "care:kenli/nobody", Role.HELP_BUTTON, None))
