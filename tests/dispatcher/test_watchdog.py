"""The watchdog barks: a technician is told in time, once, and again while it lasts; the desk sees it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from community.storage.tables import incident
from dispatcher.health import NEEDED, OVERDUE, Grade, Health, WorkerKind
from dispatcher.model import Entry, MessageState
from dispatcher.pulse import Pulse
from dispatcher.storage import outbox
from dispatcher.watch.__main__ import Round
from dispatcher.watch.heartbeat import Heartbeat
from dispatcher.watch.pager import AGAIN, Pager, page, people
from dispatcher.watch.prober import Prober
from dispatcher.watch.watchdog import Watchdog
from tests.conftest import Figure
from tests.dispatcher.cases import VOICE
from tests.exchange import AtOnce
from tests.town import Town

TECHNICIAN = "+8613800000099"
LOOK = timedelta(seconds=3)


class Hall:
    """The town's processes: all turn, but those that a test lets stand still."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.watchdog = Watchdog(town.store, [TECHNICIAN])
        self.pulses = {kind: Pulse(town.store, kind) for kind in NEEDED}

    def pass_time(self, seconds: float, but: WorkerKind | None = None) -> Grade:
        """Time goes by without the engine's looking; the watchdog looks every three seconds."""
        end = self.town.time + timedelta(seconds=seconds)
        while True:
            for kind, pulse in self.pulses.items():
                if kind is not but:
                    pulse.turn(self.town.time)
            grade = self.watchdog.look(self.town.time).grade
            if self.town.time >= end:
                return grade
            self.town.time = min(end, self.town.time + LOOK)

    def pages(self) -> list[str]:
        """What waits in the outbox for the technician, or has been sent."""
        self.town.people["technician"] = TECHNICIAN
        self.town.work()
        return self.town.heard("technician")


@pytest.fixture
def hall(town: Town) -> Hall:
    return Hall(town)


def forgotten_case(hall: Hall) -> None:
    """A case whose next rung is due, and no engine looks."""
    hall.town.resident("王秀英", contacts=("女儿", "儿子", "邻居"))
    hall.town.press("王秀英")
    hall.town.time = hall.town.card("王秀英").due_at


def test_a_centre_that_is_well_wakes_nobody(hall: Hall) -> None:
    assert hall.pass_time(120) is Grade.PASS
    assert hall.pages() == []


def test_a_forgotten_case_is_paged_within_15_s_and_said_on_its_timeline(hall: Hall, figure: Figure) -> None:
    forgotten_case(hall)
    due_at = hall.town.time
    assert hall.pass_time(OVERDUE.total_seconds()) is Grade.PASS
    violated_at = due_at + OVERDUE

    waited = None
    while waited is None:
        hall.pass_time(3)
        with hall.town.store.read() as connection:
            taken = outbox.is_anything_waiting(connection, hall.town.time)
        waited = hall.town.time - violated_at if taken else None
    assert waited <= timedelta(seconds=15)
    figure(f"G2  a case that nobody looks at is paged {waited.total_seconds():.0f} s after the violation")

    marks = [entry for entry in hall.town.detail("王秀英").timeline if entry.actor == "watch"]
    assert [(mark.entry, "此案逾期" in mark.text) for mark in marks] == [(Entry.DESK, True)]
    assert hall.pages() == ["【2222999】平台故障:1起警情逾期无人处理,最久18秒。请立即检查。"]


def test_a_case_that_cannot_be_read_is_paged_and_keeps_the_desk_from_no_other(hall: Hall) -> None:
    """It is what nobody can look at, and so it stands before all the others that are forgotten."""
    hall.town.resident("赵玉兰", contacts=("孙女", "孙子", "外甥"))
    hall.town.press("赵玉兰")
    forgotten_case(hall)
    odd = incident.c.household_id == hall.town.homes["赵玉兰"]
    with hall.town.store.write() as connection:
        connection.execute(update(incident).where(odd).values(kind="flood"))

    assert hall.pass_time(OVERDUE.total_seconds() + 3) is Grade.FAIL

    with hall.town.store.write() as connection:
        connection.execute(update(incident).where(odd).values(kind="sos"))
    assert any(entry.actor == "watch" for entry in hall.town.detail("王秀英").timeline)
    assert hall.pages() == ["【2222999】平台故障:2起警情逾期无人处理,最久18秒。请立即检查。"]


def test_a_dispatcher_that_stands_still_is_told_when_it_is_back_and_once(hall: Hall) -> None:
    hall.pass_time(3)
    assert hall.pass_time(15, but=WorkerKind.DISPATCHER) is Grade.FAIL
    hall.pass_time(60, but=WorkerKind.DISPATCHER)
    assert hall.pages() == ["【2222999】平台故障:调度已停12秒。请立即检查。"]
    assert hall.pass_time(3) is Grade.PASS


def test_trouble_that_lasts_is_told_again_every_ten_minutes(hall: Hall) -> None:
    hall.pass_time(3)
    hall.pass_time(15, but=WorkerKind.GATEWAY)
    hall.pass_time(2 * AGAIN.total_seconds(), but=WorkerKind.GATEWAY)
    assert [text[9:16] for text in hall.pages()] == ["平台故障:网关"] * 3


