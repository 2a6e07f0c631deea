"""Watches of the "3G/SG/ZJ/CS" protocol over TCP: `[3G*6907919734*0009*LK,0,0,87]`.

Maker, number of the watch, an index that some have, the length of what follows in hexadecimal, then what it
says: LK (alive), UD (position), AL (alarm), TKQ (voice?). LK, TKQ and above all AL are answered, or the watch
says them again. The status word of a position is a field of bits, and several may hold at once: a press on a
watch whose battery is low is a press.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from devices.formats.document import percent
from devices.formats.events import Said, reading_of
from devices.formats.family import Family
from devices.formats.meaning import Heard, charge_reading, digest, unreadable
from devices.formats.resent import unique_of
from devices.profiles import Battery, Profiles
from devices.signal import Frame, Kind, LevelKey, Levels, Reading, Registry, State

_HEAD: Final = re.compile(rb"\[(\w{2})\*(\w{1,20})\*(?:([0-9A-Fa-f]{4})\*)?([0-9A-Fa-f]{4})\*")
_HEAD_LIMIT: Final = 40  # bytes: a longer beginning is none
_SENDER: Final = re.compile(rb"\[\w{2}\*(\w{1,20})\*")
_STATUS: Final = re.compile("[0-9A-Fa-f]{8}")
_BATTERY: Final = Battery("battery", low=15, percent=True)

# Bits of the status word. Those of AL are events; in a position they are levels, which it repeats.
ALARMS: Final[tuple[tuple[int, Kind, State], ...]] = (
    (16, Kind.SOS, State.ACTIVE),
    (21, Kind.FALL, State.ACTIVE),
    (22, Kind.FALL, State.ACTIVE),
    (14, Kind.MAINS_FAILURE, State.ACTIVE),
    (20, Kind.TAMPER, State.ACTIVE),  # taken off
    (1, Kind.WANDER, State.ACTIVE),
    (18, Kind.WANDER, State.ACTIVE),
    (2, Kind.WANDER, State.CLEAR),
    (19, Kind.WANDER, State.CLEAR),
    (0, Kind.LOW_BATTERY, State.ACTIVE),
    (17, Kind.LOW_BATTERY, State.ACTIVE),
)
_ANSWERED: Final = {"LK": "LK", "INIT": "INIT,1", "TKQ": "TKQ", "TKQ2": "TKQ2", "JXTK": "JXTKR,1"}
# Voice, measurements and settings: a sign of life, and nobody's alarm.
_WORDS: Final = """
    init tk tkq tkq2 jxtk pulse heart blood bphrt temp btemp btemp2 oxygen img config ccid iccid ver ts upload
    center step heartbeat pedo walktime sleeptime apploglist devrefuse rcapture remat
