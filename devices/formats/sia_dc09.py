"""Alarm diallers over TCP and UDP: SIA DC-09 with Contact ID (ADM-CID), SIA (SIA-DCS) and polls (NULL).

    \\n<CRC><0LLL> "ADM-CID" <number> [R<receiver>] L<prefix> #<account> [#<account>|1101 01 005]_<time> \\r

What it says is stored, then acknowledged under its own number; what is enciphered (the type begins with a
star) is answered enciphered. A clock that is wrong is written down and never a reason to refuse.
"""

from __future__ import annotations

import re
from binascii import unhexlify
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from devices.formats.events import Said, reading_of
from devices.formats.family import Family
from devices.formats.meaning import Heard, alive, digest, is_of_the_past, ticket, unreadable
from devices.formats.resent import unique_of
from devices.formats.tables import Meaning, meanings, table
from devices.profiles import Profiles
from devices.signal import (
    Frame,
    Kind,
    LevelKey,
    Levels,
    Reading,
    Registry,
    Signal,
    State,
    Ticket,
)

LARGEST: Final = 4200  # bytes: the length has three hexadecimal digits
KEY_SIZES: Final = (16, 24, 32)  # bytes

CONTACT_ID: Final = meanings(table("contact_id"))
SIA: Final[dict[str, tuple[Meaning, State]]] = {
    **{code: (meaning, State.ACTIVE) for code, meaning in meanings(table("sia")["active"]).items()},
    **{code: (meaning, State.CLEAR) for code, meaning in meanings(table("sia")["clear"]).items()},
}

_FRAME: Final = re.compile(
    r'\s*([0-9A-Fa-f]{4})(0[0-9A-Fa-f]{3})("(\*?)([A-Z0-9-]{2,10})"(\d{4})'
    r"((?:R[0-9A-Fa-f]{0,6})?(?:L[0-9A-Fa-f]{0,6})?)(?:#([0-9A-Za-z]{1,16}))?\[(.*))",
    re.DOTALL,
)
_ACCOUNT: Final = re.compile(rb"#([0-9A-Za-z]{1,16})[\[|]")
_TIME: Final = re.compile(r"_(\d\d:\d\d:\d\d,\d\d-\d\d-\d{4})\Z")
_MORE: Final = re.compile(r"\[([A-Z])([^\]]*)\]")
_EVENT: Final = re.compile(r"(\d)([0-9A-F]{3})\s+([0-9A-F]{1,2})\s+([0-9A-F]{1,3})\s*")
# Between two /: perhaps new or old, then modifiers, codes with their zones, and new or old again.
_TOKEN: Final = re.compile(r"[a-z]{2}[\d:.,-]*|([NO])(?=[a-z]{2}|[A-Z]{2}\d)|([A-Z]{2})(\d*)")
_SEGMENT: Final = re.compile(rf"([NO])?((?:{_TOKEN.pattern})*)")
_LIKE_AN_EVENT: Final = re.compile(r"[NO][A-Za-z]{2}\d")
_ANGLE: Final = re.compile(r"(\d{1,3})([NSEW])(\d+(?:\.\d+)?)\Z")


def split(stream: bytes) -> tuple[list[bytes], bytes]:
    """The whole frames in `stream`, rubbish between them as frames of its own, and the rest."""
    frames: list[bytes] = []
    while (end := stream.find(b"\r")) >= 0:
        said, stream = stream[: end + 1], stream[end + 1 :]
        # A frame begins with a line feed: what stands before another beginning never came to its end.
        *broken, last = re.split(rb"(?=\n)", said)
        frames += [each for each in (*broken, last) if each.strip(b"\x00 \r\n")]
    if len(stream) > LARGEST:
        return [*frames, stream], b""
    return frames, stream


def _perhaps(frame: Frame, registry: Registry) -> Heard:
    """Who may have sent a frame that was damaged: of the accounts in it, one that somebody enrolled."""
    keys = [f"sia:{account.decode().upper()}" for account in _ACCOUNT.findall(frame.payload)]
    key = next((each for each in keys if registry.find(each) is not None), (*keys, "sia:?")[0])
    return Heard(frame, key, registry.find(key), "")


def account_of(payload: bytes) -> str:
    """The account that a frame says it comes from; empty when it says none. It stands there in the clear."""
    found = _ACCOUNT.search(payload)
    return found[1].decode().upper() if found else ""


def crc(said: bytes) -> int:
    """The checksum of SIA DC-07: CRC-16 with the reflected polynomial 0xA001, from zero."""
    value = 0
    for octet in said:
        value ^= octet
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value


