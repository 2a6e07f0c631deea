"""SCAIP's carrier: SIP MESSAGE over UDP and TCP (RFC 3261, 3428), as little of it as a centre needs.

A MESSAGE is stored and only then answered 200: until then the unit repeats it, and what it repeats while it
waits is not stored again. The answer to what it said is a MESSAGE of ours, said again over UDP until it is
taken; or, for units that want it so, the body of that 200.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from itertools import count
from typing import Final, Literal

import structlog

from devices.formats.scaip import controller_of, is_dialect
from gateway.sockets.talk import Peer

Style = Literal["message", "response"]
Transaction = tuple[str, str, str, bytes]

T1_S: Final = 0.5  # RFC 3261, 17.1.2.2: the first repetition, then twice as long each time
T2_S: Final = 4.0  # … up to this
TIMEOUT_S: Final = 64 * T1_S
MOST_TRANSACTIONS: Final = 20_000  # answered lately, and not yet; the oldest go
_COMPACT: Final = {
    "v": "via",
    "f": "from",
    "t": "to",
    "i": "call-id",
    "m": "contact",
    "l": "content-length",
    "c": "content-type",
}
_ALLOW: Final = "Allow: MESSAGE, OPTIONS\r\n"
_NOBODY: Final = "sip:anonymous@anonymous.invalid"
_URI: Final = re.compile(r"<([^<>\s]+)>|^\s*([^<>\s;]+)")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Sip:
    """One SIP message. `headers` have lower-case names; a header that came twice has several values."""

    start: str
    headers: Mapping[str, tuple[str, ...]]
    body: bytes

    def first(self, name: str) -> str:
        return self.headers.get(name, ("",))[0]

    @property
    def method(self) -> str:
        return self.start.partition(" ")[0]

    @property
    def status(self) -> int:
        """Of a response; 0 of a request."""
        words = self.start.split(" ", 2)
        return int(words[1]) if words[0] == "SIP/2.0" and words[1:2] and words[1].isdecimal() else 0

    @property
    def transaction(self) -> Transaction:
        """What stays the same when it is repeated. The body, too: a unit may not count as it should."""
        digest = blake2b(self.body, digest_size=8).digest()
        return self.first("via"), self.first("call-id"), self.first("cseq"), digest


def parse(said: bytes) -> Sip | None:
    """One whole message; None when it is none."""
    head, _, body = said.lstrip(b"\r\n").partition(b"\r\n\r\n")
    start, *lines = re.sub(r"\r\n[ \t]+", " ", head.decode("utf-8", "replace")).split("\r\n")
    if not (start.startswith("SIP/2.0 ") or start.endswith(" SIP/2.0")):
        return None
    headers: dict[str, tuple[str, ...]] = {}
    for line in lines:
        name, _, value = line.partition(":")
        name = name.strip().casefold()
        name = _COMPACT.get(name, name)
        headers[name] = (*headers.get(name, ()), value.strip())
    length = headers.get("content-length", ("",))[0]
    return Sip(start, headers, body[: int(length)] if length.isdecimal() else body)


def split(stream: bytes) -> tuple[list[bytes], bytes]:
    """The whole messages in a stream, and the rest. Empty lines between them only keep a connection open."""
    messages: list[bytes] = []
    while True:
        stream = stream.lstrip(b"\r\n")
        end = stream.find(b"\r\n\r\n")
        if end < 0:
            return messages, stream
        length = re.search(
            rb"\r\n(?:content-length|l)[ \t]*:[ \t]*(\d{1,6})[ \t]*\r\n", stream[: end + 2], re.I
        )
        whole = end + 4 + (int(length[1]) if length else 0)
        if len(stream) < whole:
            return messages, stream
        messages.append(stream[:whole])
        stream = stream[whole:]


@dataclass(slots=True)
class _Said:
    """A MESSAGE of ours that nobody has taken yet."""

    packet: bytes
    peer: Peer
    waited_s: float = 0.0
    timer: asyncio.TimerHandle | None = None


@dataclass(slots=True)
class Scaip:
    """The talk of a door for carephones. `styles`: how a unit, by its controller id, wants to be answered.

    Whoever is not named there gets a MESSAGE, or the response if it speaks the form that goes with it.
    """

    styles: Mapping[str, Style] = field(default_factory=dict)
    protocol: str = "scaip"
    _transactions: dict[Transaction, bytes] = field(default_factory=dict)  # empty: not answered yet
    _unheard: dict[str, _Said] = field(default_factory=dict)  # by Call-ID
    _numbers: count[int] = field(default_factory=count)

    @property
    def untaken(self) -> int:
        """How many answers of ours no unit has taken yet."""
        return len(self._unheard)

    def split(self, stream: bytes) -> tuple[list[bytes], bytes]:
        return split(stream)

    def whole(self, datagram: bytes) -> list[bytes]:
        return [datagram] if datagram.strip() else []

    def key_of(self, said: bytes) -> bytes:  # noqa: ARG002 - SCAIP is enciphered below, by TLS, if at all
        return b""

    def close(self) -> None:
        for said in self._unheard.values():
            if said.timer is not None:
                said.timer.cancel()
        self._unheard.clear()

    def hear(self, said: bytes, peer: Peer) -> None:
        message = parse(said)
        if message is None:
            peer.bring(self, said, lambda _: None)  # whatever it was: kept, and before a human if it must be
        elif message.status:
            if message.status >= 200:
                self._taken(message.first("call-id"))
        elif message.method == "MESSAGE":
            self._message(message, peer)
        elif message.method == "OPTIONS":
            peer.send(_response(message, peer, "200 OK", more=_ALLOW))
        elif message.method != "ACK":
            peer.send(_response(message, peer, "405 Method Not Allowed", more=_ALLOW))

    def _message(self, message: Sip, peer: Peer) -> None:
        known = self._transactions.get(message.transaction)
        if known is not None:
            peer.send(known)
            return
        while len(self._transactions) >= MOST_TRANSACTIONS:
            self._transactions.pop(next(iter(self._transactions)))
        self._transactions[message.transaction] = b""
        peer.bring(self, message.body, partial(self._stored, message, peer))

    def _stored(self, message: Sip, peer: Peer, reply: bytes) -> None:
        in_response = self._style(message) == "response"
        body, type_ = (reply, message.first("content-type")) if in_response else (b"", "")
        response = _response(message, peer, "200 OK", body, type_)
        self._transactions[message.transaction] = response
        loop = asyncio.get_running_loop()
        loop.call_later(TIMEOUT_S, self._transactions.pop, message.transaction, None)
        peer.send(response)
        if not in_response:
            self._say(message, peer, reply)

    def _style(self, message: Sip) -> Style:
        told = self.styles.get(controller_of(message.body))
        return told or ("response" if is_dialect(message.body) else "message")

    def _say(self, heard: Sip, peer: Peer, reply: bytes) -> None:
        """A MESSAGE of our own, on the way the unit's came: behind a NAT there is no other."""
        seed = f"{heard.transaction}{next(self._numbers)}".encode()
        token = blake2b(seed, digest_size=12).hexdigest()
        call_id = f"{token}@anxin"
        transport = "TCP" if peer.is_stream else "UDP"
        unit = _uri(heard.first("from")) or _NOBODY
        centre = _uri(heard.first("to")) or _NOBODY
        target = _uri(heard.first("contact")) or unit
        packet = (
            f"MESSAGE {target} SIP/2.0\r\n"
            f"Via: SIP/2.0/{transport} {_host(centre)};branch=z9hG4bK{token};rport\r\n"
            "Max-Forwards: 70\r\n"
            f"From: <{centre}>;tag={token[:8]}\r\n"
            f"To: <{unit}>\r\n"
            f"Call-ID: {call_id}\r\n"
            "CSeq: 1 MESSAGE\r\n"
            "Content-Type: application/scaip+xml\r\n"
            f"Content-Length: {len(reply)}\r\n\r\n"
        ).encode() + reply
        peer.send(packet)
        if not peer.is_stream:  # TCP repeats by itself
            self._unheard[call_id] = said = _Said(packet, peer)
            self._again(call_id, said, T1_S)

    def _again(self, call_id: str, said: _Said, after_s: float) -> None:
        """Say it again in a while; a unit that never takes it says its request again, and hears another."""

        def repeat() -> None:
            said.waited_s += after_s
            if said.waited_s >= TIMEOUT_S:
                self._unheard.pop(call_id, None)
                log.info("a unit did not take our answer; it will ask again", address=said.peer.address[0])
                return
            said.peer.send(said.packet)
            self._again(call_id, said, min(2 * after_s, T2_S))

        said.timer = asyncio.get_running_loop().call_later(after_s, repeat)

    def _taken(self, call_id: str) -> None:
        said = self._unheard.pop(call_id, None)
        if said is not None and said.timer is not None:
            said.timer.cancel()


