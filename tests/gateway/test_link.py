"""The link itself: packets that come in any pieces, and which of them are read past paho."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from gateway.link import Buffered, Said

PINGRESP = b"\xd0\x00"


def publish(said: Said, properties: bytes = b"\x00") -> bytes:
    """The packet of MQTT 5, 3.3."""
    body = len(said.topic).to_bytes(2, "big") + said.topic
    if said.qos:
        body += said.packet_id.to_bytes(2, "big")
    body += properties + said.payload
    length, octets = len(body), bytearray()
    while length > 127:
        octets.append(length & 127 | 128)
        length >>= 7
    return bytes([0x30 | said.dup << 3 | said.qos << 1 | said.retain, *octets, length]) + body


def some_properties() -> bytes:
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.MessageExpiryInterval = 60
    properties.UserProperty = [("who", "王")] * 30
    return bytes(properties.pack())


SAID = st.builds(
    lambda topic, payload, qos, packet_id, retain, dup: Said(
        topic, payload, packet_id if qos else 0, qos, retain, dup
    ),
    st.binary(min_size=1, max_size=40),
    st.binary(max_size=300),
    st.sampled_from([0, 1]),
    st.integers(1, 65_535),
    st.booleans(),
    st.booleans(),
)


@pytest.fixture
def pair() -> Iterator[tuple[Buffered, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    yield Buffered(ours), theirs
    ours.close()
    theirs.close()


def read_packet(link: Buffered) -> bytes:
    """As paho does: a byte, a byte at a time of the length, the rest."""
    packet = link.recv(1) + link.recv(1)
    while packet[-1] & 128:
        packet += link.recv(1)
    left = 0
    for place, octet in enumerate(packet[1:]):
        left |= (octet & 127) << 7 * place
    while left:
        piece = link.recv(left)
        left -= len(piece)
        packet += piece
    return packet


@given(said=st.lists(SAID, min_size=1, max_size=5), cuts=st.lists(st.integers(0, 2000), max_size=4))
def test_messages_in_any_pieces_are_read_as_they_were_said(said: list[Said], cuts: list[int]) -> None:
    wire = b"".join(publish(one) for one in said)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        link, heard = Buffered(ours), []
        edges = sorted({0, len(wire), *(cut for cut in cuts if cut < len(wire))})
        for begin, end in pairwise(edges):
            theirs.sendall(wire[begin:end])
            with suppress(BlockingIOError):
                while True:
                    one = link.next_said()
                    if one is None:  # the first of each piece: nothing was read ahead
                        assert read_packet(link) == publish(said[len(heard)])
                        one = said[len(heard)]
                    heard.append(one)

    assert heard == said


def test_what_is_no_message_is_left_to_paho_and_the_next_message_is_read(
    pair: tuple[Buffered, socket.socket],
) -> None:
    link, broker = pair
    first, second = Said(b"care/a/b/signal", b"1", 7, 1, False, False), Said(b"t", b"", 0, 0, True, False)
    broker.sendall(PINGRESP + publish(first, some_properties()) + PINGRESP + publish(second))

    assert link.next_said() is None
    assert read_packet(link) == PINGRESP
    assert link.next_said() == first
    assert link.next_said() is None
    assert read_packet(link) == PINGRESP
    assert link.next_said() == second
    assert not link.has_read_ahead


@pytest.mark.parametrize(
    "odd",
    [
        publish(Said(b"", b"by alias", 1, 1, False, False), b"\x03\x23\x00\x01"),
        publish(Said(b"t", b"exactly once", 1, 2, False, False)),
        b"\x32\x00",
        b"\x32\x02\x00\x09",
        b"\x30\x04\x00\x01t\x05",
    ],
)
def test_an_odd_message_is_for_paho_to_judge(odd: bytes, pair: tuple[Buffered, socket.socket]) -> None:
    link, broker = pair
    broker.sendall(PINGRESP + odd)
    assert read_packet(link) == PINGRESP

    assert link.next_said() is None
    assert read_packet(link) == odd


def test_half_a_packet_is_given_to_nobody_and_the_end_of_the_line_is_told(
    pair: tuple[Buffered, socket.socket],
) -> None:
    link, broker = pair
    broker.sendall(publish(Said(b"t", b"long", 1, 1, False, False))[:-1])

    with pytest.raises(BlockingIOError):
        link.recv(1)
    assert link.next_said() is None
    assert not link.has_read_ahead
    broker.close()
    assert link.recv(1) == b""
