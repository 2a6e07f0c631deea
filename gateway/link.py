"""paho's client on a link that is read and written in large pieces.

paho reads a packet with three system calls and writes each with one, and each of them lets another thread
run: while the store is busy, that thread's turn may last 5 ms. Here the kernel is asked once per turn. And
what comes and leaves by the thousand - messages, acknowledgements, receipts - is read and made here, because
paho takes longer over each of them than the store takes to keep it. All else stays paho's.
"""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass
from typing import Any

import paho.mqtt.client as mqtt

_PIECE = 256 * 1024
_PUBLISH = 0x30


@dataclass(frozen=True, slots=True)
class Said:
    """A PUBLISH as it came (MQTT 5, 3.3); `packet_id` is 0 at QoS 0."""

    topic: bytes
    payload: bytes
    packet_id: int
    qos: int
    retain: bool
    dup: bool


class Buffered:
    """A TCP socket for one thread: what was read ahead is kept, what is sent leaves with `flush`.

    Who reads from it gets whole packets only, so that between two packets another may be taken out.
    """

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._ahead = bytearray()
        self._at = 0  # what stands before is read
        self._inside = 0  # bytes left of the packet that is being read
        self._unsent = bytearray()

    def recv(self, size: int) -> bytes:
        """At most `size` bytes of one packet. BlockingIOError until it is here as a whole; b"" at the end."""
        if not self._inside:
            self._inside = self._whole()
            while not self._inside:
                if not self._fill():
                    return b""
                self._inside = self._whole()
        size = min(size, self._inside)
        piece = bytes(self._ahead[self._at : self._at + size])
        self._at += size
        self._inside -= size
        return piece

    def next_said(self) -> Said | None:
        """The next packet, if it is a message and is here as a whole; asks the kernel for nothing."""
        if self._inside or self._at >= len(self._ahead) or self._ahead[self._at] & 0xF0 != _PUBLISH:
            return None
        size = self._whole()
        said = _said(bytes(self._ahead[self._at : self._at + size]))
        if said is not None:
            self._at += size
        return said

    def _whole(self) -> int:
        """The size of the next packet in bytes, when all of it is here; else 0."""
        length, octets = _variable(self._ahead, self._at + 1, len(self._ahead))
        size = 1 + octets + length
        return size if octets and self._at + size <= len(self._ahead) else 0

    def _fill(self) -> bool:
        """Read what the kernel has; False at the end of the connection."""
        piece = self._link.recv(_PIECE)
        del self._ahead[: self._at]
        self._at = 0
        self._ahead += piece
        return bool(piece)

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
        return self._inside > 0 or self._whole() > 0

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


def _said(packet: bytes) -> Said | None:
    """What a PUBLISH says; None for paho to judge: an odd one, an alias for a topic, or one at QoS 2."""
    _, octets = _variable(packet, 1, len(packet))
    at, end = 3 + octets, len(packet)
    if not octets or at > end:
        return None
    flags = packet[0]
    qos = flags >> 1 & 3
    topic_end = at + int.from_bytes(packet[at - 2 : at])
    topic, at = packet[at:topic_end], topic_end
    packet_id = 0
    if qos:
        packet_id = int.from_bytes(packet[at : at + 2])
        at += 2
    properties, octets = _variable(packet, at, end)
    at += octets + properties
    if not topic or qos > 1 or not octets or at > end:
        return None
    return Said(topic, packet[at:], packet_id, qos, retain=bool(flags & 1), dup=bool(flags & 8))


def _variable(data: bytes | bytearray, at: int, end: int) -> tuple[int, int]:
    """A variable byte integer (MQTT 5, 1.5.5) and how many octets it takes; 0 octets while it is not here."""
    value = 0
    for octets in range(1, 5):
        if at >= end:
            return 0, 0
        value |= (data[at] & 127) << 7 * (octets - 1)
        if data[at] < 128:
            return value, octets
        at += 1
    return 0, 0


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
    """`link` is the present connection, None before the first."""

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
