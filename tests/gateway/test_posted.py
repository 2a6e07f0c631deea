"""What a server posts over HTTP: answered when it is stored, and to nobody without the token."""

from __future__ import annotations

from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import orjson
import pytest

from community.storage import Store
from devices.formats import BY_NAME
from gateway.settings import GatewaySettings
from gateway.sockets.http import LARGEST_BODY, LONGEST_HEAD, Posted
from gateway.sockets.protocols import listed
from gateway.sockets.talk import Peer, Talk
from tests.gateway.conftest import Centre, url_of
from tests.gateway.test_from_the_wire import give_back, take_away
from tests.servers import Mosquitto, Part, free_port

TOKEN = "only-the-server-knows"
PRESS = {
    "device": {"uniqueId": "6907919734"},
    "position": {"id": 0, "serverTime": "2026-11-20T00:15:29.123+00:00", "attributes": {"alarm": "sos"}},
}
SOS = "SELECT count(*) FROM signal WHERE kind = 'sos'"


class Doorway(Centre):
    """A centre whose gateway hears Traccar over HTTP."""

    def __init__(self, store: Store, mosquitto: Mosquitto, folder: Path) -> None:
        super().__init__(store, mosquitto, folder)
        self.port = free_port()
        doors = {"ANXIN_TRACCAR_PORT": str(self.port), "ANXIN_TRACCAR_TOKEN": TOKEN}
        doors["ANXIN_SOCKET_HOST"] = "127.0.0.1"
        self.gateway = Part("gateway", folder, url_of(store), mosquitto.port, **doors)
        self.enrol("traccar:6907919734")
        self.gateway.start()

    def post(self, body: object, timeout: float = 30, token: str = TOKEN) -> int:
        """The status of the answer. TimeoutError: there was none."""
        link = HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
            link.request("POST", "/traccar", orjson.dumps(body), headers)
            return link.getresponse().status
        finally:
            link.close()


@pytest.fixture
def doorway(store: Store, mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Doorway]:
    made = Doorway(store, mosquitto, tmp_path)
    yield made
    made.gateway.kill()


@pytest.mark.broker
def test_a_press_that_is_posted_is_stored_before_it_is_answered(doorway: Doorway) -> None:
    assert doorway.post(PRESS, token="guessed") == 401
    assert doorway.count(SOS) == 0
    assert doorway.post(PRESS) == 200
    assert doorway.count(SOS) == 1
    assert doorway.kinds() == ["sos"]
    assert doorway.post(PRESS) == 200
    assert doorway.count(SOS) == 1


@pytest.mark.broker
def test_while_the_database_is_away_nobody_is_answered_and_nothing_is_lost(doorway: Doorway) -> None:
    take_away(doorway)
    with pytest.raises(TimeoutError):
        doorway.post(PRESS, timeout=1)
    give_back(doorway)
    assert doorway.post(PRESS) == 200
    assert doorway.count(SOS) == 1
    assert doorway.kinds() == ["sos"]


class Caller:
    """Whoever is at the other end: what it hears, and what it brought to be stored."""

    def __init__(self) -> None:
        self.talk = Posted(BY_NAME["traccar"], TOKEN)
        self.heard: list[bytes] = []
        self.brought: list[bytes] = []

    def say(self, *pieces: bytes) -> None:
        rest = b""
        for piece in pieces:
            requests, rest = self.talk.split(rest + piece)
            for request in requests:
                self.talk.hear(request, Peer(("127.0.0.1", 9), True, self.heard.append, self._bring))

    def _bring(self, _talk: Talk, payload: bytes, _answer: object) -> None:
        self.brought.append(payload)

    def statuses(self) -> list[int]:
        return [int(said.split(b" ")[1]) for said in self.heard]


def request(
    body: bytes = b"{}", method: str = "POST", path: str = "/traccar", token: str = TOKEN, *, length: str = ""
) -> bytes:
    fields = f"Authorization: Bearer {token}\r\n" + (length or f"Content-Length: {len(body)}\r\n")
    return f"{method} {path} HTTP/1.1\r\n{fields}\r\n".encode() + body


def test_requests_come_in_pieces_and_two_at_once() -> None:
    caller = Caller()
    whole = request(b'{"a":1}') + request(b'{"b":2}')
    caller.say(*(whole[at : at + 7] for at in range(0, len(whole), 7)))
    caller.say(whole)
    assert caller.brought == [b'{"a":1}', b'{"b":2}'] * 2
    assert caller.heard == []  # not before it is stored


@pytest.mark.parametrize(
    "said, status",
    [
        (request(token="guessed"), 401),
        (request(token=""), 401),
        (request(path="/"), 404),
        (request(method="GET"), 405),
        (request(b"", length="Host: x\r\n"), 411),
        (request(b"", length="Content-Length: many\r\n"), 411),
        (request(b"", length=f"Content-Length: {LARGEST_BODY + 1}\r\n"), 413),
        (request(b"{}", length="Content-Length: 2\r\ncontent-length: 9\r\n"), 400),
        (b"\x16\x03\x01\r\n\r\n", 400),
        (b"x" * (LONGEST_HEAD + 1), 400),
    ],
)
def test_what_is_no_message_is_refused_and_brought_to_nobody(said: bytes, status: int) -> None:
    caller = Caller()
    caller.say(said)
    assert caller.statuses()[:1] == [status]
    assert caller.brought == []


def test_a_door_without_a_token_is_not_opened() -> None:
    with pytest.raises(ValueError, match="need a token"):
        listed(GatewaySettings(traccar_port=5055))
    (door,) = listed(GatewaySettings.model_validate({"traccar_port": 5055, "traccar_token": TOKEN}))
    assert (door.talk.protocol, door.tcp) == ("traccar", 5055)
