"""What a person writes as a device's key is what its family says, or is refused with a reason."""

from __future__ import annotations

import pytest

from devices.formats.keys import as_heard
from devices.signal import Role
from tests.devices.street import Street


@pytest.mark.parametrize(
    ("written", "heard"),
    [
        ("lora:24E124535B316056", "lora:24e124535b316056"),
        ("lora:24-E1-24-53-5B-31-60-56", "lora:24e124535b316056"),
        ("LoRa: 24E124535B316056 ", "lora:24e124535b316056"),
        ("lora:gateway/24E124FFFEF0000B", "lora:gateway/24e124fffef0000b"),
        ("z2m:0x00158D0001020304", "z2m:0x00158d0001020304"),
        ("z2m:home17/Bedside", "z2m:home17/Bedside"),
        ("z2m:bridge/sos", "z2m:bridge/sos"),
        ("z2m:home17/bridge", "z2m:home17/bridge"),
        ("shelly:shellyblugwg3-1/bthomedevice:200", "shelly:shellyblugwg3-1/bthomedevice:200"),
        ("shelly:home17/hub", "shelly:home17/hub"),
        ("esphome:bath/pull_cord", "esphome:bath/pull_cord"),
        ("ha:zigbee2mqtt/cord", "ha:zigbee2mqtt/cord"),
        ("sia:#4321/3", "sia:#4321/3"),
        ("traccar:6907919734", "traccar:6907919734"),
        ("care:垦利/床头 1", "care:垦利/床头 1"),
    ],
)
def test_it_is_written_as_it_will_be_heard(written: str, heard: str) -> None:
    assert as_heard(written) == heard
    assert as_heard(heard) == heard


@pytest.mark.parametrize(
    "written",
    [
        "bedside",
        "z2m:",
        " : ",
        "ha:house/+/cord",
        "owntracks:wang/#",
        "z2m:a+b",
        "z2m:bridge/state",
        "z2m:home17/bridge/request/sos",
        "shelly:zigbee2mqtt",
        "esphome:loriot",
    ],
)
def test_what_nobody_could_hear_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        as_heard(written)


def test_a_lorawan_button_whose_label_has_capitals_calls(street: Street) -> None:
    street.enrol(as_heard("lora:24E124535B316056"), Role.HELP_BUTTON)
    topic = "application/1/device/24E124535B316056/event/up"
    assert street.understood(topic, b'{"object":{"button":"short"}}') == ["sos"]
