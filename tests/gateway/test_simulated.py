"""Who has no device at hand presses one of any protocol from the command line: the centre hears it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from community.storage import Store
from devices.sim import roster
from devices.sim.dialled import DOORS
from devices.sim.speech import can_say
from tests.gateway.conftest import Centre, url_of
from tests.servers import ROOT, Mosquitto, Part, free_port

pytestmark = pytest.mark.broker

PRESSES = (
    "SELECT device_key, count(*) AS presses FROM signal WHERE kind = 'sos' AND state = 'active' GROUP BY 1"
)
PROTOCOLS = [each for each in roster.EXAMPLES if can_say(roster.one(each), "press")]


class Newcomer(Centre):
    """A centre with every door open, and one device of each protocol in a home of its own."""

    def __init__(self, store: Store, mosquitto: Mosquitto, folder: Path) -> None:
        super().__init__(store, mosquitto, folder)
        self.doors = {family: free_port() for family in DOORS}
        settings = {DOORS[family]: str(port) for family, port in self.doors.items()}
        self.gateway = Part(
            "gateway", folder, url_of(store), mosquitto.port, ANXIN_SOCKET_HOST="127.0.0.1", **settings
        )
        keys = {roster.EXAMPLES[each] for each in PROTOCOLS}
        for home, (key, model) in enumerate(sorted(keys), 1):
            self.enrol(key, "Milesight" if model == "WS101" else "", model, household_id=home)
        self.gateway.start()

    def presses(self) -> dict[str, int]:
        """How often each device has called for help."""
        return {row.device_key: row.presses for row in self.rows(PRESSES)}

    def sim(self, protocol: str) -> dict[str, object]:
        words = [sys.executable, "-m", "devices.sim", "--protocol", protocol, "--json"]
        words += ["--port", str(self.mosquitto.port)]
        if protocol in self.doors:
            words += ["--door", str(self.doors[protocol])]
        ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
        assert ended.returncode == 0, (protocol, ended.stdout, ended.stderr, self.gateway.tail())
        tally = orjson.loads(ended.stdout)
        assert isinstance(tally, dict)
        return tally


@pytest.fixture
def newcomer(store: Store, mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Newcomer]:
    made = Newcomer(store, mosquitto, tmp_path)
    yield made
    made.gateway.kill()


def test_a_device_of_any_protocol_is_pressed_from_the_command_line(newcomer: Newcomer) -> None:
    assert {"homie", "owntracks"} == roster.EXAMPLES.keys() - set(PROTOCOLS), "these have no button"
    pressed: dict[str, int] = {}
    for protocol in PROTOCOLS:
        key = roster.one(protocol).key
        tally = newcomer.sim(protocol)
        if protocol in newcomer.doors:
            assert (tally["acked"], tally["waiting"]) == (1, 0), "it was answered when it was stored"
        pressed[key] = pressed.get(key, 0) + 1
        newcomer.comes_to(lambda: newcomer.presses() == pressed)
    assert set(newcomer.kinds()) == {"sos"}
