"""A gateway as it runs in a centre: its own process, a stand-alone Mosquitto, a register with devices."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import paho.mqtt.publish
import pytest
from sqlalchemy import text

from community.model import Device
from community.sites import generate, profile
from community.sites.generate import SiteData
from community.storage import Store, register, seeding
from devices.signal import Role
from dispatcher import views
from dispatcher.storms import area_of
from tests.servers import NO_MOSQUITTO, Mosquitto, Part, program, until

STREET = generate.generate(profile.read("kenli"), 1)
BUTTON = next(device for device in STREET.devices if device.key.startswith("care:"))


def url_of(store: Store) -> str:
    return store.engine.url.render_as_string(hide_password=False)


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    if program("mosquitto") is None:
        pytest.skip(NO_MOSQUITTO)
    server = Mosquitto(tmp_path / "mosquitto")
    server.start()
    yield server
    server.kill()


class Centre:
    """A street's register, Kenli's if none is given, and what can be seen of it from outside the gateway."""

    def __init__(self, store: Store, mosquitto: Mosquitto, folder: Path, street: SiteData = STREET) -> None:
        self.store = store
        self.mosquitto = mosquitto
        self.gateway = Part("gateway", folder, url_of(store), mosquitto.port)
        with store.write() as connection:
            seeding.load(connection, street)

    def enrol(self, key: str, vendor: str = "", model: str = "", household_id: int = 1) -> None:
        """A help button more, in some household."""
        with self.store.write() as connection:
            register.enrol_device(connection, Device(0, key, Role.HELP_BUTTON, household_id, vendor, model))

    def publish(self, topic: str, payload: bytes | str, retain: bool = False) -> None:
        """As anybody would: with `mosquitto_pub`, at QoS 1, the payload byte for byte."""
        said = payload.encode() if isinstance(payload, str) else payload
        command = program("mosquitto_pub")
        if command is None:
            paho.mqtt.publish.single(topic, said, 1, retain, "127.0.0.1", self.mosquitto.port)
            return
        words = [command, "-p", str(self.mosquitto.port), "-q", "1", "-t", topic, "-s" if said else "-n"]
        subprocess.run(words + ["-r"] * retain, input=said, check=True, timeout=30)

    def rows(self, sql: str, **values: object) -> Sequence[Any]:
        with self.store.read() as connection:
            return connection.execute(text(sql), values).all()

    def count(self, sql: str, **values: object) -> int:
        return int(self.rows(sql, **values)[0][0])

    def kinds(self) -> list[str]:
        """What the open incidents of homes and devices are about; an area's come on top when many press."""
        with self.store.read() as connection:
            cards = [card for card in views.board(connection) if area_of(card.subject) is None]
            return sorted(card.kind.value for card in cards)

    def comes_to(self, holds: Callable[[], bool]) -> None:
        assert until(holds), f"it never came to that; the gateway said: {self.gateway.tail()}"

    def still_works(self) -> None:
        """A press that comes afterwards is heard, by the same process."""
        key = "care:kenli/afterwards"
        self.enrol(key, household_id=2)
        self.publish("care/kenli/afterwards/signal", '{"v":1,"id":"afterwards","type":"press"}')
        self.comes_to(lambda: self.count("SELECT count(*) FROM signal WHERE device_key = :key", key=key) == 1)
        assert self.gateway.is_running()


@pytest.fixture
def centre(store: Store, mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Centre]:
    """Everything but the gateway is running."""
    made = Centre(store, mosquitto, tmp_path)
    yield made
    made.gateway.kill()


@pytest.fixture
def open_centre(centre: Centre) -> Centre:
    """The gateway is running, too."""
    centre.gateway.start()
    return centre