def read(frame: Frame, registry: Registry, levels: Levels, _: Profiles) -> Reading:
    """Read one frame. What cannot be read is not acknowledged: the dialler says it again."""
    head = _head(frame.payload)
    if isinstance(head, str):
        return unreadable(_perhaps(frame, registry), head, levels)
    key = f"sia:{head.account or '?'}"
    heard = Heard(frame, key, registry.find(key), "")
    said = _deciphered(head, frame.key) if head.is_enciphered else head.body
    if said is None:
        why = "enciphered with another key" if frame.key else "enciphered, and nobody gave us the key"
        return replace(unreadable(heard, why, levels), reply=_answer("DUH", head))
    message = _message(said)
    acknowledged = _answer("ACK", head, frame.key, frame.received_at)
    if head.type == "NULL":
        return Reading(beats=alive(heard), reply=acknowledged)
    if head.type not in ("ADM-CID", "SIA-DCS"):
        return replace(
            unreadable(heard, f"nobody knows the type {head.type}", levels), reply=_answer("DUH", head)
        )
    if inner := re.match(r"#([0-9A-Za-z]{1,16})\|", message.data):
        key = f"sia:{inner[1].upper()}"
    content = re.sub(r"\A(?:#[0-9A-Za-z]*)?\|", "", message.data)
    identity = digest(f"{head.route}{message.data}{message.more}".encode())
    unique, changed = unique_of(key, f"{head.number}.{identity}", frame.received_at, levels)
    events = list(_contact_id(content) if head.type == "ADM-CID" else _sia(content))
    stem = Heard(frame, key, registry.find(key), unique, message.time)
    in_the_clear = bool(frame.key) and not head.is_enciphered
    reading = _reading(stem, registry, events, message, levels, changed, in_the_clear=in_the_clear)
    return replace(reading, reply=acknowledged)


# The frame.


@dataclass(frozen=True, slots=True)
class _Head:
    is_enciphered: bool
    type: str
    number: str
    route: str  # receiver and prefix, as they came
    account: str
    body: str


def _head(payload: bytes) -> _Head | str:
    """What stands around the message; what is wrong with it, in words."""
    text = payload.decode("latin-1").replace("\x00", "")
    found = _FRAME.match(text.rstrip("\r\n"))
    if found is None:
        return "no frame of SIA DC-09"
    sum_, length, said, star, type_, number, route, account, body = found.groups()
    if int(length, 16) != len(said):
        return f"{len(said)} characters, and it says {int(length, 16)}"
    if int(sum_, 16) != crc(said.encode("latin-1")):
        return "the checksum is wrong"
    return _Head(bool(star), type_, number, route, (account or "").upper(), body)


def _answer(token: str, head: _Head, key: bytes = b"", at: datetime | None = None) -> bytes:
    """An answer under the number of what is answered; enciphered, with our time, when that was."""
    account = f"#{head.account}" if head.account else ""
    body, star = "]", ""
    if head.is_enciphered and key and at is not None:
        # 10 characters before the bar make two blocks: the standard wants them, and they say nothing.
        plain = f"{digest(str(at).encode())[:10]}|]_{at.astimezone(UTC):%H:%M:%S,%m-%d-%Y}"
        body, star = _cipher(key).encryptor().update(plain.encode()).hex().upper(), "*"
    said = f'"{star}{token}"{head.number}{head.route}{account}[{body}'.encode()
    return b"\n%04X%04X" % (crc(said), len(said)) + said + b"\r"


def _deciphered(head: _Head, key: bytes) -> str | None:
    """What stands behind the padding; None: the key is another."""
    try:
        sealed = unhexlify(head.body.strip())
    except ValueError:
        return None
    if len(key) not in KEY_SIZES or not sealed or len(sealed) % 16:
        return None
    plain = _cipher(key).decryptor().update(sealed).decode("latin-1")
    _padding, bar, said = plain.partition("|")
    return said if bar and "]" in said and _TIME.search(said) else None


def _cipher(key: bytes) -> Cipher[modes.CBC]:
    return Cipher(algorithms.AES(key), modes.CBC(bytes(16)))  # as the standard wants it: from zero


# The message.


@dataclass(frozen=True, slots=True)
class _Message:
    data: str
    more: str  # blocks behind the data: position, cameras, …
    time: datetime | None


def _message(said: str) -> _Message:
    data, _, tail = said.partition("]")
    told = _TIME.search(tail)
    return _Message(data, tail[: told.start()] if told else tail, _moment(told[1]) if told else None)


def _moment(told: str) -> datetime | None:
    try:
        return datetime.strptime(told, "%H:%M:%S,%m-%d-%Y").replace(tzinfo=UTC)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class _Event:
    code: str
    zone: str
    meaning: Meaning | None
    state: State
    is_old: bool = False  # kept until there was a line


def _contact_id(content: str) -> Iterator[_Event]:
    """`1101 01 005`: qualifier (3 is the end of it), code, group, zone or user."""
    found = _EVENT.fullmatch(content.strip())
    if found is not None:
        qualifier, code, _, zone = found.groups()
        yield _Event(code, zone, CONTACT_ID.get(code), State.CLEAR if qualifier == "3" else State.ACTIVE)


