"""Messages that call for help, one of each way in which a family does; and ways to damage them.

Beside each stands, in words that no decoder has a part in, which other messages it may become on its way.
"""

from __future__ import annotations

import json
import random
import re
import string
import tomllib
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from devices.formats import BY_NAME
from devices.signal import Role

Says = Callable[[object], bool]  # whether a value is one of those that a property may have


def is_one_of(*values: object) -> Says:
    """Exactly these; `True` is not 1 here."""
    return lambda value: any(type(value) is type(each) and value == each for each in values)


_WELL = is_one_of(False, "false", 0)  # the same word, whether or not in quotes, or as a number


def is_anything(_: object) -> bool:
    return True


def _is_scalar(value: object) -> bool:
    return not isinstance(value, dict | list)


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(frozen=True)
class Cry:
    """One message that calls for help: who says it where, and what it then is.

    `may` says of each property that may stand in such a message which values call nobody: all is well, or it
    is a measurement, an id, a moment. A path has `[]` for an element of a list, a pattern fits as a whole.
    """

    name: str
    key: str
    role: Role
    topic: str
    payload: bytes
    kind: str
    may: Mapping[str, Says] = field(default_factory=dict)
    model: tuple[str, str] = ("", "")
    protocol: str = ""
    before: tuple[tuple[str, bytes], ...] = ()  # what has been said on other topics before
    also: frozenset[str] = frozenset()  # what else it calls for, with another value that is documented
    wrap: Callable[[bytes], bytes] = bytes  # what is put around it after it was damaged
    only_if: Callable[[Mapping[str, object]], bool] = lambda _: True  # ... and this holds of the whole
    is_another: Callable[[bytes], bool] = lambda _: (
        False
    )  # for what is no JSON object, or names somebody else

    def allows(self, path: str, value: object) -> bool:
        return any(re.fullmatch(pattern, path) and says(value) for pattern, says in self.may.items())

    def frames(self, payload: bytes) -> list[bytes]:
        """What a gateway reads: of a stream the frames in it, and what is left at its end."""
        family = BY_NAME[self.protocol] if self.protocol else None
        if family is None or family.split is None:
            return [payload]
        frames, rest = family.split(payload)
        return frames + [rest] * bool(rest.strip())


def is_another_message(cry: Cry, payload: bytes) -> bool:
    """Whether a damaged cry has become a message that anybody would understand, and that calls nobody."""
    if cry.is_another(payload) or (cry.protocol and not payload.strip()):
        return True  # nothing came over the socket
    said = _as_standard_json(payload)
    if said is None or not cry.may or not cry.only_if(said):
        return False
    was = list(_leaves(_as_standard_json(cry.payload)))
    cries = [value for path, value in was if not cry.allows(path, value)]
    words = [(path, value) for path, value in was if cry.allows(path, value) and value not in cries]
    values, names = is_one_of(*(value for _, value in words)), {path.rpartition(".")[2] for path, _ in words}
    # What was harmless is so under whatever name, or wherever, it stands now.
    return all(
        cry.allows(path, value) or values(value) or path.rpartition(".")[2] in names
        for path, value in _leaves(said)
    )


