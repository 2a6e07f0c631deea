"""ChirpStack v4 (LoRaWAN): uplinks, joins, status reports; `application/<id>/device/<devEui>/event/<event>`.

The body is JSON made from protobuf: what is absent is zero.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from devices.formats import lorawan
from devices.formats.document import Unreadable, line, moment, read_object
from devices.formats.family import Family
from devices.formats.meaning import Heard, alive, charge_reading, digest, unique_without_id, unreadable
from devices.profiles import Battery, Profiles
from devices.signal import Found, Frame, Levels, Reading, Registry

SIZE_LIMIT: Final = lorawan.SIZE_LIMIT
_NAMES: Final = """
    deduplicationId time deviceInfo devAddr adr dr fCnt fPort confirmed data object rxInfo txInfo relayRxInfo
    joinServerContext regionConfigId
"""
_ENVELOPE: Final = lorawan.Envelope("fPort", frozenset(_NAMES.split()))
# About what was sent to a device, and the network.
_NOT_ITS_OWN: Final = frozenset({"ack", "txack", "log", "location", "integration"})
_MARKS: Final = frozenset({"devAddr", "fCnt", "time"})  # what tells one uplink from the next
_STATUS_BATTERY: Final = Battery("batteryLevel", low=10, percent=True)


def read(frame: Frame, registry: Registry, levels: Levels, profiles: Profiles) -> Reading:
    """Read one frame of ChirpStack. The topic names the device: the broker's rules vouch for it."""
    steps = frame.topic.split("/")
    dev_eui, event = steps[3].lower(), steps[5]
    if event in _NOT_ITS_OWN:
        return Reading()
    device_key = f"lora:{dev_eui}"
    enrolment = registry.find(device_key)
    heard = Heard(frame, device_key, enrolment, unique=f"{device_key}#{digest(frame.payload)}")
    if event not in ("up", "join", "status"):
        return unreadable(heard, "an event that nobody knows", levels) if heard.calls_people else Reading()
    body = read_object(frame.payload, SIZE_LIMIT)
    if isinstance(body, Unreadable) or not body:
        return unreadable(heard, body.reason if isinstance(body, Unreadable) else "nothing in it", levels)
    heard = Heard(frame, device_key, enrolment, _unique(device_key, body, frame), moment(body.get("time")))
    if event == "join":
        return Reading(beats=alive(heard))
    if event == "status":
        return _status(heard, body, levels)

    data = lorawan.from_base64(body.get("data"))
    reading = lorawan.uplink(heard, body.get("object"), data, profiles, levels, _ENVELOPE, body)
    gateways = lorawan.by_strength(body.get("rxInfo"), lambda one: one.get("gatewayId"))
    if enrolment is None:
        reading = replace(reading, found=(_found(device_key, body, gateways),))
    return lorawan.passed_on(reading, heard, gateways, registry)


def _found(device_key: str, body: dict[str, object], gateways: list[str]) -> Found:
    """What the network server knows of a device of nobody: who set it up named its model there."""
    about = body.get("deviceInfo")
    about = about if isinstance(about, dict) else {}
    return Found(
        device_key,
        model=line(about.get("deviceProfileName")),
        name=line(about.get("deviceName")),
        hub=gateways[0] if gateways else "",
    )


def _status(heard: Heard, body: dict[str, object], levels: Levels) -> Reading:
    """`batteryLevel` is percent and left out when it is 0; two flags say that there is none."""
    if body.get("externalPowerSource") is True or body.get("batteryLevelUnavailable") is True:
        return Reading(beats=alive(heard))
    level = body.get("batteryLevel", 0)
    if not isinstance(level, int | float) or isinstance(level, bool):
        return unreadable(heard, "batteryLevel is not a number", levels)
    return charge_reading(heard, level, _STATUS_BATTERY, levels)


def _unique(device_key: str, body: dict[str, object], frame: Frame) -> str:
    """The network server's own id, or the counter within the session.

    The digest is there because a device activated by personalisation starts its counter again in the same
    session: its next press must not be taken for an old one.
    """
    uplink = body.get("deduplicationId")
    if isinstance(uplink, str) and 0 < len(uplink) <= lorawan.ID_LIMIT:
        return f"{device_key}#{uplink}"
    if body.keys().isdisjoint(_MARKS):
        return unique_without_id(device_key, frame)
    session, counter = str(body.get("devAddr", ""))[: lorawan.ID_LIMIT], body.get("fCnt", 0)
    count = counter if isinstance(counter, int) else 0
    return f"{device_key}#{session}/{count}/{digest(frame.payload)}"


FAMILY: Final = Family("chirpstack", ("application/+/device/+/event/+",), read)
