"""The simulator's watches, pendants, diallers and carephones: understood, and heard however the line is."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from random import Random

import pytest

from devices import formats
from devices.signal import Frame, Role
from devices.sim import dialled, roster
from devices.sim.line import Line
from devices.sim.player import NoBroker
from devices.sim.speech import WORDS, can_say, say
from tests.devices.street import Street, words
from tests.servers import free_port, until

MEANINGS = {"press": "sos", "smoke_over": "smoke clear", "heartbeat": ""}


@pytest.mark.parametrize("family", sorted(dialled.FAMILIES))
def test_every_word_that_a_device_has_is_understood(family: str) -> None:
    spoken = set()
    for role in Role:
        device = roster.one(family, role=role)
        for word in sorted(WORDS):
            said = say(device, word, 0, Random(1))
            assert bool(said) is can_say(device, word)
            for emission in said:
                street = Street()
                street.enrol(device.key, role)
                name = b"@353456789012345 " if family == "iw" else b""
                frame = Frame("", name + emission.payload, street.now, protocol=family)
                reading = formats.read(frame, street, {})
                expected = MEANINGS.get(word, word)
                assert words(reading) == ([expected] if expected else []), (role, word)
                assert [beat.device_key for beat in reading.beats] == [device.key]
                assert emission.receipt.encode() in reading.reply, "what the sim waits for is what it hears"
                spoken.add(word)
    assert {"press", "fall", "heartbeat"} <= spoken


@pytest.mark.parametrize("family", sorted(dialled.FAMILIES))
def test_two_presses_are_two(family: str) -> None:
    device = roster.one(family)
    first, second = (say(device, "press", 0, Random(seed))[0].payload for seed in (1, 2))
    assert first != second


class Door:
    """A centre of one line at a time. Each connection is a list of what it says back to what it hears."""

    def __init__(self, *connections: list[bytes]) -> None:
        self.port = free_port()
        self.heard: list[bytes] = []
        self._server = socket.create_server(("127.0.0.1", self.port))
        self._thread = threading.Thread(target=self._answer, args=(connections,), daemon=True)
        self._thread.start()

    def _answer(self, connections: tuple[list[bytes], ...]) -> None:
        with suppress(OSError):  # the line hangs up, or the test is over
            for answers in connections:
                link, _ = self._server.accept()
                with link:
                    for answer in answers:
                        self.heard.append(link.recv(4096))
                        link.sendall(answer)

    def close(self) -> None:
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)  # ends an accept
        self._server.close()
        self._thread.join(60)


@pytest.fixture
def door() -> Iterator[Callable[..., Door]]:
    made: list[Door] = []

    def make(*connections: list[bytes]) -> Door:
        made.append(Door(*connections))
        return made[-1]

    yield make
    for each in made:
        each.close()


WATCH = roster.one("watch")
ANSWER = b"[3G*6907919734*0002*AL]"


def test_a_watch_that_hears_nothing_says_the_same_again(door: Callable[..., Door]) -> None:
    centre = door([b"", b"[3G*69", ANSWER])
    with Line(WATCH, "127.0.0.1", centre.port, gap=lambda _: 0.2) as line:
        (press,) = say(WATCH, "press", 0, Random(1))
        line.say(press)
        assert line.wait(60)
        tally = line.tally()
    assert (tally.said, tally.acked, tally.waiting) == (1, 1, 0)
    assert tally.resent >= 1
    said = b"".join(centre.heard)
    assert said == press.payload * (len(said) // len(press.payload))


def test_a_line_that_was_hung_up_is_made_again(door: Callable[..., Door]) -> None:
    centre = door([b""], [ANSWER])
    with Line(WATCH, "127.0.0.1", centre.port, gap=lambda _: 0.2) as line:
        line.say(say(WATCH, "press", 0, Random(1))[0])
        assert line.wait(60)
    assert len(centre.heard) == 2


def test_who_is_never_answered_is_told_to_telephone(door: Callable[..., Door]) -> None:
    centre = door([b"what?"] * 500)
    with Line(WATCH, "127.0.0.1", centre.port, gap=lambda _: 0.05, alone_s=0.1) as line:
        line.say(say(WATCH, "press", 0, Random(1))[0])
        assert until(lambda: line.tally().alone == 1, 60)
        assert not line.wait(0)


def test_a_door_that_is_closed_says_which_setting_opens_it() -> None:
    with pytest.raises(NoBroker, match="ANXIN_WATCH_PORT"):
        Line(WATCH, "127.0.0.1", free_port()).start()


@pytest.mark.parametrize("protocol, key", [("walkie-talkie", ""), ("watch", "sia:1234"), ("watch", "watch:")])
def test_a_device_that_cannot_be_is_refused(protocol: str, key: str) -> None:
    with pytest.raises(roster.RosterError):
        roster.one(protocol, key)
