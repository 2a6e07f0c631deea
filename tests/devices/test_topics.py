"""Every topic belongs to one family, whatever the others' filters let in."""

from __future__ import annotations

import pytest

from devices import formats
from devices.formats.family import covers

OWNERS = {
    "care/kenli/btn-1/signal": "native",
    "zigbee2mqtt/home17/bedside": "zigbee2mqtt",
    "zigbee2mqtt/home17/bridge/state": "zigbee2mqtt",
    "application/1/device/24e124535b316056/event/up": "chirpstack",
    "application/1/device/24e124535b316056/event/status": "chirpstack",
    "v3/homes@anxin/devices/bedside/up": "tts",
    "v3/homes/devices/bedside/join": "tts",
    "loriot/homes/uplink": "loriot",
    "shellies/shellyflood-1/sensor/flood": "shelly_gen1",
    "shellies/shellybutton1-1/input_event/0": "shelly_gen1",
    "shellies/i3/input/0": "shelly_gen1",
    "shellies/i3/longpush/0": "shelly_gen1",
    "shellies/shellymotion-1/status": "shelly_gen1",
    "shellies/shellyflood-1/online": "shelly_gen1",
    "tele/bridge/SENSOR": "tasmota",
    "tele/bridge/DoorSensor/SENSOR": "tasmota",
    "tele/bridge/LWT": "tasmota",
    "tele/bridge/STATE": "tasmota",
    "stat/bridge/RESULT": "tasmota",
    "tele/home17/bridge/LWT": "tasmota",
    "tele/home17/bridge/STATE": "tasmota",
    "stat/home17/bridge/RESULT": "tasmota",
    "homie/kitchen/$state": "homie",
    "homie/5/kitchen/$state": "homie",
    "shellyplussmoke-80646fd09ed4/events/rpc": "shelly",
    "shellyplussmoke-80646fd09ed4/online": "shelly",
    "shellyplussmoke-80646fd09ed4/status/smoke:0": "shelly",
    "home17/hub/events/rpc": "shelly",
    "home17/hub/online": "shelly",
    "homeassistant/binary_sensor/cord/config": "ha_discovery",
    "homeassistant/binary_sensor/kitchen/smoke/config": "ha_discovery",
    "owntracks/wang/phone": "owntracks",
    "events": "traccar",
    "positions": "traccar",
    "traccar/events": "traccar",
    "traccar/positions": "traccar",
    "cord/status": "esphome",
    "cord/binary_sensor/pull_cord/state": "esphome",
    "cord/event/button/state": "esphome",
    "cord/sensor/battery/state": "esphome",
    "cord/text_sensor/state/state": "esphome",
    "home/cord/status": "esphome",
    "home/cord/binary_sensor/pull_cord/state": "esphome",
    "home/cord/event/button/state": "esphome",
    "home/cord/sensor/battery/state": "esphome",
    "home/cord/text_sensor/state/state": "esphome",
    # What a filter of another family would let in, too.
    "zigbee2mqtt/online": "zigbee2mqtt",
    "zigbee2mqtt/status": "zigbee2mqtt",
    "zigbee2mqtt/status/kitchen": "zigbee2mqtt",
    "zigbee2mqtt/home17/online": "zigbee2mqtt",
    "zigbee2mqtt/events/rpc": "zigbee2mqtt",
    "zigbee2mqtt/binary_sensor/x/state": "zigbee2mqtt",
    "loriot/online": "loriot",
    "owntracks/wang/online": "owntracks",
    "tele/status/SENSOR": "tasmota",
}


@pytest.mark.parametrize("topic, family", OWNERS.items())
def test_the_topic_is_read_by_its_own_family(topic: str, family: str) -> None:
    owner = formats.family(topic)
    assert owner is not None
    assert owner.name == family


def test_every_family_that_speaks_over_mqtt_is_among_them() -> None:
    assert {each.name for each in formats.FAMILIES if each.topics} == set(OWNERS.values())


def test_every_filter_lets_one_of_them_in() -> None:
    for each in formats.FAMILIES:
        mine = [topic for topic, family in OWNERS.items() if family == each.name]
        for topic_filter in each.topics:
            assert any(covers(topic_filter, topic) for topic in mine), topic_filter
