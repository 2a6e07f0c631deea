"""How the devices of other makers talk: their words as bytes on topics, written from the makers' documents.

As in `speech`, no line is shared with the decoders.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

import orjson

from devices.signal import Role
from devices.sim.roster import Device

LET_GO: Final = 2.0  # seconds until a cord that was pulled is let go
_EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Said:
    """One message: on which topic, what, whether the broker keeps it, how many seconds after the word."""

    topic: str
    payload: bytes
    retain: bool = False
    after: float = 0


Voice = Callable[[Device, str, Random], list[Said]]

_BUTTONS: Final = frozenset({Role.HELP_BUTTON, Role.SERVICE_BUTTON})
_DETECTORS: Final[Mapping[str, Role]] = {
    "smoke": Role.SMOKE_DETECTOR,
    "smoke_over": Role.SMOKE_DETECTOR,
    "leak": Role.LEAK_SENSOR,
    "gas": Role.GAS_DETECTOR,
    "motion": Role.MOTION_SENSOR,
}
_WORDS: Final[Mapping[str, frozenset[str]]] = {
    "shelly": frozenset({"press", "smoke", "smoke_over", "leak", "heartbeat", "go_offline", "come_back"}),
    "shelly_gen1": frozenset({"press", "smoke", "smoke_over", "leak", "gas", "heartbeat"}),
    "tasmota": frozenset(
        {"press", "smoke", "smoke_over", "leak", "motion", "heartbeat", "go_offline", "come_back"}
    ),
    "esphome": frozenset(
        {"press", "smoke", "smoke_over", "leak", "gas", "motion", "heartbeat", "go_offline", "come_back"}
    ),
    "traccar": frozenset({"press", "fall", "heartbeat"}),
    "owntracks": frozenset({"heartbeat"}),
    "homie": frozenset({"heartbeat", "go_offline", "come_back"}),
    "ha_discovery": frozenset({"press", "smoke", "smoke_over", "leak", "gas", "motion", "heartbeat"}),
    "tts": frozenset({"press", "heartbeat"}),
    "loriot": frozenset({"press", "heartbeat"}),
}


def can_say(device: Device, word: str) -> bool:
    """Whether such a device has this word at all."""
    if word not in _WORDS[device.family]:
        return False
    match word:
        case "heartbeat":
            return True
        case "go_offline" | "come_back":
            return device.role is Role.HUB
        case "press" | "fall":
            return device.role in _BUTTONS and (word == "press" or device.role is Role.HELP_BUTTON)
        case _:
            return device.role is _DETECTORS[word]


def say(device: Device, word: str, dice: Random) -> list[Said]:
    """What the device sends when `word` happens to it, and it has that word."""
    return _VOICES[device.family](device, word, dice)


def _shelly(device: Device, word: str, dice: Random) -> list[Said]:
    """Gen2 and later. A press is told as it goes down, as it comes up and as what it was."""
    prefix = device.topic.removesuffix("/events/rpc")
    if word in ("go_offline", "come_back"):
        return [Said(f"{prefix}/online", b"true" if word == "come_back" else b"false", retain=True)]
    component = device.key.partition("/")[2] or "input:0"
    moment = round(_EPOCH.timestamp() + dice.random() * 3e7, 2)

    def notify(method: str, **parameters: object) -> Said:
        body = {"src": prefix, "dst": f"{prefix}/events", "method": method}
        return Said(device.topic, orjson.dumps(body | {"params": {"ts": moment} | parameters}))

    match word:
        case "press":
            told = (
                ("single_push",) if component.startswith("bthome") else ("btn_down", "btn_up", "single_push")
            )
            return [
                notify("NotifyEvent", events=[{"component": component, "id": 0, "event": each, "ts": moment}])
                for each in told
            ]
        case "smoke" | "smoke_over":
            return [notify("NotifyStatus", **{"smoke:0": {"id": 0, "alarm": word == "smoke", "mute": False}})]
        case "leak":
            return [notify("NotifyStatus", **{"flood:0": {"id": 0, "alarm": True, "mute": False}})]
        case _:
            battery = {"V": 2.9, "percent": dice.randint(40, 100)}
            system = {"unixtime": int(moment), "uptime": dice.randint(1, 10_000)}
            return [
                notify("NotifyFullStatus", **{"devicepower:0": {"id": 0, "battery": battery}, "sys": system})
            ]


def _shelly_gen1(device: Device, word: str, dice: Random) -> list[Said]:
    """The first generation: one property, one topic."""
    match word:
        case "press":
            press = {"event": dice.choice(("S", "SS", "L")), "event_cnt": dice.randint(1, 9999)}
            return [Said(f"{device.topic}/input_event/0", orjson.dumps(press))]
        case "smoke" | "smoke_over":
            return [Said(f"{device.topic}/sensor/smoke", b"true" if word == "smoke" else b"false")]
        case "leak":
            return [Said(f"{device.topic}/sensor/flood", b"true")]
        case "gas":
            return [Said(f"{device.topic}/sensor/gas", b"heavy")]
        case _:
            return [Said(f"{device.topic}/sensor/battery", str(dice.randint(40, 100)).encode())]


def _tasmota(device: Device, word: str, dice: Random) -> list[Said]:
    """A Zigbee device behind a bridge; or the bridge itself."""
    bridge = device.topic.removesuffix("/SENSOR")
    if word in ("go_offline", "come_back"):
        return [Said(f"{bridge}/LWT", b"Online" if word == "come_back" else b"Offline", retain=True)]
    if device.role is Role.HUB:
        return [
            Said(f"{bridge}/STATE", orjson.dumps({"Uptime": "0T01:00:00", "Heap": dice.randint(100, 150)}))
        ]
    name = device.key.partition("/")[2]
    words: dict[str, dict[str, object]] = {
        "press": {"0500!00": "020000FF0000"},
        "smoke": {"0500<00": "010000010000", "ZoneStatusChange": 1, "Fire": 1},
        "smoke_over": {"0500<00": "000000010000", "ZoneStatusChange": 0, "Fire": 0},
        "leak": {"0500<00": "010000010000", "ZoneStatusChange": 1, "Water": 1},
        "motion": {"Occupancy": 1},
    }
    attributes = words.get(word, {"BatteryPercentage": dice.randint(40, 100)})
    told = {
        "Device": "0xCBA4",
        "Name": name,
        **attributes,
        "Endpoint": 1,
        "LinkQuality": dice.randint(20, 200),
    }
    return [Said(device.topic, orjson.dumps({"ZbReceived": {"0xCBA4": told}}))]


def _esphome(device: Device, word: str, dice: Random) -> list[Said]:
    """A contact, ON or OFF, which the broker keeps; a cord is let go again."""
    node = device.topic.split("/")[0]
    match word:
        case "go_offline" | "come_back":
            return [Said(f"{node}/status", b"online" if word == "come_back" else b"offline", retain=True)]
        case "heartbeat":
            return [
                Said(f"{node}/sensor/wifi_signal/state", str(-dice.randint(40, 80)).encode(), retain=True)
            ]
        case "press" | "motion":
            return [Said(device.topic, b"ON", retain=True), Said(device.topic, b"OFF", True, LET_GO)]
        case _:
            return [Said(device.topic, b"OFF" if word == "smoke_over" else b"ON", retain=True)]


def _traccar(device: Device, word: str, dice: Random) -> list[Said]:
    """What Traccar forwards of a pendant: the position, and of an alarm the event about it."""
    alarm = {"press": "sos", "fall": "fallDown"}.get(word, "")
    heard_at = (_EPOCH + timedelta(milliseconds=dice.randrange(3 * 10**10))).isoformat(
        timespec="milliseconds"
    )
    attributes = {"batteryLevel": dice.randint(40, 100), **({"alarm": alarm} if alarm else {})}
    place = {
        "id": 0,
        "deviceId": 7,
        "serverTime": heard_at,
        "deviceTime": heard_at,
        "valid": True,
        "outdated": False,
        "latitude": round(37.46 + dice.uniform(-0.01, 0.01), 6),
        "longitude": round(118.49 + dice.uniform(-0.01, 0.01), 6),
        "accuracy": 15.0,
        "attributes": attributes,
    }
    owner = {"id": 7, "uniqueId": device.key.partition(":")[2]}
    said = [Said(device.topic, orjson.dumps({"position": place, "device": owner}))]
    if alarm:
        event = {
            "id": dice.randint(1, 99_999),
            "type": "alarm",
            "deviceId": 7,
            "attributes": {"alarm": alarm},
        }
        stored = place | {"id": dice.randint(1, 99_999)}
        body = {"event": event, "position": stored, "device": owner}
        said.append(Said(device.topic.replace("positions", "events"), orjson.dumps(body)))
    return said


def _owntracks(device: Device, _: str, dice: Random) -> list[Said]:
    where = {"lat": round(37.46 + dice.uniform(-0.01, 0.01), 6), "lon": 118.49, "acc": 12}
    body = {"_type": "location", "t": "p", "batt": dice.randint(40, 100), "tst": 1767225600, **where}
    return [Said(device.topic, orjson.dumps(body), retain=True)]


def _homie(device: Device, word: str, _: Random) -> list[Said]:
    """Whether it is there: `lost` is what its will says."""
    return [Said(device.topic, b"lost" if word == "go_offline" else b"ready", retain=True)]


_CLASSES: Final[Mapping[Role, str]] = {
    Role.HELP_BUTTON: "safety",
    Role.SMOKE_DETECTOR: "smoke",
    Role.LEAK_SENSOR: "moisture",
    Role.GAS_DETECTOR: "gas",
    Role.MOTION_SENSOR: "motion",
}


def _home_assistant(device: Device, word: str, _: Random) -> list[Said]:
    """A binary sensor that announces itself, and then says its state; a button is let go again."""
    name = device.topic.replace("/", "_")
    announced: dict[str, object] = {"name": name, "unique_id": name, "state_topic": device.topic}
    if class_ := _CLASSES.get(device.role):
        announced["device_class"] = class_
    config = Said(f"homeassistant/binary_sensor/{name}/config", orjson.dumps(announced), retain=True)
    words = (b"OFF", b"ON") if device.role is Role.BED_SENSOR else (b"ON", b"OFF")
    on, off = (Said(device.topic, said, retain=True) for said in words)
    match word:
        case "press" | "motion":
            return [config, on, replace(off, after=LET_GO)]
        case "heartbeat" | "smoke_over":
            return [config, off]
        case _:
            return [config, on]


def _ws101(word: str, dice: Random) -> bytes:
    """A Milesight WS101: 01 75 is the battery, ff 2e 01 a short press."""
    return bytes([0x01, 0x75, dice.randint(40, 100)]) + (b"\xff\x2e\x01" if word == "press" else b"")


def _tts(device: Device, word: str, dice: Random) -> list[Said]:
    dev_eui = device.key.partition(":")[2].upper()
    uplink = {
        "session_key_id": "AYfqmb0pc/1uRZv9xUydgQ==",
        "f_port": 85,
        "f_cnt": dice.randint(1, 65_535),
        "frm_payload": b64encode(_ws101(word, dice)).decode(),
    }
    ids = {"device_id": f"eui-{dev_eui.lower()}", "dev_eui": dev_eui}
    return [Said(device.topic, orjson.dumps({"end_device_ids": ids, "uplink_message": uplink}))]


def _loriot(device: Device, word: str, dice: Random) -> list[Said]:
    """Each uplink is told at once, and again with everybody who heard it."""
    uplink = {
        "EUI": device.key.partition(":")[2].upper(),
        "fcnt": dice.randint(1, 65_535),
        "port": 85,
        "ts": int(_EPOCH.timestamp() * 1000) + dice.randrange(3 * 10**10),
        "data": _ws101(word, dice).hex().upper(),
    }
    return [
        Said(device.topic, orjson.dumps({"cmd": "rx"} | uplink)),
        Said(device.topic, orjson.dumps({"cmd": "gw", "gws": [{"rssi": -60}]} | uplink), after=1),
    ]


_VOICES: Final[Mapping[str, Voice]] = {
    "shelly": _shelly,
    "shelly_gen1": _shelly_gen1,
    "tasmota": _tasmota,
    "esphome": _esphome,
    "traccar": _traccar,
    "owntracks": _owntracks,
    "homie": _homie,
    "ha_discovery": _home_assistant,
    "tts": _tts,
    "loriot": _loriot,
}
FAMILIES: Final = frozenset(_VOICES)
