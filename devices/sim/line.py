"""A device's own line to the centre, over TCP: what it says is said again until the centre has answered.

It does for one watch, pendant, dialler or carephone what `player.Sender` does for all devices of an MQTT
server, and tells the same tally.
"""

from __future__ import annotations

import re
import secrets
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Final

from devices.sim.dialled import DOORS
from devices.sim.player import ALONE_S, NoBroker, Tally, backoff
from devices.sim.roster import Device
from devices.sim.speech import Emission

PATIENCE_S: Final = 10.0  # for a connection


class Line:
    """One device on one connection, made again whenever it was lost. One call after the other."""

    def __init__(
        self,
        device: Device,
        host: str,
        port: int,
        *,
        gap: Callable[[int], float] = backoff,
        alone_s: float = ALONE_S,
    ) -> None:
        self._device = device
        self._where = (host, port)
        self._gap = gap
        self._alone_s = alone_s
        self._changed = threading.Condition()
        self._calls: deque[Emission] = deque()  # the first of them is being said
        self._stopping = threading.Event()
        self._link: socket.socket | None = None
        self._said = self._resent = self._acked = self._alone = 0
        self._latencies: list[float] = []
        self._talker = threading.Thread(target=self._talk, name="sim-line", daemon=True)

    def start(self) -> Line:
        """Connect. Raises `NoBroker` when nobody answers there."""
        host, port = self._where
        try:
            self._link = self._connected()
        except OSError as error:
            door = DOORS[self._device.family]
            raise NoBroker(f"nobody at {host}:{port} ({error}); does the gateway run with {door}?") from error
        self._talker.start()
        return self

    def stop(self) -> None:
        """Hang up. What was not answered is forgotten."""
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()
        self._hang_up()
        if self._talker.is_alive():
            self._talker.join()
        self._hang_up()

    def __enter__(self) -> Line:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def say(self, emission: Emission) -> None:
        """Say it after what is being said."""
        with self._changed:
            self._said += 1
            self._calls.append(emission)
            self._changed.notify_all()

    def wait(self, timeout: float | None = None) -> bool:
        """Block until everything was answered; False when `timeout` seconds pass before."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._calls, timeout)

    def flush(self, timeout: float) -> bool:
        """What was answered has arrived, and nothing else counts."""
        return self.wait(timeout)

    def tally(self) -> Tally:
        with self._changed:
            return Tally(
                said=self._said,
                kept=self._said,
                resent=self._resent,
                acked=self._acked,
                acks_heard=self._acked,
                latencies=tuple(self._latencies),
                alone=self._alone,
            )

    def _talk(self) -> None:
        while not self._stopping.is_set():
            with self._changed:
                self._changed.wait_for(lambda: self._calls or self._stopping.is_set())
                if not self._calls:
                    return
                emission = self._calls[0]
            latency = self._call(emission)
            with self._changed:
                if latency is not None:
                    self._calls.popleft()
                    self._acked += 1
                    self._latencies.append(latency)
                    self._changed.notify_all()

    def _call(self, emission: Emission) -> float | None:
        """Say it until it is answered: after how many seconds, or None when we are told to stop."""
        began, times, is_alone = time.monotonic(), 0, False
        while not self._stopping.is_set():
            times += 1
            with self._changed:
                self._resent += times > 1
            until = time.monotonic() + self._gap(times)
            try:
                link = self._link = self._link or self._connected()
                link.sendall(_wrapped(self._device, emission.payload))
                if self._hears(link, emission.receipt.encode(), until):
                    return time.monotonic() - began
            except OSError:
                self._hang_up()
                self._stopping.wait(max(0.0, until - time.monotonic()))
            if emission.calls and not is_alone and time.monotonic() - began >= self._alone_s:
                is_alone = True
                with self._changed:
                    self._alone += 1
        return None

    def _hears(self, link: socket.socket, answer: bytes, until: float) -> bool:
        """Whether the answer comes until then. Raises OSError when the line is lost."""
        heard = b""
        while answer not in heard:
            left = until - time.monotonic()
            if left <= 0:
                return False
            link.settimeout(left)
            try:
                piece = link.recv(4096)
            except TimeoutError:
                return False
            if not piece:
                raise ConnectionResetError("the centre has hung up")
            heard += piece
        if reply := _taken(heard):
            link.sendall(reply)
        return True

    def _connected(self) -> socket.socket:
        link = socket.create_connection(self._where, timeout=PATIENCE_S)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._device.family == "iw":
            link.sendall(f"IWAP00{_number(self._device)}#".encode())
        return link

    def _hang_up(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
            link.close()


def _number(device: Device) -> str:
    return device.key.partition(":")[2]


def _wrapped(device: Device, payload: bytes) -> bytes:
    """As it goes over the line: a carephone's words go into a SIP MESSAGE, a new one each time."""
    if device.family != "scaip":
        return payload
    unit = f"sip:{_number(device)}@unit.invalid"
    token = secrets.token_hex(8)
    return (
        "MESSAGE sip:centre@centre.invalid SIP/2.0\r\n"
        f"Via: SIP/2.0/TCP unit.invalid;branch=z9hG4bK{token};rport\r\n"
        "Max-Forwards: 70\r\n"
        f"From: <{unit}>;tag={token[:8]}\r\n"
        "To: <sip:centre@centre.invalid>\r\n"
        f"Call-ID: {token}@unit.invalid\r\n"
        "CSeq: 1 MESSAGE\r\n"
        "Content-Type: application/scaip+xml\r\n"
        f"Content-Length: {len(payload)}\r\n\r\n"
    ).encode() + payload


def _taken(heard: bytes) -> bytes:
    """The response to a MESSAGE in which the centre answered; nothing where it did not answer in one."""
    found = re.search(rb"MESSAGE \S+ SIP/2\.0\r\n(.*?)\r\n\r\n", heard, re.DOTALL)
    if found is None:
        return b""
    wanted = (b"via", b"from", b"to", b"call-id", b"cseq")
    copied = [line for line in found[1].split(b"\r\n") if line.partition(b":")[0].lower() in wanted]
    return b"\r\n".join([b"SIP/2.0 200 OK", *copied, b"Content-Length: 0", b"", b""])
