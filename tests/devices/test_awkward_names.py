"""A device whose name looks like something else is heard all the same, in every family."""

from __future__ import annotations

import orjson
import pytest

from devices.signal import Role
from tests.devices.street import Street

PRESS = b'{"action":"single","battery":87}'
OURS = b'{"v":1,"id":"1","type":"press"}'
DECODED = b'{"object":{"button":"short"}}'
THINGS = b'{"uplink_message":{"decoded_payload":{"button":"short"}}}'
BEHIND = '{"ZbReceived":{"0x1":{"Name":"床头","Panic":1}}}'.encode()
BUTTON = b'{"Button1":{"Action":"SINGLE"}}'
ADDRESS = "0x00158d0001020304"
EUI = "24e124535b316056"

NAMES = [
    "set/sos",
    "get/sos",
    "sos/set",
    "sos/get",
    "home17/set/sos",
    "home17/sos/get",
    "set/get",
    "availability",
    "x/availability",
    "availability/sos",
    "home17/x/availability/sos",
    "bridge/sos",
    "home17/bridge/sos",
    "bridge/set/availability",
    "sos/bridge",
    "bridge",
    "0x123/bridge/left",
    "卧室 床头",
    "卧室\u3000床头",  # the blank of a Chinese keyboard
    "301室/拉绳",
    "3#楼-B".replace("#", "＃"),
    "a＋b",  # the broad plus: MQTT refuses the narrow one
    "$SYS",
    "100%",
    'it\'s "hers" & <his>',
    "😀",
    "x" * 175,
]


@pytest.mark.parametrize("name", NAMES)
def test_a_zigbee_button_of_any_name_calls(street: Street, name: str) -> None:
    street.enrol(f"z2m:{name}", Role.HELP_BUTTON)
    assert street.understood(f"zigbee2mqtt/{name}", PRESS) == ["sos"]


@pytest.mark.parametrize("name", NAMES)
def test_it_calls_with_a_topic_for_each_property(street: Street, name: str) -> None:
    street.enrol(f"z2m:{name}", Role.HELP_BUTTON)
    assert street.understood(f"zigbee2mqtt/{name}/action", b"single") == ["sos"]


@pytest.mark.parametrize("name", NAMES)
def test_it_is_missed_when_its_hub_misses_it(street: Street, name: str) -> None:
    street.enrol(f"z2m:{name}", Role.HELP_BUTTON)
    assert street.understood(f"zigbee2mqtt/{name}/availability", b'{"state":"offline"}') == ["offline"]


@pytest.mark.parametrize("name", NAMES)
def test_what_it_says_that_nobody_can_read_is_put_before_a_human(street: Street, name: str) -> None:
    street.enrol(f"z2m:{name}", Role.HELP_BUTTON)
    assert street.understood(f"zigbee2mqtt/{name}", b'{"action":') == ["ticket"]


@pytest.mark.parametrize("name", [name for name in NAMES if not name.endswith("bridge")])
def test_one_enrolled_by_its_address_is_known_by_whatever_name_its_hub_tells(
    street: Street, name: str
) -> None:
    street.enrol(f"z2m:{ADDRESS}", Role.HELP_BUTTON)
    told = [{"ieee_address": ADDRESS, "friendly_name": name}]
    street.hear("zigbee2mqtt/bridge/devices", orjson.dumps(told), retained=True)
    assert street.understood(f"zigbee2mqtt/{name}", PRESS) == ["sos"]


@pytest.mark.parametrize("name", NAMES)
def test_one_whose_message_tells_its_address_needs_no_name(street: Street, name: str) -> None:
    street.enrol(f"z2m:{ADDRESS}", Role.HELP_BUTTON)
    said = {"action": "single", "device": {"ieeeAddr": ADDRESS}}
    assert street.understood(f"zigbee2mqtt/{name}", orjson.dumps(said)) == ["sos"]


@pytest.mark.parametrize("command", ["set", "get", "set/state", "left/set", "left/set/brightness"])
def test_what_a_button_is_told_is_no_word_of_its_own(street: Street, command: str) -> None:
    street.enrol("z2m:home17/sos", Role.HELP_BUTTON)
    for said in (b'{"state":"ON"}', b"ON", b""):
        reading = street.hear(f"zigbee2mqtt/home17/sos/{command}", said)
        assert (reading.signals, reading.tickets, reading.beats) == ((), (), ())


def test_a_hub_is_heard_beside_a_button_that_is_called_after_it(street: Street) -> None:
    street.enrol("z2m:home17/bridge", Role.HUB)
    street.enrol("z2m:home17/bridge/sos", Role.HELP_BUTTON)
    assert street.understood("zigbee2mqtt/home17/bridge/state", b'{"state":"offline"}') == ["offline"]
    assert street.understood("zigbee2mqtt/home17/bridge/sos", PRESS) == ["sos"]
    for about in ("logging", "info", "response/device/rename", "request/permit_join"):
        reading = street.hear(f"zigbee2mqtt/home17/bridge/{about}", b'{"data":{},"status":"ok"}')
        assert (reading.signals, reading.tickets) == ((), ())