def _sia(content: str) -> Iterator[_Event]:
    """`Nri1/QA5`: new, area 1, code QA, zone 5. Small letters modify; words stand between ^ or after *.

    Behind a bar stand words, or more of the same. What is nothing of that is an event that nobody knows.
    """
    is_old = False
    for place, block in enumerate(content.split("|")):
        plain = re.sub(r"\^[^^]*\^?", "", re.sub(r"\*[^*]*(\*|$)", "/", block))
        segments = [(each, _SEGMENT.fullmatch(each)) for each in plain.split("/")]
        codes = [each for segment, read in segments if read for each in _codes(segment)]
        is_event = plain[:1] in ("N", "O") and all(read for _, read in segments)
        is_event = is_event and all(zone or code in SIA for _, code, zone in codes)
        if place and not is_event and not _LIKE_AN_EVENT.match(plain):
            continue  # words
        for segment, read in segments:
            for mark, code, zone in _codes(segment):
                is_old = mark == "O" if mark else is_old
                if code and (read or code in SIA):
                    meaning, state = SIA.get(code, (None, State.ACTIVE))
                    yield _Event(code, zone, meaning, state, is_old)
            if not read or (not place and plain[:1] not in ("N", "O", "")):
                yield _Event(segment[:20], "", None, State.ACTIVE, is_old)


def _codes(segment: str) -> list[tuple[str, str, str]]:
    """What stands between two /, in order: whether new or old follows, or a code and its zone."""
    mark, told = "", segment
    if read := _SEGMENT.fullmatch(segment):
        mark, told = read[1] or "", read[2]
    return [
        (mark, "", ""),
        *((found[1] or "", found[2] or "", found[3] or "") for found in _TOKEN.finditer(told)),
    ]


# What it means.


def _reading(
    stem: Heard,
    registry: Registry,
    events: list[_Event],
    message: _Message,
    levels: Levels,
    changed: dict[LevelKey, str],
    *,
    in_the_clear: bool,
) -> Reading:
    """Each event from the device of its zone if somebody enrolled that, else from the account."""
    if not events:
        return replace(unreadable(stem, "no event in it", levels), beats=alive(stem))
    signals: list[Signal] = []
    tickets: list[Ticket] = []
    beats = list(alive(stem))
    known: dict[LevelKey, str] = dict(changed)
    for place, event in enumerate(events):
        heard = _zone(stem, registry, event.zone)
        if place:
            heard = replace(heard, unique=f"{heard.unique}.{place}")
        heard = replace(heard, historical=event.is_old and is_of_the_past(message.time, heard.frame))
        reading = _one(heard, event, _words(event, message, in_the_clear), levels)
        signals += reading.signals
        tickets += reading.tickets
        beats += [beat for beat in reading.beats if beat.device_key != stem.device_key]
        known |= reading.levels
    return Reading(tuple(signals), tuple(beats), tuple(tickets), levels=known)


def _zone(stem: Heard, registry: Registry, zone: str) -> Heard:
    number = zone.lstrip("0")
    if not number:
        return stem
    key = f"{stem.device_key}/{number}"
    enrolment = registry.find(key)
    if enrolment is None and stem.enrolment is not None:
        return stem
    return replace(stem, device_key=key, enrolment=enrolment)


def _one(heard: Heard, event: _Event, text: str, levels: Levels) -> Reading:
    meaning, rule = event.meaning, f"sia:{event.code}"
    if meaning is None:
        return unreadable(heard, f"nobody knows the code {event.code}", levels)
    if meaning == "known":
        return reading_of(heard, (), levels)
    if meaning == "look" or (meaning == "press" and event.state is State.CLEAR):
        reading = reading_of(heard, (), levels)
        if event.state is State.CLEAR or heard.enrolment is None:
            return reading
        return replace(reading, tickets=(ticket(heard.frame, f"{event.code} {text}", heard.device_key),))
    ends = event.state is State.CLEAR and meaning not in (Kind.ACTIVITY, Kind.CANCEL)
    state = State.CLEAR if ends else State.ACTIVE
    return reading_of(heard, [Said(meaning, state, rule, text)], levels)


def _words(event: _Event, message: _Message, in_the_clear: bool) -> str:
    """What an operator should know beside the kind: zone, place, who it may not be."""
    words = [f"防区{event.zone.lstrip('0')} zone"] if event.zone.strip("0") else []
    words += [place] if (place := _place(message.more)) else []
    if in_the_clear:
        words.append("本应加密却是明文 in the clear, and this account enciphers")
    return ", ".join(words)


def _place(more: str) -> str:
    """`[X006E07.7777777][Y49N06.6666666]`: degrees, then minutes; some send plain degrees."""
    blocks = dict(_MORE.findall(more))
    longitude, latitude = _angle(blocks.get("X", "")), _angle(blocks.get("Y", ""))
    if longitude is None or latitude is None:
        return ""
    return f"定位 {latitude:.5f},{longitude:.5f} (WGS-84)"


def _angle(told: str) -> float | None:
    if found := _ANGLE.match(told):
        value = int(found[1]) + float(found[3]) / 60
        return -value if found[2] in "SW" else value
    try:
        return float(told)
    except ValueError:
        return None


FAMILY: Final = Family("sia_dc09", (), read, split)
