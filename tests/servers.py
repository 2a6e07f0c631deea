"""Real servers for tests and measurements: an MQTT server and our own processes, which may be killed."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from random import SystemRandom

PATHS = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/sbin:/opt/homebrew/bin"
NO_MOSQUITTO = "no stand-alone Mosquitto: apt-get install mosquitto"
STARTS_WITHIN_S = 90.0
ENDS_WITHIN_S = 60.0
ROOT = Path(__file__).resolve().parents[1]

# As deploy/mosquitto/mosquitto.conf, without its users and without TLS.
_CONF = """\
listener {port} 127.0.0.1
allow_anonymous true
max_queued_messages 1000000000
max_inflight_messages {inflight}
persistence {persistence}
persistence_location {folder}/
autosave_interval 1
set_tcp_nodelay true
message_size_limit {largest}
log_dest stderr
log_type error
log_type warning
log_type notice
connection_messages true
"""


def program(name: str) -> str | None:
    """Where `name` is, also where only root looks."""
    return shutil.which(name) or shutil.which(name, path=PATHS)


# Below those from which connections start: else whoever tries to reach a killed server again may be given its
# port, and keep the next one from it. Each process begins elsewhere, so that several runs do not meet.
_PORTS = range(10_000, 32_000)
_turns = count(SystemRandom().randrange(len(_PORTS)))


def free_port() -> int:
    """A port of loopback that nobody uses now, for TCP and for UDP, another one each time."""
    while True:
        port = _PORTS[next(_turns) % len(_PORTS)]
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with socket.socket() as probe, datagrams, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            datagrams.bind(("127.0.0.1", port))
            return port


def until(holds: Callable[[], bool], within_s: float = 60.0, every_s: float = 0.02) -> bool:
    """Look again and again whether `holds()`; False when `within_s` seconds pass before it does."""
    ends = time.monotonic() + within_s
    never = threading.Event()
    while not holds():
        if time.monotonic() > ends:
            return False
        never.wait(every_s)
    return True


def least(measure: Callable[[], tuple[float, ...]], within_s: float) -> tuple[float, ...]:
    """The shortest of up to three measurements of each: what else a machine has to do only ever adds."""
    found = measure()
    for _ in range(2):
        if max(found) > within_s:
            found = tuple(map(min, found, measure()))
    return found


class Server:
    """One process on the side: started, stopped, killed, started again with the same words."""

    def __init__(
        self, name: str, command: list[str], log: Path, env: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.log = log
        self._command = command
        self._env = {**os.environ, **(env or {})}  # noqa: TID251 - a child needs PATH and HOME
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start, and return when it serves. RuntimeError, with the end of its log, when it does not."""
        with self.log.open("ab") as log:
            before = log.tell()
            self._process = subprocess.Popen(
                self._command, cwd=ROOT, env=self._env, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        if not until(lambda: self.serves(before) or not self.is_running(), STARTS_WITHIN_S) or (
            not self.is_running()
        ):
            self.kill()
            raise RuntimeError(f"{self.name} did not start: {self.tail()}")

    def serves(self, before: int) -> bool:
        """Whether it said "ready" since position `before` of its log."""
        with self.log.open("rb") as log:
            log.seek(before)
            return b"ready " in log.read()

    def stop(self) -> int:
        """Ask it to end, as an operator would; returns its exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL: it has no time for anything."""
        self._end(signal.SIGKILL)

    def has_said(self, words: str) -> bool:
        """Whether these words are anywhere in its log."""
        return words.encode() in self.log.read_bytes()

    def tail(self) -> str:
        return self.log.read_bytes()[-4000:].decode(errors="replace") if self.log.exists() else ""

    def _end(self, how: signal.Signals) -> int:
        if self._process is None:
            return 0
        self._process.send_signal(how)
        try:
            return self._process.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


class Mosquitto(Server):
    """A stand-alone Mosquitto on a free port of loopback; a restart keeps the port and what was persisted."""

    def __init__(
        self, folder: Path, *, persistence: bool = True, inflight: int = 200, largest: int = 2_000_000
    ) -> None:
        found = program("mosquitto")
        if found is None:
            raise FileNotFoundError(NO_MOSQUITTO)
        folder.mkdir(exist_ok=True)
        folder.chmod(0o777)  # started by root, it becomes another user
        self.port = free_port()
        conf = folder / "mosquitto.conf"
        conf.write_text(
            _CONF.format(
                port=self.port,
                folder=folder,
                persistence="true" if persistence else "false",
                inflight=inflight,
                largest=largest,
            ),
            encoding="utf-8",
        )
        super().__init__("mosquitto", [found, "-c", str(conf)], folder / "mosquitto.log")

    def serves(self, before: int) -> bool:  # noqa: ARG002 - it says nothing: whether it answers
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True


class Part(Server):
    """One of our own commands, `python -m <name>`, on a database and a broker."""

    def __init__(
        self,
        name: str,
        folder: Path,
        database_url: str,
        mqtt_port: int,
        arguments: tuple[str, ...] = (),
        **more: str,
    ) -> None:
        env = {"ANXIN_DATABASE_URL": database_url, "ANXIN_MQTT_PORT": str(mqtt_port)} | more
        super().__init__(
            name, [sys.executable, "-m", name, *arguments], folder / f"{name.replace('.', '-')}.log", env
        )
