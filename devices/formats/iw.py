"""Pendants and watches of the "IW" protocol (also "TRV") over TCP: `IWAP00353456789012345#`.

Only the log-in (AP00) names the device. What follows on the same connection does not, so `split` puts the
name in front of it: a frame is `@353456789012345 IWAP10…#`. Every sentence is answered (AP10 by BP10), the
alarm only once it is stored.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from devices.formats.document import percent
from devices.formats.events import Said, reading_of
from devices.formats.family import Family
from devices.formats.meaning import Heard, alive, charge_reading, digest, unreadable
from devices.formats.resent import unique_of
from devices.profiles import Battery, Profiles
from devices.signal import Frame, Kind, Levels, Reading, Registry

_FRAME: Final = re.compile(rb"(?:@(\d{1,20}) )?\s*(IW|TRV)([A-Z]P)(\w\w)(.*?)#?\s*\Z", re.DOTALL)
_LOG_IN: Final = re.compile(rb"\s*(?:IW|TRV)AP00(\d{1,20})")
_VOICE: Final = re.compile(rb"\s*(?:IW|TRV)AP07,[^,#]{1,20},\d{1,4},\d{1,4},(\d{1,5}),")
_NAME: Final = re.compile(rb"@(\d{1,20}) ")
_ALARM: Final = re.compile(
    r"(\d{6})([AV])(\d\d)(\d\d\.\d+)([NS])(\d{3})(\d\d\.\d+)([EW])\d{3}\.\d(\d{6})[\d.]{6}\d{3}\d{3}(\d{3})"
)
_BATTERY: Final = Battery("battery", low=15, percent=True)
FALLS: Final = frozenset({"FD"})
ALARMS: Final = frozenset({"10"})
# Sentences that are a sign of life and are answered, and those that answer us: to answer them would command.
_SENTENCES: Final = "00 01 02 03 07 14 42 49 50 HB HD HP HT JK TP TQ VR WR"
_ANSWERS: Final = "04 11 12 15 16 17 18 19 20 28 31 33 40 41 46 52 82 84 XL"
HARMLESS: Final = frozenset(_SENTENCES.split())
_PLACED: Final = frozenset({"03", "14"})  # of TRV's newer pendants (TRVYP03…): signs of life with a position
ANSWERS: Final = frozenset(_ANSWERS.split())
# Of AP10; any other is a cry for help, too. Makers differ about which of 05 and 06 is a fall.
STATES: Final = {"01": Kind.SOS, "02": Kind.LOW_BATTERY, "05": Kind.FALL, "06": Kind.FALL}
WORN: Final = frozenset({"03", "04"})  # put on or taken off: makers differ about which


def split(stream: bytes) -> tuple[list[bytes], bytes]:
    """The whole sentences in `stream`, each with the name of who logged in; the rest begins with the name."""
    known = _NAME.match(stream)
    name, rest = known[0] if known else b"", stream[known.end() if known else 0 :]
    frames: list[bytes] = []
    while True:
        # A voice message says how long it is, because its sound may hold the sign at which a sentence ends.
        voice = _VOICE.match(rest)
        end = rest.find(b"#", voice.end() + int(voice[1]) if voice else 0)
        if end < 0:
            return frames, name + rest
        sentence, rest = rest[:end].strip(), rest[end + 1 :]
        if log_in := _LOG_IN.match(sentence):
            name = b"@" + log_in[1] + b" "
        if sentence:
            frames.append(name + sentence + b"#")


def read(frame: Frame, registry: Registry, levels: Levels, _: Profiles) -> Reading:
    """Read one sentence with the name in front of it."""
    payload = frame.payload
    if _NAME.fullmatch(payload):
        return Reading()  # the end of a connection
    log_in = _LOG_IN.match(payload)
    found = _FRAME.match(payload)
    named = _NAME.match(payload) or log_in
    device_key = f"iw:{named[1].decode()}" if named else "iw:?"
    heard = Heard(frame, device_key, registry.find(device_key), "")
    if found is None:
        return unreadable(heard, "no sentence of a pendant", levels)
    _name, maker, direction, code, rest = found.groups()
    type_, body = code.decode("ascii", "replace"), rest.decode("ascii", "replace")
    reply = maker + bytes([direction[0] + 1]) + direction[1:] + code + _more(maker, type_, frame) + b"#"
    if type_ in ALARMS or type_ in FALLS:
        return _alarm(heard, type_, body, levels, reply)
    if type_ in ANSWERS and (not body or body.startswith(",")):
        return reading_of(heard, (), levels)
    if type_ not in HARMLESS or not _is_whole(type_, body, direction):
        unknown = unreadable(heard, f"nobody knows what {(type_ + body)[:20]!r} means", levels)
        return replace(unknown, reply=reply)
    charge = _charge(type_, body)
    reading = reading_of(heard, (), levels, charge=charge, reply=reply)
    if charge is None:
        return reading
    heard = replace(heard, unique=f"{device_key}#battery@{int(frame.received_at.timestamp())}")
    battery = charge_reading(heard, charge, _BATTERY, levels)
    return replace(reading, signals=battery.signals, levels={**reading.levels, **battery.levels})


def _is_whole(type_: str, body: str, direction: bytes) -> bool:
    """Whether what follows a sentence's name is as it should be: a name may be what is left of another."""
    is_placed = type_ == "01" or (type_ in _PLACED and direction == b"YP")
    if type_ == "00":
        return re.fullmatch(r"\d{1,20}(,.*)?", body) is not None
    return not body or body.startswith(",") or (is_placed and _ALARM.match(body) is not None)


