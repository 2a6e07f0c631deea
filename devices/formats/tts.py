"""The Things Stack v3 (LoRaWAN): uplinks and joins; `v3/<app>@<tenant>/devices/<device id>/<event>`.

Its MQTT server speaks QoS 0 only: what is said while nobody listens is lost. The body is JSON made from
protobuf: what is absent is zero, false or empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from devices.formats import lorawan
from devices.formats.document import Unreadable, line, moment, percent, read_object
from devices.formats.family import Family, whose
from devices.formats.meaning import Heard, alive, charge_reading, digest, unique_without_id, unreadable
from devices.profiles import Battery, Profiles
from devices.signal import Found, Frame, Levels, Reading, Registry

SIZE_LIMIT: Final = lorawan.SIZE_LIMIT

_NAMES: Final = """
    session_key_id f_port f_cnt frm_payload decoded_payload decoded_payload_warnings normalized_payload
    normalized_payload_warnings rx_metadata settings received_at confirmed consumed_airtime locations
    version_ids network_ids last_battery_percentage packet_error_rate app_s_key attributes
"""
_ENVELOPE: Final = lorawan.Envelope("f_port", frozenset(_NAMES.split()))
_MARKS: Final = frozenset({"session_key_id", "f_cnt", "received_at"})  # what tells one uplink from the next
_LAST_BATTERY: Final = Battery("last_battery_percentage", low=10, percent=True)
_MINUTES: Final = 600  # seconds


def read(frame: Frame, registry: Registry, levels: Levels, profiles: Profiles) -> Reading:
    """Read one frame of The Things Stack.

    The device is enrolled by its devEui as on any other network server, or as `tts:<app>/<device id>`.
    """
    _, app, _, device, event = (*frame.topic.split("/"), "", "", "", "")[:5]
    body = read_object(frame.payload, SIZE_LIMIT)
    said = body.salvage if isinstance(body, Unreadable) else body
    device_key, enrolment = whose(
        registry,
        lorawan.key(_inside(said, "end_device_ids").get("dev_eui")),
        lorawan.key(device.removeprefix("eui-")),
        f"tts:{app.partition('@')[0]}/{device}",
    )
    heard = Heard(frame, device_key, enrolment, unique=f"{device_key}#{digest(frame.payload)}")
    if isinstance(body, Unreadable):
        return unreadable(heard, body.reason, levels)
    if event == "join" or "join_accept" in body:
        return Reading(beats=alive(heard))
    if event not in ("up", ""):
        return Reading()

    message = body.get("uplink_message")
    if not isinstance(message, Mapping) or not message:
        return unreadable(heard, "no uplink_message in it", levels)
    heard = replace(
        heard,
        unique=_unique(device_key, message, body, frame),
        device_time=moment(message.get("received_at")) or moment(body.get("received_at")),
    )
    data = lorawan.from_base64(message.get("frm_payload"))
    reading = lorawan.uplink(
        heard, message.get("decoded_payload"), data, profiles, levels, _ENVELOPE, message
    )
    reading = _charged(reading, heard, message, levels)
    gateways = lorawan.by_strength(
        message.get("rx_metadata"), lambda one: _inside(one, "gateway_ids").get("eui")
    )
    if enrolment is None:
        about = _inside(message, "version_ids")
        model = Found(device_key, line(about.get("brand_id")), line(about.get("model_id")), line(device))
        reading = replace(reading, found=(replace(model, hub=gateways[0] if gateways else ""),))
    return lorawan.passed_on(reading, heard, gateways, registry)


def _unique(device_key: str, message: Mapping[str, object], body: Mapping[str, object], frame: Frame) -> str:
    """Session and frame counter tell two uplinks apart, with what was said and in which ten minutes.

    The latter two are there for a device activated by personalisation: it starts its counter again in the
    same session, and its next press must not be taken for an old one.
    """
    if (message.keys() | body.keys()).isdisjoint(_MARKS):
        return unique_without_id(device_key, frame)
    counter = message.get("f_cnt", 0)
    session = str(message.get("session_key_id", ""))[: lorawan.ID_LIMIT]
    count = counter if isinstance(counter, int) else 0
    said = digest(repr((message.get("f_port", 0), message.get("frm_payload", ""))).encode())
    at = moment(message.get("received_at")) or moment(body.get("received_at"))
    return f"{device_key}#{session}/{count}/{said}/{int(at.timestamp()) // _MINUTES if at else ''}"


def _charged(reading: Reading, heard: Heard, message: Mapping[str, object], levels: Levels) -> Reading:
    """The battery as the network server asked it, where the device's own words said nothing of one."""
    status = message.get("last_battery_percentage")
    if not isinstance(status, Mapping) or any(beat.battery is not None for beat in reading.beats):
        return reading
    charge = percent(status.get("value", 0))
    if charge is None:
        return reading
    battery = charge_reading(heard, charge, _LAST_BATTERY, {**levels, **reading.levels})
    return replace(
        reading,
        signals=reading.signals + battery.signals,
        beats=battery.beats,
        levels={**battery.levels, **reading.levels},
    )


def _inside(said: Mapping[str, object], name: str) -> Mapping[str, object]:
    inner = said.get(name)
    return inner if isinstance(inner, Mapping) else {}


FAMILY: Final = Family("tts", ("v3/+/devices/+/up", "v3/+/devices/+/join"), read)
