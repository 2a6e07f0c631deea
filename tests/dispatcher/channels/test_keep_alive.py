"""What is open to a provider stays open, for as many texts at once as there are senders."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import orjson
import pytest

from dispatcher.channels import Sent
from dispatcher.channels.http import Answer, Line
from dispatcher.channels.twilio import TwilioSms
from tests.dispatcher.test_channels import a_message

AT_ONCE = 24  # more than an adapter of requests keeps open by itself
ROUNDS = 3
PATIENT_S = 30.0


class Provider(ThreadingHTTPServer):
    """Answers nobody before `AT_ONCE` have asked; counts who comes in."""

    request_queue_size = 2 * AT_ONCE
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.connections = 0
        self.paths: list[str] = []
        self.all_are_here = threading.Barrier(AT_ONCE, timeout=PATIENT_S)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def process_request(self, *request: object) -> None:
        self.connections += 1
        super().process_request(*request)  # type: ignore[arg-type]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Provider

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.paths.append(self.path)
        self.server.all_are_here.wait()
        content = orjson.dumps({"sid": "SM1", "status": "queued"})
        self.send_response(201)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def provider() -> Iterator[Provider]:
    server = Provider()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def say_all_at_once(say: Callable[[int], object]) -> list[object]:
    with ThreadPoolExecutor(AT_ONCE) as senders:
        return [said for _ in range(ROUNDS) for said in senders.map(say, range(AT_ONCE))]


def test_a_line_opens_no_more_than_it_needs(provider: Provider) -> None:
    line = Line(provider.url, PATIENT_S, PATIENT_S)
    said = say_all_at_once(lambda _: line.post("/", {}))
    line.close()

    assert {type(one) for one in said} == {Answer}
    assert provider.connections == AT_ONCE


def test_so_does_twilio(provider: Provider, now: datetime) -> None:
    sms = TwilioSms("AC" + "1" * 32, "token", "+15005550006", "http://centre/status", provider.url, PATIENT_S)
    said = say_all_at_once(lambda _: sms.send(a_message(now)))

    assert {type(one) for one in said} == {Sent}
    assert provider.connections == AT_ONCE


def test_the_way_out_may_be_a_proxy(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", provider.url)
    monkeypatch.delenv("no_proxy", raising=False)
    line = Line("http://sms.example", PATIENT_S, PATIENT_S)
    say_all_at_once(lambda _: line.post("/?a=b", {}))
    line.close()

    assert set(provider.paths) == {"http://sms.example/?a=b"}
