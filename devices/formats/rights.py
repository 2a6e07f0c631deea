"""What a device that logs in at the broker may say and hear there, by its key: its own topics only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# Topics begin so that belong to families whose devices stand below: no device may be called like one of them.
_TAKEN: Final = frozenset(
    {"care", "zigbee2mqtt", "application", "v3", "loriot", "shellies", "tele", "stat", "homie", "owntracks"}
    | {"homeassistant", "events", "positions", "traccar", "anxin"}
)


@dataclass(frozen=True, slots=True)
class Rights:
    """Topic filters that a login may publish to, and those that it may subscribe to and hear."""

    says: frozenset[str] = frozenset()
    hears: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.says or self.hears)

    def __or__(self, other: Rights) -> Rights:
        return Rights(self.says | other.says, self.hears | other.hears)


NONE: Final = Rights()


def rights(key: str) -> Rights:
    """Those of the device with this key; none when something else speaks for it (a hub, a network server)."""
    family, _, name = key.partition(":")
    if not name or not name.isprintable() or name != name.strip() or {"+", "#"} & set(name):
        return NONE  # no topic, or more than one
    match family:
        case "care" if name.count("/") == 1 and all(name.split("/")):
            return Rights(_topics("care/{}/signal", name), _topics("care/{}/ack care/{}/cmd", name))
        case "z2m" if name == "bridge" or name.endswith("/bridge"):
            whole = frozenset({f"zigbee2mqtt/{name.removesuffix('bridge')}#"})
            return Rights(whole, whole)
        case "tasmota":
            return Rights(_topics("tele/{}/# stat/{}/#", name.partition("/")[0]))
        case "homie":
            return Rights(_topics("homie/{}/# homie/5/{}/#", name.partition("/")[0]))
        case "owntracks":
            return Rights(_topics("owntracks/{} owntracks/{}/#", name))
        case "shelly" | "esphome" if name.partition("/")[0] not in _TAKEN and not name.startswith("$"):
            return _by_prefix(family, name)
    return NONE


def said_on(key: str) -> frozenset[str]:
    """MQTT filters of which a device with this key speaks on some; none where its key does not tell.

    Of those behind a network server, and of Zigbee devices known by their address, it does not.
    """
    family, _, name = key.partition(":")
    if family == "ha":
        return frozenset({name})
    if family == "z2m" and not name.endswith("bridge"):
        address = name.rpartition("/")[2].startswith("0x")
        return frozenset() if address else frozenset({f"zigbee2mqtt/{name}"})
    return rights(key).says


def _by_prefix(family: str, name: str) -> Rights:
    """A Shelly's topics begin with its prefix, those of an ESPHome node with its name."""
    if family == "esphome":  # behind a / stands its sensor, or the second step of its prefix
        nodes = ("/".join(name.split("/")[:steps]) for steps in (1, 2))
        says = (_topics("{}/status {}/+/+/state homeassistant/binary_sensor/{}/#", node) for node in nodes)
        return Rights(frozenset().union(*says))
    prefix, _, component = name.rpartition("/")
    if ":" not in component:
        prefix = name
    return Rights(_topics("{}/events/rpc {}/online {}/status/+ shellies/{}/#", prefix))


def _topics(patterns: str, name: str) -> frozenset[str]:
    return frozenset(pattern.replace("{}", name) for pattern in patterns.split())
