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
    """How a device is supervised, and how it is with it. None: it was never heard."""

    hub_id: int | None = None
    expect_every_s: int | None = None  # as somebody said; else as is usual for its role
    presence: Presence | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Supervised:
    """A device as it was when last looked at. `hub_back_at`: since when its hub is heard again."""

    id: int
    key: str
    role: Role
    label: str
    household_id: int | None
    heard_at: datetime
    every: timedelta
    presence: Presence
    since: datetime
    told: bool = False
    hub_id: int | None = None
    hub_is_away: bool = False
    hub_back_at: datetime | None = None

    @property
    def is_excused(self) -> bool:
        """Whether its hub has come back since: it gets a beat's time to speak."""
        return self.hub_back_at is not None and self.hub_back_at >= self.since


def every(role: Role, said_s: int | None) -> timedelta:
    """How often a device is to be heard: as somebody said, else as is usual for its role."""
    return timedelta(seconds=said_s) if said_s is not None else EVERY.get(role, USUAL)


def silent_since(device: Supervised, gaps: Iterable[Gap], now: datetime) -> datetime:
    """When its silence began: not while nobody listened, and not while its hub could pass nothing on."""
    began = device.heard_at
    if device.presence is Presence.HEARD:
        began = max(began, device.since)  # its network said so, or it was heard for the first time
    began = min(began, now)  # one that is ahead was written before the clock was set back
    if device.hub_back_at is not None and not device.hub_is_away:
        began = max(began, min(device.hub_back_at, now))
    return listened_since(began, gaps, now)


def look(device: Supervised, gaps: Iterable[Gap], now: datetime) -> tuple[Presence, datetime]:
    """How it is with a device, and when that may change."""
    is_gone = device.presence is Presence.DOWN and device.heard_at < min(device.since, now)
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
    if network:
        return [Matter(None, tuple(own), Severity.ROUTINE, is_network=True)] if own else []
    homes: dict[str, list[Supervised]] = {}
    for device in own:
        homes.setdefault(subject_of(device), []).append(device)
    return [
        Matter(
            devices[0].household_id,
            tuple(devices),
            Severity.ROUTINE if _is_persons(devices, at_risk) else Severity.TROUBLE,
            sum(behind.get(device.id, 0) for device in devices),
        )
        for devices in homes.values()
    ]


def subject_of(device: Supervised) -> str:
    """Whose trouble it is: the home's, or that of a device which belongs to none."""
    return f"device:{device.key}" if device.household_id is None else f"household:{device.household_id}"


def _is_persons(devices: Sequence[Supervised], at_risk: Collection[int]) -> bool:
    """Whether somebody who may need it cannot call for help now."""
    is_lifeline = any(device.role in LIFE_SAFETY or device.role is Role.HUB for device in devices)
    return devices[0].household_id in at_risk and is_lifeline
