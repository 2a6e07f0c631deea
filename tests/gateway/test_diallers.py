"""A dialler that others have written speaks SIA DC-09 to a gateway as it runs in a centre."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from community.storage import Store
from tests.gateway.conftest import Centre, url_of
from tests.gateway.test_from_the_wire import give_back, take_away
from tests.servers import Mosquitto, Part, free_port

pytestmark = pytest.mark.broker

KEY = "000102030405060708090a0b0c0d0e0f"
LONG_KEY = KEY * 2
DIALLER = Path(__file__).parent / "dialler.py"
SOS = "SELECT count(*) FROM signal WHERE kind = 'sos' AND device_key = :key"


class Receiver(Centre):
    """A centre with a door for diallers. Account 4321 and 8765 encipher, 1234 does not."""

    def __init__(self, store: Store, mosquitto: Mosquitto, folder: Path) -> None:
        super().__init__(store, mosquitto, folder)
        self.port = free_port()
        keys = folder / "diallers.keys"
        keys.write_text(f"# account, key\n4321 {KEY}\n8765 {LONG_KEY}\n", encoding="utf-8")
        keys.chmod(0o600)
        settings = {"ANXIN_DC09_PORT": str(self.port), "ANXIN_DC09_KEYS": str(keys)}
        settings["ANXIN_SOCKET_HOST"] = "127.0.0.1"
        self.gateway = Part("gateway", folder, url_of(store), mosquitto.port, **settings)
        for household, account in enumerate(("1234", "4321", "8765"), start=1):
            self.enrol(f"sia:{account}", household_id=household)
        self.gateway.start()

    def dials(self, transport: str, account: str, key: str, *events: str) -> subprocess.Popen[str]:
        command = [
            sys.executable,
            "-W",
            "ignore",
            str(DIALLER),
            str(self.port),
            transport,
            account,
            key,
            *events,
        ]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def acknowledged(self, dialler: subprocess.Popen[str]) -> list[str]:
        """What the dialler took for acknowledged, once it has said all."""
        said, _ = dialler.communicate(timeout=100)
        return said.split()


@pytest.fixture
def receiver(store: Store, mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Receiver]:
    made = Receiver(store, mosquitto, tmp_path)
    yield made
    made.gateway.kill()


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_dialler_is_heard_and_takes_our_answers_for_good(receiver: Receiver, transport: str) -> None:
    events = ["poll", "101", "103", "QA", "FA", "602"]
    for account, key in (("1234", "-"), ("4321", KEY), ("8765", LONG_KEY)):
        assert receiver.acknowledged(receiver.dials(transport, account, key, *events)) == events
        kept = receiver.rows(
            "SELECT kind, text FROM signal WHERE device_key = :key ORDER BY id", key=f"sia:{account}"
        )
        assert [kind for kind, _ in kept] == ["sos", "fall", "sos", "smoke"]
        assert {text for _, text in kept} == {"防区5 zone, 定位 37.59000,118.58000 (WGS-84)"}
    assert len(receiver.kinds()) == 3
    seen = "SELECT count(*) FROM device WHERE key LIKE 'sia:%' AND last_seen_at IS NOT NULL"
    receiver.comes_to(lambda: receiver.count(seen) == 3)


def test_while_the_database_is_away_nothing_is_acknowledged_and_afterwards_once(receiver: Receiver) -> None:
    take_away(receiver)
    dialler = receiver.dials("tcp", "4321", KEY, "101")
    with pytest.raises(subprocess.TimeoutExpired):
        dialler.wait(2)
    give_back(receiver)
    assert receiver.acknowledged(dialler) == ["101"]
    assert receiver.count(SOS, key="sia:4321") == 1
    assert receiver.kinds() == ["sos"]


@pytest.mark.fault
def test_a_gateway_killed_between_hearing_and_storing_hears_it_again_and_stores_it_once(
    receiver: Receiver,
) -> None:
    take_away(receiver)
    dialler = receiver.dials("udp", "1234", "-", "101")
    with pytest.raises(subprocess.TimeoutExpired):
        dialler.wait(2)
    receiver.gateway.kill()
    give_back(receiver)
    receiver.gateway.start()
    assert receiver.acknowledged(dialler) == ["101"]
    assert receiver.count(SOS, key="sia:1234") == 1
    assert receiver.kinds() == ["sos"]


def test_a_file_of_keys_that_is_wrong_is_refused_and_not_shown(receiver: Receiver, tmp_path: Path) -> None:
    folder = tmp_path / "second"
    folder.mkdir()
    keys = folder / "diallers.keys"
    keys.write_text(f"1234 {KEY}\n4321 {KEY[:-3]}\n", encoding="utf-8")
    settings = {"ANXIN_DC09_PORT": str(free_port()), "ANXIN_DC09_KEYS": str(keys)}
    second = Part("gateway", folder, url_of(receiver.store), receiver.mosquitto.port, **settings)
    with pytest.raises(RuntimeError, match="line 2") as refused:
        second.start()
    assert KEY[:-3] not in str(refused.value)