def _alarm(heard: Heard, type_: str, body: str, levels: Levels, reply: bytes) -> Reading:
    at = heard.frame.received_at
    unique, changed = unique_of(heard.device_key, digest(heard.frame.payload), at, levels)
    position, parts = _ALARM.match(body), body.split(",")
    state = parts[5] if len(parts) > 5 else ""
    if type_ in ALARMS and state in WORN:
        worn = unreadable(heard, f"AP10 {state}: put on or taken off", levels)
        return replace(worn, beats=alive(heard), reply=reply)
    kind = Kind.FALL if type_ in FALLS else STATES.get(state, Kind.SOS)
    heard = replace(heard, unique=unique, device_time=_moment(position) if position else None)
    charge = percent(int(position[10])) if position else None
    text = _place(position) if position else ""
    said = [Said(kind, rule=f"iw:AP{type_}", text=text)]
    return reading_of(heard, said, levels, charge=charge, changed=changed, reply=reply)


def _more(maker: bytes, type_: str, frame: Frame) -> bytes:
    """What an answer says beside its name: the log-in is told the time, in UTC."""
    if type_ == "00" and maker == b"IW":
        return f",{frame.received_at.astimezone(UTC):%Y%m%d%H%M%S},0".encode()
    return b",0.000,0.000" if type_ == "14" else b""


def _charge(type_: str, body: str) -> int | None:
    """Percent, where a sentence says it: `AP03,06000908000102,…` (6 to 8 of the digits), `AP50,36.7,90`."""
    parts = body.split(",")
    digits = parts[1][6:9] if type_ in ("03", "01") and len(parts) > 1 else ""
    if type_ == "50" and len(parts) > 2:
        digits = parts[2]
    if position := _ALARM.match(body):
        digits = position[10]
    return percent(int(digits)) if digits.isdecimal() and digits.isascii() else None


def _moment(position: re.Match[str]) -> datetime | None:
    try:
        return datetime.strptime(position[1] + position[9], "%y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def _place(position: re.Match[str]) -> str:
    """Degrees WGS-84; the sentence has degrees and minutes."""
    if position[2] != "A":
        return ""
    latitude = (int(position[3]) + float(position[4]) / 60) * (-1 if position[5] == "S" else 1)
    longitude = (int(position[6]) + float(position[7]) / 60) * (-1 if position[8] == "W" else 1)
    return f"定位 {latitude:.5f},{longitude:.5f} (WGS-84)"


FAMILY: Final = Family("iw", (), read, split)
