"""Every topic on which a family speaks is heard at a live broker: subscribed, delivered, read and stored."""

from __future__ import annotations

import pytest

from community.model import Device
from community.storage import register
from devices.formats import FAMILIES, family
from devices.formats.family import covers
from devices.signal import Role
from tests.gateway.conftest import Centre

BUTTON, HUB = Role.HELP_BUTTON, Role.HUB
UPLINK = '{"fCnt":1,"fPort":85,"object":{"button":"short"}}'
THINGS = '{"uplink_message":{"f_cnt":1,"f_port":85,"decoded_payload":{"button":"short"}}}'
LORIOT = '{"cmd":"rx","fcnt":1,"port":85,"decoded":{"data":{"button":"short"}}}'
PUSH = '{"method":"NotifyEvent","params":{"events":[{"component":"input:0","event":"single_push","ts":1}]}}'
TRACCAR = '{"event":{"id":%s,"type":"alarm","attributes":{"alarm":"sos"}},"device":{"uniqueId":"%s"}}'
PLACE = '{"position":{"id":%s,"attributes":{"alarm":"sos"}},"device":{"uniqueId":"%s"}}'
CORD = '{"state_topic":"house/%s","device_class":"safety"}'
HEARD, ANNOUNCED = (
    "heard",
    "announced",
)  # no signal, but a sign of life; what is remembered until it is confirmed

# One device of its own for each filter: the topic, what it says there, its key, its role, what becomes of it.
SAID = [
    ("care/kenli/every-1/signal", '{"v":1,"id":"1","type":"press"}', "care:kenli/every-1", BUTTON, "sos"),
    ("zigbee2mqtt/every/1", '{"action":"single"}', "z2m:every/1", BUTTON, "sos"),
    ("application/1/device/0000000000000001/event/up", UPLINK, "lora:0000000000000001", BUTTON, "sos"),
    ("v3/homes@t/devices/every-1/up", THINGS, "tts:homes/every-1", BUTTON, "sos"),
    ("v3/homes@t/devices/every-2/join", '{"join_accept":{}}', "tts:homes/every-2", BUTTON, HEARD),
    ("loriot/homes/0000000000000002", LORIOT, "lora:0000000000000002", BUTTON, "sos"),
    ("every-s1/events/rpc", PUSH, "shelly:every-s1", BUTTON, "sos"),
    ("every-s2/online", "false", "shelly:every-s2", BUTTON, "offline"),
    ("every-s3/status/input:0", '{"id":0,"state":true}', "shelly:every-s3", BUTTON, "sos"),
    ("home17/every-s4/events/rpc", PUSH, "shelly:home17/every-s4", BUTTON, "sos"),
    ("home17/every-s5/online", "false", "shelly:home17/every-s5", BUTTON, "offline"),
    ("shellies/every-g1/online", "false", "shelly:every-g1", BUTTON, "offline"),
    ("shellies/every-g2/sensor/smoke", "true", "shelly:every-g2", Role.SMOKE_DETECTOR, "smoke"),
    ("shellies/every-g3/input_event/0", '{"event":"L","event_cnt":7}', "shelly:every-g3", BUTTON, "sos"),
    ("shellies/every-g4/input/0", "1", "shelly:every-g4", BUTTON, "sos"),
    ("shellies/every-g5/longpush/0", "1", "shelly:every-g5", BUTTON, "sos"),
    ("shellies/every-g6/status", '{"motion":true}', "shelly:every-g6", Role.MOTION_SENSOR, "activity"),
    ("tele/every-t1/SENSOR", '{"Switch1":"ON"}', "tasmota:every-t1", BUTTON, "sos"),
    ("tele/every-t2/LWT", "Offline", "tasmota:every-t2", BUTTON, "offline"),
    ("tele/every-t3/STATE", '{"Uptime":"1T00:00:00"}', "tasmota:every-t3", HUB, HEARD),
    ("stat/every-t4/RESULT", '{"Button1":{"Action":"SINGLE"}}', "tasmota:every-t4", BUTTON, "sos"),
    ("tele/home17/every-t5/SENSOR", '{"Switch1":"ON"}', "tasmota:home17/every-t5", BUTTON, "sos"),
    ("tele/home17/every-t6/LWT", "Offline", "tasmota:home17/every-t6", BUTTON, "offline"),
    ("tele/home17/every-t7/STATE", '{"Uptime":"1T00:00:00"}', "tasmota:home17/every-t7", HUB, HEARD),
    ("stat/home17/every-t8/RESULT", '{"Button1":"HOLD"}', "tasmota:home17/every-t8", BUTTON, "sos"),
    ("homie/every-1/$state", "lost", "homie:every-1", HUB, "offline"),
    ("homie/5/every-2/$state", "lost", "homie:every-2", HUB, "offline"),
    ("homeassistant/binary_sensor/every-1/config", CORD % "every-1", "ha:house/every-1", BUTTON, ANNOUNCED),
    ("homeassistant/binary_sensor/every/2/config", CORD % "every-2", "ha:house/every-2", BUTTON, ANNOUNCED),
    ("house/every-3", "ON", "ha:house/every-3", BUTTON, "sos"),
    ("owntracks/every/1", '{"_type":"location","batt":3}', "owntracks:every/1", BUTTON, "low_battery"),
    ("events", TRACCAR % (1, "every-1"), "traccar:every-1", BUTTON, "sos"),
    ("positions", PLACE % (2, "every-2"), "traccar:every-2", BUTTON, "sos"),
    ("traccar/events", TRACCAR % (3, "every-3"), "traccar:every-3", BUTTON, "sos"),
    ("traccar/positions", PLACE % (4, "every-4"), "traccar:every-4", BUTTON, "sos"),
    ("every-e1/status", "offline", "esphome:every-e1", BUTTON, "offline"),
    ("every-e2/binary_sensor/cord/state", "ON", "esphome:every-e2", BUTTON, "sos"),
    ("every-e3/event/button/state", '{"event_type":"press"}', "esphome:every-e3", BUTTON, "sos"),
    ("every-e4/sensor/battery/state", "3", "esphome:every-e4", BUTTON, "low_battery"),
    ("every-e5/text_sensor/version/state", "2026.11", "esphome:every-e5", BUTTON, HEARD),
    ("home17/every-e6/status", "offline", "esphome:home17/every-e6", BUTTON, "offline"),
    ("home17/every-e7/binary_sensor/cord/state", "ON", "esphome:home17/every-e7", BUTTON, "sos"),
    ("home17/every-e8/event/b/state", '{"event_type":"press"}', "esphome:home17/every-e8", BUTTON, "sos"),
    ("home17/every-e9/sensor/battery/state", "3", "esphome:home17/every-e9", BUTTON, "low_battery"),
    ("home17/every-e0/text_sensor/version/state", "2026.11", "esphome:home17/every-e0", BUTTON, HEARD),
]  # fmt: skip


