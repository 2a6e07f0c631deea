"""The measuring end: thousands of buttons and the provider who takes the texts, in one process, on one clock.

It speaks MQTT 3.1.1 by itself, with packets made before the clock starts, so that the measured side and not
this one is the bottleneck.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

ACKS = "care/+/+/ack"
DONE = "bench/done"
TAKEN = b"taken\n"  # the provider's answer to a text
TAKEN_OVER_HTTP = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
NEVER = b"never\n"  # ... and to a question about one that it does not know
ASKS = b"? "
_WINDOW = 30_000  # packet ids in use at once, less than 65,536
_CHUNK = 256  # packets handed to the socket at once
_ID = b'"id":"'


def press(device: int, number: int) -> tuple[str, bytes]:
    """What button `device` publishes when it is pressed; `number` makes the message unique."""
    return _said(device, number, b"press")


def leak(device: int, number: int) -> tuple[str, bytes]:
    """The same device saying that water runs out: trouble, but no cry for help."""
    return _said(device, number, b"leak")


def activity(device: int, number: int) -> tuple[str, bytes]:
    """The same device saying that somebody moves: stored as a signal, of no other consequence."""
    return _said(device, number, b"activity")


def _said(device: int, number: int, word: bytes) -> tuple[str, bytes]:
    body = b'{"v":1,"id":"%012d","type":"%s","battery":87}' % (number, word)
    return f"care/bench/{device:06d}/signal", body


def packet(topic: str, payload: bytes, packet_id: int) -> bytes:
    """A PUBLISH at QoS 1."""
    name = topic.encode()
    body = struct.pack("!H", len(name)) + name + struct.pack("!H", packet_id) + payload
    return b"\x32" + _length(len(body)) + body


def _length(size: int) -> bytes:
    out = bytearray()
    while True:
        size, low = divmod(size, 128)
        out.append(low | (0x80 if size else 0))
        if not size:
            return bytes(out)


@dataclass(slots=True)
class Heard:
    """Moments, in seconds of the monotonic clock, by the number of the message; of texts, of the home."""

    sent: dict[int, float] = field(default_factory=dict)
    stored: dict[int, float] = field(default_factory=dict)  # application ack
    told: dict[int, float] = field(default_factory=dict)  # first text to a relative of that home accepted
    taken: set[bytes] = field(default_factory=set)  # texts, each a phone and a key
    again: int = 0  # texts that were taken before
    texts: int = 0
    last_text: float = 0.0
    pubacks: int = 0
    done: float = 0.0  # somebody published DONE


class Street:
    """All buttons on one connection, and a provider of texts on a TCP port of its own.

    The provider reads lines `<phone> <key>` and answers each with a line, `takes_s` seconds later. After
    `ASKS` such a line is a question: whether it took that text. It also takes a POST to `/<phone>/<key>`.
    A relative's phone is `+86` and the number of the home and the rank of the relative (`relative`).
    """

    def __init__(self, mqtt_port: int, takes_s: float = 0.0) -> None:
        self.heard = Heard()
        self._takes_s = takes_s
        self._late: deque[tuple[float, socket.socket, bytes]] = deque()  # answers, by when they are due
        self._mqtt = socket.create_connection(("127.0.0.1", mqtt_port))
        self._mqtt.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._in = bytearray()
        self._out = bytearray()
        self._selector = selectors.DefaultSelector()
        name = b"bench-street"
        body = b"\x00\x04MQTT\x04\x02\x00\x00" + struct.pack("!H", len(name)) + name
        self._out += b"\x10" + _length(len(body)) + body
        body = b"\x00\x01" + b"".join(
            struct.pack("!H", len(topic)) + topic.encode() + b"\x00" for topic in (ACKS, DONE)
        )
        self._out += b"\x82" + _length(len(body)) + body
        self._mqtt.setblocking(False)
        self._selector.register(self._mqtt, selectors.EVENT_READ, self._hear)
        self._pieces: dict[socket.socket, bytes] = {}
        self._door = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._door.setblocking(False)
        self._selector.register(self._door, selectors.EVENT_READ, self._open)
        self.provider_port: int = self._door.getsockname()[1]
        self._greeted = False
        self._turn_until(lambda: self._greeted, 10)

    def close(self) -> None:
        for key in list(self._selector.get_map().values()):
            assert isinstance(key.fileobj, socket.socket)
            key.fileobj.close()
        self._selector.close()

    def forget(self) -> None:
        """Begin a new measurement."""
        self.heard = Heard()

    def flood(
        self, said: Sequence[tuple[int, str, bytes]], over: Callable[[Heard], bool], within_s: float
    ) -> bool:
        """Say (number, topic, payload) as fast as they are taken; True when `over` in time."""
        packets = [
            packet(topic, payload, index % 65_000 + 1) for index, (_, topic, payload) in enumerate(said)
        ]
        position = 0

        def feed() -> float | None:
            nonlocal position
            if position == len(packets):
                return None
            if len(self._out) < 65_536 and position - self.heard.pubacks < _WINDOW:
                now = time.monotonic()
                for number, _, _ in said[position : position + _CHUNK]:
                    self.heard.sent[number] = now
                self._out += b"".join(packets[position : position + _CHUNK])
                position = min(position + _CHUNK, len(packets))
                return 0.0
            return None

        return self._turn_until(lambda: position == len(packets) and over(self.heard), within_s, feed)

    def steady(
        self,
        said: Sequence[tuple[int, str, bytes]],
        rate: float,
        over: Callable[[Heard], bool],
        within_s: float,
    ) -> bool:
        """Say them one by one, `rate` per second, late or not; True when `over` in time."""
        packets = [
            (number, packet(topic, payload, index % 65_000 + 1))
            for index, (number, topic, payload) in enumerate(said)
        ]
        position = 0
        started = time.monotonic()

        def feed() -> float | None:
            nonlocal position
            now = time.monotonic()
            while position < len(packets):
                due = started + position / rate
                if due > now:
                    return due - now
                number, wire = packets[position]
                self.heard.sent[number] = due  # from when it should have been sent: waiting for us counts
                self._out += wire
                position += 1
            return None

        return self._turn_until(lambda: position == len(packets) and over(self.heard), within_s, feed)

    def wait(self, over: Callable[[Heard], bool], within_s: float) -> bool:
        return self._turn_until(lambda: over(self.heard), within_s)

    # ---- one turn of the loop after the other ----

    def _turn_until(
        self, over: Callable[[], bool], within_s: float, feed: Callable[[], float | None] = lambda: None
    ) -> bool:
        ends = time.monotonic() + within_s
        while not over():
            pauses = [pause for pause in (feed(), self._answer_late()) if pause is not None]
            self._write()
            wait = ends - time.monotonic()
            if wait <= 0:
                return False
            for key, events in self._selector.select(min([wait, *pauses])):
                if events & selectors.EVENT_READ:
                    key.data(key.fileobj)
        return True

    def _write(self) -> None:
        if self._out:
            with contextlib.suppress(BlockingIOError):
                del self._out[: self._mqtt.send(self._out[:262_144])]
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._out else 0)
        if self._selector.get_key(self._mqtt).events != wanted:
            self._selector.modify(self._mqtt, wanted, self._hear)

    def _hear(self, link: socket.socket) -> None:
        data = link.recv(262_144)
        if not data:
            raise ConnectionError("the broker hung up")
        self._in += data
        now = time.monotonic()
        buffer, position, size = self._in, 0, len(self._in)
        while True:
            at, length, shift = position + 1, 0, 0
            while at < size:
                byte = buffer[at]
                at += 1
                length |= (byte & 127) << shift
                shift += 7
                if byte < 128:
                    break
            else:
                break
            if at + length > size:
                break
            kind = buffer[position] & 0xF0
            if kind == 0x40:
                self.heard.pubacks += 1
            elif kind == 0x30:
                self._message(bytes(buffer[at : at + length]), now)
            elif kind == 0x90:
                self._greeted = True
            position = at + length
        del buffer[:position]

    def _message(self, body: bytes, now: float) -> None:
        found = body.find(_ID)
        if found < 0:
            self.heard.done = now
        else:
            self.heard.stored.setdefault(int(body[found + 6 : found + 18]), now)

    def _open(self, door: socket.socket) -> None:
        link, _ = door.accept()
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(link, selectors.EVENT_READ, self._receive)

    def _receive(self, link: socket.socket) -> None:
        """Texts and questions, a line each. The last one may come in pieces."""
        try:
            data = link.recv(65_536)
        except ConnectionError:
            data = b""  # who spoke was killed
        if not data:
            self._selector.unregister(link)
            link.close()
            self._pieces.pop(link, None)
            return
        now = time.monotonic()
        said = self._pieces.get(link, b"") + data
        if said.startswith(b"POST /"):
            *requests, self._pieces[link] = said.split(b"\r\n\r\n")
            for request in requests:
                path = request.split(b" ", 2)[1]
                self._take(path[1:].replace(b"/", b" "), now + self._takes_s)
                self._answer(link, TAKEN_OVER_HTTP, now)
            return
        *lines, self._pieces[link] = said.split(b"\n")
        self._answer(link, b"".join([self._take(line, now + self._takes_s) for line in lines]), now)

    def _take(self, line: bytes, accepted: float) -> bytes:
        heard = self.heard
        if line.startswith(ASKS):
            return TAKEN if line.removeprefix(ASKS) in heard.taken else NEVER
        if line in heard.taken:
            heard.again += 1
        heard.taken.add(line)
        heard.texts += 1
        heard.last_text = accepted
        home = home_of(line.split(b" ", 1)[0])
        if home is not None:
            heard.told.setdefault(home, accepted)
        return TAKEN

    def _answer(self, link: socket.socket, words: bytes, now: float) -> None:
        if self._takes_s:
            self._late.append((now + self._takes_s, link, words))
        else:
            _say(link, words)

    def _answer_late(self) -> float | None:
        """Give the answers that are due; returns in how many seconds the next one is."""
        now = time.monotonic()
        while self._late:
            due, link, words = self._late[0]
            if due > now:
                return due - now
            self._late.popleft()
            _say(link, words)
        return None


def _say(link: socket.socket, words: bytes) -> None:
    with contextlib.suppress(OSError):  # who asked was killed
        link.send(words)


_RELATIVE = b"+8619"


def relative(home: int, rank: int) -> str:
    """The phone of a relative: tells the provider which home a text is about."""
    return f"{_RELATIVE.decode()}{home:07d}{rank:02d}"


def home_of(phone: bytes) -> int | None:
    """The home of a relative's phone; None for anybody else's."""
    return int(phone[5:12]) if phone.startswith(_RELATIVE) else None