def test_trouble_that_comes_and_goes_is_told_every_ten_minutes_and_each_case_marked_at_once(
    hall: Hall,
) -> None:
    hall.pass_time(3)
    ends = hall.town.time + AGAIN
    while hall.town.time < ends:
        hall.pass_time(30, but=WorkerKind.GATEWAY)
        hall.pass_time(6)
    assert len(hall.pages()) == 1
    hall.pass_time(30, but=WorkerKind.GATEWAY)
    assert len(hall.pages()) == 2

    for name, pages in (("王秀英", 3), ("李大爷", 3)):  # the second is forgotten a moment after the first
        hall.town.resident(name, contacts=("女儿", "儿子", "邻居"))
        hall.town.press(name)
        hall.town.time = hall.town.card(name).due_at
        hall.pass_time(OVERDUE.total_seconds() + 3)
        assert [entry.entry for entry in hall.town.detail(name).timeline if entry.actor == "watch"] == [
            Entry.DESK
        ]
        assert len(hall.pages()) == pages
        assert hall.pass_time(3) is Grade.PASS


def test_two_watchdogs_tell_each_trouble_once(hall: Hall) -> None:
    forgotten_case(hall)
    hall.pass_time(OVERDUE.total_seconds())
    other = Watchdog(hall.town.store, [TECHNICIAN])
    hall.pass_time(3)
    other.look(hall.town.time)
    assert len(hall.pages()) == 1


def test_the_page_is_an_urgent_message_of_no_case(hall: Hall) -> None:
    hall.pass_time(3)
    hall.pass_time(15, but=WorkerKind.COURIER)
    with hall.town.store.write() as connection:
        [page] = outbox.take(
            connection, worker="w", now=hall.town.time, lease_until=hall.town.time + LOOK, limit=9
        )
    assert (page.incident_id, page.to.phone, page.state) == (None, TECHNICIAN, MessageState.SENDING)
    assert page.lane == 1


def test_a_long_list_of_troubles_fits_one_segment(hall: Hall) -> None:
    forgotten_case(hall)
    hall.town.time += timedelta(hours=1)
    hall.watchdog.look(hall.town.time)  # and no worker was ever started
    [page] = hall.pages()
    assert "1起警情逾期无人处理,最久3600秒;" in page, "people first"
    assert len(page) <= 70
    many = VOICE.trouble(["调度已停12秒"] * 20)
    assert len(many) == 70
    assert many.endswith("…。请立即检查。")


class Trips(Watchdog):
    """A watchdog that stumbles over something that nobody foresaw."""

    trips = False

    def look(self, now: datetime) -> Health:
        if self.trips:
            raise KeyError("Mars/Olympus")
        return super().look(now)


class Stumbles(Prober):
    """A prober that does, too, and a watch's other parts go on."""

    trips = False

    def step(self, now: datetime, now_s: float) -> None:
        if self.trips:
            raise KeyError("probe")
        super().step(now, now_s)


@pytest.mark.parametrize("part", ["look", "probe"])
def test_no_beat_leaves_while_a_part_of_the_watch_is_broken_and_pages_are_carried(
    hall: Hall, part: str
) -> None:
    beats: list[datetime] = []
    town = hall.town
    dog = Trips(town.store, [TECHNICIAN])
    prober = Stumbles(town.store, lambda *_: False, every_s=3600)
    pager = Pager(town.store, town.channel, [TECHNICIAN], town, AtOnce(), "watch")
    heartbeat = Heartbeat({"list": beats.append}, 60)
    round_ = Round(dog, prober, heartbeat, pager, Pulse(town.store, WorkerKind.WATCH), 0)
    begun = town.time

    def pass_seconds(seconds: int) -> None:
        for _ in range(seconds):
            town.time += timedelta(seconds=1)
            for pulse in hall.pulses.values():
                pulse.turn(town.time)
            round_.turn(town, (town.time - begun).total_seconds())

    pass_seconds(70)
    assert len(beats) == 2
    with town.store.write() as connection:
        [technician] = people([TECHNICIAN])
        outbox.put(connection, page(technician, ["网关没有运行"], VOICE, "trouble.1"), town.time)
    town.people["technician"] = TECHNICIAN

    dog.trips, prober.trips = part == "look", part == "probe"
    pass_seconds(600)
    assert len(beats) == 2
    assert len(town.heard("technician")) == 1

    dog.trips = prober.trips = False
    pass_seconds(70)
    round_.end()
    assert len(beats) > 2


def test_the_watch_keeps_quiet_while_the_others_start_with_it(hall: Hall) -> None:
    said: list[str] = []
    prober = Prober(hall.town.store, lambda topic, _: not said.append(topic), every_s=60)
    pager = Pager(hall.town.store, None, [TECHNICIAN], hall.town, AtOnce(), "watch")
    pulse = Pulse(hall.town.store, WorkerKind.WATCH)
    round_ = Round(hall.watchdog, prober, Heartbeat({}, 60), pager, pulse, 15)
    for second in range(15):
        round_.turn(hall.town, float(second))
    assert said == []
    assert hall.pages() == []
    round_.turn(hall.town, 15.0)
    assert said == ["care/town/anxin-probe/signal"]
    assert len(hall.pages()) == 1, "nobody has started"
    round_.end()
