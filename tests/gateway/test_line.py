"""The line to the broker: what is acknowledged, when, and on which connection."""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from devices.signal import Receipt
from dispatcher.bell import TOPIC as BELL
from gateway.link import acknowledgement, publication
from gateway.mqtt import RECEIVE_MAXIMUM, Arrival, Line
from tests.servers import NO_MOSQUITTO, Mosquitto, program, until

AT = datetime(2026, 11, 21, 6, 5, tzinfo=UTC)
WITHIN_S = 60.0

pytestmark = [pytest.mark.broker, pytest.mark.skipif(program("mosquitto") is None, reason=NO_MOSQUITTO)]


class Peer:
    """Another client; remembers what it heard."""

    def __init__(self, port: int, client_id: str = "", topic: str = "") -> None:
        self.heard: list[tuple[str, bytes]] = []
        self._listening = threading.Event()
        self.client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv5, manual_ack=True
        )
        self.client.on_connect = lambda client, *_: (
            client.subscribe(topic, qos=1) if topic else self._listening.set()
        )
        self.client.on_subscribe = lambda *_: self._listening.set()
        self.client.on_message = lambda _c, _d, message: self.heard.append((message.topic, message.payload))
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = 60
        self.client.connect("127.0.0.1", port, clean_start=not client_id, properties=properties)
        self.client.loop_start()
        assert self._listening.wait(WITHIN_S)

    def say(self, number: int) -> None:
        self.client.publish("care/town/button/signal", str(number), qos=1).wait_for_publish(WITHIN_S)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


class Narrow(Line):
    most_in_memory = 100


def line_to(broker: Mosquitto, kind: type[Line] = Line) -> Line:
    line = kind("127.0.0.1", broker.port, client_id="gateway", topics=("care/+/+/signal",), now=lambda: AT)
    line.start()
    assert line.subscribed.wait(WITHIN_S)
    return line


@pytest.fixture
def line(mosquitto: Mosquitto) -> Iterator[Line]:
    made = line_to(mosquitto)
    yield made
    made.stop()
    assert not made.is_alive()


@pytest.fixture
def peer(mosquitto: Mosquitto) -> Iterator[Peer]:
    made = Peer(mosquitto.port, topic="care/+/+/ack")
    yield made
    made.close()


def take(line: Line, count: int) -> list[Arrival]:
    """At least `count` arrivals, as soon as they are there."""
    arrived: list[Arrival] = []

    def enough() -> bool:
        if len(arrived) < count:
            arrived.extend(line.wait_arrivals(0.1, 500))
        return len(arrived) >= count

    assert until(enough, WITHIN_S, every_s=0)
    return arrived


def said(arrivals: list[Arrival]) -> list[int]:
    return [int(arrival.frame.payload) for arrival in arrivals]


def cut(mosquitto: Mosquitto) -> None:
    """Somebody takes the gateway's session and leaves: the connection is lost, the session is not."""
    Peer(mosquitto.port, client_id="gateway").close()


def test_it_follows_when_other_topics_are_wanted(line: Line, peer: Peer, mosquitto: Mosquitto) -> None:
    """What one of them hears tells that the broker has done what it was asked."""
    number = 0

    def heard() -> set[str]:
        nonlocal number
        number += 1
        peer.client.publish("house/cord", "ON", qos=1).wait_for_publish(WITHIN_S)
        peer.say(number)
        topics: set[str] = set()
        while "care/town/button/signal" not in topics:
            arrived = take(line, 1)
            line.answered(arrived, [])
            topics |= {arrival.frame.topic for arrival in arrived}
        return topics

    ours = ("care/+/+/signal",)
    assert heard() == {"care/town/button/signal"}
    line.listen((*ours, "house/cord"))
    assert until(lambda: "house/cord" in heard(), WITHIN_S)
    cut(mosquitto)
    assert until(lambda: line.ailment() == "", WITHIN_S)
    assert until(lambda: "house/cord" in heard(), WITHIN_S), "on the next connection, too"
    line.listen(ours)
    assert until(lambda: "house/cord" not in heard(), WITHIN_S)


