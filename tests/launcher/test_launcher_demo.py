"""What the demo plans: ports, settings, the order of its processes, and whose files it may remove."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import paho.mqtt.client as paho
import pytest

from tests.servers import free_port

ROOT = Path(__file__).resolve().parents[2]


def test_the_usual_port_is_taken_when_it_is_free(anxin: ModuleType) -> None:
    assert anxin.choose_port(8000, (), lambda _: True) == 8000


def test_the_next_free_port_is_taken_when_the_usual_is_not(anxin: ModuleType) -> None:
    assert anxin.choose_port(8000, (8001,), lambda port: port != 8000) == 8002


def test_no_port_at_all_is_said_plainly(anxin: ModuleType) -> None:
    with pytest.raises(anxin.Trouble, match="8000"):
        anxin.choose_port(8000, (), lambda _: False)


def test_a_port_with_a_listener_is_not_free(anxin: ModuleType) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert not anxin.is_free(port)
    assert anxin.is_free(port)


def test_everything_in_the_demo_stays_on_loopback(anxin: ModuleType, tmp_path: Path) -> None:
    variables = anxin.demo_variables(tmp_path, mqtt_port=1884, api_port=8001)
    assert variables["ANXIN_MQTT_HOST"] == variables["ANXIN_API_HOST"] == "127.0.0.1"
    assert variables["ANXIN_PUBLIC_URL"] == "http://127.0.0.1:8001"
    assert variables["ANXIN_DATABASE_URL"] == f"sqlite:///{tmp_path}/anxin.db"


def test_the_store_is_filled_before_anyone_serves_from_it(anxin: ModuleType, tmp_path: Path) -> None:
    plan = anxin.demo_plan("python", tmp_path, mqtt_port=1884, v3_port=1885)
    assert [part.name for part in plan.preparations] == ["migrate", "seed", "roster"]
    assert all(part.once for part in plan.preparations)
    assert {part.name for part in plan.servers} == {"dispatcher", "gateway", "api", "watch"}
    assert not any(part.once for part in plan.servers)
    assert "1884" in plan.street.command


def test_a_folder_with_other_peoples_files_is_never_emptied(anxin: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "anxin.db").touch()
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(anxin.Trouble, match=r"thesis\.txt"):
        anxin.empty(tmp_path, spare="demo.lock")
    assert (tmp_path / "anxin.db").exists()


def test_a_fresh_demo_forgets_the_last_one(anxin: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "demo.lock").touch()
    (tmp_path / "anxin.db").touch()
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "api.log").touch()
    anxin.empty(tmp_path, spare="demo.lock")
    assert [each.name for each in tmp_path.iterdir()] == ["demo.lock"]


@pytest.fixture
def broker() -> Iterator[tuple[int, int]]:
    """The demo's own MQTT server, started as the demo starts it; its MQTT 5 and MQTT 3.1.1 ports."""
    port, v3_port = free_port(), free_port()
    serve = f"import sys, anxin; sys.exit(anxin.serve_mqtt({port}, {v3_port}))"
    with subprocess.Popen(
        [sys.executable, "-c", serve], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline().startswith("ready")
        yield port, v3_port
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def test_the_demo_broker_joins_old_devices_and_the_new_gateway(
    broker: tuple[int, int], until: Callable[[Callable[[], bool]], bool]
) -> None:
    heard: list[bytes] = []
    subscribed: list[bool] = []
    gateway = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    gateway.on_message = lambda _client, _userdata, message: heard.append(message.payload)
    gateway.on_subscribe = lambda *_: subscribed.append(True)
    device: Any = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=paho.MQTTv311)
    gateway.connect("127.0.0.1", broker[0])
    gateway.loop_start()
    gateway.subscribe("zigbee2mqtt/#", qos=1)
    assert until(lambda: bool(subscribed))
    device.connect("127.0.0.1", broker[1])
    device.loop_start()
    device.publish("zigbee2mqtt/button", b'{"action":"emergency"}', qos=1).wait_for_publish(60)
    assert until(lambda: bool(heard))
    assert heard == [b'{"action":"emergency"}']
    for client in (gateway, device):
        client.disconnect()
        client.loop_stop()


def test_a_program_of_one_part_gets_a_database_when_none_is_named(anxin: ModuleType, tmp_path: Path) -> None:
    named = {"ANXIN_DATABASE_URL": "postgresql+psycopg://centre/anxin"}
    assert anxin.run_variables(named, tmp_path)["ANXIN_DATABASE_URL"] == named["ANXIN_DATABASE_URL"]
    assert anxin.run_variables({}, tmp_path)["ANXIN_DATABASE_URL"] == f"sqlite:///{tmp_path}/anxin.db"


def test_the_logins_that_the_register_made_are_shown(anxin: ModuleType) -> None:
    seeded = (
        '{"logins": [{"login": "operator", "password": "p-1", "role": "operator"}], "api_key": "anxin_x"}'
    )
    assert anxin.login_lines(seeded) == ["operator / p-1  (operator)"]


def test_the_first_press_is_by_the_home_that_the_welcome_speaks_of(anxin: ModuleType, tmp_path: Path) -> None:
    roster, kept = tmp_path / "roster.json", tmp_path / "first-home.json"
    roster.write_text('[{"resident": "王秀英"}, {"resident": "荆福林"}]', encoding="utf-8")
    anxin.keep_the_first(roster, kept)
    assert kept.read_text(encoding="utf-8") == '[{"resident": "王秀英"}]'
