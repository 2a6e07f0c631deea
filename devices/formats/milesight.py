"""Milesight's bytes - channel, type, value - as much of them as help buttons and leak sensors say."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NotBase64
from typing import Final

from devices.formats.document import Unreadable

_PRESSES: Final = {1: "short press", 2: "long press", 3: "double press"}
_LEAK: Final = {0: "normal", 1: "leak"}

# What a device tells of itself after a join: (channel, type) -> length of the value.
_ABOUT: Final = {
    (0xFF, 0x01): 1,  # protocol version
    (0xFF, 0x09): 2,  # hardware version
    (0xFF, 0x0A): 2,  # firmware version
    (0xFF, 0x0B): 1,  # switched on
    (0xFF, 0x0F): 1,  # LoRaWAN class
    (0xFF, 0x16): 8,  # serial number
    (0xFF, 0xFE): 1,  # reset
    (0xFF, 0xFF): 2,  # TSL version
    (0x03, 0x67): 2,  # temperature
    (0x04, 0x68): 1,  # humidity
}


def decode(data: object) -> dict[str, object] | Unreadable:
    """The properties that the official decoder would give.

    `data` is base64; `AXUQ/y4B` is a press at 16 % battery.
    """
    try:
        octets = b64decode(data, validate=True) if isinstance(data, str) else b""
    except (NotBase64, ValueError):
        return Unreadable("data is not base64")
    said: dict[str, object] = {}
    at = 0
    while at < len(octets):
        match tuple(octets[at : at + 3]):
            case (0x01, 0x75, charge):
                said["battery"] = charge
                at += 3
            case (0xFF, 0x2E, press) if press in _PRESSES:
                said["button_event"] = {"status": _PRESSES[press]}
                at += 3
            case (0x03 | 0x05, 0x00, leak) if leak in _LEAK:
                said["leakage_status"] = _LEAK[leak]
                at += 3
            case (channel, type_, _) if (channel, type_) in _ABOUT:
                said["device_status"] = "reported"
                at += 2 + _ABOUT[channel, type_]
                if at > len(octets):
                    return Unreadable("the bytes end too soon")
            case _:
                return Unreadable(f"Milesight bytes that nobody mapped: {octets[at : at + 3].hex()}")
    return said or Unreadable("no bytes")
