"""The one shape that everything a device says becomes.

Pure values: no transport, no database, no clock. A `Frame` is what the wire brought, a `Reading` is what it
meant: signals to act on, beats that only say "alive", tickets for a human.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol


class Kind(StrEnum):
    """What a device can mean. The words are the protocol's, the database's and the API's."""

    SOS = "sos"
    FALL = "fall"
    SMOKE = "smoke"
    GAS = "gas"
    CO = "co"
    LEAK = "leak"
    INACTIVITY = "inactivity"
    BED_EXIT = "bed_exit"
    WANDER = "wander"
    DOOR = "door"
    TAMPER = "tamper"
    LOW_BATTERY = "low_battery"
    MAINS_FAILURE = "mains_failure"
    OFFLINE = "offline"
    FAULT = "fault"
    UNREADABLE = "unreadable"  # an enrolled life-safety device said something nobody could read
    CANCEL = "cancel"
    REQUEST = "request"  # an ordinary wish (the green button): a matter for the service desk, never an alarm
    TEST = "test"
    PROBE = "probe"  # the centre's own synthetic press
    HEARTBEAT = "heartbeat"
    ACTIVITY = "activity"
    LOCATION = "location"


class State(StrEnum):
    ACTIVE = "active"
    CLEAR = "clear"


class Clock(StrEnum):
    """How far what a device says of the time may be believed. It is evidence, and never delays an alarm."""

    NONE = "none"  # it said nothing of the time, or tells of the past
    OK = "ok"
    SKEWED = "skewed"  # more than `CLOCKS_DIFFER` from ours: wrong, or said long ago and heard only now
    UNSYNCED = "unsynced"  # it counts from when it was switched on


CLOCKS_DIFFER: Final = timedelta(minutes=5)
NEVER_SET: Final = datetime(2015, 1, 1, tzinfo=UTC)  # older than any device here


class Role(StrEnum):
    """What a device is *for*. The role, not the payload, makes any press of a help button an sos."""

    HELP_BUTTON = "help_button"
    SMOKE_DETECTOR = "smoke_detector"
    GAS_DETECTOR = "gas_detector"
    CO_DETECTOR = "co_detector"
    LEAK_SENSOR = "leak_sensor"
    FALL_SENSOR = "fall_sensor"
    MOTION_SENSOR = "motion_sensor"
    DOOR_SENSOR = "door_sensor"
    BED_SENSOR = "bed_sensor"
    WATER_METER = "water_meter"
    GAS_METER = (
        "gas_meter"  # where gas is for cooking alone: a boiler that heats by itself says nothing of her
    )
    SERVICE_BUTTON = "service_button"  # the green button: an ordinary wish, never an alarm
    STROBE = "strobe"  # flashes answers for who cannot hear them; says nothing of importance itself
    STAFF_PHONE = "staff_phone"  # tells where a responder is; of nobody's home, and heard as a stranger else
    HUB = "hub"

    @property
    def is_life_safety(self) -> bool:
        return self in LIFE_SAFETY

    @property
    def calls_people(self) -> bool:
        """Whether its alarm does: what nobody can read of such a device is put before a human."""
        return self in CALLS_PEOPLE


INVERTIBLE = frozenset({Role.DOOR_SENSOR, Role.BED_SENSOR})  # a contact, normally open or normally closed

LIFE_SAFETY = frozenset(
    {
        Role.HELP_BUTTON,
        Role.SMOKE_DETECTOR,
        Role.GAS_DETECTOR,
        Role.CO_DETECTOR,
        Role.FALL_SENSOR,
    }
)
CALLS_PEOPLE = LIFE_SAFETY | {Role.LEAK_SENSOR}


def aware(moment: datetime, name: str) -> datetime:
    """Return `moment`, refusing one without a time zone (ValueError)."""
    if moment.utcoffset() is None:
        raise ValueError(f"{name} must be an aware datetime, got {moment!r}")
    return moment


