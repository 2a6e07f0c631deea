"""`python3 anxin.py decode`: what would the gateway make of this? JSON lines in, JSON lines out.

In, one line for each message (only `protocol` and the payload are required):

    {"session":"a","protocol":"zigbee2mqtt","topic":"zigbee2mqtt/x","payload":"{...}"|"payload_b64":"...",
     "retain":false,"qos":1,"device":{"vendor":"Tuya","model":"TS0215A_sos","role":"help_button"}}

Out, one line for each line:

    {"session":"a","signals":[{"kind":"sos","state":"active"}],"tickets":[],"reply":null}

The end of the input ends what has begun and has no end: one line more for each stream that broke off.
docs/formats.md explains every word. It is the code that the gateway runs, with the register and the store
replaced by what the lines say: levels, the rest of a split frame and what was heard before live per session.
"""

from __future__ import annotations

import json
import re
import sys
from base64 import b64decode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from typing import Final

import orjson
import structlog
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from community import logs
from devices.formats import BY_NAME, esphome, ha_discovery, read, tasmota, zigbee2mqtt
from devices.formats.family import Family
from devices.formats.meaning import BUCKET_SECONDS
from devices.profiles import Profiles, shipped
from devices.signal import Enrolment, Frame, Kind, LevelKey, Reading, Role, Signal, State
from dispatcher.clock import Clock, SystemClock

LINE_LIMIT: Final = 1024 * 1024  # bytes
_STEP: Final = timedelta(seconds=BUCKET_SECONDS)
# Registers of others say `smoke_sensor`, `gateway`, `sos_pendant`: the first word tells which of ours it is.
_CALLED: Final = {
    **dict.fromkeys(
        (
            "help",
            "sos",
            "panic",
            "emergency",
            "button",
            "pendant",
            "watch",
            "pull",
            "carephone",
            "tracker",
            "keypad",
        ),
        Role.HELP_BUTTON,
    ),
    **dict.fromkeys(("smoke", "heat", "fire"), Role.SMOKE_DETECTOR),
    **dict.fromkeys(("leak", "water", "flood"), Role.LEAK_SENSOR),
    **dict.fromkeys(("motion", "presence", "occupancy"), Role.MOTION_SENSOR),
    **dict.fromkeys(("door", "contact", "window"), Role.DOOR_SENSOR),
    **dict.fromkeys(("gateway", "bridge", "controller"), Role.HUB),
    "gas": Role.GAS_DETECTOR,
    "co": Role.CO_DETECTOR,
    "carbon": Role.CO_DETECTOR,
    **dict.fromkeys(("fall", "radar"), Role.FALL_SENSOR),
    "bed": Role.BED_SENSOR,
}
# What devices are told, by family: no gateway hears it. Zigbee2MQTT tells its own below the names of devices.
_TOLD: Final = {
    "native": re.compile(r"care/.+/(?:cmd|ack)"),
    "shelly": re.compile(r".+/command(?:/.+)?|.+(?<!/events)/rpc"),
    "tasmota": re.compile(r"cmnd/.+"),
    "esphome": re.compile(r".+/command"),
    "homie": re.compile(r".+/set"),
}
_ALIVE: Final[dict[str, object]] = {"kind": Kind.HEARTBEAT, "state": State.ACTIVE}
_MARKS: Final = ("retained", "historical", "suspected", "test")

log = structlog.get_logger()


def main() -> int:
    logs.configure()
    decoder = Decoder(shipped(), SystemClock())
    for answer in chain(decoder.answers(sys.stdin.buffer), decoder.ended()):
        sys.stdout.buffer.write(answer + b"\n")
        sys.stdout.buffer.flush()
    return 0


