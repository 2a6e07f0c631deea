"""The doors by themselves: what they put up with. Who commits here is the test."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from devices.formats import BY_NAME
from devices.signal import Reading
from gateway.sockets.doors import Caller, Door, Doors, Limits
from gateway.sockets.sip import Scaip, parse, split
from gateway.sockets.talk import Plain
from tests.servers import until

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LK = b"[3G*6907919734*0002*LK]"
MESSAGE = (
    b"MESSAGE sip:centre@here SIP/2.0\r\nv: SIP/2.0/UDP 10.0.0.7:5060;branch=z9hG4bK1;rport\r\n"
    b"f: <sip:1@10.0.0.7>;tag=1\r\nt: <sip:centre@here>\r\ni: %s\r\nCSeq: 1 MESSAGE\r\nl: 4\r\n\r\n<a/>"
)


class Porch:
    """Doors for watches (TCP), diallers and carephones (both), and whatever came in."""

    def __init__(self, limits: Limits) -> None:
        self.heard: list[Caller] = []
        self._woken = threading.Event()
        self.scaip = Scaip()
        plain = [Plain(BY_NAME[name]) for name in ("watch", "sia_dc09", "iw")]
        doors = [
            Door(plain[0], tcp=0),
            Door(plain[2], tcp=0),
            Door(plain[1], tcp=0, udp=0),
            Door(self.scaip, tcp=0, udp=0),
        ]
        self.doors = Doors(doors, host="127.0.0.1", now=lambda: NOON, wake=self._woken.set, limits=limits)
        self.doors.start()

    def waits_for(self, wanted: int) -> list[bytes]:
        """What has come in, once it is `wanted` messages."""

        def enough() -> bool:
            self.heard += self.doors.take(1000)
            return len(self.heard) >= wanted

        assert until(enough), self.heard
        return [caller.frame.payload for caller in self.heard]

    def answers(self, reply: bytes = b"stored") -> None:
        self.doors.answered(self.heard, [Reading(reply=reply)] * len(self.heard))
        self.heard = []

    def tcp(self, name: str = "watch") -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.doors.tcp_ports[name]), timeout=20)

    @contextmanager
    def udp(self, name: str) -> Iterator[socket.socket]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.settimeout(20)
            line.connect(("127.0.0.1", self.doors.udp_ports[name]))
            yield line


@contextmanager
def open_porch(limits: Limits) -> Iterator[Porch]:
    porch = Porch(limits)
    try:
        yield porch
    finally:
        porch.doors.stop()


@pytest.fixture
def porch() -> Iterator[Porch]:
    with open_porch(Limits()) as made:
        yield made


def test_nobody_is_answered_before_the_commit(porch: Porch) -> None:
    with porch.tcp() as link:
        link.sendall(LK)
        assert porch.waits_for(1) == [LK]
        link.setblocking(False)
        with pytest.raises(BlockingIOError):
            link.recv(1)
        link.settimeout(20)
        porch.answers()
        assert link.recv(100) == b"stored"


def test_the_one_that_has_been_silent_longest_makes_room() -> None:
    with open_porch(Limits(connections=2)) as porch, porch.tcp() as first, porch.tcp() as second:
        second.sendall(LK)
        first.sendall(LK)
        porch.waits_for(2)
        first.sendall(LK)
        porch.waits_for(3)
        with porch.tcp() as third:
            assert second.recv(1) == b""
            third.sendall(LK)
            porch.waits_for(4)
            porch.answers()
            assert first.recv(100).startswith(b"stored")
            assert third.recv(100) == b"stored"


def test_who_says_much_without_hearing_an_answer_waits_and_nothing_is_lost() -> None:
    with open_porch(Limits(of_one=3)) as porch, porch.tcp() as link:
        link.sendall(LK * 5)
        porch.waits_for(5)
        link.sendall(LK * 5)
        with porch.tcp() as other:  # whatever is read of the first has been read when this is heard
            other.sendall(LK)
            assert len(porch.waits_for(6)) == 6, "what is not answered is not read"
        porch.answers(b"")
        assert porch.waits_for(5) == [LK] * 5


def test_too_much_for_everybody_is_dropped_where_it_comes_again_by_itself() -> None:
    with open_porch(Limits(waiting=2)) as porch, porch.udp("sia_dc09") as line:
        for number in range(2):
            line.send(b"one %d\r" % number)
        porch.waits_for(2)
        line.send(b"dropped\r")
        with porch.tcp() as link:  # what came before it has been looked at when this is heard
            link.sendall(LK)
            assert porch.waits_for(3)[2:] == [LK]
        porch.answers(b"")

        def heard_again() -> bool:
            line.send(b"again\r")
            porch.heard += porch.doors.take(10)
            return bool(porch.heard)

        assert until(heard_again)
        assert porch.heard[0].frame.payload == b"again\r"


def test_a_silent_connection_is_closed_and_what_it_began_is_handed_on() -> None:
    with open_porch(Limits(idle_s=0.2)) as porch, porch.tcp() as link:
        link.sendall(LK[:10])
        assert link.recv(1) == b""
        assert porch.waits_for(1) == [LK[:10]]


def test_a_frame_that_goes_no_further_is_handed_on_long_before_a_silent_connection_is_closed() -> None:
    with open_porch(Limits(broken_off_s=0.2)) as porch, porch.tcp() as link, porch.tcp() as silent:
        silent.sendall(LK)
        porch.waits_for(1)
        link.sendall(b"[3G*6907919734*00ff*AL,170525,2141")
        assert porch.waits_for(2)[-1] == b"[3G*6907919734*00ff*AL,170525,2141"
        assert link.recv(1) == b""
        silent.sendall(LK)
        porch.waits_for(3)


def test_who_has_said_all_and_closes_its_side_still_hears_the_answer(porch: Porch) -> None:
    with porch.tcp() as link:
        link.sendall(LK + LK[:10])
        link.shutdown(socket.SHUT_WR)
        assert porch.waits_for(2) == [LK, LK[:10]]
        porch.answers()
        assert link.makefile("rb").read() == b"storedstored"


def test_more_than_any_message_has_ends_the_connection_and_nobody_elses(porch: Porch) -> None:
    with porch.tcp("iw") as link, porch.tcp() as other:
        with contextlib.suppress(ConnectionError):  # closed with some of it unread
            link.sendall(b"IWAP10" + b"1" * 200_000)
            assert link.recv(1) == b""
        assert porch.waits_for(1)[0].startswith(b"IWAP101111")
        other.sendall(LK)
        assert porch.waits_for(2)[1] == LK
        porch.answers()
        assert other.recv(100) == b"stored"


def test_what_goes_wrong_with_one_answer_silences_nobody_else(porch: Porch) -> None:
    with porch.tcp() as link:
        link.sendall(LK)
        porch.waits_for(1)

        def breaks(_reply: bytes) -> None:
            raise RuntimeError("no way to say that")

        porch.heard.insert(0, Caller(porch.heard[0].frame, breaks))
        porch.answers()
        assert link.recv(100) == b"stored"


def test_a_message_that_is_repeated_is_stored_once_and_answered_each_time(porch: Porch) -> None:
    with porch.udp("scaip") as line:
        said = MESSAGE % b"1"
        line.send(said)
        line.send(said)
        assert porch.waits_for(1) == [b"<a/>"]
        line.send(MESSAGE % b"2")
        assert porch.waits_for(2) == [b"<a/>", b"<a/>"], "the repetition was not heard, another message was"
        porch.answers(b"<mrs/>")
        said_back = [line.recv(2000) for _ in range(4)]
        responses = [each for each in said_back if each.startswith(b"SIP/2.0 200 OK")]
        assert len(responses) >= 2
        assert b";rport=%d;received=127.0.0.1" % line.getsockname()[1] in responses[0]
        assert any(each.startswith(b"MESSAGE sip:1@10.0.0.7 SIP/2.0") for each in said_back)
        line.send(said)
        assert until(lambda: line.recv(2000).startswith(b"SIP/2.0 200 OK"))
        assert not porch.doors.take(1)


def test_our_message_is_repeated_until_it_is_taken(porch: Porch) -> None:
    with porch.udp("scaip") as line:
        line.send(MESSAGE % b"1")
        porch.waits_for(1)
        porch.answers(b"<mrs/>")
        packets = [line.recv(2000) for _ in range(3)]
        first, again = (each for each in packets if each.startswith(b"MESSAGE"))
        assert first == again
        ours = parse(first)
        assert ours is not None
        line.send(f"SIP/2.0 200 OK\r\nCall-ID: {ours.first('call-id')}\r\n\r\n".encode())
        assert until(lambda: porch.scaip.untaken == 0)


def test_other_methods_are_refused_and_a_ping_is_answered(porch: Porch) -> None:
    ask = (
        b"%s sip:centre SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nTo: <sip:centre>\r\nCall-ID: 1\r\nCSeq: 1 %s\r\n\r\n"
    )
    with porch.udp("scaip") as line:
        line.send(ask % (b"REGISTER", b"REGISTER"))
        assert line.recv(2000).startswith(b"SIP/2.0 405 ")
        line.send(ask % (b"OPTIONS", b"OPTIONS"))
        answer = line.recv(2000)
        assert answer.startswith(b"SIP/2.0 200 ")
        assert b"To: <sip:centre>;tag=" in answer
        line.send(b"rubbish")
        assert porch.waits_for(1) == [b"rubbish"]


def test_messages_of_sip_in_a_stream_are_told_apart() -> None:
    one, two = MESSAGE % b"1", MESSAGE % b"2"
    assert split(b"\r\n\r\n" + one + b"\r\n\r\n" + two) == ([one, two], b"")
    rest, found = b"", []
    for octet in one + two:
        messages, rest = split(rest + bytes([octet]))
        found += messages
    assert found == [one, two]
