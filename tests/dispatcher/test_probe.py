"""A synthetic press goes the whole way, is measured, and reaches nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from community.model import Device
from community.storage import register
from devices import formats
from devices.signal import Frame, Kind, Reading, Role, Signal
from dispatcher import intake
from dispatcher.channels import Outcome, TryLater
from dispatcher.echo import Echo
from dispatcher.health import Grade, Probing, judge
from dispatcher.model import Message
from dispatcher.storage import probes, vitals
from dispatcher.watch.prober import AT_ONCE, PATIENCE_S, Prober
from tests.town import Town


class Nobody:
    """Knows no device: a probe needs no enrolment."""

    def find(self, device_key: str) -> None:
        assert "anxin-probe" in device_key  # under its own name, or as a topic that somebody has confirmed


class Way:
    """The stations between the prober and the channel, each of which a test may close."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.seconds = 0.0
        self.frames: list[Frame] = []
        self.broker_is_there = True
        self.prober = Prober(town.store, self.publish, every_s=60)
        self.echo = Echo(town.store)

    def publish(self, topic: str, payload: bytes) -> bool:
        if self.broker_is_there:
            self.frames.append(Frame(topic, payload, self.town.time))
        return self.broker_is_there

    def gateway(self) -> list[Reading]:
        readings = [formats.read(frame, Nobody(), {}) for frame in self.frames]
        self.frames.clear()
        with self.town.store.write() as connection:
            taken = intake.take(connection, readings, self.town.plans, self.town.time)
        assert taken.touched or not readings, "the bell rings for a probe as for a press"
        return readings

    def pass_time(self, seconds: float) -> None:
        self.town.time += timedelta(seconds=seconds)
        self.seconds += seconds

    def step(self) -> None:
        self.prober.step(self.town.time, self.seconds)

    def probing(self) -> tuple[Probing, ...]:
        with self.town.store.read() as connection:
            return probes.probing(connection)

    def grade(self) -> Grade:
        with self.town.store.read() as connection:
            health = judge(vitals.facts(connection, self.town.time), self.town.time, needed=())
        return next((check.grade for check in health.checks if check.name == "probe"), Grade.PASS)


@pytest.fixture
def way(town: Town) -> Way:
    return Way(town)


def come_through(way: Way, took_s: float = 0.5) -> None:
    way.step()
    way.gateway()
    assert way.echo.pass_on(way.town.time) >= 1
    way.town.work()
    way.pass_time(took_s)
    way.step()


def test_a_probe_that_comes_through_is_measured_and_reaches_nobody(way: Way) -> None:
    come_through(way, took_s=0.4)

    [probing] = way.probing()
    assert (probing.place, probing.misses, probing.took_s) == ("town", 0, pytest.approx(0.4))
    assert way.grade() is Grade.PASS
    assert way.town.phones.texts == []
    assert way.town.cards() == ()
    with way.town.store.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM unread").scalar() == 0
        assert connection.exec_driver_sql("SELECT count(*) FROM message").scalar() == 0, "it leaves nothing"
        [kept] = connection.exec_driver_sql("SELECT kind, is_test FROM signal").all()
    assert (kept.kind, bool(kept.is_test)) == ("probe", True)


def test_it_gets_a_receipt_like_a_press(way: Way) -> None:
    way.step()
    [reading] = way.gateway()
    assert reading.receipt is not None
    assert reading.receipt.topic == "care/town/anxin-probe/ack"


def test_one_is_said_every_minute_and_never_two_at_once(way: Way) -> None:
    come_through(way)
    way.step()
    assert way.frames == []
    way.pass_time(59.4)
    way.step()
    assert way.frames == []
    way.pass_time(0.2)
    way.step()
    way.step()
    assert len(way.frames) == 1


