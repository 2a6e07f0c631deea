"""The safety net of a home: would a press be heard, would relatives be reached, would somebody come? Pure.

Green, amber or red, each with what is wrong in words and what to do about it: a colour alone helps nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from community.model import Device, HomeRecord
from dispatcher.reach import REASON_WORD, REMEDY, Gap, Reason, hours_in_words
from dispatcher.reachability import Reached
from dispatcher.wording import Pair

QUIET = timedelta(hours=26)  # a daily sign of life, and some
DEAD = timedelta(days=8)  # a weekly test of the button, and some
LOW_BATTERY = 15  # percent


class Level(StrEnum):
    GREEN = "green"
    AMBER = "amber"  # it holds, with a hole in it
    RED = "red"  # do not count on it


LEVEL_WORD: Mapping[Level, Pair] = {
    Level.GREEN: ("可靠", "holds"),
    Level.AMBER: ("有缺口", "has a hole"),
    Level.RED: ("不可靠", "does not hold"),
}
# Told apart by shape, too: one man in twelve does not see red and green.
LEVEL_SHAPE: Mapping[Level, str] = {Level.GREEN: "●", Level.AMBER: "▲", Level.RED: "✖"}

_GAP_LEVEL: Mapping[Reason, Level] = {
    Reason.NOBODY: Level.RED,
    Reason.NO_CONTACT: Level.AMBER,
    Reason.CONTACTS_LOST: Level.AMBER,
    Reason.RUNG_EMPTY: Level.AMBER,
}


@dataclass(frozen=True, slots=True)
class Hole:
    """One thing that is wrong, and what to do about it."""

    level: Level
    why: Pair
    what_to_do: Pair


@dataclass(frozen=True, slots=True)
class Net:
    """How far a home can be relied on; `holes` worst first, none when it is green."""

    level: Level
    holes: tuple[Hole, ...]


def net_of(
    home: HomeRecord,
    devices: Sequence[Device],
    numbers: Mapping[str, Reached],
    gaps: Sequence[Gap],
    now: datetime,
    unproven: Collection[int] = (),
) -> Net:
    """Judge a home by its devices, what is known of its contacts' `numbers`, and who can be sent.

    `unproven` are the ids of devices that are installed and whose press has never come (`proving`).
    """
    holes = [*_of_devices(devices, unproven, now), *_of_contacts(home, numbers, gaps), *_of_gaps(gaps)]
    order = [Level.RED, Level.AMBER]
    holes.sort(key=lambda hole: order.index(hole.level))
    return Net(holes[0].level if holes else Level.GREEN, tuple(holes))


def _of_devices(devices: Sequence[Device], unproven: Collection[int], now: datetime) -> Iterator[Hole]:
    """Whether a press would be heard: one alarm device that is heard is what it takes."""
    alarms = [device for device in devices if device.role.is_life_safety and device.enabled]
    if not alarms:
        yield Hole(
            Level.RED,
            ("没有启用的报警设备", "no alarm device is enrolled and on"),
            ("登记设备,并按一次测试", "enrol one, and press it once as a test"),
        )
        return
    heard = [device.last_seen_at for device in alarms if device.last_seen_at is not None]
    if not heard or now - max(heard) > DEAD:
        yield Hole(
            Level.RED,
            ("报警设备都没有信号", "no alarm device has been heard"),
            ("打电话请老人按一次测试,不响就上门更换", "ask for a test press, else go and replace it"),
        )
        return
    for device in alarms:
        called = device.label or device.key
        if device.last_seen_at is None or now - device.last_seen_at > QUIET:
            yield Hole(
                Level.AMBER,
                (f"设备“{called}”超过一天没有信号", f"{called} has not been heard for a day"),
                ("打电话请老人按一次测试", "ask for a test press"),
            )
        elif device.battery is not None and device.battery <= LOW_BATTERY:
            yield Hole(
                Level.AMBER,
                (f"设备“{called}”电量{device.battery}%", f"{called} has {device.battery}% left"),
                ("上门换电池", "go and change the battery"),
            )
        if device.id in unproven:
            yield Hole(
                Level.AMBER,
                (f"设备“{called}”装好了,还没有证实", f"{called} is installed, not proven"),
                ("在设备页开始测试,按一次", "begin a trial on the device's page, and press it once"),
            )


def _of_contacts(home: HomeRecord, numbers: Mapping[str, Reached], gaps: Sequence[Gap]) -> Iterator[Hole]:
    """Whether a text would be read: one contact who has answered is what it takes."""
    if any(gap.reason in (Reason.NO_CONTACT, Reason.CONTACTS_LOST) for gap in gaps):
        return  # worse, and said there
    states = {contact.phone: numbers.get(contact.phone, Reached.UNTRIED) for contact in home.contacts}
    for contact in home.contacts:
        called = f"{contact.relation}{contact.name}"
        match states[contact.phone]:
            case Reached.LOST:
                yield Hole(
                    Level.AMBER,
                    (f"短信送不到{called}", f"no text reaches {called}"),
                    ("打电话核对号码", "check the number by telephone"),
                )
            case Reached.SILENT:
                yield Hole(
                    Level.AMBER,
                    (f"{called}没有回复测试短信", f"{called} did not answer the test"),
                    ("打电话问清,教会回复", "ring up, and show how to answer"),
                )
            case Reached.NO_TEXTS:
                yield Hole(
                    Level.AMBER,
                    (f"{called}已退订短信", f"{called} wants no texts"),
                    ("打电话征求同意,或换一位联系人", "ask for consent, or enter somebody else"),
                )
            case _:
                pass
    if not any(state is Reached.PROVED for state in states.values()) and not (
        set(states.values()) & {Reached.LOST, Reached.SILENT}
    ):
        yield Hole(
            Level.AMBER,
            ("还没有联系人证实能收到短信", "no contact has proved yet that texts arrive"),
            ("发一条测试短信,等回复", "send a test, and wait for the answer"),
        )


def _of_gaps(gaps: Sequence[Gap]) -> Iterator[Hole]:
    """Whether somebody would come: each kind of gap once, with the hours of its worst case."""
    said: set[Reason] = set()
    for gap in sorted(gaps, key=lambda gap: -sum(end - start for start, end in gap.hours)):
        if gap.reason in said:
            continue
        said.add(gap.reason)
        hours = hours_in_words(gap.hours, most=2)
        chinese, english = REASON_WORD[gap.reason]
        yield Hole(
            _GAP_LEVEL[gap.reason], (f"{chinese}:{hours}" if hours else chinese, english), REMEDY[gap.reason]
        )