@pytest.mark.parametrize(
    ("key", "topic", "said"),
    [
        ("care:kenli/signal", "care/kenli/signal/signal", OURS),
        ("care:signal/ack", "care/signal/ack/signal", OURS),
        ("care:垦利/床头 1", "care/垦利/床头 1/signal", OURS),
        (f"lora:{EUI}", f"application/device/device/{EUI.upper()}/event/up", DECODED),
        (f"lora:{EUI}", f"application/event/device/{EUI}/event/up", DECODED),
        ("tts:up/join", "v3/up@tenant/devices/join/up", THINGS),
        ("tts:devices/up", "v3/devices/devices/up/up", THINGS),
        (f"lora:{EUI}", f"loriot/tx/{EUI}", b'{"cmd":"rx","port":85,"decoded":{"data":{"button":"short"}}}'),
        ("shelly:status", "status/events/rpc", None),
        ("shelly:online", "online/events/rpc", None),
        ("shelly:events", "events/events/rpc", None),
        ("shelly:home17/status", "home17/status/events/rpc", None),
        ("shelly:3号楼 501", "3号楼 501/events/rpc", None),
        ("shelly:sensor", "shellies/sensor/input_event/0", b'{"event":"L","event_cnt":7}'),
        ("shelly:online", "shellies/online/input_event/0", b'{"event":"L","event_cnt":7}'),
        ("shelly:拉绳", "shellies/拉绳/input_event/0", b'{"event":"L","event_cnt":7}'),
        ("tasmota:tele", "stat/tele/RESULT", BUTTON),
        ("tasmota:RESULT", "stat/RESULT/RESULT", BUTTON),
        ("tasmota:LWT", "tele/LWT/SENSOR", b'{"Switch1":"ON"}'),
        ("tasmota:home17/cord", "stat/home17/cord/RESULT", BUTTON),
        ("tasmota:home17/cord", "tele/home17/cord/SENSOR", b'{"Switch1":"ON"}'),
        ("tasmota:home17/cord/Switch2", "tele/home17/cord/SENSOR", b'{"Switch2":"ON"}'),
        ("tasmota:卧室/床头", "tele/卧室/SENSOR", BEHIND),
        ("esphome:status", "status/binary_sensor/cord/state", b"ON"),
        ("esphome:status/state", "status/binary_sensor/state/state", b"ON"),
        ("esphome:tele/status", "tele/binary_sensor/status/state", b"ON"),
        ("esphome:卧室/拉绳", "卧室/binary_sensor/拉绳/state", b"ON"),
        ("traccar:王秀英 的表", "events", "王秀英 的表"),
        ("ha:house/cord", "house/cord", b"ON"),
        ("ha:homeassistant/binary_sensor/cord/state", "homeassistant/binary_sensor/cord/state", b"ON"),
        ("ha:bath/binary_sensor/cord/state", "bath/binary_sensor/cord/state", b"ON"),
        ("ha:卧室/拉绳 1", "卧室/拉绳 1", b"ON"),
    ],
)  # fmt: skip
def test_in_every_family_a_button_of_an_awkward_name_calls(
    street: Street, key: str, topic: str, said: bytes | str | None
) -> None:
    street.enrol(key, Role.HELP_BUTTON)
    if said is None:
        event = {"component": "input:0", "event": "single_push", "ts": 1}
        said = orjson.dumps({"src": "x", "method": "NotifyEvent", "params": {"events": [event]}})
    elif isinstance(said, str):
        said = orjson.dumps(
            {"event": {"type": "alarm", "attributes": {"alarm": "sos"}}, "device": {"uniqueId": said}}
        )
    assert street.understood(topic, said) == ["sos"]


@pytest.mark.parametrize(
    ("key", "topic", "said"),
    [
        ("shelly:online", "online/online", b"false"),
        ("shelly:status/online", "status/online/online", b"false"),
        ("shelly:online", "shellies/online/online", b"false"),
        ("tasmota:LWT", "tele/LWT/LWT", b"Offline"),
        ("tasmota:home17/cord", "tele/home17/cord/LWT", b"Offline"),
        ("esphome:status", "status/status", b"offline"),
        ("homie:5", "homie/5/$state", b"lost"),
        ("homie:homie", "homie/5/homie/$state", b"lost"),
        ("owntracks:event/lwt", "owntracks/event/lwt", None),
    ],
)  # fmt: skip
def test_and_is_missed(street: Street, key: str, topic: str, said: bytes | None) -> None:
    street.enrol(key, Role.HELP_BUTTON)
    if said is None:
        assert street.understood(topic, b'{"_type":"location","batt":3}') == ["low_battery"]
    else:
        assert street.understood(topic, said) == ["offline"]


def test_what_announced_itself_and_was_confirmed_is_heard_beside_the_family_whose_topic_it_is(
    street: Street,
) -> None:
    street.enrol("ha:zigbee2mqtt/cord", Role.SMOKE_DETECTOR)
    announced = {
        "state_topic": "zigbee2mqtt/cord",
        "value_template": "{{ value_json.smoke }}",
        "payload_on": True,
        "payload_off": False,
        "device_class": "smoke",
    }
    street.hear("homeassistant/binary_sensor/cord/smoke/config", orjson.dumps(announced), retained=True)
    reading = street.hear("zigbee2mqtt/cord", b'{"smoke":true}')
    assert [(one.kind, one.device_key) for one in reading.signals] == [("smoke", "ha:zigbee2mqtt/cord")]
    street.enrol("z2m:cord", Role.HELP_BUTTON)
    assert street.understood("zigbee2mqtt/cord", PRESS) == ["sos", "ticket"]  # no smoke in it
