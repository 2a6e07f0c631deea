"""Carephones by SCAIP (SS 91100): a request `<mrq>` in a SIP MESSAGE, answered by `<mrs>` once it is stored.

    <mrq><ref>1234</ref><cid>123456</cid><dty>0003</dty><stc>0010</stc></mrq>

A unit says the same thing, with the same reference, until the answer's `snu` is 0. The SIP around it is the
transport's matter; a frame may be the document or the whole MESSAGE.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final
from xml.sax.saxutils import escape

from devices.formats.events import Said, reading_of
from devices.formats.family import Family
from devices.formats.meaning import EMERGENCY, Heard, alive, digest, ticket, unreadable
from devices.formats.resent import unique_of
from devices.formats.tables import Meaning, meanings, table
from devices.profiles import PRESS, Profiles
from devices.signal import Frame, Kind, Levels, Reading, Registry, Role, State

SIZE_LIMIT: Final = 4096  # bytes; messages of the standard have at most 1300
ALARM_MESSAGE: Final = "ME"
INFORMATION: Final = "IN"
MESSAGES: Final = frozenset({ALARM_MESSAGE, INFORMATION, "RE", "PI"})  # ... a reset, a ping
TEXT_LIMIT: Final = 200  # characters

_TABLE: Final = table("scaip")
DEVICES: Final = meanings(_TABLE["device"])
STATES: Final = meanings(_TABLE["state"])
OVER: Final = meanings(_TABLE["over"])


def _codes(name: str) -> frozenset[str]:
    codes = _TABLE["codes"]
    assert isinstance(codes, Mapping)
    return frozenset(codes[name])


ALARM: Final = _codes("alarm")
MANUAL: Final = _codes("manual")
NORMAL: Final = _codes("normal")

_CID: Final = re.compile(r"<cid>\s*([^<>/\s]{1,40})\s*</cid>")
_REF: Final = re.compile(r"<ref>\s*([0-9A-Za-z]{1,32})\s*</ref>")
_ROOTS: Final = ("mrq", "scaip")


class Status(IntEnum):
    """What `snu` says of a request."""

    STORED = 0
    TOO_LONG = 1
    BAD_FORMAT = 2
    BAD_DATA = 3
    TAG_MISSING = 7


def controller_of(payload: bytes) -> str:
    """Which unit a request says it comes from; empty when it says none."""
    found = _CID.search(payload.decode("utf-8", "replace"))
    return found[1] if found else ""


def is_dialect(payload: bytes) -> bool:
    """Whether the unit speaks the form with the root `scaip`, which is answered in the response itself."""
    return re.search(rb"<\s*scaip[\s>/]", payload) is not None


def read(frame: Frame, registry: Registry, levels: Levels, _: Profiles) -> Reading:
    """Read one request. Whatever it is, the unit is answered: what nobody understands is before a human."""
    body = _body(frame.payload)
    request = _request(body)
    if isinstance(request, _Flaw):
        key = f"scaip:{controller_of(body) or '?'}"
        heard = Heard(frame, key, registry.find(key), "")
        reply = _answer(_first(_REF, body), request.status, is_dialect(body))
        return replace(unreadable(heard, request.reason, levels), reply=reply)
    heard = _who(frame, registry, request)
    stored = _answer(request["ref"], Status.STORED, is_dialect(body))
    if request.get("mty") == "PI":
        return Reading(beats=alive(heard), reply=stored)
    controller = f"scaip:{request['cid']}"
    same = "/".join(request.get(tag, "") for tag in ("mty", "dty", "did", "stc"))
    unique, changed = unique_of(
        controller, f"{request['ref']}.{digest(same.encode())}", frame.received_at, levels
    )
    heard = replace(heard, unique=unique)
    said = _said(request)
    if isinstance(said, Said) and said.kind == PRESS and heard.role is Role.HUB:
        said = replace(said, kind=Kind.SOS)  # a unit enrolled as what it is to its pendants is a carephone
    if isinstance(said, str):
        reading = unreadable(heard, said, levels)
    elif said is None:
        reading = reading_of(heard, (), levels)
        if heard.enrolment is not None:
            looked_at = ticket(frame, f"dty {request['dty']} {_words(request)}", heard.device_key)
            reading = replace(reading, tickets=(looked_at,))
    else:
        reading = reading_of(heard, [said], levels)
    return replace(reading, levels={**reading.levels, **changed}, reply=stored)


def _who(frame: Frame, registry: Registry, request: Mapping[str, str]) -> Heard:
    """The device that reported, if somebody enrolled it; else the unit that carried it."""
    unit = f"scaip:{request['cid']}"
    owner = registry.find(unit)
    if did := request.get("did", ""):
        key = f"{unit}/{did}"
        enrolment = registry.find(key)
        if enrolment is not None or owner is None:
            return Heard(frame, key, enrolment, "")
    return Heard(frame, unit, owner, "")


def _said(request: Mapping[str, str]) -> Said | str | None:
    """What a request means; why nobody knows; None: that a human should look at it."""
    dty, stc = _number(request["dty"]), _number(request.get("stc", ""))
    rule, text = f"scaip:{request['dty']}/{request.get('stc', '')}", _words(request)
    message = request.get("mty") or ALARM_MESSAGE
    if message not in MESSAGES:
        return f"nobody knows the message type {message[:10]!r}"
    if message == "RE":
        return Said(Kind.CANCEL, rule=rule, text=text)
    if (over := OVER.get(stc)) is not None:
        return _as_said(over, State.CLEAR, rule, text)
    if (state := STATES.get(stc)) is not None:
        return _as_said(state, State.ACTIVE, rule, text)
    device: Meaning | None = DEVICES.get(dty)
    if stc in NORMAL:
        return None if device is None else _as_said(device, State.CLEAR, rule, text)
    if stc and stc not in ALARM:
        return f"nobody knows the state {request['stc'][:10]!r} of a device {request['dty'][:10]!r}"
    if message == INFORMATION:
        return None  # about an alarm that came in a message of its own, which is said until it is answered
    if stc in MANUAL and device not in EMERGENCY:
        device = Kind.SOS  # a hand has pressed what otherwise watches a bed or a door
    return _as_said(PRESS if device is None else device, State.ACTIVE, rule, text)


def _as_said(meaning: Meaning, state: State, rule: str, text: str) -> Said | None:
    if meaning == "look" or meaning == "known":
        return None
    return Said(meaning, state, rule, text)


# The document.


@dataclass(frozen=True, slots=True)
class _Flaw:
    reason: str
    status: Status


def _body(payload: bytes) -> bytes:
    """The document; where the frame is a SIP MESSAGE, what stands behind its headers."""
    if payload.startswith(b"MESSAGE "):
        return payload.partition(b"\r\n\r\n")[2]
    return payload


def _request(body: bytes) -> Mapping[str, str] | _Flaw:
    """The fields of a request by their tags; what is wrong with it."""
    if len(body) > SIZE_LIMIT:
        return _Flaw(f"{len(body)} bytes, and this format allows {SIZE_LIMIT}", Status.TOO_LONG)
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = body.decode("latin-1")  # a word with an accent in it must not hide an alarm
    if re.search("<!(DOCTYPE|ENTITY)", text, re.IGNORECASE):
        return _Flaw("a document with declarations of its own", Status.BAD_FORMAT)
    try:
        root = ET.fromstring(text.strip())
    except (ET.ParseError, ValueError) as error:
        return _Flaw(f"not XML: {error}", Status.BAD_FORMAT)
    if _name(root) not in _ROOTS:
        return _Flaw(f"a document {_name(root)[:20]!r} instead of mrq", Status.BAD_FORMAT)
    if len(root) == 1 and _name(root[0]) == "mrq":
        root = root[0]
    fields: dict[str, str] = {}
    for element in root.iter():
        if element is not root and not len(element):
            if _name(element) in fields:
                return _Flaw(f"{_name(element)} is given twice", Status.BAD_DATA)
            fields[_name(element)] = (element.text or "").strip()
    missing = [tag for tag in ("ref", "cid", "dty") if not fields.get(tag)]
    if missing and not (fields.get("mty") == "PI" and missing == ["dty"]):
        return _Flaw(f"without {', '.join(missing)}", Status.TAG_MISSING)
    names = fields["ref"], fields["cid"], fields.get("did", "")
    if not all(re.fullmatch(r"[^\s/#@<>]{0,40}", name) and name.isprintable() for name in names):
        return _Flaw("ref, cid or did is no name", Status.BAD_DATA)
    return fields


def _answer(ref: str, status: Status, dialect: bool) -> bytes:
    root = "scaip" if dialect else "mrs"
    said = f"<{root}><ref>{escape(ref)}</ref><snu>{status.value}</snu></{root}>"
    return f'<?xml version="1.0" encoding="UTF-8"?>{said}'.encode()


def _first(pattern: re.Pattern[str], body: bytes) -> str:
    found = pattern.search(body.decode("utf-8", "replace"))
    return found[1] if found else ""


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _number(code: str) -> str:
    return code.lstrip("0") if code.isdecimal() else code


def _words(request: Mapping[str, str]) -> str:
    """What the unit says in words: of the state, of the place, and anything else."""
    told = (request.get(tag, "") for tag in ("stt", "lte", "geo", "ite"))
    return ", ".join(word for word in told if word)[:TEXT_LIMIT]


FAMILY: Final = Family("scaip", (), read)
