"""A cable is pulled, between broker and gateway or between everything and the dispatcher: no goodbye, no
error, only silence.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from community.storage import Store
from devices.sim.player import PRESS, Sender
from devices.sim.script import repeated
from devices.sim.speech import Emission
from tests.faults.conftest import Figure
from tests.faults.street import (
    BUTTONS,
    WITHIN_S,
    Sending,
    be_patient,
    comes_out_even,
    ends_well,
    is_everybody_told,
    name_of,
    received,
    soon,
)
from tests.faults.test_silence import socket_of, through
from tests.gateway.conftest import Centre, url_of
from tests.proxy import proxied
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


def is_said_and_the_cable_pulled(
    centre: Centre, cable: Cable, presses: list[Emission], far: Part, notices: str
) -> float:
    """People press before, while and after; returns after how many seconds `far` noticed, in its log.

    On the way back each press has its receipt.
    """
    with Sender("127.0.0.1", centre.mosquitto.port, site="kenli", gap=soon) as sender:
        sending = Sending(sender, presses[: PRESSES // 3])
        try:
            sending.has_said(PRESSES // 3)
            before = far.log.stat().st_size
            cable.pull()
            pulled = time.monotonic()
            sending.end()
            sending = Sending(sender, presses[PRESSES // 3 :])
            sending.has_said(PRESSES)
            assert until(lambda: notices.encode() in far.log.read_bytes()[before:]), far.tail()
            noticed = time.monotonic() - pulled
            if far.name == "gateway":
                assert sender.tally().acked < PRESSES, "nobody has heard the last of them"
            cable.plug()
            assert sender.wait(WITHIN_S), far.tail()
        finally:
            sending.end()
    assert far.is_running()
    return noticed


def test_presses_outlive_a_pulled_cable_of_the_gateway(
    store: Store, mosquitto: Mosquitto, cable: Cable, tmp_path: Path, figure: Figure
) -> None:
    """Its database is on this side of the cable: a file, or a socket that is a file."""
    centre = Centre(store, mosquitto, tmp_path)
    be_patient(centre)
    gateway = Beyond(cable, "gateway", tmp_path, url_of(store), mosquitto.port)
    presses = list(repeated(51, BUTTONS, PRESS, PRESSES, RATE))
    gateway.start()
    try:
        noticed = is_said_and_the_cable_pulled(centre, cable, presses, gateway, "is cut")
    finally:
        gateway.kill()
    count = ends_well(centre, tmp_path, presses)
    assert noticed <= NOTICED_S
    figure(
        f"G7  {name_of(centre)}, a pulled cable: noticed after {noticed:.1f} s; {count}; 0 lost, 0 told twice"
    )


@pytest.mark.parametrize("store", ["postgres"], indirect=True)  # there is no line to a file
def test_everybody_is_told_although_the_dispatchers_cable_was_pulled(
    store: Store, mosquitto: Mosquitto, cable: Cable, tmp_path: Path, figure: Figure
) -> None:
    """Database, broker and provider fall silent at once, in the middle of telling."""
    centre = Centre(store, mosquitto, tmp_path)
    be_patient(centre)
    presses = list(repeated(52, BUTTONS, PRESS, PRESSES, RATE))
    with proxied(socket_of(url_of(store)), cable.near) as database:
        far = Beyond(
            cable, "dispatcher", tmp_path, through(url_of(store), cable.near, database.port), mosquitto.port
        )
        centre.gateway.start()
        far.start()
        try:
            noticed = is_said_and_the_cable_pulled(centre, cable, presses, far, "a tick failed")
            assert until(lambda: is_everybody_told(centre, len(BUTTONS)), WITHIN_S), far.tail()
            far.stop()
        finally:
            far.kill()
            centre.gateway.kill()
    count = comes_out_even(centre, presses)
    assert received(centre) == count.texts
    figure(
        f"G7  {name_of(centre)}, a dispatcher cut off from all: it noticed after {noticed:.1f} s; {count}; "
        "0 lost, 0 told twice"
    )
