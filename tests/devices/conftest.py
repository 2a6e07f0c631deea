"""A street of enrolled devices, and a real MQTT server that may be killed."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.devices.street import Street
from tests.servers import free_port


@pytest.fixture
def street() -> Street:
    return Street()


class Mosquitto:
    """A stand-alone Mosquitto on a free port of loopback."""

    def __init__(self, program: str, folder: Path) -> None:
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\nlog_dest stderr\nlog_type notice\n"
            "log_type information\nmax_queued_messages 0\nset_tcp_nodelay true\n",
            encoding="utf-8",
        )
        self._program = program
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [self._program, "-c", str(self._config)], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if b"running" in line:
                return
        raise RuntimeError("Mosquitto did not start")

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stderr is not None
        self._process.stderr.close()


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    program = shutil.which(
        "mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/sbin"
    )
    if program is None:
        pytest.skip("no stand-alone Mosquitto: apt-get install mosquitto")
    server = Mosquitto(program, tmp_path)
    yield server
    server.kill()