def _response(
    message: Sip, peer: Peer, status: str, body: bytes = b"", type_: str = "", more: str = ""
) -> bytes:
    to = message.first("to")
    if ";tag=" not in to:
        to += f";tag={blake2b(repr(message.transaction).encode(), digest_size=4).hexdigest()}"
    first, *others = message.headers.get("via", ("",))
    if re.search(r";rport(?!=)", first):
        first = re.sub(r";rport(?!=)", f";rport={peer.address[1]};received={peer.address[0]}", first)
    lines = [f"SIP/2.0 {status}", *(f"Via: {via}" for via in (first, *others))]
    lines += [f"From: {message.first('from')}", f"To: {to}"]
    lines += [f"Call-ID: {message.first('call-id')}", f"CSeq: {message.first('cseq')}"]
    if body:
        lines.append(f"Content-Type: {type_ or 'application/scaip+xml'}")
    return ("\r\n".join(lines) + f"\r\n{more}Content-Length: {len(body)}\r\n\r\n").encode() + body


def _uri(header: str) -> str:
    """The address in `"Unit" <sip:unit@host>;tag=1`, or in `sip:unit@host`; empty when there is none."""
    found = _URI.search(header)
    return (found[1] or found[2]) if found else ""


def _host(uri: str) -> str:
    """`host:port` of an address."""
    return uri.partition(":")[2].rpartition("@")[2].partition(";")[0]
