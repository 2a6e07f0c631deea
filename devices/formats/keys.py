"""The key that a person gives to a device, written as its family will say it; or why nobody would hear it."""

from __future__ import annotations

import re
from typing import Final

from devices.formats import BY_NAME, family, lorawan
from devices.formats.zigbee2mqtt import OF_HUB

_ADDRESS: Final = re.compile(r"0x[0-9a-f]{16}", re.IGNORECASE)
# Whose topics begin with a name that people choose, and one of those topics.
_CHOSEN: Final = {"shelly": "{}/online", "esphome": "{}/status"}
# What stands in a topic as it is; of the others the message says who speaks.
_IN_TOPICS: Final = frozenset(
    {"care", "z2m", "tts", "shelly", "tasmota", "esphome", "homie", "owntracks", "ha"}
)


def as_heard(key: str) -> str:
    """`key` as its family says it: no blanks around it, addresses in small letters without dashes.

    ValueError says what to change in one that no message could ever carry: a device that is enrolled by it
    would be silent for ever.
    """
    kind, colon, name = key.strip().partition(":")
    kind, name = kind.strip().lower(), name.strip()
    if not colon or not name:
        raise ValueError(f"{key!r} is no key: write its family and its name, such as z2m:bedside")
    if kind in _IN_TOPICS and {"+", "#", "\x00"} & set(name):
        raise ValueError(f"no topic may contain + or #: give {name!r} another name in its own network first")
    match kind:
        case "lora":
            above, slash, eui = name.rpartition("/")
            name = above + slash + (lorawan.key(eui).removeprefix("lora:") or eui)
        case "z2m":
            name = name.lower() if _ADDRESS.fullmatch(name) else name
            _, below, last = f"/{name}".rpartition("/bridge/")
            if below and last.partition("/")[0] in OF_HUB:
                raise ValueError(f"on {name!r} the hub itself speaks: rename the device in Zigbee2MQTT first")
        case "shelly" | "esphome":
            owner = family(_CHOSEN[kind].format(name.partition("/")[0]))
            if owner is not BY_NAME[kind]:
                taken = owner.name if owner is not None else "nobody"
                raise ValueError(f"what begins with {name!r} is read as {taken}: give it another topic first")
    return f"{kind}:{name}"