def _leaves(said: object, path: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(said, dict) and said:
        for name, value in said.items():
            yield from _leaves(value, f"{path}.{name}" if path else name)
    elif isinstance(said, list) and said:
        for value in said:
            yield from _leaves(value, f"{path}[]")
    elif said is not None:  # null is how JSON says nothing
        yield path, said


class _Refused(ValueError):
    pass


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(dict(pairs)) != len(pairs):
        raise _Refused
    return dict(pairs)


def _as_standard_json(payload: bytes) -> dict[str, object] | None:
    try:
        said = json.loads(payload.decode(), object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


# Ways to damage a message.


def damaged(payload: bytes, dice: random.Random) -> bytes:
    """The message with one to three changes: of its bytes, or of what a document says."""
    for _ in range(dice.randint(1, 3)):
        said = _as_standard_json(payload)
        if said is None or dice.random() < 0.3:
            payload = with_other_bytes(payload, dice)
        else:
            payload = _with_other_words(said, dice)
    return payload


def with_other_bytes(payload: bytes, dice: random.Random, *, may_end: bool = True) -> bytes:
    """One change of the kinds that radio, firmware and enemies make; the last is that it ends too soon."""
    body = bytearray(payload)
    at = dice.randrange(len(body) + 1)
    match dice.randrange(7 if may_end else 6):
        case 0:
            body[at : at + 1] = bytes([dice.randrange(256)])
        case 1:
            del body[at : at + dice.randint(1, 9)]
        case 2:
            body[at:at] = dice.choice([b"\\u0000", b"\\ud800", b"1e999", b"null", b'"', b"{", b"[", b","])
        case 3:
            body[at:at] = body[: dice.randrange(len(body) + 1)]
        case 4:
            body[at : at + 1] = dice.choice(string.printable).encode()
        case 5:
            body += dice.choice([b'"', b"}", b"\x00", b'{"a":1}'])
        case 6:
            del body[at:]
    return bytes(body)


_OTHERS = [
    None,
    True,
    False,
    0,
    1,
    2.5,
    -1,
    "",
    "x",
    "OFF",
    "false",
    "unknown",
    [],
    {},
    [1],
    {"x": 1},
    10**30,
]


def _with_other_words(said: dict[str, object], dice: random.Random) -> bytes:
    places = list(_places(said))
    if not places:
        return b"{}"
    holder, name = dice.choice(places)
    value = holder[name]
    match dice.randrange(8):
        case 0:
            del holder[name]
        case 1 | 2 if isinstance(holder, dict):
            del holder[name]
            holder[_misspelt(str(name), dice)] = value
        case 3:
            holder[name] = dice.choice(_OTHERS)
        case 4:
            holder[name] = dice.choice([[value], {"x": value}, {str(name): value}, [[value]]])
        case 5:
            if isinstance(value, str):
                holder[name] = _misspelt(value, dice)
            elif is_number(value):
                holder[name] = str(value)
            else:
                holder[name] = dice.choice([str(value), value])
        case 6 if isinstance(value, dict):  # its properties stand where it stood
            del holder[name]
            if isinstance(holder, dict):
                holder.update(value)
        case 7:
            return _twice(json.dumps(said).encode(), dice)
    return json.dumps(said).encode()


def _places(said: object) -> Iterator[tuple[dict[object, object] | list[object], object]]:
    """Whatever may be changed: the object or list, and the name or place in it."""
    pairs = list(said.items()) if isinstance(said, dict) else list(enumerate(said))  # type: ignore[call-overload]
    for name, value in pairs:
        yield said, name  # type: ignore[misc]
        if isinstance(value, dict | list):
            yield from _places(value)


def _misspelt(word: str, dice: random.Random) -> str:
    at = dice.randrange(len(word) + 1)
    return dice.choice(
        [
            word[:at] + word[at + 1 :],
            word[:at] + dice.choice("xX_0 é") + word[at + 1 :],
            word + "2",
            word.swapcase(),
        ]
    )


def _twice(payload: bytes, dice: random.Random) -> bytes:
    """A property once more, behind it or before it, with another value."""
    names = re.findall(rb'"[^"]*":', payload)
    if not names:
        return payload
    name = dice.choice(names)
    extra = name + dice.choice([b"0", b'"x"', b"null", b"false"])
    return payload.replace(name, extra + b"," + name, 1)


# The messages.


def _zigbee(name: str, role: Role, payload: bytes, kind: str, **may: Says) -> Cry:
    known = {
        "battery": is_number,
        r"linkquality((\.|\[\]).*)?": is_anything,
        "tamper": _WELL,
        "battery_low": _WELL,
        "last_seen": is_anything,
        r"device(\..*|\[\].*)?": is_anything,
    }
    return Cry(f"z2m {name}", "z2m:d", role, "zigbee2mqtt/d", payload, kind, known | may)


def _has_no_press(data: bytes) -> bool:
    """Whether the bytes of a Milesight button are whole, and none of them says a press."""
    harmless = {
        b"\x01\x75": 1,
        b"\xff\x01": 1,
        b"\xff\x09": 2,
        b"\xff\x0a": 2,
        b"\xff\x0b": 1,
        b"\xff\x0f": 1,
    }
    harmless |= {b"\xff\x16": 8, b"\xff\xfe": 1, b"\xff\xff": 2}
    while data:
        length = harmless.get(data[:2], 99)
        if len(data) < 2 + length:
            return False
        data = data[2 + length :]
    return True


def _no_press_in_base64(value: object) -> bool:
    try:
        return isinstance(value, str) and value != "" and _has_no_press(b64decode(value, validate=True))
    except (NotBase64, ValueError):
        return False


def _is_without(at: int, bits: int, length: int, starts: bytes) -> Says:
    """Whether a text is base64 of a whole report whose octet `at` says that nobody calls: none of `bits`."""

    def says(value: object) -> bool:
        try:
            data = b64decode(value, validate=True) if isinstance(value, str) else b""
        except (NotBase64, ValueError):
            return False
        return (
            data.startswith(starts)
            and len(data) > at
            and len(data) == (length or len(data))
            and not data[at] & bits
        )

    return says


def _no_press_in_hex(value: object) -> bool:
    try:
        return isinstance(value, str) and value != "" and _has_no_press(bytes.fromhex(value))
    except ValueError:
        return False


_CALLS = {
    Role.HELP_BUTTON: "sos",
    Role.SMOKE_DETECTOR: "smoke",
    Role.GAS_DETECTOR: "gas",
    Role.CO_DETECTOR: "co",
    Role.FALL_SENSOR: "fall",
}
_EUI = "24e124535b316056"
_WS101 = ("Milesight", "WS101")
# Buttons whose call is one bit: port, what they send, in which octet it stands, the bits that are none where
# nobody calls, how long it is, how it begins.
_ONE_BIT = (
    (("Browan", "TBPB100"), 147, b"Af43AAAEAAA=", 0, 0xFF, 8, b""),
    (("Browan", "Object Locator"), 136, b"AQs0gJc6AhA9EAc=", 0, 0xE5, 11, b""),
    (("Dragino", "PB01"), 2, b"DPYAAQEFAk4=", 3, 0xFF, 8, b""),
    (("Tektelic", "SEAL"), 10, b"ApUB", 2, 0xFF, 0, b"\x02\x95"),
)
_BESIDE: dict[str, Says] = {r"(?!object|data|decoded)[^.]*": _is_scalar}  # what else a server may tell of it
_EMPTY = is_one_of({}, [], "", 0, False)
_CHIRPSTACK: dict[str, Says] = {
    r"(deduplicationId|time|devAddr|fCnt|fPort|adr|dr|deviceInfo|rxInfo)((\.|\[\]).*)?": is_anything,
    "object|data": _EMPTY,
}
_TTS: dict[str, Says] = {
    r"(end_device_ids|uplink_message\.rx_metadata)((\.|\[\]).*)?": is_anything,
    "uplink_message.decoded_payload|uplink_message.frm_payload": _EMPTY,
    r"(?!uplink_message|end_device_ids)[^.\[]*((\.|\[\]).*)?": is_anything,
    r"received_at|uplink_message\.(session_key_id|f_cnt|f_port|received_at)((\.|\[\]).*)?": is_anything,
}
_LORIOT: dict[str, Says] = {
    r"(EUI|ts|fcnt|port|dr|toa|freq)((\.|\[\]).*)?": is_anything,
    r"decoded(\.data)?|data": _EMPTY,
    "cmd": is_one_of("rx", "gw"),
}


Words = Mapping[str, object]  # what a codec made of the bytes of a device


def _has(
    port: str, words: str, *above: str, is_whole: Callable[[Words], bool] = is_anything
) -> Callable[[Words], bool]:
    """Whether there are words of the device, or the frame is one of the radio protocol: of port 0 or none.

    Words are to be whole: what a model says every time cannot go without a trace.
    """

    def holds(said: Words) -> bool:
        for step in above:
            inner = said.get(step)
            said = inner if isinstance(inner, Mapping) else {}
        told = said.get(words)
        if isinstance(told, Mapping) and isinstance(told.get("data"), Mapping):
            told = told["data"]  # as LORIOT has it
        return is_whole(told) if told and isinstance(told, Mapping) else bool(told) or not said.get(port)

    return holds


def _with(*names: str) -> Callable[[Words], bool]:
    return lambda words: all(words.get(name) is not None for name in names)


def _has_the_word_of_a_press(words: Words) -> bool:
    press = words.get("button_event")
    return "button_event" not in words or (isinstance(press, Mapping) and press.get("status") is not None)


def _lorawan(
    decoded: str,
    may: dict[str, Says],
    role: Role,
    kind: str,
    model: tuple[str, str] = ("", ""),
    is_whole: Callable[[Words], bool] = is_anything,
) -> Iterator[Cry]:
    """The same words of a codec as three network servers carry them."""
    name = f"{model[1] or 'unknown'} {kind}"

    def below(path: str) -> dict[str, Says]:
        return {rf"{path}\.(?:{each})": says for each, says in may.items()}

    yield Cry(
        f"chirpstack {name}",
        f"lora:{_EUI}",
        role,
        f"application/1/device/{_EUI}/event/up",
        b'{"deduplicationId":"57433366","devAddr":"20000001","fCnt":4,"fPort":85,"object":%s}'
        % decoded.encode(),
        kind,
        _CHIRPSTACK | _BESIDE | below("object"),
        model,
        also=frozenset({"inactivity", "bed_exit"}),
        only_if=_has("fPort", "object", is_whole=is_whole),
    )
    yield Cry(
        f"tts {name}",
        f"lora:{_EUI}",
        role,
        f"v3/homes/devices/eui-{_EUI}/up",
        b'{"end_device_ids":{"dev_eui":"24E124535B316056"},"received_at":"2026-11-20T00:15:29Z","uplink_message":'
        b'{"session_key_id":"AY","f_port":85,"f_cnt":4,"decoded_payload":%s}}' % decoded.encode(),
        kind,
        _TTS | below(r"uplink_message\.decoded_payload"),
        model,
        also=frozenset({"inactivity", "bed_exit"}),
        only_if=_has("f_port", "decoded_payload", "uplink_message", is_whole=is_whole),
    )
    yield Cry(
        f"loriot {name}",
        f"lora:{_EUI}",
        role,
        f"loriot/homes/{_EUI}",
        b'{"cmd":"rx","EUI":"24E124535B316056","ts":1684478801936,"fcnt":2,"port":85,"decoded":{"data":%s}}'
        % decoded.encode(),
        kind,
        _LORIOT | _BESIDE | below(r"decoded(\.data)?"),
        model,
        also=frozenset({"inactivity", "bed_exit"}),
        only_if=_has("port", "decoded", is_whole=is_whole),
    )


_ZB = r"ZbReceived\.[^.]+\."
_ZIGBEE_OF_TASMOTA: dict[str, Says] = {
    _ZB + r"(Device|Name|LinkQuality|Endpoint|IEEEAddr|Group)((\.|\[\]).*)?": is_anything,
    _ZB + r"(0000|0001|0003|0020|0B05)[!</][0-9A-F]{2,4}((\.|\[\]).*)?": is_anything,  # clusters of no alarm
}


def _is_of_another_watch(payload: bytes) -> bool:
    said = _as_standard_json(payload)
    device = said.get("device") if said is not None else None
    name = device.get("uniqueId") if isinstance(device, dict) else None
    return _is_scalar(name) and name not in (None, "69", 69)


def _names_another_device(payload: bytes) -> bool:
    return b'"0xCBA4"' not in payload and _as_standard_json(payload) is not None


def _no_zone_alarm(value: object) -> bool:
    """The zone status, low octet first, without one of its two alarm bits."""
    if isinstance(value, int):
        return value & 3 == 0
    return isinstance(value, str) and re.fullmatch("[0-9a-fA-F]([048cC]).*", value) is not None


_RELAY_OR_REPLY: dict[str, Says] = {r"(?!(Button|Switch|POWER)\d*\Z)[^.]*": _is_scalar}  # answers a command
_SHELLY: dict[str, Says] = {
    r"(src|dst)((\.|\[\]).*)?": is_anything,
    "method": is_one_of("NotifyStatus", "NotifyFullStatus"),
    r"params\.ts((\.|\[\]).*)?": is_anything,
    r"params\.[a-z]+:\d*\.id((\.|\[\]).*)?": is_anything,
}
_POSITION: dict[str, Says] = {
    r"(device|geofence)((\.|\[\]).*)?": is_anything,
    r"position\.(?!attributes)[^.\[]*((\.|\[\]).*)?": is_anything,
    r"position\.attributes": is_one_of({}),
    r"position\.attributes\.(batteryLevel)": is_anything,
    r"position\.attributes\.(sat|motion)((\.|\[\]).*)?": is_anything,
}


# What comes over sockets.

_AL = b"[3G*6907919734*003e*AL_LTE,201126,001518,V,0,N,0,E,0,0,0,0,0,22,0,0,00010000,0,0,0]"
_UD = b"[3G*6907919734*003a*UD,201126,001518,V,0,N,0,E,0,0,0,0,0,22,0,0,00010000,0,0,0]"
_AP10 = (
    b"@353456789012345 IWAP10080524A2232.9806N11404.9355E000.1061830323.8706000908000502,460,0,9520,3671,00,"
    b"zh-cn,00#"
)


def _is_other_iw(payload: bytes) -> bool:
    """The end of a connection, on which a name is left; an answer to us, or a sentence of no alarm."""
    if re.fullmatch(rb"(@\d+ )?#*", payload):
        return True
    found = re.fullmatch(rb"@\d+ \s*(?:IW|TRV)[A-Z]P(\w\w)(,[^#]*)?#?\s*", payload)
    return found is not None and found[1] not in (b"10", b"FD") and found[1] in _IW_SENTENCES


_IW_SENTENCES = (b"00 01 02 03 07 14 42 49 50 HB HD HP HT JK TP TQ VR WR "
                 b"04 11 12 15 16 17 18 19 20 28 31 33 40 41 46 52 82 84 XL").split()  # fmt: skip


def _is_other_request(payload: bytes) -> bool:
    """A carephone's request of another kind: a ping, a reset, the end of an alarm; or of another unit."""
    told = dict(re.findall(rb"<(\w+)>\s*([^<]*?)\s*</\1>", payload))
    if told.get(b"stc", b"").decode("latin-1").lstrip("0") in _OVER:
        return True
    return told.get(b"mty") in (b"PI", b"RE") or told.get(b"cid") not in (None, b"123456")


def _is_other_event(payload: bytes) -> bool:
    """A dialler's event whose code or qualifier is documented and calls nobody, or of another account."""
    text = payload.decode("latin-1")
    if "#1234|" not in text and "#1234[" not in text:
        return True
    cid, sia = (
        re.search(r"\|([136])([0-9A-F]{3}) [0-9A-F]{1,2} [0-9A-F]{1,3}\s*\]", text),
        re.search(r"\|N[^\]]*?([A-Z]{2})\d*\]", text),
    )
    if cid is not None:
        return cid[1] == "3" or (cid[2] != "101" and cid[2] in _CONTACT_ID)
    return '"SIA-DCS"' in text and sia is not None and sia[1] != "QA" and sia[1] in _SIA


def _table(name: str) -> dict[str, object]:
    path = Path(__file__).parents[2] / "devices" / "formats" / "tables" / f"{name}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _all_texts(said: object) -> Iterator[str]:
    if isinstance(said, str):
        yield said
    elif isinstance(said, list | dict):
        for each in said.values() if isinstance(said, dict) else said:
            yield from _all_texts(each)


_CONTACT_ID = frozenset(_all_texts(_table("contact_id")))
_OVER = frozenset(_all_texts([_table("scaip")["over"], _table("scaip")["codes"]["normal"]]))  # type: ignore[index]
_SIA = frozenset(_all_texts(_table("sia")))
_BITS = frozenset({"fall", "low_battery", "mains_failure", "tamper", "wander"})
_CODES = _BITS | {
    *("smoke", "gas", "co", "leak", "inactivity", "offline", "test"),
    *("cancel", "fault", "activity", "bed_exit", "door"),
}


def sealed(message: bytes) -> bytes:
    """A frame of DC-09 around a message: its sum (CRC-16, reflected, from zero), its length, what it says."""
    value = 0
    for octet in message:
        value ^= octet
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return b"\n%04X%04X" % (value, len(message)) + message + b"\r"


def all_cries() -> list[Cry]:
    button, smoke, gas, co, fall = (
        Role.HELP_BUTTON,
        Role.SMOKE_DETECTOR,
        Role.GAS_DETECTOR,
        Role.CO_DETECTOR,
        Role.FALL_SENSOR,
    )
    return [
        Cry(
            "native press",
            "care:k/b",
            button,
            "care/k/b/signal",
            b'{"v":1,"id":"7f3a","type":"press","press":"long","battery":87}',
            "sos",
        ),
        Cry("native fall", "care:k/b", fall, "care/k/b/signal", b'{"v":1,"id":"7f3b","type":"fall"}', "fall"),
        _zigbee(
            "emergency",
            button,
            b'{"action":"emergency","battery":87,"linkquality":117}',
            "sos",
            action=is_one_of(""),
        ),
        _zigbee(
            "press",
            button,
            b'{"action":"single","device":{"ieeeAddr":"0x00158d0001020304"}}',
            "sos",
            action=is_one_of(""),
        ),
        _zigbee("level", button, b'{"sos":true,"tamper":false,"battery_low":false}', "sos", sos=_WELL),
        _zigbee("smoke", smoke, b'{"smoke":true,"tamper":false,"battery":87}', "smoke", smoke=_WELL),
        _zigbee("gas", gas, b'{"gas":true,"linkquality":17}', "gas", gas=_WELL),
        _zigbee(
            "co",
            co,
            b'{"carbon_monoxide":true,"battery":87}',
            "co",
            carbon_monoxide=is_one_of(False, "false", "OFF", 0),
        ),
        _zigbee(
            "fall",
            fall,
            b'{"fall_status":"fall_alarm"}',
            "fall",
            fall_status=is_one_of("normal", "none", "no_fall", "unknown"),
        ),
        *_lorawan(
            '{"battery":16,"button_event":{"status":"short press","msgid":7}}',
            {"battery": is_number, r"button_event\.msgid": is_anything},
            button,
            "sos",
            _WS101,
            _has_the_word_of_a_press,
        ),
        *_lorawan(
            '{"button":"short","battery":3}',
            {"button": is_one_of(False, "false", 0, "0"), r"battery((\.|\[\]).*)?": is_anything},
            button,
            "sos",
        ),
        *_lorawan(
            '{"events":[{"alarm_id":1,"alarm_type":"fall","alarm_status":"alarm_triggered"}]}',
            {"events": is_one_of([]), r"events\[\]\.alarm_id": is_anything},
            fall,
            "fall",
            ("Milesight", "VS373"),
        ),
        *_lorawan(
            '{"events":[{"alarm_type":"fall","alarm_status":"alarm_triggered"}]}',
            {"events": is_one_of([])},
            fall,
            "fall",
        ),
        *_lorawan(
            '{"gas_status":"alarm","valve_status":"on"}',
            {"gas_status": is_one_of("normal", 0, "0"), r"valve_status((\.|\[\]).*)?": is_anything},
            gas,
            "gas",
            ("Milesight", "GS101"),
        ),
        *_lorawan(
            '{"FireAlarm":"Alarm","HighTempAlarm":"No Alarm","Temp":120}',
            {"FireAlarm|HighTempAlarm": is_one_of("No Alarm", 0), r"Temp((\.|\[\]).*)?": is_anything},
            smoke,
            "smoke",
            ("Netvox", "RA02A"),
            _with("FireAlarm", "HighTempAlarm"),
        ),
        *_lorawan(
            '{"version":2,"protocol":2,"type":"smoke sensor","event":"alarm","battery":96}',
            {"event": is_one_of("normal", "silent", "installed", 7, 2, 11), "battery": is_number}
            | {r"(version|protocol|type)((\.|\[\]).*)?": is_anything},
            smoke,
            "smoke",
            ("Milesight", "GS524N"),
            _with("event"),
        ),
        *_lorawan(
            '{"batteryLevelInPercentage":90,"smokeAlarm":"Alarm","faultAlarm":"Normal"}',
            {"batteryLevelInPercentage": is_number, "smokeAlarm|faultAlarm": is_one_of("Normal")},
            smoke,
            "smoke",
            ("Yobiiq", "SD1001"),
            _with("smokeAlarm"),
        ),
        *_lorawan(
            '{"fall_alarm":{"alarm_id":"1, 2","alarm_status":"2, 1"}}',
            {r"fall_alarm\.alarm_id": is_anything},
            fall,
            "fall",
            ("Milesight", "VS373"),
        ),
        *_lorawan('{"COAlarm":"Alarm"}', {"COAlarm": is_one_of("No Alarm")}, co, "co"),
        *_lorawan(
            '{"Volt":3,"Alarm":1}',
            {"Volt": is_anything, "Alarm": is_one_of(0, "0")},
            button,
            "sos",
            ("Netvox", "R312A"),
            _with("Alarm"),
        ),
        *_lorawan(
            '{"status":1,"temperatureBoard":23}',
            {"status": is_one_of(0, "0"), r"temperatureBoard((\.|\[\]).*)?": is_anything},
            button,
            "sos",
        ),
        *_lorawan(
            '{"sosFlag":1,"latitude":37.4,"longitude":118.4}',
            {
                "sosFlag": is_one_of(0, False, "0", "false"),
                r"(latitude|longitude)((\.|\[\]).*)?": is_anything,
            },
            button,
            "sos",
        ),
        *_lorawan(
            '{"ALARM_status":"TRUE","BatV":3.3}',
            {"ALARM_status": is_one_of("FALSE", False, "false"), r"BatV((\.|\[\]).*)?": is_anything},
            button,
            "sos",
        ),
        *_lorawan(
            '{"messages":[{"measurementId":"4200","measurementValue":[{"id":7,"eventName":"SOS event."}]}]}',
            {
                r"messages(\[\])+\.measurementValue\[\]\.id": is_anything,
                r"messages(\[\])+\.measurementValue": is_one_of([], 0, "0"),
                r"messages(\[\])+\.measurementId": is_one_of("4200"),
            },
            button,
            "sos",
            ("Seeed", "T1000-A"),
        ),
        *(
            Cry(
                f"chirpstack raw {model[1]}",
                f"lora:{_EUI}",
                button,
                f"application/1/device/{_EUI}/event/up",
                b'{"deduplicationId":"57433366","devAddr":"20000001","fCnt":4,"fPort":%d,"data":"%s"}'
                % (port, data),
                "sos",
                _CHIRPSTACK | {"data": _is_without(where, bits, length, starts)},
                model,
                only_if=_has("fPort", "data"),
            )
            for model, port, data, where, bits, length, starts in _ONE_BIT
        ),
        Cry(
            "chirpstack raw",
            f"lora:{_EUI}",
            button,
            f"application/1/device/{_EUI}/event/up",
            b'{"deduplicationId":"57433366","devAddr":"20000001","fCnt":4,"fPort":85,"data":"AXUQ/y4B"}',
            "sos",
            _CHIRPSTACK | {"data": _no_press_in_base64},
            _WS101,
            only_if=_has("fPort", "data"),
        ),
        Cry(
            "tts raw",
            f"lora:{_EUI}",
            button,
            f"v3/homes/devices/eui-{_EUI}/up",
            b'{"uplink_message":{"f_cnt":4,"f_port":85,"frm_payload":"AXUQ/y4B","session_key_id":"AY"}}',
            "sos",
            _TTS | {r"uplink_message\.frm_payload": _no_press_in_base64},
            _WS101,
            only_if=_has("f_port", "frm_payload", "uplink_message"),
        ),
        Cry(
            "loriot raw",
            f"lora:{_EUI}",
            button,
            f"loriot/homes/{_EUI}",
            b'{"cmd":"rx","fcnt":2,"port":85,"ts":1684478801936,"data":"017510FF2E01"}',
            "sos",
            _LORIOT | {"data": _no_press_in_hex},
            _WS101,
            only_if=_has("port", "data"),
        ),
        Cry(
            "shelly smoke",
            "shelly:s",
            smoke,
            "s/events/rpc",
            b'{"src":"s","method":"NotifyStatus","params":{"ts":1.33,"smoke:0":{"id":0,"alarm":true,"mute":false}}}',
            "smoke",
            _SHELLY
            | {r"params\.smoke:\d*\.mute((\.|\[\]).*)?": is_anything, r"params\.smoke:\d*\.alarm": _WELL},
            only_if=lambda said: "method" in said and "params" in said,
        ),
        Cry(
            "shelly input",
            "shelly:s",
            button,
            "s/events/rpc",
            b'{"src":"s","method":"NotifyStatus","params":{"ts":1.33,"input:0":{"id":0,"state":true}}}',
            "sos",
            _SHELLY | {r"params\.input:\d*\.state": _WELL},
            only_if=lambda said: "method" in said and "params" in said,
        ),
        Cry(
            "shelly press",
            "shelly:s",
            button,
            "s/events/rpc",
            b'{"method":"NotifyEvent","params":{"events":[{"component":"input:0","event":"single_push","ts":1}]}}',
            "sos",
        ),
        Cry(
            "shelly bluetooth",
            "shelly:s/bthomedevice:200",
            button,
            "s/events/rpc",
            b'{"src":"s","method":"NotifyEvent","params":{"ts":1,"events":[{"component":"bthomedevice:200","id":200,'
            b'"event":"long_push","idx":0,"ts":1}]}}',
            "sos",
            is_another=lambda payload: b'"bthomedevice:200"' not in payload,
        ),
        Cry(
            "shelly status",
            "shelly:s",
            smoke,
            "s/status/smoke:0",
            b'{"id":0,"alarm":true,"mute":false}',
            "smoke",
            {"id((\\.|\\[\\]).*)?|mute((\\.|\\[\\]).*)?": is_anything, "alarm": _WELL},
            only_if=lambda said: bool(said),
        ),
        Cry(
            "shelly 1 press",
            "shelly:b",
            button,
            "shellies/b/input_event/0",
            b'{"event":"L","event_cnt":7}',
            "sos",
            {"event": is_one_of(""), r"(?!event\b).*": is_anything},
            only_if=lambda said: "event" in said,
        ),
        Cry(
            "shelly 1 smoke",
            "shelly:b",
            smoke,
            "shellies/b/sensor/smoke",
            b"true",
            "smoke",
            is_another=lambda payload: payload.strip() in (b"false", b"0"),
        ),
        Cry("shelly 1 gas", "shelly:b", gas, "shellies/b/sensor/gas", b"heavy", "gas"),
        Cry("esphome cord", "esphome:n", button, "n/binary_sensor/cord/state", b"ON", "sos"),
        Cry("esphome smoke", "esphome:n/smoke", smoke, "n/binary_sensor/smoke/state", b"ON", "smoke"),
        Cry(
            "esphome event",
            "esphome:n",
            button,
            "n/event/button/state",
            b'{"event_type":"long_press"}',
            "sos",
        ),
        Cry(
            "ha plain",
            "ha:house/cord",
            button,
            "house/cord",
            b"ON",
            "sos",
            protocol="ha_discovery",
            before=(
                (
                    "homeassistant/binary_sensor/cord/config",
                    b'{"state_topic":"house/cord","device_class":"safety"}',
                ),
            ),
        ),
        Cry(
            "ha json",
            "ha:house/kitchen",
            smoke,
            "house/kitchen",
            b'{"smoke":true,"temperature":21}',
            "smoke",
            {"smoke": _WELL, r"(?!smoke\Z).*": is_anything},
            protocol="ha_discovery",
            before=(
                (
                    "homeassistant/binary_sensor/smoke/config",
                    b'{"state_topic":"house/kitchen","value_template":"{{ value_json.smoke }}",'
                    b'"payload_on":true,'
                    b'"payload_off":false,"device_class":"smoke"}',
                ),
            ),
            only_if=lambda said: "smoke" in said,
        ),
        Cry(
            "tasmota button",
            "tasmota:c",
            button,
            "stat/c/RESULT",
            b'{"Button1":{"Action":"SINGLE"}}',
            "sos",
            _RELAY_OR_REPLY,
        ),
        *(
            Cry(
                f"tasmota switch {kind}",
                "tasmota:c",
                role,
                "tele/c/SENSOR",
                b'{"Time":"2026-11-20T08:15:30","Switch1":"ON"}',
                kind,
                {r"(Time|TempUnit)((\.|\[\]).*)?": is_anything, r"Switch\d*": is_one_of("OFF")},
            )
            for role, kind in _CALLS.items()
        ),
        Cry(
            "tasmota raw",
            "tasmota:b/0xCBA4",
            button,
            "tele/b/SENSOR",
            b'{"ZbReceived":{"0xCBA4":{"Device":"0xCBA4","0500!00":"010000FF0000","LinkQuality":60}}}',
            "sos",
            _ZIGBEE_OF_TASMOTA | {_ZB + "0500!00": _no_zone_alarm},
            is_another=_names_another_device,
        ),
        Cry(
            "tasmota fire",
            "tasmota:b/0xCBA4",
            smoke,
            "tele/b/SENSOR",
            b'{"ZbReceived":{"0xCBA4":{"Device":"0xCBA4","Fire":1,"Endpoint":1}}}',
            "smoke",
            _ZIGBEE_OF_TASMOTA | {_ZB + "Fire": is_one_of(0, False, "0", "false")},
            is_another=_names_another_device,
        ),
        Cry(
            "traccar event",
            "traccar:69",
            button,
            "traccar/events",
            b'{"event":{"type":"alarm","positionId":9,"attributes":{"alarm":"sos"}},"device":{"uniqueId":"69"},'
            b'"position":{"id":9,"latitude":37.4,"attributes":{"sat":7}}}',
            "sos",
            _POSITION,
            is_another=_is_of_another_watch,
        ),
        Cry(
            "traccar position",
            "traccar:69",
            button,
            "positions",
            b'{"position":{"id":9,"attributes":{"alarm":"lowBattery,sos","batteryLevel":9}},"device":{"uniqueId":"69"}}',
            "sos",
            _POSITION,
            is_another=_is_of_another_watch,
        ),
        Cry(
            "traccar fall",
            "traccar:69",
            fall,
            "positions",
            b'{"position":{"attributes":{"alarm":"fallDown","motion":false}},"device":{"uniqueId":"69"}}',
            "fall",
            _POSITION,
            also=frozenset({"sos"}),
            is_another=_is_of_another_watch,
        ),
        Cry(
            "watch alarm",
            "watch:6907919734",
            button,
            "",
            _AL,
            "sos",
            protocol="watch",
            also=_BITS,
        ),
        Cry(
            "watch position",
            "watch:6907919734",
            button,
            "",
            _UD,
            "sos",
            protocol="watch",
            also=_BITS,
        ),
        Cry(
            "iw alarm", "iw:353456789012345", button, "", _AP10, "sos", protocol="iw", is_another=_is_other_iw
        ),
        Cry(
            "iw fall",
            "iw:353456789012345",
            fall,
            "",
            b"@353456789012345 IWAPFD#",
            "fall",
            protocol="iw",
            is_another=_is_other_iw,
        ),
        Cry(
            "contact id",
            "sia:1234",
            button,
            "",
            sealed(b'"ADM-CID"0001R1L0#1234[#1234|1101 01 005]'),
            "sos",
            protocol="sia_dc09",
        ),
        Cry(
            "contact id, damaged before it was sealed",
            "sia:1234",
            button,
            "",
            b'"ADM-CID"0001R1L0#1234[#1234|1101 01 005]',
            "sos",
            protocol="sia_dc09",
            wrap=sealed,
            also=_CODES,
            is_another=_is_other_event,
        ),
        Cry(
            "sia, damaged before it was sealed",
            "sia:1234",
            button,
            "",
            b'"SIA-DCS"0002R1L0#1234[#1234|Nri1/QA5]',
            "sos",
            protocol="sia_dc09",
            wrap=sealed,
            also=_CODES,
            is_another=_is_other_event,
        ),
        Cry(
            "sia",
            "sia:1234",
            button,
            "",
            sealed(b'"SIA-DCS"0002R1L0#1234[#1234|Nri1/QA5]_00:15:30,11-20-2026'),
            "sos",
            protocol="sia_dc09",
        ),
        Cry(
            "scaip",
            "scaip:123456",
            button,
            "",
            b"<mrq><ref>1234</ref><cid>123456</cid><dty>0003</dty><stc>0010</stc></mrq>",
            "sos",
            protocol="scaip",
            also=_CODES,
            is_another=_is_other_request,
        ),
    ]
