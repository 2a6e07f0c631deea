"""The room is silent: a browser that may not sound, a console that was closed (police-cad #501)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from community.model import ResponderKind
from community.storage.tables import responder, site
from dispatcher.health import INAUDIBLE, NEEDED, Grade
from dispatcher.pulse import Pulse
from dispatcher.storage import vitals
from dispatcher.watch.watchdog import SILENCE_AGAIN, Watchdog
from tests.town import Town

BEAT = timedelta(seconds=15)
TECHNICIAN = "+8613800000099"
SILENT = "【2222999】平台故障:没有一台控制台能发出声音。请立即检查。"


class Room:
    """Two consoles in the command centre; everything else of the centre turns."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.audible = {"k3x9q0p7": True, "m5m5m5m5": True}  # the open ones
        self._pulses = [Pulse(town.store, kind) for kind in NEEDED]
        self._watchdog = Watchdog(town.store, [TECHNICIAN])
        town.people["technician"] = TECHNICIAN

    def pass_time(self, time: timedelta) -> Grade:
        """Consoles say each 15 s how they are; returns how the centre is in the end."""
        ends = self.town.time + time
        while True:
            with self.town.store.write() as connection:
                for name, is_audible in self.audible.items():
                    vitals.listens(connection, name, self.town.time, is_audible=is_audible)
            for pulse in self._pulses:
                pulse.turn(self.town.time)
            grade = self._watchdog.look(self.town.time).grade
            self.town.work()
            if self.town.time >= ends:
                return grade
            self.town.time = min(ends, self.town.time + BEAT)


@pytest.fixture
def room(town: Town) -> Room:
    town.responder("周值班长", 300, kind=ResponderKind.SUPERVISOR)
    return Room(town)


def test_the_shift_leader_is_told_when_no_console_can_be_heard(room: Room) -> None:
    assert room.pass_time(timedelta(minutes=5)) is Grade.PASS
    room.audible["k3x9q0p7"] = False
    assert room.pass_time(timedelta(minutes=5)) is Grade.PASS, "the other one sounds"
    room.audible["m5m5m5m5"] = False
    assert room.pass_time(INAUDIBLE) is Grade.PASS, "it sounded a minute ago"

    assert room.pass_time(BEAT) is Grade.WARN

    assert room.town.heard("周值班长") == [SILENT]
    assert room.town.heard("technician") == [], "no technician mends that"
    room.town.time += SILENCE_AGAIN
    room.pass_time(BEAT)
    assert room.town.heard("周值班长") == [SILENT, SILENT]

    room.audible["k3x9q0p7"] = True
    assert room.pass_time(BEAT) is Grade.PASS
    room.town.time += 2 * SILENCE_AGAIN
    room.pass_time(BEAT)
    assert room.town.heard("周值班长") == [SILENT, SILENT]


def test_a_console_that_is_audible_for_a_moment_now_and_then_is_told_of_once_an_hour(room: Room) -> None:
    ends = room.town.time + SILENCE_AGAIN + 2 * INAUDIBLE
    while room.town.time < ends:
        room.audible = {"k3x9q0p7": True}
        room.pass_time(timedelta())
        room.audible = {"k3x9q0p7": False}
        room.pass_time(INAUDIBLE + BEAT)

    assert room.town.heard("周值班长") == [SILENT, SILENT]


def test_the_shift_leader_is_told_also_where_nobody_knows_the_time_zone(room: Room) -> None:
    town = room.town
    for zone in ("Mars/Olympus", "Asia/Shanghai"):  # then somebody mends it
        with town.store.write() as connection:
            connection.execute(update(site).values(timezone=zone))
            vitals.listens(connection, "k3x9q0p7", town.time, is_audible=False)
        Watchdog(town.store, [TECHNICIAN]).look(town.time)
    town.work()

    assert town.heard("周值班长") == [SILENT]


def test_where_the_responders_cannot_be_read_the_technician_hears_of_it(room: Room) -> None:
    town = room.town
    for kind in ("wizard", ResponderKind.SUPERVISOR.value):  # then somebody mends it
        with town.store.write() as connection:
            connection.execute(update(responder).values(kind=kind))
            vitals.listens(connection, "k3x9q0p7", town.time, is_audible=False)
        Watchdog(town.store, [TECHNICIAN]).look(town.time)
    town.work()

    assert town.heard("周值班长") == []
    assert SILENT in town.heard("technician"), "and that nothing runs here"


def test_a_room_in_which_every_console_was_closed_is_silent_too(room: Room) -> None:
    room.pass_time(timedelta(minutes=1))
    room.audible.clear()

    assert room.pass_time(INAUDIBLE + BEAT) is Grade.WARN

    assert room.town.heard("周值班长") == [SILENT]


def test_a_console_that_never_could_be_heard_is_told_of(room: Room) -> None:
    room.audible = {"k3x9q0p7": False}

    assert room.pass_time(BEAT) is Grade.WARN

    assert room.town.heard("周值班长") == [SILENT]


def test_without_a_shift_leader_on_duty_the_technician_hears_of_it(town: Town) -> None:
    room = Room(town)
    room.audible = {"k3x9q0p7": False}

    room.pass_time(BEAT)

    assert town.heard("technician") == [SILENT]


def test_a_site_that_has_had_no_console_for_a_day_is_not_ill(room: Room) -> None:
    room.pass_time(timedelta(minutes=1))
    room.audible.clear()
    room.town.time += timedelta(days=1, minutes=2)

    room.pass_time(BEAT)  # the watch tidies up, and looks again
    assert room.pass_time(BEAT) is Grade.PASS
