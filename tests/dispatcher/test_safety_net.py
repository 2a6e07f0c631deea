"""Green, amber, red: what makes a home's safety net which, and what is said about it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from community.model import Device
from devices.signal import Role
from dispatcher.reach import WEEK, Gap, Reason
from dispatcher.reachability import Reached
from dispatcher.safety_net import (
    DEAD,
    LEVEL_SHAPE,
    LEVEL_WORD,
    LOW_BATTERY,
    QUIET,
    Level,
    net_of,
)
from tests.dispatcher.cases import START, home

NOW = START
SECOND = timedelta(seconds=1)
HOME = home(2)  # 女儿亲属1, 女儿亲属2
FIRST, OTHER = (contact.phone for contact in HOME.contacts)
BUTTON = Device(
    1, "care:x/1", Role.HELP_BUTTON, 1, label="床头", last_seen_at=NOW - timedelta(hours=1), battery=80
)
SMOKE = replace(BUTTON, id=2, key="care:x/2", role=Role.SMOKE_DETECTOR, label="厨房")
MOTION = replace(BUTTON, id=3, key="care:x/3", role=Role.MOTION_SENSOR, label="客厅")
PROVED = {FIRST: Reached.PROVED, OTHER: Reached.UNTRIED}


def seen(device: Device, at: datetime | None) -> Device:
    return replace(device, last_seen_at=at)


def test_a_home_with_a_living_button_a_proved_daughter_and_people_on_duty_is_green() -> None:
    net = net_of(HOME, [BUTTON, SMOKE, seen(MOTION, None)], PROVED, (), NOW)

    assert (net.level, net.holes) == (Level.GREEN, ())


@pytest.mark.parametrize(
    "devices, level, why",
    [
        ([], Level.RED, "没有启用的报警设备"),
        ([MOTION], Level.RED, "没有启用的报警设备"),
        ([replace(BUTTON, enabled=False)], Level.RED, "没有启用的报警设备"),
        ([seen(BUTTON, None)], Level.RED, "报警设备都没有信号"),
        ([seen(BUTTON, NOW - DEAD - SECOND)], Level.RED, "报警设备都没有信号"),
        ([seen(BUTTON, NOW - DEAD)], Level.AMBER, "设备“床头”超过一天没有信号"),
        ([seen(BUTTON, NOW - QUIET - SECOND)], Level.AMBER, "设备“床头”超过一天没有信号"),
        ([seen(BUTTON, NOW - QUIET)], Level.GREEN, ""),
        ([BUTTON, seen(SMOKE, None)], Level.AMBER, "设备“厨房”超过一天没有信号"),
        ([replace(BUTTON, label="", battery=LOW_BATTERY)], Level.AMBER, "设备“care:x/1”电量15%"),
        ([replace(BUTTON, battery=LOW_BATTERY + 1)], Level.GREEN, ""),
        ([replace(BUTTON, battery=None)], Level.GREEN, ""),
        ([replace(seen(BUTTON, NOW - QUIET - SECOND), battery=1)], Level.AMBER, "设备“床头”超过一天没有信号"),
    ],
)
def test_devices(devices: list[Device], level: Level, why: str) -> None:
    net = net_of(HOME, devices, PROVED, (), NOW)

    assert net.level is level
    assert [hole.why[0] for hole in net.holes] == ([why] if why else [])


def test_a_device_that_is_installed_and_not_proven_is_a_hole_whatever_else_is_well() -> None:
    net = net_of(HOME, [BUTTON, SMOKE, MOTION], PROVED, (), NOW, unproven={2, 3})
    assert [hole.why[0] for hole in net.holes] == ["设备“厨房”装好了,还没有证实"]
    assert net.level is Level.AMBER
    quiet = seen(SMOKE, NOW - QUIET - SECOND)
    assert len(net_of(HOME, [BUTTON, quiet], PROVED, (), NOW, unproven={2}).holes) == 2


@pytest.mark.parametrize(
    "first, other, whys",
    [
        (Reached.PROVED, Reached.PROVED, []),
        (Reached.PROVED, Reached.WAITING, []),
        (Reached.UNTRIED, Reached.UNTRIED, ["还没有联系人证实能收到短信"]),
        (Reached.WAITING, Reached.UNTRIED, ["还没有联系人证实能收到短信"]),
        (Reached.PROVED, Reached.LOST, ["短信送不到女儿亲属2"]),
        (Reached.SILENT, Reached.UNTRIED, ["女儿亲属1没有回复测试短信"]),
        (Reached.SILENT, Reached.LOST, ["女儿亲属1没有回复测试短信", "短信送不到女儿亲属2"]),
        (Reached.NO_TEXTS, Reached.PROVED, ["女儿亲属1已退订短信"]),
        (Reached.NO_TEXTS, Reached.UNTRIED, ["女儿亲属1已退订短信", "还没有联系人证实能收到短信"]),
    ],
)
def test_contacts(first: Reached, other: Reached, whys: list[str]) -> None:
    net = net_of(HOME, [BUTTON], {FIRST: first, OTHER: other}, (), NOW)

    assert [hole.why[0] for hole in net.holes] == whys
    assert net.level is (Level.AMBER if whys else Level.GREEN)


@pytest.mark.parametrize("reason", [Reason.NO_CONTACT, Reason.CONTACTS_LOST])
def test_where_no_contact_is_left_that_is_said_and_not_each_of_them(reason: Reason) -> None:
    net = net_of(HOME, [BUTTON], {FIRST: Reached.LOST, OTHER: Reached.LOST}, (Gap(reason),), NOW)

    assert net.level is Level.AMBER
    assert len(net.holes) == 1


def test_who_can_be_sent_and_the_worst_stands_first() -> None:
    gaps = (
        Gap(Reason.NOBODY, "emergency", 0, ((0, 60),)),
        Gap(Reason.RUNG_EMPTY, "emergency", 1, ((0, 60),)),
        Gap(Reason.RUNG_EMPTY, "routine", 2, ((0, WEEK),)),
    )
    net = net_of(HOME, [replace(BUTTON, battery=3)], PROVED, gaps, NOW)

    assert net.level is Level.RED
    assert [hole.level for hole in net.holes] == [Level.RED, Level.AMBER, Level.AMBER]
    said = [hole.why[0] for hole in net.holes]
    assert said[0] == "只有值班台,联系不上任何人:周一00:00–01:00"
    assert "有的时段这一级没人在岗:全周 all week" in said
    assert net_of(HOME, [BUTTON], PROVED, gaps[1:], NOW).level is Level.AMBER


def test_every_hole_says_in_both_languages_what_is_wrong_and_what_to_do() -> None:
    numbers = {FIRST: Reached.SILENT, OTHER: Reached.NO_TEXTS}
    for devices in ([], [seen(BUTTON, None)], [BUTTON, seen(SMOKE, None), replace(SMOKE, id=4, battery=2)]):
        for hole in net_of(HOME, devices, numbers, (Gap(Reason.NOBODY),), NOW).holes:
            for chinese, english in (hole.why, hole.what_to_do):
                assert not chinese.isascii()
                assert re.search("[a-z]{3}", english)
    assert set(LEVEL_SHAPE) == set(LEVEL_WORD) == set(Level)
    assert len(set(LEVEL_SHAPE.values())) == len(Level)
