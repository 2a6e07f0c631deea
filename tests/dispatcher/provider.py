"""A stand-in for Twilio's Messages resource: it keeps what it takes, answers as told, and can be slow.

Made after Twilio's published description of the resource: create and list, form-encoded in, JSON out.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import orjson

PATH = "/2010-04-01/Accounts/AC1/Messages.json"


@dataclass
class Provider:
    """`answers` are used up one by one: (HTTP status, code), `hang`, `deaf`, `garbage`, or a text's state.

    `deaf` is a silence that never takes the text; `took_it` says whether a 500 and a hang come after the text
    was taken: nobody outside can tell.
    """

    now: datetime
    url: str = ""
    answers: list[tuple[int, int] | str] = field(default_factory=list)
    took_it: bool = True
    list_is_down: bool = False
    takes_s: float = 0.0  # seconds before it answers anything
    texts: list[dict[str, object]] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)
    going: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, form: dict[str, str], status: str = "queued") -> dict[str, object]:
        with self.lock:
            text: dict[str, object] = {
                "sid": f"SM{len(self.texts) + 1:032d}",
                "to": form["To"],
                "from": form["From"],
                "body": form["Body"],
                "status": status,
                "error_code": 30003 if status in ("failed", "undelivered") else None,
                "date_created": format_datetime(self.now),
                "date_sent": None,
            }
            self.texts.append(text)
            self.forms.append(form)
            return text

    def bodies(self, phone: str) -> list[str]:
        return [str(text["body"]) for text in self.texts if text["to"] == phone]


@contextmanager
def running(provider: Provider) -> Iterator[Provider]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            form = {k: v[0] for k, v in parse_qs(self.rfile.read(length).decode()).items()}
            provider.going.wait(provider.takes_s)
            with provider.lock:
                answer = provider.answers.pop(0) if provider.answers else "queued"
            if self.path != PATH or not self.headers.get("Authorization", "").startswith("Basic "):
                return self.say(404, {"code": 20404, "message": "not found", "status": 404})
            if isinstance(answer, tuple):
                status, code = answer
                if status >= 500 and provider.took_it:
                    provider.take(form)
                return self.say(status, {"code": code, "message": "no", "status": status})
            if answer in ("hang", "deaf"):
                if answer == "hang" and provider.took_it:
                    provider.take(form)
                provider.going.wait(10)
                self.close_connection = True
                return None
            if answer == "garbage":
                provider.take(form)
                return self.raw(201, b"<html>")
            return self.say(201, provider.take(form, answer))

        def do_GET(self) -> None:
            if provider.list_is_down:
                return self.say(503, {"code": 20503, "message": "no", "status": 503})
            to = parse_qs(urlsplit(self.path).query).get("To", [""])[0]
            found = [text for text in reversed(provider.texts) if text["to"] == to]
            return self.say(200, {"messages": found, "next_page_uri": None, "page_size": 50})

        def say(self, status: int, body: object) -> None:
            self.raw(status, orjson.dumps(body))

        def raw(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Silence: a test's output is its own."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    provider.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield provider
    finally:
        provider.going.set()
        server.shutdown()
        server.server_close()
        thread.join()
