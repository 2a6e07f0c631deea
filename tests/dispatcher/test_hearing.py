"""A slice of the topics that no gateway reads: its devices call, and nobody hears."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from community.model import Device
from community.storage import register
from devices.formats.family import share
from devices.formats.rights import said_on
from devices.signal import Role
from dispatcher.checkup import Checkup
from dispatcher.health import STALE, Check, Grade, Hearing, Worker, WorkerKind
from dispatcher.hearing import hearing, slices
from dispatcher.pulse import Pulse
from tests.dispatcher.cases import START
from tests.town import Town

EAST, WEST = "care/east/+/signal,zigbee2mqtt/east/#", "care/west/+/signal"
DEVICES = ("care:east/1", "care:east/2", "care:west/1", "z2m:east/王秀英的按钮", "lora:0011223344556677")


class Hall:
    """The town's gateways, each with its slice, and the devices of two districts."""

    def __init__(self, town: Town, gateways_each: int) -> None:
        self.town = town
        self.checkup = Checkup(needed=(), gateways=gateways_each)
        self.gateways: dict[str, Pulse] = {}
        for key in DEVICES:
            self.enrol(key)

    def enrol(self, key: str) -> None:
        with self.town.store.write() as connection:
            register.enrol_device(connection, Device(0, key, Role.HELP_BUTTON, None))

    def gateway(self, name: str, topics: str) -> None:
        self.gateways[name] = Pulse(self.town.store, WorkerKind.GATEWAY, name, topics)

    def pass_time(self, but: str = "", ailment: str = "") -> None:
        """Long enough for a gateway that is dead to be missed: `but` this one, or it says what ails it."""
        self.town.time += STALE + timedelta(seconds=1)
        for name, pulse in self.gateways.items():
            if name != but:
                pulse.turn(self.town.time)
            elif ailment:
                pulse.turn(self.town.time, ailment)

    def hears(self) -> Check | None:
        with self.town.store.read() as connection:
            health = self.checkup.look(connection, self.town.time)
        return next((check for check in health.checks if check.name == "hearing"), None)


@pytest.fixture
def hall(town: Town) -> Hall:
    hall = Hall(town, gateways_each=2)
    for name, topics in (("e1", EAST), ("e2", EAST), ("w1", WEST), ("w2", WEST)):
        hall.gateway(name, topics)
    hall.pass_time()
    return hall


def test_two_gateways_read_each_slice_and_all_is_well(hall: Hall) -> None:
    assert hall.hears() == Check("hearing", Grade.PASS, value=2, unit="gateways")


def test_one_of_two_that_is_dead_is_a_warning_and_both_are_a_failure(hall: Hall) -> None:
    hall.pass_time(but="w1")
    found = hall.hears()
    assert (found.grade, found.text[0]) == (Grade.WARN, "care/west的1台设备只有1个网关在听")

    del hall.gateways["w1"]
    hall.pass_time(but="w2")
    found = hall.hears()
    assert (found.grade, found.text[1]) == (Grade.FAIL, "no gateway hears 1 devices of care/west")

    hall.gateway("w3", WEST)
    hall.gateway("w4", "")  # reads everything
    hall.pass_time()
    assert hall.hears().grade is Grade.PASS


def test_a_gateway_that_is_cut_off_hears_nobody_although_it_turns(hall: Hall) -> None:
    del hall.gateways["w1"]
    hall.pass_time(but="w2", ailment="听不到设备 cut off")
    assert hall.hears().grade is Grade.FAIL


def test_where_one_gateway_is_enough_one_is_no_warning(town: Town) -> None:
    hall = Hall(town, gateways_each=1)
    hall.gateway("all", "")
    hall.pass_time()
    assert hall.hears() == Check("hearing", Grade.PASS, value=1, unit="gateways")


def test_a_slice_that_was_misspelt_is_found_by_its_devices(town: Town) -> None:
    hall = Hall(town, gateways_each=1)
    hall.gateway("e", EAST)
    hall.gateway("w", "care/wset/+/signal")
    hall.pass_time()
    assert hall.hears().text[0] == "care/west的1台设备没有网关在听"


def test_a_device_that_is_enrolled_beside_all_slices_is_noticed_at_once(hall: Hall) -> None:
    assert hall.hears().grade is Grade.PASS
    hall.enrol("care:north/1")
    assert hall.hears().grade is Grade.FAIL


def test_without_any_gateway_it_is_their_absence_that_is_told(town: Town) -> None:
    assert Hall(town, gateways_each=1).hears() is None


def test_nothing_that_strangers_may_read_names_a_person() -> None:
    assert hearing(DEVICES, [("care/west/+/signal",)]) == (
        Hearing("care/east", 2, 0),
        Hearing("care/west", 1, 1),
        Hearing("z2m", 1, 0),
    )


def test_only_gateways_that_are_well_read_anything() -> None:
    well = Worker("a", WorkerKind.GATEWAY, "hall", START, START, topics="care/+/+/signal,events")
    others = (
        replace(well, last_turn_at=START - STALE - timedelta(seconds=1)),
        replace(well, ailment="聋 deaf"),
        replace(well, kind=WorkerKind.DISPATCHER),
    )
    assert slices([well, *others, replace(well, topics="")], START) == ((), ("care/+/+/signal", "events"))


@pytest.mark.parametrize(
    "one, other, do",
    [
        ("care/east/1/signal", "care/east/+/signal", True),
        ("care/east/1/signal", "care/west/+/signal", False),
        ("care/east/1/signal", "care/#", True),
        ("tele/plug/#", "tele/+/STATE", True),
        ("tele/plug/#", "stat/+/RESULT", False),
        ("+/status", "+/status/+", False),
        ("node/status/+", "+/status/door", True),
        ("a/b", "a", False),
        ("#", "a/b/c", True),
    ],
)
def test_two_filters_share_a_topic(one: str, other: str, do: bool) -> None:
    assert share(one, other) is do
    assert share(other, one) is do


@pytest.mark.parametrize(
    "key, topics",
    [
        ("care:kenli/1", {"care/kenli/1/signal"}),
        ("z2m:east/hall", {"zigbee2mqtt/east/hall"}),
        ("z2m:east/bridge", {"zigbee2mqtt/east/#"}),
        ("z2m:0x00158d0001", set()),  # on which of several networks, its key does not tell
        ("ha:garden/gate/state", {"garden/gate/state"}),
        ("owntracks:u/phone", {"owntracks/u/phone", "owntracks/u/phone/#"}),
        ("lora:0011223344556677", set()),
        ("watch:860000000000001", set()),
    ],
)
def test_on_which_topics_a_device_speaks(key: str, topics: set[str]) -> None:
    assert said_on(key) == topics
