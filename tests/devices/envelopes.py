"""The same words of a device as each family carries them: an example of a profile on the wire."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass

import orjson

from devices.profiles import Example

Messages = list[tuple[str, bytes]]


@dataclass(frozen=True)
class Envelope:
    """`wrap` gives the messages, topic and payload, that say an example; `key` is who says them."""

    family: str
    key: str
    wrap: Callable[[Example], Messages]


def _zigbee2mqtt(example: Example) -> Messages:
    return [("zigbee2mqtt/home17/device", orjson.dumps(example.said))]


def _chirpstack(example: Example) -> Messages:
    body = {"deduplicationId": "a", "data": example.data, "object": example.said or None}
    return [("application/1/device/24e124535b316056/event/up", orjson.dumps(body))]


def _tts(example: Example) -> Messages:
    uplink = {"f_cnt": 5, "frm_payload": example.data, "decoded_payload": example.said}
    ids = {"device_id": "button", "dev_eui": "24E124535B316056"}
    body = {
        "end_device_ids": ids,
        "uplink_message": {name: value for name, value in uplink.items() if value},
    }
    return [("v3/homes@anxin/devices/button/up", orjson.dumps(body))]


def _loriot(example: Example) -> Messages:
    body: dict[str, object] = {"cmd": "rx", "EUI": "24-E1-24-53-5B-31-60-56", "fcnt": 2, "port": 85}
    body |= {"ts": 1684478801936, "data": b64decode(example.data).hex().upper()}
    if example.said:
        body["decoded"] = {"data": example.said}
    return [("loriot/homes/uplink", orjson.dumps(body))]


def _shelly(example: Example) -> Messages:
    method = "NotifyEvent" if "events" in example.said else "NotifyStatus"
    body = {"src": "shellyhub-1", "method": method, "params": example.said}
    return [("shellyhub-1/events/rpc", orjson.dumps(body))]


def _shelly_gen1(example: Example) -> Messages:
    places = {"input_event": "input_event/0"}
    return [
        (f"shellies/shellyone-1/{places.get(name, name)}", _bare(value))
        for name, value in example.said.items()
    ]


def _tasmota(example: Example) -> Messages:
    body = {"Time": "2026-11-20T08:15:29", "ZbReceived": {"0xCBA4": example.said}}
    return [("tele/bridge/SENSOR", orjson.dumps(body))]


def _esphome(example: Example) -> Messages:
    return [
        (
            f"cord/{name}/state",
            orjson.dumps({"event_type": value}) if name.startswith("event/") else _bare(value),
        )
        for name, value in example.said.items()
    ]


def _traccar(example: Example) -> Messages:
    body = {"device": {"id": 7, "uniqueId": "6907919734"}} | example.said
    return [("events" if "event" in example.said else "positions", orjson.dumps(body))]


def _bare(value: object) -> bytes:
    return value.encode() if isinstance(value, str) else orjson.dumps(value)


LORA = "lora:24e124535b316056"
ENVELOPES: dict[str, tuple[Envelope, ...]] = {
    "zigbee2mqtt": (Envelope("zigbee2mqtt", "z2m:home17/device", _zigbee2mqtt),),
    "lorawan": (
        Envelope("chirpstack", LORA, _chirpstack),
        Envelope("tts", LORA, _tts),
        Envelope("loriot", LORA, _loriot),
    ),
    "shelly": (Envelope("shelly", "shelly:shellyhub-1", _shelly),),
    "shelly_gen1": (Envelope("shelly_gen1", "shelly:shellyone-1", _shelly_gen1),),
    "tasmota": (Envelope("tasmota", "tasmota:bridge/0xCBA4", _tasmota),),
    "traccar": (Envelope("traccar", "traccar:6907919734", _traccar),),
    "esphome": (Envelope("esphome", "esphome:cord", _esphome),),
}