@pytest.mark.parametrize("closed", ["broker", "gateway", "dispatcher", "courier"])
def test_two_that_do_not_come_through_are_a_failure_wherever_the_way_is_closed(way: Way, closed: str) -> None:
    come_through(way)
    way.broker_is_there = closed != "broker"
    for expected in (Grade.WARN, Grade.FAIL):
        way.pass_time(60)
        way.step()
        if closed in ("dispatcher", "courier"):
            way.gateway()
        if closed == "courier":
            way.echo.pass_on(way.town.time)
        way.pass_time(PATIENCE_S - 0.1)
        way.step()
        assert way.prober.is_underway
        way.pass_time(0.1)
        way.step()
        assert not way.prober.is_underway
        assert way.grade() is expected
    way.broker_is_there = True
    way.frames.clear()
    way.pass_time(60)
    come_through(way)
    assert way.grade() is Grade.PASS


def enrol(way: Way, key: str) -> Device:
    with way.town.store.write() as connection:
        return register.enrol_device(connection, Device(0, key, Role.HELP_BUTTON, None))


def test_each_place_where_somebody_may_press_is_tried(way: Way) -> None:
    for key in ("care:east/1", "care:east/2", "care:west/1", "z2m:north/hall"):
        enrol(way, key)
    way.step()
    assert [frame.topic for frame in way.frames] == [
        "care/east/anxin-probe/signal", "care/west/anxin-probe/signal",
    ]  # fmt: skip


def test_a_place_whose_slice_nobody_reads_is_a_failure_although_the_others_answer(way: Way) -> None:
    enrol(way, "care:east/1")
    west = enrol(way, "care:west/1")
    for expected in (Grade.WARN, Grade.FAIL):
        way.pass_time(60)
        way.step()
        way.frames = [frame for frame in way.frames if "west" not in frame.topic]  # nobody reads them
        way.gateway()
        way.echo.pass_on(way.town.time)
        way.town.work()
        way.step()
        assert way.prober.is_underway, "one of the two"
        way.pass_time(PATIENCE_S)
        way.step()
        assert not way.prober.is_underway
        assert way.grade() is expected
        assert {one.place: one.misses > 0 for one in way.probing()} == {"east": False, "west": True}

    with way.town.store.write() as connection:
        register.update_device(connection, replace(west, enabled=False))
    way.pass_time(60)
    come_through(way)
    assert way.grade() is Grade.PASS, "where no device is any more, nobody is missed"


def test_of_very_many_places_each_has_its_turn(way: Way) -> None:
    for number in range(AT_ONCE + 3):
        enrol(way, f"care:p{number:02}/1")
    tried: set[str] = set()
    for _ in range(2):
        way.step()
        tried |= {frame.topic for frame in way.frames}
        assert len(way.frames) == AT_ONCE
        come_through(way)
        way.pass_time(60)
    assert len(tried) == AT_ONCE + 3


def test_one_heard_twice_is_passed_on_once(way: Way) -> None:
    way.step()
    way.frames *= 2
    way.gateway()
    assert way.echo.pass_on(way.town.time) == 1
    way.pass_time(1)
    assert way.echo.pass_on(way.town.time) == 0


def test_one_from_yesterday_is_not_passed_on(way: Way) -> None:
    old = Signal("care:town/anxin-probe", Kind.PROBE, "care:town/anxin-probe#1", way.town.time, retained=True)
    way.town.take(Reading(signals=(old,)))
    assert way.echo.pass_on(way.town.time) == 0


def test_a_provider_that_is_down_is_not_the_probes_matter(way: Way) -> None:
    def refuse(_message: Message) -> Outcome:
        return TryLater("HTTP 503")

    way.town.phones.send = refuse  # type: ignore[method-assign]
    come_through(way)
    assert way.grade() is Grade.PASS
    assert way.town.phones.texts == []


def test_old_probes_are_forgotten(way: Way) -> None:
    come_through(way)
    way.pass_time(8 * 86_400)
    come_through(way)
    with way.town.store.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM probe").scalar() == 1
