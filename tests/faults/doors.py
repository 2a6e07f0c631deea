"""Several APIs on one database, as providers and browsers meet them: who gets no answer asks again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
from twilio.request_validator import RequestValidator

from tests.gateway.conftest import Centre, url_of
from tests.servers import Part, free_port, until

PUBLIC = "http://127.0.0.1:8000"  # what providers are told, whichever door they come in by
TOKEN = "secret"
AGAIN_WITHIN_S = 60.0


class Door:
    """One API, started and killed like any part."""

    def __init__(self, centre: Centre, folder: Path) -> None:
        folder.mkdir()
        port = free_port()
        self.name = folder.name  # under which its sessions are known to PostgreSQL
        database = url_of(centre.store)
        if not centre.store.is_sqlite:
            database += f"{'&' if '?' in database else '?'}application_name={self.name}"
        self.url = f"http://127.0.0.1:{port}"
        self.client = httpx2.Client(base_url=self.url, timeout=15)
        self.part = Part(
            "api",
            folder,
            database,
            centre.mosquitto.port,
            ANXIN_API_PORT=str(port),
            ANXIN_PUBLIC_URL=PUBLIC,
            ANXIN_MQTT_HOST="127.0.0.1",
            ANXIN_CHANNELS="twilio",
            ANXIN_TWILIO_AUTH_TOKEN=TOKEN,
        )


@contextmanager
def two_doors(centre: Centre, folder: Path) -> Iterator[tuple[Door, Door]]:
    one, other = Door(centre, folder / "one"), Door(centre, folder / "other")
    with ExitStack() as stack:
        for door in (one, other):
            stack.callback(door.part.kill)
            stack.callback(door.client.close)
            door.part.start()
        yield one, other


def insists(ask: Callable[[], httpx2.Response]) -> httpx2.Response:
    """Ask again until there is an answer that is none of a broken server's, as Twilio and a console do."""
    answers: list[httpx2.Response] = []

    def answered() -> bool:
        try:
            answers.append(ask())
        except httpx2.TransportError:
            return False
        return answers[-1].status_code < 500

    assert until(answered, AGAIN_WITHIN_S, every_s=0.1), answers[-1:]
    return answers[-1]


def said_by_twilio(door: Door, path: str, fields: Mapping[str, str]) -> httpx2.Response:
    """What Twilio sends to one of our doors, signed for the address it was told."""
    signed = RequestValidator(TOKEN).compute_signature(PUBLIC + path, dict(fields))
    return door.client.post(path, data=dict(fields), headers={"X-Twilio-Signature": signed})