class Decoder:
    """Answers lines; remembers for each session what a gateway and its store would remember."""

    def __init__(self, profiles: Profiles, clock: Clock) -> None:
        self._profiles = profiles
        self._clock = clock
        self._sessions: dict[str, _Session] = {}  # by their names as JSON: true is not 1

    def answers(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """One JSON document for each line, without a line break. A line that is wrong gets an `error`."""
        for line in lines:
            asked: _Line | None = None
            try:
                asked = _parsed(line)
                answer = self._answer(asked)
            except _Wrong as wrong:
                answer = {"error": str(wrong)}
            except Exception as flaw:  # one message that ends a decoder must not cost the others
                log.exception("a decoder failed")
                answer = _failed(flaw)
            yield _document(_named(asked.session if asked is not None else _session(line)), answer)

    def ended(self) -> Iterator[bytes]:
        """Nothing more comes: what began on a stream and has no end is read as it is, if it says anything."""
        for name, session in self._sessions.items():
            for line, rest in session.broken_off():
                try:
                    answer = self._heard(line, session, BY_NAME[line.protocol], [rest])
                except Exception as flaw:
                    log.exception("a decoder failed")
                    answer = _failed(flaw)
                if answer.get("tickets") or "error" in answer or answer["signals"] not in ([], [_ALIVE]):
                    yield _document(name, answer)  # and not because a pendant's name was kept

    def _answer(self, line: _Line) -> dict[str, object]:
        family = BY_NAME.get(line.protocol)
        if family is None:
            raise _Wrong(f"protocol {line.protocol!r} is not one of {', '.join(BY_NAME)}")
        session = self._sessions.setdefault(_named(line.session), _Session())
        is_told = family.name in _TOLD and _TOLD[family.name].fullmatch(line.topic)
        if is_told and not family.speaks_on(line.topic):
            return {}
        return self._heard(line, session, family, session.frames(family, line))

    def _heard(
        self, line: _Line, session: _Session, family: Family, payloads: Iterable[bytes]
    ) -> dict[str, object]:
        received_at = session.moment(line.received_at, self._clock.now())
        device = _Enrolled(line, self._profiles, family)
        readings = []
        for payload in payloads:
            frame = Frame(
                topic=line.topic,
                payload=payload,
                received_at=received_at,
                retained=line.retain,
                redelivered=line.dup,
                # A topic leads to its family here as in the gateway; without one the line has to say it.
                protocol="" if family.speaks_on(line.topic) else family.name,
                key=bytes.fromhex(line.device.key) if line.device is not None else b"",
            )
            try:
                reading = read(frame, device, session.levels, self._profiles)
            except (LookupError, ValueError):
                if not frame.protocol or not family.topics:
                    raise
                raise _Wrong(f"topic {line.topic!r} is none of {', '.join(family.topics)}") from None
            session.levels |= reading.levels
            readings.append(reading)
        reply = b"".join(map(_reply, readings))
        is_said = any(one != Reading() for one in readings) or family.split is None
        tickets = [ticket.reason for reading in readings for ticket in reading.tickets]
        return {
            "signals": [said for reading in readings for said in session.news(reading)],
            "tickets": tickets + ([device.doubt] if device.doubt and is_said else []),
            "reply": reply.decode("latin-1") if reply else None,
        }


def _failed(flaw: Exception) -> dict[str, object]:
    return {"error": f"a decoder failed: {type(flaw).__name__}"}


def _named(session: _Name) -> str:
    """The name of a session as JSON writes it, a number as long as it came."""
    return json.dumps(session)


def _document(name: str, answer: dict[str, object]) -> bytes:
    return orjson.dumps(
        {"session": orjson.Fragment(name), "signals": [], "tickets": [], "reply": None} | answer
    )


@dataclass(slots=True)
class _Session:
    """What a gateway keeps between two messages of a device, and the store for ever."""

    levels: dict[LevelKey, str] = field(default_factory=dict)
    rests: dict[str, tuple[_Line, bytes]] = field(
        default_factory=dict
    )  # of streams: the beginning of a frame
    stored: set[str] = field(default_factory=set)  # unique keys
    last: datetime | None = None  # when the line before was heard

    def moment(self, told: datetime | None, now: datetime) -> datetime:
        """When a line is heard: a moment after the one before.

        What carries no id is told from a redelivery by our clock alone, in pieces of two seconds: two lines
        are two messages, however fast they are read.
        """
        if told is None:
            told = now if self.last is None else max(now, self.last + _STEP)
        self.last = told
        return told

    def frames(self, family: Family, line: _Line) -> list[bytes]:
        if family.split is None:
            return [line.bytes()]
        _, rest = self.rests.get(family.name, (line, b""))
        frames, rest = family.split(rest + line.bytes())
        self.rests[family.name] = line, rest
        return frames

    def broken_off(self) -> list[tuple[_Line, bytes]]:
        """Of each stream the last line, and what it left without an end."""
        left = [(line, rest) for line, rest in self.rests.values() if rest.strip()]
        self.rests.clear()
        return left

    def news(self, reading: Reading) -> Iterator[dict[str, object]]:
        """The signals that the store has not kept yet; what says nothing but "alive" is a heartbeat."""
        if reading.beats and not reading.signals and not reading.tickets:
            yield _ALIVE
        for signal in reading.signals:
            if signal.unique_key not in self.stored:
                self.stored.add(signal.unique_key)
                yield _shown(signal)


class _Enrolled:
    """The register as one line tells it: whoever speaks is its `device`, within what the line names of it."""

    def __init__(self, line: _Line, profiles: Profiles, family: Family) -> None:
        self._line = line
        self._device = device = line.device
        self._family = family
        self._role, self.doubt = (None, "") if device is None else _role(device, profiles)

    def find(self, device_key: str) -> Enrolment | None:
        device = self._device
        if device is None or self._role is None:
            return None
        if device_key.startswith(ha_discovery.KEY) and self._family is not ha_discovery.FAMILY:
            return None  # confirmed is what the line says, and by no other name
        owner, _, part = device_key.partition(":")[2].partition("/")
        if self._family is zigbee2mqtt.FAMILY and zigbee2mqtt.may_be_of_another(device_key.partition(":")[2]):
            return None  # it is called by what stands before `/availability` or `/set`
        named = device.account or device.controller_id
        if named and owner.casefold() != named.removeprefix("#").casefold():
            return None
        if part and not device.component and self._is_whole(f"{owner}/{part}"):
            return None
        if device.component and part != device.component and not part.endswith(f"/{device.component}"):
            return None
        return Enrolment(device_key, self._role, device.vendor, device.model, device.inverted)

    def _is_whole(self, name: str) -> bool:
        """Whether the line means a whole node, or a device behind no bridge: `name` is none of its parts."""
        if f"/{name}/" in f"/{self._line.topic}":
            return False  # its own name has two steps
        return self._family is esphome.FAMILY or (
            self._family is tasmota.FAMILY and not tasmota.is_of_bridge(self._line.bytes())
        )


def _role(device: _Device, profiles: Profiles) -> tuple[Role | None, str]:
    """The role that the line tells, by our word or by what others call it; else what the model is sold as.

    None: a stranger. What is said to be something else (`lock`) is no help button, whatever its model is. Who
    is of no role that anybody knows is heard as a stranger too, and the doubt is put before a human.
    """
    if device.role in set(Role):
        return Role(device.role), ""
    if called := _CALLED.get(device.role.partition("_")[0]):
        return called, ""
    profile = profiles.profile(device.vendor, device.model) if device.model else None
    if profile is None:
        roles = ", ".join(Role)
        return None, f"按陌生设备处理 heard as a stranger: device.role {device.role!r} is not one of {roles}"
    is_else = bool(device.role) and profile.role is Role.HELP_BUTTON
    return (None if is_else else profile.role), ""


def _reply(reading: Reading) -> bytes:
    """What the device hears once its frame is stored: on its own socket, or as a receipt over MQTT."""
    return reading.reply or (reading.receipt.payload if reading.receipt is not None else b"")


def _shown(signal: Signal) -> dict[str, object]:
    marks: dict[str, object] = {mark: True for mark in _MARKS if getattr(signal, mark)}
    return {"kind": signal.kind, "state": signal.state} | marks


# The shape of a line.


_Name = str | bool | int | None


class _Wrong(ValueError):
    """A line that cannot be answered; the message says what to change."""


class _Table(BaseModel):
    """What is null was not said."""

    model_config = ConfigDict(frozen=True, coerce_numbers_to_str=True)

    @model_validator(mode="before")
    @classmethod
    def _without_null(cls, said: object) -> object:
        return (
            {name: told for name, told in said.items() if told is not None}
            if isinstance(said, dict)
            else said
        )


class _Device(_Table):
    vendor: str = ""
    model: str = ""
    role: str = ""
    component: str = ""  # the button or sensor behind a Shelly hub
    account: str = ""  # SIA DC-09
    controller_id: str = ""  # SCAIP
    inverted: bool = False  # the contact of a door or bed sensor
    key: str = Field(
        default="", repr=False, pattern=r"^(?:[0-9A-Fa-f]{2})*$"
    )  # enciphers SIA DC-09, in hexadecimal


class _Line(_Table):
    session: _Name = None
    protocol: str
    topic: str = ""
    payload: str | None = None
    payload_b64: str | None = None
    retain: bool = False
    qos: int = 0
    dup: bool = False
    received_at: AwareDatetime | None = None
    device: _Device | None = None

    def bytes(self) -> bytes:
        if self.payload_b64 is None:
            return (self.payload or "").encode()
        try:
            return b64decode(self.payload_b64, validate=True)
        except ValueError as error:
            raise _Wrong(f"payload_b64: {error}") from None


def _parsed(line: bytes) -> _Line:
    if len(line) > LINE_LIMIT:
        raise _Wrong(f"{len(line)} bytes, and a line may have {LINE_LIMIT}")
    try:
        parsed = _Line.model_validate_json(line)
    except ValidationError as error:
        flaws = (f"{'.'.join(map(str, flaw['loc'])) or 'the line'}: {flaw['msg']}" for flaw in error.errors())
        raise _Wrong("; ".join(flaws)) from None
    if (parsed.payload is None) == (parsed.payload_b64 is None):
        raise _Wrong("give the payload as text in payload, or as base64 in payload_b64")
    return parsed


def _session(line: bytes) -> _Name:
    """The session of a line that is wrong in something else."""
    try:
        said = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    session = said.get("session") if isinstance(said, dict) else None
    return session if isinstance(session, str | bool | int) else None


if __name__ == "__main__":
    sys.exit(main())
