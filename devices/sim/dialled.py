"""What watches, pendants, alarm diallers and carephones say on a line of their own, from their documents.

As in `speech`, no line is shared with the decoders. A call is said again until the centre's answer is heard:
`answer` is what stands in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from devices.signal import Role
from devices.sim.roster import Device

_EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Call:
    payload: bytes
    answer: str


Voice = Callable[[str, str, Random], Call]

_WORN: Final = frozenset({Role.HELP_BUTTON, Role.FALL_SENSOR})
_HEARD_BY: Final[Mapping[str, frozenset[Role]]] = {
    "press": frozenset({Role.HELP_BUTTON}),
    "cancel": frozenset({Role.HELP_BUTTON}),
    "fall": _WORN,
    "smoke": frozenset({Role.SMOKE_DETECTOR}),
    "smoke_over": frozenset({Role.SMOKE_DETECTOR}),
    "gas": frozenset({Role.GAS_DETECTOR}),
    "leak": frozenset({Role.LEAK_SENSOR}),
    "test": frozenset({Role.HELP_BUTTON, Role.SMOKE_DETECTOR}),
    "heartbeat": frozenset(Role),
}
_WATCHES: Final = frozenset({"press", "fall", "heartbeat"})


def can_say(device: Device, word: str) -> bool:
    """Whether such a device has this word at all."""
    if device.family in ("watch", "iw") and word not in _WATCHES:
        return False
    return device.role in _HEARD_BY.get(word, frozenset())


def say(device: Device, word: str, dice: Random) -> Call:
    """What the device says when `word` happens to it, and it has that word."""
    return _VOICES[device.family](device.key.partition(":")[2], word, dice)


def _moment(dice: Random) -> datetime:
    """Some moment of the year: the clocks of such devices are seldom right."""
    return _EPOCH + timedelta(seconds=dice.randrange(3 * 10**7))


def _watch(number: str, word: str, dice: Random) -> Call:
    """`[3G*number*length*AL,…]`: at the end of a position stands a field of bits, the 16th is the button."""
    charge = dice.randint(40, 100)
    if word == "heartbeat":
        said, answer = f"LK,{dice.randint(0, 9000)},0,{charge}", "LK"
    else:
        status = {"press": 1 << 16, "fall": 1 << 21}[word]
        place = f"A,{37.46 + dice.uniform(-0.01, 0.01):.6f},N,118.490000,E,0.0,0.0,0.0,7,60,{charge},0,0"
        said, answer = f"AL,{_moment(dice):%d%m%y,%H%M%S},{place},{status:08X},0,0,0", "AL"
    return Call(f"[3G*{number}*{len(said):04X}*{said}]".encode(), f"[3G*{number}*{len(answer):04x}*{answer}]")


def _iw(_: str, word: str, dice: Random) -> Call:
    """`IWAP10…#` is the button, `IWAPFD` a fall; who speaks was said when the line was opened."""
    charge = dice.randint(40, 100)
    if word == "heartbeat":
        return Call(f"IWAP03,06000{charge:03}000102,{dice.randint(0, 9000)},1#".encode(), "IWBP03")
    if word == "fall":
        return Call(b"IWAPFD,%d#" % dice.getrandbits(40), "IWBPFD")
    at, minutes = _moment(dice), 27.6 + dice.uniform(-0.5, 0.5)
    place = f"{at:%y%m%d}A37{minutes:07.4f}N11829.4000E000.1{at:%H%M%S}323.87060009{charge:03}0102"
    return Call(f"IWAP10{place},460,0,9520,3671,01,zh-cn,00#".encode(), "IWBP10")


_CONTACT_ID: Final = {
    "press": "1101 01 001",
    "fall": "1103 01 001",
    "cancel": "1406 01 001",
    "smoke": "1111 01 002",
    "smoke_over": "3111 01 002",
    "gas": "1151 01 003",
    "leak": "1154 01 004",
    "test": "1601 01 000",
}


def _sia(account: str, word: str, dice: Random) -> Call:
    """SIA DC-09 with Contact ID: checksum, length, type, number, account, event; NULL is a poll."""
    number = f"{dice.randint(1, 9999):04}"
    type_, event = ("NULL", "") if word == "heartbeat" else ("ADM-CID", f"#{account}|{_CONTACT_ID[word]}")
    said = f'"{type_}"{number}L0#{account}[{event}]'.encode()
    return Call(b"\n%04X%04X%s\r" % (_checksum(said), len(said), said), f'"ACK"{number}')


def _checksum(said: bytes) -> int:
    """CRC-16/ARC, as SIA DC-07 has it: bit by bit, with a register of 16 bits."""
    register = 0
    for bit in (octet >> place & 1 for octet in said for place in range(8)):
        carry = (register ^ bit) & 1
        register >>= 1
        if carry:
            register ^= 0xA001
    return register


_STATES: Final = {  # device and state, as the standard numbers them
    "press": ("0003", "0010"),
    "fall": ("0005", "0009"),
    "cancel": ("0003", "0019"),
    "smoke": ("0023", "0009"),
    "smoke_over": ("0023", "0070"),
    "gas": ("0021", "0009"),
    "leak": ("0033", "0009"),
    "test": ("0048", "0102"),
}


def _scaip(controller: str, word: str, dice: Random) -> Call:
    """SCAIP: what goes into the MESSAGE. The same reference is said until its `snu` is 0."""
    ref = f"{dice.getrandbits(48):012x}"
    if word == "heartbeat":
        told = "<mty>PI</mty><dty>0048</dty>"
    else:
        device, state = _STATES[word]
        told = f"<mty>ME</mty><dty>{device}</dty><stc>{state}</stc>"
    body = f"<mrq><ref>{ref}</ref><ver>01.00</ver><cid>{controller}</cid>{told}</mrq>"
    return Call(body.encode(), f"<ref>{ref}</ref><snu>0</snu>")


_VOICES: Final[Mapping[str, Voice]] = {"watch": _watch, "iw": _iw, "sia_dc09": _sia, "scaip": _scaip}
FAMILIES: Final = frozenset(_VOICES)
DOORS: Final[Mapping[str, str]] = {  # the gateway's setting that opens a port for them
    "watch": "ANXIN_WATCH_PORT",
    "iw": "ANXIN_IW_PORT",
    "sia_dc09": "ANXIN_DC09_PORT",
    "scaip": "ANXIN_SCAIP_PORT",
}
