"""Contacts are sold normally open and normally closed: who enrols a door or a bed says which it is."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from devices.signal import Enrolment, Role
from tests.devices.street import Street

BED, DOOR = Role.BED_SENSOR, Role.DOOR_SENSOR


def input_is(state: bool) -> str:
    said = {"src": "s", "method": "NotifyStatus", "params": {"input:0": {"id": 0, "state": state}}}
    return orjson.dumps(said).decode()


CONTACTS = [
    (BED, "z2m:bed", "zigbee2mqtt/bed", '{"contact":false}', '{"contact":true}', ("OWON", "SPM915")),
    (BED, "z2m:bed", "zigbee2mqtt/bed", '{"contact":false}', '{"contact":true}', ("", "")),
    (BED, "shelly:s", "s/events/rpc", input_is(False), input_is(True), ("", "")),
    (BED, "esphome:bed", "bed/binary_sensor/pad/state", "OFF", "ON", ("", "")),
    (BED, "ha:house/bed", "house/bed", "OFF", "ON", ("", "")),
    (DOOR, "z2m:door", "zigbee2mqtt/door", '{"contact":false}', '{"contact":true}', ("", "")),
    (DOOR, "shelly:s", "s/events/rpc", input_is(True), input_is(False), ("", "")),
    (DOOR, "shelly:g", "shellies/g/sensor/state", "open", "close", ("", "")),
    (DOOR, "esphome:door", "door/binary_sensor/reed/state", "ON", "OFF", ("", "")),
    (DOOR, "tasmota:d", "tele/d/SENSOR", '{"Switch1":"ON"}', '{"Switch1":"OFF"}', ("", "")),
    (DOOR, "ha:house/door", "house/door", "ON", "OFF", ("", "")),
]


def heard(inverted: bool, role: Role, key: str, topic: str, model: tuple[str, str], *said: str) -> list[str]:
    street = Street()
    street.enrolled[key] = Enrolment(key, role, *model, inverted=inverted)
    told = []
    for payload in said:
        street.pass_time(60)
        told += street.understood(topic, payload)
    return told


@pytest.mark.parametrize(("role", "key", "topic", "alarm", "well", "model"), CONTACTS)
def test_its_other_state_is_the_alarm(
    role: Role, key: str, topic: str, alarm: str, well: str, model: tuple[str, str]
) -> None:
    kind = "bed_exit" if role is BED else "door"
    usual = heard(False, role, key, topic, model, well, alarm, alarm, well)
    turned = heard(True, role, key, topic, model, alarm, well, well, alarm)
    assert usual == turned == [kind, f"{kind} clear"]


def test_no_other_device_is_turned_round() -> None:
    for role in Role:
        if role in (BED, DOOR):
            continue
        street, other = Street(), Street()
        street.enrolled["z2m:x"] = Enrolment("z2m:x", role)
        other.enrolled["z2m:x"] = replace(street.enrolled["z2m:x"], inverted=True)
        for said in (
            '{"smoke":true,"water_leak":true}',
            '{"action":"single"}',
            '{"contact":false,"gas":true}',
        ):
            assert street.understood("zigbee2mqtt/x", said) == other.understood("zigbee2mqtt/x", said)


def test_what_else_a_turned_sensor_says_means_what_it_did() -> None:
    street = Street()
    street.enrolled["z2m:bed"] = Enrolment("z2m:bed", BED, inverted=True)
    assert street.understood("zigbee2mqtt/bed", '{"contact":false,"tamper":true,"battery_low":true}') == [
        "low_battery",
        "tamper",
    ]