@dataclass(frozen=True, slots=True)
class Frame:
    """One message as the transport delivered it. `received_at` is our clock and the authoritative one.

    Over MQTT the topic says which family of devices speaks; over a socket there is none: `protocol` says it.
    """

    topic: str
    payload: bytes
    received_at: datetime
    retained: bool = False
    redelivered: bool = False
    protocol: str = ""
    key: bytes = field(default=b"", repr=False)  # what deciphers it, where the transport knows a key

    def __post_init__(self) -> None:
        aware(self.received_at, "received_at")


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What the register knows of a device and a decoder needs: identity, role, model.

    `inverted`: the contact of this door or bed sensor is the other way round than what its model says.
    """

    device_key: str
    role: Role
    vendor: str = ""
    model: str = ""
    inverted: bool = False


class Registry(Protocol):
    def find(self, device_key: str) -> Enrolment | None: ...


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing a device said, stored for ever and never edited.

    `unique_key` comes from what the device said (device key + its own sequence or event id), so that the same
    message heard twice is one signal. `retained` and `historical` signals are recorded and page nobody.
    """

    device_key: str
    kind: Kind
    unique_key: str
    received_at: datetime
    state: State = State.ACTIVE
    device_time: datetime | None = None
    retained: bool = False
    historical: bool = False
    redelivered: bool = False
    suspected: bool = False
    test: bool = False
    battery: int | None = None  # percent, 0 to 100
    rule: str = ""  # which rule of which format or profile matched
    text: str = ""  # what the device added in words
    topic: str = ""
    payload: bytes = b""

    def __post_init__(self) -> None:
        aware(self.received_at, "received_at")
        if self.device_time is not None:
            aware(self.device_time, "device_time")

    @property
    def is_old(self) -> bool:
        return self.retained or self.historical

    @property
    def clock(self) -> Clock:
        """The device's clock, judged by ours."""
        if self.device_time is None or self.is_old:
            return Clock.NONE
        if self.device_time < NEVER_SET:
            return Clock.UNSYNCED
        return Clock.SKEWED if abs(self.received_at - self.device_time) > CLOCKS_DIFFER else Clock.OK


@dataclass(frozen=True, slots=True)
class Beat:
    """A sign of life that is not a signal: updates last-seen and battery, never a row of its own."""

    device_key: str
    received_at: datetime
    battery: int | None = None  # percent, 0 to 100
    litres: float | None = None  # the reading of a meter: it counts up from when the meter was made


@dataclass(frozen=True, slots=True)
class Fix:
    """Where a device of no home is: degrees WGS-84, the radius in metres, and by its own clock when.

    Never a signal: the place of whoever carries it is nothing to keep for ever.
    """

    device_key: str
    latitude: float
    longitude: float
    accuracy_m: float | None  # not told
    at: datetime

    def __post_init__(self) -> None:
        aware(self.at, "at")


@dataclass(frozen=True, slots=True)
class Ticket:
    """Something that no rule understood, for a human to look at. Bytes are kept as they came."""

    reason: str
    topic: str
    payload: bytes
    received_at: datetime
    device_key: str = ""  # empty when not even the sender could be told


@dataclass(frozen=True, slots=True)
class Receipt:
    """The application ack: what to publish, after the commit, so that the device stops re-sending."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Found:
    """A device as its network tells of it; of one that nobody has enrolled, for a person to confirm."""

    device_key: str
    vendor: str = ""
    model: str = ""
    name: str = ""  # what people call it in its own network
    role: Role | None = None  # where its network says what it is for
    also: str = ""  # another key under which it is heard
    hub: str = ""  # the key of what it speaks through
    is_gone: bool = False  # its network says that it is there no more


LevelKey = tuple[str, str]  # (device key, property path)
Levels = Mapping[LevelKey, str]  # the last value seen of each level, for edge detection


@dataclass(frozen=True, slots=True)
class Reading:
    """What one frame meant."""

    signals: tuple[Signal, ...] = ()
    beats: tuple[Beat, ...] = ()
    tickets: tuple[Ticket, ...] = ()
    receipt: Receipt | None = None
    levels: Mapping[LevelKey, str] = field(default_factory=dict)  # levels this frame changed
    found: tuple[Found, ...] = ()  # devices that this frame tells of, most of them nobody's
    fixes: tuple[Fix, ...] = ()  # where strangers are, and who goes to homes: kept of the latter only
    reply: bytes = b""  # what the device hears on its own socket once the frame is stored
