"""The sign of life for somebody outside: it stays away exactly when something fails."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from structlog.typing import EventDict

from dispatcher.health import Check, Grade, Health
from dispatcher.watch.heartbeat import Heartbeat, by_file, by_url
from tests.conftest import Figure
from tests.dispatcher.cases import START
from tests.servers import until

WELL = Health(START, (Check("gateway", Grade.PASS), Check("probe", Grade.WARN, ("一次", "one"))))
ILL = Health(START, (Check("gateway", Grade.FAIL, ("网关没有运行", "gateway none is running")),))


@dataclass
class Outside:
    """Who waits for a beat every minute."""

    url: str = ""
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def outside() -> Iterator[Outside]:
    listening = Outside()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            listening.asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Silence: a test's output is its own."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    listening.url = f"http://127.0.0.1:{server.server_port}/ping/abc"
    yield listening
    server.shutdown()
    server.server_close()
    thread.join()


def test_it_leaves_every_minute_while_nothing_fails(outside: Outside, figure: Figure) -> None:
    heartbeat = Heartbeat({"url": by_url(outside.url)}, 60)
    for second in range(0, 121, 3):
        heartbeat.turn(WELL, float(second))
        assert until(lambda second=second: len(outside.asked) == 1 + second // 60)
        assert until(lambda: not heartbeat.is_leaving)
    heartbeat.close()
    assert outside.asked == ["/ping/abc"] * 3
    figure(f"G11 the outward heartbeat: {len(outside.asked)} beats in 120 s")


def test_it_is_withheld_while_anything_fails_and_the_reason_is_logged(
    outside: Outside, logs: list[EventDict]
) -> None:
    heartbeat = Heartbeat({"url": by_url(outside.url)}, 60)
    heartbeat.turn(ILL, 0)
    heartbeat.turn(ILL, 60)
    heartbeat.close()
    assert outside.asked == []
    reasons = [entry["reasons"] for entry in logs if entry["event"] == "heartbeat withheld"]
    assert reasons == [["gateway: gateway none is running"]] * 2


def test_one_way_that_is_broken_does_not_close_the_others(tmp_path: Path, logs: list[EventDict]) -> None:
    nobody = by_url("http://127.0.0.1:9/ping/secret")
    heartbeat = Heartbeat({"url": nobody, "file": by_file(tmp_path / "beat")}, 60)
    heartbeat.turn(WELL, 0)
    heartbeat.close()
    assert datetime.fromisoformat((tmp_path / "beat").read_text().strip()) == START
    assert [path.name for path in tmp_path.iterdir()] == ["beat"]
    assert [(entry["event"], entry["way"]) for entry in logs] == [("heartbeat did not leave", "url")]
    assert "secret" not in str(logs), "who knows the address can pretend that all is well"
