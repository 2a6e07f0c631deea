"""All sockets of a gateway, driven by one thread: frames go out to be stored, replies come back and leave.

Nothing here is a memory. A device keeps what it said until it is answered: while the store is away it is not
answered, and when too many messages wait, more are not read (TCP) or dropped (UDP): they will be said again.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from errno import errorcode
from functools import partial
from typing import Final, cast

import structlog

from devices.signal import Frame, Reading
from gateway.sockets.talk import Peer, Talk

BACKLOG: Final = 1000  # connections that the kernel keeps for us
_KEEPALIVE: Final = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Limits:
    """What a gateway puts up with."""

    waiting: int = 5000  # messages that may wait for the commit at once
    of_one: int = 32  # ... of one connection
    connections: int = 4000  # the one that has been silent longest makes room for another
    largest: int = 70_000  # bytes of one message: a watch's voice message may have 65,535
    idle_s: float = 1200.0  # a watch says that it is alive every 5 to 10 minutes
    broken_off_s: float = 60.0  # a frame that has begun and goes no further may be a call for help


@dataclass(frozen=True, slots=True)
class Door:
    """How one protocol comes in; port 0 is any free port, None is none."""

    talk: Talk
    tcp: int | None = None
    udp: int | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """A frame that waits for its commit, and how to answer its device."""

    frame: Frame
    answer: Callable[[bytes], None]


class Doors:
    """`wake` is called from another thread whenever something has come in; `now` gives the moment.

    `take` and `answered` are called from the committing thread.
    """

    def __init__(
        self,
        doors: Sequence[Door],
        *,
        host: str,
        now: Callable[[], datetime],
        wake: Callable[[], None],
        limits: Limits = Limits(),
    ) -> None:
        self._doors = doors
        self._host = host
        self._now = now
        self._wake = wake
        self.limits = limits
        self._arrived: deque[Caller] = deque()
        self._waiting = 0  # brought and not answered
        self._paused: set[_Connection] = set()
        self._connections: dict[_Connection, None] = {}  # the one that has been silent longest first
        self._loop = asyncio.new_event_loop()
        self._opened: list[asyncio.BaseTransport | asyncio.Server] = []
        self._thread = threading.Thread(target=self._loop.run_forever, name="gateway-doors", daemon=True)
        self.tcp_ports: dict[str, int] = {}
        self.udp_ports: dict[str, int] = {}

    def start(self) -> None:
        """Open every door. OSError names the one whose port is taken."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result()

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        """Say what is committed, and close."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(timeout=3)
        if not self._thread.is_alive():
            self._loop.close()

    @property
    def has_more(self) -> bool:
        """Whether something has come in that nobody took."""
        return bool(self._arrived)

    def take(self, most: int) -> list[Caller]:
        """What has come in, at most `most`, the oldest first; waits for nothing."""
        return [self._arrived.popleft() for _ in range(min(most, len(self._arrived)))]

    def answered(self, callers: Sequence[Caller], readings: Sequence[Reading]) -> None:
        """`callers` are committed: tell them what their readings say."""
        if callers:
            pairs = list(zip(callers, readings, strict=True))
            self._loop.call_soon_threadsafe(self._answer, pairs)

    # ---- the thread ----

    async def _open(self) -> None:
        for door in self._doors:
            name = door.talk.protocol
            try:
                if door.tcp is not None:
                    server = await self._loop.create_server(
                        partial(_Connection, self, door.talk), self._host, door.tcp, backlog=BACKLOG
                    )
                    self._opened.append(server)
                    self.tcp_ports[name] = server.sockets[0].getsockname()[1]
                if door.udp is not None:
                    transport, _ = await self._loop.create_datagram_endpoint(
                        partial(_Datagrams, self, door.talk), (self._host, door.udp)
                    )
                    self._opened.append(transport)
                    self.udp_ports[name] = transport.get_extra_info("sockname")[1]
            except OSError as error:
                why = errorcode.get(error.errno or 0, str(error))
                raise OSError(
                    f"no door for {name} on {self._host}, TCP {door.tcp}, UDP {door.udp}: {why}"
                ) from error
        if self._doors:
            log.info("doors are open", host=self._host, tcp=self.tcp_ports, udp=self.udp_ports)

    async def _close(self) -> None:
        for door in self._doors:
            door.talk.close()
        for opened in self._opened:
            opened.close()
        for connection in list(self._connections):
            connection.close()
        await asyncio.sleep(0)

    def _answer(self, pairs: Sequence[tuple[Caller, Reading]]) -> None:
        self._waiting -= len(pairs)
        for caller, reading in pairs:
            try:
                caller.answer(reading.reply)
            except Exception:  # what is wrong with one must not silence the others
                log.exception("a reply could not be said; the device will say it again")
        for connection in list(self._paused):
            connection.go_on()

    # ---- for the connections, in the thread ----

    @property
    def is_full(self) -> bool:
        return self._waiting >= self.limits.waiting

    def bring(self, talk: Talk, payload: bytes, answer: Callable[[bytes], None]) -> None:
        """Hand a message on to be stored."""
        self._waiting += 1
        frame = Frame("", payload, self._now(), protocol=talk.protocol, key=talk.key_of(payload))
        self._arrived.append(Caller(frame, answer))
        self._wake()

    def came(self, connection: _Connection) -> None:
        self._connections[connection] = None
        if len(self._connections) > self.limits.connections:
            silent = next(iter(self._connections))
            log.warning("too many connections: the one that has been silent longest makes room")
            silent.close()

    def spoke(self, connection: _Connection) -> None:
        if self._connections.pop(connection, 0) is None:
            self._connections[connection] = None

    def went(self, connection: _Connection) -> None:
        self._connections.pop(connection, None)
        self._paused.discard(connection)

    def pauses(self, connection: _Connection) -> None:
        self._paused.add(connection)

    def resumes(self, connection: _Connection) -> None:
        self._paused.discard(connection)


class _Connection(asyncio.Protocol):
    """One TCP connection. It is patient with slow senders, and its end hands on what has no end."""

    def __init__(self, doors: Doors, talk: Talk) -> None:
        self._doors = doors
        self._talk = talk
        self._rest = b""
        self._unanswered = 0
        self._has_ended = False
        self._transport: asyncio.Transport | None = None
        self._alarm: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        link = transport.get_extra_info("socket")
        link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEPALIVE:
            if hasattr(socket, name):
                link.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        self._peer = Peer(transport.get_extra_info("peername")[:2], True, self._send, self._bring)
        self._doors.came(self)
        self._wait()

    def data_received(self, data: bytes) -> None:
        self._doors.spoke(self)
        frames, self._rest = self._talk.split(self._rest + data)
        self._wait()
        for frame in frames:
            self._talk.hear(frame, self._peer)
        if len(self._rest) > self._doors.limits.largest:
            self.close()  # what was said so far is handed on when it has ended
        elif self._unanswered >= self._doors.limits.of_one or self._doors.is_full:
            self._pause()

    def eof_received(self) -> bool:
        self._has_ended = True
        self._hand_on_rest()
        return self._unanswered > 0  # whoever has said all may still want to hear the answer

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - its end is its end
        if self._alarm is not None:
            self._alarm.cancel()
        self._doors.went(self)
        self._hand_on_rest()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def go_on(self) -> None:
        """Read again, when there is room again."""
        if (
            self._unanswered < self._doors.limits.of_one
            and not self._doors.is_full
            and self._transport is not None
        ):
            self._doors.resumes(self)
            self._transport.resume_reading()

    def _hand_on_rest(self) -> None:
        rest, self._rest = self._rest, b""
        if rest.strip():
            self._talk.hear(rest, self._peer)

    def _pause(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._doors.pauses(self)
            self._transport.pause_reading()

    def _wait(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        limits = self._doors.limits
        patience = min(limits.broken_off_s, limits.idle_s) if self._rest.strip() else limits.idle_s
        self._alarm = asyncio.get_running_loop().call_later(patience, self.close)

    def _bring(self, talk: Talk, payload: bytes, answer: Callable[[bytes], None]) -> None:
        self._unanswered += 1

        def answered(reply: bytes) -> None:
            self._unanswered -= 1
            answer(reply)
            if self._has_ended and not self._unanswered:
                self.close()

        self._doors.bring(talk, payload, answered)

    def _send(self, said: bytes) -> None:
        if said and self._transport is not None and not self._transport.is_closing():
            self._transport.write(said)


class _Datagrams(asyncio.DatagramProtocol):
    """One UDP port: a datagram is whole, whatever ends it."""

    def __init__(self, doors: Doors, talk: Talk) -> None:
        self._doors = doors
        self._talk = talk

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)  # CPython 3.11's own is no subclass

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._doors.is_full:
            return  # not answered: it comes again
        peer = Peer(addr[:2], False, partial(self._send, addr), self._doors.bring)
        for frame in self._talk.whole(data):
            self._talk.hear(frame, peer)

    def error_received(self, exc: Exception) -> None:
        log.debug("a datagram did not arrive", error=str(exc))

    def _send(self, to: tuple[str, int], said: bytes) -> None:
        if said and not self._transport.is_closing():
            self._transport.sendto(said, to)
