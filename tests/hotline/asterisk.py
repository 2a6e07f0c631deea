"""A stand-in for Asterisk's REST interface: it believes one account and knows two telephones.

Made after the published description of `POST /channels` (ARI): 200 with the new channel, 400 with a `message`
for what cannot be meant, 401 for a stranger, 500 for a telephone that is not there.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import orjson

from hotline.exchange import Asterisk
from tests.dispatcher.channels.clouds import Cloud, running

USER, PASSWORD = "anxin", "a-secret-of-the-exchange"
TELEPHONES = frozenset({"PJSIP/601", "PJSIP/602"})


@dataclass
class StandIn:
    """`rung` holds what was asked for, oldest first; `is_dead` answers nothing any more."""

    exchange: Asterisk
    rung: list[dict[str, str | int]] = field(default_factory=list)
    is_dead: bool = False


@contextmanager
def standing_in(password: str = PASSWORD) -> Iterator[StandIn]:
    """An exchange that can be asked; we come with `password`."""
    known = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()

    def speak(_cloud: Cloud, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, object] | None:
        if there.is_dead:
            return None
        if headers.get("authorization") != known:
            return 401, {"error": "Unauthorized"}
        if path != "/ari/channels":
            return 404, {"message": "Resource not found"}
        wish = orjson.loads(body) if headers.get("content-type") == "application/json" else {}
        if not {"endpoint", "extension", "context", "priority"} <= wish.keys():
            return 400, {"message": "Application or extension must be specified"}
        if wish["endpoint"] not in TELEPHONES:
            return 500, {"message": "Allocation failed"}
        there.rung.append(wish)
        return 200, {"id": "1700000000.1", "name": f"{wish['endpoint']}-00000001", "state": "Down"}

    with running(speak) as server:
        exchange = Asterisk(f"{server.url}/ari", USER, password, "PJSIP/{extension}", "from-internal")
        there = StandIn(exchange)
        yield there
        exchange.close()
