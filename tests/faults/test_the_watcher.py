"""The dispatcher is killed: everybody who watches notices, and a technician hears of it afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from api.app import create_app
from api.parts import Parts
from api.settings import Settings
from community.storage.tables import incident
from devices.formats import TOPICS
from dispatcher import plans
from dispatcher.bell import LocalBell
from dispatcher.checkup import Checkup
from dispatcher.clock import SystemClock
from dispatcher.health import Grade, Health, WorkerKind
from dispatcher.storage import probes, vitals
from dispatcher.storage.planbook import Planbook
from tests.dispatcher.provider import Provider, running
from tests.faults.conftest import Figure
from tests.faults.street import WITHIN_S, gateway
from tests.faults.test_silence import socket_of, through
from tests.gateway.conftest import BUTTON, Centre, url_of
from tests.proxy import proxied
from tests.servers import Part, until

TECHNICIAN = "+8613800000099"
NEEDED = frozenset({WorkerKind.GATEWAY, WorkerKind.DISPATCHER, WorkerKind.COURIER})
BEAT_S = 5

pytestmark = [pytest.mark.broker, pytest.mark.fault]


class Hall:
    """A centre as it runs: gateway, dispatcher and the watch beside them."""

    def __init__(self, centre: Centre, folder: Path) -> None:
        self.centre = centre
        self.checkup = Checkup(NEEDED)
        self.beat = folder / "beat"
        self.dispatcher = Part("dispatcher", folder, url_of(centre.store), centre.mosquitto.port)
        self.watch = Part(
            "dispatcher.watch",
            folder,
            url_of(centre.store),
            centre.mosquitto.port,
            ANXIN_TECHNICIANS=TECHNICIAN,
            ANXIN_NEEDED_WORKERS=",".join(NEEDED),
            ANXIN_HEARTBEAT_FILE=str(self.beat),
            ANXIN_HEARTBEAT_S=str(BEAT_S),
            ANXIN_PROBE_S="5",
            ANXIN_WATCH_GRACE_S="2",
        )

    def health(self) -> Health:
        now = SystemClock().now()
        with self.centre.store.read() as connection:
            return self.checkup.look(connection, now)

    def ill(self) -> list[str]:
        return [check.name for check in self.health().ill]

    def said_of(self, name: str) -> str:
        return next((check.text[0] for check in self.health().checks if check.name == name), "")

    def probe_s(self) -> float | None:
        """How long the last synthetic press took."""
        checks = {check.name: check for check in self.health().checks}
        return checks["probe"].value if "probe" in checks else None

    def beats(self) -> int:
        return self.beat.stat().st_mtime_ns if self.beat.exists() else 0

    def pages(self) -> list[str]:
        rows = self.centre.rows("SELECT body FROM phone_text WHERE phone = :phone", phone=TECHNICIAN)
        return [row.body for row in rows]


def seconds_until(holds: Callable[[], bool], otherwise: Callable[[], str]) -> float:
    begun = time.monotonic()
    assert until(holds, WITHIN_S, every_s=0.05), otherwise()
    return time.monotonic() - begun


def test_a_dispatcher_that_is_killed_is_noticed_everywhere(
    centre: Centre, tmp_path: Path, figure: Figure
) -> None:
    hall = Hall(centre, tmp_path)
    centre.gateway.start()
    hall.dispatcher.start()
    hall.watch.start()
    try:
        seconds_until(lambda: hall.probe_s() is not None, hall.watch.tail)
        figure(f"G11 a synthetic press came through in {hall.probe_s():.2f} s")
        seconds_until(lambda: hall.ill() == [], hall.watch.tail)
        seconds_until(lambda: hall.beats() > 0, hall.watch.tail)

        hall.dispatcher.kill()
        noticed = seconds_until(lambda: "dispatcher" in hall.ill(), hall.watch.tail)
        figure(f"    a dispatcher that was killed is on /health after {noticed:.1f} s")
        answer = served(centre)
        assert answer.status_code == 503
        assert answer.json()["checks"]["dispatcher"][0]["status"] == "fail"
        seconds_until(lambda: hall.watch.has_said("heartbeat withheld"), hall.watch.tail)
        last = hall.beats()
        # Nobody carries the page but the watch itself.
        seconds_until(lambda: told_of_the_dispatcher(hall) > 0, hall.watch.tail)
        seconds_until(lambda: "自行通知" in hall.said_of("watch"), hall.watch.tail)

        # A case that nobody looks at any more: the violation of the goal, seeded.
        centre.enrol("care:kenli/forgotten")
        centre.publish("care/kenli/forgotten/signal", '{"v":1,"id":"1","type":"press"}')
        centre.comes_to(lambda: centre.kinds() == ["sos"])
        now = SystemClock().now()
        with centre.store.write() as connection:
            connection.execute(update(incident).values(due_at=now - vitals.OVERDUE))
        paged = seconds_until(lambda: waits(centre, "起警情逾期无人处理"), hall.watch.tail)
        figure(f"G2  a forgotten case is in the technician's outbox {paged:.1f} s after the violation")
        marks = "SELECT count(*) FROM timeline WHERE actor = 'watch'"
        seconds_until(lambda: centre.count(marks) == 1, hall.watch.tail)

        assert hall.beats() == last, "as long as anything is ill, the heartbeat is withheld"

        hall.dispatcher.start()
        seconds_until(lambda: any("无人处理" in page for page in hall.pages()), hall.dispatcher.tail)
        assert told_of_the_dispatcher(hall) == 1
        seconds_until(lambda: hall.ill() == [], hall.watch.tail)
        seconds_until(lambda: hall.beats() > last, hall.watch.tail)
        assert hall.health().grade is not Grade.FAIL
    finally:
        hall.watch.stop()
        hall.dispatcher.kill()


def test_a_slice_whose_gateway_is_killed_is_told_although_another_gateway_turns(
    centre: Centre, tmp_path: Path, figure: Figure
) -> None:
    hall = Hall(centre, tmp_path)
    centre.enrol("care:west/1")
    others = [topic for topic in TOPICS if not topic.startswith("care/")]
    home = gateway(centre, tmp_path, "home", ",".join(["care/kenli/+/signal", *others]))
    west = gateway(centre, tmp_path, "west", "care/west/+/signal")
    parts = (home, west, hall.dispatcher, hall.watch)
    try:
        for part in parts:
            part.start()
        seconds_until(lambda: hall.probe_s() is not None, hall.watch.tail)
        tried = {probes.place_of(key) for (key,) in centre.rows("SELECT unique_key FROM probe")}
        assert tried == {"kenli", "west"}, "both slices"
        seconds_until(lambda: hall.ill() == [] and hall.beats() > 0, hall.watch.tail)

        west.kill()
        noticed = seconds_until(lambda: "hearing" in hall.ill(), hall.watch.tail)
        figure(f"    a slice that nobody reads is on /health after {noticed:.1f} s")
        seconds_until(lambda: any("care/west" in page for page in hall.pages()), hall.dispatcher.tail)
        seconds_until(lambda: hall.watch.has_said("heartbeat withheld"), hall.watch.tail)
        assert "gateway" not in hall.ill(), "a gateway turns"
    finally:
        for part in parts:
            part.kill()


def told_of_the_dispatcher(hall: Hall) -> int:
    return sum("调度已停" in page for page in hall.pages())


@pytest.mark.parametrize("store", ["postgres"], indirect=True)  # SQLite is a file beside the watch
def test_the_database_is_gone_and_the_watch_tells_the_technician_without_it(
    centre: Centre, tmp_path: Path, figure: Figure
) -> None:
    provider = Provider(SystemClock().now())
    with running(provider), proxied(socket_of(url_of(centre.store))) as line:
        watch = Part(
            "dispatcher.watch",
            tmp_path,
            through(url_of(centre.store), "127.0.0.1", line.port),
            centre.mosquitto.port,
            ANXIN_CHANNELS="twilio",
            ANXIN_TWILIO_BASE_URL=provider.url,
            ANXIN_TWILIO_ACCOUNT_SID="AC1",
            ANXIN_TWILIO_AUTH_TOKEN="secret",
            ANXIN_TWILIO_FROM="+15005550006",
            ANXIN_TECHNICIANS=TECHNICIAN,
            ANXIN_NEEDED_WORKERS="watch",
            ANXIN_WATCH_GRACE_S="0",
        )
        watch.start()
        try:
            looks = "SELECT count(*) FROM worker WHERE kind = 'watch'"
            seconds_until(lambda: centre.count(looks) == 1, watch.tail)
            line.be_silent()
            told = seconds_until(lambda: len(provider.texts) == 1, watch.tail)
            figure(f"    the watch told a technician {told:.1f} s after the database was gone, without it")
            assert "平台故障:数据库无响应" in str(provider.texts[0]["body"])
        finally:
            watch.kill()


def waits(centre: Centre, words: str) -> bool:
    rows = centre.rows("SELECT body FROM message WHERE purpose = 'trouble'")
    return any(words in row.body for row in rows)


def served(centre: Centre):  # type: ignore[no-untyped-def]
    settings = Settings.model_validate({"database_url": "sqlite://", "public_url": "http://127.0.0.1:8000"})
    parts = Parts(centre.store, SystemClock(), LocalBell(), Planbook(plans.shipped()), settings)
    return TestClient(create_app(parts)).get("/health")


def test_the_whole_centre_is_dead_and_the_fallback_tells_the_relatives(
    centre: Centre, tmp_path: Path, figure: Figure
) -> None:
    wait_s = 5
    provider = Provider(SystemClock().now())
    with running(provider):
        fallback = Part(
            "gateway.fallback",
            tmp_path,
            url_of(centre.store),
            centre.mosquitto.port,
            ANXIN_CHANNELS="twilio",
            ANXIN_TWILIO_BASE_URL=provider.url,
            ANXIN_TWILIO_ACCOUNT_SID="AC1",
            ANXIN_TWILIO_AUTH_TOKEN="secret",
            ANXIN_TWILIO_FROM="+15005550006",
            ANXIN_FALLBACK_FOLDER=str(tmp_path / "fallback"),
            ANXIN_FALLBACK_WAIT_S=str(wait_s),
        )
        fallback.start()
        try:
            seconds_until((tmp_path / "fallback" / "snapshot.json").exists, fallback.tail)
            key = BUTTON.key.removeprefix("care:")
            centre.publish(f"care/{key}/signal", '{"v":1,"id":"help","type":"press"}')
            told = seconds_until(lambda: len(provider.texts) == 2, fallback.tail)
            figure(
                f"    the fall-back told two relatives {told:.1f} s after the press (told to wait {wait_s} s)"
            )
            assert all("平台故障,请马上联系老人" in str(text["body"]) for text in provider.texts)
        finally:
            fallback.stop()
    assert (tmp_path / "fallback").stat().st_mode & 0o777 == 0o700
