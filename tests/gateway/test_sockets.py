"""Devices that speak over sockets to a gateway as it runs in a centre: answered when it is stored."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from community.storage import Store
from tests.gateway.conftest import Centre, url_of
from tests.gateway.test_from_the_wire import give_back, take_away
from tests.servers import Mosquitto, Part, free_port

pytestmark = pytest.mark.broker

WATCH = "watch:6907919734"
ALARM = b"[3G*6907919734*003e*AL_LTE,170525,214118,V,0,N,0,E,0,0,0,0,0,22,0,0,00010001,0,0,0]"
ANSWER = b"[3G*6907919734*0002*AL]"
SIGNALS = "SELECT count(*) FROM signal"


class Doorway(Centre):
    """A centre whose gateway has doors."""

    def __init__(self, store: Store, mosquitto: Mosquitto, folder: Path) -> None:
        super().__init__(store, mosquitto, folder)
        self.port = free_port()
        ports = {"ANXIN_WATCH_PORT": str(self.port), "ANXIN_SOCKET_HOST": "127.0.0.1"}
        self.gateway = Part("gateway", folder, url_of(store), mosquitto.port, **ports)
        self.enrol(WATCH)
        self.gateway.start()

    @contextmanager
    def connection(self) -> Iterator[socket.socket]:
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as link:
            yield link


@pytest.fixture
def doorway(store: Store, mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Doorway]:
    made = Doorway(store, mosquitto, tmp_path)
    yield made
    made.gateway.kill()


def heard(link: socket.socket, wanted: int) -> bytes:
    """The next `wanted` bytes; fewer at the end of the connection."""
    said = b""
    while len(said) < wanted and (piece := link.recv(wanted - len(said))):
        said += piece
    return said


def was_closed(link: socket.socket) -> bool:
    """Whether the other side has closed it; a connection that is closed unread is reset."""
    try:
        return link.recv(1) == b""
    except ConnectionResetError:
        return True


def is_silent(link: socket.socket, seconds: float) -> bool:
    """Whether nothing is said for so long."""
    link.settimeout(seconds)
    try:
        link.recv(1, socket.MSG_PEEK)
        return False
    except TimeoutError:
        return True
    finally:
        link.settimeout(30)


def test_a_press_on_a_watch_is_an_incident_and_is_answered_when_it_is_stored(doorway: Doorway) -> None:
    with doorway.connection() as link:
        link.sendall(ALARM)
        assert heard(link, len(ANSWER)) == ANSWER
        assert doorway.count(SIGNALS + " WHERE kind = 'sos' AND device_key = :key", key=WATCH) == 1
    assert doorway.kinds() == ["sos"]


def test_a_frame_in_pieces_two_in_a_segment_and_a_slow_sender_beside_them(doorway: Doorway) -> None:
    alive = b"[3G*6907919734*000A*LK,50,3,87]"
    with doorway.connection() as slow, doorway.connection() as link:
        slow.sendall(ALARM[:30])
        for at in range(len(ALARM)):
            link.sendall(ALARM[at : at + 1])
        assert heard(link, len(ANSWER)) == ANSWER
        link.sendall(alive + alive)
        expected = b"[3G*6907919734*0002*LK]" * 2
        assert heard(link, len(expected)) == expected
        slow.sendall(ALARM[30:])
        assert heard(slow, len(ANSWER)) == ANSWER
    assert doorway.count(SIGNALS + " WHERE kind = 'sos'") == 1, "the same words, within the same minutes"


def test_an_alarm_whose_end_never_came_is_an_alarm(doorway: Doorway) -> None:
    with doorway.connection() as link:
        link.sendall(ALARM[:-10])
    doorway.comes_to(lambda: doorway.kinds() == ["sos"])


def test_while_the_database_is_away_the_answer_stays_out(doorway: Doorway) -> None:
    with doorway.connection() as link:
        take_away(doorway)
        link.sendall(ALARM)
        assert is_silent(link, 1.5)
        link.sendall(ALARM)
        give_back(doorway)
        assert heard(link, 2 * len(ANSWER)) == ANSWER * 2
    assert doorway.count(SIGNALS + " WHERE kind = 'sos'") == 1
    assert doorway.kinds() == ["sos"]


@pytest.mark.fault
def test_a_gateway_killed_before_the_commit_hears_it_again_and_stores_it_once(doorway: Doorway) -> None:
    with doorway.connection() as link:
        take_away(doorway)
        link.sendall(ALARM)
        assert is_silent(link, 0.5)
        doorway.gateway.kill()
        assert heard(link, 1) == b""
    give_back(doorway)
    doorway.gateway.start()
    with doorway.connection() as link:
        link.sendall(ALARM)
        assert heard(link, len(ANSWER)) == ANSWER
    assert doorway.count(SIGNALS + " WHERE kind = 'sos'") == 1
    assert doorway.kinds() == ["sos"]


@pytest.mark.fault
def test_a_gateway_killed_after_the_commit_answers_what_is_said_again_and_stores_it_once(
    doorway: Doorway,
) -> None:
    with doorway.connection() as link:
        link.sendall(ALARM)
        doorway.comes_to(lambda: doorway.count(SIGNALS + " WHERE kind = 'sos'") == 1)
        doorway.gateway.kill()
    doorway.gateway.start()
    with doorway.connection() as link:
        link.sendall(ALARM)
        assert heard(link, len(ANSWER)) == ANSWER
    assert doorway.count(SIGNALS + " WHERE kind = 'sos'") == 1
    assert doorway.count("SELECT times FROM alarm WHERE kind = 'sos'") == 1


def test_a_gateway_that_is_told_to_stop_ends_although_a_watch_is_connected(doorway: Doorway) -> None:
    with doorway.connection() as link:
        link.sendall(ALARM)
        assert heard(link, len(ANSWER)) == ANSWER
        assert doorway.gateway.stop() == 0
        assert was_closed(link)


def test_a_port_that_is_taken_says_so_and_does_not_start(doorway: Doorway, tmp_path: Path) -> None:
    ports = {"ANXIN_WATCH_PORT": str(doorway.port), "ANXIN_SOCKET_HOST": "127.0.0.1"}
    (tmp_path / "second").mkdir()
    second = Part("gateway", tmp_path / "second", url_of(doorway.store), doorway.mosquitto.port, **ports)
    with pytest.raises(RuntimeError, match="no door for watch"):
        second.start()
