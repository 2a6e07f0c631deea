"""Whether a device is still there: late after one missed sign of life, down after two; and who must know.

What carries other devices takes them along: a hub that is away is one matter, not one for each device behind
it, and a network that is away is one matter of the centre. A button that is down where somebody lives alone,
or has just called for help, is a matter of that person and not of the device. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from devices.signal import LIFE_SAFETY, Role
from dispatcher.absence import Gap, listened_since
from dispatcher.model import Severity

USUAL: Final = timedelta(hours=25)  # what sleeps most of the time: Zigbee2MQTT's own figure, 1500 minutes
EVERY: Final[Mapping[Role, timedelta]] = {Role.HUB: timedelta(minutes=15)}
GRACE: Final = 0.25  # of a beat, for radios that try again and clocks that drift
LOOK_AGAIN: Final = timedelta(minutes=1)  # at what is late or down: it may be back
LOOK_AT_LEAST: Final = timedelta(days=1)  # so a look further ahead was put before the clock was set back
RECENT: Final = timedelta(hours=24)  # who called for help so lately is at risk
FLEET_LEAST: Final = 10  # devices down at once that may be the network's fault...
FLEET_SHARE: Final = 0.2  # ... when they are so many of all


class Presence(StrEnum):
    HEARD = "heard"
    LATE = "late"  # one sign of life has not come
    DOWN = "down"  # two have not


@dataclass(frozen=True, slots=True)
class Status:
    """How a device is supervised, and how it is with it. No presence: it was never heard yet."""

    hub_id: int | None = None
    expect_every_s: int | None = None  # as somebody said
    every_s: int = 0  # as it is: said, or usual for its model, family or role
    presence: Presence | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Supervised:
    """A device as it was when last looked at. `hub_back_at`: since when its hub is heard again.

    `heard_at` is None before the first time. What came before `awaited_at` is no silence: nobody waited then.
    """

    id: int
    key: str
    role: Role
    label: str
    household_id: int | None
    heard_at: datetime | None
    every: timedelta
    presence: Presence
    since: datetime
    awaited_at: datetime
    told: bool = False
    hub_id: int | None = None
    hub_is_away: bool = False
    hub_back_at: datetime | None = None

    @property
    def is_excused(self) -> bool:
        """Whether its hub has come back since: it gets a beat's time to speak."""
        return self.hub_back_at is not None and self.hub_back_at >= self.since


def every(role: Role, said_s: int | None, usual: timedelta | None = None) -> timedelta:
    """How often a device is to be heard: as somebody said, else as its model or family or its role does."""
    if said_s is not None:
        return timedelta(seconds=said_s)
    return usual if usual is not None else EVERY.get(role, USUAL)


def silent_since(device: Supervised, gaps: Iterable[Gap], now: datetime) -> datetime:
    """When its silence began: not while nobody listened, and not while its hub could pass nothing on."""
    began = device.awaited_at if device.heard_at is None else max(device.heard_at, device.awaited_at)
    began = min(began, now)  # one that is ahead was written before the clock was set back
    if device.hub_back_at is not None and not device.hub_is_away:
        began = max(began, min(device.hub_back_at, now))
    return listened_since(began, gaps, now)


def look(device: Supervised, gaps: Iterable[Gap], now: datetime) -> tuple[Presence, datetime]:
    """How it is with a device, and when that may change."""
    is_down = device.presence is Presence.DOWN
    is_gone = is_down and (device.heard_at is None or device.heard_at < min(device.since, now))
    if is_gone and not device.is_excused:
        return Presence.DOWN, now + LOOK_AGAIN  # not heard since it went, or its network said so
    began, beat = silent_since(device, gaps, now), device.every
    late_at, down_at = began + beat * (1 + GRACE), began + beat * (2 + GRACE)
    if now < late_at:
        return Presence.HEARD, min(late_at, now + LOOK_AT_LEAST)
    if now < down_at:
        return Presence.LATE, min(down_at, now + LOOK_AGAIN)
    return Presence.DOWN, now + LOOK_AGAIN


@dataclass(frozen=True, slots=True)
class Matter:
    """Devices of one home that are down, or those of the whole network, to be put before somebody."""

    household_id: int | None
    devices: tuple[Supervised, ...]
    severity: Severity
    behind: int = 0  # devices that a hub among them takes along
    is_network: bool = False
    is_new: bool = False  # they were never heard: not installed, or not well


def is_network(down: int, supervised: int) -> bool:
    """Whether so many are down that it is no single device's fault."""
    return down >= max(FLEET_LEAST, FLEET_SHARE * supervised)


def matters(
    gone: Sequence[Supervised], *, network: bool, at_risk: Collection[int], behind: Mapping[int, int]
) -> list[Matter]:
    """What is to be told of `gone`, devices that are down and that nobody was told of.

    `network`: whether the network is away (`is_network`). `at_risk`: homes in which somebody lives alone or
    has called for help lately. `behind`: how many devices each hub carries.
    """
    own = [device for device in gone if not (device.hub_is_away or device.is_excused)]
    lost = [device for device in own if device.heard_at is not None]
    found = _never_heard([device for device in own if device.heard_at is None])
    if network:
        return [*found, Matter(None, tuple(lost), Severity.ROUTINE, is_network=True)] if lost else found
    return found + [
        Matter(
            devices[0].household_id,
            devices,
            Severity.ROUTINE if _is_persons(devices, at_risk) else Severity.TROUBLE,
            sum(behind.get(device.id, 0) for device in devices),
        )
        for devices in _by_subject(lost)
    ]


def _never_heard(new: Sequence[Supervised]) -> list[Matter]:
    """Who relies on a device that never worked has lost nothing tonight: it is always the device's matter.

    A whole delivery that nobody has installed is one matter of the centre.
    """
    if len(new) >= FLEET_LEAST:
        return [Matter(None, tuple(new), Severity.TROUBLE, is_network=True, is_new=True)]
    return [
        Matter(devices[0].household_id, devices, Severity.TROUBLE, is_new=True)
        for devices in _by_subject(new)
    ]


def _by_subject(devices: Sequence[Supervised]) -> list[tuple[Supervised, ...]]:
    homes: dict[str, list[Supervised]] = {}
    for device in devices:
        homes.setdefault(subject_of(device), []).append(device)
    return [tuple(those) for those in homes.values()]


def subject_of(device: Supervised) -> str:
    """Whose trouble it is: the home's, or that of a device which belongs to none."""
    return f"device:{device.key}" if device.household_id is None else f"household:{device.household_id}"


def _is_persons(devices: Sequence[Supervised], at_risk: Collection[int]) -> bool:
    """Whether somebody who may need it cannot call for help now."""
    is_lifeline = any(device.role in LIFE_SAFETY or device.role is Role.HUB for device in devices)
    return devices[0].household_id in at_risk and is_lifeline