def test_there_is_a_message_for_each_filter_of_each_family() -> None:
    for one in FAMILIES:
        mine = [topic for topic, *_ in SAID if family(topic) is one]
        for wanted in one.topics:
            assert any(covers(wanted, topic) for topic in mine), f"{one.name}: {wanted}"
    assert len({key for _, _, key, *_ in SAID}) == len(SAID)


@pytest.mark.broker
@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_what_is_said_there_is_stored(centre: Centre) -> None:
    """The devices are enrolled first, the gateway asks for all that it should, and each says one thing."""
    with centre.store.write() as connection:
        for home, (_, _, key, role, _) in enumerate(SAID, start=1):
            register.enrol_device(connection, Device(0, key, role, home))
    centre.gateway.start()
    for topic, payload, *_ in SAID:
        centre.publish(topic, payload)

    def missing() -> list[str]:
        return [topic for topic, _, key, _, becomes in SAID if not has_become(centre, topic, key, becomes)]

    centre.comes_to(lambda: missing() == [])
    unread = centre.rows("SELECT topic FROM unread")
    assert not unread, "and everything was understood"


def has_become(centre: Centre, topic: str, key: str, becomes: str) -> bool:
    if becomes == HEARD:
        heard = "SELECT count(*) FROM device WHERE key = :key AND last_seen_at IS NOT NULL"
        return centre.count(heard, key=key) == 1
    if becomes == ANNOUNCED:
        known = "SELECT count(*) FROM level WHERE device_key = :key AND property = 'proposed'"
        return centre.count(known, key=key) == 1
    said = "SELECT count(*) FROM signal WHERE device_key = :key AND kind = :kind AND topic = :topic"
    return centre.count(said, key=key, kind=becomes, topic=topic) == 1
