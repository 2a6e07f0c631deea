"""Messages that a server posts over HTTP: stored first, then answered with 200. So much of HTTP and no more.

A request says its length, shows the token that was agreed on, and its body is one message of the family. What
is not stored is not answered: whoever posts posts it again. Behind a proxy this speaks TLS.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest
from typing import Final

from devices.formats.family import Family
from gateway.sockets.talk import Peer

LONGEST_HEAD: Final = 8 * 1024  # bytes
LARGEST_BODY: Final = 64 * 1024  # bytes

_REASONS: Final = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    411: "Length Required",
    413: "Content Too Large",
}


@dataclass(frozen=True, slots=True)
class _Head:
    """The request line and the fields; names in small letters. `end` is where the body begins."""

    method: str
    path: str
    fields: Mapping[str, str]
    end: int

    @property
    def length(self) -> int | None:
        """Of the body, in bytes; None when it is not told, or not as a number."""
        told = self.fields.get("content-length", "")
        return int(told) if told.isascii() and told.isdigit() and len(told) < 10 else None


class Posted:
    """`POST /<family>` with `Authorization: Bearer <token>`."""

    def __init__(self, family: Family, token: str) -> None:
        if not token:
            raise ValueError(f"messages of {family.name} over HTTP need a token that only its server knows")
        self.protocol = family.name
        self._expected = f"Bearer {token}".encode()

    def split(self, stream: bytes) -> tuple[list[bytes], bytes]:
        """Whole requests, and the rest. A request whose body cannot be measured is its head alone."""
        requests: list[bytes] = []
        while stream:
            head = _head(stream)
            if head is None:
                if len(stream) <= LONGEST_HEAD and b"\r\n\r\n" not in stream:
                    return requests, stream
                return [*requests, stream], b""
            length = head.length
            size = head.end + (length if length is not None and length <= LARGEST_BODY else 0)
            if len(stream) < size:
                return requests, stream
            requests.append(stream[:size])
            stream = stream[size:]
        return requests, b""

    def whole(self, datagram: bytes) -> list[bytes]:
        """Nobody posts by datagram."""
        return [datagram]

    def key_of(self, said: bytes) -> bytes:  # noqa: ARG002 - nothing is enciphered
        """Nothing is enciphered."""
        return b""

    def hear(self, said: bytes, peer: Peer) -> None:
        head = _head(said)
        status = 400 if head is None else self._judge(head, len(said))
        if head is None or status != 200:
            peer.send(_answer(status, is_last=True))
        else:
            peer.bring(self, said[head.end :], lambda _reply: peer.send(_answer(200)))

    def close(self) -> None:
        """Nothing is kept."""

    def _judge(self, head: _Head, size: int) -> int:
        if not compare_digest(head.fields.get("authorization", "").encode(), self._expected):
            return 401
        if head.path != f"/{self.protocol}":
            return 404
        if head.method != "POST":
            return 405
        if head.length is None:
            return 411
        if head.length > LARGEST_BODY:
            return 413
        return 200 if size == head.end + head.length else 400


def _head(stream: bytes) -> _Head | None:
    """The head of a request; None while it has no end, and when it is none."""
    end = stream.find(b"\r\n\r\n", 0, LONGEST_HEAD)
    if end < 0:
        return None
    first, *lines = stream[:end].decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        return None
    fields: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or name.lower() in fields:
            return None  # two lengths or two tokens: nobody knows which was meant
        fields[name.lower()] = value.strip()
    return _Head(words[0], words[1].partition("?")[0], fields, end + 4)


def _answer(status: int, *, is_last: bool = False) -> bytes:
    more = "Connection: close\r\n" if is_last else ""
    return f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Length: 0\r\n{more}\r\n".encode()
