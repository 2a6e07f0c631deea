"""A stand-in for Twilio's Messages and Calls: it keeps what it takes, answers as told, and can be slow.

Made after Twilio's own description of the two resources: create, list and fetch, form-encoded in, JSON out.
`test_twilio_by_its_own_description.py` has it judged by that description, and us with it.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import orjson

ACCOUNT = "AC" + "1" * 32
NUMBER = "+15005550006"
_ROOT = "/2010-04-01"
_ADDRESS = re.compile(rf"{_ROOT}/Accounts/AC\w+/(?P<resource>Messages|Calls)(?:/(?P<sid>\w+))?\.json")
_SUBRESOURCES = {
    "Messages": ("media",),
    "Calls": ("notifications", "recordings", "payments", "events", "siprec", "streams", "transcriptions"),
}


@dataclass
class Provider:
    """`answers` are used up one by one: (HTTP status, code), `hang`, `deaf`, `garbage`, or a state.

    `texts` and `calls` are what it took and may be changed: it answers with what stands there then.
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
    calls: list[dict[str, object]] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)
    going: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, resource: str, form: dict[str, str], status: str = "queued") -> dict[str, object]:
        with self.lock:
            self.forms.append(form)
            taken = self.kept(resource)
            letters, make = ("SM", _text) if resource == "Messages" else ("CA", _call)
            sid = f"{letters}{len(taken) + 1:032d}"
            uri = f"{_ROOT}/Accounts/{ACCOUNT}/{resource}/{sid}"
            said: dict[str, object] = {
                "sid": sid,
                "account_sid": ACCOUNT,
                "api_version": "2010-04-01",
                "to": form["To"],
                "from": form["From"],
                "status": status,
                "direction": "outbound-api",
                "price": None,
                "price_unit": "USD",
                "date_created": format_datetime(self.now),
                "date_updated": format_datetime(self.now),
                "uri": f"{uri}.json",
                "subresource_uris": {name: f"{uri}/{name.title()}.json" for name in _SUBRESOURCES[resource]},
                **make(form, status),
            }
            taken.append(said)
            return said

    def kept(self, resource: str) -> list[dict[str, object]]:
        return self.texts if resource == "Messages" else self.calls

    def bodies(self, phone: str) -> list[str]:
        return [str(text["body"]) for text in self.texts if text["to"] == phone]


def _text(form: dict[str, str], status: str) -> dict[str, object]:
    lost = status in ("failed", "undelivered")
    return {
        "body": form["Body"],
        "num_segments": "1",
        "num_media": "0",
        "messaging_service_sid": None,
        "date_sent": None,
        "error_code": 30003 if lost else None,
        "error_message": "Unreachable destination handset" if lost else None,
    }


def _call(form: dict[str, str], _status: str) -> dict[str, object]:
    empty = ("parent_call_sid", "phone_number_sid", "start_time", "end_time", "duration", "answered_by")
    return {
        "to_formatted": form["To"],
        "from_formatted": form["From"],
        "caller_name": None,
        "queue_time": "0",
        **dict.fromkeys((*empty, "forwarded_from", "group_sid", "trunk_sid")),
    }


def _page(path: str, resource: str, found: list[dict[str, object]]) -> dict[str, object]:
    """One page of a list, which is all there ever is."""
    return {
        resource.lower(): found,
        "start": 0,
        "end": max(0, len(found) - 1),
        "page": 0,
        "page_size": 50,
        "uri": path,
        "first_page_uri": path,
        "next_page_uri": None,
        "previous_page_uri": None,
    }


@contextmanager
def running(provider: Provider) -> Iterator[Provider]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            if len(body) < length:
                return None  # who called was killed in the middle of it
            form = {k: " ".join(v) for k, v in parse_qs(body.decode()).items()}
            provider.going.wait(provider.takes_s)
            with provider.lock:
                answer = provider.answers.pop(0) if provider.answers else "queued"
            asked = self.asked_for()
            if asked is None or asked["sid"]:
                return self.not_found()
            resource = asked["resource"]
            if isinstance(answer, tuple):
                status, code = answer
                if status >= 500 and provider.took_it:
                    provider.take(resource, form)
                return self.say(status, {"code": code, "message": "no", "status": status})
            if answer in ("hang", "deaf"):
                if answer == "hang" and provider.took_it:
                    provider.take(resource, form)
                provider.going.wait(10)
                self.close_connection = True
                return None
            if answer == "garbage":
                provider.take(resource, form)
                return self.raw(201, b"<html>")
            return self.say(201, provider.take(resource, form, answer))

        def do_GET(self) -> None:
            if provider.list_is_down:
                return self.say(503, {"code": 20503, "message": "no", "status": 503})
            asked = self.asked_for()
            if asked is None:
                return self.not_found()
            kept = provider.kept(asked["resource"])
            if asked["sid"]:
                one = next((each for each in kept if each["sid"] == asked["sid"]), None)
                return self.say(200, one) if one else self.not_found()
            to = parse_qs(urlsplit(self.path).query).get("To", [""])[0]
            found = [each for each in reversed(kept) if each["to"] == to]
            return self.say(200, _page(self.path, asked["resource"], found))

        def asked_for(self) -> re.Match[str] | None:
            if not self.headers.get("Authorization", "").startswith("Basic "):
                return None
            return _ADDRESS.fullmatch(urlsplit(self.path).path)

        def not_found(self) -> None:
            self.say(404, {"code": 20404, "message": "not found", "status": 404})

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

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Who called was killed: that is no news here."""

    server = Server(("127.0.0.1", 0), Handler)
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
