"""The cable between broker and gateway is pulled: no goodbye, no error, only silence."""

from __future__ import annotations

import os
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from community.storage import Store
from devices.sim.player import PRESS, Sender
from devices.sim.script import repeated
from tests.faults.conftest import Figure
from tests.faults.street import BUTTONS, WITHIN_S, Sending, keys_of, soon
from tests.gateway.conftest import Centre, url_of
from tests.servers import NO_MOSQUITTO, Mosquitto, Part, program, until

PRESSES, RATE = 300, 100.0
NOTICED_S = 20.0

pytestmark = [pytest.mark.broker, pytest.mark.fault]


def ip(*words: str, check: bool = True) -> bool:
    return subprocess.run(["ip", *words], check=check, capture_output=True).returncode == 0


@dataclass(frozen=True)
class Cable:
    """Joins us to a namespace in which a gateway may run. `near` is our address on it."""

    name: str
    near: str
    far: str

    def pull(self) -> None:
        ip("link", "set", self.name, "down")

    def plug(self) -> None:
        ip("link", "set", self.name, "up")


@pytest.fixture
def cable() -> Iterator[Cable]:
    own = os.getpid() % 50_000  # two test runs on one machine must not share a network
    subnet = f"10.{50 + own // 250}.{own % 250}"
    made = Cable(f"anxin{own}", f"{subnet}.1", f"{subnet}.2")
    if program("ip") is None or not ip("netns", "add", made.name, check=False):
        pytest.skip("a network of its own can only be made by root, with iproute2")
    other = f"{made.name}b"
    try:
        ip("link", "add", made.name, "type", "veth", "peer", "name", other, "netns", made.name)
        ip("address", "add", f"{made.near}/30", "dev", made.name)
        ip("-n", made.name, "address", "add", f"{made.far}/30", "dev", other)
        ip("-n", made.name, "link", "set", other, "up")
        ip("-n", made.name, "link", "set", "lo", "up")
        made.plug()
        yield made
    finally:
        ip("netns", "delete", made.name)  # and the cable with it


@pytest.fixture
def mosquitto(tmp_path: Path, cable: Cable) -> Iterator[Mosquitto]:
    """One that listens at our end of the cable, too."""
    if program("mosquitto") is None:
        pytest.skip(NO_MOSQUITTO)
    server = Mosquitto(tmp_path / "mosquitto")
    conf = tmp_path / "mosquitto" / "mosquitto.conf"
    conf.write_text(f"{conf.read_text()}listener {server.port} {cable.near}\n")
    server.start()
    yield server
    server.kill()


class Beyond(Part):
    """One of our commands at the other end of the cable."""

    def __init__(self, cable: Cable, name: str, folder: Path, url: str, port: int) -> None:
        super().__init__(name, folder, url, port, ANXIN_MQTT_HOST=cable.near)
        self._command = ["ip", "netns", "exec", cable.name, *self._command]


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)  # the database is not at the other end
def test_presses_outlive_a_pulled_cable(
    store: Store, mosquitto: Mosquitto, cable: Cable, tmp_path: Path, figure: Figure
) -> None:
    centre = Centre(store, mosquitto, tmp_path)
    gateway = Beyond(cable, "gateway", tmp_path, url_of(store), mosquitto.port)
    presses = list(repeated(51, BUTTONS, PRESS, PRESSES, RATE))
    gateway.start()
    try:
        with Sender("127.0.0.1", mosquitto.port, site="kenli", gap=soon) as sender:
            sending = Sending(sender, presses)
            try:
                sending.has_said(PRESSES // 3)
                cable.pull()
                pulled = time.monotonic()
                sending.has_said(PRESSES)
                assert sender.tally().acked < PRESSES
                assert until(lambda: gateway.has_said("is cut")), gateway.tail()
                noticed = time.monotonic() - pulled
                cable.plug()
                assert sender.wait(WITHIN_S), gateway.tail()
            finally:
                sending.end()
        assert gateway.is_running()
    finally:
        gateway.kill()
    stored = Counter(key for (key,) in centre.rows("SELECT unique_key FROM signal"))
    assert stored.keys() == keys_of(presses)
    assert centre.count("SELECT sum(times) FROM alarm WHERE device_key <> ''") == PRESSES
    assert noticed <= NOTICED_S
    figure(f"G7  a pulled cable: noticed after {noticed:.1f} s; {PRESSES} presses, 0 lost")
