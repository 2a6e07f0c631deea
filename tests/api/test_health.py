"""What an outside monitor is told: 200 while the work is done, 503 when somebody may not be helped."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from datetime import timedelta

from starlette.testclient import TestClient

from api import wellbeing
from api.app import create_app
from api.parts import Parts
from community.storage import Store
from dispatcher.health import NEEDED, WorkerKind
from dispatcher.pulse import Pulse
from tests.api.conftest import Browser, StoppedClock, Town


def all_turn(parts: Parts, *but: WorkerKind) -> None:
    for kind in NEEDED - set(but):
        Pulse(parts.store, kind, f"{kind}").turn(parts.clock.now())


def asked(parts: Parts):  # type: ignore[no-untyped-def]
    return TestClient(create_app(parts)).get("/health")


def test_a_centre_whose_loops_all_turn_passes(parts: Parts, town: Town) -> None:
    assert town
    all_turn(parts)
    answer = asked(parts)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/health+json"
    assert answer.json()["status"] == "pass"
    assert {"gateway", "dispatcher", "courier", "api", "incidents", "messages"} <= answer.json()[
        "checks"
    ].keys()


def test_a_dispatcher_that_stands_still_is_named_and_the_answer_is_503(
    parts: Parts, town: Town, clock: StoppedClock
) -> None:
    assert town
    all_turn(parts)
    clock.pass_time(seconds=11)
    all_turn(parts, WorkerKind.DISPATCHER)
    answer = asked(parts)
    assert (answer.status_code, answer.json()["status"]) == (503, "fail")
    [check] = answer.json()["checks"]["dispatcher"]
    assert check["status"] == "fail"
    assert "已停11秒" in check["output"]
    assert [name for name, [one] in answer.json()["checks"].items() if one["status"] == "fail"] == [
        "dispatcher"
    ]


def test_it_is_asked_of_the_store_once_a_second_whoever_asks(parts: Parts, town: Town) -> None:
    assert town
    all_turn(parts)
    seconds = [100.0]
    client = TestClient(create_app(replace(parts, monotonic=lambda: seconds[0])))
    assert client.get("/health").status_code == 200
    Pulse(parts.store, WorkerKind.GATEWAY, "gateway").end()
    assert client.get("/health").status_code == 200
    seconds[0] += wellbeing.FRESH_S
    assert client.get("/health").status_code == 503


class Silent(Store):
    """A database that takes the question and never answers, until the test lets it."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.answers = threading.Event()

    def read(self):  # type: ignore[no-untyped-def]
        self.answers.wait(30)
        raise TimeoutError("the test is over")


def test_a_database_that_never_answers_is_noticed(parts: Parts, town: Town, clock: StoppedClock) -> None:
    assert town
    all_turn(parts)
    app = create_app(parts)
    silent = Silent(parts.store.engine.url.render_as_string(hide_password=False))
    app.state.wellbeing._parts = replace(parts, store=silent)
    try:
        answer = TestClient(app).get("/health")
    finally:
        silent.answers.set()
        silent.close()
    assert answer.status_code == 503
    assert list(answer.json()["checks"]) == ["database"]
    assert answer.json()["time"] == clock.now().isoformat()
    assert timedelta(seconds=wellbeing.PATIENCE_S) <= timedelta(seconds=6)


def test_a_console_that_cannot_be_heard_is_a_warning_and_one_that_can_is_none(
    operator: Browser, parts: Parts
) -> None:
    all_turn(parts)
    assert operator.put("/api/consoles/k3x9q0p7", {"audio_ok": False}).status_code == 204
    answer = asked(parts)
    assert (answer.status_code, answer.json()["checks"]["sound"][0]["status"]) == (200, "warn")

    assert operator.put("/api/consoles/m5m5m5m5", {"audio_ok": True}).status_code == 204
    assert asked(parts).json()["checks"]["sound"][0]["status"] == "pass"
    assert operator.put("/api/consoles/No!", {"audio_ok": True}).status_code == 422


def test_many_who_ask_at_once_are_all_answered(parts: Parts, town: Town) -> None:
    """Whoever is told first may ask anew before the others are told."""
    assert town
    all_turn(parts)
    steps = iter(range(10_000))
    looks = wellbeing.Wellbeing(replace(parts, monotonic=lambda: 10.0 * next(steps)))  # nothing stays fresh

    async def ask() -> None:
        for _ in range(5):
            assert (await looks.look()).checks

    async def scene() -> None:
        await asyncio.gather(*(ask() for _ in range(5)))

    asyncio.run(scene())