def test_a_late_answer_acknowledges_nothing_on_the_next_connection(tmp_path: Path) -> None:
    forgetful = Mosquitto(tmp_path / "forgetful", persistence=False)  # its packet ids begin again
    forgetful.start()
    line, peer = line_to(forgetful), Peer(forgetful.port)
    try:
        peer.say(1)
        first = take(line, 1)
        line.subscribed.clear()
        forgetful.kill()
        forgetful.start()
        assert line.subscribed.wait(WITHIN_S)
        assert until(peer.client.is_connected, WITHIN_S)
        peer.say(2)
        second = take(line, 1)
        assert second[0].packet_id == first[0].packet_id
        line.answered(first, [])  # sent now, it would be an answer to message 2
        line.answered([], [Receipt("care/town/button/signal", b"3")])
        assert said(take(line, 1)) == [3], "what came after it has left"
        cut(forgetful)
        again = take(line, 1)
        assert said(again) == [2]
        assert again[0].frame.redelivered
    finally:
        peer.close()
        line.stop()
        forgetful.kill()


def test_receipts_and_acknowledgements_leave_together_and_are_heard(line: Line, peer: Peer) -> None:
    for number in range(300):
        peer.say(number)
    arrived = take(line, 200)
    receipts = [Receipt("care/town/button/ack", str(number).encode()) for number in said(arrived)]
    line.answered(arrived, receipts)
    arrived += (rest := take(line, 300 - len(arrived)))
    line.answered(rest, [Receipt("care/town/button/ack", str(number).encode()) for number in said(rest)])
    assert sorted(said(arrived)) == list(range(300))
    assert until(lambda: len(peer.heard) == 300, WITHIN_S)
    assert sorted(int(payload) for _, payload in peer.heard) == list(range(300))


def test_no_more_is_taken_than_may_wait_for_the_commit(line: Line, peer: Peer) -> None:
    more = 50
    for number in range(RECEIVE_MAXIMUM + more):
        peer.client.publish("care/town/button/signal", str(number), qos=1)
    waiting = take(line, RECEIVE_MAXIMUM)
    assert said(waiting) == list(range(RECEIVE_MAXIMUM))
    assert line.wait_arrivals(0.3, 500) == []
    line.answered(waiting, [])
    assert said(take(line, more)) == list(range(RECEIVE_MAXIMUM, RECEIVE_MAXIMUM + more))


def test_it_finds_its_way_back_when_the_session_was_taken(
    mosquitto: Mosquitto, line: Line, peer: Peer
) -> None:
    peer.say(1)
    first = take(line, 1)
    cut(mosquitto)
    again = take(line, 1)
    assert said(again) == [1]
    assert again[0].frame.redelivered
    assert again[0].connection > first[0].connection
    line.answered(again, [])
    peer.say(2)
    assert said(take(line, 1)) == [2]


def test_what_the_broker_does_not_keep_waits_on_disk_and_comes_in_order(
    mosquitto: Mosquitto, peer: Peer
) -> None:
    line = line_to(mosquitto, Narrow)
    try:
        for number in range(1000):
            peer.client.publish("care/town/button/signal", str(number), qos=0)
        peer.say(1000)
        assert until(lambda: line.waiting_in_memory == 101, WITHIN_S), "a hundred, and the last: at QoS 1"
        first = line.wait_arrivals(1, 101)
        peer.client.publish("care/town/button/signal", "1001", qos=0)
        rest = take(line, 901)
        assert said(first + rest) == [*range(100), 1000, *range(100, 1000), 1001]
        peer.client.publish("care/town/button/signal", "1002", qos=0)
        assert until(lambda: line.waiting_in_memory == 1, WITHIN_S), "the disk is empty: memory serves again"
    finally:
        line.stop()


@pytest.mark.parametrize("size", [0, 1, 100, 127, 128, 16_383, 16_384, 200_000])
def test_a_packet_of_ours_has_the_length_it_says(size: int) -> None:
    topic, payload = "care/a/b/ack", b"x" * size
    packet = publication(topic, payload)
    position, length, shift = 1, 0, 0
    while True:
        octet = packet[position]
        length |= (octet & 127) << shift
        position, shift = position + 1, shift + 7
        if octet < 128:
            break
    assert packet[0] == 0x30
    assert len(packet) == position + length
    (named,) = struct.unpack_from("!H", packet, position)
    assert packet[position + 2 : position + 2 + named].decode() == topic
    assert packet[position + 2 + named :] == b"\0" + payload


def test_an_acknowledgement_names_its_message() -> None:
    assert acknowledgement(0x1234) == b"\x40\x02\x12\x34"


def test_the_bell_rings_on_the_same_line_and_before_the_receipts(mosquitto: Mosquitto, line: Line) -> None:
    dispatcher = Peer(mosquitto.port, topic="#")
    try:
        line.tell()
        line.answered((), (Receipt("care/town/button/ack", b"stored"),))
        assert until(lambda: len(dispatcher.heard) == 2, WITHIN_S)
        assert dispatcher.heard == [(BELL, b""), ("care/town/button/ack", b"stored")]
    finally:
        dispatcher.close()
