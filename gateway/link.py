"""paho's client on a link that is read and written in large pieces.

paho reads a packet with three system calls and writes each with one, and each of them lets another thread
run: while the store is busy, that thread's turn may last 5 ms. Here the kernel is asked once per turn.
"""

from __future__ import annotations

import contextlib
import socket
from typing import Any

import paho.mqtt.client as mqtt

_PIECE = 256 * 1024


class Buffered:
    """A TCP socket for one thread: what was read ahead is kept, what is sent leaves with `flush`."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._ahead = b""
        self._read = 0
        self._unsent = bytearray()

    def recv(self, size: int) -> bytes:
        """At most `size` bytes; asks the kernel only when nothing is left of what it gave before."""
        if self._read == len(self._ahead):
            self._ahead, self._read = self._link.recv(_PIECE), 0
        piece = self._ahead[self._read : self._read + size]
        self._read += len(piece)
        return piece

    def send(self, data: bytes | bytearray | memoryview) -> int:
        """Keep `data` to leave with the next `flush`."""
        self._unsent += data
        return len(data)

    def flush(self) -> None:
        """Send as much as the kernel takes. OSError: the link is broken."""
        with contextlib.suppress(BlockingIOError):
            while self._unsent:
                del self._unsent[: self._link.send(self._unsent)]

    @property
    def has_read_ahead(self) -> bool:
        return self._read < len(self._ahead)

    @property
    def has_unsent(self) -> bool:
        return bool(self._unsent)

    def close(self) -> None:
        with contextlib.suppress(OSError):  # a goodbye, if there is somebody to hear it
            self.flush()
        self._link.close()

    def fileno(self) -> int:
        return self._link.fileno()

    def setblocking(self, flag: bool) -> None:
        self._link.setblocking(flag)


def acknowledgement(packet_id: int) -> bytes:
    """PUBACK, reason "success" (MQTT 5, 3.4)."""
    return b"\x40\x02" + packet_id.to_bytes(2, "big")


def publication(topic: str, payload: bytes) -> bytes:
    """PUBLISH at QoS 0 without properties (MQTT 5, 3.3)."""
    name = topic.encode()
    body = len(name).to_bytes(2, "big") + name + b"\x00" + payload
    return b"\x30" + _length(len(body)) + body


def _length(size: int) -> bytes:
    """A variable byte integer (MQTT 5, 1.5.5)."""
    octets = bytearray()
    while size > 127:
        octets.append(size & 127 | 128)
        size >>= 7
    octets.append(size)
    return bytes(octets)


class BufferedClient(mqtt.Client):
    """`link` is the present connection, None before the first.

    Acknowledgements and receipts are the packets that we send by the thousand; paho takes longer over each
    of them than over reading a message, so they are made here.
    """

    link: Buffered | None = None

    def _create_socket(self) -> Any:
        made = super()._create_socket()
        assert isinstance(made, socket.socket)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # Nagle's algorithm costs 40 ms at rest
        self.link = Buffered(made)
        return self.link

    def say(self, *packets: bytes) -> None:
        """Send whole packets. Without a connection they are lost: they would mean nothing on the next."""
        if self.link is not None and self.socket() is not None:
            self.link.send(b"".join(packets))