"""
_HARMLESS: Final = frozenset(_WORDS.split())


def split(stream: bytes) -> tuple[list[bytes], bytes]:
    """The whole frames in `stream`, rubbish between them as frames of its own, and the rest."""
    frames: list[bytes] = []
    while stream:
        start = stream.find(b"[")
        if start < 0:
            return [*frames, *([stream] if stream.strip() else [])], b""
        if start:
            if stream[:start].strip():
                frames.append(stream[:start])
            stream = stream[start:]
        head = _HEAD.match(stream)
        if head is None:
            if len(stream) < _HEAD_LIMIT and b"]" not in stream:
                return frames, stream
            end = _end_of_rubbish(stream)
        else:
            end = head.end() + int(head[4], 16) + 1
            if len(stream) < end:
                # A length that is too long must not swallow what follows: another beginning ends it.
                another = _HEAD.search(stream, head.end())
                if (
                    stream.startswith((b"AL", b"LK"), head.end())
                    and (closing := stream.find(b"]", head.end())) >= 0
                ):
                    end = closing + 1  # neither has a bracket in it: an alarm waits for nothing
                elif another is None or stream[: another.start()].rstrip()[-1:] != b"]":
                    return frames, stream
                else:
                    end = another.start()
            elif stream[end - 1 : end] != b"]":
                end = _end_of_rubbish(stream)
        frames.append(stream[:end])
        stream = stream[end:]
    return frames, b""


def _end_of_rubbish(stream: bytes) -> int:
    """Where a frame ends whose length is wrong: after its bracket, or before the next beginning."""
    closing, opening = stream.find(b"]"), stream.find(b"[", 1)
    if closing >= 0 and (opening < 0 or closing < opening):
        return closing + 1
    return opening if opening > 0 else len(stream)


def read(frame: Frame, registry: Registry, levels: Levels, _: Profiles) -> Reading:
    """Read one frame of a watch."""
    head = _HEAD.match(frame.payload)
    if head is None:
        sender = _SENDER.search(frame.payload)
        device_key = f"watch:{sender[1].decode()}" if sender else "watch:?"
        return unreadable(
            Heard(frame, device_key, registry.find(device_key), ""), "no frame of a watch", levels
        )
    device_key = f"watch:{head[2].decode()}"
    heard = Heard(frame, device_key, registry.find(device_key), "")
    content = frame.payload[head.end() :].removesuffix(b"]")
    type_, *values = content.decode("ascii", "replace").replace("\x00", "\ufffd").split(",")
    answer = "AL" if type_.startswith("AL") else _ANSWERED.get(type_, "")
    reply = _reply(head, answer) if answer else b""
    if len(content) != int(head[4], 16) and not type_.startswith(("AL", "LK")):
        return replace(unreadable(heard, "the length of the frame is wrong", levels), reply=reply)
    if type_.startswith("AL"):
        return _alarm(heard, values, levels, reply)
    if type_.startswith(("UD", "WT")):
        return replace(_position(heard, type_, values, levels), reply=reply)
    if type_ == "LK":
        charge = _number(values, 2)
        return replace(_charged(heard, charge, levels), reply=reply)
    if type_.casefold() in _HARMLESS:
        return reading_of(heard, (), levels, reply=reply)
    return replace(unreadable(heard, f"nobody knows what {type_[:20]!r} means", levels), reply=reply)


def _alarm(heard: Heard, values: list[str], levels: Levels, reply: bytes) -> Reading:
    """An alarm with no known bit set, or whose status nobody can read, is a cry for help all the same.

    Who comes back into the fence (a bit that clears) calls nobody.
    """
    unique, changed = unique_of(
        heard.device_key, digest(heard.frame.payload), heard.frame.received_at, levels
    )
    heard = replace(heard, unique=unique, device_time=_moment(values))
    status = _status(values) or 0
    text = _place(values)
    said = [
        Said(kind, state, f"watch:AL bit {bit}", text) for bit, kind, state in ALARMS if status >> bit & 1
    ]
    if not said:
        said.append(Said(Kind.SOS, rule="watch:AL", text=text))
    changed |= {_level(heard, one.kind): "1" for one in said if one.state is State.ACTIVE}
    charge = percent(_number(values, 12))
    return reading_of(heard, said, levels, charge=charge, changed=changed, reply=reply)


def _position(heard: Heard, type_: str, values: list[str], levels: Levels) -> Reading:
    """A position repeats the bits of its status: a bit that was not set before is news, also when it ends.

    One that is said again, perhaps after a later one, changes nothing: what it told is over by then.
    UD2 is a position that the watch kept while it had no network.
    """
    status = _status(values)
    if status is None:
        return unreadable(heard, "a position whose status nobody can read", levels)
    unique, changed = unique_of(
        heard.device_key, digest(heard.frame.payload), heard.frame.received_at, levels
    )
    heard = replace(heard, unique=unique, device_time=_moment(values), historical=type_ == "UD2")
    text, said = _place(values), []
    active = {kind for bit, kind, state in ALARMS if state is State.ACTIVE and status >> bit & 1}
    is_echo = not changed
    news: dict[LevelKey, str] = {}
    for kind in dict.fromkeys(kind for _, kind, _ in ALARMS):
        key = _level(heard, kind)
        was = levels.get(key) == "1"
        if kind in active and (heard.historical or not was):
            said.append(Said(kind, State.ACTIVE, f"watch:{type_} status", text))
        elif was and kind not in active and not heard.historical:
            said.append(Said(kind, State.CLEAR, f"watch:{type_} status", text))
        if was is not (kind in active) and not (heard.historical or is_echo):
            news[key] = "1" if kind in active else ""
    if not said:
        return _charged(heard, _number(values, 12), levels)
    charge = percent(_number(values, 12))
    return reading_of(heard, said, levels, charge=charge, changed=changed | news)


def _charged(heard: Heard, charge: float | None, levels: Levels) -> Reading:
    """A sign of life, and an edge of the battery if this is one."""
    reading = reading_of(heard, (), levels, charge=percent(charge))
    if percent(charge) is None or heard.historical:
        return reading
    heard = replace(heard, unique=f"{heard.device_key}#battery@{int(heard.frame.received_at.timestamp())}")
    battery = charge_reading(heard, charge or 0, _BATTERY, levels)
    return replace(reading, signals=battery.signals, levels={**reading.levels, **battery.levels})


def _level(heard: Heard, kind: object) -> LevelKey:
    return heard.device_key, f"status.{kind}"


def _reply(head: re.Match[bytes], words: str) -> bytes:
    maker, number, index, _ = head.groups()
    length = f"{len(words):04x}".encode()
    return b"[" + b"*".join([maker, number, *([index] if index else []), length, words.encode()]) + b"]"


# A position: date, time, validity, latitude, N or S, longitude, E or W, speed, course, altitude, satellites,
# signal strength, battery, steps, tumbles, status, cells and networks.


def _status(values: list[str]) -> int | None:
    """Eight hexadecimal digits: a number at that place may be another that has lost its own."""
    digits = values[15] if len(values) > 15 else ""
    return int(digits, 16) if _STATUS.fullmatch(digits) else None


def _number(values: list[str], place: int) -> float | None:
    try:
        return float(values[place])
    except (IndexError, ValueError):
        return None


def _moment(values: list[str]) -> datetime | None:
    try:
        return datetime.strptime(values[0] + values[1], "%d%m%y%H%M%S").replace(tzinfo=UTC)
    except (IndexError, ValueError):
        return None


def _place(values: list[str]) -> str:
    """Where the watch is, in degrees WGS-84, when it knows."""
    latitude, longitude = _number(values, 3), _number(values, 5)
    if values[2:3] != ["A"] or latitude is None or longitude is None:
        return ""
    south, west = values[4:5] == ["S"], values[6:7] == ["W"]
    return f"定位 {-latitude if south else latitude:.5f},{-longitude if west else longitude:.5f} (WGS-84)"


FAMILY: Final = Family("watch", (), read, split)
